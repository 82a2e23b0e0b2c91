/**
 * What an ended attempt means: retry, up, down, and when the next attempt begins.
 *
 * Kinds differ, and the recordings show how: TCP and SMTP do their whole burst of retries even while the
 * server is down, PING, UDP and DNS try once a loop then; nothing is retried before the first success,
 * except by SMTP; HTTP has rules of its own in `judge-http.ts`, scripts in `judge-script.ts`.
 * Source: recordings k01, k11, k19.
 */

import { unreachable } from '../base/assert.ts';
import type { DurationUs } from '../base/time.ts';
import { type Checker, type CheckMachine, decide, log } from './check-machine.ts';
import { checkText } from './check-text.ts';
import { judgeHttp } from './judge-http.ts';
import { judgeScript } from './judge-script.ts';
import type { ProbeResult } from './probe.ts';

/** Takes an attempt's end in; returns after how long the next attempt begins. */
export function judge(machine: CheckMachine, checker: Checker, result: ProbeResult): DurationUs {
  const { config } = checker;
  switch (config.kind) {
    case 'TCP_CHECK':
      return judgeSimple(machine, checker, result, tcpWords(checker));
    case 'UDP_CHECK':
      return judgeSimple(machine, checker, result, udpWords(checker));
    case 'PING_CHECK':
      return judgeSimple(machine, checker, result, pingWords(checker));
    case 'HTTP_GET':
    case 'SSL_GET':
      return judgeHttp(machine, checker, config, result);
    case 'SMTP_CHECK':
      return judgeSmtp(machine, checker, result);
    case 'DNS_CHECK':
      return judgeDns(machine, checker, result);
    case 'MISC_CHECK':
      return judgeScript(machine, checker, config, result);
    case 'BFD_CHECK':
    case 'FILE_CHECK':
      return config.delayLoop;
    default:
      return unreachable(config);
  }
}

interface Words {
  readonly up: string;
  readonly down: string;
  /** When there was nothing to retry. */
  readonly downAtOnce: string;
  readonly failure: (text: string) => string;
  /** `TCP CHECK` and the like, for mails. */
  readonly mail: string;
  /** Retries go on while the server is down. */
  readonly burst: boolean;
}

function tcpWords({ names: { server } }: Checker): Words {
  return {
    up: checkText.tcpSuccess(server),
    down: checkText.tcpDown(server),
    downAtOnce: checkText.tcpDown(server),
    failure: (text) => checkText.tcpFailure(server, text),
    mail: 'TCP CHECK',
    burst: true,
  };
}

function udpWords({ names: { server } }: Checker): Words {
  return {
    up: checkText.udpSuccess(server),
    down: checkText.udpDown(server),
    downAtOnce: checkText.udpDown(server),
    failure: (text) => checkText.udpFailure(server, text),
    mail: 'UDP CHECK',
    burst: false,
  };
}

function pingWords({ names: { server, service } }: Checker): Words {
  return {
    up: checkText.pingSuccess(server),
    down: checkText.pingDown(server, service),
    downAtOnce: checkText.pingDownAtOnce(server),
    failure: (text) => checkText.pingFailure(server, service, text),
    mail: 'ICMP CHECK',
    burst: false,
  };
}

function judgeSimple(
  machine: CheckMachine,
  checker: Checker,
  result: ProbeResult,
  words: Words,
): DurationUs {
  const { config } = checker;
  const undecided = checker.up || !checker.hasRun;
  let delay = config.delayLoop;
  if (!result.ok && checker.up && config.logAllFailures) log(machine, words.failure(result.text));
  if (result.ok) {
    checker.retries = 0;
    if (!checker.up || !checker.hasRun) {
      log(machine, words.up);
      decide(machine, checker, true, `=> ${words.mail} succeed on service <=`);
    }
  } else if (checker.retries >= config.retry && (words.burst || undecided)) {
    checker.retries = 0;
    if (undecided) {
      const again = checker.hasRun && config.retry > 0;
      const text = again ? words.down + checkText.afterRetries(config.retry) : words.downAtOnce;
      log(machine, `${text}.`);
      decide(machine, checker, false, `=> ${words.mail} failed on service <=`);
    }
  } else if (words.burst || checker.up) {
    delay = config.delayBeforeRetry;
    checker.retries++;
  }
  checker.hasRun = true;
  return delay;
}

function judgeSmtp(machine: CheckMachine, checker: Checker, result: ProbeResult): DurationUs {
  const { config, names } = checker;
  const undecided = checker.up || !checker.hasRun;
  if (result.ok) {
    checker.retries = 0;
    if (!checker.up || !checker.hasRun) {
      log(machine, checkText.smtpUp(names.server));
      decide(machine, checker, true, '=> CHECK succeed on service <=');
    }
    return config.delayLoop;
  }
  const last = checker.retries >= config.retry;
  if (undecided && (last || config.logAllFailures)) {
    // Nothing is said of retries, as others do. Source: recording k44.
    log(machine, checkText.smtpFailure(result.text));
  }
  if (!last) {
    checker.retries++;
    return config.delayBeforeRetry;
  }
  checker.retries = 0;
  if (undecided) decide(machine, checker, false, `=> CHECK failed on service : ${result.text} <=`);
  return config.delayLoop;
}

function judgeDns(machine: CheckMachine, checker: Checker, result: ProbeResult): DurationUs {
  const { config, names } = checker;
  const undecided = checker.up || !checker.hasRun;
  if (result.ok) {
    if (!checker.up || !checker.hasRun) {
      decide(machine, checker, true, '=> DNS_CHECK: succeed on service <=');
    }
  } else if (undecided) {
    const last = checker.retries >= config.retry;
    if (last || config.logAllFailures) {
      const after = last && checker.hasRun ? checkText.afterRetries(config.retry) : '';
      log(machine, checkText.dnsFailure(names.server, result.text + after));
    }
    if (!last) {
      checker.retries++;
      checker.hasRun = true;
      return config.delayBeforeRetry;
    }
    decide(machine, checker, false, '=> DNS_CHECK: failed on service <=');
  }
  checker.retries = 0;
  return config.delayLoop;
}
