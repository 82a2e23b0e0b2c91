import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTcpdumpFilter } from '../../../sim/programs/tcpdump-filter.ts';
import { tcpdumpStamp } from '../../../sim/programs/tcpdump-text.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';

const FILES = ['every-kind', 'recorded'].map((name) =>
  fileURLToPath(new URL(`../../golden/tcpdump/${name}.pcap`, import.meta.url)),
);

/** Expression and how many frames of `recorded.pcap` pass, as the real tcpdump counted. */
const COUNTS: readonly (readonly [string, number])[] = [
  ['', 86],
  ['vrrp', 11],
  ['arp', 29],
  ['icmp', 10],
  ['icmp6', 11],
  ['ip', 35],
  ['ip6', 22],
  ['igmp', 9],
  ['ah', 5],
  ['proto 112', 14],
  ['ip proto 112', 11],
  ['ip6 proto 112', 3],
  ['proto 58', 11],
  ['host 192.168.100.100', 33],
  ['src host 192.168.100.11', 12],
  ['dst 224.0.0.18', 14],
  ['arp host 192.168.100.50', 18],
  ['ip host 192.168.100.100', 10],
  ['host 192.168.100.11 or 192.168.100.12', 21],
  ['ether host 02:00:00:00:00:11', 49],
  ['ether src 00:00:5e:00:01:33', 5],
  ['ether dst ff:ff:ff:ff:ff:ff', 18],
  ['ether proto 0x806', 29],
  ['ether proto \\arp', 29],
  ['not arp', 57],
  ['! arp', 57],
  ['arp or icmp and not host 192.168.100.50', 11],
  ['arp or (icmp and not host 192.168.100.50)', 29],
  ['vrrp && src 192.168.100.12', 4],
  ['icmp || igmp', 19],
  ['net 192.168.100.0/24', 55],
  ['net 192.168', 55],
  ['src net 10.9.8', 8],
  ['host fd00:100::100', 5],
  ['dst host ff02::12', 3],
  ['net fe80::/10', 13],
  ['multicast', 60],
  ['broadcast', 18],
  ['ip multicast', 23],
  ['ip6 multicast', 19],
  ['less 60', 59],
  ['greater 60', 27],
  ['src and dst host 192.168.100.100', 5],
  ['host 0.0.0.0', 1],
  ['tcp or udp port 53', 0],
  ['port http', 0],
  ['vlan', 0],
];

/** What the real tcpdump 4.99.3 says to expressions that it refuses. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['vrr', "tcpdump: can't parse filter expression: syntax error"],
  ['(icmp', "tcpdump: can't parse filter expression: syntax error"],
  ['icmp)', "tcpdump: can't parse filter expression: syntax error"],
  ['icmp and', "tcpdump: can't parse filter expression: syntax error"],
  ['not', "tcpdump: can't parse filter expression: syntax error"],
  ['host', "tcpdump: can't parse filter expression: syntax error"],
  ['foo bar', "tcpdump: can't parse filter expression: syntax error"],
  ['1.2.3.4', "tcpdump: can't parse filter expression: syntax error"],
  ['arp arp', "tcpdump: can't parse filter expression: syntax error"],
  ['port 99999', 'tcpdump: illegal port number 99999 > 65535'],
  ['host 300.1.1.1', "tcpdump: invalid IPv4 address '300.1.1.1'"],
  ['host nosuchhost', "tcpdump: unknown host 'nosuchhost'"],
  ['ether host xx', "tcpdump: unknown ether host 'xx'"],
];

function framesOf(file: string) {
  return readCapture(new Uint8Array(readFileSync(file))).packets;
}

describe('counts the frames that tcpdump counts', () => {
  test.each(COUNTS)('%j', (expression, count) => {
    const accepts = parseTcpdumpFilter(expression);
    if ('error' in accepts) throw new Error(accepts.error);
    const passed = framesOf(FILES[1] as string).filter((packet) => accepts(packet.bytes));
    expect(passed).toHaveLength(count);
  });
});

describe('refuses in the words of tcpdump', () => {
  test.each(REFUSED)('%j', (expression, error) => {
    expect(parseTcpdumpFilter(expression)).toEqual({ error });
  });
});

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0;

describe.skipIf(!hasTcpdump)('beside the real tcpdump (skipped where it is not installed)', () => {
  const file = FILES[1] as string;
  test.each(COUNTS)('%j passes the same frames', (expression) => {
    const words = expression === '' ? [] : [expression];
    const output = execFileSync('tcpdump', ['-n', '-r', file, ...words], {
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const stamps = output.toString('latin1').match(/^\d\d:\d\d:\d\d\.\d{6}/gm) ?? [];
    const accepts = parseTcpdumpFilter(expression);
    if ('error' in accepts) throw new Error(accepts.error);
    const passed = framesOf(file).filter((packet) => accepts(packet.bytes));
    expect(passed.map((packet) => tcpdumpStamp(packet.timeUs))).toEqual([...stamps]);
  });
});

test('any text is either understood or refused, and no frame makes a filter throw', () => {
  const words = 'and or not ( ) host src dst port tcp udp arp vrrp ip ip6 ether proto net vlan less'
    .split(' ')
    .concat('10.0.0.1', '80', '02:00:00:00:00:11', 'fe80::1', '10.0.0.0/8', 'x', '112');
  const expression = fc.array(fc.constantFrom(...words), { maxLength: 8 });
  fc.assert(
    fc.property(expression, fc.uint8Array({ maxLength: 80, size: 'max' }), (tokens, frame) => {
      const accepts = parseTcpdumpFilter(tokens.join(' '));
      if ('error' in accepts) expect(accepts.error).toMatch(/^tcpdump: /);
      else expect(typeof accepts(frame)).toBe('boolean');
    }),
    { numRuns: 1000 },
  );
});
