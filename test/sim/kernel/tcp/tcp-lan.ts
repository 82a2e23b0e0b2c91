/** Two or more kernels on a switch with what tests of TCP need: readable segments and recorded handlers. */

import { addressSum } from '../../../../daemon/wire/checksum.ts';
import { readIpv4Destination, readIpv4Source } from '../../../../daemon/wire/ipv4.ts';
import {
  decodeTcp,
  TCP_ACK,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  type TcpSegment,
} from '../../../../daemon/wire/tcp.ts';
import { decodeLatin1, encodeAscii } from '../../../../daemon/wire/text.ts';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import type {
  TcpConnectOptions,
  TcpHandlers,
  TcpListener,
  TcpListenOptions,
  TcpSocket,
} from '../../../../sim/kernel/socket-api.ts';
import { ip, makeSmallLan, type SmallLan } from '../small-lan.ts';

export { ip, makeSmallLan, type SmallLan };

/** A connection with everything that was told about it. */
export interface Recorded {
  socket: TcpSocket;
  readonly events: string[];
  /** Everything received, as text. */
  text: string;
  readonly handlers: TcpHandlers;
}

export function recorder(react: Partial<TcpHandlers> = {}): Recorded {
  const recorded: Recorded = {
    socket: undefined as unknown as TcpSocket,
    events: [],
    text: '',
    handlers: {
      onConnected() {
        recorded.events.push('connected');
        react.onConnected?.();
      },
      onData(bytes) {
        recorded.text += decodeLatin1(bytes);
        react.onData?.(bytes);
      },
      onClosed() {
        recorded.events.push('closed');
        react.onClosed?.();
      },
      onError(error) {
        recorded.events.push(error);
        react.onError?.(error);
      },
    },
  };
  return recorded;
}

export function connect(
  kernel: Kernel,
  to: string,
  port: number,
  options: Partial<TcpConnectOptions> & { react?: Partial<TcpHandlers> } = {},
): Recorded {
  const { react, ...rest } = options;
  const recorded = recorder(react);
  const socket = kernel.connectTcp({ address: ip(to), port, handlers: recorded.handlers, ...rest });
  if (typeof socket === 'string') throw new Error(socket);
  recorded.socket = socket;
  return recorded;
}

/** Listens and records each connection; `react` gets the connection's record. */
export function serve(
  kernel: Kernel,
  port: number,
  react: (own: Recorded) => Partial<TcpHandlers> = () => ({}),
  options: Partial<TcpListenOptions> = {},
): { readonly listener: TcpListener; readonly accepted: Recorded[] } {
  const accepted: Recorded[] = [];
  const listener = kernel.listenTcp({
    family: 'inet',
    port,
    onAccept(socket) {
      const own: Recorded = recorder({
        onData: (bytes) => reactions.onData?.(bytes),
        onClosed: () => reactions.onClosed?.(),
        onError: (error) => reactions.onError?.(error),
      });
      const reactions = react(own);
      own.socket = socket;
      accepted.push(own);
      return own.handlers;
    },
    ...options,
  });
  if (typeof listener === 'string') throw new Error(listener);
  return { listener, accepted };
}

export const bytes = (text: string): Uint8Array => encodeAscii(text);

/** A segment in a frame, checked. */
export function segmentOf(frame: Uint8Array): TcpSegment | undefined {
  if (frame[12] !== 8 || frame[13] !== 0 || frame[23] !== 6) return undefined;
  const sum = addressSum(readIpv4Source(frame, 14), readIpv4Destination(frame, 14));
  const end = 14 + ((frame[16] as number) << 8) + (frame[17] as number);
  const segment = decodeTcp(frame, 34, end, sum);
  if (typeof segment === 'string') throw new Error(segment);
  return segment;
}

export function flagsText(flags: number): string {
  const letters: [number, string][] = [
    [TCP_SYN, 'S'],
    [TCP_FIN, 'F'],
    [TCP_RST, 'R'],
    [TCP_PSH, 'P'],
    [TCP_ACK, '.'],
  ];
  return letters.map(([bit, letter]) => ((flags & bit) === 0 ? '' : letter)).join('');
}

/** What a host sent, one line per segment: `S`, `P. 5` (flags and payload octets). */
export function sentBy(lan: SmallLan, host: string): string[] {
  return segmentsOf(lan, host).map(({ segment }) => describe(segment));
}

export function segmentsOf(
  lan: SmallLan,
  host?: string,
): { readonly at: number; readonly from: string; readonly segment: TcpSegment }[] {
  return lan.frames.flatMap(({ at, from, frame }) => {
    const segment = host === undefined || from === host ? segmentOf(frame) : undefined;
    return segment === undefined ? [] : [{ at, from, segment }];
  });
}

/** Everybody's segments in order, with their sender. */
export function exchange(lan: SmallLan): string[] {
  return segmentsOf(lan).map(({ from, segment }) => `${from} ${describe(segment)}`);
}

function describe(segment: TcpSegment): string {
  const length = segment.payload.length;
  return `${flagsText(segment.flags)}${length === 0 ? '' : ` ${length}`}`;
}

/** Two hosts 10.0.0.1 and 10.0.0.2. */
export function pair(options: { readonly sysctl?: Record<string, string>; seed?: number } = {}): {
  lan: SmallLan;
  a: Kernel;
  b: Kernel;
} {
  const lan = makeSmallLan(options.seed ?? 1);
  const sysctl = options.sysctl ?? {};
  const a = lan.addHost('a', { address: '10.0.0.1/24', sysctl });
  const b = lan.addHost('b', { address: '10.0.0.2/24', sysctl });
  return { lan, a, b };
}
