/**
 * When checkers run and what reaches them: start, timers, events of sockets and scripts, ha_suspend.
 *
 * The first attempt comes 1 s and a random part of warmup after the start; from then on each attempt sets
 * the next. Source: recordings k01 to k21 (first checks), `register_checkers` as the fact sheet has it.
 */

import { randomBelow } from '../base/random.ts';
import { durationUs, elapsed, formatSeconds, seconds, type TimeUs } from '../base/time.ts';
import type { IpAddress } from '../wire/ip-address.ts';
import { beginAttempt, closeReturned, endAttempt, feed } from './attempts.ts';
import { type Checker, type CheckMachine, log, setTimer } from './check-machine.ts';
import { checkText } from './check-text.ts';
import type { ProbeFailure, ProbeInput } from './probe.ts';
import { applyFile, decideBfd } from './tracked-checks.ts';

/** Delay before everything else. Source: the recordings' first checks; README of `ipvs`. */
const BOOTSTRAP_DELAY = seconds(1);
/** keepalived complains from this lateness on. Source: min_auto_priority_delay, 1000000 µs. */
const LATE = seconds(1);
/** What kernels call a socket that cannot be bound. */
const UNBOUND: ReadonlyMap<string, ProbeFailure> = new Map([
  ['EADDRNOTAVAIL', 'no-such-address'],
  ['EADDRINUSE', 'address-in-use'],
]);
/** Upper bound on timers handled in one call: a loop is a bug. */
const STEPS_MAX = 100_000;

/** Gives every checker its first time. Said in the log, one line each. */
export function startCheckers(machine: CheckMachine, now: TimeUs): void {
  machine.now = now;
  for (const checker of machine.checkers) {
    if (!isActive(checker)) continue;
    const { names, config } = checker;
    log(machine, checkText.activating(checker.enabled, names.server, names.service));
    const phase = config.warmup === 0 ? 0 : randomBelow(machine.random, config.warmup);
    setTimer(machine, { kind: 'start', checker }, durationUs(BOOTSTRAP_DELAY + phase));
  }
  log(machine, checkText.activatingBfd());
}

/** Whether a checker makes attempts of its own. */
function isActive(checker: Checker): boolean {
  return checker.config.kind !== 'BFD_CHECK' && checker.config.kind !== 'FILE_CHECK';
}

/** Stops all attempts and timers, and closes what is open. */
export function stopCheckers(machine: CheckMachine): void {
  for (const checker of machine.checkers) endAttempt(machine, checker);
  machine.timers.remove(() => true);
}

/** When the checkers want to be woken next. */
export function nextCheckDue(machine: CheckMachine): TimeUs | undefined {
  return machine.timers.nextDueAt();
}

/** Handles everything that is due at `now`. */
export function runCheckTimers(machine: CheckMachine, now: TimeUs): void {
  machine.now = now;
  const first = machine.timers.nextDueAt();
  if (first !== undefined && elapsed(first, now) >= LATE) {
    log(machine, `A thread timer expired ${formatSeconds(elapsed(first, now))} seconds ago`);
  }
  for (let step = 0; step < STEPS_MAX; step++) {
    const due = machine.timers.takeDue(now);
    if (due === undefined) return;
    const { kind, checker } = due.value;
    if (kind === 'start') beginAttempt(machine, checker);
    else feed(machine, checker, { kind: 'timeout' });
  }
}

/**
 * Something that happened to a socket or script; `false` when it is not one of the checkers'. What comes
 * `from` another address than the one asked is passed over.
 */
export function checkerEvent(
  machine: CheckMachine,
  id: number,
  input: ProbeInput,
  now: TimeUs,
  from?: IpAddress,
): boolean {
  const checker = machine.owners.get(id);
  if (checker === undefined) return false;
  machine.now = now;
  const { config } = checker;
  const asked = 'connection' in config ? config.connection.address : undefined;
  if (from !== undefined && from !== asked) return true;
  feed(machine, checker, input);
  return true;
}

/** A socket could not even be opened, or a script not be started. */
export function checkerCommandFailed(
  machine: CheckMachine,
  { id, reason }: { readonly id: number; readonly reason: string },
  now: TimeUs,
): boolean {
  const kind = machine.owners.get(id)?.attempt?.open;
  if (kind === 'script') {
    const outcome = { kind: 'not-run', reason: 'command failed' } as const;
    return checkerEvent(machine, id, { kind: 'script-exited', outcome }, now);
  }
  const failure = UNBOUND.get(reason) ?? 'unreachable';
  if (kind === 'datagram') {
    return checkerEvent(machine, id, { kind: 'datagram-failed', failure }, now);
  }
  return checkerEvent(machine, id, { kind: 'stream-failed', failure }, now);
}

/** A close that the process stood still in has returned: see `core/blocked-process.ts`. */
export function checkerCloseReturned(machine: CheckMachine, id: number, now: TimeUs): void {
  machine.now = now;
  closeReturned(machine, id);
}

/** ha_suspend: the service's address came to this host or left it. */
export function enableCheckers(
  machine: CheckMachine,
  virtualServer: number,
  enabled: boolean,
): void {
  for (const checker of machine.checkers) {
    if (checker.config.virtualServer !== virtualServer || checker.enabled === enabled) continue;
    checker.enabled = enabled;
    const { server, service } = checker.names;
    log(machine, checkText.switched(enabled, server, service));
  }
}

/** A tracked file changed. */
export function checkedFileChanged(machine: CheckMachine, path: string, now: TimeUs): void {
  machine.now = now;
  for (const checker of machine.checkers) {
    if (checker.config.kind === 'FILE_CHECK' && checker.config.path === path) {
      applyFile(machine, checker, checker.config);
    }
  }
}

/** A BFD session went up or down. */
export function checkedBfdChanged(
  machine: CheckMachine,
  session: { readonly name: string; readonly up: boolean },
  now: TimeUs,
): void {
  machine.now = now;
  for (const checker of machine.checkers) {
    const { config } = checker;
    if (config.kind === 'BFD_CHECK' && config.session === session.name) {
      decideBfd(machine, checker, session);
    }
  }
}
