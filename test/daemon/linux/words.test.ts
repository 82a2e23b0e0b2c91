import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expandBraces } from '../../../daemon/base/file-pattern.ts';
import type { AddressSpec } from '../../../daemon/core/commands.ts';
import { rulesetText } from '../../../daemon/linux/firewall.ts';
import { cleanFailure } from '../../../daemon/linux/ip-batch.ts';
import { ipFamilyOf, ipWords, isAlreadyThere } from '../../../daemon/linux/ip-words.ts';
import { sysctlPath } from '../../../daemon/linux/linux-system.ts';
import { consoleStamp } from '../../../daemon/linux/log-output.ts';
import { expandPathPattern } from '../../../daemon/linux/path-pattern.ts';
import { type IpAddress, parseIp } from '../../../daemon/wire/ip-address.ts';
import { parseMac } from '../../../daemon/wire/mac-address.ts';

function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(text);
  return address;
}

function address(change: Partial<AddressSpec>): AddressSpec {
  return { interface: 'eth0', address: ip('10.0.0.1'), length: 24, scope: 'global', ...change };
}

describe('words for iproute2', () => {
  test.each([
    { change: {}, words: '10.0.0.1/24 dev eth0 scope global' },
    { change: { label: 'eth0:1' }, words: '10.0.0.1/24 dev eth0 scope global label eth0:1' },
    {
      change: { peer: ip('10.0.0.9'), length: 32 },
      words: '10.0.0.1 peer 10.0.0.9/32 dev eth0 scope global',
    },
    {
      change: { broadcast: ip('10.0.0.255'), noPrefixRoute: true },
      words: '10.0.0.1/24 dev eth0 scope global broadcast 10.0.0.255 noprefixroute',
    },
    {
      change: { address: ip('fd00::1'), length: 64, noDad: true, preferredLifetimeSeconds: 0 },
      words: 'fd00::1/64 dev eth0 valid_lft forever preferred_lft 0 nodad',
    },
  ])('address add $words', ({ change, words }) => {
    const command = { kind: 'address-add', id: 1, address: address(change) } as const;
    expect(ipWords(command).join(' ')).toBe(`address add ${words}`);
  });

  test('an address is removed by its key alone', () => {
    const command = {
      kind: 'address-delete',
      id: 1,
      address: address({ label: 'eth0:1', broadcast: ip('10.0.0.255') }),
    } as const;
    expect(ipWords(command).join(' ')).toBe('address del 10.0.0.1/24 dev eth0');
  });

  test('routes, rules and links', () => {
    const words = ['10.1.0.0/16', 'via', '10.0.0.254'];
    const route = { kind: 'route-delete', id: 1, family: 'inet6', words } as const;
    expect(ipWords(route).join(' ')).toBe('route del 10.1.0.0/16 via 10.0.0.254');
    expect(ipFamilyOf(route)).toBe('inet6');
    const text = (kind: 'route-add' | 'rule-add' | 'rule-delete', line: string) =>
      ipWords({ kind, id: 1, family: 'inet', words: line.split(' ') }).join(' ');
    expect(text('route-add', 'blackhole 10.1.0.0/16')).toBe(
      'route add blackhole 10.1.0.0/16 protocol 18',
    );
    expect(text('route-add', '10.1.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3')).toBe(
      'route add 10.1.0.0/16 protocol 18 nexthop via 10.0.0.2 nexthop via 10.0.0.3',
    );
    expect(text('route-add', '10.1.0.0/16 dev eth0 proto static')).toMatch(/proto static$/);
    expect(text('rule-add', 'to 10.1.0.0/16 table 9')).toMatch(/table 9 protocol 18$/);
    expect(text('rule-delete', 'to 10.1.0.0/16 table 9')).toBe('rule del to 10.1.0.0/16 table 9');
    const mac = parseMac('00:00:5e:00:01:33');
    if (mac === undefined) throw new Error('mac');
    const type = { kind: 'macvlan', mac, mode: 'private' } as const;
    const link = { kind: 'link-add', id: 1, name: 'vrrp.51', base: 'eth0', type } as const;
    expect(ipWords(link).join(' ')).toBe(
      'link add link eth0 name vrrp.51 address 00:00:5e:00:01:33 type macvlan mode private',
    );
  });

  test('what is there already is no failure of adding, but one of deleting', () => {
    expect(isAlreadyThere('address-add', 'RTNETLINK answers: File exists')).toBe(true);
    expect(isAlreadyThere('address-add', 'Error: ipv4: Address already assigned.')).toBe(true);
    expect(isAlreadyThere('address-delete', 'RTNETLINK answers: File exists')).toBe(false);
    expect(isAlreadyThere('link-add', 'RTNETLINK answers: File exists')).toBe(false);
  });

  test("ip's complaint becomes one line", () => {
    expect(cleanFailure('')).toBeUndefined();
    expect(cleanFailure('Warning: something\n')).toBeUndefined();
    expect(cleanFailure('Error: ipv4: Address not found.\nCommand failed -:3\n')).toBe(
      'Error: ipv4: Address not found.',
    );
    expect(cleanFailure('Command failed -:3\n')).toBe('failed without a reason');
  });
});

describe('other texts for the host', () => {
  test('nftables: our table is replaced as a whole, and gone without rules', () => {
    expect(rulesetText([]).trim().split('\n')).toEqual([
      'add table ip lantwin',
      'delete table ip lantwin',
      'add table ip6 lantwin',
      'delete table ip6 lantwin',
    ]);
    const text = rulesetText([
      { kind: 'drop-address', address: ip('10.0.0.1') },
      { kind: 'drop-address', address: ip('fd00::1'), interface: 'eth0' },
    ]);
    expect(text).toContain('ip daddr 10.0.0.1 drop');
    expect(text).toContain('ip saddr 10.0.0.1 drop');
    expect(text).toContain('iifname "eth0" ip6 daddr fd00::1');
    expect(text).toContain('nd-neighbor-solicit');
  });

  test('sysctls with a dot in the interface are written with a slash', () => {
    expect(sysctlPath('net.ipv4.ip_forward')).toBe('/proc/sys/net/ipv4/ip_forward');
    expect(sysctlPath('net.ipv4.conf.vrrp/51.arp_ignore')).toBe(
      '/proc/sys/net/ipv4/conf/vrrp.51/arp_ignore',
    );
  });

  test('the console stamp is that of asctime', () => {
    expect(consoleStamp(new Date(2026, 10, 3, 4, 5, 6))).toBe('Tue Nov  3 04:05:06 2026');
  });
});

describe('patterns of include', () => {
  test.each([
    { pattern: 'a', expected: ['a'] },
    { pattern: 'a{b,c}d', expected: ['abd', 'acd'] },
    { pattern: 'a{b,c{d,e}}f', expected: ['abf', 'acdf', 'acef'] },
    { pattern: '{a,b}{1,2}', expected: ['a1', 'a2', 'b1', 'b2'] },
    { pattern: 'a{b', expected: ['a{b'] },
  ])('$pattern', ({ pattern, expected }) => {
    expect(expandBraces(pattern)).toEqual(expected);
  });

  test('stars, sets and braces find files sorted, hidden ones only when asked', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lantwin-pattern-'));
    try {
      mkdirSync(join(folder, 'sub'));
      for (const name of ['b.conf', 'a.conf', '.hidden.conf', 'c.txt', 'sub/d.conf', 'x(1).conf']) {
        writeFileSync(join(folder, name), '');
      }
      const find = (pattern: string): string[] =>
        expandPathPattern(join(folder, pattern)).map((path) => path.slice(folder.length + 1));
      expect(find('*.conf')).toEqual(['a.conf', 'b.conf', 'x(1).conf']);
      expect(find('[!a].conf')).toEqual(['b.conf']);
      expect(find('?.{conf,txt}')).toEqual(['a.conf', 'b.conf', 'c.txt']);
      expect(find('*/*.conf')).toEqual(['sub/d.conf']);
      expect(find('.h*')).toEqual(['.hidden.conf']);
      expect(find('x(1).*')).toEqual(['x(1).conf']);
      expect(find('none*')).toEqual([]);
      // As 2.2.7 reads them: alternatives as they are written, and no range from z to a.
      expect(find('{b,none,a}.conf')).toEqual(['b.conf', 'a.conf']);
      expect(find('[z-a].conf')).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
