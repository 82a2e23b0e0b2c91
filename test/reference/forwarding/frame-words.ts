/** Frames in words that two runs can share: MACs by role, TCP numbers counted from each connection's start. */

import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import type { ArpFacts, IpFacts, PacketFacts, TcpFacts } from './frame-facts.ts';
import { type ReadFrame, roleOf } from './recorded-lan.ts';

const FLAGS = [
  [TCP_ACK, 'A'],
  [TCP_PSH, 'P'],
  [TCP_SYN, 'S'],
  [TCP_FIN, 'F'],
  [TCP_RST, 'R'],
] as const;

const SYNC_PORT = 8848;

/** A frame in words. */
export interface FrameWords {
  readonly at: number;
  readonly point: string;
  /** Who sent it to whom, and the ports if it has any: frames of one stream stay in order. */
  readonly stream: string;
  readonly text: string;
}

/** All frames of a run in words; `frames` in the order of time. */
export function inWords(frames: readonly ReadFrame[]): FrameWords[] {
  const numbers = new Numbers(frames);
  return frames.flatMap(({ at, point, facts }) => {
    const way = `${roleOf(facts.source)} > ${roleOf(facts.destination)}`;
    if (facts.kind === 'arp') return { at, point, stream: `${way} ARP`, text: arpText(way, facts) };
    const ports = portsOf(facts);
    const text = `${way} ${[...facts.outer, facts.ip].map(ipText).join(' | ')} ${contentText(facts, numbers)}`;
    return { at, point, stream: `${way} ${ports}`, text: facts.isSound ? text : `${text} BAD SUM` };
  });
}

function arpText(way: string, { isRequest, sender, target }: ArpFacts): string {
  return isRequest
    ? `${way} ARP who-has ${target} (from ${sender})`
    : `${way} ARP ${sender} is here`;
}

function portsOf({ tcp, udp, icmp }: PacketFacts): string {
  const ends = tcp ?? udp;
  if (udp?.destinationPort === SYNC_PORT) return 'sync';
  if (ends !== undefined) return `${ends.sourcePort} ${ends.destinationPort}`;
  return icmp?.quoted === undefined ? 'other' : `quoted ${quotedPorts(icmp.quoted)}`;
}

function ipText({ source, destination, ttl, dontFragment, length }: IpFacts): string {
  return `${source} > ${destination} ttl ${ttl}${dontFragment ? ' df' : ''} len ${length}`;
}

function contentText(facts: PacketFacts, numbers: Numbers): string {
  const { tcp, udp, icmp, ip } = facts;
  if (tcp !== undefined) return numbers.text(ip, tcp);
  if (udp !== undefined) {
    // The synchronisation daemon's own port is drawn.
    const source = udp.destinationPort === SYNC_PORT ? '' : `${udp.sourcePort} `;
    return `UDP ${source}> ${udp.destinationPort} ${shown(udp.payload)}`;
  }
  if (icmp === undefined) return `protocol ${ip.protocol}`;
  if (icmp.quoted === undefined) return `ICMP ${icmp.type}/${icmp.code} ${icmp.rest}`;
  const { quoted } = icmp;
  const mtu = icmp.rest === 0 ? '' : ` mtu ${icmp.rest}`;
  return `ICMP ${icmp.type}/${icmp.code}${mtu} quotes ${ipText(quoted.ip)} ports ${quotedPorts(quoted)}`;
}

/** The source port of a GUE tunnel is a hash with a secret of the kernel's. */
function quotedPorts({
  ip,
  ports,
}: NonNullable<NonNullable<PacketFacts['icmp']>['quoted']>): string {
  const isTunnel = ip.protocol === 17 && /\.25[124]$/.test(ip.source);
  return isTunnel ? `to ${ports[1]}` : ports.join(' ');
}

/** First sequence numbers of both sides of each connection, by the client's end. */
class Numbers {
  readonly #client = new Map<string, number>();
  readonly #server = new Map<string, number>();

  constructor(frames: readonly ReadFrame[]) {
    const all = frames.flatMap(({ facts }) =>
      facts.kind === 'ip' && facts.tcp !== undefined ? [{ ip: facts.ip, tcp: facts.tcp }] : [],
    );
    for (const { ip, tcp } of all) {
      const own = `${ip.source}:${tcp.sourcePort}`;
      const other = `${ip.destination}:${tcp.destinationPort}`;
      const isClients = tcp.sourcePort > tcp.destinationPort;
      const kind = tcp.flags & (TCP_SYN | TCP_ACK);
      if (kind === TCP_SYN && ip.dontFragment) this.#client.set(own, tcp.sequence);
      else if (kind === (TCP_SYN | TCP_ACK) && !isClients) {
        if (!this.#server.has(other)) this.#server.set(other, tcp.sequence);
      }
    }
    // A server that no capture shows: its first acknowledged number tells.
    for (const { ip, tcp } of all) {
      const own = `${ip.source}:${tcp.sourcePort}`;
      if (!this.#client.has(own) || this.#server.has(own) || (tcp.flags & TCP_ACK) === 0) continue;
      this.#server.set(own, (tcp.acknowledgement - 1) >>> 0);
    }
  }

  text(ip: IpFacts, tcp: TcpFacts): string {
    const own = `${ip.source}:${tcp.sourcePort}`;
    const other = `${ip.destination}:${tcp.destinationPort}`;
    const isClients = tcp.sourcePort > tcp.destinationPort;
    const client = isClients ? own : other;
    const [mine, theirs] = isClients ? [this.#client, this.#server] : [this.#server, this.#client];
    const isAnswer =
      (tcp.flags & (TCP_RST | TCP_ACK)) === (TCP_RST | TCP_ACK) && tcp.sequence === 0;
    const flags = FLAGS.filter(([bit]) => (tcp.flags & bit) !== 0).map(([, letter]) => letter);
    if ((tcp.flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK) && !isClients) {
      // A server that forgot a connection answers the same SYN with another number.
      this.#server.set(client, tcp.sequence);
    }
    const sequence = isAnswer ? 0 : relative(tcp.sequence, mine.get(client));
    const ack =
      (tcp.flags & TCP_ACK) === 0
        ? ''
        : ` ack ${relative(tcp.acknowledgement, theirs.get(client))}`;
    return `TCP ${tcp.sourcePort} > ${tcp.destinationPort} ${flags.join('')} seq ${sequence}${ack} len ${tcp.payload.length} ${shown(tcp.payload)}`;
  }
}

const relative = (number: number, start: number | undefined): number =>
  start === undefined ? number : (number - start) >>> 0;

/** Text as it is, other bytes in hex. */
function shown(bytes: Uint8Array): string {
  const isText = bytes.every((byte) => (byte > 31 && byte < 127) || byte === 10 || byte === 13);
  return Buffer.from(bytes).toString(isText ? 'latin1' : 'hex');
}
