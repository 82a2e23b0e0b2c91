import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../daemon/wire/ip-address.ts';
import { parseMac } from '../../daemon/wire/mac-address.ts';
import { makeDirector } from './ipvs-director.ts';

const FILE = fileURLToPath(new URL('./ipvs/transmit-own/transmit.json', import.meta.url));
const IP_AT = 14;
const SERVER_MAC = '02:00:00:00:0b:11';
const CLIENT_MAC = '02:00:00:00:0a:01';
const DIRECTOR_MAC = '020000000afe';
const METHODS = new Map([
  ['dr', '-g'],
  ['nat', '-m'],
  ['gue', '-i --tun-type gue --tun-port 5555'],
  ['gre', '-i --tun-type gre'],
  ['ipip', '-i'],
]);

interface Packet {
  readonly length: number;
  readonly head: string;
}

interface Row {
  readonly service: string;
  readonly server: string;
  readonly tunnel: string;
  readonly what: string;
  readonly sent: Packet;
  readonly forwarded: readonly Packet[];
  readonly answered: readonly Packet[];
}

const ROWS = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Row[];
/** IPv4 that is cut after it was wrapped into IPv6; the twin does not cut IPv6 (docs/differences.md). */
const isCut = (row: Row): boolean => row.what === 'bignodf' && row.server.startsWith('[');

describe('one SYN through the director leaves as the real kernel sent it', () => {
  it('has a row for every way', () => {
    expect(new Set(ROWS.map((row) => row.tunnel))).toEqual(new Set(METHODS.keys()));
    expect(ROWS.filter((row) => !isCut(row)).length).toBeGreaterThan(60);
  });

  for (const row of ROWS) {
    if (isCut(row)) continue;
    it(`${row.service} by ${row.tunnel} to ${row.server}: ${row.what}`, () => {
      const { forwarded, answered } = play(row);
      expect(forwarded).toEqual(row.forwarded.map(comparable));
      expect(answered).toEqual(row.answered.map(comparable));
    });
  }
});

function play(row: Row) {
  const director = makeDirector([
    ['eth0', '10.0.0.254/24'],
    ['eth0', '10.0.0.100/32'],
    ['eth0', '2001:db8::fe/64'],
    ['eth0', '2001:db8::100/128'],
    ['eth1', '10.1.0.254/24'],
    ['eth1', '2001:db8:1::fe/64'],
  ]);
  director.kernel.setSysctl('net.ipv6.conf.all.forwarding', '1');
  for (const [nic, address, mac] of [
    ['eth0', '10.0.0.1', CLIENT_MAC],
    ['eth0', '2001:db8::1', CLIENT_MAC],
    ['eth1', '10.1.0.11', SERVER_MAC],
    ['eth1', '2001:db8:1::11', SERVER_MAC],
  ] as const) {
    const [ip, neighbour] = [parseIp(address), parseMac(mac)];
    if (ip === undefined || neighbour === undefined) throw new Error(address);
    director.kernel.setNeighbour(nic, ip, neighbour, 'PERMANENT');
  }
  director.ipvsadm(`-A -t ${row.service} -s rr`);
  director.ipvsadm(`-a -t ${row.service} -r ${row.server} ${METHODS.get(row.tunnel)}`);
  director.engine.runUntil(5_000_000 as never);
  director.sent.length = 0;
  director.receive('eth0', frameOf(row.sent));
  director.engine.runUntil(5_100_000 as never);
  const from = (nic: string) =>
    director.sent.flatMap(({ nic: through, frame }) => {
      const head = Buffer.from(frame.subarray(IP_AT)).toString('hex');
      const isIp = ['0800', '86dd'].includes(Buffer.from(frame.subarray(12, 14)).toString('hex'));
      if (through !== nic || !isIp) return [];
      return comparable({ length: frame.length - IP_AT, head });
    });
  return { forwarded: from('eth1'), answered: from('eth0') };
}

function frameOf({ length, head }: Packet): Uint8Array {
  const frame = new Uint8Array(IP_AT + length).fill('x'.charCodeAt(0));
  const etherType = head.startsWith('6') ? '86dd' : '0800';
  frame.set(Buffer.from(`${DIRECTOR_MAC}020000000a01${etherType}${head}`, 'hex'));
  return frame;
}

/** Without what each kernel draws: identification (with its checksum) where it is not 0, flow label, port of GUE. */
function comparable({ length, head }: Packet): string {
  const bytes = Buffer.from(head.slice(0, 192), 'hex');
  const isIpv6 = head.startsWith('6');
  const hasDf = ((bytes[6] ?? 0) & 0x40) !== 0;
  const protocol = isIpv6 ? bytes[6] : bytes[9];
  const payloadAt = isIpv6 ? 40 : 20;
  const isOwn = protocol === 1 || protocol === 58 || !(hasDf || isIpv6);
  if (isOwn && isIpv6) bytes.fill(0, 1, 4);
  const isForwarded = protocol === 6;
  if (isOwn && !isIpv6 && !isForwarded) bytes.fill(0, 4, 6).fill(0, 10, 12);
  if (protocol === 17) bytes.fill(0, payloadAt, payloadAt + 2);
  return `${length} ${bytes.toString('hex')}`;
}
