/** A real server on loopback over a scenario of the repository, and clients as a browser makes them. */

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { type AccessTokens, newTokens } from '../../../sim/server/access.ts';
import type { ConnectionLimits } from '../../../sim/server/client-connection.ts';
import { type SessionServer, startSessionServer } from '../../../sim/server/session-server.ts';
import { LiveSession } from '../../../sim/session/live-session.ts';
import type { ClientMessage, ServerMessage } from '../../../sim/session/protocol.ts';
import { scenarioOf, THREE_SERVERS } from '../session/session-kit.ts';

export interface TestServer {
  readonly server: SessionServer;
  readonly session: LiveSession;
  readonly tokens: AccessTokens;
  readonly errors: unknown[];
}

export async function startTestServer(
  options: { readonly limits?: Partial<ConnectionLimits>; readonly clientsMax?: number } = {},
): Promise<TestServer> {
  const session = new LiveSession({
    application: 'lantwin test',
    scenarios: [{ id: 'one', name: 'one', group: '' }],
    load: () => ({ scenario: scenarioOf(THREE_SERVERS), problems: [] }),
  });
  session.openScenario('one');
  const tokens = newTokens();
  const errors: unknown[] = [];
  const server = await startSessionServer({
    session,
    tokens,
    allowedHosts: ['twin.example'],
    addresses: ['127.0.0.1'],
    port: 0,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { server, session, tokens, errors };
}

/** What a plain HTTP request is answered. */
export function fetchPage(
  port: number,
  how: {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: IncomingHttpHeaders;
  } = {},
): Promise<{
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}> {
  return new Promise((done, fail) => {
    const { path = '/', method = 'GET', headers = {} } = how;
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    request.on('error', fail);
    request.end();
  });
}

export class TestClient {
  readonly heard: ServerMessage[] = [];
  readonly socket: WebSocket;
  closed: { readonly code: number } | undefined;
  readonly #waiting: {
    readonly is: (message: ServerMessage) => boolean;
    readonly done: (message: ServerMessage) => void;
  }[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      this.heard.push(message);
      for (const one of [...this.#waiting]) {
        if (!one.is(message)) continue;
        this.#waiting.splice(this.#waiting.indexOf(one), 1);
        one.done(message);
      }
    });
    socket.on('close', (code) => {
      this.closed = { code };
    });
    socket.on('error', () => {});
  }

  send(message: ClientMessage | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message that is wanted. */
  hear<T extends ServerMessage['type']>(
    type: T,
    is: (message: Extract<ServerMessage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    return new Promise((done) => {
      this.#waiting.push({
        is: (message) =>
          message.type === type && is(message as Extract<ServerMessage, { type: T }>),
        done: done as (message: ServerMessage) => void,
      });
    });
  }

  /** The code with which the server ended the connection. */
  ended(): Promise<number> {
    if (this.closed !== undefined) return Promise.resolve(this.closed.code);
    return new Promise((done) => this.socket.on('close', done));
  }
}

/** Connects; fails with the HTTP status of a refusal. */
export function connect(
  port: number,
  how: {
    readonly token?: string;
    readonly origin?: string;
    readonly host?: string;
    readonly path?: string;
  },
): Promise<TestClient> {
  const protocols = ['lantwin.v1', ...(how.token === undefined ? [] : [`token.${how.token}`])];
  const socket = new WebSocket(`ws://127.0.0.1:${port}${how.path ?? '/ws'}`, protocols, {
    ...(how.origin === undefined ? {} : { origin: how.origin }),
    headers: how.host === undefined ? {} : { host: how.host },
  });
  return new Promise((done, fail) => {
    const client = new TestClient(socket);
    socket.on('open', () => done(client));
    socket.on('unexpected-response', (_request, response) => {
      fail(new Error(`refused with ${response.statusCode}`));
      socket.terminate();
    });
    socket.on('error', fail);
  });
}

/** A connection that has said hello and was welcomed. */
export async function join(port: number, token: string): Promise<TestClient> {
  const client = await connect(port, { token, origin: `http://127.0.0.1:${port}` });
  const welcome = client.hear('welcome');
  client.send({ type: 'hello', version: 1 });
  await welcome;
  return client;
}
