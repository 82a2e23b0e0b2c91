/**
 * Addresses, routes and rules of an instance on another interface than its own. Source: 2.2.7,
 * test/reference/dumps/objects-on-another-link and garp-extra-all.
 */

import { describe, expect, it } from 'vitest';
import { FakeLan, s } from './fake-system.ts';
import { commandsOf, conf, start } from './keywords/keyword-lab.ts';

const TWO_LINKS = ['192.168.100.11/24', '192.168.200.11/24'] as const;
const OTHER_VIP = '192.168.100.100/24\n192.168.200.100/24 dev eth1';
const route = (more: string) => `virtual_routes {\n 10.5.0.0/16 dev eth1 ${more}\n }`;
const rule = (more: string) => `virtual_rules {\n iif eth1 table 100 priority 500 ${more}\n }`;

describe('what an instance has on another interface', () => {
  it.each([
    ['an address', OTHER_VIP, '', 'FAULT'],
    ['an address, dont_track_primary', OTHER_VIP, 'dont_track_primary', 'FAULT'],
    ['an address with no_track', `${OTHER_VIP} no_track`, '', 'MASTER'],
    ['a route', undefined, route(''), 'FAULT'],
    ['a route with no_track', undefined, route('no_track'), 'MASTER'],
    ['a rule', undefined, rule(''), 'FAULT'],
    ['a rule with no_track', undefined, rule('no_track'), 'MASTER'],
  ])('%s: %#', (_what, vips, instance, state) => {
    const lan = new FakeLan();
    const parts = { instance, ...(vips === undefined ? {} : { vips }) };
    const n1 = start(lan, conf(parts), TWO_LINKS);
    lan.run(s(5));
    expect(n1.states()).toBe('VI_1=MASTER');
    n1.carrier('eth1', false);
    expect(n1.states()).toBe(`VI_1=${state}`);
    n1.carrier('eth1', true);
    lan.run(s(10));
    expect(n1.states()).toBe('VI_1=MASTER');
  });

  it.each([
    ['all 2', 3],
    ['2', 1],
  ])('garp_extra_if %s: one packet for the other interface each time', (words, count) => {
    const lan = new FakeLan();
    const instance = `garp_master_delay 0\n garp_master_repeat 1\n garp_extra_if ${words}`;
    const n1 = start(lan, conf({ instance, vips: OTHER_VIP }), TWO_LINKS);
    lan.run(s(8.2));
    const sent = commandsOf(n1, 'frame-send').filter((one) => one.interface === 'eth1');
    expect(sent).toHaveLength(count);
  });
});
