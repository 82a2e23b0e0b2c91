/** Every P1 and P2 keyword of global_defs that concerns VRRP: what changes when it is there. */

import { describe, expect, it } from 'vitest';
import { ip } from '../../vrrp/config-fixture.ts';
import { FakeLan, s } from '../fake-system.ts';
import {
  adverts,
  alone,
  boot,
  commandsOf,
  conf,
  fifoLines,
  garpCount,
  garpTimes,
  masterAt,
  notified,
  reloadText,
  start,
} from './keyword-lab.ts';

const MAIL = 'notification_email { admin@example.org }\n smtp_alert';

function mails(parts: Parameters<typeof alone>[0]) {
  return alone(parts, 5).n1.reports.filter((r) => r.kind === 'mail');
}

/** Two masters that meet again: n1 (200) and n2 (100) heard nothing of each other for 8 s. */
function merged(global: string, instance = ''): FakeLan {
  const lan = new FakeLan();
  start(lan, conf({ global, instance, priority: 200 }));
  start(lan, conf({ global, instance, priority: 100 }));
  lan.loses = () => true;
  lan.run(s(20.5));
  lan.sent.length = 0;
  // n1's adverts still get lost: it is the one that hears the lower priority.
  lan.loses = (from) => from.name === 'n1';
  lan.run(s(21));
  return lan;
}

describe('mail', () => {
  // proves: keyword:global_defs/router_id
  it('router_id names the machine in mails', () => {
    expect(mails({ global: `router_id LVS_A\n ${MAIL}` })[0]?.subject).toContain('[LVS_A]');
    expect(mails({ global: MAIL })[0]?.subject).toContain('[n1]');
  });

  // proves: keyword:global_defs/notification_email
  it('notification_email: without it nobody is written to', () => {
    expect(mails({ global: MAIL })[0]?.to).toEqual(['admin@example.org']);
    expect(mails({ global: 'smtp_alert' })).toEqual([]);
  });

  // proves: keyword:global_defs/smtp_alert keyword:global_defs/smtp_alert_vrrp
  it('smtp_alert and smtp_alert_vrrp switch the mails of all instances on', () => {
    const to = 'notification_email { admin@example.org }';
    expect(mails({ global: to })).toEqual([]);
    expect(mails({ global: `${to}\n smtp_alert` }).length).toBe(2);
    expect(mails({ global: `${to}\n smtp_alert_vrrp` }).length).toBe(2);
    expect(mails({ global: `${to}\n smtp_alert\n smtp_alert_vrrp off` })).toEqual([]);
  });
});

describe('protocol', () => {
  // proves: keyword:global_defs keyword:global_defs/vrrp_version
  it('vrrp_version 3 is the default of all instances', () => {
    const version = (global: string) => adverts(alone({ global }, 5).lan)[0]?.bytes[20];
    expect([version(''), version('vrrp_version 3')]).toEqual([0x21, 0x31]);
  });

  // proves: keyword:global_defs/vrrp_strict
  it('vrrp_strict: no_accept, so the VIP gets firewall rules', () => {
    const rules = (global: string) => commandsOf(alone({ global }, 5).n1, 'firewall-add').length;
    expect([rules(''), rules('vrrp_strict')]).toEqual([0, 1]);
  });

  // proves: keyword:global_defs/vrrp_mcast_group4
  it('vrrp_mcast_group4: adverts go to that group and the socket joins it', () => {
    const { lan, n1 } = alone({ global: 'vrrp_mcast_group4 224.0.0.19' }, 5);
    expect(adverts(lan)[0]?.bytes.subarray(16, 20)).toEqual(Uint8Array.of(224, 0, 0, 19));
    expect(commandsOf(n1, 'vrrp-open')[0]?.group).toBe(ip('224.0.0.19'));
  });

  // proves: keyword:global_defs/vrrp_mcast_group6
  it('vrrp_mcast_group6: the same for IPv6', () => {
    const lan = new FakeLan();
    const global = 'vrrp_mcast_group6 ff02::13';
    const n1 = start(lan, conf({ global, vips: 'fe80::100/64' }), ['fe80::11/64']);
    lan.run(s(5));
    expect(commandsOf(n1, 'vrrp-open')[0]?.group).toBe(ip('ff02::13'));
    expect(adverts(lan)[0]?.bytes[39]).toBe(0x13);
  });

  // proves: keyword:global_defs/vrrp_skip_check_adv_addr
  it('vrrp_skip_check_adv_addr: the second advert of a master is taken with other addresses', () => {
    const state = (global: string) => {
      const lan = new FakeLan();
      const n1 = start(lan, conf({ priority: 200 }));
      const n2 = start(lan, conf({ global }));
      lan.run(s(5.5));
      reloadText(n1, conf({ priority: 200, vips: '192.168.100.101/24' }));
      lan.run(s(10));
      return n2.states();
    };
    expect(state('')).toBe('VI_1=MASTER');
    expect(state('vrrp_skip_check_adv_addr')).toBe('VI_1=BACKUP');
  });

  // proves: keyword:global_defs/vrrp_check_unicast_src
  it('vrrp_check_unicast_src: a sender that is no peer is refused', () => {
    const state = (global: string) => {
      const lan = new FakeLan();
      const to = (peer: number) => `unicast_peer { 192.168.100.${peer} }`;
      start(lan, conf({ priority: 200, instance: to(12) }));
      const n2 = start(lan, conf({ global, instance: to(99) }));
      lan.run(s(8));
      return n2.states();
    };
    expect(state('')).toBe('VI_1=BACKUP');
    expect(state('vrrp_check_unicast_src')).toBe('VI_1=MASTER');
  });

  // proves: keyword:global_defs/vrrp_lower_prio_no_advert
  it('vrrp_lower_prio_no_advert: a lower advert is not answered with one', () => {
    const count = (global: string) => adverts(merged(global)).length;
    expect(count('')).toBeGreaterThan(count('vrrp_lower_prio_no_advert'));
  });

  // proves: keyword:global_defs/vrrp_higher_prio_send_advert
  it('vrrp_higher_prio_send_advert: the yielding master sends a last advert', () => {
    const last = (global: string) => {
      const lan = new FakeLan();
      start(lan, conf({ global, priority: 200 }));
      start(lan, conf({ global }));
      lan.loses = () => true;
      lan.run(s(20.3));
      lan.sent.length = 0;
      lan.loses = (from) => from.name === 'n2';
      lan.run(s(21.3));
      return adverts(lan, 'n2').length;
    };
    expect(last('vrrp_higher_prio_send_advert')).toBe(last('') + 1);
  });

  // proves: keyword:global_defs/vrrp_down_timer_adverts
  it('vrrp_down_timer_adverts 5: five intervals and the skew', () => {
    expect(masterAt(alone({ global: 'vrrp_down_timer_adverts 5' }, 8).lan)).toBe(5_609_375);
  });

  // proves: keyword:global_defs/vrrp_startup_delay
  it('vrrp_startup_delay 4: the interval begins 4 s later', () => {
    expect(masterAt(alone({ global: 'vrrp_startup_delay 4' }, 9).lan)).toBe(7_609_375);
  });
});

describe('gratuitous ARP', () => {
  // proves: keyword:global_defs/vrrp_garp_master_delay
  it('vrrp_garp_master_delay 2: second burst 2 s after the first; 0: none', () => {
    expect(garpTimes(alone({ global: 'vrrp_garp_master_delay 2' }, 12).lan)).toEqual([
      3_609_375, 5_609_375,
    ]);
    expect(garpTimes(alone({ global: 'vrrp_garp_master_delay 0' }, 12).lan)).toEqual([3_609_375]);
  });

  // proves: keyword:global_defs/vrrp_garp_master_repeat
  it('vrrp_garp_master_repeat 2: two packets a burst', () => {
    expect(garpCount(alone({ global: 'vrrp_garp_master_repeat 2' }, 12).lan)).toBe(4);
  });

  // proves: keyword:global_defs/vrrp_garp_master_refresh
  // proves: keyword:global_defs/vrrp_garp_master_refresh_repeat
  it('vrrp_garp_master_refresh 3, repeat 2: two packets at the first advert after 3 s', () => {
    const global = `vrrp_garp_master_delay 0\n vrrp_garp_master_refresh 3
      vrrp_garp_master_refresh_repeat 2`;
    const { lan } = alone({ global }, 9);
    expect(garpTimes(lan)).toEqual([3_609_375, 6_609_375]);
    expect(garpCount(lan)).toBe(5 + 2);
  });

  // proves: keyword:global_defs/vrrp_garp_lower_prio_delay
  // proves: keyword:global_defs/vrrp_garp_lower_prio_repeat
  it('vrrp_garp_lower_prio_repeat 3 and _delay 2: bursts that answer a lower advert', () => {
    const lan = merged('vrrp_garp_lower_prio_repeat 3\n vrrp_garp_lower_prio_delay 2');
    const first = garpTimes(lan)[0] as number;
    expect(garpCount(lan)).toBe(3);
    lan.loses = () => true;
    lan.run(first + 2_000_000);
    expect(garpCount(lan)).toBe(6);
    expect(garpTimes(lan)).toEqual([first, first + 2_000_000]);
  });

  // proves: keyword:global_defs/vrrp_garp_interval
  it('vrrp_garp_interval 0.2: packets 0.2 s apart', () => {
    const global = 'vrrp_garp_interval 0.2\n vrrp_garp_master_repeat 2\n vrrp_garp_master_delay 0';
    expect(garpTimes(alone({ global }, 6).lan)).toEqual([3_609_375, 3_809_375]);
  });

  // proves: keyword:global_defs/vrrp_gna_interval
  it('vrrp_gna_interval 0.2: the same for neighbour advertisements', () => {
    const lan = new FakeLan();
    const global = 'vrrp_gna_interval 0.2\n vrrp_garp_master_repeat 2\n vrrp_garp_master_delay 0';
    start(lan, conf({ global, vips: 'fe80::100/64' }), ['fe80::11/64']);
    lan.run(s(6));
    const [first = 0] = garpTimes(lan);
    expect(garpTimes(lan)).toEqual([first, first + 200_000]);
  });

  // proves: keyword:global_defs/vrrp_min_garp
  it('vrrp_min_garp: one packet, no second burst', () => {
    expect(garpCount(alone({ global: 'vrrp_min_garp' }, 12).lan)).toBe(1);
  });
});

describe('interfaces', () => {
  // proves: keyword:global_defs/default_interface
  // proves: keyword:static_ipaddress
  it('default_interface: static addresses without dev go there', () => {
    const lan = new FakeLan();
    const blocks = 'static_ipaddress { 10.0.0.9/24 }';
    const two = ['192.168.100.11/24', '10.0.0.1/24'];
    start(lan, conf({ global: 'default_interface eth1', blocks }), two);
    start(lan, conf({ blocks }), two);
    const links = lan.hosts.map((h) =>
      commandsOf(h, 'address-add').find((c) => c.address.address === ip('10.0.0.9')),
    );
    expect(links.map((c) => c?.address.interface)).toEqual(['eth1', 'eth0']);
  });

  // proves: keyword:global_defs/dynamic_interfaces
  it('dynamic_interfaces: an instance on an interface that comes later waits for it', () => {
    const names = (global: string) =>
      alone({ global, link: 'interface eth7' }, 1)
        .n1.daemon?.status()
        .instances.map((i) => `${i.name} ${i.state}`) ?? [];
    expect(names('dynamic_interfaces')).toEqual(['VI_1 FAULT']);
    expect(names('')).toEqual([]);
  });

  it('dynamic_interfaces: a virtual MAC is made when its base comes', () => {
    const { n1 } = alone({ global: 'dynamic_interfaces', link: 'interface eth7\n use_vmac' }, 1);
    const made = () => n1.commands.flatMap((c) => (c.kind === 'link-add' ? [c.name] : []));
    expect(made()).toEqual([]);
    expect(n1.log.filter((line) => /removing VIPs|creating VMAC/.test(line))).toEqual([]);
    const eth0 = n1.links.get('eth0');
    if (eth0 === undefined) throw new Error('no eth0');
    n1.links.set('eth7', { ...eth0, facts: { ...eth0.facts, name: 'eth7', running: false } });
    n1.event({ kind: 'link-changed', interface: 'eth7' });
    n1.event({ kind: 'link-changed', interface: 'eth7' });
    expect(made()).toEqual(['vrrp.51']);
    expect(n1.log.slice(-2)).toEqual([
      '(VI_1) interface eth7 is down',
      '(VI_1): Success creating VMAC interface vrrp.51',
    ]);
  });
});

describe('scripts and FIFOs', () => {
  // proves: keyword:global_defs/script_user
  it('script_user: whom scripts run as', () => {
    const lan = new FakeLan();
    const text = conf({ instance: 'notify_backup /b' }).replace(
      'script_user root',
      'script_user joe',
    );
    const n1 = start(lan, text);
    lan.run(s(1));
    expect(commandsOf(n1, 'script-run').map((c) => c.user)).toEqual(['joe']);
  });

  // proves: keyword:global_defs/enable_script_security
  it('enable_script_security: without it keepalived warns', () => {
    const line = /SECURITY VIOLATION/;
    const said = (text: string) => start(new FakeLan(), text).log.some((l) => line.test(l));
    const text = conf({ instance: 'notify_backup /b' });
    expect(said(text)).toBe(false);
    expect(said(text.replace('enable_script_security', ''))).toBe(true);
  });

  // proves: keyword:global_defs/notify_fifo keyword:global_defs/vrrp_notify_fifo
  it('notify_fifo and vrrp_notify_fifo get one line for each change', () => {
    const { n1 } = alone({ global: 'notify_fifo /run/all\n vrrp_notify_fifo /run/vrrp' }, 5);
    const lines = ['INSTANCE "VI_1" BACKUP 100', 'INSTANCE "VI_1" MASTER 100'];
    expect(fifoLines(n1, '/run/all')).toEqual(lines);
    expect(fifoLines(n1, '/run/vrrp')).toEqual(lines);
  });

  // proves: keyword:global_defs/notify_fifo_script keyword:global_defs/vrrp_notify_fifo_script
  it('the reader of a FIFO is started with the path as its last word', () => {
    const global = `notify_fifo /run/all\n notify_fifo_script "/reader all"
      vrrp_notify_fifo /run/vrrp\n vrrp_notify_fifo_script /reader2`;
    const { n1 } = alone({ global }, 1);
    expect(commandsOf(n1, 'script-run').map((c) => c.arguments.join(' '))).toEqual([
      '/reader all /run/all',
      '/reader2 /run/vrrp',
    ]);
  });

  // proves: keyword:include
  it('include: the instance may stand in another file', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.files.set('more.conf', new TextEncoder().encode(conf({ instance: 'notify_backup /b' })));
    n1.expandPattern = () => ['more.conf'];
    boot(n1, 'include more.conf\n');
    lan.run(s(1));
    expect(notified(n1)).toEqual(['/b']);
  });
});
