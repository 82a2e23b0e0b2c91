/**
 * Which TCP segments are retransmissions, as Wireshark's `tcp.analysis.retransmission` says it. A session sees every frame
 * on every cable, so the same segment seen again is not enough: it must have been sent again by the same card. The copies
 * that routers and directors make of a retransmission are retransmissions too (Nos. 2680 and 2681 of the fifth article).
 */

import { readUint16, readUint32 } from '../../daemon/wire/integers.ts';
import { readMac } from '../../daemon/wire/mac-address.ts';
import { tcpHeaderLength } from '../../daemon/wire/tcp.ts';

const SOURCE_MAC_AT = 6;
const IPV4_LENGTH_AT = 16;
const IPV4_ID_AT = 18;
const IPV6_PAYLOAD_LENGTH_AT = 18;
const IPV6_HEADER_END = 54;
const ETHERTYPE_IPV4 = 0x0800;
const SYN_OR_FIN = 0x03;

/** What one card has sent of one direction of a conversation: the sequence number behind everything. */
interface SentBy {
  next: number;
}

/** Conversations times cards that are remembered; at the limit all are forgotten, and new ones learned. */
const MEMORY_MAX = 200_000;

/** The memory of one session. */
export class TcpRepeats {
  /** By conversation, direction and source MAC address. */
  readonly #sent = new Map<string, SentBy>();
  /** By conversation and direction: the last retransmissions' identification and sequence number. */
  readonly #repeated = new Map<string, string>();
  /** A switch hands one buffer on: what was said of it holds on every cable. */
  readonly #known = new WeakMap<Uint8Array, boolean>();

  /** Whether a frame, whose TCP header is at `at`, is a retransmission in conversation `stream`. */
  look(frame: Uint8Array, at: number, stream: number): boolean {
    const length = segmentLength(frame, at);
    if (length === 0) return false;
    const known = this.#known.get(frame);
    if (known !== undefined) return known;
    const direction = `${stream} ${readUint16(frame, at)}`;
    const sequence = readUint32(frame, at + 4);
    const identity = `${identification(frame)} ${sequence}`;
    const sender = `${direction} ${readMac(frame, SOURCE_MAC_AT)}`;
    const end = (sequence + length) >>> 0;
    const sent = this.#sent.get(sender);
    const isAgain = sent !== undefined && (sent.next - end) >> 0 >= 0;
    if (sent === undefined) this.#remember(sender, end);
    else if (!isAgain) sent.next = end;
    if (isAgain) this.#repeated.set(direction, identity);
    const isRepeated = isAgain || this.#repeated.get(direction) === identity;
    this.#known.set(frame, isRepeated);
    return isRepeated;
  }

  #remember(sender: string, next: number): void {
    if (this.#sent.size >= MEMORY_MAX) {
      this.#sent.clear();
      this.#repeated.clear();
    }
    this.#sent.set(sender, { next });
  }
}

/** Octets of payload, and one for SYN and FIN each. */
function segmentLength(frame: Uint8Array, at: number): number {
  const flags = (frame[at + 13] as number) & SYN_OR_FIN;
  const isIpv4 = readUint16(frame, 12) === ETHERTYPE_IPV4;
  const end = isIpv4
    ? 14 + readUint16(frame, IPV4_LENGTH_AT)
    : IPV6_HEADER_END + readUint16(frame, IPV6_PAYLOAD_LENGTH_AT);
  const payload = Math.max(0, end - at - tcpHeaderLength(frame, at));
  return payload + (flags & 1) + (flags >> 1);
}

/** IPv6 has none; there only the card's own retransmissions are known. */
function identification(frame: Uint8Array): number {
  return readUint16(frame, 12) === ETHERTYPE_IPV4 ? readUint16(frame, IPV4_ID_AT) : -1;
}
