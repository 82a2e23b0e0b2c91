/** A twin on a real LAN: `lantwin bridge` in the namespace of the lab's switch, its TAP a port of the lab's bridge. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Lab, Running } from './lab.ts';
import { until } from './lab.ts';
import { REPOSITORY } from './requirements.ts';
import type { VirtualRouter } from './vrrp-pair.ts';

/** The virtual router r1, as others on the wire see it. */
export const R1_MAC = '02:00:00:00:01:01';
const TAP = 'twin0';

/** What a twin is made of. */
export interface TwinOptions {
  /** keepalived.conf of r1, and of further routers. */
  readonly routers: Readonly<Record<string, string>>;
  /** Lines of the scenario below `hosts:` for machines without keepalived. */
  readonly hosts?: readonly string[];
  readonly flags?: readonly string[];
  /** Lines of the scenario after the LAN. */
  readonly steps?: readonly string[];
}

/** One twin; several may follow each other in a lab. */
export class Twin implements VirtualRouter {
  readonly mac = R1_MAC;
  #running: Running | undefined;
  #starts = 0;

  /** Starts it and joins its TAP to the lab's bridge. */
  async start(lab: Lab, options: TwinOptions): Promise<Running> {
    const name = `twin${this.#starts++}`;
    const file = lab.file(`${name}.twin.yml`, scenarioText(lab, options).join('\n'));
    const entry = join(REPOSITORY, 'bin', 'lantwin.js');
    const own = ['bridge', file, '--tap', `sw1:8=${TAP}`, '--control', '--for', '3600s'];
    const flags = options.flags ?? ['--join-vrid', '51'];
    const running = lab.start('sw', [process.execPath, entry, ...own, ...flags]);
    this.#running = running;
    // Several of them start side by side with other tests on a small machine.
    await until('the twin runs', () => running.output().includes('real time:'), {
      withinMs: 30_000,
      explain: running.output,
    });
    lab.exec('sw', ['ip', 'link', 'set', TAP, 'master', 'br0']);
    return running;
  }

  /** Whether r1 is master, as far as the twin has told. */
  holds(): boolean {
    return this.stateOf('r1') === 'MASTER';
  }

  /** The last state of a virtual router. */
  stateOf(router: string): string | undefined {
    const text = this.#running?.output() ?? '';
    const changes = [
      ...text.matchAll(new RegExp(`  ${router} +\\S+ \\(VRID \\d+\\) \\S+ -> (\\S+):`, 'g')),
    ];
    return changes.at(-1)?.[1];
  }

  /** Gives an order. */
  order(line: string): void {
    this.#running?.input(`${line}\n`);
  }

  /** Whether the TAP is there. */
  hasTap(lab: Lab): boolean {
    return lab.exec('sw', ['ip', '-o', 'link', 'show']).includes(` ${TAP}:`);
  }
}

/** Plays a recorded run again; returns the exit code and what was said. */
export function replay(lab: Lab, name = 'twin0'): { readonly code: number; readonly text: string } {
  const path = join(lab.folder, '.lantwin', `${name}-bridged.run.json`);
  try {
    const words = [join(REPOSITORY, 'bin', 'lantwin.js'), 'replay', path];
    const text = execFileSync(process.execPath, words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { code: 0, text };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, text: `${stdout}${stderr}` };
  }
}

/** Waits until a virtual router has a state. */
export async function untilState(
  twin: Twin,
  router: string,
  state: string,
  options: { readonly withinMs: number; readonly explain: () => string },
): Promise<number> {
  return until(`${router} is ${state}`, () => twin.stateOf(router) === state, options);
}

function scenarioText(lab: Lab, options: TwinOptions): readonly string[] {
  const routers = Object.entries(options.routers).map(([name, conf], index) => {
    lab.file(`${name}-virtual.conf`, conf);
    // r1 has .1, further ones .3, .4 …: .2 is the real router.
    const number = index === 0 ? 1 : index + 2;
    const addresses = `[10.77.0.${number}/24, fe80::${number}/64, fd77::${number}/64]`;
    const nic = `{ mac: '02:00:00:00:01:0${number}', address: ${addresses} }`;
    const http = `{ http: { port: 80, body: ${name} } }`;
    return `    ${name}: { nics: { eth0: ${nic} }, keepalived: ${name}-virtual.conf, programs: [${http}] }`;
  });
  const hosts = (options.hosts ?? []).map((line) => `    ${line}`);
  const names = [...routers, ...hosts].map((line) => line.trim().split(':')[0]);
  const cables = names.map((name, index) => `    - [${name}:eth0, sw1:${index + 1}]`);
  return [
    'name: a twin on a real LAN',
    'lan:',
    '  switches: { sw1: {} }',
    '  hosts:',
    ...routers,
    ...hosts,
    '  cables:',
    ...cables,
    ...(options.steps ?? []),
    '',
  ];
}
