/**
 * The only door to a session: messages out, messages in, and whether the door is open. Over a WebSocket here, over a Web
 * Worker in `worker-link.ts`; nothing else of the page knows which.
 */

import type { ClientMessage, ServerMessage } from '../../../sim/session/protocol.ts';

/** How the connection is. */
export type LinkStatus = 'connecting' | 'open' | 'closed';

/** What a link tells. */
export interface LinkListener {
  onMessage(message: ServerMessage): void;
  onStatus(status: LinkStatus, reason: string): void;
}

/** A connection to a session. */
export interface TwinLink {
  send(message: ClientMessage): void;
  close(): void;
  /** A link that carries a written scenario whole; `undefined` when it is too long. Static pages only. */
  share?(written: {
    readonly fileName: string;
    readonly text: string;
  }): Promise<string | undefined>;
}

/** Longest pause between two attempts to connect, ms. */
const RETRY_MS_MAX = 5_000;

/** Connects to the server that served the page, and again whenever the connection is lost. */
export function openSocketLink(
  address: { readonly url: string; readonly protocols: readonly string[] },
  listener: LinkListener,
): TwinLink {
  let socket: WebSocket | undefined;
  let closed = false;
  let pauseMs = 250;
  connect();
  return {
    send: (message) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    close: () => {
      closed = true;
      socket?.close();
    },
  };

  function connect(): void {
    listener.onStatus('connecting', '');
    socket = new WebSocket(address.url, [...address.protocols]);
    socket.onopen = () => {
      pauseMs = 250;
      listener.onStatus('open', '');
    };
    socket.onmessage = (event) => {
      if (typeof event.data === 'string') listener.onMessage(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      listener.onStatus('closed', event.reason);
      if (closed) return;
      setTimeout(connect, pauseMs);
      pauseMs = Math.min(RETRY_MS_MAX, pauseMs * 2);
    };
  }
}
