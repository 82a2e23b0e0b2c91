/**
 * What an ended run of MISC_CHECK means. Its pace counts from the beginning of the run before.
 *
 * With misc_dynamic the codes 2 to 255 set the weight to two less, 0 sets the configured one; both count
 * as good. What a script gave is forgotten when it fails; a failure of the very first run is not told before its
 * retries are used up. Source: recordings k15, k53.
 */

import { type DurationUs, durationUs, elapsed } from '../base/time.ts';
import { type Checker, type CheckMachine, decide, log } from './check-machine.ts';
import { checkText } from './check-text.ts';
import type { MiscChecker } from './checker-config.ts';
import type { ProbeResult } from './probe.ts';

/** Takes a run's end in; returns after how long the next run begins. */
export function judgeScript(
  machine: CheckMachine,
  checker: Checker,
  config: MiscChecker,
  result: ProbeResult,
): DurationUs {
  if (result.ok) scriptSucceeded(machine, checker, config, result);
  else if (checker.up || !checker.hasRun) scriptFailed(machine, checker, config, result);
  const pace = checker.retries > 0 ? config.delayBeforeRetry : config.delayLoop;
  const left = pace - elapsed(checker.lastRunAt, machine.now);
  return durationUs(Math.max(left, 1));
}

function scriptSucceeded(
  machine: CheckMachine,
  checker: Checker,
  config: MiscChecker,
  result: ProbeResult,
): void {
  const code = result.script?.kind === 'exit' ? result.script.code : 0;
  if (config.dynamicWeight && code !== checker.lastCode) {
    machine.host.weight(checker.index, code >= 2 ? code - 2 : undefined);
    checker.lastCode = code;
  }
  if (!checker.up || !checker.hasRun) {
    log(machine, checkText.misc(about(checker, config), 'succeeded'));
    decide(machine, checker, true, '=> MISC CHECK succeeded on service <=');
  }
  checker.retries = 0;
}

function scriptFailed(
  machine: CheckMachine,
  checker: Checker,
  config: MiscChecker,
  result: ProbeResult,
): void {
  const [type, reason] = splitReason(result.text);
  const say = (how: string) =>
    log(machine, checkText.misc(about(checker, config), `${type}${how}${reason}`));
  const { retry } = config;
  if (checker.retries < retry) {
    const isTold = config.logAllFailures && checker.hasRun;
    if (isTold) say(checkText.scriptRetry(checker.retries, retry));
    checker.retries++;
    checker.hasRun = true;
    return;
  }
  say(checkText.afterScriptRetries(retry));
  checker.retries = 0;
  checker.lastCode = 0;
  decide(machine, checker, false, `=> MISC CHECK ${type} on service <=`);
  if (config.dynamicWeight) machine.host.forgetWeight(checker.index);
}

/** `failed (exited with status 1)` in two, since the retries are said between them. */
function splitReason(text: string): readonly [string, string] {
  const at = text.indexOf(' (');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

function about(checker: Checker, config: MiscChecker) {
  return { ...checker.names, path: config.arguments[0] ?? '' };
}
