import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHex } from '../../../daemon/wire/text.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';
import { FILTER_FIELDS } from '../../../sim/session/filter-fields.ts';
import type { DissectedPacket } from '../../../sim/session/packet-builder.ts';
import { parsePacketFilter } from '../../../sim/session/packet-filter.ts';
import { dissectPacket } from '../../../sim/session/packet-tree.ts';
import type { TreeNode } from '../../../sim/session/protocol-rows.ts';
import { recorded } from '../../vectors/recorded-frames.ts';

const TRACES = join(import.meta.dirname, '../../reference/traces');

function dissectHex(hex: string): DissectedPacket {
  return dissectPacket(parseHex(hex) ?? new Uint8Array(0), { number: 1, at: 1_500_000 });
}

function allNodes(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return nodes.flatMap((node) => [node, ...allNodes(node.children)]);
}

function labels(packet: DissectedPacket): readonly string[] {
  return allNodes(packet.tree).map((node) => node.label);
}

/** Every frame of every recording. */
function recordedFrames(): readonly Uint8Array[] {
  const files = readdirSync(TRACES, { recursive: true, encoding: 'utf8' });
  return files
    .filter((name) => name.endsWith('br0.pcap.gz'))
    .flatMap((name) => {
      const { packets } = readCapture(gunzipSync(readFileSync(join(TRACES, name))));
      return packets.map((one) => one.bytes);
    });
}

/** Branches stand where their bytes are: inside the frame, fields inside their protocol. */
function expectInside(nodes: readonly TreeNode[], length: number): void {
  for (const node of allNodes(nodes)) {
    expect(node.start).toBeGreaterThanOrEqual(0);
    expect(node.start + node.length).toBeLessThanOrEqual(length);
  }
}

describe('the packet tree of recorded frames', () => {
  it('VRRPv2 with a password: tree, row and fields', () => {
    const packet = dissectHex(recorded.VRRP_V2_PASS);
    expect(packet).toMatchObject({
      source: '192.168.100.11',
      destination: '224.0.0.18',
      protocol: 'VRRP',
      info: 'Announcement (v2), VRID 51, priority 200',
      colour: 'routing',
    });
    expect(packet.tree.map((node) => node.field)).toEqual(['frame', 'eth', 'ip', 'vrrp']);
    const vrrp = packet.tree[3];
    expect(vrrp?.children.map((node) => [node.field, node.value, node.start])).toEqual([
      ['vrrp.version', '2', 34],
      ['vrrp.type', '1', 34],
      ['vrrp.virt_rtr_id', '51', 35],
      ['vrrp.prio', '200', 36],
      ['vrrp.addr_count', '1', 37],
      ['vrrp.auth_type', '1', 38],
      ['vrrp.adver_int', '1', 39],
      ['vrrp.checksum', String(0x833e), 40],
      ['vrrp.ip_addr', '192.168.100.100', 42],
      ['vrrp.auth_string', 'secret12', 46],
    ]);
    expect(labels(packet).join('\n')).toContain('[correct]');
  });

  it.each([
    ['VRRP_V3_IPV4', 'VRRP', 'Announcement (v3), VRID 51, priority 200', 'routing'],
    ['VRRP_V3_IPV6', 'VRRP', 'Announcement (v3), VRID 61, priority 200', 'routing'],
    ['VRRP_V2_VMAC', 'VRRP', 'Announcement (v2), VRID 51, priority 200', 'routing'],
    ['GRATUITOUS_ARP', 'ARP', 'Gratuitous ARP for 192.168.100.100 (Request)', 'arp'],
    ['ARP_REQUEST', 'ARP', 'Who has 192.168.100.100? Tell 192.168.100.50', 'arp'],
    ['ARP_REPLY', 'ARP', '192.168.100.50 is at 02:00:00:00:00:50', 'arp'],
    ['ICMP_ECHO_REQUEST', 'ICMP', /^Echo \(ping\) request id=0x2585, seq=13$/, 'icmp'],
    ['ICMP_ECHO_REPLY', 'ICMP', /^Echo \(ping\) reply id=0x2585, seq=13$/, 'icmp'],
    ['IGMP_V3_JOIN', 'IGMP', /^Membership Report \/ Join group 224\.0\.0\.18/, 'routing'],
  ] as const)('%s', (name, protocol, info, colour) => {
    const packet = dissectHex(recorded[name]);
    const expected = typeof info === 'string' ? info : expect.stringMatching(info);
    expect(packet).toMatchObject({ protocol, info: expected, colour });
  });

  it('are never refused, stay inside the frame, and name only fields that filters know', () => {
    const frames = recordedFrames();
    expect(frames.length).toBeGreaterThan(1000);
    const unknown = new Set<string>();
    let malformed = 0;
    for (const [index, frame] of frames.entries()) {
      const packet = dissectPacket(frame, { number: index + 1, at: 0 });
      for (const field of packet.fields.keys()) if (!FILTER_FIELDS.has(field)) unknown.add(field);
      if (index % 10 === 0) expectInside(packet.tree, frame.length);
      if (labels(packet).some((label) => label.startsWith('Malformed'))) malformed++;
    }
    expect([...unknown]).toEqual([]);
    expect(malformed / frames.length).toBeLessThan(0.02);
  });
});

describe('the packet tree', () => {
  it('marks a bad checksum as trouble', () => {
    const broken = recorded.VRRP_V2_PASS.replace('833e', '833f');
    const packet = dissectHex(broken);
    expect(packet.colour).toBe('trouble');
    expect(labels(packet)).toContain('Bad checksum');
    expect(packet.fields.get('vrrp.checksum.status')).toEqual([0]);
  });

  it('shows HTTP in TCP, with its lines where they stand', () => {
    const text = 'GET /index.html HTTP/1.1\r\nHost: www.example\r\nAccept: */*\r\n\r\n';
    const packet = dissectPacket(tcpFrame(text), { number: 3, at: 0, stream: 2 });
    expect(packet).toMatchObject({
      protocol: 'HTTP',
      info: 'GET /index.html HTTP/1.1',
      colour: 'http',
    });
    expect(packet.fields.get('http.host')).toEqual(['www.example']);
    expect(packet.fields.get('tcp.stream')).toEqual([2]);
    const accept = allNodes(packet.tree).find((node) => node.label === 'Accept: */*');
    expect(accept?.start).toBe(54 + text.indexOf('Accept'));
    for (const filter of [
      'http && tcp.port == 80',
      'tcp.stream == 2',
      'http.request.method == GET',
    ]) {
      const read = parsePacketFilter(filter);
      expect('filter' in read && read.filter(packet.fields)).toBe(true);
    }
  });

  it('never throws, whatever the bytes are', () => {
    const heads = Object.values(recorded).map((hex) => parseHex(hex) ?? new Uint8Array(0));
    const mutated = fc
      .tuple(fc.constantFrom(...heads), fc.array(fc.tuple(fc.nat(200), fc.nat(255))), fc.nat(200))
      .map(([frame, changes, cut]) => {
        const copy = frame.slice(0, Math.max(0, frame.length - cut));
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
        return copy;
      });
    const anything = fc.uint8Array({ maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(fc.oneof(mutated, anything), (frame) => {
        const packet = dissectPacket(frame, { number: 1, at: 0 });
        expectInside(packet.tree, frame.length);
      }),
      { numRuns: 2000 },
    );
  });
});

/** An Ethernet frame with a TCP segment to port 80, checksums filled. */
function tcpFrame(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(54 + payload.length);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45], 0);
  const view = new DataView(frame.buffer);
  view.setUint16(16, 40 + payload.length);
  frame.set([64, 6], 22);
  frame.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
  view.setUint16(24, checksum(frame, 14, 34, 0));
  view.setUint16(34, 40_000);
  view.setUint16(36, 80);
  frame.set([0x50, 0x18, 0x10, 0x00], 46);
  frame.set(payload, 54);
  const pseudo = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 20 + payload.length;
  view.setUint16(50, checksum(frame, 34, frame.length, pseudo));
  return frame;
}

function checksum(bytes: Uint8Array, from: number, to: number, initial: number): number {
  let sum = initial;
  for (let i = from; i < to; i += 2)
    sum += ((bytes[i] ?? 0) << 8) | (i + 1 < to ? (bytes[i + 1] ?? 0) : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum ^ 0xffff;
}
