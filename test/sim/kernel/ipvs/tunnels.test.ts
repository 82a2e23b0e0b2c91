import { describe, expect, it } from 'vitest';
import { ETHERNET_HEADER_LENGTH } from '../../../../daemon/wire/ethernet.ts';
import { familyOf } from '../../../../daemon/wire/ip-address.ts';
import type { ServiceKey, TunnelType } from '../../../../sim/kernel/ipvs/ipvs-state.ts';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import { ip, makeSmallLan, prefix } from '../small-lan.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const GUE_PORT = 6080;

interface Wrapping {
  readonly name: string;
  readonly virtual: string;
  readonly server: string;
  readonly type: TunnelType;
  readonly device: string;
  /** Octets around the inner packet. */
  readonly overhead: number;
  readonly outerProtocol: number;
}

const IN4 = { virtual: '10.0.0.100', server: '10.0.0.11' };
const IN6 = { virtual: '2001:db8::100', server: '2001:db8::11' };
const WRAPPINGS: readonly Wrapping[] = [
  { name: 'IPIP', ...IN4, type: 'ipip', device: 'tunl0', overhead: 20, outerProtocol: 4 },
  { name: 'IP6IP6', ...IN6, type: 'ipip', device: 'ip6tnl0', overhead: 40, outerProtocol: 41 },
  {
    name: 'IPv6 in IPv4',
    virtual: IN6.virtual,
    server: IN4.server,
    type: 'ipip',
    device: 'sit0',
    overhead: 20,
    outerProtocol: 41,
  },
  {
    name: 'IPv4 in IPv6',
    virtual: IN4.virtual,
    server: IN6.server,
    type: 'ipip',
    device: 'ip6tnl0',
    overhead: 40,
    outerProtocol: 4,
  },
  { name: 'GUE', ...IN4, type: 'gue', device: 'tunl0', overhead: 32, outerProtocol: 17 },
  { name: 'GUE, IPv6', ...IN6, type: 'gue', device: 'ip6tnl0', overhead: 52, outerProtocol: 17 },
  {
    name: 'GUE, IPv6 in IPv4',
    virtual: IN6.virtual,
    server: IN4.server,
    type: 'gue',
    device: 'sit0',
    overhead: 32,
    outerProtocol: 17,
  },
  { name: 'GRE', ...IN4, type: 'gre', device: 'gre0', overhead: 24, outerProtocol: 47 },
];

describe('TUN carries a connection to a server that has the virtual address on its tunnel', () => {
  it.each(WRAPPINGS)('$name', (wrapping) => {
    const lan = makeTunnelLan(wrapping);
    const heard = connect(lan.client, wrapping);
    lan.runTo(6);
    expect(heard).toEqual(['connected']);
    expect(lan.director.ipvs.connections().map((each) => each.state)).toEqual(['ESTABLISHED']);
    const wrapped = lan.frames.filter((each) => each.from === 'director' && isWrapped(each.frame));
    expect(wrapped.map(({ frame }) => protocolOf(frame))).toEqual(
      wrapped.map(() => wrapping.outerProtocol),
    );
    // The SYN and the ACK of the handshake; one hop is taken from both headers.
    expect(wrapped.length).toBe(2);
    expect(wrapped.map(({ frame }) => ttlOf(frame, IP_AT))).toEqual([63, 63]);
    expect(wrapped.map(({ frame }) => ttlOf(frame, IP_AT + wrapping.overhead))).toEqual([63, 63]);
    // The server answers for the virtual address, past the director.
    expect(lan.server.link(wrapping.device)?.counters.rxPackets).toBe(2);
  });

  it.each(WRAPPINGS)(
    '$name: answers fill the packets of the way back, not the tunnel',
    (wrapping) => {
      const lan = makeTunnelLan(wrapping);
      connect(lan.client, wrapping, new Uint8Array(8));
      lan.runTo(6);
      const lengths = lan.frames
        .filter((each) => each.from === 'server')
        .map(({ frame }) => frame.length - ETHERNET_HEADER_LENGTH);
      expect(Math.max(...lengths)).toBe(1500);
    },
  );

  it('with rp_filter on the tunnel the server hears nothing: the way back is another', () => {
    const [ipip] = WRAPPINGS as [Wrapping];
    const lan = makeTunnelLan(ipip);
    lan.server.setSysctl('net.ipv4.conf.tunl0.rp_filter', '1');
    const heard = connect(lan.client, ipip);
    lan.runTo(6);
    expect(heard).toEqual([]);
    expect(lan.server.state.drops.get('ipv4:reverse-path')).toBeGreaterThan(0);
  });

  it('a tunnel that is down is answered "port unreachable", no module "protocol unreachable"', () => {
    const [ipip] = WRAPPINGS as [Wrapping];
    const lan = makeTunnelLan(ipip);
    lan.server.setLinkUp('tunl0', false);
    connect(lan.client, ipip);
    lan.runTo(3.5);
    expect(lan.server.state.drops.get('tunnel:no-device')).toBe(1);
    expect(lan.frames.some((each) => each.from === 'server' && isUnreachable(each.frame, 3))).toBe(
      true,
    );
    const bare = makeTunnelLan({ ...ipip, device: 'none' });
    connect(bare.client, ipip);
    bare.runTo(3.5);
    expect(bare.server.state.drops.get('ipv4:no-protocol')).toBe(1);
    expect(bare.frames.some((each) => each.from === 'server' && isUnreachable(each.frame, 2))).toBe(
      true,
    );
  });
});

/** A lone host that gets datagrams on its GUE or FOU port; what its tunnel has received, and why the rest was dropped. */
describe('a port that takes other protocols', () => {
  /** An IPv4 header alone: protocol 59, "no next header", from and to anywhere. */
  const inner = Uint8Array.of(0x45, 0, 0, 20, 0, 1, 0, 0, 9, 59, 0, 0, 10, 0, 0, 1, 10, 9, 9, 9);
  const run = (datagram: Uint8Array, protocol?: number) => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24' });
    const b = lan.addHost('b', { address: '10.0.0.2/24' });
    b.addTunnelLink('tunl0');
    b.setLinkUp('tunl0', true);
    const kind = protocol === undefined ? {} : { protocol };
    expect(b.addFouPort({ family: 'inet', port: 99, ...kind })).toBe('ok');
    expect(b.addFouPort({ family: 'inet', port: 99 })).toBe('taken');
    const socket = a.openUdp({ family: 'inet', onDatagram: () => undefined });
    if (typeof socket === 'string') throw new Error(socket);
    socket.send(datagram, ip('10.0.0.2'), 99);
    lan.runTo(1);
    const drops = [...b.dropCounters().keys()].filter((reason) => reason.startsWith('tunnel:'));
    return [b.link('tunl0')?.counters.rxPackets, ...drops];
  };
  const gue = (...head: number[]) => Uint8Array.of(...head, ...inner);

  it.each([
    ['version 0 with IPv4', gue(0, 4, 0, 0), [1]],
    ['version 1, the packet itself', inner, [1]],
    ['no header at all', Uint8Array.of(0, 4), [0, 'tunnel:malformed']],
    ['a control message', gue(0x20, 4, 0, 0), [0, 'tunnel:malformed']],
    ['optional fields', gue(0x01, 4, 0, 0, 0, 0, 0, 0), [0, 'tunnel:malformed']],
    ['flags that nobody knows', gue(0, 4, 0, 1), [0, 'tunnel:malformed']],
    ['version 2', gue(0x80, 4, 0, 0), [0, 'tunnel:malformed']],
    ['a protocol without tunnel', gue(0, 41, 0, 0), [0, 'tunnel:no-device']],
  ])('GUE: %s', (_, datagram, expected) => {
    expect(run(datagram)).toEqual(expected);
  });

  it('FOU: every datagram is of one protocol', () => {
    expect(run(inner, 4)).toEqual([1]);
    expect(run(inner, 41)).toEqual([0, 'tunnel:no-device']);
  });
});

describe('a packet that does not fit the tunnel', () => {
  it.each(WRAPPINGS)('$name: the client hears of the MTU that is left', (wrapping) => {
    const lan = makeTunnelLan(wrapping);
    const seen: number[] = [];
    const sizes = [1500 - wrapping.overhead, 1500 - wrapping.overhead + 1];
    for (const [index, size] of sizes.entries()) {
      lan.at(4 + index, () => sendSegment(lan.client, wrapping, size));
    }
    lan.runTo(8);
    for (const { frame, from } of lan.frames) {
      const told = from === 'director' ? toldMtu(frame) : undefined;
      if (told !== undefined) seen.push(told);
    }
    expect(seen).toEqual([1500 - wrapping.overhead]);
    const wrapped = lan.frames.filter((each) => each.from === 'director' && isWrapped(each.frame));
    expect(wrapped.map(({ frame }) => frame.length - IP_AT)).toEqual([1500]);
  });
});

function makeTunnelLan(wrapping: Wrapping) {
  const lan = makeSmallLan();
  const client = lan.addHost('client', { ipv6: true });
  const director = lan.addHost('director', { ipv6: true });
  const server = lan.addHost('server', { ipv6: true });
  for (const [kernel, host] of [
    [client, '1'],
    [director, 'fe'],
    [server, '11'],
  ] as const) {
    const last = host === 'fe' ? '254' : host;
    add(kernel, 'eth0', `10.0.0.${last}/24`);
    add(kernel, 'eth0', `2001:db8::${host}/64`);
  }
  const length = wrapping.virtual.includes(':') ? 128 : 32;
  add(director, 'eth0', `${wrapping.virtual}/${length}`);
  if (server.addTunnelLink(wrapping.device)) {
    server.setLinkUp(wrapping.device, true);
    add(server, wrapping.device, `${wrapping.virtual}/${length}`);
    server.setSysctl('net.ipv4.conf.eth0.arp_ignore', '1');
    server.setSysctl('net.ipv4.conf.eth0.arp_announce', '2');
  }
  for (const family of ['inet', 'inet6'] as const) {
    if (wrapping.type === 'gue') server.addFouPort({ family, port: GUE_PORT });
  }
  server.listenTcp({
    family: familyOf(ip(wrapping.virtual)),
    port: 80,
    // More than one packet holds.
    onAccept: (socket) => ({ onData: () => void socket.send(new Uint8Array(3000)) }),
  });
  director.ipvs.addService(serviceOf(wrapping), {
    scheduler: 'wlc',
    schedulerFlags: 0,
    onePacket: false,
  });
  const which = { address: ip(wrapping.server), port: 80 };
  const { type } = wrapping;
  const added = director.ipvs.addServer(serviceOf(wrapping), which, {
    method: 'tun',
    tunnel: type,
    ...(type === 'gue' ? { tunnelPort: GUE_PORT } : {}),
    weight: 1,
  });
  expect(added).toBeUndefined();
  lan.runTo(3);
  return { ...lan, client, director, server };
}

function add(kernel: Kernel, link: string, text: string): void {
  expect(kernel.addAddress(link, { ...prefix(text), noDad: true })).toBe('ok');
}

function serviceOf(wrapping: Wrapping): ServiceKey {
  return { kind: 'address', protocol: 6, address: ip(wrapping.virtual), port: 80 };
}

function connect(client: Kernel, wrapping: Wrapping, question?: Uint8Array): string[] {
  const heard: string[] = [];
  const socket = client.connectTcp({
    address: ip(wrapping.virtual),
    port: 80,
    handlers: {
      onConnected: () => {
        heard.push('connected');
        if (question !== undefined && typeof socket !== 'string') socket.send(question);
      },
      onError: (error) => heard.push(error),
    },
  });
  return heard;
}

/** A SYN with padding behind it, `size` octets of IP, with DF where there is one. */
function sendSegment(client: Kernel, wrapping: Wrapping, size: number): void {
  const isIpv6 = wrapping.virtual.includes(':');
  const source = ip(isIpv6 ? '2001:db8::1' : '10.0.0.1');
  const headerLength = isIpv6 ? 40 : 20;
  const packet = new Uint8Array(size);
  const view = new DataView(packet.buffer);
  const writeAddress = (value: number | bigint, at: number) => {
    if (typeof value === 'number') view.setUint32(at, value);
    else {
      view.setBigUint64(at, value >> 64n);
      view.setBigUint64(at + 8, BigInt.asUintN(64, value));
    }
  };
  if (isIpv6) {
    view.setUint32(0, 0x6000_0000);
    view.setUint16(4, size - headerLength);
    packet.set([6, 64], 6);
  } else {
    packet.set([0x45, 0], 0);
    view.setUint16(2, size);
    view.setUint16(4, 77);
    view.setUint16(6, 0x4000);
    packet.set([64, 6], 8);
  }
  writeAddress(source, isIpv6 ? 8 : 12);
  writeAddress(ip(wrapping.virtual), isIpv6 ? 24 : 16);
  view.setUint16(headerLength, 40_000 + (size % 2));
  view.setUint16(headerLength + 2, 80);
  packet.set([0x50, 0x02], headerLength + 12);
  expect(client.sendIp(packet)).toBeUndefined();
}

function isWrapped(frame: Uint8Array): boolean {
  return [4, 17, 41, 47].includes(protocolOf(frame));
}

function isIpv6Frame(frame: Uint8Array): boolean {
  return frame[12] === 0x86 && frame[13] === 0xdd;
}

function protocolOf(frame: Uint8Array): number {
  if (frame[12] !== 0x08 && !isIpv6Frame(frame)) return -1;
  if (frame[12] === 0x08 && frame[13] !== 0) return -1;
  return (isIpv6Frame(frame) ? frame[IP_AT + 6] : frame[IP_AT + 9]) ?? -1;
}

function ttlOf(frame: Uint8Array, at: number): number {
  return ((frame[at] ?? 0) >>> 4 === 6 ? frame[at + 7] : frame[at + 8]) ?? -1;
}

function isUnreachable(frame: Uint8Array, code: number): boolean {
  return protocolOf(frame) === 1 && frame[IP_AT + 20] === 3 && frame[IP_AT + 21] === code;
}

/** The MTU of "fragmentation needed" or "packet too big". */
function toldMtu(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (isUnreachable(frame, 4)) return view.getUint16(IP_AT + 26);
  if (protocolOf(frame) === 58 && frame[IP_AT + 40] === 2) return view.getUint32(IP_AT + 44);
  return undefined;
}
