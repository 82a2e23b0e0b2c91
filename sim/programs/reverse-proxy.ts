/**
 * A reverse proxy as nginx is one: requests go by their longest matching prefix to a group of back ends, in
 * turn; one that cannot be reached is passed over for ten seconds (max_fails=1, fail_timeout=10s) and the next
 * one is asked; when none is left the client gets 502, after `timeout` 504.
 * Source: ngx_http_proxy_module (HTTP/1.0 and a new connection per request), ngx_http_upstream_module.
 */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { ProgramContext } from '../host/machine.ts';
import type { TcpHandlers, TcpSocket } from '../kernel/socket-api.ts';
import { HttpConnection, type HttpOutcome } from './http-client.ts';
import {
  fieldOf,
  formatMessage,
  type HeaderFields,
  type HttpMessage,
  HttpReader,
} from './http-message.ts';
import { errorPage, SERVER_NAME } from './http-pages.ts';
import { type HttpUrl, parseHttpUrl } from './http-url.ts';
import { keepsAlive, NginxProcess } from './nginx-process.ts';

/** Source: proxy_connect_timeout, proxy_read_timeout. */
const TIMEOUT_US = 60_000_000;
/** Source: fail_timeout of an upstream's server. */
const PASS_OVER_US = 10_000_000;
/** Fields of one connection, which are not passed on. Source: RFC 9110 section 7.6.1. */
const HOP_FIELDS = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade']);

interface BackEnd {
  readonly url: HttpUrl;
  /** Not asked before that moment. */
  downUntil: number;
}

interface Route {
  readonly prefix: string;
  readonly backEnds: readonly BackEnd[];
  next: number;
}

/** The proxy as a program: the options of `NginxProcess`, `routes`, `timeout`. */
export class ReverseProxy extends NginxProcess {
  readonly #routes: readonly Route[];
  readonly #timeoutUs: number;
  readonly #upstream = new Set<HttpConnection>();

  constructor(context: ProgramContext) {
    super(context);
    this.#routes = readRoutes(context.options['routes']);
    const { timeout } = context.options;
    this.#timeoutUs = typeof timeout === 'number' ? timeout : TIMEOUT_US;
  }

  override kill(): void {
    for (const connection of this.#upstream) connection.close();
    this.#upstream.clear();
    super.kill();
  }

  protected override serve(socket: TcpSocket): TcpHandlers {
    const reader = new HttpReader('request');
    const waiting: HttpMessage[] = [];
    const state = { busy: false, gone: false };
    const next = (): void => {
      const request = waiting.shift();
      if (request === undefined || state.gone) return;
      state.busy = true;
      this.#forward(socket, request, () => {
        state.busy = false;
        next();
      });
    };
    return {
      onData: (bytes) => {
        waiting.push(...reader.push(bytes));
        if (reader.fault !== undefined) {
          this.sendPage(socket, errorPage(400), undefined);
          return;
        }
        if (!state.busy) next();
      },
      onClosed: () => {
        state.gone = true;
        this.service.end(socket);
      },
      onError: () => {
        state.gone = true;
      },
    };
  }

  /** Asks back ends until one answers. */
  #forward(socket: TcpSocket, request: HttpMessage, onDone: () => void): void {
    const route = routeOf(this.#routes, request.startLine[1]);
    if (route === undefined) {
      this.sendPage(socket, errorPage(404), request);
      onDone();
      return;
    }
    const left = this.#inTurn(route);
    const tryNext = (): void => {
      const backEnd = left.shift();
      if (backEnd === undefined) {
        this.sendPage(socket, errorPage(502), request);
        onDone();
        return;
      }
      this.#ask(backEnd, route, request, (outcome) => {
        if (outcome === 'timed-out') {
          this.sendPage(socket, errorPage(504), request);
          onDone();
        } else if (outcome.kind === 'response') {
          this.#pass(socket, request, outcome.response);
          onDone();
        } else {
          backEnd.downUntil = this.context.machine.now() + PASS_OVER_US;
          tryNext();
        }
      });
    };
    tryNext();
  }

  /** The back ends in the order of this request's turn; those that failed lately only when all did. */
  #inTurn(route: Route): BackEnd[] {
    const now = this.context.machine.now();
    const { backEnds } = route;
    const turned = backEnds.map(
      (_each, i) => backEnds[(route.next + i) % backEnds.length] as BackEnd,
    );
    const up = turned.filter((each) => each.downUntil <= now);
    const chosen = up.length > 0 ? up : turned;
    const first = chosen[0];
    if (first !== undefined) route.next = (backEnds.indexOf(first) + 1) % backEnds.length;
    return chosen;
  }

  #ask(
    backEnd: BackEnd,
    route: Route,
    request: HttpMessage,
    onOutcome: (outcome: HttpOutcome | 'timed-out') => void,
  ) {
    const { machine } = this.context;
    const { url } = backEnd;
    const refused: HttpOutcome = { kind: 'failed', connected: false, reason: 'EHOSTUNREACH' };
    const address: IpAddress | undefined = machine.resolve(url.host)[0];
    if (address === undefined) return onOutcome(refused);
    const now = () => machine.now();
    const { kernel } = machine;
    const connection = HttpConnection.open({ kernel, address, port: url.port, now });
    if (typeof connection === 'string') return onOutcome(refused);
    this.#upstream.add(connection);
    const finish = (outcome: HttpOutcome | 'timed-out'): void => {
      this.#upstream.delete(connection);
      connection.close();
      this.service.run(() => onOutcome(outcome));
    };
    const cancel = this.service.after(this.#timeoutUs, () => finish('timed-out'));
    const [method, target] = request.startLine;
    connection.send(
      {
        method,
        target: rewritten(target, route.prefix, url.target),
        version: 'HTTP/1.0',
        fields: passedFields(request.fields, url),
        body: request.body,
      },
      (outcome) => {
        cancel();
        finish(outcome);
      },
    );
  }

  #pass(socket: TcpSocket, request: HttpMessage, response: HttpMessage): void {
    const keepAlive = keepsAlive(request);
    const kept = response.fields.filter(([name]) => {
      const lower = name.toLowerCase();
      return !HOP_FIELDS.has(lower) && lower !== 'server' && lower !== 'transfer-encoding';
    });
    const fields: [string, string][] = [
      ['Server', SERVER_NAME],
      ...kept.map(([n, v]) => [n, v] as [string, string]),
    ];
    if (fieldOf(kept, 'Content-Length') === undefined) {
      fields.push(['Content-Length', String(response.body.length)]);
    }
    fields.push(['Connection', keepAlive ? 'keep-alive' : 'close']);
    const [, status, reason] = response.startLine;
    socket.send(formatMessage(`HTTP/1.1 ${status} ${reason}`.trimEnd(), fields, response.body));
    if (!keepAlive) this.service.end(socket);
  }
}

/** The route of the longest prefix. */
function routeOf(routes: readonly Route[], target: string): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    const longer = best === undefined || route.prefix.length > best.prefix.length;
    if (longer && target.startsWith(route.prefix)) best = route;
  }
  return best;
}

/** What proxy_pass with a path does: the prefix is replaced by it; without one the target is kept. */
function rewritten(target: string, prefix: string, path: string): string {
  return path === '' ? target : path + target.slice(prefix.length);
}

function passedFields(fields: HeaderFields, url: HttpUrl): HeaderFields {
  const kept = fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_FIELDS.has(lower) && lower !== 'host';
  });
  return [['Host', url.authority], ['Connection', 'close'], ...kept];
}

/** Routes as the scenario's reader hands them over: `to` is a URL or a list of URLs. */
function readRoutes(given: unknown): readonly Route[] {
  if (!Array.isArray(given)) return [];
  return given.map((each: { prefix?: unknown; to?: unknown }) => {
    const list: readonly unknown[] = Array.isArray(each.to) ? each.to : [each.to];
    const backEnds = list.flatMap((text) => backEndOf(text));
    return { prefix: typeof each.prefix === 'string' ? each.prefix : '/', backEnds, next: 0 };
  });
}

/** A URL that ends behind its port has no path of its own. */
function backEndOf(text: unknown): readonly BackEnd[] {
  if (typeof text !== 'string') return [];
  const url = parseHttpUrl(text);
  if (url === undefined || url === 'unsupported-scheme') return [];
  const hasPath = /^(?:[a-z]+:\/\/)?[^/]+\//i.test(text);
  return [{ url: hasPath ? url : { ...url, target: '' }, downUntil: 0 }];
}
