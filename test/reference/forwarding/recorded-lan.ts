/**
 * Who stands on the LAN of a recording, read out of its frames. The recorders' addresses follow one rule: in a MAC address
 * `02:00:00:00:NN:XX` NN is the network (0a 10.10.0.0/24, 0b 10.20.0.0/24, 0c 10.30.0.0/24, …) and XX the machine, the digits
 * of its last octet or, for fe, fd, e1 and e2, 254, 253, 251 and 252. 254 is the director, 251 and 252 are a pair of them, 253
 * is the router, 11 and more are servers, the others clients.
 */

import type { SeenFrame } from './forwarding-recording.ts';
import { type ArpFacts, frameFacts, type PacketFacts } from './frame-facts.ts';

/** A network card of a machine and the addresses on it; the first is its own. */
export interface RecordedCard {
  readonly mac: string;
  readonly network: number;
  /** The vantage point that hears it, if there is one. */
  readonly point: string | undefined;
  readonly addresses: string[];
  /** Addresses that the machine had to ask for with a broadcast: it did not know them before. */
  readonly asksFor: Set<string>;
  /** Addresses whose neighbours it asked to confirm what it knew. */
  readonly confirms: Set<string>;
}

/** A machine. */
export interface RecordedMachine {
  readonly name: string;
  readonly role: 'director' | 'router' | 'server' | 'client';
  readonly cards: readonly RecordedCard[];
}

/** A frame with what is in it. */
export interface ReadFrame extends SeenFrame {
  readonly facts: ArpFacts | PacketFacts;
}

const MACHINE_OCTETS = new Map([
  ['fe', 254],
  ['fd', 253],
  ['e1', 251],
  ['e2', 252],
]);
/** The same frame at two vantage points is never farther apart than this, in seconds. */
const TOGETHER_S = 0.05;

/** Frames of ARP and IPv4 with their content. */
export function readFrames(frames: readonly SeenFrame[]): ReadFrame[] {
  return frames.flatMap((each) => {
    const facts = frameFacts(each.frame);
    return facts === undefined ? [] : [{ ...each, facts }];
  });
}

/** The machine's last octet and the network of a MAC address; `undefined` for broadcasts and strangers. */
export function placeOf(mac: string): { octet: number; network: number } | undefined {
  const match = /^02:00:00:00:0([a-f]):(\w\w)$/.exec(mac);
  if (match === null) return undefined;
  const octet = MACHINE_OCTETS.get(match[2] ?? '') ?? Number(match[2]);
  return { octet, network: Number.parseInt(match[1] ?? '', 16) - 9 };
}

/** A readable name of a card: `director-0`, `rs3`, `router-1`, `client`. */
export function roleOf(mac: string): string {
  const place = placeOf(mac);
  if (place === undefined) return mac === 'ff:ff:ff:ff:ff:ff' ? 'broadcast' : mac;
  const name = machineName(place.octet, place.network);
  return /^(director|router)/.test(name) ? `${name}-${place.network - 1}` : name;
}

function machineName(octet: number, network: number): string {
  if (octet === 254) return 'director';
  if (octet === 251 || octet === 252) return `director${octet - 250}`;
  if (octet === 253) return 'router';
  if (octet > 10) return `rs${octet - 10}`;
  return octet === 1 && network === 1 ? 'client' : `client${network}-${octet}`;
}

/** The network's prefix without the last octet: `10.20.0.`. */
export const networkOf = (network: number): string => `10.${network * 10}.0.`;

/** All machines that were seen, the director and the router with a card in every network. */
export function machinesOf(frames: readonly ReadFrame[], vip: string): RecordedMachine[] {
  const cards = new Map<string, RecordedCard>();
  const seen = new Set(['02:00:00:00:0a:fe']);
  for (const { facts } of frames)
    for (const mac of [facts.source, facts.destination]) seen.add(mac);
  if (seen.has('02:00:00:00:0a:e1') || seen.has('02:00:00:00:0a:e2')) {
    seen.delete('02:00:00:00:0a:fe');
    seen.add('02:00:00:00:0a:e1').add('02:00:00:00:0a:e2');
  } else seen.add('02:00:00:00:0b:fe');
  if ([...seen].some((mac) => /0[ac]:fd$/.test(mac))) {
    seen.add('02:00:00:00:0a:fd').add('02:00:00:00:0c:fd');
  }
  for (const { point } of frames) {
    const mac = macOfPoint(point);
    if (mac !== undefined) seen.add(mac);
  }
  for (const mac of [...seen].sort()) {
    const place = placeOf(mac);
    if (place === undefined) continue;
    const own = `${networkOf(place.network)}${place.octet}`;
    const point = pointOf(frames, mac, place);
    cards.set(mac, {
      mac,
      network: place.network,
      point,
      addresses: [own],
      asksFor: new Set(),
      confirms: new Set(),
    });
  }
  for (const { facts } of frames) noteAddress(cards, facts, vip);
  const names = new Map<string, RecordedMachine & { cards: RecordedCard[] }>();
  for (const [mac, card] of cards) {
    const { octet, network } = placeOf(mac) as { octet: number; network: number };
    const name = machineName(octet, network);
    const role = /^(director|router|client)/.exec(name)?.[1] ?? 'server';
    const known = names.get(name) ?? { name, role: role as RecordedMachine['role'], cards: [] };
    known.cards.push(card);
    names.set(name, known);
  }
  return [...names.values()];
}

/** A client may have several addresses of its network; a card asks for those it does not know. */
function noteAddress(
  cards: ReadonlyMap<string, RecordedCard>,
  facts: ArpFacts | PacketFacts,
  vip: string,
): void {
  const card = cards.get(facts.source);
  if (card === undefined) return;
  if (facts.kind === 'arp') {
    if (facts.isRequest && facts.destination === 'ff:ff:ff:ff:ff:ff')
      card.asksFor.add(facts.target);
    if (facts.sender !== vip && facts.sender !== '0.0.0.0') addAddress(card, facts.sender);
    return;
  }
  const isClient = /^client/.test(roleOf(card.mac));
  // A raw socket may write any source; the kernel's own segments bear the DF bit.
  const isOwn = facts.outer.length === 0 && facts.ip.ttl === 64 && facts.ip.dontFragment;
  if (isClient && isOwn && facts.ip.source !== vip) addAddress(card, facts.ip.source);
}

function addAddress(card: RecordedCard, address: string): void {
  if (!address.startsWith(networkOf(card.network))) return;
  if (!card.addresses.includes(address)) card.addresses.push(address);
}

/** `dir0` hears the director's first card, `rs1` that server's, `client`, `routerC`. */
function pointOf(
  frames: readonly ReadFrame[],
  mac: string,
  { octet, network }: { readonly octet: number; readonly network: number },
): string | undefined {
  const wanted = new Set(
    octet === 254
      ? [`dir${network - 1}`]
      : octet === 253
        ? [`router${'ABCDEF'[network - 1]}`]
        : [machineName(octet, network), roleOf(mac)],
  );
  return frames.find((each) => wanted.has(each.point))?.point;
}

/** The card of a vantage point, which may hear others only. */
function macOfPoint(point: string): string | undefined {
  const server = /^rs(\d)$/.exec(point)?.[1];
  if (server === undefined) return undefined;
  const network = server === '3' ? 'b' : server === '5' ? 'c' : 'a';
  return `02:00:00:00:0${network}:1${server}`;
}

/** What a card sent: as its own vantage point heard it, or put together from what others heard. */
export function sentBy(frames: readonly ReadFrame[], card: RecordedCard): ReadFrame[] {
  const candidates = frames.filter(({ facts }) => facts.source === card.mac);
  if (card.point !== undefined) return candidates.filter(({ point }) => point === card.point);
  const kept: ReadFrame[] = [];
  for (const each of candidates) {
    const isKnown = kept.some(
      (other) =>
        other.point !== each.point &&
        each.at - other.at < TOGETHER_S &&
        Buffer.compare(other.frame, each.frame) === 0,
    );
    if (!isKnown) kept.push(each);
  }
  return kept;
}
