/**
 * IPv6: addresses and their detection, neighbours as recording S13 shows them, MLD, errors,
 * forwarding.
 */

import { describe, expect, test } from 'vitest';
import { addressSum } from '../../../daemon/wire/checksum.ts';
import {
  decodeIcmpv6,
  encodeIcmpv6,
  type Icmpv6Message,
  icmpv6Length,
} from '../../../daemon/wire/icmpv6.ts';
import { formatIp, formatPrefix } from '../../../daemon/wire/ip-address.ts';
import {
  encodeIpv6Header,
  findIpv6Payload,
  readIpv6Destination,
  readIpv6HopLimit,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../../daemon/wire/ipv6.ts';
import { formatIpv6, type Ipv6Address } from '../../../daemon/wire/ipv6-address.ts';
import { formatMac, readMac } from '../../../daemon/wire/mac-address.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';
import {
  type HostOptions,
  ip,
  ip6,
  makeSmallLan,
  prefix,
  type SmallLan,
  watchNeighbours,
} from './small-lan.ts';

interface Heard {
  readonly at: number;
  readonly text: string;
  readonly message: Icmpv6Message;
  readonly hopLimit: number;
}

/** ICMPv6 that hosts sent since `from`, as tcpdump prints it. */
function sentIcmpv6(lan: SmallLan, from = 0): Heard[] {
  return lan.frames.flatMap(({ at, frame }) => {
    if (at < from || frame[12] !== 0x86) return [];
    const [source, destination] = [readIpv6Source(frame, 14), readIpv6Destination(frame, 14)];
    const payload = findIpv6Payload(frame, 14);
    if (typeof payload === 'string' || payload.protocol !== 58) return [];
    const end = 14 + 40 + readIpv6PayloadLength(frame, 14);
    const message = decodeIcmpv6(frame, payload.at, end, addressSum(source, destination));
    if (typeof message === 'string') throw new Error(message);
    const target = 'target' in message ? ` ${formatIpv6(message.target)}` : '';
    const flags =
      message.kind === 'neighbour-advertisement'
        ? ` ${message.solicited ? 'S' : ''}${message.override ? 'O' : ''}`
        : '';
    const to = formatMac(readMac(frame, 0));
    const hosts = `${formatIpv6(source)}>${formatIpv6(destination)}`;
    const text = `${hosts} (${to}) ${message.kind}${target}${flags}`;
    return [{ at: at / 1e6, text, message, hopLimit: readIpv6HopLimit(frame, 14) }];
  });
}

function packet(
  message: Icmpv6Message,
  from: Ipv6Address,
  to: Ipv6Address,
  hopLimit = 64,
): Uint8Array {
  const bytes = new Uint8Array(40 + icmpv6Length(message));
  const header = {
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: bytes.length - 40,
    nextHeader: 58,
    hopLimit,
    source: from,
    destination: to,
  };
  encodeIcmpv6(message, bytes, encodeIpv6Header(header, bytes, 0), addressSum(from, to));
  return bytes;
}

const echo = (from: Ipv6Address, to: Ipv6Address, hopLimit = 64) =>
  packet(
    { kind: 'echo-request', code: 0, identifier: 1, sequence: 1, payload: new Uint8Array(56) },
    from,
    to,
    hopLimit,
  );

function announceAddress(kernel: Kernel, address: Ipv6Address): void {
  const mac = kernel.link('eth0')?.mac;
  if (mac === undefined) return;
  kernel.sendIp(
    packet(
      {
        kind: 'neighbour-advertisement',
        code: 0,
        target: address,
        router: false,
        solicited: false,
        override: true,
        options: [{ kind: 'target-link-address', mac }],
      },
      address,
      ip6('ff02::1'),
      255,
    ),
    'eth0',
  );
}

function host(lan: SmallLan, name: string, last: string, options: HostOptions = {}) {
  const kernel = lan.addHost(name, { ipv6: true, mac: `02:00:00:00:00:${last}`, ...options });
  kernel.addAddress('eth0', { ...prefix(`fd00:100::${last}/64`), noDad: true });
  return kernel;
}

const list = (kernel: Kernel) =>
  (kernel.link('eth0')?.addresses ?? []).map(
    (own) => `${formatPrefix(own)} ${own.scope}${own.tentative ? ' tentative' : ''}`,
  );

describe('addresses', () => {
  test('a link that comes up gets its link-local address, tentative for 1 to 2.3 s', () => {
    const lan = makeSmallLan();
    const kernel = lan.addHost('n1', { ipv6: true, mac: '02:00:00:00:00:11' });
    expect(list(kernel)).toEqual(['fe80::ff:fe00:11/64 link tentative']);
    expect(kernel.isLocalAddress(ip('fe80::ff:fe00:11'))).toBe(false);
    lan.runTo(0.99);
    expect(list(kernel)).toEqual(['fe80::ff:fe00:11/64 link tentative']);
    lan.runTo(2.3);
    expect(list(kernel)).toEqual(['fe80::ff:fe00:11/64 link']);
    expect(kernel.isLocalAddress(ip('fe80::ff:fe00:11'))).toBe(true);
    const questions = sentIcmpv6(lan).filter((each) => each.text.includes('solicitation'));
    expect(questions.map((each) => each.text)).toEqual([
      '::>ff02::1:ff00:11 (33:33:ff:00:00:11) neighbour-solicitation fe80::ff:fe00:11',
    ]);
  });

  test('an address that another host holds stays tentative', () => {
    const lan = makeSmallLan();
    host(lan, 'n1', '11');
    const second = host(lan, 'n2', '12');
    lan.runTo(3);
    second.addAddress('eth0', prefix('fd00:100::11/64'));
    lan.runTo(10);
    expect(list(second)).toContain('fd00:100::11/64 global tentative');
    expect(second.isLocalAddress(ip('fd00:100::11'))).toBe(false);
  });

  test('newer addresses stand first, link-local ones last, as recorded', () => {
    const lan = makeSmallLan();
    const kernel = host(lan, 'n1', '11');
    lan.runTo(3);
    kernel.addAddress('eth0', { ...prefix('fe80::100/64'), noDad: true });
    kernel.addAddress('eth0', { ...prefix('fd00:100::100/64'), noDad: true });
    expect(list(kernel)).toEqual([
      'fd00:100::100/64 global',
      'fd00:100::11/64 global',
      'fe80::100/64 link',
      'fe80::ff:fe00:11/64 link',
    ]);
    expect(kernel.routes('inet6', 'main').map((route) => formatPrefix(route.destination))).toEqual([
      'fd00:100::/64',
      'fe80::/64',
    ]);
  });

  test('netlink tells of an address with nodad a moment later, and not at all of one deleted before', () => {
    const lan = makeSmallLan();
    const kernel = host(lan, 'n1', '11');
    lan.runTo(3);
    const told: string[] = [];
    kernel.onNetlink((event) => {
      if (event.kind !== 'address-added' && event.kind !== 'address-removed') return;
      told.push(`${lan.engine.now} ${event.kind} ${formatPrefix(event.address)}`);
    });
    const short = prefix('fd00:100::100/64');
    kernel.addAddress('eth0', { ...short, noDad: true });
    expect(kernel.isLocalAddress(short.address)).toBe(true);
    kernel.deleteAddress('eth0', short);
    kernel.addAddress('eth0', prefix('fd00:100::102/64'));
    lan.runTo(3.002);
    expect(told.splice(0)).toEqual([
      '3000000 address-removed fd00:100::100/64',
      '3000000 address-added fd00:100::102/64',
    ]);
    kernel.addAddress('eth0', { ...short, noDad: true });
    lan.runTo(3.01);
    expect(told).toEqual(['3002700 address-added fd00:100::100/64']);
  });

  test('down takes all IPv6 addresses, disable_ipv6 too: they are no longer local', () => {
    const lan = makeSmallLan();
    const kernel = host(lan, 'n1', '11');
    lan.runTo(3);
    kernel.setLinkUp('eth0', false);
    expect(list(kernel)).toEqual([]);
    expect(kernel.isLocalAddress(ip('fd00:100::11'))).toBe(false);
    expect(kernel.isLocalAddress(ip('fe80::ff:fe00:11'))).toBe(false);
    expect(kernel.routes('inet6', 'main')).toEqual([]);
    kernel.setLinkUp('eth0', true);
    expect(list(kernel).length).toBe(1);
    kernel.setSysctl('net.ipv6.conf.all.disable_ipv6', '1');
    expect(list(kernel)).toEqual([]);
    expect(kernel.addAddress('eth0', prefix('fd00::1/64'))).toBe('invalid');
  });
});

describe('neighbours of recording S13', () => {
  const VIP = ip6('fd00:100::100');
  const CLIENT = ip6('fd00:100::50');

  function play() {
    const lan = makeSmallLan();
    // Detection and reports of the boot are over when the recording begins.
    const start = 10;
    // REACHABLE without a probe fell on 13.3185: a multiple of 64 ticks.
    const tickPhaseUs = 256_000 - (Math.round((start + 13.3185) * 1e6) % 256_000);
    const n1 = host(lan, 'n1', '11', { tickPhaseUs });
    const n2 = host(lan, 'n2', '12', { tickPhaseUs });
    const client = host(lan, 'client', '50', { tickPhaseUs });
    const lines = watchNeighbours(client, lan.engine);
    lan.runTo(start);
    // ping -6 confirms its neighbour with each answer (MSG_CONFIRM).
    client.openRaw({
      family: 'inet6',
      protocol: 58,
      onPacket: (bytes, at) => {
        if (bytes[at + 40] === 129) client.confirmNeighbour(readIpv6Source(bytes, at));
      },
    });
    for (let i = 0; i < 380; i++) {
      lan.at(start + 0.0164 + i * 0.05, () => void client.sendIp(echo(CLIENT, VIP)));
    }
    const take = (kernel: Kernel) => {
      kernel.addAddress('eth0', { ...prefix('fd00:100::100/64'), noDad: true });
      for (let i = 0; i < 5; i++) announceAddress(kernel, VIP);
    };
    const give = (kernel: Kernel) => void kernel.deleteAddress('eth0', prefix('fd00:100::100/64'));
    lan.at(start + 3.2868, () => take(n1));
    lan.at(start + 7.4367, () => give(n1));
    lan.at(start + 8.0473, () => take(n2));
    lan.at(start + 13.0535, () => announceAddress(n2, VIP));
    lan.at(start + 14.2488, () => take(n1));
    lan.at(start + 14.2492, () => give(n2));
    lan.runTo(start + 19);
    const ours = lines
      .map(({ at, text }) => ({ at: at - start, text }))
      .filter(({ text }) => text.includes('fd00:100::100 '));
    return { ours, heard: sentIcmpv6(lan, start * 1e6), start };
  }

  test('states in order, each at its moment', () => {
    const { ours } = play();
    const recorded = [
      [3.0786, 'fd00:100::100 dev eth0 FAILED'],
      [3.2869, 'fd00:100::100 dev eth0 lladdr 02:00:00:00:00:11 DELAY'],
      [8.0474, 'fd00:100::100 dev eth0 lladdr 02:00:00:00:00:12 STALE'],
      [13.3185, 'fd00:100::100 dev eth0 lladdr 02:00:00:00:00:12 REACHABLE'],
      [14.2489, 'fd00:100::100 dev eth0 lladdr 02:00:00:00:00:11 STALE'],
    ] as const;
    expect(ours.map((each) => each.text)).toEqual(recorded.map(([, text]) => text));
    for (const [index, [at]] of recorded.entries()) {
      expect(Math.abs((ours[index]?.at ?? 0) - at)).toBeLessThan(0.012);
    }
  });

  test('a new owner asks for the client from the VIP and gets a solicited answer', () => {
    const { heard } = play();
    const [asked, answered] = heard.filter(
      (each) => /fd00:100::100>.*solicitation/.test(each.text) || /SO$/.test(each.text),
    );
    expect(asked?.text).toBe(
      'fd00:100::100>ff02::1:ff00:50 (33:33:ff:00:00:50) neighbour-solicitation fd00:100::50',
    );
    expect(answered?.text).toBe(
      'fd00:100::50>fd00:100::100 (02:00:00:00:00:11) neighbour-advertisement fd00:100::50 SO',
    );
    const first = heard.find((each) => each.text.includes('>ff02::1:ff00:100'));
    expect(first?.text).toContain('fd00:100::50>ff02::1:ff00:100 (33:33:ff:00:01:00)');
  });

  test('a VIP that is added is reported to ff02::16 within 12 ms and again within a second', () => {
    const { heard, start } = play();
    const reports = heard.filter(
      (each) => each.message.kind === 'mld-report-v2' && each.at < start + 7,
    );
    expect(reports.map((each) => each.text)).toEqual([
      'fe80::ff:fe00:11>ff02::16 (33:33:00:00:00:16) mld-report-v2',
      'fe80::ff:fe00:11>ff02::16 (33:33:00:00:00:16) mld-report-v2',
    ]);
    expect(reports.every((each) => each.hopLimit === 1)).toBe(true);
    expect((reports[0]?.at ?? 0) - start - 3.2868).toBeLessThan(0.0125);
    const [record] = reports[0]?.message.kind === 'mld-report-v2' ? reports[0].message.records : [];
    expect(record).toMatchObject({ type: 4, group: ip('ff02::1:ff00:100') });
  });
});

describe('packets', () => {
  function heardBy(kernel: Kernel): string[] {
    const heard: string[] = [];
    kernel.openRaw({
      family: 'inet6',
      protocol: 58,
      onPacket(bytes, at) {
        const type = bytes[at + 40];
        if (type === 135 || type === 136) return;
        heard.push(`${formatIpv6(readIpv6Source(bytes, at))} ${type}/${bytes[at + 41]}`);
      },
    });
    return heard;
  }

  test('echo is answered, also over link-local addresses with a link', () => {
    const lan = makeSmallLan();
    const a = host(lan, 'a', '11');
    host(lan, 'b', '12');
    lan.runTo(3);
    const heard = heardBy(a);
    a.sendIp(echo(ip6('::'), ip6('fd00:100::12')));
    a.sendIp(echo(ip6('fe80::ff:fe00:11'), ip6('fe80::ff:fe00:12')), 'eth0');
    lan.runTo(4);
    expect(heard).toEqual(['fd00:100::12 129/0', 'fe80::ff:fe00:12 129/0']);
  });

  test('a silent neighbour: address unreachable; a closed port: ECONNREFUSED', () => {
    const lan = makeSmallLan();
    const a = host(lan, 'a', '11');
    host(lan, 'b', '12');
    lan.runTo(3);
    const heard = heardBy(a);
    a.sendIp(echo(ip6('fd00:100::11'), ip6('fd00:100::99')));
    const errors: string[] = [];
    const socket = a.openUdp({
      family: 'inet6',
      onDatagram: () => undefined,
      onError: (error) => errors.push(error),
    });
    if (typeof socket === 'string') throw new Error(socket);
    socket.send(new Uint8Array(4), ip('fd00:100::12'), 9999);
    lan.runTo(8);
    expect(heard).toEqual(['fd00:100::12 1/4', 'fd00:100::11 1/3']);
    expect(errors).toEqual(['ECONNREFUSED']);
  });

  test('forwarding takes one off the hop limit; 1 ends in time exceeded', () => {
    const lan = makeSmallLan();
    const a = host(lan, 'a', '11');
    const router = lan.addHost('r', { ipv6: true, mac: '02:00:00:00:00:21' });
    router.setSysctl('net.ipv6.conf.all.forwarding', '1');
    router.addAddress('eth0', { ...prefix('fd00:100::1/64'), noDad: true });
    router.addAddress('eth0', { ...prefix('fd00:200::1/64'), noDad: true });
    const b = lan.addHost('b', { ipv6: true, mac: '02:00:00:00:00:31' });
    b.addAddress('eth0', { ...prefix('fd00:200::12/64'), noDad: true });
    const route = (to: string, gateway: string) =>
      ({
        family: 'inet6',
        destination: prefix(to),
        table: 'main',
        type: 'unicast',
        gateway: ip(gateway),
        scope: 'global',
        metric: 1024,
        protocol: 'boot',
      }) as const;
    expect(a.addRoute(route('::/0', 'fd00:100::1'), 'add')).toBe('ok');
    expect(b.addRoute(route('::/0', 'fd00:200::1'), 'add')).toBe('ok');
    lan.runTo(3);
    const heard = heardBy(a);
    a.sendIp(echo(ip6('fd00:100::11'), ip6('fd00:200::12')));
    a.sendIp(echo(ip6('fd00:100::11'), ip6('fd00:200::12'), 1));
    lan.runTo(4);
    // The error leaves at once, the answer comes after the router has asked for b.
    expect(heard).toEqual(['fd00:100::1 3/0', 'fd00:200::12 129/0']);
  });

  test('a drop rule with neighbour discovery exempt: the address is found, not pingable', () => {
    const lan = makeSmallLan();
    const a = host(lan, 'a', '11');
    const b = host(lan, 'b', '12');
    lan.runTo(3);
    const heard = heardBy(a);
    for (const [hook, field] of [
      ['input', 'destination'],
      ['output', 'source'],
    ] as const) {
      b.addFirewallRule({
        hook,
        verdict: 'drop',
        [field]: prefix('fd00:100::12/128'),
        exceptNeighbourDiscovery: true,
      });
    }
    a.sendIp(echo(ip6('fd00:100::11'), ip6('fd00:100::12')));
    lan.runTo(4);
    expect(heard).toEqual([]);
    expect(a.neighbours().map((entry) => `${formatIp(entry.address)} ${entry.state}`)).toEqual([
      'fd00:100::12 REACHABLE',
    ]);
  });
});
