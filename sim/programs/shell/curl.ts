/**
 * curl: requests one after the other, over one connection as long as they go to one place, their answers on stdout or in a file,
 * curl's own messages and exit codes. Source: curl 7.88.1.
 */

import { formatIp, type IpAddress, isIpv4, parseIp } from '../../../daemon/wire/ip-address.ts';
import { decodeUtf8, encodeUtf8 } from '../../../daemon/wire/text.ts';
import { HttpConnection, type HttpOutcome, type HttpRequest } from '../http-client.ts';
import { fieldOf, formatMessage, type HeaderFields, type HttpMessage } from '../http-message.ts';
import { type HttpUrl, parseHttpUrl } from '../http-url.ts';
import { type TlsClient, tlsRandom } from '../tls-socket.ts';
import { type CurlOptions, readCurlOptions } from './curl-options.ts';
import { tlsComplaint } from './curl-tls.ts';
import { CurlTrace } from './curl-trace.ts';
import type { CommandIo, ShellCommand } from './shell-command.ts';

/** curl's exit codes. */
const CODES = {
  unsupported: 1,
  usage: 2,
  malformed: 3,
  unresolved: 6,
  connect: 7,
  partial: 18,
  httpError: 22,
  timeout: 28,
  bind: 45,
  empty: 52,
  receive: 56,
  badResponse: 1,
} as const;

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
  #over = false;
  #cancels: (() => void)[] = [];

  constructor(io: CommandIo, options: CurlOptions) {
    this.#io = io;
    this.#options = options;
    this.#startedAt = io.machine.now();
    const [url, ...more] = options.urls;
    this.#url = url;
    this.#waiting = more;
    this.#trace = new CurlTrace(options.flags.has('verbose'), (text) => io.err(text));
    io.onInterrupt(() => {
      this.#waiting.length = 0;
      this.#end(130);
    });
  }

  begin(): void {
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
    const { method, body, flags } = this.#options;
    const version = flags.has('http1.0') ? 'HTTP/1.0' : 'HTTP/1.1';
    const head = { method, target: url.target, version, fields: this.#fields(url) } as const;
    const request = body === undefined ? head : { ...head, body };
    this.#request = request;
    const place = `${url.scheme} ${url.host} ${url.port}`;
    this.#isNew = this.#connection?.isIdle !== true || place !== this.#place;
    this.#place = place;
    if (!this.#isNew) this.#trace.reused(url);
    else if (!this.#connect(url)) return;
    this.#arm(url);
    this.#connection?.send(request, (outcome) => this.#finish(url, outcome));
  }

  /** Begins to connect; `false` when that has failed already. */
  #connect(url: HttpUrl): boolean {
    this.#connection?.close();
    this.#connection = undefined;
    const { machine } = this.#io;
    const { flags } = this.#options;
    const address = machine
      .resolve(url.host)
      .find((each) => (isIpv4(each) ? !flags.has('ipv6') : !flags.has('ipv4')));
    if (address === undefined) {
      this.#fail(CODES.unresolved, `Could not resolve host: ${url.host}`);
      return false;
    }
    this.#address = address;
    this.#port = url.port;
    this.#trace.trying(address, url.port);
    const place = this.#source();
    if (typeof place === 'string') {
      this.#fail(CODES.bind, place);
      return false;
    }
    const connection = HttpConnection.open({
      kernel: machine.kernel,
      address,
      port: url.port,
      ...place,
      ...(url.scheme === 'https' ? { tls: this.#tls(url) } : {}),
      now: () => machine.now(),
    });
    if (typeof connection === 'string') {
      this.#trace.unconnected(url, address, { error: connection, atOnce: true });
      this.#failConnect(url);
      return false;
    }
    this.#connection = connection;
    return true;
  }

  /** -v: what went out, as soon as that is known. */
  #traceRequest(url: HttpUrl): void {
    const request = this.#request;
    if (request === undefined || this.#connection?.connectedAt === undefined) return;
    this.#request = undefined;
    if (this.#isNew && this.#address !== undefined) this.#trace.connected(url, this.#address);
    this.#trace.request(request);
  }

  #tls(url: HttpUrl): TlsClient {
    const random = tlsRandom(this.#io.machine, 'curl');
    const verify = !this.#options.flags.has('insecure');
    return { random, verify, ...(parseIp(url.host) === undefined ? { serverName: url.host } : {}) };
  }

  /** --interface: an address or a card. */
  #source(): { from?: { address: IpAddress }; link?: string } | string {
    const { from } = this.#options;
    if (from === undefined) return {};
    const address = parseIp(from);
    if (address !== undefined) return { from: { address } };
    if (this.#io.machine.kernel.link(from) === undefined) return `Couldn't bind to '${from}'`;
    return { link: from };
  }

  /** The fields in curl's order; those of -H replace or add. */
  #fields(url: HttpUrl): HeaderFields {
    const { headers, body } = this.#options;
    const own: [string, string][] = [
      ['Host', url.authority],
      ['User-Agent', 'curl/7.88.1'],
      ['Accept', '*/*'],
    ];
    if (body !== undefined) {
      own.push(['Content-Length', String(body.length)]);
      own.push(['Content-Type', 'application/x-www-form-urlencoded']);
    }
    const fields = own.map(([name, value]) => [name, fieldOf(headers, name) ?? value] as const);
    const added = headers.filter(([name]) => fieldOf(own, name) === undefined);
    return [...fields, ...added].filter(([, value]) => value !== '');
  }

  #arm(url: HttpUrl): void {
    const { timers } = this.#io.machine;
    const { maxTimeUs, connectTimeoutUs } = this.#options;
    const limit = Math.min(connectTimeoutUs, maxTimeUs ?? Number.MAX_SAFE_INTEGER);
    const connecting = timers.after(limit, () => {
      if (!this.#isNew || this.#connection?.connectedAt !== undefined) return;
      const where = `${url.host} port ${url.port} after ${this.#elapsedMs()} ms`;
      const isTotal = maxTimeUs !== undefined && maxTimeUs <= connectTimeoutUs;
      const text = isTotal
        ? `Connection timed out after ${this.#elapsedMs()} milliseconds`
        : `Failed to connect to ${where}: Timeout was reached`;
      this.#fail(CODES.timeout, text);
    });
    this.#cancels.push(() => connecting.cancel());
    if (maxTimeUs === undefined) return;
    const whole = timers.after(maxTimeUs, () => {
      const received = this.#connection?.receivedBytes ?? 0;
      const text = `Operation timed out after ${this.#elapsedMs()} milliseconds with ${received} bytes received`;
      this.#traceRequest(url);
      if (this.#connection?.connectedAt !== undefined) this.#fail(CODES.timeout, text);
    });
    this.#cancels.push(() => whole.cancel());
  }

  #finish(url: HttpUrl, outcome: HttpOutcome) {
    this.#traceRequest(url);
    if (outcome.kind === 'response') {
      this.#trace.response(outcome.response);
      this.#trace.done(url, this.#connection?.isIdle === true);
      this.#show(outcome.response, outcome.status);
      return;
    }
    if (!outcome.connected) {
      const how = { error: outcome.reason, atOnce: false };
      if (this.#address !== undefined) this.#trace.unconnected(url, this.#address, how);
      return this.#failConnect(url);
    }
    const tls = tlsComplaint(outcome.reason, url);
    if (tls !== undefined) return this.#fail(tls.code, tls.text, tls.more);
    switch (outcome.reason) {
      case 'empty-reply':
        return this.#fail(CODES.empty, 'Empty reply from server');
      case 'partial':
        return this.#fail(
          CODES.partial,
          outcome.missingBytes === undefined
            ? 'transfer closed with outstanding read data remaining'
            : `transfer closed with ${outcome.missingBytes} bytes remaining to read`,
        );
      case 'bad-response':
        return this.#fail(CODES.badResponse, 'Received HTTP/0.9 when not allowed');
      case 'ETIMEDOUT':
        return this.#fail(CODES.receive, 'Recv failure: Connection timed out');
      case 'EHOSTUNREACH':
        return this.#fail(CODES.receive, 'Recv failure: No route to host');
      default:
        return this.#fail(CODES.receive, 'Recv failure: Connection reset by peer');
    }
  }

  #show(response: HttpMessage, status: number): void {
    const { flags, output } = this.#options;
    this.#status = status;
    if (flags.has('fail') && status >= 400) {
      this.#fail(CODES.httpError, `The requested URL returned error: ${status}`);
      return;
    }
    this.#downloaded = response.body.length;
    const withHead = flags.has('include') || flags.has('head');
    const head = formatMessage(response.startLine.join(' ').trimEnd(), response.fields);
    const text = (withHead ? decodeUtf8(head) : '') + decodeUtf8(response.body);
    if (output === undefined || output === '-') this.#io.out(text);
    else if (output !== '/dev/null') this.#io.machine.writeFile(pathOf(output), encodeUtf8(text));
    this.#end(0);
  }

  #failConnect(url: HttpUrl): void {
    const where = `${url.host} port ${url.port} after ${this.#elapsedMs()} ms`;
    this.#fail(CODES.connect, `Failed to connect to ${where}: Couldn't connect to server`);
  }

  #fail(code: number, text: string, more = ''): void {
    if (this.#over) return;
    const { flags } = this.#options;
    if (this.#status === 0) this.#trace.failed(text);
    const isQuiet = flags.has('silent') && !flags.has('show-error');
    if (!isQuiet) this.#io.err(`curl: (${code}) ${text}\n${more}`);
    this.#end(code);
  }

  #end(code: number): void {
    if (this.#over) return;
    this.#over = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
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

  #next(url: string): void {
    if (this.#connection?.isIdle !== true) {
      this.#connection?.close();
      this.#connection = undefined;
    }
    this.#url = url;
    this.#startedAt = this.#io.machine.now();
    this.#status = 0;
    this.#downloaded = 0;
    this.#over = false;
    this.begin();
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
      ['exitcode', String(code)],
      ['method', this.#options.method],
    ]);
    return format
      .replace(/%\{([^}]*)\}/g, (_whole, name: string) => {
        const value = values.get(name);
        if (value === undefined) this.#io.err(`curl: unknown --write-out variable: '${name}'\n`);
        return value ?? '';
      })
      .replaceAll('\\n', '\n')
      .replaceAll('\\t', '\t')
      .replaceAll('\\r', '\r')
      .replaceAll('%%', '%');
  }

  #elapsedMs(): number {
    return Math.floor((this.#io.machine.now() - this.#startedAt) / 1000);
  }
}

function seconds(us: number): string {
  return `${Math.floor(us / 1_000_000)}.${String(us % 1_000_000).padStart(6, '0')}`;
}

/** The shell of the twin has no working directory: relative files are root's. */
function pathOf(file: string): string {
  return file.startsWith('/') ? file : `/root/${file}`;
}
