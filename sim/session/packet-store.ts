/**
 * The frames that a session keeps: a ring in the order of sending, over all cables. Numbers count from 1 and are the
 * same in every replay; the oldest frames go first when there are more than the stated maximum, and are counted.
 */

import { readUint16, readUint32 } from '../../daemon/wire/integers.ts';
import { tcpHeaderLength } from '../../daemon/wire/tcp.ts';
import type { FrameChange, LossReason } from '../lan/lan-api.ts';
import { TcpRepeats } from './tcp-repeats.ts';

/** One frame on one cable. */
export interface PacketRecord {
  readonly id: number;
  readonly at: number;
  /** Index into the LAN's cables. */
  readonly cable: number;
  readonly fromEnd: 'a' | 'b';
  readonly frame: Uint8Array;
  lost?: LossReason;
  /** Index of the run log's event that broke the cable. */
  cause?: number;
  readonly change?: FrameChange;
  readonly arrivesAt?: number;
  readonly stream?: number;
  /** A TCP retransmission. */
  readonly repeated?: true;
}

/** What the store is given; number, stream and what follows from it are its own. */
export type NewPacket = Omit<PacketRecord, 'id' | 'stream' | 'repeated'>;

/** How far back a frame that is lost late is looked for. */
const LATE_SEARCH_MAX = 5000;
/** Conversations that are told apart; later ones share the last number. */
const STREAMS_MAX = 65_536;

const SYN_ONLY = 0x02;
const SYN_AND_ACK = 0x12;

/** The ring; see the head of the file. */
export class PacketStore {
  #limit: number;
  #records: PacketRecord[] = [];
  /** Frames that were given up. */
  omitted = 0;
  readonly #streams = new Map<string, { readonly index: number; readonly firstSequence: number }>();
  #streamCount = 0;
  readonly #repeats = new TcpRepeats();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Frames ever seen. */
  get total(): number {
    return this.omitted + this.#records.length;
  }

  /** Number of the oldest frame that is kept. */
  get firstId(): number {
    return this.omitted + 1;
  }

  /** Adds one frame. */
  add(packet: NewPacket): PacketRecord {
    const record: PacketRecord = { id: this.total + 1, ...packet, ...this.#tcpFacts(packet.frame) };
    this.#records.push(record);
    // Given up in one go, so that a full ring does not move its memory with every frame.
    if (this.#records.length > this.#limit * 1.25) {
      const surplus = this.#records.length - this.#limit;
      this.#records = this.#records.slice(surplus);
      this.omitted += surplus;
    }
    return record;
  }

  /**
   * Keeps more from now on, and takes what it gave up before from a store of the same branch that is further on: what
   * happened is the same in both.
   */
  widen(limit: number, older: PacketStore): void {
    this.#limit = limit;
    const first = Math.max(older.firstId, this.total - limit + 1);
    if (first >= this.firstId || older.total < this.omitted) return;
    const from = first - older.firstId;
    const more = older.#records.slice(from, from + this.firstId - first);
    this.omitted = first - 1;
    this.#records = [...more, ...this.#records];
  }

  /** The frame with that number; `undefined` when it is not kept. */
  get(id: number): PacketRecord | undefined {
    return this.#records[id - this.firstId];
  }

  /** Corrects a frame that was on its way when the carrier went. */
  markLost(
    what: { readonly frame: Uint8Array; readonly cable: number; readonly fromEnd: 'a' | 'b' },
    lost: LossReason,
    cause: number | undefined,
  ): PacketRecord | undefined {
    const last = this.#records.length - 1;
    for (let i = last; i >= 0 && i > last - LATE_SEARCH_MAX; i--) {
      const record = this.#records[i];
      const isIt =
        record?.frame === what.frame &&
        record.cable === what.cable &&
        record.fromEnd === what.fromEnd;
      if (record === undefined || !isIt) continue;
      record.lost = lost;
      if (cause !== undefined) record.cause = cause;
      return record;
    }
    return undefined;
  }

  /** Every kept frame that is the same buffer, in order: one frame on its way through switches. */
  sameFrame(record: PacketRecord): readonly PacketRecord[] {
    const center = record.id - this.firstId;
    const from = Math.max(0, center - LATE_SEARCH_MAX);
    const near = this.#records.slice(from, center + LATE_SEARCH_MAX);
    return near.filter((one) => one.frame === record.frame);
  }

  #tcpFacts(frame: Uint8Array): Pick<PacketRecord, 'stream' | 'repeated'> {
    const at = tcpOffset(frame);
    if (at === undefined) return {};
    const stream = this.#streamOf(frame, at);
    return this.#repeats.look(frame, at, stream) ? { stream, repeated: true } : { stream };
  }

  /** Number of the TCP conversation of a frame; a new first SYN between the same ports begins a new one. */
  #streamOf(frame: Uint8Array, at: number): number {
    const key = conversationKey(frame, at);
    const flags = (frame[at + 13] as number) & SYN_AND_ACK;
    const sequence = readUint32(frame, at + 4);
    const known = this.#streams.get(key);
    const begins = flags === SYN_ONLY && known?.firstSequence !== sequence;
    if (known !== undefined && !begins) return known.index;
    const index = Math.min(this.#streamCount, STREAMS_MAX - 1);
    this.#streamCount++;
    this.#streams.set(key, { index, firstSequence: flags === SYN_ONLY ? sequence : -1 });
    return index;
  }
}

/** Where the TCP header of an IPv4 or IPv6 frame stands; no extension headers, no fragments but the first. */
export function tcpOffset(frame: Uint8Array): number | undefined {
  if (frame.length < 54) return undefined;
  const type = readUint16(frame, 12);
  let at: number;
  if (type === 0x0800) {
    if (frame[23] !== 6 || (readUint16(frame, 20) & 0x1fff) !== 0) return undefined;
    at = 14 + ((frame[14] as number) & 0x0f) * 4;
  } else if (type === 0x86dd) {
    if (frame[20] !== 6) return undefined;
    at = 54;
  } else return undefined;
  return frame.length >= at + 20 && tcpHeaderLength(frame, at) >= 20 ? at : undefined;
}

/** Both ends of a conversation, the smaller one first. */
function conversationKey(frame: Uint8Array, at: number): string {
  const size = readUint16(frame, 12) === 0x0800 ? 4 : 16;
  const addresses = size === 4 ? 26 : 22;
  const source = frame.subarray(addresses, addresses + size).join('.');
  const destination = frame.subarray(addresses + size, addresses + 2 * size).join('.');
  const from = `${source}:${readUint16(frame, at)}`;
  const to = `${destination}:${readUint16(frame, at + 2)}`;
  return from < to ? `${from} ${to}` : `${to} ${from}`;
}
