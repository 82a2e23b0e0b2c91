/**
 * What `curl -v` tells on stderr of one transfer, as curl 7.88.1 does; of TLS only what plain HTTP has, too.
 *
 * Lines come when a transfer is over or given up, but for the first: nothing else is written in between.
 */

import { textOfErrnoName } from '../../../daemon/base/errno.ts';
import { formatIp, type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import type { HttpRequest } from '../http-client.ts';
import { formatMessage, type HttpMessage } from '../http-message.ts';
import type { HttpUrl } from '../http-url.ts';

/** The trace of a run; without -v it says nothing. */
export class CurlTrace {
  readonly #say: (text: string) => void;
  #connections = 0;

  constructor(verbose: boolean, err: (text: string) => void) {
    this.#say = verbose ? (text) => err(`${text}\n`) : () => {};
  }

  /** A line of its own. */
  note(text: string): void {
    this.#say(`* ${text}`);
  }

  trying(address: IpAddress, port: number): void {
    const host = isIpv4(address) ? formatIp(address) : `[${formatIp(address)}]`;
    this.#say(`*   Trying ${host}:${port}...`);
  }

  connected(url: HttpUrl, address: IpAddress): void {
    const number = this.#connections++;
    this.#say(`* Connected to ${url.host} (${formatIp(address)}) port ${url.port} (#${number})`);
  }

  reused(url: HttpUrl): void {
    this.#say(`* Re-using existing connection #${this.#connections - 1} with host ${url.host}`);
  }

  request({ method, target, version, fields, body }: HttpRequest): void {
    const head = decodeUtf8(formatMessage(`${method} ${target} ${version}`, fields));
    for (const line of head.split('\r\n').slice(0, -1)) this.#say(`> ${line}`);
    if (body !== undefined) this.#say(`} [${body.length} bytes data]`);
  }

  response({ startLine, fields, body }: HttpMessage, isRedirect: boolean): void {
    const head = decodeUtf8(formatMessage(startLine.join(' ').trimEnd(), fields));
    for (const line of head.split('\r\n').slice(0, -1)) this.#say(`< ${line}`);
    if (isRedirect && body.length > 0) this.#say('* Ignoring the response-body');
    if (body.length > 0) this.#say(`{ [${body.length} bytes data]`);
  }

  /** The transfer is over. */
  done(url: HttpUrl, keeps: boolean): void {
    const number = this.#connections - 1;
    if (keeps) this.#say(`* Connection #${number} to host ${url.host} left intact`);
    else this.#say(`* Closing connection ${number}`);
  }

  /** `at once`: the kernel did not send a packet. */
  unconnected(url: HttpUrl, address: IpAddress, how: { error: string; atOnce: boolean }): void {
    const reason = textOfErrnoName(how.error);
    if (how.atOnce) this.#say(`* Immediate connect fail for ${formatIp(address)}: ${reason}`);
    else this.#say(`* connect to ${formatIp(address)} port ${url.port} failed: ${reason}`);
  }

  /** The complaint that ends a transfer, and the connection with it. */
  failed(text: string): void {
    this.#say(`* ${text}`);
    this.#say(`* Closing connection ${Math.max(0, this.#connections - 1)}`);
  }
}
