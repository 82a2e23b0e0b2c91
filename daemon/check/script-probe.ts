/**
 * MISC_CHECK: one run of the script. A script that outlasts misc_timeout gets TERM, two seconds later
 * KILL; its end is waited for.
 */

import { seconds } from '../base/time.ts';
import type { MiscChecker } from './checker-config.ts';
import type { ProbeAction, ProbeInput, ProbeResult } from './probe.ts';

/** How long a script has after TERM. Source: keepalived's own constant, 2 s. */
const TERM_WAIT = seconds(2);

/** A run of the script. */
export interface ScriptAttempt {
  state: 'running' | 'terminating' | 'killed';
}

/** One step of a run. */
export function stepScript(
  config: MiscChecker,
  state: ScriptAttempt,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  switch (input.kind) {
    case 'start':
      actions.push({ kind: 'run-script' }, { kind: 'timer', after: config.timeout });
      return undefined;
    case 'timeout': {
      const signal = state.state === 'running' ? 'TERM' : 'KILL';
      state.state = signal === 'TERM' ? 'terminating' : 'killed';
      actions.push({ kind: 'signal-script', signal }, { kind: 'timer', after: TERM_WAIT });
      return undefined;
    }
    case 'script-exited':
      return judgeEnd(config, state, input.outcome);
    default:
      return undefined;
  }
}

type Outcome = Extract<ProbeInput, { kind: 'script-exited' }>['outcome'];

function judgeEnd(config: MiscChecker, state: ScriptAttempt, outcome: Outcome): ProbeResult {
  if (outcome.kind === 'signal') {
    const timedOut = state.state !== 'running';
    const text = timedOut ? 'timed out' : `failed (due to signal ${signalNumber(outcome.signal)})`;
    return { ok: false, text, script: outcome };
  }
  const code = outcome.kind === 'exit' ? outcome.code : NOT_FOUND;
  const ok = code === 0 || (config.dynamicWeight && code >= 2 && code <= 255);
  return { ok, text: ok ? 'succeeded' : `failed (exited with status ${code})`, script: outcome };
}

/** What a shell answers for a command that is not there. */
const NOT_FOUND = 127;

const SIGNAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['HUP', 1],
  ['INT', 2],
  ['QUIT', 3],
  ['ABRT', 6],
  ['KILL', 9],
  ['SEGV', 11],
  ['PIPE', 13],
  ['TERM', 15],
]);

function signalNumber(name: string): number {
  return SIGNAL_NUMBERS.get(name.replace(/^SIG/, '')) ?? 0;
}
