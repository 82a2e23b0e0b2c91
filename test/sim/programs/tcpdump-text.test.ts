import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packetBytesText } from '../../../sim/programs/tcpdump-bytes.ts';
import {
  newTcpConversations,
  type TcpdumpOptions,
  tcpdumpStamp,
  tcpdumpSummary,
  tcpdumpText,
} from '../../../sim/programs/tcpdump-text.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';
import { frameOf } from '../../daemon/wire/arbitraries.ts';
import { recorded } from '../../vectors/recorded-frames.ts';

const GOLDEN = new URL('../../golden/tcpdump/', import.meta.url);

/** `-e` and `-v…` as the letters of a golden file's name. */
function optionsOf(letters: string): TcpdumpOptions {
  return {
    verbose: letters.replaceAll(/[^v]/g, '').length,
    linkLevel: letters.includes('e'),
    conversations: newTcpConversations(),
  };
}

/**
 * What the real tcpdump 4.99.3 printed, one text per frame; its output is made by Latin 1
 * characters.
 */
function goldenTexts(name: string): string[] {
  const text = readFileSync(new URL(name, GOLDEN), 'latin1');
  return text.trimEnd().split(/\n(?=\d\d:\d\d:\d\d\.)/);
}

const CASES = ['every-kind', 'recorded'].flatMap((name) =>
  ['n', 'nv', 'nvv', 'nvvv', 'ne', 'nev'].map((letters) => [name, letters] as const),
);

describe('every line is that of the real tcpdump 4.99.3', () => {
  test.each(CASES)('%s.pcap, -%s', (name, letters) => {
    expect(existsSync(new URL(`${name}.pcap`, GOLDEN))).toBe(true);
    const { packets } = readCapture(new Uint8Array(readFileSync(new URL(`${name}.pcap`, GOLDEN))));
    const options = optionsOf(letters);
    const texts = packets.map((packet) =>
      tcpdumpText(packet.bytes, tcpdumpStamp(packet.timeUs), options),
    );
    const golden = goldenTexts(`${name}.${letters}.txt`);
    expect(packets.length).toBe(golden.length);
    expect(texts.join('\n').trimEnd().split('\n')).toEqual(golden.join('\n').split('\n'));
  });
});

test.each(['A', 'x', 'X', 'XX'])('recorded.pcap, -n%s: the octets behind each line', (letters) => {
  const { packets } = readCapture(new Uint8Array(readFileSync(new URL('recorded.pcap', GOLDEN))));
  const options = optionsOf('n');
  const texts = packets.map((packet) => {
    const line = tcpdumpText(packet.bytes, tcpdumpStamp(packet.timeUs), options);
    return line + packetBytesText(packet.bytes, [`-n${letters}`]);
  });
  const golden = readFileSync(new URL(`recorded.n${letters}.txt`, GOLDEN), 'latin1');
  expect(`${texts.join('\n')}\n`.split('\n')).toEqual(golden.split('\n'));
});

test('-S prints absolute sequence numbers', () => {
  const { packets } = readCapture(new Uint8Array(readFileSync(new URL('every-kind.pcap', GOLDEN))));
  const options = { verbose: 0, linkLevel: false };
  const texts = packets.map((packet) => tcpdumpText(packet.bytes, '', options));
  expect(texts.find((text) => text.includes('HTTP: GET'))).toContain('seq 1001:1073, ack 5001');
});

test('without a stamp the line begins with the protocol, as with -t', () => {
  const text = tcpdumpText(frameOf(recorded.VRRP_V2_PASS), '', { verbose: 1, linkLevel: false });
  expect(text.split('\n')).toEqual([
    'IP (tos 0xc0, ttl 255, id 1, offset 0, flags [none], proto VRRP (112), length 40)',
    '    192.168.100.11 > 224.0.0.18: VRRPv2, Advertisement, vrid 51, prio 200, authtype simple, ' +
      'intvl 1s, length 20, addrs: 192.168.100.100 auth "secret12"',
  ]);
});

test('a stamp is the time of day with six decimals', () => {
  expect(tcpdumpStamp(1_700_000_000_000_007)).toBe('22:13:20.000007');
  expect(tcpdumpStamp(0)).toBe('00:00:00.000000');
});

test('the summary counts one packet in the singular', () => {
  expect(tcpdumpSummary(1).split('\n')[0]).toBe('1 packet captured');
  expect(tcpdumpSummary(12).split('\n')).toEqual([
    '12 packets captured',
    '12 packets received by filter',
    '0 packets dropped by kernel',
  ]);
});

test('frames cut short or with octets changed print something and never throw', () => {
  const { packets } = readCapture(new Uint8Array(readFileSync(new URL('every-kind.pcap', GOLDEN))));
  const frames = packets.map((packet) => packet.bytes);
  const change = fc.record({ place: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
  const changes = fc.array(change, { maxLength: 6 });
  fc.assert(
    fc.property(fc.nat(), changes, fc.nat(), fc.nat(3), (which, edits, cut, verbose) => {
      const frame = (frames[which % frames.length] as Uint8Array).slice();
      for (const edit of edits) frame[edit.place % frame.length] = edit.value;
      const shorter = cut % 3 === 0 ? frame.subarray(0, cut % (frame.length + 1)) : frame;
      const text = tcpdumpText(shorter, '', { verbose, linkLevel: cut % 2 === 0 });
      expect(text.length).toBeGreaterThan(0);
      expect(text).not.toMatch(/undefined|NaN/);
    }),
    { numRuns: 2000 },
  );
});
