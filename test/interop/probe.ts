/** The machine of a real host in a namespace of the lab, driven by hand: see `probes/machine-probe.mjs`. */

import { Lab, type Running, until } from './lab.ts';
import { REPOSITORY } from './requirements.ts';

const PROBE = `${REPOSITORY}/test/interop/probes/machine-probe.mjs`;

/** Starts a probe and waits until it listens. */
export async function startProbe(lab: Lab, host: string, driver = 'auto'): Promise<Running> {
  const probe = lab.start(host, [process.execPath, PROBE, driver]);
  await until('the probe is ready', () => probe.output().includes('"ready":true'), {
    withinMs: 15_000,
    explain: () => probe.output(),
  });
  return probe;
}

/** Hands commands to the probe's executor; bytes as `{ hex }`, addresses as `{ ip }`. */
export function submit(probe: Running, ...commands: readonly object[]): void {
  probe.input(`${JSON.stringify({ submit: commands })}\n`);
}

/** Lets the probe exit with code 7, as a daemon would. */
export async function end(probe: Running): Promise<number | string> {
  submit(probe, { kind: 'exit', code: 7 });
  return probe.ended;
}

/** The events that the probe has told so far. */
export function eventsOf(probe: Running): readonly Record<string, unknown>[] {
  return probe
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{"now"'))
    .map((line) => JSON.parse(line).event);
}

/** Waits for an event of a kind with an id, and returns it. */
export async function eventFor(
  probe: Running,
  kind: string,
  id: number,
): Promise<Record<string, unknown>> {
  const find = (): Record<string, unknown> | undefined =>
    eventsOf(probe).find((event) => event['kind'] === kind && event['id'] === id);
  await until(`${kind} for ${id}`, () => find() !== undefined, {
    withinMs: 10_000,
    explain: () => probe.output(),
  });
  return find() ?? {};
}

/** Gives a lab to a test and removes it afterwards. */
export async function inLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = new Lab();
  try {
    await body(lab);
  } finally {
    await lab.close();
  }
}
