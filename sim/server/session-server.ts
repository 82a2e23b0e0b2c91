/**
 * A session for browsers on this machine: the built page over HTTP, the session over WebSocket, both with the checks of
 * `access.ts`. Several browsers see the same session. Time of the session is paced by this process's clock.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import sirv from 'sirv';
import { WebSocketServer } from 'ws';
import type { LiveSession } from '../session/live-session.ts';
import { LIMITS, SUBPROTOCOL } from '../session/protocol.ts';
import {
  type AccessRules,
  checkHost,
  checkOrigin,
  type Refusal,
  roleOfToken,
  SECURITY_HEADERS,
} from './access.ts';
import {
  ClientConnection,
  CONNECTION_LIMITS_DEFAULT,
  type ConnectionLimits,
} from './client-connection.ts';
import { MISSING_PAGE } from './missing-page.ts';

/** What a server is made of. */
export interface SessionServerOptions extends AccessRules {
  readonly session: LiveSession;
  /** Folder of the built page; absent: it was not built. */
  readonly uiFolder?: string;
  /** Addresses to listen on; the first one must succeed. */
  readonly addresses: readonly string[];
  /** 0: any free port. */
  readonly port: number;
  readonly clientsMax?: number;
  readonly limits?: Partial<ConnectionLimits>;
  /** Hears of bugs; the server goes on. */
  readonly onError: (error: unknown) => void;
}

/** A server that runs. */
export interface SessionServer {
  readonly port: number;
  /** Browsers that are connected now. */
  readonly connected: number;
  close(): Promise<void>;
}

const CLIENTS_MAX = 8;
/** Thirty frames a second. */
const TICK_MS = 33;
/** A turn of the session should take no longer, so that messages are answered quickly. */
const TURN_MS = 30;
/** Engine events of a turn; between these bounds as many as fit. */
const BUDGET_FIRST = 3000;
const BUDGET_MIN = 500;
const BUDGET_MAX = 60_000;
const PROBE_MS = 30_000;
const WS_PATH = '/ws';

/** Starts listening. Fails: the error of the first address (port taken, not allowed). */
export async function startSessionServer(options: SessionServerOptions): Promise<SessionServer> {
  const connections = new Set<ClientConnection>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.messageBytesMax,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: () => SUBPROTOCOL,
  });
  const page = pageHandler(options.uiFolder);
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const refusal = checkHost(request.headers, options) ?? checkMethod(request);
    if (refusal !== undefined) refuse(response, refusal);
    else page(request, response);
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const role = roleOfToken(request.headers, options.tokens);
    const refusal = checkUpgrade(request, options, connections.size);
    if (refusal !== undefined || role === undefined) {
      refuseUpgrade(socket, refusal ?? { status: 401, reason: 'the token is missing or wrong' });
      return;
    }
    sockets.handleUpgrade(request, socket, head, (websocket) => {
      const connection = new ClientConnection({
        socket: websocket,
        session: options.session,
        role,
        limits: { ...CONNECTION_LIMITS_DEFAULT, ...options.limits },
        onError: options.onError,
      });
      connections.add(connection);
      websocket.on('close', () => {
        connections.delete(connection);
        connection.end();
      });
    });
  };
  const { servers, port } = await listenAll(options, { onRequest, onUpgrade });
  const stopPacing = pace(options, connections);
  return {
    port,
    get connected() {
      return connections.size;
    },
    close: async () => {
      stopPacing();
      for (const client of sockets.clients) client.terminate();
      await Promise.all(
        servers.map((server) => new Promise((done) => server.close(() => done(undefined)))),
      );
    },
  };
}

interface Handlers {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** One server per address, all on the port that the first one got. */
async function listenAll(
  options: SessionServerOptions,
  handlers: Handlers,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  const servers: Server[] = [];
  let { port } = options;
  for (const [index, address] of options.addresses.entries()) {
    const server = createServer(handlers.onRequest);
    server.on('upgrade', handlers.onUpgrade);
    server.headersTimeout = 10_000;
    server.requestTimeout = 30_000;
    try {
      await listen(server, port, address);
    } catch (error) {
      // A machine without IPv6 has no ::1; the first address must be there.
      if (index === 0) throw error;
      continue;
    }
    servers.push(server);
    port = (server.address() as AddressInfo).port;
  }
  return { servers, port };
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, address, () => {
      server.off('error', fail);
      done();
    });
  });
}

/** Lets the session's time pass with the wall's. */
function pace(
  options: SessionServerOptions,
  connections: ReadonlySet<ClientConnection>,
): () => void {
  const { session, onError } = options;
  let last = performance.now();
  let budget = BUDGET_FIRST;
  let again: NodeJS.Immediate | undefined;
  const tick = () => {
    again = undefined;
    const now = performance.now();
    const elapsedUs = Math.round((now - last) * 1000);
    last = now;
    try {
      // A long jump goes on at once, but lets the network have its turn.
      if (session.advance(elapsedUs, budget)) again = setImmediate(tick);
      budget = nextBudget(budget, performance.now() - now);
    } catch (error) {
      session.playing = false;
      onError(error);
    }
    for (const connection of connections) connection.tick();
  };
  const timer = setInterval(() => {
    if (again === undefined) tick();
  }, TICK_MS);
  const prober = setInterval(() => {
    for (const connection of connections) connection.probe();
  }, PROBE_MS);
  return () => {
    clearInterval(timer);
    clearInterval(prober);
    if (again !== undefined) clearImmediate(again);
  };
}

/** Fewer events when a turn took too long, more when there was time left. */
function nextBudget(budget: number, tookMs: number): number {
  if (tookMs > TURN_MS) return Math.max(BUDGET_MIN, Math.round(budget * 0.7));
  if (tookMs < TURN_MS / 3) return Math.min(BUDGET_MAX, Math.round(budget * 1.2));
  return budget;
}

function checkMethod(request: IncomingMessage): Refusal | undefined {
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  return isReading ? undefined : { status: 405, reason: 'only GET' };
}

function checkUpgrade(
  request: IncomingMessage,
  options: SessionServerOptions,
  clients: number,
): Refusal | undefined {
  const refusal = checkHost(request.headers, options) ?? checkOrigin(request.headers);
  if (refusal !== undefined) return refusal;
  if (request.url !== WS_PATH) return { status: 404, reason: 'there is nothing here' };
  if (clients < (options.clientsMax ?? CLIENTS_MAX)) return undefined;
  return { status: 503, reason: 'too many browsers look at this session' };
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${refusal.reason}\n`);
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = `${refusal.reason}\n`;
  const head = `HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Type: text/plain`;
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** The built page, or a page that says how to build it. */
function pageHandler(
  folder: string | undefined,
): (request: IncomingMessage, response: ServerResponse) => void {
  if (folder === undefined) {
    return (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      response.end(MISSING_PAGE);
    };
  }
  const files = sirv(folder, { etag: true });
  return (request, response) => {
    files(request, response, () =>
      refuse(response, { status: 404, reason: 'there is no such file' }),
    );
  };
}
