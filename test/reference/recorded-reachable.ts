/**
 * How long the director of a checkers' recording took a neighbour for reachable: a time that every kernel draws for itself
 * (`neigh_rand_reach_time`, 15 to 45 s), like the phases of first checks. With a silent server it decides when attempts end by
 * EHOSTUNREACH in place of their time-out, and so it is read from the capture: from the moments of the first probes by ARP.
 */

import { readUint16 } from '../../daemon/wire/integers.ts';
import { formatIp } from '../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readCapture } from '../../sim/report/pcap-read.ts';
import type { Timeline } from '../daemon/check/timeline.ts';

/** From the packet that finds an entry stale to the first probe: delay_first_probe_time, and what its timer is late. */
const DELAY_S = 5;
const LATE_S = 0.3;
/** Probes of one series follow each other within that time. */
const SERIES_S = 3;
/** Bounds of the draw. */
const [LEAST_S, MOST_S] = [15, 45];
const TCP = 6;
const RST = 4;

/** What the director sent to a server, or heard from it, in seconds of the capture. */
interface Neighbour {
  readonly sent: number[];
  /** Confirmations: answers to ARP, and what was sent behind a segment of TCP. */
  readonly confirmed: number[];
  readonly probed: number[];
  /** The director's port of the connection that heard something last. */
  heardBy: number | undefined;
}

/** Between which two times (s) the reachable time was. */
export function recordedReachable(timeline: Timeline, number: string): readonly [number, number] {
  if (timeline.capture === undefined || number !== '1') return [LEAST_S, MOST_S];
  const neighbours = readNeighbours(timeline.capture, `10.10.0.25${number}`).values();
  let [least, most] = [LEAST_S, MOST_S];
  for (const [from, to] of [...neighbours].flatMap(boundsOf)) {
    // A kernel draws anew now and then: what does not fit is of another draw.
    if (from >= most || to <= least) continue;
    [least, most] = [Math.max(least, from), Math.min(most, to)];
  }
  return [least, most];
}

/** What each confirmation was good for: up to the packet that led to a probe, or at least as long as none did. */
function boundsOf({ sent, confirmed, probed }: Neighbour): (readonly [number, number])[] {
  return confirmed.map((from, index) => {
    const next = confirmed[index + 1] ?? Number.POSITIVE_INFINITY;
    const probe = probed.find((at, place) => at > from && at - (probed[place - 1] ?? 0) > SERIES_S);
    const uses = sent.filter((at) => at > from && at < next);
    if (probe === undefined || probe > next) {
      const trusted = uses.findLast((at) => at < next - DELAY_S - LATE_S) ?? from;
      const isOpen = next === Number.POSITIVE_INFINITY;
      return [isOpen ? 0 : trusted - from, MOST_S];
    }
    const trigger = uses.findLast((at) => at <= probe - DELAY_S) ?? probe - DELAY_S;
    const before = uses.findLast((at) => at < trigger) ?? from;
    return [before - from, trigger - from];
  });
}

function readNeighbours(file: Uint8Array, director: string): Map<string, Neighbour> {
  const neighbours = new Map<string, Neighbour>();
  const neighbour = (address: string): Neighbour => {
    const known = neighbours.get(address);
    if (known !== undefined) return known;
    const made = { sent: [], confirmed: [], probed: [], heardBy: undefined };
    neighbours.set(address, made);
    return made;
  };
  for (const { timeUs, bytes } of readCapture(file).packets) {
    const at = timeUs / 1e6;
    const type = readUint16(bytes, 12);
    const isArp = type === 0x0806 && bytes.length >= 42;
    if (!isArp && (type !== 0x0800 || bytes.length < 34)) continue;
    const [from, to] = [readIpv4(bytes, isArp ? 28 : 26), readIpv4(bytes, isArp ? 38 : 30)].map(
      formatIp,
    );
    if (from === undefined || to === undefined) continue;
    if (from === director) takeSent(neighbour(to), { at, bytes, isArp });
    else if (to === director) takeHeard(neighbour(from), { at, bytes, isArp });
  }
  return neighbours;
}

type Packet = { readonly at: number; readonly bytes: Uint8Array; readonly isArp: boolean };

function takeSent(neighbour: Neighbour, { at, bytes, isArp }: Packet): void {
  const isUnicast = ((bytes[0] ?? 0) & 1) === 0;
  if (isArp) {
    if (isUnicast && bytes[21] === 1) neighbour.probed.push(at);
    return;
  }
  neighbour.sent.push(at);
  // A connection's next segment brings what it heard to the entry; a reset proves nothing.
  const isSame = bytes[23] === TCP && readUint16(bytes, 34) === neighbour.heardBy;
  if (isSame) neighbour.confirmed.push(at);
  if (isSame) neighbour.heardBy = undefined;
}

function takeHeard(neighbour: Neighbour, { at, bytes, isArp }: Packet): void {
  if (isArp) {
    if (bytes[21] === 2) neighbour.confirmed.push(at);
  } else if (bytes[23] === TCP && ((bytes[47] ?? 0) & RST) === 0) {
    neighbour.heardBy = readUint16(bytes, 36);
  }
}
