/**
 * What the programs of a recording did, read out of what their machines sent: a connection opened, data handed over, a
 * connection finished, closed or aborted, a port listened at, a datagram, a ping, a segment written by hand. All else (
 * acknowledgements, retransmissions, resets, ARP) is the kernel's, and the twin's kernel must do it by itself.
 */

import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import type { ArpFacts, PacketFacts, TcpFacts } from './frame-facts.ts';
import {
  placeOf,
  type ReadFrame,
  type RecordedCard,
  type RecordedMachine,
  sentBy,
} from './recorded-lan.ts';

/** One end of a connection or of a datagram's way. */
export interface Flow {
  readonly local: string;
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort: number;
}

/** What a program does, seconds from the start. */
export type Action = {
  readonly at: number;
  readonly machine: string;
  /** So long behind the handshake's end, of a client's connection. */
  readonly sinceConnected?: number;
} & (
  | { readonly kind: 'connect' | 'finish' | 'close' | 'abort'; readonly flow: Flow }
  /** `heard`: octets that had come in by then; a program answers what it has read. */
  | {
      readonly kind: 'send';
      readonly flow: Flow;
      readonly bytes: Uint8Array;
      readonly heard: number;
    }
  | { readonly kind: 'datagram'; readonly flow: Flow; readonly bytes: Uint8Array }
  | { readonly kind: 'packet'; readonly packet: Uint8Array }
  | { readonly kind: 'frame'; readonly frame: Uint8Array; readonly network: number }
);

/** A port that is served from the start; a server that no capture shows closes when its client does. */
export interface Served {
  readonly machine: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Address that datagrams are answered from. */
  readonly address?: string;
}

/** Data without PSH that follows at once belongs to the same write, in seconds. */
const SAME_WRITE_S = 0.002;

const SYNC_PORT = 8848;
/** An unanswered SYN is repeated within that, in seconds. */
const SYN_INTERVAL_S = 0.9;

/** All that programs did on all machines, in order, and what they served. */
export function programsOf(
  machines: readonly RecordedMachine[],
  frames: readonly ReadFrame[],
  { vip, told }: { readonly vip: string; readonly told: readonly number[] },
): { readonly actions: Action[]; readonly served: Served[]; readonly known: Set<string> } {
  const actions: Action[] = [];
  const served: Served[] = [];
  const known = new Set<string>();
  for (const machine of machines) {
    const flows = new Map<string, FlowReader>();
    for (const card of machine.cards) {
      for (const { at, facts, frame } of sentBy(frames, card)) {
        if (facts.kind === 'arp' && machine.role === 'director' && isAnnouncement(facts)) {
          actions.push({ at, machine: machine.name, kind: 'frame', frame, network: card.network });
        }
        if (facts.kind !== 'ip' || facts.outer.length > 0) continue;
        const sent = { at, facts, frame, machine: machine.name };
        if (!isOwn(machine, card, facts, vip)) {
          const raw = handWritten(machine, card, facts, vip);
          if (raw)
            actions.push({
              at,
              machine: machine.name,
              kind: 'frame',
              frame,
              network: card.network,
            });
        } else if (facts.tcp !== undefined) readTcp(sent, facts.tcp, flows, actions);
        else readOther(sent, actions, served);
      }
    }
    for (const flow of flows.values()) flow.end(actions, served, known);
    for (const flow of flows.values()) {
      const closed = flow.givenUp(frames, told);
      if (closed !== undefined) actions.push(closed);
    }
  }
  actions.sort((one, other) => one.at - other.at);
  return { actions, served: [...served, ...closedAside(machines, frames, served)], known };
}

/** Typed by hand (arping): it is not the kernel's. */
const isAnnouncement = ({ sender, target }: ArpFacts) => sender === target;

/** Whether the machine wrote the packet itself: forwarded ones bear another's address, or a smaller TTL. */
function isOwn(
  machine: RecordedMachine,
  card: RecordedCard,
  facts: PacketFacts,
  vip: string,
): boolean {
  const { source, ttl } = facts.ip;
  const addresses = machine.cards.flatMap((each) => each.addresses);
  if (machine.role === 'client') return addresses.includes(source);
  const isVip = source === vip && (ttl === 64 || machine.role === 'server');
  return isVip || (addresses.includes(source) && card.addresses.length > 0);
}

/** A client's packet with a source that is nobody's. */
function handWritten(
  machine: RecordedMachine,
  card: RecordedCard,
  facts: PacketFacts,
  vip: string,
): boolean {
  return (
    machine.role === 'client' &&
    !card.addresses.includes(facts.ip.source) &&
    facts.ip.source !== vip
  );
}

interface Sent {
  readonly at: number;
  readonly machine: string;
  readonly facts: PacketFacts;
  readonly frame: Uint8Array;
}

function readTcp(
  sent: Sent,
  tcp: TcpFacts,
  flows: Map<string, FlowReader>,
  actions: Action[],
): void {
  const { ip } = sent.facts;
  const flow: Flow = {
    local: ip.source,
    localPort: tcp.sourcePort,
    remote: ip.destination,
    remotePort: tcp.destinationPort,
  };
  const key = keyOf(flow);
  const isReset = (tcp.flags & (TCP_RST | TCP_ACK)) === TCP_RST;
  // Linux' own segments may not be cut; a raw socket's may.
  if (!ip.dontFragment) {
    actions.push({ ...base(sent), kind: 'packet', packet: sent.facts.packet.slice() });
    return;
  }
  let reader = flows.get(key);
  if (reader === undefined && (tcp.flags & TCP_SYN) === 0) return;
  if (reader === undefined || reader.isNewStart(tcp)) {
    reader?.end(actions, [], new Set());
    reader = new FlowReader(sent.machine, flow);
    flows.set(key, reader);
  }
  if (isReset) reader.hasAnsweredReset = true;
  else reader.read(sent.at, tcp);
}

const base = (sent: Sent) => ({ at: sent.at, machine: sent.machine });

/** Names a flow from one end. */
export function keyOf({ local, localPort, remote, remotePort }: Flow): string {
  return `${local}:${localPort} ${remote}:${remotePort}`;
}

function readOther(sent: Sent, actions: Action[], served: Served[]): void {
  const { ip, udp, icmp, packet } = sent.facts;
  if (icmp?.type === 8) actions.push({ ...base(sent), kind: 'packet', packet: packet.slice() });
  // Connection synchronisation is the kernel's own.
  if (udp === undefined || udp.destinationPort === SYNC_PORT) return;
  const flow: Flow = {
    local: ip.source,
    localPort: udp.sourcePort,
    remote: ip.destination,
    remotePort: udp.destinationPort,
  };
  actions.push({ ...base(sent), kind: 'datagram', flow, bytes: udp.payload.slice() });
  const isServer = udp.sourcePort < udp.destinationPort && udp.sourcePort < 32_768;
  const port = udp.sourcePort;
  if (isServer && !served.some((one) => one.machine === sent.machine && one.port === port)) {
    served.push({ machine: sent.machine, protocol: 'udp', port, address: ip.source });
  }
}

/** The sending side of one connection. */
class FlowReader {
  hasAnsweredReset = false;
  readonly #machine: string;
  readonly #flow: Flow;
  readonly #actions: Action[] = [];
  #isServer = false;
  #isFirst = true;
  #start = 0;
  #lastSyn = 0;
  #connectedAt: number | undefined;
  /** What is sent, relative to the first octet. */
  #next = 0;
  #write: { at: number; bytes: number[]; heard: number } | undefined;
  /** The acknowledgement that says: nothing came yet. */
  #heardNothing: number | undefined;
  #finishedAt: number | undefined;

  constructor(machine: string, flow: Flow) {
    this.#machine = machine;
    this.#flow = flow;
  }

  /** A SYN with another number begins another connection. */
  isNewStart(tcp: TcpFacts): boolean {
    return (tcp.flags & TCP_SYN) !== 0 && !this.#isFirst && tcp.sequence !== this.#start;
  }

  read(at: number, tcp: TcpFacts): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#start = tcp.sequence;
      this.#next = 1;
      this.#isServer = (tcp.flags & TCP_ACK) !== 0;
      if (this.#isServer) this.#heardNothing = tcp.acknowledgement;
      this.#lastSyn = at;
      if (!this.#isServer) this.#push({ at, kind: 'connect' });
      return;
    }
    this.#heardNothing ??= tcp.acknowledgement;
    if ((tcp.flags & TCP_SYN) !== 0) this.#lastSyn = at;
    else this.#connectedAt ??= at;
    const from = (tcp.sequence - this.#start) >>> 0;
    const fresh = tcp.payload.subarray(Math.max(0, this.#next - from));
    if (fresh.length > 0 && from <= this.#next) {
      const write = this.#write;
      if (write !== undefined && at - write.at < SAME_WRITE_S) write.bytes.push(...fresh);
      else {
        this.#flush();
        const heard = (tcp.acknowledgement - (this.#heardNothing ?? tcp.acknowledgement)) >>> 0;
        this.#write = { at, bytes: [...fresh], heard };
      }
      this.#next += fresh.length;
      if ((tcp.flags & TCP_PSH) !== 0) this.#flush();
    }
    const end = from + tcp.payload.length;
    if ((tcp.flags & TCP_FIN) !== 0 && end === this.#next && this.#finishedAt === undefined) {
      this.#flush();
      this.#finishedAt = at;
    }
    if ((tcp.flags & TCP_RST) !== 0) {
      this.#flush();
      this.#push({ at, kind: 'abort' });
    }
  }

  /**
   * A program that stops waiting closes its socket: then no SYN follows the last one, though no refusal came. The moment is
   * that of the next told line.
   */
  givenUp(frames: readonly ReadFrame[], told: readonly number[]): Action | undefined {
    const { local, localPort } = this.#flow;
    if (this.#isServer || this.#isFirst || this.#connectedAt !== undefined) return undefined;
    const isForUs = ({ at, facts }: ReadFrame) =>
      at >= this.#lastSyn &&
      facts.kind === 'ip' &&
      (facts.icmp?.quoted === undefined
        ? facts.ip.source === this.#flow.remote &&
          facts.ip.destination === local &&
          facts.tcp?.destinationPort === localPort &&
          (facts.tcp.flags & TCP_RST) !== 0
        : facts.icmp.quoted.ports[0] === localPort && facts.icmp.quoted.ip.source === local);
    const end = Math.max(frames.at(-1)?.at ?? 0, told.at(-1) ?? 0);
    if (end - this.#lastSyn < SYN_INTERVAL_S || frames.some(isForUs)) return undefined;
    const next = told.find((at) => at > this.#lastSyn) ?? end;
    const at = Math.min(next, this.#lastSyn + SYN_INTERVAL_S) - 0.0001;
    return { at, machine: this.#machine, kind: 'close', flow: this.#flow };
  }

  /** Hands over what was read. */
  end(actions: Action[], served: Served[], known: Set<string>): void {
    this.#flush();
    if (this.#isFirst) return;
    // A machine that answers data with a reset after its FIN has closed, not just finished.
    if (this.#finishedAt !== undefined) {
      this.#push({ at: this.#finishedAt, kind: this.hasAnsweredReset ? 'close' : 'finish' });
    }
    const since = this.#connectedAt;
    for (const action of this.#actions) {
      const isLater = !this.#isServer && since !== undefined && action.at >= since;
      actions.push(isLater ? { ...action, sinceConnected: action.at - since } : action);
    }
    if (!this.#isServer) return;
    known.add(`${this.#machine} ${keyOf(this.#flow)}`);
    const { localPort } = this.#flow;
    if (!served.some((one) => one.machine === this.#machine && one.port === localPort)) {
      served.push({ machine: this.#machine, protocol: 'tcp', port: localPort });
    }
  }

  #flush(): void {
    if (this.#write === undefined) return;
    const { at, bytes, heard } = this.#write;
    this.#write = undefined;
    this.#actions.push({
      at,
      machine: this.#machine,
      kind: 'send',
      flow: this.#flow,
      bytes: Uint8Array.from(bytes),
      heard,
    });
  }

  #push(action: { readonly at: number; readonly kind: 'connect' | 'finish' | 'close' | 'abort' }) {
    this.#actions.push({ ...action, machine: this.#machine, flow: this.#flow });
  }
}

/** Ports of servers that no capture shows: open, as those of the laboratory were, unless a refusal was seen. */
function closedAside(
  machines: readonly RecordedMachine[],
  frames: readonly ReadFrame[],
  served: readonly Served[],
): Served[] {
  const found: Served[] = [];
  for (const { facts } of frames) {
    if (facts.kind === 'ip' && facts.udp !== undefined && facts.icmp === undefined) {
      found.push(...silentPort(machines, frames, facts, [...served, ...found]));
    }
    if (facts.kind !== 'ip' || facts.tcp === undefined) continue;
    const place = placeOf(facts.destination);
    const machine = machines.find(({ cards }) =>
      cards.some(({ mac }) => mac === facts.destination),
    );
    if (place === undefined || machine?.role !== 'server') continue;
    if (machine.cards.some(({ point }) => point !== undefined)) continue;
    if ((facts.tcp.flags & (TCP_SYN | TCP_ACK)) !== TCP_SYN) continue;
    const port = facts.tcp.destinationPort;
    const isSame = (one: Served) => one.machine === machine.name && one.port === port;
    const refuses = frames.some(
      (each) =>
        each.facts.kind === 'ip' &&
        each.facts.source === facts.destination &&
        each.facts.tcp?.sourcePort === port &&
        (each.facts.tcp.flags & (TCP_RST | TCP_ACK)) === (TCP_RST | TCP_ACK) &&
        each.facts.tcp.sequence === 0,
    );
    if (refuses || served.some(isSame) || found.some(isSame)) continue;
    found.push({ machine: machine.name, protocol: 'tcp', port });
  }
  return found;
}

/** A UDP port of a server that got something and neither answered nor refused it. */
function silentPort(
  machines: readonly RecordedMachine[],
  frames: readonly ReadFrame[],
  { destination, udp }: PacketFacts,
  served: readonly Served[],
): Served[] {
  const machine = machines.find(({ cards }) => cards.some(({ mac }) => mac === destination));
  const port = udp?.destinationPort ?? 0;
  if (machine?.role !== 'server') return [];
  if (served.some((one) => one.machine === machine.name && one.port === port)) return [];
  const macs = machine.cards.map(({ mac }) => mac);
  const isRefused = frames.some(
    ({ facts }) =>
      facts.kind === 'ip' &&
      macs.includes(facts.source) &&
      facts.icmp?.quoted?.ip.protocol === 17 &&
      facts.icmp.quoted.ports[1] === port,
  );
  return isRefused ? [] : [{ machine: machine.name, protocol: 'udp', port }];
}
