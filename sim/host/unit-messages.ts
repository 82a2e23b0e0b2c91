/** What systemd and systemctl say about units. Wording of systemd 252 (Debian 12). */

import type { ProgramResult, UnitVerb } from './host-api.ts';
import type { ProgramExit, ProgramSignal } from './machine.ts';
import type { UnitFile } from './unit-file.ts';

/** Answer of a systemctl verb. */
export type UnitResult = ProgramResult & { readonly exitCode: number };

/** A line of the journal. */
export interface UnitMessage {
  readonly level: 'error' | 'warning' | 'notice' | 'info';
  readonly text: string;
}

/** systemd names a unit in its messages as `NAME - DESCRIPTION`. */
export function title(file: UnitFile): string {
  return `${file.unit} - ${file.description}`;
}

/** What the journal says about the end of a unit's process; `started`: it had been up. */
export function endMessages(end: {
  readonly unit: string;
  readonly file: UnitFile | undefined;
  readonly how: ProgramExit;
  readonly clean: boolean;
  readonly wasStopping: boolean;
  readonly started: boolean;
}): readonly UnitMessage[] {
  const { unit, file, how } = end;
  const name = file === undefined ? unit : title(file);
  if (end.clean) {
    const stopped: UnitMessage = { level: 'info', text: `Stopped ${name}.` };
    return [
      { level: 'info', text: `${unit}: Deactivated successfully.` },
      ...(end.wasStopping ? [stopped] : []),
    ];
  }
  const who = end.started ? 'Main' : 'Control';
  const status =
    how.kind === 'exit'
      ? `code=exited, status=${how.code}/${how.code === 1 ? 'FAILURE' : 'n/a'}`
      : `code=killed, status=${signalNumber(how.signal)}/${how.signal}`;
  const result = how.kind === 'exit' ? 'exit-code' : 'signal';
  const failed: UnitMessage = { level: 'error', text: `Failed to start ${name}.` };
  return [
    { level: 'notice', text: `${unit}: ${who} process exited, ${status}` },
    { level: 'warning', text: `${unit}: Failed with result '${result}'.` },
    ...(end.started ? [] : [failed]),
  ];
}

/** The answer of systemctl for a unit that there is not. */
export function notFound(verb: UnitVerb, unit: string): UnitResult {
  if (verb === 'enable' || verb === 'disable') {
    const message = `Failed to ${verb} unit: Unit file ${unit} does not exist.`;
    return { ok: false, message, exitCode: 1 };
  }
  const why = verb === 'stop' || verb === 'reload' ? 'not loaded' : 'not found';
  return { ok: false, message: `Failed to ${verb} ${unit}: Unit ${unit} ${why}.`, exitCode: 5 };
}

/** The answer of systemctl for a start or restart that failed. */
export function jobFailed(unit: string): UnitResult {
  const message =
    `Job for ${unit} failed because the control process exited with error code.\n` +
    `See "systemctl status ${unit}" and "journalctl -xeu ${unit}" for details.`;
  return { ok: false, message, exitCode: 1 };
}

function signalNumber(signal: ProgramSignal): number {
  const numbers = new Map<ProgramSignal, number>([
    ['HUP', 1],
    ['INT', 2],
    ['KILL', 9],
    ['USR1', 10],
    ['USR2', 12],
    ['TERM', 15],
    ['CONT', 18],
    ['STOP', 19],
    ['RTMIN+2', 36],
    ['RTMAX-1', 63],
  ]);
  return numbers.get(signal) ?? 0;
}
