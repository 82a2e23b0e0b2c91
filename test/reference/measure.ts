/**
 * Turns an observation into the things that are compared: runs of adverts, bursts of gratuitous ARP, takeovers counted
 * from whatever last restarted the timer. The same code measures the recording and the twin.
 */

import {
  ETHERNET_HEADER_LENGTH,
  readEtherType,
  readSourceMac,
} from '../../daemon/wire/ethernet.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import {
  isAdvert,
  type Observation,
  type Recording,
  type Seconds,
  type SeenFrame,
  type Transition,
} from './recording.ts';

/** One advert with the fields that tell runs apart. */
export interface SeenAdvert extends SeenFrame {
  readonly vrid: number;
  readonly priority: number;
  readonly sourceMac: number;
  /** The interval that it tells. */
  readonly interval: Seconds;
  /** Number of the sending node, from the laboratory's addresses. */
  readonly node: string;
}

/** Frames of one kind and origin in their order. */
export interface FrameRun {
  readonly key: string;
  readonly frames: readonly SeenFrame[];
}

/** A transition to MASTER with how long after its cause it came. */
export interface Takeover {
  readonly node: string;
  readonly instance: string;
  readonly at: Seconds;
  readonly cause: string;
  readonly after: Seconds;
}

/** Until when the capture of the LAN holds frames; its last moments may be missing. */
export function captureEnd(observation: Observation): Seconds {
  return observation.frames.reduce((end, frame) => Math.max(end, frame.at), 0);
}

/** All adverts, decoded as far as needed. */
export function advertsOf(observation: Observation): SeenAdvert[] {
  return observation.frames.filter((frame) => isAdvert(frame.bytes)).map(readAdvert);
}

/** Adverts by capture point, sender, VRID and priority, in order of first appearance. */
export function advertRuns(observation: Observation): FrameRun[] {
  return groupBy(
    advertsOf(observation),
    (one) => `${one.capture} ${one.node} vrid ${one.vrid} prio ${one.priority}`,
  );
}

/** Gratuitous ARP and unsolicited NA frames by capture point, sender and address. */
export function announcementRuns(observation: Observation): FrameRun[] {
  const frames = observation.frames.filter((frame) => announcedAddress(frame.bytes) !== undefined);
  return groupBy(frames, (one) => announcementKey(one.capture, one.bytes) ?? '');
}

/** What tells runs of announcements apart; `undefined` for other frames. */
export function announcementKey(capture: string, bytes: Uint8Array): string | undefined {
  const address = announcedAddress(bytes);
  if (address === undefined) return undefined;
  return `${capture} ${formatMac(readSourceMac(bytes))} ${address}`;
}

/** Splits a run where it pauses: bursts of announcements, stints of adverts. */
export function splitAtPauses(frames: readonly SeenFrame[], pause: Seconds): SeenFrame[][] {
  const parts: SeenFrame[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const frame of frames) {
    if (frame.at - last > pause) parts.push([]);
    parts.at(-1)?.push(frame);
    last = frame.at;
  }
  return parts;
}

/** Every transition to MASTER, counted from the advert or event that last restarted its timer. */
export function takeovers(recording: Recording, observation: Observation): Takeover[] {
  const adverts = advertsOf(observation).filter((one) => one.capture.startsWith('br'));
  return observation.transitions
    .map((change, index) => ({ change, earlier: observation.transitions.slice(0, index) }))
    .filter(({ change: [, , , state] }) => state === 'MASTER')
    .map(({ change: [at, node, instance], earlier }) => {
      const restarts = [
        ...ownRestarts(recording, earlier, { node, instance, before: at }),
        ...heardRestarts(recording, adverts, { node, before: at }),
      ];
      const last = restarts.reduce((best, one) => (one.at > best.at ? one : best), {
        at: 0,
        cause: 'begin',
      });
      return { node, instance, at, cause: last.cause, after: at - last.at };
    });
}

interface Restart {
  readonly at: Seconds;
  readonly cause: string;
}

/**
 * The node's own states before: entering BACKUP starts a full timer. A log's time stamps do not tell what came first where
 * a node gave up within the same tenth of a millisecond; the order of its lines does.
 */
function ownRestarts(
  recording: Recording,
  earlier: readonly Transition[],
  of: { readonly node: string; readonly instance: string; readonly before: Seconds },
): Restart[] {
  const ready = recording.events
    .filter((event) => event.do === 'start' && event.node === of.node)
    .map((event) => ({ at: event.ready ?? event.at, cause: 'start' }));
  const states = earlier
    .filter(([, node, instance]) => node === of.node && instance === of.instance)
    .filter(([, , , state]) => state.startsWith('BACKUP'))
    .map(([at]) => ({ at, cause: 'backup' }));
  // An owner of priority 255 is MASTER at the moment at which its timers begin.
  return [...ready.filter((one) => one.at <= of.before), ...states];
}

/** Adverts of others that a backup accepts: priority 0, or not below the priority it then announces. */
function heardRestarts(
  recording: Recording,
  adverts: readonly SeenAdvert[],
  of: { readonly node: string; readonly before: Seconds },
): Restart[] {
  const own = adverts.find((one) => one.node === of.node && one.at >= of.before - 0.06);
  if (own === undefined) return [];
  return adverts
    .filter((one) => one.node !== of.node && one.vrid === own.vrid && one.capture === own.capture)
    .filter((one) => one.at < of.before - 0.001)
    .filter((one) => reachesSocketOf(own, one))
    .filter((one) => one.priority === 0 || one.priority >= own.priority)
    .filter((one) => isAttached(recording, of.node, one.at))
    .map((one) => ({ at: one.at, cause: `advert ${one.priority}` }));
}

/** A socket is of one protocol, 112 or that of AH: who sends the one does not hear the other. */
function reachesSocketOf(own: SeenAdvert, other: SeenAdvert): boolean {
  return ipProtocol(own.bytes) === ipProtocol(other.bytes);
}

function ipProtocol(bytes: Uint8Array): number | undefined {
  return readEtherType(bytes) === 0x0800 ? bytes[23] : bytes[20];
}

/** Whether the node could hear and be heard at that moment, as far as the events of the recording say. */
export function isAttached(recording: Recording, node: string, at: Seconds): boolean {
  let attached = true;
  for (const event of recording.events) {
    if (event.node !== node || event.at > at) continue;
    if (event.do === 'port-detach' || event.do === 'port-block') attached = false;
    if (event.do === 'port-attach' || event.do === 'port-forward') attached = true;
    if (event.do === 'mcast-flood') attached = event.on === true;
    if (event.do === 'carrier' || event.do === 'admin') attached = event.up === true;
  }
  return attached;
}

function readAdvert(frame: SeenFrame): SeenAdvert {
  const sourceMac = readSourceMac(frame.bytes);
  return { ...frame, ...readAdvertPacket(frame.bytes, ETHERNET_HEADER_LENGTH), sourceMac };
}

/** The fields of an advert whose IP packet, of either family, AH or not, begins at `at`. */
export function readAdvertPacket(
  bytes: Uint8Array,
  at: number,
): Pick<SeenAdvert, 'vrid' | 'priority' | 'node' | 'interval'> {
  const isIpv4 = (bytes[at] ?? 0) >>> 4 === 4;
  const header = isIpv4 ? at + ((bytes[at] ?? 0) & 15) * 4 : at + 40;
  const isAh = isIpv4 && bytes[at + 9] === 51;
  const vrrp = isAh ? header + ((bytes[header + 1] ?? 0) + 2) * 4 : header;
  const lastOctet = isIpv4 ? (bytes[at + 15] ?? 0) : (bytes[at + 23] ?? 0);
  const number = isIpv4 ? lastOctet - 10 : Number(lastOctet.toString(16)) - 10;
  const [high, low] = [bytes[vrrp + 4] ?? 0, bytes[vrrp + 5] ?? 0];
  const isVersion3 = (bytes[vrrp] ?? 0) >>> 4 === 3;
  return {
    vrid: bytes[vrrp + 1] ?? 0,
    priority: bytes[vrrp + 2] ?? 0,
    interval: isVersion3 ? ((high & 15) * 256 + low) / 100 : low,
    node: `n${number}`,
  };
}

/** The address that a gratuitous ARP or an unsolicited NA announces; `undefined` for other frames. */
function announcedAddress(bytes: Uint8Array): string | undefined {
  const etherType = readEtherType(bytes);
  const slice = (at: number, length: number) => [...bytes.subarray(at, at + length)].join('.');
  if (etherType === 0x0806) {
    return slice(28, 4) === slice(38, 4) ? slice(28, 4) : undefined;
  }
  const isNa = etherType === 0x86dd && bytes[20] === 58 && bytes[54] === 136;
  return isNa && bytes[38] === 0xff ? slice(62, 16) : undefined;
}

function groupBy<T extends SeenFrame>(frames: readonly T[], keyOf: (frame: T) => string) {
  const groups = new Map<string, T[]>();
  for (const frame of frames) {
    const key = keyOf(frame);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [frame]);
    else group.push(frame);
  }
  return [...groups].map(([key, members]) => ({ key, frames: members }));
}
