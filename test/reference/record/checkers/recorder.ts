/** Makes one recording of checkers: starts the daemons, does the plan's events at their moments, writes what was seen. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CheckerLab } from './lab.ts';
import type { CheckerEvent, CheckerPlan } from './plan.ts';
import { Servers } from './servers.ts';
import { captureLines, tableText, timelineText } from './timeline.ts';

const LOOK_MS = 40;

/** A line of the timeline, in seconds of the wall clock. */
export interface Line {
  readonly at: number;
  readonly text: string;
}

/** A director's own files and processes. */
interface Running {
  readonly name: string;
  readonly folder: string;
  readonly told: string;
  daemon: ChildProcess;
  readonly capture: ChildProcess;
  table: string;
}

/** Seconds of the wall clock; captures carry the same. */
function epoch(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}

/** A laboratory whose servers serve and whose captures run; its daemons wait. */
export interface Ready {
  readonly plan: CheckerPlan;
  readonly lab: CheckerLab;
  readonly servers: Servers;
  readonly directors: readonly Omit<Running, 'daemon'>[];
  readonly lines: Line[];
}

/** Makes the laboratory of a plan. */
export function prepare(plan: CheckerPlan, number: number): Ready {
  const lab = new CheckerLab(number, plan.hasIpv6 ?? false);
  const lines: Line[] = [];
  const servers = new Servers(lab, (server, from, request) => {
    const shown = request?.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
    const what = shown === undefined ? 'connect-only' : `served request=b'${shown}'`;
    lines.push({ at: epoch(), text: `HTTP ${server} from ${from} ${what}` });
  });
  for (const server of ['rs1', 'rs2', 'rs3', 'rs4']) {
    servers.set(server, 80, { kind: 'http', status: 200 });
  }
  for (const one of plan.before ?? []) perform(one, lab, servers);
  if (plan.peer !== undefined) writeFileSync(`/run/${plan.id}.conf`, plan.peer);
  for (const [path, content] of Object.entries(plan.files ?? {})) {
    writeFileSync(path, content);
    if (path.endsWith('.sh')) chmodSync(path, 0o755);
  }
  const directors = plan.configs.map((text, index) => {
    const name = `d${index + 1}`;
    const folder = `/run/l${number}-${name}`;
    mkdirSync(folder);
    writeFileSync(`${folder}/k.conf`, text);
    const told = plan.configs.length > 1 ? `director ${index + 1} ` : '';
    const words = lab.words(name, `tcpdump -i eth0 -n -U -s 0 -w ${folder}/dump.pcap`);
    return { name, folder, told, capture: spawn('ip', words), table: '' };
  });
  return { plan, lab, servers, directors, lines };
}

/** Records a prepared plan into `output`. */
export async function record(ready: Ready, output: string): Promise<void> {
  const { plan, lab, servers, directors, lines } = ready;
  const say = (text: string, at = epoch()) => void lines.push({ at, text });
  const isPair = plan.configs.length > 1;
  await sleep(1500);
  const begin = epoch();
  const running: Running[] = directors.map((one, index) => {
    say(`director ${index + 1}: keepalived ${isPair ? '' : '-C '}started`);
    return { ...one, daemon: startDaemon(lab, one, isPair || plan.peer !== undefined, say) };
  });
  const looker = setInterval(() => {
    for (const one of running) look(one, say);
  }, LOOK_MS);
  for (const event of plan.events) {
    await sleep(Math.max(0, (begin + event.at - epoch()) * 1000));
    say(`EVENT ${event.text}`);
    perform(event, lab, servers);
    if (event.text.startsWith('SIGHUP') && running[0] !== undefined) {
      reload(running[0], plan, event.text);
    }
    const [number = 0, what] = event.daemon ?? [];
    const one = running[number - 1];
    if (one === undefined) continue;
    if (what === 'start') one.daemon = startDaemon(lab, one, isPair, say);
    else if (what === 'SIGTERM') one.daemon.kill('SIGTERM');
    else lab.killAll(one.name, 'keepalived');
  }
  await sleep(Math.max(0, (begin + plan.end - epoch()) * 1000));
  const last = running.map((one) => [
    lab.run(one.name, 'ipvsadm -Ln'),
    lab.run(one.name, 'ipvsadm -Sn'),
  ]);
  for (const [index, one] of running.entries()) {
    say(`director ${index + 1}: SIGTERM to keepalived`);
    if (one.daemon.exitCode === null && one.daemon.kill('SIGTERM')) {
      await Promise.race([new Promise((resolve) => one.daemon.on('exit', resolve)), sleep(8000)]);
    }
  }
  await sleep(300);
  clearInterval(looker);
  for (const one of running) one.capture.kill('SIGTERM');
  await sleep(300);
  servers.closeAll();
  lines.push(...captureLines(readFileSync(`${running[0]?.folder}/dump.pcap`)));
  writeFileSync(`${output}/${plan.id}.txt`, timelineText(plan, begin, lines, last));
  for (const [index, one] of running.entries()) {
    const name = isPair ? `${plan.id}.director${index + 1}` : plan.id;
    writeFileSync(`${output}/${name}.keepalived.conf`, plan.configs[index] ?? '');
    if (index === 0) copyFileSync(`${one.folder}/dump.pcap`, `${output}/${plan.id}.pcap`);
  }
  if (plan.peer !== undefined) {
    writeFileSync(`${output}/${plan.id}.rs1.keepalived.conf`, plan.peer);
  }
  for (const which of ['second', 'third'] as const) {
    const text = plan[which];
    if (text !== undefined) writeFileSync(`${output}/${plan.id}.${which}.keepalived.conf`, text);
  }
  lab.close();
}

function startDaemon(
  lab: CheckerLab,
  { name, folder, told }: { readonly name: string; readonly folder: string; readonly told: string },
  isPair: boolean,
  say: (text: string) => void,
): ChildProcess {
  const files = `-f ${folder}/k.conf -p ${folder}/k.pid -b ${folder}/kb.pid -c ${folder}/kc.pid -r ${folder}/kv.pid`;
  const daemon = spawn(
    'ip',
    lab.words(name, `keepalived -n -l -G -D ${isPair ? '' : '-C '}${files}`),
    {
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let rest = '';
  const hear = (chunk: Buffer) => {
    const parts = (rest + chunk.toString('latin1')).split('\n');
    rest = parts.pop() ?? '';
    // `Mon Nov 30 07:00:00 2026: text`
    for (const part of parts) say(`LOG ${told}${part.replace(/^\w{3} \w{3} .{16}: /, '')}`);
  };
  daemon.stdout?.on('data', hear);
  daemon.stderr?.on('data', hear);
  return daemon;
}

function look(one: Running, say: (text: string) => void): void {
  const table = tableText(readFileSync(`/proc/${one.capture.pid}/net/ip_vs`, 'utf8'));
  if (table !== one.table) say(`IPVS ${one.told}${table}`);
  one.table = table;
}

function perform(
  event: Omit<CheckerEvent, 'at' | 'text'>,
  lab: CheckerLab,
  servers: Servers,
): void {
  const { serve, cable, file, run } = event;
  for (const [machine, line] of run ?? []) lab.run(machine, line);
  for (const [server, port, behaviour] of serve ?? []) servers.set(server, port, behaviour);
  if (cable !== undefined) {
    const [machine, isIn] = cable;
    lab.plug(machine, isIn);
  }
  if (file !== undefined) writeFileSync(file[0], file[1]);
}

/** The file that the event names, and SIGHUP. */
function reload({ folder }: Running, plan: CheckerPlan, event: string): void {
  const which = /^SIGHUP, (second|third|first) file$/.exec(event)?.[1];
  const files = { second: plan.second, third: plan.third, first: plan.configs[0] };
  const text = files[which as keyof typeof files];
  if (text !== undefined) writeFileSync(`${folder}/k.conf`, text);
  execFileSync('kill', ['-HUP', readFileSync(`${folder}/k.pid`, 'utf8').trim()]);
}
