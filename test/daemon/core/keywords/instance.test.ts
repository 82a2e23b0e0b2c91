/** Every P1 and P2 keyword of vrrp_instance but tracking and notifications: what it changes. */

import { describe, expect, it } from 'vitest';
import { formatIp } from '../../../../daemon/wire/ip-address.ts';
import { parseMac } from '../../../../daemon/wire/mac-address.ts';
import { ip } from '../../vrrp/config-fixture.ts';
import { FakeLan, s } from '../fake-system.ts';
import {
  adverts,
  alone,
  commandsOf,
  conf,
  garpCount,
  garpTimes,
  masterAt,
  reloadText,
  start,
} from './keyword-lab.ts';

/** n1 (200) and n2 (100) with the same lines; n1 starts 5 s later. */
function latecomer(instance: string): FakeLan {
  const lan = new FakeLan();
  const n2 = start(lan, conf({ instance, priority: 100 }), ['192.168.100.12/24']);
  lan.run(s(5));
  start(lan, conf({ instance, priority: 200 }), ['192.168.100.11/24']);
  lan.run(s(20));
  expect(n2.name).toBe('n1');
  return lan;
}

function states(lan: FakeLan): string[] {
  return lan.hosts.map((host) => host.states().replace('VI_1=', ''));
}

/** Two masters apart for 20 s; then one of them is heard by the other for half a second. */
function met(instance: string, heard: 'lower' | 'higher'): FakeLan {
  const lan = new FakeLan();
  start(lan, conf({ instance, priority: 200 }));
  start(lan, conf({ instance, priority: 100 }));
  lan.loses = () => true;
  // Adverts of n1 at x.21875, of n2 at x.609375.
  lan.run(s(heard === 'lower' ? 20.5 : 20.0));
  lan.sent.length = 0;
  lan.loses = (from) => from.name === (heard === 'lower' ? 'n1' : 'n2');
  lan.run(s(heard === 'lower' ? 21 : 20.5));
  return lan;
}

describe('identity', () => {
  // proves: keyword:vrrp_instance keyword:vrrp_instance/priority
  // proves: keyword:vrrp_instance/virtual_router_id
  it('virtual_router_id and priority stand in the advert, and the priority in the timing', () => {
    const { lan } = alone({ priority: 150 }, 5);
    expect([...(adverts(lan)[0]?.bytes.subarray(21, 23) ?? [])]).toEqual([51, 150]);
    expect(masterAt(lan)).toBe(3_000_000 + 414_062);
  });

  // proves: keyword:vrrp_instance/state
  it('state MASTER with priority 255 is MASTER at once, state BACKUP waits', () => {
    expect(masterAt(alone({ priority: 255, instance: 'state MASTER' }, 5).lan)).toBeLessThan(10);
    expect(masterAt(alone({ priority: 255, instance: 'state BACKUP' }, 5).lan)).toBe(3_003_906);
  });

  // proves: keyword:vrrp_instance/interface
  it('interface: adverts, gratuitous ARP and VIP go there', () => {
    const lan = new FakeLan();
    const n1 = start(lan, conf({ link: 'interface eth1' }), ['10.0.0.1/24', '192.168.100.11/24']);
    lan.run(s(5));
    expect(adverts(lan)[0]?.interface).toBe('eth1');
    expect(commandsOf(n1, 'address-add')[0]?.address.interface).toBe('eth1');
  });

  // proves: keyword:vrrp_instance/advert_int
  it('advert_int 2: interval in the packet, between packets, and three times in the timer', () => {
    const { lan } = alone({ instance: 'advert_int 2' }, 12);
    expect(adverts(lan)[0]?.bytes[25]).toBe(2);
    expect(adverts(lan).map((p) => p.at)).toEqual([6_609_375, 8_609_375, 10_609_375]);
  });

  // proves: keyword:vrrp_instance/version
  it('version 3', () => {
    expect(adverts(alone({ instance: 'version 3' }, 5).lan)[0]?.bytes[20]).toBe(0x31);
  });

  // proves: keyword:vrrp_instance/authentication keyword:vrrp_instance/authentication/auth_type
  // proves: keyword:vrrp_instance/authentication/auth_pass
  it('authentication: PASS puts the password into the packet, AH makes it protocol 51', () => {
    const auth = (type: string) => `authentication { \n auth_type ${type}\n auth_pass ab12\n }`;
    const pass = adverts(alone({ instance: auth('PASS') }, 5).lan)[0]?.bytes;
    expect(pass?.[24]).toBe(1);
    expect([...(pass?.subarray(32, 40) ?? [])]).toEqual([97, 98, 49, 50, 0, 0, 0, 0]);
    expect(adverts(alone({ instance: auth('AH') }, 5).lan)[0]?.bytes[9]).toBe(51);
  });
});

describe('addresses', () => {
  // proves: keyword:vrrp_instance/virtual_ipaddress
  it('virtual_ipaddress: advertised, set with length, label, scope and dev, announced', () => {
    const lan = new FakeLan();
    const vips = '192.168.100.100/24 label eth0:1\n 192.168.100.101 dev eth1 scope link';
    const n1 = start(lan, conf({ vips }), ['192.168.100.11/24', '10.0.0.1/24']);
    lan.run(s(5));
    expect(adverts(lan)[0]?.bytes[23]).toBe(2);
    expect(commandsOf(n1, 'address-add').map((c) => c.address)).toMatchObject([
      { address: ip('192.168.100.100'), length: 24, label: 'eth0:1', interface: 'eth0' },
      { address: ip('192.168.100.101'), length: 32, scope: 'link', interface: 'eth1' },
    ]);
  });

  // proves: keyword:vrrp_instance/virtual_ipaddress_excluded
  it('virtual_ipaddress_excluded: set, not advertised, may be of the other family', () => {
    const instance = 'virtual_ipaddress_excluded {\n 10.0.0.1/32\n 2001:db8::1/64\n }';
    const { lan, n1 } = alone({ instance }, 5);
    expect(adverts(lan)[0]?.bytes[23]).toBe(1);
    expect([n1.owns(ip('10.0.0.1')), n1.owns(ip('2001:db8::1'))]).toEqual([true, true]);
  });

  // proves: keyword:vrrp_instance/promote_secondaries
  it('promote_secondaries writes the sysctl', () => {
    const { n1 } = alone({ instance: 'promote_secondaries' }, 1);
    expect(commandsOf(n1, 'sysctl-write').map((c) => c.name)).toContain(
      'net.ipv4.conf.eth0.promote_secondaries',
    );
  });

  // proves: keyword:vrrp_instance/virtual_routes keyword:vrrp_instance/virtual_rules
  it('virtual_routes and virtual_rules come and go with the VIP', () => {
    const instance = `virtual_routes {\n 10.9.0.0/16 via 192.168.100.1\n }
      virtual_rules {\n from 10.9.0.1 table 100\n }`;
    const { n1 } = alone({ instance }, 5);
    const words = (kind: 'route-add' | 'rule-add') =>
      commandsOf(n1, kind).map((c) => c.words.join(' '));
    expect(words('route-add')).toEqual([expect.stringContaining('10.9.0.0/16')]);
    expect(words('rule-add')).toEqual([expect.stringContaining('from 10.9.0.1')]);
    n1.commands.length = 0;
    n1.stop();
    expect(commandsOf(n1, 'route-delete').length).toBe(1);
    expect(commandsOf(n1, 'rule-delete').length).toBe(1);
  });

  // proves: keyword:vrrp_instance/accept keyword:vrrp_instance/no_accept
  it('no_accept drops what is sent to the VIP; strict does so unless v3 says accept', () => {
    const rules = (parts: Parameters<typeof alone>[0]) =>
      commandsOf(alone(parts, 5).n1, 'firewall-add').length;
    expect(rules({ instance: 'no_accept' })).toBe(1);
    expect(rules({ global: 'vrrp_strict\n vrrp_version 3', instance: 'accept' })).toBe(0);
    expect(rules({ global: 'vrrp_strict\n vrrp_version 3' })).toBe(1);
    expect(rules({ global: 'vrrp_strict' })).toBe(1);
  });

  // proves: keyword:vrrp_instance/strict_mode
  it('strict_mode on and off, against the global one', () => {
    const rules = (parts: Parameters<typeof alone>[0]) =>
      commandsOf(alone(parts, 5).n1, 'firewall-add').length;
    expect(rules({ instance: 'strict_mode on' })).toBe(1);
    expect(rules({ global: 'vrrp_strict', instance: 'strict_mode off' })).toBe(0);
  });
});

describe('election', () => {
  // proves: keyword:vrrp_instance/nopreempt keyword:vrrp_instance/preempt
  it('nopreempt leaves the address where it is, preempt takes it', () => {
    expect(states(latecomer(''))).toEqual(['BACKUP', 'MASTER']);
    expect(states(latecomer('nopreempt'))).toEqual(['MASTER', 'BACKUP']);
    expect(states(latecomer('nopreempt\n preempt'))).toEqual(['BACKUP', 'MASTER']);
  });

  // proves: keyword:vrrp_instance/preempt_delay
  it('preempt_delay 3 puts the takeover off', () => {
    const at = (instance: string) => masterAt(latecomer(instance), 'n2') as number;
    expect(at('preempt_delay 3') - at('')).toBeGreaterThan(2_000_000);
  });

  // proves: keyword:vrrp_instance/down_timer_adverts
  it('down_timer_adverts 5', () => {
    expect(masterAt(alone({ instance: 'down_timer_adverts 5' }, 8).lan)).toBe(5_609_375);
  });

  // proves: keyword:vrrp_instance/lower_prio_no_advert
  it('lower_prio_no_advert: a lower advert is not answered with one', () => {
    const count = (instance: string) => adverts(met(instance, 'lower')).length;
    expect(count('')).toBe(count('lower_prio_no_advert') + 1);
  });

  // proves: keyword:vrrp_instance/higher_prio_send_advert
  it('higher_prio_send_advert: the yielding master sends a last advert', () => {
    const count = (instance: string) => adverts(met(instance, 'higher'), 'n2').length;
    expect(count('higher_prio_send_advert')).toBe(count('') + 1);
  });

  // proves: keyword:vrrp_instance/skip_check_adv_addr
  it('skip_check_adv_addr: the second advert of a master is taken with other addresses', () => {
    const state = (instance: string) => {
      const lan = new FakeLan();
      const n1 = start(lan, conf({ priority: 200 }));
      const n2 = start(lan, conf({ instance }));
      lan.run(s(5.5));
      reloadText(n1, conf({ priority: 200, vips: '192.168.100.101/24' }));
      lan.run(s(10));
      return n2.states();
    };
    expect(state('')).toBe('VI_1=MASTER');
    expect(state('skip_check_adv_addr')).toBe('VI_1=BACKUP');
    // Any of the six words is on (recorded: test/reference/dumps/skip-check).
    expect(state('skip_check_adv_addr off')).toBe('VI_1=BACKUP');
    expect(state('skip_check_adv_addr never')).toBe('VI_1=MASTER');
  });

  // proves: keyword:vrrp_instance/dont_track_primary
  it('dont_track_primary: MASTER even without carrier', () => {
    const state = (instance: string) => {
      const { n1 } = alone({ instance }, 5);
      n1.carrier('eth0', false);
      return n1.states();
    };
    expect(state('')).toBe('VI_1=FAULT');
    expect(state('dont_track_primary')).toBe('VI_1=MASTER');
  });
});

describe('gratuitous ARP', () => {
  // proves: keyword:vrrp_instance/garp_master_delay
  it('garp_master_delay 2', () => {
    const { lan } = alone({ instance: 'garp_master_delay 2' }, 12);
    expect(garpTimes(lan)).toEqual([3_609_375, 5_609_375]);
  });

  // proves: keyword:vrrp_instance/garp_master_repeat
  it('garp_master_repeat 2', () => {
    expect(garpCount(alone({ instance: 'garp_master_repeat 2' }, 12).lan)).toBe(4);
  });

  // proves: keyword:vrrp_instance/garp_master_refresh
  // proves: keyword:vrrp_instance/garp_master_refresh_repeat
  it('garp_master_refresh 3, repeat 2', () => {
    const instance = `garp_master_delay 0\n garp_master_refresh 3\n garp_master_refresh_repeat 2`;
    const { lan } = alone({ instance }, 9);
    expect(garpTimes(lan)).toEqual([3_609_375, 6_609_375]);
    expect(garpCount(lan)).toBe(7);
  });

  // proves: keyword:vrrp_instance/garp_lower_prio_delay
  // proves: keyword:vrrp_instance/garp_lower_prio_repeat
  it('garp_lower_prio_repeat 3 and garp_lower_prio_delay 2', () => {
    const lan = met('garp_lower_prio_repeat 3\n garp_lower_prio_delay 2', 'lower');
    const first = garpTimes(lan)[0] as number;
    expect(garpCount(lan)).toBe(3);
    lan.loses = () => true;
    lan.run(first + 2_000_000);
    expect(garpCount(lan)).toBe(6);
  });
});

describe('where adverts go', () => {
  // proves: keyword:vrrp_instance/mcast_src_ip
  it('mcast_src_ip: source of adverts', () => {
    const { lan } = alone({ instance: 'mcast_src_ip 192.168.100.77' }, 5);
    expect([...(adverts(lan)[0]?.bytes.subarray(12, 16) ?? [])]).toEqual([192, 168, 100, 77]);
  });

  // proves: keyword:vrrp_instance/mcast_dst_ip
  it('mcast_dst_ip: group of this instance alone', () => {
    const { lan, n1 } = alone({ instance: 'mcast_dst_ip 224.0.0.77' }, 5);
    expect(adverts(lan)[0]?.bytes[19]).toBe(77);
    expect(commandsOf(n1, 'vrrp-open')[0]?.group).toBe(ip('224.0.0.77'));
  });

  // proves: keyword:vrrp_instance/unicast_src_ip keyword:vrrp_instance/unicast_peer
  // proves: keyword:vrrp_instance/unicast_ttl
  it('unicast_src_ip, unicast_peer, unicast_ttl: a copy to each peer with that TTL', () => {
    const instance = `unicast_src_ip 192.168.100.11\n unicast_ttl 3
      unicast_peer {\n 192.168.100.12\n 192.168.100.13\n }`;
    const { lan } = alone({ instance }, 4);
    const sent = adverts(lan).map(({ bytes }) => [bytes[8], bytes[15], bytes[19]]);
    expect(sent).toEqual([
      [3, 11, 12],
      [3, 11, 13],
    ]);
  });

  // proves: keyword:vrrp_instance/check_unicast_src
  it('check_unicast_src: a sender that is no peer is refused', () => {
    const state = (extra: string) => {
      const lan = new FakeLan();
      const to = (peer: number) => `unicast_peer {\n 192.168.100.${peer}\n }`;
      start(lan, conf({ priority: 200, instance: to(12) }));
      const n2 = start(lan, conf({ instance: `${to(99)}\n ${extra}` }));
      lan.run(s(8));
      return n2.states();
    };
    expect(state('')).toBe('VI_1=BACKUP');
    expect(state('check_unicast_src')).toBe('VI_1=MASTER');
  });

  // proves: keyword:vrrp_instance/unicast_fault_no_peer
  it('unicast_fault_no_peer: FAULT instead of falling back to multicast', () => {
    const state = (instance: string) => alone({ instance }, 5).n1.states();
    expect(state('unicast_src_ip 192.168.100.11')).toBe('VI_1=MASTER');
    expect(state('unicast_src_ip 192.168.100.11\n unicast_fault_no_peer')).toBe('VI_1=FAULT');
  });
});

describe('virtual MAC', () => {
  const VMAC = parseMac('00:00:5e:00:01:33');

  // proves: keyword:vrrp_instance/use_vmac
  it('use_vmac: a macvlan with the virtual MAC, adverts from it', () => {
    const { lan, n1 } = alone({ instance: 'use_vmac' }, 5);
    expect(commandsOf(n1, 'link-add')[0]).toMatchObject({
      name: 'vrrp.51',
      base: 'eth0',
      type: { kind: 'macvlan', mac: VMAC },
    });
    expect(n1.commands.find((c) => c.kind === 'ip-send')).toMatchObject({ interface: 'vrrp.51' });
    expect(lan.hosts.length).toBe(1);
  });

  // proves: keyword:vrrp_instance/vmac_xmit_base
  it('vmac_xmit_base: adverts from the base interface', () => {
    const { n1 } = alone({ instance: 'use_vmac\n vmac_xmit_base' }, 5);
    expect(n1.commands.find((c) => c.kind === 'ip-send')).toMatchObject({ interface: 'eth0' });
  });

  // proves: keyword:vrrp_instance/use_ipvlan
  it('use_ipvlan: a link with an address of its own, adverts from that, the VIP on the base (recorded)', () => {
    const { lan, n1 } = alone({ instance: 'use_ipvlan 192.168.100.21/24' }, 4);
    const [made] = commandsOf(n1, 'link-add');
    expect([made?.name, made?.base, made?.type]).toEqual([
      'vrrp.51',
      'eth0',
      { kind: 'ipvlan', mode: 'bridge' },
    ]);
    const added = commandsOf(n1, 'address-add').map(({ address }) => [
      address.interface,
      formatIp(address.address),
      address.length,
    ]);
    expect(added).toEqual([
      ['vrrp.51', '192.168.100.21', 24],
      ['eth0', '192.168.100.100', 24],
    ]);
    const lines = n1.log.filter((line) => /ipvlan|Assigned|on eth0 for/.test(line)).slice(0, 4);
    expect(lines).toEqual([
      'Assigned address 192.168.100.11 for interface eth0',
      '(VI_1): Success creating ipvlan interface vrrp.51',
      'Assigned address 192.168.100.21 for interface vrrp.51',
      '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 192.168.100.100',
    ]);
    expect(lan.sent.find((one) => one.kind === 'frame')?.interface).toBe('eth0');
  });

  // proves: keyword:vrrp_instance/use_vmac_addr
  it('use_vmac_addr: a VIP with dev gets a virtual MAC on that interface too', () => {
    const names = (instance: string) => {
      const lan = new FakeLan();
      const vips = '192.168.100.100/24\n 10.0.0.100/24 dev eth1';
      const n1 = start(lan, conf({ instance, vips }), ['192.168.100.11/24', '10.0.0.1/24']);
      return commandsOf(n1, 'link-add').map((c) => `${c.name} on ${c.base}`);
    };
    expect(names('use_vmac')).toEqual(['vrrp.51 on eth0']);
    expect(names('use_vmac\n use_vmac_addr').length).toBe(2);
  });
});
