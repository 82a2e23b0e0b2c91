/**
 * vrrp_script: run every interval, judged by exit code with rise and fall.
 *
 * `result` counts 0..rise+fall-1 and the script is well from `rise` on. The first answer decides
 * alone. `init_fail` has no effect in 2.2.7, whatever the manual page promises: neither `rise` nor the weight
 * counts before that answer (test/reference/traces-own/script-init-fail, init-fail-reverse). A run that is still out
 * at the next tick is not repeated; after `timeout` it gets TERM, two seconds later KILL, and counts as a failure.
 *
 * | phase       | answer  | result before   | result after | told                        |
 * |-------------|---------|-----------------|--------------|-----------------------------|
 * | init        | success | rise-1          | top          | succeeded                   |
 * | init        | failure | rise-1          | 0            | failed                      |
 * | done        | success | 0..rise-2       | +1           |                             |
 * | done        | success | rise-1          | top          | succeeded                   |
 * | done        | success | rise..top       | top          |                             |
 * | done        | failure | > rise          | -1           |                             |
 * | done        | failure | rise            | 0            | failed                      |
 * | done        | failure | < rise          | 0            |                             |
 */

import { type DurationUs, later, seconds, type TimeUs } from '../base/time.ts';
import { addPriority, weightOf } from './effective-priority.ts';
import { clearFault, groupInits, leaveInit, takeDown } from './fault.ts';
import { trackText } from './log-text.ts';
import { type Follower, log, type Script, takeId, type VrrpMachine } from './vrrp-machine.ts';

/** How a run ended. */
export type ScriptOutcome =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'not-run'; readonly reason: string };

/** Exit status that the shell gives for a command it cannot run. */
const STATUS_NOT_FOUND = 127;
const KILL_DELAY: DurationUs = seconds(2);

const SIGNAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['HUP', 1],
  ['INT', 2],
  ['QUIT', 3],
  ['ABRT', 6],
  ['KILL', 9],
  ['USR1', 10],
  ['SEGV', 11],
  ['USR2', 12],
  ['PIPE', 13],
  ['ALRM', 14],
  ['TERM', 15],
]);

/** Where a script's counter stands at start, and its first tick, which is at once. */
export function startScript(machine: VrrpMachine, script: Script, now: TimeUs): void {
  if (script.phase === 'init') script.result = script.config.rise - 1;
  machine.timers.add(now, { kind: 'script', script });
}

/** The interval has passed: run again unless a run is still out. */
export function scriptTick(machine: VrrpMachine, script: Script, dueAt: TimeUs, now: TimeUs): void {
  const { config } = script;
  // keepalived sets the next timer from now, so a late daemon does not catch up.
  machine.timers.add(later(now > dueAt ? now : dueAt, config.interval), { kind: 'script', script });
  if (script.running !== 'idle') {
    log(machine, trackText.scriptBusy(config.name, script.running === 'running'));
    return;
  }
  const id = takeId(machine);
  script.running = 'running';
  script.commandId = id;
  const limit = config.timeout > 0 ? config.timeout : config.interval;
  machine.actions.push({
    kind: 'script-run',
    id,
    arguments: config.arguments,
    ...(config.user === undefined ? {} : { user: config.user }),
    ...(config.group === undefined ? {} : { group: config.group }),
    purpose: 'check',
    subject: config.name,
  });
  machine.timers.add(later(now, limit), { kind: 'script-limit', script, commandId: id });
}

/** A run took too long: TERM first, KILL after two seconds more. */
export function scriptLimit(
  machine: VrrpMachine,
  script: Script,
  commandId: number,
  now: TimeUs,
): void {
  if (script.commandId !== commandId || script.running === 'idle') return;
  const signal = script.running === 'running' ? 'TERM' : 'KILL';
  script.running = signal === 'TERM' ? 'terminating' : 'killing';
  machine.actions.push({ kind: 'script-signal', id: commandId, signal });
  machine.timers.add(later(now, KILL_DELAY), { kind: 'script-limit', script, commandId });
}

/** A run has ended; returns whether the id was a script's. */
export function scriptExited(
  machine: VrrpMachine,
  commandId: number,
  outcome: ScriptOutcome,
  now: TimeUs,
): boolean {
  const script = machine.scripts.find((s) => s.commandId === commandId);
  if (script === undefined) return false;
  machine.timers.remove((t) => t.kind === 'script-limit' && t.commandId === commandId);
  const failure = judge(machine, script, outcome);
  script.commandId = undefined;
  if (failure === undefined) succeed(machine, script, now);
  else fail(machine, script, failure, now);
  script.running = 'idle';
  script.phase = 'done';
  return true;
}

/** Whether the script is well now; before the first answer it is neither. */
export function scriptIsWell(script: Script): boolean {
  return script.result >= script.config.rise;
}

/** `undefined` for success, else the log line that a failure would get. */
function judge(machine: VrrpMachine, script: Script, outcome: ScriptOutcome): string | undefined {
  const { name } = script.config;
  if (outcome.kind === 'signal') {
    if (script.running === 'terminating' || script.running === 'killing') {
      return trackText.scriptTimedOut(name);
    }
    return trackText.scriptSignalled(name, SIGNAL_NUMBERS.get(outcome.signal) ?? 0);
  }
  const code = outcome.kind === 'exit' ? outcome.code : STATUS_NOT_FOUND;
  if (code !== script.lastStatus) log(machine, trackText.scriptReturns(name, code));
  script.lastStatus = code;
  return code === 0 ? undefined : trackText.scriptFailed(name, code);
}

function succeed(machine: VrrpMachine, script: Script, now: TimeUs): void {
  const { rise, fall, name } = script.config;
  if (script.phase === 'done' && script.result < rise - 1) {
    script.result++;
    return;
  }
  const turnsWell = script.result < rise;
  if (turnsWell) {
    log(machine, trackText.scriptSucceeded(name));
    tellFollowers(machine, script, true, now);
  }
  script.result = rise + fall - 1;
}

function fail(machine: VrrpMachine, script: Script, text: string, now: TimeUs): void {
  if (script.result > script.config.rise) {
    script.result--;
    return;
  }
  if (script.result === script.config.rise || script.phase === 'init') {
    log(machine, text);
    tellFollowers(machine, script, false, now);
  }
  script.result = 0;
}

function tellFollowers(machine: VrrpMachine, script: Script, well: boolean, now: TimeUs): void {
  for (const follower of script.followers) {
    if (follower.weight === 0) tellUnweighted(machine, script, follower, well, now);
    else addPriority(machine, follower.instance, priorityChange(script, follower, well));
  }
}

/** In the first answer nothing was counted yet, so only what applies now is added. */
function priorityChange(script: Script, follower: Follower, well: boolean): number {
  const before = script.phase === 'init' ? 0 : weightOf(follower, !well);
  return weightOf(follower, well) - before;
}

function tellUnweighted(
  machine: VrrpMachine,
  script: Script,
  follower: Follower,
  well: boolean,
  now: TimeUs,
): void {
  const { instance } = follower;
  const cause = `script ${script.config.name}`;
  const waited = instance.scriptsInInit.delete(script.config.name);
  const leftInit = waited && instance.scriptsInInit.size === 0;
  if (well === follower.reverse) {
    takeDown(machine, instance, { cause, now });
  } else if (instance.scriptsInInit.size === 0 && groupInits(instance.group) === 0) {
    if (leftInit) leaveInit(machine, instance, { now, cause: 'script' });
    else clearFault(machine, instance, { cause, now });
  } else {
    instance.faults.delete(cause);
  }
}
