/** What curl 7.88.1 with OpenSSL 3.0 says when TLS goes wrong: text and exit code. */

import type { FailureReason } from '../http-client.ts';
import type { HttpUrl } from '../http-url.ts';

const SSL_CONNECT_ERROR = 35;
const PEER_FAILED_VERIFICATION = 60;
const LIBRARY = 'OpenSSL/3.0.19: error:';
const MORE = `More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.
`;

/** curl's words for a failure of TLS; `undefined` for all others. */
export function tlsComplaint(
  reason: FailureReason,
  url: HttpUrl,
): { readonly code: number; readonly text: string; readonly more: string } | undefined {
  switch (reason) {
    case 'no-tls':
      return broken(`${LIBRARY}0A00010B:SSL routines::wrong version number`);
    case 'alert':
      return broken(`${LIBRARY}0A000410:SSL routines::sslv3 alert handshake failure`);
    case 'self-signed':
      return unverified('SSL certificate problem: self-signed certificate');
    case 'expired':
      return unverified('SSL certificate problem: certificate has expired');
    case 'other-name': {
      const text = `SSL: no alternative certificate subject name matches target host name '${url.host}'`;
      return unverified(text);
    }
    default:
      return undefined;
  }
}

function broken(text: string) {
  return { code: SSL_CONNECT_ERROR, text, more: '' };
}

function unverified(text: string) {
  return { code: PEER_FAILED_VERIFICATION, text, more: MORE };
}
