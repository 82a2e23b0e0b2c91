/**
 * What an ended attempt of HTTP_GET and SSL_GET means.
 *
 * A round is all urls in turn, one per delay_loop; only a whole round makes the server up. A failed url is
 * retried alone; once it answers, a whole round must follow, so a server needs two good rounds to come
 * back. While it is down nothing is retried within the loop. fast_recovery lets the urls follow each other
 * at once while the server is not up and no failure is known. Source: recordings k03, k05, k21.
 */

import { type DurationUs, NO_DURATION } from '../base/time.ts';
import { type Checker, type CheckMachine, decide, log } from './check-machine.ts';
import { checkText } from './check-text.ts';
import type { HttpChecker } from './checker-config.ts';
import type { ProbeResult } from './probe.ts';

/** Takes an attempt's end in; returns after how long the next attempt begins. */
export function judgeHttp(
  machine: CheckMachine,
  checker: Checker,
  config: HttpChecker,
  result: ProbeResult,
): DurationUs {
  tellLength(machine, checker, config, result);
  return result.ok
    ? urlSucceeded(machine, checker, config, result)
    : urlFailed(machine, checker, config, result);
}

/** Said once for each difference between what was announced and what came, until it is right again. Source: recording k237. */
function tellLength(
  machine: CheckMachine,
  checker: Checker,
  config: HttpChecker,
  { length }: ProbeResult,
): void {
  if (length === undefined) return;
  const difference = length.declared - length.received;
  if ((checker.lengthTold.get(checker.url) ?? 0) === difference) return;
  checker.lengthTold.set(checker.url, difference);
  if (difference === 0) return;
  const { path = '', virtualHost = '' } = config.urls[checker.url] ?? {};
  log(machine, checkText.urlLength({ ...checker.names, url: virtualHost + path }, length));
}

function urlSucceeded(
  machine: CheckMachine,
  checker: Checker,
  config: HttpChecker,
  result: ProbeResult,
): DurationUs {
  const { server } = checker.names;
  const path = config.urls[checker.url]?.path ?? '';
  if (!checker.up) log(machine, checkText.urlSuccess(result.text, server, path));
  checker.url++;
  checker.retries = 0;
  if (checker.failedUrl !== undefined) {
    checker.failedUrl = undefined;
    checker.url = 0;
  } else if (checker.url >= config.urls.length) {
    if (!checker.up || !checker.hasRun) {
      log(machine, checkText.httpUp(server));
      decide(machine, checker, true, '=> CHECK succeed on service <=');
    }
    checker.url = 0;
  }
  if (!checker.hasRun) checker.retries = config.retry;
  const hurried = config.fastRecovery && (!checker.hasRun || !checker.up);
  return hurried ? NO_DURATION : config.delayLoop;
}

function urlFailed(
  machine: CheckMachine,
  checker: Checker,
  config: HttpChecker,
  result: ProbeResult,
): DurationUs {
  const { server } = checker.names;
  if (checker.up || !checker.hasRun) {
    if (config.logAllFailures) log(machine, checkText.urlFailure(result.text, server));
    checker.hasRun = true;
    checker.retries++;
    if (checker.retries > config.retry) {
      if (checker.up) {
        const after = config.retry > 0 ? checkText.afterRetries(checker.retries - 1) : '';
        log(machine, `${checkText.httpDown(server)}${after}.`);
        const mail = '=> CHECK failed on service : HTTP request failed <=';
        decide(machine, checker, false, mail);
      }
      checker.failedUrl = checker.url;
    }
  }
  if (checker.failedUrl === undefined) return config.delayBeforeRetry;
  return config.delayBeforeRetry > config.delayLoop ? config.delayBeforeRetry : config.delayLoop;
}
