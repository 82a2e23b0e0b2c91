/**
 * curl: requests one after the other, over one connection as long as they go to one place, their answers on stdout or in a file,
 * curl's own messages and exit codes. Source: curl 7.88.1.
 */

import { formatIp, type IpAddress } from '../../../daemon/wire/ip-address.ts';
import { decodeUtf8, encodeUtf8 } from '../../../daemon/wire/text.ts';
import type { HttpConnection, HttpOutcome, HttpRequest } from '../http-client.ts';
import { fieldOf, formatMessage, type HttpMessage } from '../http-message.ts';
import { type HttpUrl, parseHttpUrl } from '../http-url.ts';
import { openConnection } from './curl-connect.ts';
import { CODES, failureOf } from './curl-failure.ts';
import { type CurlOptions, readCurlOptions } from './curl-options.ts';
import { dropsBody, resolveLocation } from './curl-redirect.ts';
import { curlRequest } from './curl-request.ts';
import { CurlTries } from './curl-retry.ts';
import { CurlTrace } from './curl-trace.ts';
import { seconds, writeOutText } from './curl-write-out.ts';
import type { CommandIo, ShellCommand } from './shell-command.ts';

/** The command. */
export const curl: ShellCommand = (io) => {
  const options = readCurlOptions(io.words);
  if (typeof options === 'string') {
    io.err(`${options}\n`);
    io.exit(CODES.usage);
    return;
  }
  new CurlRun(io, options).begin();
};

/** One run. */
class CurlRun {
  readonly #trace: CurlTrace;
  readonly #waiting: string[];
  /** Where the connection of the transfer before leads. */
  #place = '';
  /** As on the command line, and where redirects led. */
  #first: string;
  #url: string;
  #isNew = true;
  #request: HttpRequest | undefined;
  readonly #io: CommandIo;
  readonly #options: CurlOptions;
  #startedAt: number;
  #connection: HttpConnection | undefined;
  #address: IpAddress | undefined;
  #port = 0;
  #status = 0;
  #downloaded = 0;
  /** Where the connection was to lead, and what is said of it. */
  #asked: HttpUrl | undefined;
  #shown: HttpUrl | undefined;
  #redirects = 0;
  #redirectUrl = '';
  #method: string;
  #body: Uint8Array | undefined;
  #tries: CurlTries;
  #wasRefused = false;
  #retrying: (() => void) | undefined;
  #retryAfterUs = 0;
  #over = false;
  #cancels: (() => void)[] = [];
  #connectionCancels: (() => void)[] = [];

  constructor(io: CommandIo, options: CurlOptions) {
    this.#io = io;
    this.#options = options;
    this.#startedAt = io.machine.now();
    this.#tries = new CurlTries(options.retry, this.#startedAt);
    this.#method = options.method;
    this.#body = options.body;
    const [url, ...more] = options.urls;
    this.#url = url;
    this.#first = url;
    this.#waiting = more;
    this.#trace = new CurlTrace(options.flags.has('verbose'), (text) => io.err(text));
    io.onInterrupt(() => {
      this.#waiting.length = 0;
      this.#retrying?.();
      this.#tries.giveUp();
      this.#over = false;
      this.#end(130);
    });
  }

  begin(): void {
    const { unreadable, entries } = this.#options.places;
    if (unreadable !== undefined) {
      this.#fail(CODES.badOption, `Couldn't parse CURLOPT_RESOLVE entry '${unreadable}'`);
      return;
    }
    for (const entry of entries) this.#trace.note(`Added ${entry.replace(/^\+/, '')} to DNS cache`);
    this.#follow();
  }

  #follow(): void {
    const url = parseHttpUrl(this.#url);
    if (url === undefined) {
      this.#fail(CODES.malformed, 'URL using bad/illegal format or missing URL');
    } else if (url === 'unsupported-scheme') {
      const [scheme = ''] = this.#url.split('://');
      const text = `Protocol "${scheme}" not supported or disabled in libcurl`;
      this.#fail(CODES.unsupported, text);
    } else this.#transfer(url);
  }

  #transfer(url: HttpUrl): void {
    const request = curlRequest(url, {
      method: this.#method,
      body: this.#body,
      headers: this.#options.headers,
      isOld: this.#options.flags.has('http1.0'),
    });
    this.#request = request;
    const place = `${url.scheme} ${url.host} ${url.port}`;
    this.#isNew = this.#connection?.isIdle !== true || place !== this.#place;
    this.#place = place;
    if (!this.#isNew && this.#shown !== undefined) this.#trace.reused(this.#shown);
    else if (!this.#connect(url)) return;
    this.#arm(url);
    this.#connection?.send(request, (outcome) => this.#finish(url, outcome));
  }

  /** Begins to connect; `false` when that has failed already. */
  #connect(url: HttpUrl): boolean {
    this.#connection?.close();
    this.#connection = undefined;
    const parts = { io: this.#io, options: this.#options, trace: this.#trace };
    const { asked, shown, address, result } = openConnection(url, parts);
    this.#asked = asked;
    this.#shown = shown;
    if (address !== undefined) {
      this.#address = address;
      this.#port = asked.port;
    }
    if (!('kind' in result)) {
      this.#connection = result;
      return true;
    }
    if (result.kind === 'unresolved') {
      this.#fail(CODES.unresolved, `Could not resolve host: ${url.host}`);
    } else if (result.kind === 'unbound') this.#failBind(result.text);
    else {
      this.#wasRefused = result.error === 'ECONNREFUSED';
      this.#failConnect();
    }
    return false;
  }

  /** -v: what went out, as soon as that is known. */
  #traceRequest(): void {
    const request = this.#request;
    if (request === undefined || this.#connection?.connectedAt === undefined) return;
    this.#request = undefined;
    const [shown, address] = [this.#shown, this.#address];
    if (this.#isNew && address !== undefined && shown !== undefined) {
      this.#trace.connected(shown, address);
    }
    this.#trace.request(request);
  }

  #arm(url: HttpUrl): void {
    const { timers } = this.#io.machine;
    const { maxTimeUs, connectTimeoutUs } = this.#options;
    const limit = Math.min(connectTimeoutUs, maxTimeUs ?? Number.MAX_SAFE_INTEGER);
    const connecting = timers.after(limit, () => {
      if (!this.#isNew || this.#connection?.connectedAt !== undefined) return;
      const { host, port } = this.#asked ?? url;
      const where = `${host} port ${port} after ${this.#elapsedMs()} ms`;
      const isTotal = maxTimeUs !== undefined && maxTimeUs <= connectTimeoutUs;
      const text = isTotal
        ? `Connection timed out after ${this.#elapsedMs()} milliseconds`
        : `Failed to connect to ${where}: Timeout was reached`;
      this.#fail(CODES.timeout, text);
    });
    this.#connectionCancels.push(() => connecting.cancel());
    if (maxTimeUs === undefined || this.#cancels.length > 0) return;
    const whole = timers.after(maxTimeUs, () => {
      const received = this.#connection?.receivedBytes ?? 0;
      const text = `Operation timed out after ${this.#elapsedMs()} milliseconds with ${received} bytes received`;
      this.#traceRequest();
      if (this.#connection?.connectedAt !== undefined) this.#fail(CODES.timeout, text);
    });
    this.#cancels.push(() => whole.cancel());
  }

  #finish(url: HttpUrl, outcome: HttpOutcome) {
    this.#traceRequest();
    if (outcome.kind === 'response') {
      this.#hear(url, outcome.response, outcome.status);
      return;
    }
    if (!outcome.connected) {
      const how = { error: outcome.reason, atOnce: false };
      this.#wasRefused = outcome.reason === 'ECONNREFUSED';
      if (this.#address !== undefined && this.#asked !== undefined) {
        this.#trace.unconnected(this.#asked, this.#address, how);
      }
      return this.#failConnect();
    }
    const { code, text, more } = failureOf(outcome, url);
    this.#fail(code, text, more);
  }

  /** A response is there: it may lead elsewhere (-L). */
  #hear(url: HttpUrl, response: HttpMessage, status: number): void {
    const { flags } = this.#options;
    const location =
      status >= 300 && status < 400 ? fieldOf(response.fields, 'Location') : undefined;
    const isFollowed = location !== undefined && flags.has('location');
    this.#redirectUrl = location === undefined ? '' : resolveLocation(url, location);
    const pause = Number(fieldOf(response.fields, 'Retry-After') ?? 0);
    this.#retryAfterUs = Number.isInteger(pause) ? pause * 1_000_000 : 0;
    this.#trace.response(response, isFollowed);
    if (this.#shown !== undefined) this.#trace.done(this.#shown, this.#connection?.isIdle === true);
    if (isFollowed) this.#redirect(response, status);
    else this.#show(response, status);
  }

  #redirect(response: HttpMessage, status: number): void {
    const { redirectsMax } = this.#options;
    this.#status = status;
    if (redirectsMax >= 0 && this.#redirects >= redirectsMax) {
      this.#fail(CODES.redirects, `Maximum (${redirectsMax}) redirects followed`);
      return;
    }
    this.#redirects++;
    this.#io.out(this.#headOf(response));
    if (dropsBody(status) && this.#body !== undefined) {
      this.#body = undefined;
      if (!this.#options.isOwnMethod) this.#method = 'GET';
    }
    this.#trace.note(`Issue another request to this URL: '${this.#redirectUrl}'`);
    this.#url = this.#redirectUrl;
    this.#redirectUrl = '';
    for (const cancel of this.#connectionCancels.splice(0)) cancel();
    if (this.#connection?.isIdle !== true) {
      this.#connection?.close();
      this.#connection = undefined;
    }
    this.#follow();
  }

  /** What -i and -I show. */
  #headOf({ startLine, fields }: HttpMessage): string {
    const { flags } = this.#options;
    if (!flags.has('include') && !flags.has('head')) return '';
    return decodeUtf8(formatMessage(startLine.join(' ').trimEnd(), fields));
  }

  #show(response: HttpMessage, status: number): void {
    const { flags, output } = this.#options;
    this.#status = status;
    if (flags.has('fail') && status >= 400) {
      this.#fail(CODES.httpError, `The requested URL returned error: ${status}`);
      return;
    }
    this.#downloaded = response.body.length;
    const text = this.#headOf(response) + decodeUtf8(response.body);
    if (output === undefined || output === '-') this.#io.out(text);
    else if (output !== '/dev/null') this.#io.machine.writeFile(pathOf(output), encodeUtf8(text));
    this.#end(0);
  }

  #failConnect(): void {
    const { host, port } = this.#asked ?? { host: '', port: 0 };
    const where = `${host} port ${port} after ${this.#elapsedMs()} ms`;
    this.#fail(CODES.connect, `Failed to connect to ${where}: Couldn't connect to server`);
  }

  #failBind(text: string): void {
    const { host, port } = this.#asked ?? { host: '', port: 0 };
    this.#trace.note(text);
    const where = `${host} port ${port} after ${this.#elapsedMs()} ms`;
    this.#trace.failed(`Failed to connect to ${where}: Failed binding local connection end`);
    this.#fail(CODES.bind, text, '', false);
  }

  #fail(code: number, text: string, more = '', isTraced = true): void {
    if (this.#over) return;
    const { flags } = this.#options;
    if (this.#status === 0 && isTraced) this.#trace.failed(text);
    const isQuiet = flags.has('silent') && !flags.has('show-error');
    if (!isQuiet) this.#io.err(`curl: (${code}) ${text}\n${more}`);
    this.#end(code);
  }

  #end(code: number): void {
    if (this.#over) return;
    this.#over = true;
    for (const cancel of [...this.#cancels, ...this.#connectionCancels]) cancel();
    this.#cancels = [];
    this.#connectionCancels = [];
    if (this.#tryAgain(code)) return;
    const { writeOut } = this.#options;
    if (writeOut !== undefined) this.#io.out(this.#written(writeOut, code));
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#next(next);
      return;
    }
    this.#connection?.close();
    this.#io.exit(code);
  }

  /** --retry: whether another try is to come. */
  #tryAgain(code: number): boolean {
    const { machine } = this.#io;
    const end = {
      code,
      status: this.#status,
      wasRefused: this.#wasRefused,
      retryAfterUs: this.#retryAfterUs,
    };
    const next = this.#tries.next(end, machine.now());
    if (next === undefined) return false;
    if (!this.#options.flags.has('silent')) this.#io.err(next.warning);
    const timer = machine.timers.after(next.pauseUs, () => this.#restart(this.#first));
    this.#retrying = () => timer.cancel();
    return true;
  }

  #next(url: string): void {
    this.#tries = new CurlTries(this.#options.retry, this.#io.machine.now());
    this.#first = url;
    this.#restart(url);
  }

  #restart(url: string): void {
    this.#retrying = undefined;
    if (this.#connection?.isIdle !== true) {
      this.#connection?.close();
      this.#connection = undefined;
    }
    this.#url = url;
    this.#startedAt = this.#io.machine.now();
    this.#status = 0;
    this.#downloaded = 0;
    this.#redirects = 0;
    this.#redirectUrl = '';
    this.#retryAfterUs = 0;
    this.#wasRefused = false;
    this.#method = this.#options.method;
    this.#body = this.#options.body;
    this.#over = false;
    this.#follow();
  }

  #written(format: string, code: number): string {
    const { machine } = this.#io;
    const total = machine.now() - this.#startedAt;
    const since = (at: number | undefined) =>
      Math.max(0, (at ?? this.#startedAt) - this.#startedAt);
    const connect = since(this.#connection?.connectedAt);
    const isTls = /^https:/i.test(this.#url);
    const ready = isTls ? since(this.#connection?.readyAt) : 0;
    const isThere = this.#isNew && this.#connection?.connectedAt !== undefined;
    const address = this.#address === undefined ? '' : formatIp(this.#address);
    const values = new Map([
      ['http_code', String(this.#status).padStart(3, '0')],
      ['response_code', String(this.#status).padStart(3, '0')],
      ['time_total', seconds(total)],
      ['time_connect', seconds(connect)],
      ['time_appconnect', seconds(ready)],
      ['scheme', isTls ? 'HTTPS' : 'HTTP'],
      ['size_download', String(this.#downloaded)],
      ['remote_ip', address],
      ['remote_port', String(this.#port)],
      ['local_port', String(this.#connection?.localPort ?? 0)],
      ['url_effective', this.#url],
      ['num_connects', isThere ? '1' : '0'],
      ['num_redirects', String(this.#redirects)],
      ['redirect_url', this.#redirectUrl],
      ['exitcode', String(code)],
      ['method', this.#method],
    ]);
    return writeOutText(format, values, (text) => this.#io.err(text));
  }

  #elapsedMs(): number {
    return Math.floor((this.#io.machine.now() - this.#startedAt) / 1000);
  }
}

/** The shell of the twin has no working directory: relative files are root's. */
function pathOf(file: string): string {
  return file.startsWith('/') ? file : `/root/${file}`;
}
