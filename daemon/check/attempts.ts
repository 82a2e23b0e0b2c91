/**
 * Attempts: begun when due, fed with what happens, ended by their probe. Turns what probes ask for into
 * actions with ids, and leaves no socket open behind.
 */

import { unreachable } from '../base/assert.ts';
import { randomBelow } from '../base/random.ts';
import { familyOf } from '../wire/ip-address.ts';
import { endsUnbound } from './bind-failure.ts';
import {
  type Attempt,
  type Checker,
  type CheckMachine,
  clearTimer,
  type ProbeState,
  setTimer,
} from './check-machine.ts';
import type { ConnectionConfig } from './checker-config.ts';
import { stepDns } from './dns-probe.ts';
import { stepEcho } from './echo-probe.ts';
import { newHttpAttempt, stepHttp } from './http-probe.ts';
import { judge } from './judge.ts';
import { failed, type ProbeAction, type ProbeInput, type ProbeResult, succeeded } from './probe.ts';
import { stepScript } from './script-probe.ts';
import { newSmtpAttempt, stepSmtp } from './smtp-probe.ts';
import { stepTcp } from './tcp-probe.ts';
import { stepUdp } from './udp-probe.ts';

/** Begins an attempt now; a checker that is switched off waits another loop. */
export function beginAttempt(machine: CheckMachine, checker: Checker): void {
  const { config } = checker;
  if (!checker.enabled) {
    setTimer(machine, { kind: 'start', checker }, config.delayLoop);
    return;
  }
  checker.lastRunAt = machine.now;
  checker.attempt = { id: 0, open: undefined, probe: newProbe(machine, checker) };
  feed(machine, checker, { kind: 'start' });
}

/** Passes something on to the attempt; its end is judged, and the next one gets its time. */
export function feed(machine: CheckMachine, checker: Checker, input: ProbeInput): void {
  const { attempt } = checker;
  if (attempt === undefined) return;
  if (input.kind === 'stream-failed') attempt.open = undefined;
  if (input.kind === 'script-exited') attempt.open = undefined;
  if (endsUnbound(machine, checker, input)) {
    endAttempt(machine, checker);
    setTimer(machine, { kind: 'start', checker }, checker.config.delayLoop);
    return;
  }
  const actions: ProbeAction[] = [];
  const result = step(checker, attempt.probe, input, actions);
  for (const action of actions) carryOut(machine, checker, attempt, action);
  if (result === undefined) return;
  endAttempt(machine, checker);
  const delay = judge(machine, checker, result);
  checker.ended = { id: attempt.id, delay };
  setTimer(machine, { kind: 'start', checker }, delay);
}

/** The close of an attempt's socket has returned only now: the pause before the next one begins here. */
export function closeReturned(machine: CheckMachine, id: number): void {
  for (const checker of machine.checkers) {
    const { ended, attempt } = checker;
    if (ended?.id !== id || attempt !== undefined) continue;
    setTimer(machine, { kind: 'start', checker }, ended.delay);
  }
}

/** Closes what is open; nobody judges. */
export function endAttempt(machine: CheckMachine, checker: Checker): void {
  const { attempt } = checker;
  if (attempt === undefined) return;
  checker.attempt = undefined;
  clearTimer(machine, checker, 'timeout');
  machine.owners.delete(attempt.id);
  const { id, open } = attempt;
  if (open === 'stream') machine.actions.push({ kind: 'stream-close', id, abort: false });
  else if (open === 'datagram') machine.actions.push({ kind: 'datagram-close', id });
  else if (open === 'script') machine.actions.push({ kind: 'script-signal', id, signal: 'TERM' });
}

function newProbe(machine: CheckMachine, checker: Checker): ProbeState {
  const { config } = checker;
  switch (config.kind) {
    case 'HTTP_GET':
    case 'SSL_GET': {
      const url = config.urls[checker.url];
      return url === undefined ? { kind: 'plain' } : { kind: 'http', attempt: newHttpAttempt(url) };
    }
    case 'SMTP_CHECK':
      return { kind: 'smtp', attempt: newSmtpAttempt() };
    case 'DNS_CHECK':
      return { kind: 'dns', number: randomBelow(machine.random, 65_536) };
    case 'PING_CHECK':
      return { kind: 'echo', number: machine.echoes++ };
    case 'MISC_CHECK':
      return { kind: 'script', attempt: { state: 'running' } };
    default:
      return { kind: 'plain' };
  }
}

function step(
  checker: Checker,
  probe: ProbeState,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  const { config } = checker;
  switch (config.kind) {
    case 'TCP_CHECK':
      return stepTcp(config.connection, input, actions);
    case 'UDP_CHECK':
      return stepUdp(config, input, actions);
    case 'HTTP_GET':
    case 'SSL_GET':
      // Without a url there is nothing to ask: the server is taken to be well.
      return probe.kind === 'http' ? stepHttp(config, probe.attempt, input, actions) : succeeded();
    case 'SMTP_CHECK':
      return probe.kind === 'smtp' ? stepSmtp(config, probe.attempt, input, actions) : undefined;
    case 'DNS_CHECK':
      return probe.kind === 'dns'
        ? stepDns(config, { id: probe.number }, input, actions)
        : undefined;
    case 'PING_CHECK':
      return probe.kind === 'echo'
        ? stepEcho(config, { count: probe.number }, input, actions)
        : undefined;
    case 'MISC_CHECK':
      return probe.kind === 'script'
        ? stepScript(config, probe.attempt, input, actions)
        : undefined;
    case 'BFD_CHECK':
    case 'FILE_CHECK':
      return failed('');
    default:
      return unreachable(config);
  }
}

function carryOut(
  machine: CheckMachine,
  checker: Checker,
  attempt: Attempt,
  action: ProbeAction,
): void {
  const { actions } = machine;
  const { id } = attempt;
  switch (action.kind) {
    case 'timer':
      setTimer(machine, { kind: 'timeout', checker }, action.after);
      return;
    case 'send':
      actions.push({ kind: 'stream-send', id, bytes: action.bytes });
      return;
    case 'send-datagram':
      actions.push({ kind: 'datagram-send', id, bytes: action.bytes });
      return;
    case 'signal-script':
      actions.push({ kind: 'script-signal', id, signal: action.signal });
      return;
    case 'run-script':
      runScript(machine, checker, attempt);
      return;
    case 'open-stream':
    case 'open-datagram':
      openSocket(machine, checker, attempt, action);
      return;
    default:
      unreachable(action);
  }
}

function own(machine: CheckMachine, checker: Checker, attempt: Attempt): number {
  attempt.id = machine.takeId();
  machine.owners.set(attempt.id, checker);
  return attempt.id;
}

function runScript(machine: CheckMachine, checker: Checker, attempt: Attempt): void {
  const { config } = checker;
  if (config.kind !== 'MISC_CHECK') return;
  attempt.open = 'script';
  machine.actions.push({
    kind: 'script-run',
    id: own(machine, checker, attempt),
    arguments: config.arguments,
    purpose: 'check',
    subject: config.arguments[0] ?? '',
    ...(config.user === undefined ? {} : { user: config.user }),
    ...(config.group === undefined ? {} : { group: config.group }),
  });
}

function openSocket(
  machine: CheckMachine,
  checker: Checker,
  attempt: Attempt,
  action: Extract<ProbeAction, { kind: 'open-stream' | 'open-datagram' }>,
): void {
  const { config } = checker;
  if (!('connection' in config)) return;
  const { connection } = config;
  const { address, port, bindInterface, mark } = connection;
  const id = own(machine, checker, attempt);
  const way = {
    ...(bindInterface === undefined ? {} : { interface: bindInterface }),
    ...(mark === undefined ? {} : { mark }),
  };
  if (action.kind === 'open-datagram') {
    attempt.open = 'datagram';
    machine.actions.push({
      kind: 'datagram-open',
      id,
      protocol: action.protocol,
      family: familyOf(address),
      remote: { address, port },
      ...wrapped('local', bound(connection)),
      ...way,
    });
    return;
  }
  attempt.open = 'stream';
  machine.actions.push({
    kind: 'stream-open',
    id,
    address,
    port,
    ...wrapped('from', bound(connection)),
    ...way,
    ...(action.tls === undefined ? {} : { tls: action.tls }),
  });
}

type Bound = { readonly address?: ConnectionConfig['address']; readonly port?: number };

function bound(connection: ConnectionConfig): Bound | undefined {
  const { bindAddress: address, bindPort: port } = connection;
  if (address === undefined && port === undefined) return undefined;
  return {
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
  };
}

function wrapped<K extends string>(key: K, value: Bound | undefined): { [P in K]?: Bound } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: Bound };
}
