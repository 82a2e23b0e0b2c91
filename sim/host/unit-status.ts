/**
 * `systemctl status` of one unit in systemd 252's form: marks, alignment, tree and journal tail.
 */

import type { UnitState } from './host-api.ts';
import type { KeptLine } from './journal.ts';
import type { Machine, Program, ProgramExit } from './machine.ts';
import { formatSyslogStamp, formatSystemdStamp, formatTimespan } from './time-stamps.ts';
import { isEnabled, type UnitFile } from './unit-file.ts';

/** What is remembered of a unit since the boot. */
export interface UnitRuntime {
  active: UnitState['active'];
  /** Wall clock of the last change, µs. */
  since: number;
  pids: readonly number[];
  mainPid?: number;
  mainName?: string;
  lastMainPid?: number | undefined;
  program?: Program;
  /** It should be running: its end is not asked for. */
  wanted: boolean;
  /** Stopped by SIGSTOP. */
  stopped: boolean;
  lastExit?: ProgramExit;
  result?: 'exit-code' | 'signal';
  condition?: { readonly text: string; readonly at: number };
  whenStopped: (() => void)[];
}

/** The text, with a newline at the end. */
export function unitStatusText(machine: Machine, file: UnitFile, runtime: UnitRuntime): string {
  const lines = [
    `${mark(runtime)} ${file.unit} - ${file.description}`,
    `     Loaded: loaded (${file.path}; ${enablement(machine, file)}; preset: enabled)`,
    `     Active: ${activeText(machine, runtime)}`,
    ...conditionLines(machine, runtime),
    ...documentationLines(file),
    ...processLines(machine, runtime),
  ];
  const journal = journalTail(machine, file.unit);
  return `${[...lines, ...(journal.length > 0 ? ['', ...journal] : [])].join('\n')}\n`;
}

/** One line as journalctl prints it: `Nov 20 12:31:09 srv-1 Keepalived[812]: text`. */
export function formatJournalLine(machine: { readonly name: string }, line: KeptLine): string {
  const stamp = formatSyslogStamp(line.epochUs);
  return `${stamp} ${machine.name} ${line.identifier}[${line.pid}]: ${line.text}`;
}

function mark(runtime: UnitRuntime): string {
  if (runtime.active === 'failed') return '×';
  return runtime.active === 'inactive' ? '○' : '●';
}

function enablement(machine: Machine, file: UnitFile): string {
  return isEnabled(machine.disk, file) ? 'enabled' : 'disabled';
}

function activeText(machine: Machine, runtime: UnitRuntime): string {
  const since =
    runtime.since === 0
      ? ''
      : ` since ${formatSystemdStamp(runtime.since)}; ${ago(machine, runtime.since)} ago`;
  switch (runtime.active) {
    case 'active':
      return `active (running)${since}`;
    case 'failed':
      return `failed (Result: ${runtime.result ?? 'exit-code'})${since}`;
    case 'activating':
      return `activating (start)${since}`;
    case 'deactivating':
      return `deactivating (stop-sigterm)${since}`;
    case 'inactive':
      return `inactive (dead)${since}`;
  }
}

function conditionLines(machine: Machine, runtime: UnitRuntime): readonly string[] {
  if (runtime.condition === undefined || runtime.active === 'active') return [];
  const { at, text } = runtime.condition;
  return [
    `  Condition: start condition failed at ${formatSystemdStamp(at)}; ${ago(machine, at)} ago`,
    `             └─ ${text} was not met`,
  ];
}

function documentationLines(file: UnitFile): readonly string[] {
  return file.documentation.map(
    (text, i) => `${i === 0 ? '       Docs: ' : '             '}${text}`,
  );
}

function processLines(machine: Machine, runtime: UnitRuntime): readonly string[] {
  if (runtime.mainPid !== undefined) {
    const rows = runtime.pids
      .map((pid) => machine.processes.row(pid))
      .filter((row) => row !== undefined);
    const unit = machine.units.unitOfPid(runtime.mainPid);
    const tree = rows.map((row, i) => {
      const branch = i === rows.length - 1 ? '└─' : '├─';
      return `             ${branch}${row.pid} ${row.arguments.join(' ')}`;
    });
    return [
      `   Main PID: ${runtime.mainPid} (${rows[0]?.name ?? ''})`,
      `      Tasks: ${rows.length} (limit: 2308)`,
      `     CGroup: /system.slice/${unit}`,
      ...tree,
    ];
  }
  if (runtime.lastMainPid === undefined || runtime.lastExit === undefined) return [];
  return [`   Main PID: ${runtime.lastMainPid} (${exitText(runtime.lastExit)})`];
}

function exitText(how: ProgramExit): string {
  if (how.kind === 'signal') return `code=killed, signal=${how.signal}`;
  const word = how.code === 0 ? '/SUCCESS' : how.code === 1 ? '/FAILURE' : '';
  return `code=exited, status=${how.code}${word}`;
}

function journalTail(machine: Machine, unit: string): readonly string[] {
  return machine.journal.lines
    .filter((line) => line.unit === unit)
    .slice(-10)
    .map((line) => formatJournalLine(machine, line));
}

function ago(machine: Machine, at: number): string {
  return formatTimespan(machine.wallClockUs() - at);
}
