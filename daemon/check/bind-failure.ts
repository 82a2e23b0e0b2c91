/**
 * A socket that could not be bound: the address of `bindto` is not here, or its port is taken. Nothing is judged then, the server
 * stays what it is, and the checker tries again a loop later; UDP_CHECK alone takes it for a failure of the server, and
 * PING_CHECK does not bind at all. Source: recording k236.
 */

import { type ErrnoName, errnoNumber, errnoText } from '../base/errno.ts';
import { type Checker, type CheckMachine, log } from './check-machine.ts';
import { checkText } from './check-text.ts';
import type { ProbeInput } from './probe.ts';

const ERRORS: ReadonlyMap<string, ErrnoName> = new Map([
  ['no-such-address', 'EADDRNOTAVAIL'],
  ['address-in-use', 'EADDRINUSE'],
]);

/** Tells of it; `true` when the attempt ends here, unjudged. */
export function endsUnbound(machine: CheckMachine, checker: Checker, input: ProbeInput): boolean {
  if (input.kind !== 'stream-failed' && input.kind !== 'datagram-failed') return false;
  const error = ERRORS.get(input.failure);
  if (error === undefined) return false;
  const words = errnoText(error);
  const text = rescheduled(checker);
  if (text === undefined) {
    if (checker.config.kind === 'UDP_CHECK')
      log(machine, checkText.udpBindFailed(errnoNumber(error), words));
    return false;
  }
  log(machine, checkText.bindFailed(words));
  log(machine, text);
  return true;
}

function rescheduled({ config, names }: Checker): string | undefined {
  switch (config.kind) {
    case 'TCP_CHECK':
      return checkText.rescheduled.tcp();
    case 'HTTP_GET':
    case 'SSL_GET':
      return checkText.rescheduled.web();
    case 'SMTP_CHECK':
      return checkText.rescheduled.smtp();
    case 'DNS_CHECK':
      return checkText.rescheduled.dns(names.server);
    default:
      return undefined;
  }
}
