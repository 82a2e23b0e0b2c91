/** Packets of drawn plans: clients on `eth0`, real servers on `eth1` (one on `eth0`), routers on both. */

import { formatIp } from '../../../../daemon/wire/ip-address.ts';
import { makePacketFacts, readPacketFacts } from '../../../../sim/kernel/ipvs/packet-facts.ts';
import { addressOf, DIRECTOR_MAC, macOf, type Nic } from '../../director/director-lan.ts';
import type { Chance } from '../chance.ts';
import type { DirectorBench, Sent } from './bench.ts';
import {
  datagram,
  type End,
  frameOf,
  type Header,
  ICMP,
  icmpMessage,
  ipPacket,
  piecesOf,
  TCP,
  tcpSegment,
  UDP,
} from './packets.ts';

export type Family = 'inet' | 'inet6';

/** A real server of a plan. */
export interface Place {
  readonly host: string;
  readonly address: string;
  readonly method: string;
  readonly tcpPort: number;
  readonly udpPort: number;
}

/** What a plan's parts know. */
export interface Drawn {
  readonly bench: DirectorBench;
  readonly chance: Chance;
  readonly family: Family;
  readonly vip: string;
  /** Damaged packets are among them. */
  readonly isOdd: boolean;
}

const [FIN, SYN, RST, PSH, ACK] = [0x01, 0x02, 0x04, 0x08, 0x10];
const KNOWN_MAX = 6;
const CLIENT_FLAGS = [SYN, SYN, SYN, ACK, ACK, ACK | PSH, FIN | ACK, RST, RST | ACK, SYN | ACK];
const SERVER_FLAGS = [SYN | ACK, SYN | ACK, ACK, ACK | PSH, FIN | ACK, RST, RST | ACK];
/** Type, code and whether the second word is an MTU (`mtu`) or 0. */
const ERRORS = {
  inet: [
    [3, 0],
    [3, 1],
    [3, 3],
    [3, 3],
    [3, 4, 1400],
    [3, 4, 600],
    [3, 13],
    [11, 0],
    [11, 1],
    [12, 0, 0x14000000],
    [4, 0],
    [5, 1],
  ],
  inet6: [
    [1, 0],
    [1, 1],
    [1, 3],
    [1, 4],
    [1, 4],
    [2, 0, 1400],
    [2, 0, 1280],
    [3, 0],
    [3, 1],
    [4, 0, 6],
    [4, 1, 40],
    [100, 0],
  ],
} as const;

interface Known {
  readonly nic: Nic;
  readonly packet: Uint8Array;
  readonly protocol: number;
  readonly from: End;
  readonly to: End;
  /** Whoever got it. */
  readonly mac: string;
}

/** The traffic of one plan. */
export class DrawnTraffic {
  readonly #drawn: Drawn;
  readonly #places: readonly Place[];
  /** What went to servers, and from the virtual address to clients. */
  readonly #requests: Known[] = [];
  readonly #answers: Known[] = [];
  #id = 1;

  constructor(drawn: Drawn, places: readonly Place[]) {
    this.#drawn = drawn;
    this.#places = places;
  }

  /** Remembers what the director sent. */
  note(sent: readonly Sent[]): void {
    for (const { nic, frame } of sent) {
      const facts = factsOf(frame);
      if (facts === undefined || ![TCP, UDP].includes(facts.protocol)) {
        if (facts !== undefined) this.#noteTunnel(nic, frame, facts.protocol);
        continue;
      }
      const known = {
        nic,
        packet: frame.subarray(14),
        protocol: facts.protocol,
        from: { address: formatIp(facts.source), port: facts.sourcePort },
        to: { address: formatIp(facts.destination), port: facts.destinationPort },
        mac: [...frame.subarray(0, 6)].map((one) => one.toString(16).padStart(2, '0')).join(':'),
      };
      const list = known.from.address === this.#drawn.vip ? this.#answers : this.#requests;
      list.push(known);
      if (list.length > KNOWN_MAX) list.shift();
    }
  }

  /** A wrapped packet: errors may be about it. */
  #noteTunnel(nic: Nic, frame: Uint8Array, protocol: number): void {
    if (![4, 41, 47].includes(protocol)) return;
    const nobody = { address: '', port: 0 };
    this.#requests.push({
      nic,
      packet: frame.subarray(14),
      protocol,
      from: nobody,
      to: nobody,
      mac: macOf(nic, '253'),
    });
    if (this.#requests.length > KNOWN_MAX) this.#requests.shift();
  }

  /** Does one thing. */
  step(): void {
    const at = this.#drawn.chance.between(0, 100);
    if (at < 24) this.#request();
    else if (at < 34) this.#question();
    else if (at < 54) this.#answer();
    else if (at < 64) this.#serverError();
    else if (at < 71) this.#clientError();
    else if (at < 75) this.#strayError();
    else if (at < 79) this.#ping();
    else if (at < 86) this.#pieces();
    else if (at < 90) this.#request({ hops: this.#drawn.chance.pick([1, 2]) });
    else if (at < 94) this.#request(this.#odd());
    else if (at < 96) this.#short();
    else this.#stray();
  }

  #client(): { readonly end: End; readonly mac: string } {
    const { chance, family } = this.#drawn;
    const host = chance.pick(['1', '1', '2', '3', '253']);
    const far = family === 'inet' ? '203.0.113.7' : 'fd00:aa::7';
    const address = host === '253' ? far : addressOf('eth0', family, host);
    return {
      end: { address, port: chance.pick([1001, 1002, 1003, 1004]) },
      mac: macOf('eth0', host),
    };
  }

  #send(nic: Nic, mac: string, packet: Uint8Array): void {
    this.#drawn.bench.send(nic, frameOf(mac, DIRECTOR_MAC[nic], packet));
  }

  /** A segment of a client, most often to the service. */
  #request(more: Partial<Header> = {}): void {
    const { chance, vip } = this.#drawn;
    const { end, mac } = this.#client();
    const to = { address: vip, port: chance.pick([80, 80, 80, 80, 80, 81]) };
    const flags = chance.pick(CLIENT_FLAGS);
    const length = (flags & PSH) === 0 ? 0 : chance.pick([5, 100, 1440, 1452, 1460]);
    // An option or an extension header takes the room of 24 octets at most.
    const limit = end.address.includes(':') ? 1440 : 1460;
    const room = Object.keys(more).length === 0 ? limit : limit - 40;
    const data = new Uint8Array(Math.min(length, room)).fill(0x78);
    this.#send('eth0', mac, this.#packet(end, to, TCP, tcpSegment(end, to, flags, data), more));
  }

  #packet(from: End, to: End, protocol: number, bytes: Uint8Array, more: Partial<Header> = {}) {
    const dontFragment = this.#drawn.chance.happens(0.7);
    const ends = { source: from.address, destination: to.address };
    return ipPacket({ ...ends, protocol, id: this.#id++, dontFragment, ...more }, bytes);
  }

  /** A datagram of a client. */
  #question(): void {
    const { chance, vip, family } = this.#drawn;
    const { end, mac } = this.#client();
    const to = { address: vip, port: 53 };
    const data = new Uint8Array(chance.pick([0, 3, 50, 1440, 1472])).fill(0x71);
    const length = family === 'inet6' ? Math.min(data.length, 1452) : data.length;
    const hasSum = family === 'inet6' || chance.happens(0.8);
    const bytes = datagram(end, to, data.subarray(0, length), hasSum);
    this.#send('eth0', mac, this.#packet(end, to, UDP, bytes));
  }

  /** What a server says to what came last or a little before. */
  #answer(): void {
    const { chance } = this.#drawn;
    const known = this.#known(this.#requests);
    if (known === undefined || known.from.address === '') {
      this.#request();
      return;
    }
    const { nic, from, to, mac, protocol } = known;
    const data = new Uint8Array(chance.pick([0, 7, 100, 1400])).fill(0x61);
    const bytes =
      protocol === TCP
        ? tcpSegment(to, from, chance.pick(SERVER_FLAGS), data)
        : datagram(to, from, data);
    if (this.#drawn.isOdd && chance.happens(0.07)) {
      this.#send(
        nic,
        mac,
        this.#packet(to, from, protocol, bytes.subarray(0, chance.pick([4, 6, 12]))),
      );
      return;
    }
    if (chance.happens(0.1)) {
      this.#cut(nic, mac, { from: to, to: from, protocol }, bytes);
      return;
    }
    const hops = chance.happens(0.05) ? { hops: 1 } : {};
    this.#send(nic, mac, this.#packet(to, from, protocol, bytes, hops));
  }

  #known(list: readonly Known[]): Known | undefined {
    return list.length === 0 ? undefined : this.#drawn.chance.pick(list);
  }

  #cut(
    nic: Nic,
    mac: string,
    { from, to, protocol }: { readonly from: End; readonly to: End; readonly protocol: number },
    bytes: Uint8Array,
  ): void {
    const { chance } = this.#drawn;
    const header = {
      source: from.address,
      destination: to.address,
      protocol,
      id: this.#id++,
    };
    const pieces = piecesOf(header, bytes, chance.pick([1200, 1208, 1400, 512]));
    if (chance.happens(0.3)) pieces.reverse();
    if (chance.happens(0.15)) pieces.pop();
    for (const one of pieces) this.#send(nic, mac, one);
  }

  /** A large datagram or segment of a client, in pieces. */
  #pieces(): void {
    const { chance, vip } = this.#drawn;
    const { end, mac } = this.#client();
    const isUdp = chance.happens(0.7);
    const to = { address: vip, port: isUdp ? 53 : 80 };
    const data = new Uint8Array(chance.pick([1300, 2000, 2900, 4000])).fill(0x66);
    const bytes = isUdp
      ? datagram(end, to, data)
      : tcpSegment(end, to, chance.pick([SYN, ACK | PSH]), data);
    this.#cut('eth0', mac, { from: end, to, protocol: isUdp ? UDP : TCP }, bytes);
  }

  /** An error about what went to a server, from the server or a router before it. */
  #serverError(): void {
    const { chance } = this.#drawn;
    const known = this.#known(this.#requests);
    if (known === undefined) {
      this.#request();
      return;
    }
    const isRouter = known.to.address === '' || chance.happens(0.3);
    const to = this.#sourceOf(known.packet);
    // A tunnel's packet may be of the other family.
    const family = to.includes(':') ? 'inet6' : 'inet';
    const from = isRouter ? addressOf(known.nic, family, '253') : known.to.address;
    const mac = isRouter ? macOf(known.nic, '253') : known.mac;
    this.#error(known.nic, mac, [from, to], known.packet);
  }

  #sourceOf(packet: Uint8Array): string {
    const facts = factsOf(
      Uint8Array.from([...new Array(12).fill(0), ...typeOf(packet), ...packet]),
    );
    return facts === undefined ? this.#drawn.vip : formatIp(facts.source);
  }

  /** An error about what came from the virtual address, from the client or a router before it. */
  #clientError(): void {
    const { chance, family, vip } = this.#drawn;
    const known = this.#known(this.#answers);
    if (known === undefined) {
      this.#serverError();
      return;
    }
    const isRouter = chance.happens(0.3);
    const from = isRouter ? addressOf('eth0', family, '253') : known.to.address;
    this.#error(known.nic, isRouter ? macOf('eth0', '253') : known.mac, [from, vip], known.packet);
  }

  /** An error about an answer that nobody sent. */
  #strayError(): void {
    const { chance, vip } = this.#drawn;
    const { end, mac } = this.#client();
    const isUdp = chance.happens(0.4);
    const from = { address: vip, port: isUdp ? 53 : 80 };
    const bytes = isUdp
      ? datagram(from, end, new Uint8Array(20))
      : tcpSegment(from, end, ACK, new Uint8Array(20));
    const about = this.#packet(from, end, isUdp ? UDP : TCP, bytes);
    this.#error('eth0', mac, [end.address, vip], about);
  }

  #error(nic: Nic, mac: string, ends: readonly [string, string], about: Uint8Array): void {
    const { chance } = this.#drawn;
    const family = ends[0].includes(':') ? 'inet6' : 'inet';
    const [type, code, word = 0] = chance.pick<readonly number[]>(ERRORS[family]) as [
      number,
      number,
      number?,
    ];
    const most =
      family === 'inet' ? chance.pick([28, 28, 40, 128, 548]) : chance.pick([48, 64, 128, 1232]);
    const quoted = about.subarray(0, most);
    const bytes = icmpMessage(ends, [type, code, word], quoted);
    const header = {
      source: ends[0],
      destination: ends[1],
      protocol: ICMP[family],
      id: this.#id++,
    };
    if (this.#drawn.isOdd && chance.happens(0.12)) bytes[3] = (bytes[3] ?? 0) ^ 0x5a;
    const hops = chance.happens(0.06) ? { hops: 1 } : {};
    this.#send(nic, mac, ipPacket({ ...header, dontFragment: false, ...hops }, bytes));
  }

  /** A server of the service's own family, if there is one. */
  #ownPlace(): Place {
    const { chance, family } = this.#drawn;
    const own = this.#places.filter((one) => one.address.includes(':') === (family === 'inet6'));
    const [first] = this.#places;
    if (first === undefined) throw new Error('no server');
    const lone = { ...first, host: '11', address: addressOf('eth1', family, '11') };
    return own.length === 0 ? lone : chance.pick(own);
  }

  /** An echo: of a client to the virtual address, of a server to a client, or an answer that nobody asked for. */
  #ping(): void {
    const { chance, family, vip } = this.#drawn;
    const { end, mac } = this.#client();
    const [request, reply] = family === 'inet' ? [8, 0] : [128, 129];
    const type = chance.pick([request, request, reply]) as number;
    const isServer = chance.happens(0.4);
    const place = this.#ownPlace();
    const ends = isServer ? ([place.address, end.address] as const) : ([end.address, vip] as const);
    const bytes = icmpMessage(ends, [type, 0, 0x00010001], new Uint8Array(16).fill(0x70));
    const header = {
      source: ends[0],
      destination: ends[1],
      protocol: ICMP[family],
      id: this.#id++,
    };
    const nic = isServer && place.host !== '14' ? 'eth1' : 'eth0';
    this.#send(nic, isServer ? macOf(nic, place.host || '253') : mac, ipPacket(header, bytes));
  }

  #odd(): Partial<Header> {
    const { chance, family } = this.#drawn;
    if (family === 'inet') return { options: Uint8Array.of(1, 1, 1, 0) };
    const number = chance.pick([0, 60, 60, 43, 44]);
    const padding = [1, 4, 0, 0, 0, 0] as const;
    // A routing header without segments left; an atomic fragment.
    const bytes =
      number === 43
        ? Uint8Array.of(0, 2, 0, 0, ...new Array(20).fill(0))
        : number === 44
          ? Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9)
          : Uint8Array.of(0, 0, ...padding);
    return { extension: { number, bytes } };
  }

  /** A segment cut short within its header. */
  #short(): void {
    const { chance, vip } = this.#drawn;
    const { end, mac } = this.#client();
    const to = { address: vip, port: 80 };
    const bytes = tcpSegment(end, to, SYN, new Uint8Array(0)).subarray(
      0,
      chance.pick([2, 4, 8, 12]),
    );
    this.#send('eth0', mac, this.#packet(end, to, TCP, bytes));
  }

  /** A server speaks of a connection that is none. */
  #stray(): void {
    const { chance } = this.#drawn;
    const place = this.#ownPlace();
    const { end } = this.#client();
    const isUdp = chance.happens(0.4);
    const from = { address: place.address, port: isUdp ? place.udpPort : place.tcpPort };
    const to = { address: end.address, port: 3000 };
    const bytes = isUdp
      ? datagram(from, to, new Uint8Array(4))
      : tcpSegment(from, to, chance.pick([SYN | ACK, ACK, RST]), new Uint8Array(0));
    const nic = place.host === '14' ? 'eth0' : 'eth1';
    this.#send(
      nic,
      macOf(nic, place.host || '253'),
      this.#packet(from, to, isUdp ? UDP : TCP, bytes),
    );
  }
}

const typeOf = (packet: Uint8Array) => ((packet[0] ?? 0) >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00]);

/** What of a frame of the director a server or client answers; `undefined` for ARP, errors, pieces. */
function factsOf(frame: Uint8Array) {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type !== 0x0800 && type !== 0x86dd) return undefined;
  const facts = makePacketFacts();
  const at = readPacketFacts(frame, 14, type === 0x0800 ? 'inet' : 'inet6', facts);
  return at < 0 ? undefined : { ...facts, transportAt: at };
}
