import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAh, encodeAh } from '../../../daemon/wire/ah.ts';
import { decodeArp, encodeArp } from '../../../daemon/wire/arp.ts';
import { decodeBfd, encodeBfd } from '../../../daemon/wire/bfd.ts';
import { decodeEthernetHeader, writeEthernetHeader } from '../../../daemon/wire/ethernet.ts';
import { decodeIcmp, encodeIcmp, type IcmpMessage } from '../../../daemon/wire/icmp.ts';
import { decodeIcmpv6, encodeIcmpv6, type Icmpv6Message } from '../../../daemon/wire/icmpv6.ts';
import { decodeIgmp, encodeIgmp, type IgmpMessage } from '../../../daemon/wire/igmp.ts';
import { checkIpv4Header, decodeIpv4Header, encodeIpv4Header } from '../../../daemon/wire/ipv4.ts';
import { decodeIpv6Header, encodeIpv6Header, findIpv6Payload } from '../../../daemon/wire/ipv6.ts';
import type { NdOption } from '../../../daemon/wire/nd-option.ts';
import { decodeTcp, encodeTcp } from '../../../daemon/wire/tcp.ts';
import type { TcpOption } from '../../../daemon/wire/tcp-option.ts';
import { decodeUdp, encodeUdp } from '../../../daemon/wire/udp.ts';
import { decodeVrrpV2, encodeVrrpV2 } from '../../../daemon/wire/vrrp-v2.ts';
import { decodeVrrpV3, encodeVrrpV3 } from '../../../daemon/wire/vrrp-v3.ts';
import { decodeVxlan, encodeVxlan } from '../../../daemon/wire/vxlan.ts';
import { ipv4, ipv6, longWord, mac, octet, octets, roundTrip, word } from './arbitraries.ts';

const ADDRESSES = 0x1234;
const body = octets(1, 40);

const ipv4Header = fc
  .record({
    tos: octet,
    payload: fc.integer({ min: 0, max: 40 }),
    identification: word,
    flags: fc.integer({ min: 0, max: 7 }),
    fragmentOffset: fc.integer({ min: 0, max: 0x1fff }),
    ttl: octet,
    protocol: octet,
    source: ipv4,
    destination: ipv4,
    options: octets(4, 10),
  })
  .map(({ payload, ...rest }) => ({ ...rest, totalLength: 20 + rest.options.length + payload }));

const icmp: fc.Arbitrary<IcmpMessage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('echo-request' as const, 'echo-reply' as const),
    identifier: word,
    sequence: word,
    payload: body,
  }),
  fc.record({
    kind: fc.constant('destination-unreachable' as const),
    code: octet,
    nextHopMtu: word,
    quoted: body,
  }),
  fc.record({ kind: fc.constant('time-exceeded' as const), code: octet, quoted: body }),
  fc.record({ kind: fc.constant('redirect' as const), code: octet, gateway: ipv4, quoted: body }),
  fc.record({
    kind: fc.constant('parameter-problem' as const),
    code: octet,
    pointer: octet,
    quoted: body,
  }),
  fc.record({
    kind: fc.constant('other' as const),
    type: fc.integer({ min: 13, max: 255 }),
    code: octet,
    rest: longWord,
    body,
  }),
);

const igmp: fc.Arbitrary<IgmpMessage> = fc.oneof(
  fc.record({ group: ipv4, maxResponseCode: octet }).map((query) => ({
    kind: 'query' as const,
    version: query.maxResponseCode === 0 ? (1 as const) : (2 as const),
    ...query,
  })),
  fc.record({
    kind: fc.constant('query-v3' as const),
    group: ipv4,
    maxResponseCode: octet,
    suppress: fc.boolean(),
    robustness: fc.integer({ min: 0, max: 7 }),
    intervalCode: octet,
    sources: fc.array(ipv4, { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constantFrom('report-v1' as const, 'report-v2' as const, 'leave' as const),
    group: ipv4,
  }),
  fc.record({
    kind: fc.constant('report-v3' as const),
    records: fc.array(
      fc.record({
        type: octet,
        group: ipv4,
        sources: fc.array(ipv4, { maxLength: 3 }),
        auxiliary: octets(4, 2),
      }),
      { maxLength: 4 },
    ),
  }),
  fc.record({
    kind: fc.constant('other' as const),
    type: fc.integer({ min: 0x30, max: 0xff }),
    maxResponseCode: octet,
    body: fc.uint8Array({ minLength: 4, maxLength: 20, size: 'max' }),
  }),
);

const ndOption: fc.Arbitrary<NdOption> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('source-link-address' as const, 'target-link-address' as const),
    mac,
  }),
  fc.record({
    kind: fc.constant('prefix' as const),
    prefix: ipv6,
    length: octet,
    onLink: fc.boolean(),
    autonomous: fc.boolean(),
    validSeconds: longWord,
    preferredSeconds: longWord,
  }),
  fc.record({ kind: fc.constant('mtu' as const), mtu: longWord }),
  fc.record({
    kind: fc.constant('other' as const),
    type: fc.integer({ min: 6, max: 255 }),
    body: octets(8, 2).map((bytes) => new Uint8Array(bytes.length + 6).fill(3)),
  }),
);
const ndOptions = fc.array(ndOption, { maxLength: 3 });

const icmpv6: fc.Arbitrary<Icmpv6Message> = fc.oneof(
  fc.record({
    code: octet,
    kind: fc.constantFrom('echo-request' as const, 'echo-reply' as const),
    identifier: word,
    sequence: word,
    payload: body,
  }),
  fc.record({
    code: octet,
    kind: fc.constantFrom(
      'destination-unreachable' as const,
      'packet-too-big' as const,
      'time-exceeded' as const,
      'parameter-problem' as const,
    ),
    parameter: longWord,
    quoted: body,
  }),
  fc.record({
    code: octet,
    kind: fc.constant('neighbour-solicitation' as const),
    target: ipv6,
    options: ndOptions,
  }),
  fc.record({
    code: octet,
    kind: fc.constant('neighbour-advertisement' as const),
    target: ipv6,
    router: fc.boolean(),
    solicited: fc.boolean(),
    override: fc.boolean(),
    options: ndOptions,
  }),
  fc.record({ code: octet, kind: fc.constant('router-solicitation' as const), options: ndOptions }),
  fc.record({
    code: octet,
    kind: fc.constant('router-advertisement' as const),
    hopLimit: octet,
    flags: octet,
    lifetimeSeconds: word,
    reachableMs: longWord,
    retransmitMs: longWord,
    options: ndOptions,
  }),
  fc.record({
    code: octet,
    kind: fc.constantFrom('mld-query' as const, 'mld-report' as const, 'mld-done' as const),
    maxResponseMs: word,
    group: ipv6,
    rest: body,
  }),
  fc.record({
    code: octet,
    kind: fc.constant('mld-report-v2' as const),
    records: fc.array(
      fc.record({
        type: octet,
        group: ipv6,
        sources: fc.array(ipv6, { maxLength: 2 }),
        auxiliary: octets(4, 2),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    code: octet,
    kind: fc.constant('other' as const),
    type: fc.integer({ min: 144, max: 255 }),
    body,
  }),
);

const tcpOption: fc.Arbitrary<TcpOption> = fc.oneof(
  fc.record({ kind: fc.constantFrom('no-operation' as const, 'sack-permitted' as const) }),
  fc.record({ kind: fc.constant('maximum-segment-size' as const), sizeBytes: word }),
  fc.record({ kind: fc.constant('window-scale' as const), shift: octet }),
  fc.record({ kind: fc.constant('timestamps' as const), value: longWord, echoReply: longWord }),
  fc.record({
    kind: fc.constant('sack' as const),
    blocks: fc.array(fc.record({ left: longWord, right: longWord }), { maxLength: 1 }),
  }),
  fc.record({
    kind: fc.constant('other' as const),
    type: fc.integer({ min: 9, max: 255 }),
    body: octets(1, 4),
  }),
);

const tcpSegment = fc
  .record({
    sourcePort: word,
    destinationPort: word,
    sequence: longWord,
    acknowledgement: longWord,
    flags: octet,
    window: word,
    urgent: word,
    options: fc.array(tcpOption, { maxLength: 3 }),
    payload: body,
  })
  .map((segment) => padOptions(segment));

/** Padding decodes as options too, so a segment that comes back equal has none to fill in. */
function padOptions<T extends { options: TcpOption[] }>(segment: T): T {
  const lengthOf = (option: TcpOption): number => {
    if (option.kind === 'no-operation') return 1;
    if (option.kind === 'sack-permitted') return 2;
    if (option.kind === 'maximum-segment-size') return 4;
    if (option.kind === 'window-scale') return 3;
    if (option.kind === 'timestamps') return 10;
    if (option.kind === 'sack') return 2 + 8 * option.blocks.length;
    return 'body' in option
      ? 2 + option.body.length
      : option.kind === 'rest'
        ? option.bytes.length
        : 0;
  };
  const options = [...segment.options];
  while (options.reduce((sum, option) => sum + lengthOf(option), 0) % 4 !== 0) {
    options.push({ kind: 'no-operation' });
  }
  return { ...segment, options };
}

const vrrpV2 = fc.record({
  version: fc.constant(2),
  type: fc.integer({ min: 0, max: 15 }),
  vrid: octet,
  priority: octet,
  addresses: fc.array(ipv4, { maxLength: 20 }),
  authType: octet,
  advertIntervalSeconds: octet,
  authData: fc.uint8Array({ minLength: 8, maxLength: 8 }),
});

const vrrpV3 = (address: typeof ipv4 | typeof ipv6) =>
  fc.record({
    version: fc.constant(3),
    type: fc.integer({ min: 0, max: 15 }),
    vrid: octet,
    priority: octet,
    addresses: fc.array<number | bigint>(address, { maxLength: 8 }),
    reserved: fc.integer({ min: 0, max: 15 }),
    advertIntervalCentiseconds: fc.integer({ min: 0, max: 4095 }),
  });

type Encode = (value: never, bytes: Uint8Array, at: number) => number;
type Decode = (bytes: Uint8Array, at: number, end: number) => unknown;

/** Every codec once: what it encodes, how, and how it is read back. */
const CODECS: readonly (readonly [string, fc.Arbitrary<unknown>, Encode, Decode])[] = [
  [
    'Ethernet',
    fc.record({ destination: mac, source: mac, etherType: word }),
    writeEthernetHeader,
    decodeEthernetHeader,
  ],
  [
    'ARP',
    fc.record({
      operation: word,
      senderHardwareAddress: mac,
      senderProtocolAddress: ipv4,
      targetHardwareAddress: mac,
      targetProtocolAddress: ipv4,
    }),
    encodeArp,
    decodeArp,
  ],
  [
    'IPv4',
    ipv4Header,
    (header: never, bytes, at) => {
      const next = encodeIpv4Header(header, bytes, at);
      return Math.max(next, at + (header as { totalLength: number }).totalLength);
    },
    decodeIpv4Header,
  ],
  [
    'IPv6',
    fc.record({
      trafficClass: octet,
      flowLabel: fc.integer({ min: 0, max: 0xf_ffff }),
      payloadLength: fc.constant(0),
      nextHeader: octet,
      hopLimit: octet,
      source: ipv6,
      destination: ipv6,
    }),
    encodeIpv6Header,
    decodeIpv6Header,
  ],
  ['ICMP', icmp, encodeIcmp, decodeIcmp],
  [
    'ICMPv6',
    icmpv6,
    (value, bytes, at) => encodeIcmpv6(value, bytes, at, ADDRESSES),
    (bytes, at, end) => decodeIcmpv6(bytes, at, end, ADDRESSES),
  ],
  ['IGMP', igmp, encodeIgmp, decodeIgmp],
  [
    'UDP',
    fc.record({ sourcePort: word, destinationPort: word, payload: body }),
    (value, bytes, at) => encodeUdp(value, bytes, at, ADDRESSES),
    (bytes, at, end) => decodeUdp(bytes, at, end, ADDRESSES),
  ],
  [
    'TCP',
    tcpSegment,
    (value, bytes, at) => encodeTcp(value, bytes, at, ADDRESSES),
    (bytes, at, end) => decodeTcp(bytes, at, end, ADDRESSES),
  ],
  ['VRRPv2', vrrpV2, encodeVrrpV2, decodeVrrpV2],
  [
    'VRRPv3 for IPv4',
    vrrpV3(ipv4),
    (value, bytes, at) => encodeVrrpV3(value, bytes, at, ADDRESSES),
    (bytes, at, end) => decodeVrrpV3(bytes, at, end, { family: 'inet', checksum: ADDRESSES }),
  ],
  [
    'VRRPv3 for IPv6',
    vrrpV3(ipv6),
    (value, bytes, at) => encodeVrrpV3(value, bytes, at, ADDRESSES),
    (bytes, at, end) => decodeVrrpV3(bytes, at, end, { family: 'inet6', checksum: ADDRESSES }),
  ],
  [
    'VRRPv3 with the checksum of v2',
    vrrpV3(ipv4),
    (value, bytes, at) => encodeVrrpV3(value, bytes, at, 'as-v2'),
    (bytes, at, end) => decodeVrrpV3(bytes, at, end, { family: 'inet', checksum: 'as-v2' }),
  ],
  [
    'AH',
    fc.record({ nextHeader: octet, spi: longWord, sequence: longWord, icv: octets(4, 4) }),
    encodeAh,
    decodeAh,
  ],
  [
    'BFD',
    fc.record({
      version: fc.integer({ min: 0, max: 7 }),
      diagnostic: fc.integer({ min: 0, max: 31 }),
      state: fc.constantFrom('AdminDown', 'Down', 'Init', 'Up'),
      poll: fc.boolean(),
      final: fc.boolean(),
      controlPlaneIndependent: fc.boolean(),
      authenticated: fc.boolean(),
      demand: fc.boolean(),
      multipoint: fc.boolean(),
      detectMultiplier: octet,
      length: fc.constant(24),
      myDiscriminator: longWord,
      yourDiscriminator: longWord,
      desiredMinTx: longWord,
      requiredMinRx: longWord,
      requiredMinEchoRx: longWord,
    }),
    encodeBfd,
    decodeBfd,
  ],
  ['VXLAN', fc.record({ vni: fc.integer({ min: 0, max: 0xff_ffff }) }), encodeVxlan, decodeVxlan],
];

describe.each(CODECS)('%s', (_name, values, encode, decode) => {
  test('decodes what it encoded, out of a buffer that was used before', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(roundTrip(value as never, encode, decode)).toEqual(value);
      }),
    );
  });

  test('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100, size: 'max' }), octet, (bytes, at) => {
        const result = decode(bytes, Math.min(at % 16, bytes.length), bytes.length);
        expect(['string', 'object']).toContain(typeof result);
      }),
    );
  });

  test('valid bytes cut short or with one octet changed never throw', () => {
    fc.assert(
      fc.property(values, fc.nat(), octet, fc.nat(), (value, place, change, cut) => {
        const bytes = new Uint8Array(4096);
        const end = encode(value as never, bytes, 0);
        bytes[place % end] = change;
        const shorter = bytes.slice(0, cut % (end + 1));
        expect(() => decode(shorter, 0, shorter.length)).not.toThrow();
        expect(() => decode(bytes, 0, end)).not.toThrow();
      }),
    );
  });
});

/** Codecs whose checksum covers everything: one flipped bit is always seen. */
const CHECKED = CODECS.filter(([name]) =>
  ['ICMP', 'ICMPv6', 'IGMP', 'TCP', 'VRRPv2', 'VRRPv3 for IPv4', 'VRRPv3 for IPv6'].includes(name),
);

test.each(CHECKED)('%s: one flipped bit is refused', (_name, values, encode, decode) => {
  fc.assert(
    fc.property(values, fc.nat(), (value, place) => {
      const bytes = new Uint8Array(4096);
      const end = encode(value as never, bytes, 0);
      const bit = place % (end * 8);
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
      expect(typeof decode(bytes, 0, end)).toBe('string');
    }),
  );
});

test('the check of an IPv4 header and its decoder agree on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60, size: 'max' }), (bytes) => {
      if (bytes.length > 0) bytes[0] = 0x45;
      const decoded = decodeIpv4Header(bytes, 0, bytes.length);
      const reason = checkIpv4Header(bytes, 0, bytes.length);
      expect(typeof decoded === 'string' ? decoded : undefined).toBe(reason);
    }),
  );
});

test('the walk over IPv6 extension headers ends on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 40, maxLength: 200, size: 'max' }), (bytes) => {
      bytes[4] = 0;
      bytes[5] = bytes.length - 40;
      bytes[6] = [0, 43, 44, 60, 58][(bytes[6] as number) % 5] as number;
      const found = findIpv6Payload(bytes, 0);
      if (typeof found !== 'string') expect(found.at).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
