/** curl's exit codes, and what it says when a transfer ends badly. Source: curl 7.88.1. */

import { textOfErrnoName } from '../../../daemon/base/errno.ts';
import type { HttpOutcome } from '../http-client.ts';
import type { HttpUrl } from '../http-url.ts';
import { tlsComplaint } from './curl-tls.ts';

/** curl's exit codes. */
export const CODES = {
  unsupported: 1,
  usage: 2,
  malformed: 3,
  unresolved: 6,
  connect: 7,
  partial: 18,
  httpError: 22,
  timeout: 28,
  redirects: 47,
  badOption: 49,
  bind: 45,
  empty: 52,
  receive: 56,
  badResponse: 1,
} as const;

/** What is said of a transfer that failed once it was connected; `more` are further lines. */
export function failureOf(
  outcome: Extract<HttpOutcome, { kind: 'failed' }>,
  url: HttpUrl,
): { readonly code: number; readonly text: string; readonly more?: string } {
  const tls = tlsComplaint(outcome.reason, url);
  if (tls !== undefined) return tls;
  switch (outcome.reason) {
    case 'empty-reply':
      return { code: CODES.empty, text: 'Empty reply from server' };
    case 'partial': {
      const { missingBytes } = outcome;
      const text =
        missingBytes === undefined
          ? 'transfer closed with outstanding read data remaining'
          : `transfer closed with ${missingBytes} bytes remaining to read`;
      return { code: CODES.partial, text };
    }
    case 'bad-response':
      return { code: CODES.badResponse, text: 'Received HTTP/0.9 when not allowed' };
    default:
      return { code: CODES.receive, text: `Recv failure: ${textOfErrnoName(outcome.reason)}` };
  }
}
