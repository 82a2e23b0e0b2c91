import { describe, expect, it } from 'vitest';
import type { FieldValue } from '../../../sim/session/packet-builder.ts';
import { parsePacketFilter } from '../../../sim/session/packet-filter.ts';

const ADVERT: ReadonlyMap<string, readonly FieldValue[]> = new Map<string, FieldValue[]>([
  ['frame', [1]],
  ['frame.number', [7]],
  ['eth', [1]],
  ['eth.addr', ['01:00:5e:00:00:12', '02:00:00:00:00:01']],
  ['eth.src', ['02:00:00:00:00:01']],
  ['ip', [1]],
  ['ip.src', ['192.168.0.101']],
  ['ip.dst', ['224.0.0.18']],
  ['ip.addr', ['192.168.0.101', '224.0.0.18']],
  ['vrrp', [1]],
  ['vrrp.virt_rtr_id', [88]],
  ['vrrp.prio', [200]],
  ['vrrp.auth_string', ['secret12']],
]);

function matches(filter: string): boolean {
  const read = parsePacketFilter(filter);
  if ('problem' in read) throw new Error(`${read.problem.at}: ${read.problem.message}`);
  return read.filter(ADVERT);
}

describe('a packet filter', () => {
  it.each([
    ['', true],
    ['vrrp', true],
    ['arp', false],
    ['!arp', true],
    ['not vrrp', false],
    ['vrrp and arp', false],
    ['vrrp or arp', true],
    ['vrrp && !arp', true],
    ['arp || (vrrp && ip)', true],
    ['arp and arp or vrrp', true],
    ['vrrp.prio == 200', true],
    ['vrrp.prio eq 0xc8', true],
    ['vrrp.prio != 200', false],
    ['vrrp.prio > 199', true],
    ['vrrp.prio > 200', false],
    ['vrrp.prio >= 200', true],
    ['vrrp.prio < 201', true],
    ['vrrp.prio <= 199', false],
    ['vrrp.virt_rtr_id==88', true],
    ['ip.addr == 192.168.0.101', true],
    ['ip.addr == 192.168.0.0/24', true],
    ['ip.addr == 10.0.0.0/8', false],
    ['ip.src == 224.0.0.0/4', false],
    ['ip.addr != 192.168.0.101', false],
    ['ip.src != 10.0.0.1', true],
    ['ip.src < 192.168.0.102', true],
    ['arp.opcode != 1', false],
    ['eth.addr == 02:00:00:00:00:01', true],
    ['eth.addr == 02-00-00-00-00-01', true],
    ['eth.src == 02:00:00:00:00:02', false],
    ['vrrp.auth_string', true],
    ['vrrp.auth_string == "secret12"', true],
    ['vrrp.auth_string contains "cret"', true],
    ['vrrp.auth_string == secret', false],
    ['frame.number == 7', true],
    ['tcp.stream == 0 || frame.number >= 7', true],
  ])('%s: %s', (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });

  it.each([
    ['vrrpp', 0, 5, /no field/],
    ['VRRP', 0, 4, /write vrrp/],
    ['vrrp AND ip', 5, 3, /expected 'and'/],
    ['vrrp and', 8, 1, /expected a field/],
    ['vrrp arp', 5, 3, /expected 'and', 'or'/],
    ['(vrrp', 5, 1, /expected '\)'/],
    ['vrrp)', 4, 1, /expected 'and'/],
    ['vrrp.prio == abc', 13, 3, /expected a number/],
    ['ip.addr == 300.1.1.1', 11, 9, /expected an address/],
    ['ip.addr == 10.0.0.0/99', 11, 11, /expected a network/],
    ['ip.addr > 10.0.0.0/8', 10, 10, /networks compare/],
    ['eth.addr == 12', 12, 2, /expected a MAC/],
    ['vrrp == 1', 5, 2, /is a protocol/],
    ['vrrp.prio ==', 12, 1, /expected a value/],
    ['vrrp.auth_string == "x', 20, 2, /closing "/],
    ['vrrp # arp', 5, 1, /means nothing/],
    ['ip.addr contains 1', 17, 1, /contains.*text/],
    ['__proto__', 0, 9, /no field/],
    ['constructor == 1', 0, 11, /no field/],
  ])('%s is refused at %i', (filter, at, length, message) => {
    const read = parsePacketFilter(filter);
    expect(read).toEqual({ problem: { at, length, message: expect.stringMatching(message) } });
  });

  it('refuses endless parentheses instead of running out of stack', () => {
    expect(parsePacketFilter(`${'('.repeat(10_000)}vrrp`)).toHaveProperty('problem');
    expect(parsePacketFilter(`${'!'.repeat(10_000)}vrrp`)).toHaveProperty('problem');
  });
});
