/**
 * Static addresses and routes and the instances that a track_group ties to their interfaces, as
 * keepalived 2.2.7 did it: addresses and routes deleted by hand, interface down and up again.
 */

import { describe, expect, it } from 'vitest';
import { isSameRoute } from '../../../daemon/vrrp/static-objects.ts';
import { type FakeHost, FakeLan, s } from '../core/fake-system.ts';
import { boot, commandsOf, conf } from '../core/keywords/keyword-lab.ts';
import { ip } from './config-fixture.ts';

const BLOCKS = `track_group tg {
  group {
    VI_1
  }
}
static_ipaddress {
  10.0.0.9/24 dev eth1 track_group tg
}
static_routes {
  10.5.0.0/16 via 10.0.0.7 dev eth1 track_group tg
}`;

function started(blocks: string): { readonly lan: FakeLan; readonly n1: FakeHost } {
  const lan = new FakeLan();
  const n1 = lan.host('n1', 11, ['192.168.100.11/24', '10.1.0.1/24']);
  boot(n1, conf({ blocks }));
  lan.run(s(5));
  return { lan, n1 };
}

const restored = (host: FakeHost) => host.log.filter((line) => line.startsWith('Restoring'));

describe('static objects', () => {
  it('an address that somebody deletes is set again at once, instances stay as they are', () => {
    const { lan, n1 } = started(BLOCKS);
    const before = commandsOf(n1, 'address-add').length;
    n1.deleteAddress('eth1', ip('10.0.0.9'));
    lan.run(s(6));
    expect(restored(n1)).toEqual([
      'Restoring deleted static address 10.0.0.9/24 dev eth1 scope global track_group tg set',
    ]);
    expect(commandsOf(n1, 'address-add').length).toBe(before + 1);
    expect(n1.states()).toBe('VI_1=MASTER');
  });

  it('a route is set again, whoever the kernel says has set it', () => {
    const { n1 } = started(BLOCKS);
    const words = '10.5.0.0/16 via 10.0.0.7 dev eth1 proto 18'.split(' ');
    n1.event({ kind: 'route-removed', words });
    expect(restored(n1)).toEqual([
      'Restoring deleted static route 10.5.0.0/16 via 10.0.0.7 dev eth1 track_group tg',
    ]);
    n1.event({ kind: 'route-removed', words: '10.6.0.0/16 dev eth1'.split(' ') });
    expect(restored(n1)).toHaveLength(1);
  });

  // proves: keyword:track_group keyword:track_group/group
  it('track_group: the instance follows the interface of its static objects', () => {
    const { lan, n1 } = started(BLOCKS);
    n1.carrier('eth1', false);
    lan.run(s(6));
    expect(n1.states()).toBe('VI_1=FAULT');
    n1.carrier('eth1', true);
    lan.run(s(6.5));
    expect(n1.states()).toBe('VI_1=BACKUP');
    expect(restored(n1)).toHaveLength(2);
    const alone = started(BLOCKS.replaceAll(' track_group tg', ''));
    alone.n1.carrier('eth1', false);
    alone.lan.run(s(6));
    expect(alone.n1.states()).toBe('VI_1=MASTER');
  });

  it.each([
    ['10.0.0.0/8 via 10.1.1.1', '10.0.0.0/8 via 10.1.1.1 dev eth0 proto 18', true],
    ['10.0.0.0/8 via inet 10.1.1.1 dev eth0', '10.0.0.0/8 via 10.1.1.1 dev eth0', true],
    ['10.0.0.1/32 dev eth0', '10.0.0.1 dev eth0 scope link', true],
    ['to 10.0.0.0/8 dev eth0 table main', '10.0.0.0/8 dev eth0', true],
    ['10.0.0.0/8 dev eth0 table 7', '10.0.0.0/8 dev eth0', false],
    ['10.0.0.0/8 via 10.1.1.1', '10.0.0.0/8 via 10.1.1.2 dev eth0', false],
    ['10.0.0.0/8 dev eth0', '10.0.0.0/9 dev eth0', false],
  ])('routes "%s" and "%s": the same: %s', (a, b, same) => {
    expect(isSameRoute(a.split(' '), b.split(' '))).toBe(same);
  });
});
