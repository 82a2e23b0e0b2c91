/** Two routers of one VRID with a BFD session between them, in virtual time; text as users write it. */

import { type BfdPacket, decodeBfd } from '../../../daemon/wire/bfd.ts';
import { type FakeHost, FakeLan, s } from '../core/fake-system.ts';
import { boot, conf } from '../core/keywords/keyword-lab.ts';

/** What differs from two default sessions that VRRP does not track. */
export interface PairOptions {
  /** Lines of `bfd_instance` on n1; and on n2, the same without. */
  readonly one?: string;
  readonly two?: string;
  /** Lines of the instance of n1. */
  readonly instance?: string;
  readonly priorities?: readonly [number, number];
  /** Routers between the two. */
  readonly hops?: number;
  /** Nothing arrives, from the beginning. */
  readonly cut?: boolean;
}

/** A lab of two. */
export interface Pair {
  readonly lan: FakeLan;
  readonly n1: FakeHost;
  readonly n2: FakeHost;
}

/** The whole text of one side; also for a reload. */
export function textOf(number: 1 | 2, options: PairOptions): string {
  const [own, peer] = number === 1 ? [11, 12] : [12, 11];
  const lines = number === 1 ? (options.one ?? '') : (options.two ?? options.one ?? '');
  const [first = 150, second = 100] = options.priorities ?? [];
  return conf({
    priority: number === 1 ? first : second,
    blocks: `bfd_instance peer {
      neighbor_ip 192.168.100.${peer}
      source_ip 192.168.100.${own}
      ${lines}
    }`,
    instance: number === 1 ? (options.instance ?? '') : '',
  });
}

/** Both started at 0. */
export function startPair(options: PairOptions = {}): Pair {
  const lan = new FakeLan();
  lan.hops = options.hops ?? 0;
  if (options.cut === true) lan.losesDatagrams = () => true;
  const n1 = lan.host('n1', 11);
  const n2 = lan.host('n2', 12);
  boot(n1, textOf(1, options));
  boot(n2, textOf(2, options));
  return { lan, n1, n2 };
}

/** When a line with this text was said (µs), each time. */
export function saidAt(host: FakeHost, text: string): number[] {
  return host.timed.filter((line) => line.text.includes(text)).map((line) => line.at);
}

/** Packets that a host sent from `from` to `until` (µs). */
export function packets(
  lan: FakeLan,
  host: string,
  from = 0,
  until = Number.POSITIVE_INFINITY,
): { readonly at: number; readonly packet: BfdPacket }[] {
  return lan.datagrams.flatMap(({ at, host: sender, bytes }) => {
    const packet = decodeBfd(bytes, 0, bytes.length);
    if (typeof packet === 'string') throw new Error(packet);
    return sender === host && at >= from && at < until ? [{ at, packet }] : [];
  });
}

/** Distances between the packets of a host, µs. */
export function gaps(lan: FakeLan, host: string, from: number, until: number): number[] {
  const times = packets(lan, host, from, until).map((sent) => sent.at);
  return times.slice(1).map((at, index) => at - (times[index] ?? 0));
}

export { s };
