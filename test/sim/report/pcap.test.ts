import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';
import {
  type PcapngContent,
  pcapngHead,
  pcapngPacket,
  writePcapng,
} from '../../../sim/report/pcapng-write.ts';
import { frameOf } from '../../daemon/wire/arbitraries.ts';
import { recorded } from '../../vectors/recorded-frames.ts';

const RECORDED = new URL('../../golden/tcpdump/recorded.pcap', import.meta.url);
const EPOCH_US = 1_700_000_000_000_000;

const CONTENT: PcapngContent = {
  epochUs: EPOCH_US,
  application: 'lantwin test',
  interfaces: [
    { name: 'srv-1:eth1', description: 'cable srv-1:eth1 to sw1:1' },
    { name: 'laptop:eth0' },
  ],
  frames: [
    {
      at: timeUs(1),
      interfaceIndex: 0,
      frame: frameOf(recorded.ARP_REQUEST),
      direction: 'inbound',
    },
    {
      at: timeUs(3_218_750),
      interfaceIndex: 1,
      frame: frameOf(recorded.VRRP_V2_PASS),
      direction: 'outbound',
      comment: 'lost: muted – stumm',
    },
    { at: timeUs(5_000_000), interfaceIndex: 0, frame: frameOf(recorded.NEIGHBOUR_ADVERTISEMENT) },
  ],
};

/** A classic capture of one packet in the wanted shape. */
function classic(shape: { readonly little: boolean; readonly nano: boolean }): Uint8Array {
  const bytes = new Uint8Array(24 + 16 + 5);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, shape.nano ? 0xa1b23c4d : 0xa1b2c3d4, shape.little);
  view.setUint16(4, 2, shape.little);
  view.setUint16(6, 4, shape.little);
  view.setUint32(16, 65_535, shape.little);
  view.setUint32(20, 1, shape.little);
  view.setUint32(24, 1_700_000_000, shape.little);
  view.setUint32(28, shape.nano ? 123_456_999 : 123_456, shape.little);
  view.setUint32(32, 5, shape.little);
  view.setUint32(36, 60, shape.little);
  bytes.set([1, 2, 3, 4, 5], 40);
  return bytes;
}

describe('classic pcap', () => {
  test.each([
    { little: true, nano: false },
    { little: false, nano: false },
    { little: true, nano: true },
    { little: false, nano: true },
  ])('%j is read', (shape) => {
    const file = readCapture(classic(shape));
    expect(file).toMatchObject({ format: 'pcap', interfaces: [{ linkType: 1 }] });
    expect(file.problem).toBeUndefined();
    expect(file.packets).toEqual([
      {
        timeUs: 1_700_000_000_123_456,
        bytes: Uint8Array.of(1, 2, 3, 4, 5),
        originalLength: 60,
        interfaceIndex: 0,
      },
    ]);
  });

  test('a file cut off keeps what came before and says so', () => {
    const bytes = new Uint8Array(readFileSync(RECORDED));
    const whole = readCapture(bytes).packets.length;
    const cut = readCapture(bytes.subarray(0, bytes.length - 3));
    expect(cut.problem).toBe('pcap:truncated-packet');
    expect(cut.packets).toHaveLength(whole - 1);
    expect(readCapture(bytes.subarray(0, 20)).problem).toBe('pcap:truncated-header');
  });

  test('an absurd packet length stops the reading', () => {
    const bytes = classic({ little: true, nano: false });
    bytes[35] = 0x7f;
    expect(readCapture(bytes)).toMatchObject({ packets: [], problem: 'pcap:packet-too-long' });
  });

  test.each([[''], ['short'], ['not a capture at all, only text']])('%j is no capture', (text) => {
    const bytes = new Uint8Array(Buffer.from(text));
    expect(readCapture(bytes).problem).toBe('pcap:not-a-capture');
  });
});

describe('pcapng', () => {
  test('what was written is read back: names, times, directions, comments', () => {
    const file = readCapture(writePcapng(CONTENT));
    expect(file.problem).toBeUndefined();
    expect(file.format).toBe('pcapng');
    expect(file.interfaces.map((item) => item.name)).toEqual(['srv-1:eth1', 'laptop:eth0']);
    expect(file.packets).toEqual(
      CONTENT.frames.map(({ at, frame, interfaceIndex, ...rest }) => ({
        timeUs: EPOCH_US + at,
        bytes: frame,
        originalLength: frame.length,
        interfaceIndex,
        ...rest,
      })),
    );
  });

  test('head and packets one by one make the same file', () => {
    const parts = [pcapngHead(CONTENT), ...CONTENT.frames.map((f) => pcapngPacket(f, EPOCH_US))];
    expect(Buffer.concat(parts).equals(writePcapng(CONTENT))).toBe(true);
  });

  test('any frames and comments survive', () => {
    const frame = fc.record({
      at: fc.integer({ min: 0, max: 2 ** 50 }).map(timeUs),
      interfaceIndex: fc.nat(1),
      frame: fc.uint8Array({ maxLength: 70, size: 'max' }),
      comment: fc.string({ minLength: 1, unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), (frames) => {
        const file = readCapture(writePcapng({ ...CONTENT, epochUs: 0, frames }));
        expect(file.packets.map((p) => p.timeUs)).toEqual(frames.map((f) => f.at));
        expect(file.packets.map((p) => p.bytes)).toEqual(frames.map((f) => f.frame));
        expect(file.packets.map((p) => p.comment)).toEqual(frames.map((f) => f.comment));
      }),
    );
  });

  test('a second section has interfaces of its own', () => {
    const one = writePcapng(CONTENT);
    const file = readCapture(Uint8Array.from([...one, ...one]));
    expect(file.interfaces).toHaveLength(4);
    expect(file.packets.map((p) => p.interfaceIndex)).toEqual([0, 1, 0, 2, 3, 2]);
  });

  test('a file cut anywhere, or with any octet changed, is read without throwing', () => {
    const bytes = writePcapng(CONTENT);
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(), fc.nat(255), (cut, place, value) => {
        const copy = bytes.slice();
        copy[place % copy.length] = value;
        expect(() => readCapture(copy)).not.toThrow();
        const shorter = readCapture(bytes.subarray(0, cut));
        expect(shorter.packets.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 500 },
    );
  });

  test('random bytes behind either magic never throw', () => {
    const magic = fc.constantFrom([0xd4, 0xc3, 0xb2, 0xa1], [0x0a, 0x0d, 0x0d, 0x0a]);
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 120, size: 'max' }), (head, rest) => {
        expect(() => readCapture(Uint8Array.from([...head, ...rest]))).not.toThrow();
      }),
    );
  });
});

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

describe.skipIf(!hasTshark)('tshark (skipped where it is not installed)', () => {
  test('shows interface names, times, comments and directions, and finds nothing malformed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lantwin-pcapng-'));
    try {
      const path = join(folder, 'run.pcapng');
      writeFileSync(path, writePcapng(CONTENT));
      const fields = ['frame.interface_name', 'frame.time_epoch', 'frame.comment'];
      fields.push('frame.packet_flags_direction', '_ws.malformed');
      const words = fields.flatMap((field) => ['-e', field]);
      const output = execFileSync('tshark', ['-r', path, '-T', 'fields', ...words], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }).toString();
      const rows = output
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
      expect(rows.map((row) => row[0])).toEqual(['srv-1:eth1', 'laptop:eth0', 'srv-1:eth1']);
      expect(rows.map((row) => row[1])).toEqual([
        '1700000000.000001000',
        '1700000003.218750000',
        '1700000005.000000000',
      ]);
      expect(rows.map((row) => row[2] ?? '')).toEqual(['', 'lost: muted – stumm', '']);
      expect(rows.map((row) => Number(row[3] || '0'))).toEqual([1, 2, 0]);
      expect(rows.map((row) => row[4] ?? '')).toEqual(['', '', '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
