/** What a plan of a forwarding recording does and tells: connections, segments by hand, lists of the director, and the merged text. */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { internetChecksum } from '../../../../daemon/wire/checksum.ts';
import { frameFacts, type PacketFacts } from '../../forwarding/frame-facts.ts';
import { roleOf } from '../../forwarding/recorded-lan.ts';
import { tcpFrame, udpFrame } from '../../made-frames.ts';
import { type ForwardingLab, POINTS, VIP } from './lab.ts';
import { CardEar, PosixSocket, wallClockUs } from './sockets.ts';

interface Heard {
  readonly point: string;
  readonly timeUs: number;
  readonly bytes: Buffer;
}

/** One recording while it is made. */
export class Bench {
  readonly lab: ForwardingLab;
  readonly #ears = new Map<string, CardEar>();
  readonly #heard: Heard[] = [];
  readonly #lines: { readonly at: number; readonly text: string }[] = [];
  readonly #open: PosixSocket[] = [];
  #start = 0;

  constructor(lab: ForwardingLab, points: readonly string[]) {
    this.lab = lab;
    for (const point of points) {
      const [machine, card] = POINTS.get(point) ?? ['', ''];
      this.#ears.set(
        point,
        lab.inside(machine, () => new CardEar(card)),
      );
    }
  }

  begin(): void {
    this.drain();
    this.#heard.length = 0;
    this.#start = this.now();
  }

  now(): number {
    return wallClockUs();
  }

  drain(): void {
    for (const [point, ear] of this.#ears) {
      this.#heard.push(...ear.drain().map((one) => ({ point, ...one })));
    }
  }

  say(text: string): void {
    this.#lines.push({ at: this.now(), text: `---- ${text}` });
  }

  /** Pauses, in seconds, and goes on listening. */
  async wait(secondsCount: number): Promise<void> {
    const end = this.now() + secondsCount * 1e6;
    while (this.now() < end) {
      await sleep(Math.min(100, (end - this.now()) / 1000));
      this.drain();
    }
  }

  ipvsadm(line: string): string {
    return this.lab.run('director', `ipvsadm ${line}`);
  }

  /** The list of services in one line. */
  list(): void {
    this.say(this.ipvsadm('-Ln').trimEnd().split('\n').join(' ; '));
  }

  /** A text with the connections beside it, one behind the other. */
  entries(text: string): void {
    const lines = this.ipvsadm('-Lnc').trimEnd().split('\n').slice(2);
    const told = lines.length === 0 ? '(no entry)' : lines.join('\n');
    this.say(`${text.padEnd(40)} director: ${told}`);
  }

  socket(machine: string, kind: 'tcp' | 'udp', address: string, port: number): PosixSocket {
    const made = this.lab.inside(machine, () => PosixSocket.bound(kind, address, port));
    this.#open.push(made);
    return made;
  }

  serve(machine: string, port: number): PosixSocket {
    const server = this.socket(machine, 'tcp', '0.0.0.0', port);
    server.listen();
    return server;
  }

  /** Connects and tells what became of it. */
  async connect(
    port: number,
    how: {
      readonly from?: string;
      readonly machine?: string;
      readonly to?: number;
      readonly wait?: number;
      readonly quiet?: boolean;
    } = {},
  ): Promise<PosixSocket> {
    const { from = '10.10.0.1', machine = 'client', to = 80, wait = 4, quiet = false } = how;
    const client = this.socket(machine, 'tcp', from, port);
    const begun = this.now();
    client.connect(VIP, to);
    while (client.connected() === undefined && this.now() - begun < wait * 1e6) await sleep(1);
    const lasted = ((this.now() - begun) / 1e6).toFixed(3);
    const result = client.connected() ?? 'pending';
    if (!quiet) this.say(`client: connect(${VIP}:${to}) -> ${python(result)} after ${lasted} s`);
    if (result !== 'ok') client.close();
    return client;
  }

  async accept(server: PosixSocket): Promise<PosixSocket> {
    for (let tries = 0; tries < 1000; tries++) {
      const made = this.acceptNow(server);
      if (made !== undefined) return made;
      await sleep(2);
    }
    throw new Error('nobody came');
  }

  /** Who has come already. */
  acceptNow(server: PosixSocket): PosixSocket | undefined {
    const made = server.accept();
    if (made !== undefined) this.#open.push(made);
    return made;
  }

  /** A segment by hand from a client's address. */
  segment(from: string, to: string, flags: number, change?: (packet: Buffer) => void): void {
    this.#raw(Buffer.from(tcpFrame(NOBODY, NOBODY, from, to, flags).subarray(14)), to, change);
  }

  /** A datagram by hand. */
  datagram(from: string, to: string, change?: (packet: Buffer) => void): void {
    this.#raw(Buffer.from(udpFrame(NOBODY, NOBODY, from, to).subarray(14)), to, change);
  }

  /** The newest packet of a sender that a point has heard. */
  async lastHeard(point: string, sender: string): Promise<Buffer> {
    await this.wait(0.02);
    const found = this.#heard.findLast((one) => {
      const facts = one.point === point ? frameFacts(one.bytes) : undefined;
      return facts?.kind === 'ip' && facts.ip.source === sender;
    });
    if (found === undefined) throw new Error(`${point} heard nothing of ${sender}`);
    return found.bytes.subarray(14);
  }

  /** "Destination unreachable" by hand, about a packet. */
  complain(
    from: string,
    to: string,
    what: { readonly code: number; readonly mtu: number },
    about: Buffer,
  ): void {
    const quoted = about.subarray(0, QUOTED_LENGTH);
    const packet = Buffer.alloc(28 + quoted.length);
    Buffer.from(tcpFrame(NOBODY, NOBODY, `${from}:0`, `${to}:0`, 0).subarray(14, 34)).copy(packet);
    packet.writeUInt16BE(packet.length, 2);
    packet[9] = 1;
    packet[20] = 3;
    packet[21] = what.code;
    packet.writeUInt16BE(what.mtu, 26);
    quoted.copy(packet, 28);
    packet.writeUInt16BE(internetChecksum(packet, 20, packet.length - 20, 0), 22);
    this.#raw(packet, to);
  }

  #raw(packet: Buffer, to: string, change?: (packet: Buffer) => void): void {
    // Without DF, by which a packet of a raw socket is known.
    packet.writeUInt16BE(0, 6);
    change?.(packet);
    this.lab.inside('client', () => {
      const raw = PosixSocket.raw();
      raw.send(packet, [to.split(':')[0] ?? '', 0]);
      raw.close();
    });
  }

  /** Ends a program's socket before the recording's end. */
  closeOne(one: PosixSocket): void {
    this.#forget(one);
    one.close();
  }

  abort(one: PosixSocket): void {
    this.#forget(one);
    one.abort();
  }

  #forget(one: PosixSocket): void {
    const at = this.#open.indexOf(one);
    if (at >= 0) this.#open.splice(at, 1);
  }

  close(): void {
    for (const ear of this.#ears.values()) ear.close();
    // Without a reset they would go on sending while the next recording is made.
    for (const one of this.#open) one.abort();
  }

  /** Ends the recording and writes its files. */
  async end(folder: string, name: string): Promise<void> {
    await this.wait(0.3);
    this.drain();
    this.close();
    const points = [...this.#ears.keys()].filter((point) =>
      this.#heard.some((one) => one.point === point),
    );
    for (const point of points) {
      const frames = this.#heard.filter((one) => one.point === point);
      writeFileSync(`${folder}/${name}.${point}.pcap`, pcap(frames));
    }
    const frames = this.#heard.flatMap(({ point, timeUs, bytes }) => {
      const text = frameText(bytes);
      return text === undefined ? [] : [{ at: timeUs, text: `${point.padEnd(8)} ${text}` }];
    });
    const all = [...frames, ...this.#lines].sort((one, other) => one.at - other.at);
    const stamp = (at: number) => ((at - this.#start) / 1e6).toFixed(4).padStart(9);
    const lines = all.map(({ at, text }) => `${stamp(at)} ${text}`);
    writeFileSync(
      `${folder}/${name}.txt`,
      `# ${name}: merged view of ${points.join(', ')} (times in seconds from the start; same machine, same clock)
# L2 src > dst | IP src > dst, ttl, id, total length | L4
\n${lines.join('\n')}\n`,
    );
  }
}

/** As much as Linux quotes of a large packet is more; this much every router quotes. */
const QUOTED_LENGTH = 48;
const NOBODY = '00:00:00:00:00:00';
const PYTHON: Readonly<Record<string, string>> = {
  ECONNREFUSED: "ConnectionRefusedError(111, 'Connection refused')",
  ECONNRESET: "ConnectionResetError(104, 'Connection reset by peer')",
  EHOSTUNREACH: "OSError(113, 'No route to host')",
  ENETUNREACH: "OSError(101, 'Network is unreachable')",
  ENOPROTOOPT: "OSError(92, 'Protocol not available')",
  pending: "TimeoutError('timed out')",
};
const python = (result: string) => PYTHON[result] ?? result;

function frameText(bytes: Buffer): string | undefined {
  const facts = frameFacts(bytes);
  if (facts === undefined) return undefined;
  const way = `${roleOf(facts.source)} > ${roleOf(facts.destination)}`.padEnd(26);
  if (facts.kind === 'arp') {
    return facts.isRequest
      ? `${way} ARP request who-has ${facts.target} (from ${facts.sender})`
      : `${way} ARP reply ${facts.sender} is-at ${facts.source}`;
  }
  const headers = [...facts.outer, facts.ip];
  const all = (pick: (ip: PacketFacts['ip']) => string | number) => headers.map(pick).join(',');
  const ids = all(({ id }) => `0x${id.toString(16).padStart(4, '0')}`);
  const ip = `${all((one) => one.source)} > ${all((one) => one.destination)} ttl ${all((one) => one.ttl)} id ${ids} df ${all((one) => Number(one.dontFragment))} len ${all((one) => one.length)}`;
  return `${way} ${ip} | ${contentText(facts)}`;
}

function contentText({ tcp, udp, icmp, ip }: PacketFacts): string {
  if (tcp !== undefined) {
    const letters = ['F', 'S', 'R', 'P', 'A'].filter((_, bit) => (tcp.flags & (1 << bit)) !== 0);
    return `TCP ${tcp.sourcePort} > ${tcp.destinationPort} ${letters.reverse().join('')} seq ${tcp.sequence} ack ${tcp.acknowledgement} len ${tcp.payload.length}`;
  }
  if (udp !== undefined)
    return `UDP ${udp.sourcePort} > ${udp.destinationPort} len ${udp.payload.length}`;
  if (icmp === undefined) return `protocol ${ip.protocol}`;
  return `ICMP type ${icmp.type} code ${icmp.code}${icmp.quoted === undefined ? '' : ` quoting ports ${icmp.quoted.ports.join(' ')}`}`;
}

/** A classic capture with microseconds. */
export function pcap(frames: readonly Omit<Heard, 'point'>[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(1, 20);
  const records = frames.flatMap(({ timeUs, bytes }) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(timeUs / 1e6), 0);
    record.writeUInt32LE(Math.floor(timeUs % 1e6), 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    return [record, bytes];
  });
  return Buffer.concat([head, ...records]);
}
