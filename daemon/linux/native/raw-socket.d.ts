/**
 * What we use of raw-socket 1.8.1, which ships no types. Main thread only: the addon does not load in worker
 * threads. Its errors carry a message ("Operation not permitted") and no code.
 */
declare module 'raw-socket' {
  import type { EventEmitter } from 'node:events';

  export interface Socket extends EventEmitter {
    /** `message` is a view of the socket's one buffer: valid only until the handler returns. */
    on(event: 'message', listener: (message: Buffer, source: string) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'close', listener: () => void): this;
    /** Queued; `afterCallback` follows when the kernel has taken it, in order. */
    send(
      buffer: Buffer,
      offset: number,
      length: number,
      address: string,
      afterCallback: (error: Error | null, bytes: number) => void,
    ): this;
    /** setsockopt(2) with a C int, or with `length` octets of a buffer. */
    setOption(level: number, option: number, value: number): void;
    setOption(level: number, option: number, value: Buffer, length: number): void;
    pauseRecv(): this;
    close(): this;
  }

  export function createSocket(options: {
    readonly addressFamily: number;
    readonly protocol: number;
    readonly bufferSize?: number;
  }): Socket;

  export const AddressFamily: { readonly IPv4: number; readonly IPv6: number };
}
