/** Rules of tracking, groups, notifications and reload that only show when two things come together. */

import { describe, expect, it } from 'vitest';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { ip } from '../vrrp/config-fixture.ts';
import { advert, receive } from '../vrrp/receive-lab.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import {
  adverts,
  alone,
  boot,
  commandsOf,
  conf,
  garpCount,
  garpTimes,
  notified,
  reloadText,
  start,
} from './keywords/keyword-lab.ts';

const TWO = ['192.168.100.11/24', '10.0.0.11/24'];
const CHK = (lines = '') => `vrrp_script chk {\n script /usr/bin/chk\n ${lines}\n }`;
const TRACK = 'track_script {\n chk\n }';
const GROUP = (lines = '') => `vrrp_sync_group VG {\n group {\n VI_1\n VI_2\n }\n ${lines}\n }`;
const SECOND = (lines = '') => `vrrp_instance VI_2 {
  interface eth1
  virtual_router_id 52
  priority 100
  ${lines}
  virtual_ipaddress {\n 10.0.0.100/24\n }
}`;

function onTwo(text: string): { lan: FakeLan; n1: FakeHost } {
  const lan = new FakeLan();
  return { lan, n1: start(lan, text, TWO) };
}

function priorityOf(host: FakeHost): number | undefined {
  return host.daemon?.status().instances[0]?.effectivePriority;
}

function due(host: FakeHost): number {
  return host.daemon?.status().instances[0]?.timerDueAt ?? 0;
}

describe('priority', () => {
  it("a BACKUP's running timer moves with its priority", () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    boot(n1, conf({ blocks: CHK('weight -64\n interval 1'), instance: TRACK }));
    lan.run(s(0.5));
    expect(due(n1)).toBe(3_609_375);
    n1.scripts.set('chk', { exit: 1, after: 2000 });
    lan.run(s(1.5));
    expect([priorityOf(n1), due(n1)]).toEqual([36, 3_859_375]);
  });

  it('an address owner keeps its 255, whatever the weights say', () => {
    const { lan, n1 } = onTwo(
      conf({ priority: 255, instance: 'track_interface {\n eth1 weight -100\n }' }),
    );
    lan.run(s(4));
    n1.carrier('eth1', false);
    expect(priorityOf(n1)).toBe(255);
    expect(n1.log.join('\n')).not.toMatch(/effective priority/);
  });

  it('a tracked file adds 253 at most, before other weights are taken off', () => {
    const blocks = 'track_file load {\n file /load\n weight 100\n }';
    const tracks = 'track_file {\n load\n }\n track_interface {\n eth1 weight -100\n }';
    const { lan, n1 } = onTwo(conf({ priority: 1, blocks, instance: tracks }));
    lan.run(s(1));
    n1.writeFile('/load', '10\n');
    n1.carrier('eth1', false);
    expect(priorityOf(n1)).toBe(1 + 253 - 100);
  });
});

describe('faults', () => {
  it('a second cause says nothing and tells nobody; the last one gone brings it back', () => {
    const { lan, n1 } = onTwo(
      conf({ instance: 'track_interface {\n eth1\n }\n notify /usr/bin/told' }),
    );
    lan.run(s(5));
    const before = notified(n1).length;
    n1.carrier('eth1', false);
    n1.carrier('eth0', false);
    expect(notified(n1).slice(before)).toEqual(['/usr/bin/told INSTANCE VI_1 FAULT 100']);
    n1.carrier('eth1', true);
    expect(n1.states()).toBe('VI_1=FAULT');
    n1.carrier('eth0', true);
    expect(n1.states()).toBe('VI_1=BACKUP');
    expect(n1.log.filter((line) => line === '(VI_1) Entering FAULT STATE').length).toBe(1);
  });

  it('a unicast router that comes back announces its own address', () => {
    const peer = 'unicast_src_ip 192.168.100.11\n unicast_peer {\n 192.168.100.12\n }';
    const { lan, n1 } = alone({ instance: peer }, 5);
    n1.carrier('eth0', false);
    lan.run(s(6));
    n1.carrier('eth0', true);
    expect(n1.log).toContain('VI_1: sending gratuitous ARP for 192.168.100.11');
    const frame = lan.sent.find((one) => one.kind === 'frame' && one.at === s(6))?.bytes;
    expect([...(frame?.subarray(28, 32) ?? [])]).toEqual([192, 168, 100, 11]);
  });

  it('a member that waits for its script keeps the whole group in INIT', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11, TWO);
    n1.scripts.set('chk', { exit: 0, after: 2_500_000 });
    const blocks = `${CHK('interval 9')}\n${GROUP()}`;
    boot(n1, conf({ blocks, after: SECOND(TRACK) }));
    lan.run(s(1));
    n1.carrier('eth0', false);
    n1.carrier('eth0', true);
    expect(n1.states()).not.toMatch(/BACKUP/);
    lan.run(s(3));
    expect(n1.states()).toBe('VI_1=BACKUP VI_2=BACKUP');
  });

  it('no_track: such a VIP may be deleted by anybody', () => {
    for (const [vip, state] of [
      ['192.168.100.100/24', 'BACKUP'],
      ['192.168.100.100/24 no_track', 'MASTER'],
    ] as const) {
      const { lan, n1 } = alone({ vips: vip }, 5);
      n1.deleteAddress('eth0', ip('192.168.100.100'));
      lan.run(s(5.1));
      expect(`${vip} ${n1.states()}`).toBe(`${vip} VI_1=${state}`);
    }
  });

  it('a virtual route with a device that somebody deletes is a lost VIP, unless it says no_track', () => {
    for (const [option, state] of [
      // Without a device keepalived does not know it again (recorded).
      ['', 'MASTER'],
      [' dev eth0', 'BACKUP'],
      [' dev eth0 no_track', 'MASTER'],
    ] as const) {
      const instance = `virtual_routes {\n 10.9.0.0/16 via 192.168.100.1${option}\n }`;
      const { lan, n1 } = alone({ instance }, 5);
      const words = commandsOf(n1, 'route-add')[0]?.words ?? [];
      n1.event({ kind: 'route-removed', words });
      expect(`${option} ${n1.states()}`).toBe(`${option} VI_1=${state}`);
      expect(adverts(lan).at(-1)?.bytes[22]).toBe(state === 'BACKUP' ? 0 : 100);
    }
  });
});

describe('policy rules that somebody deletes', () => {
  const told = ['from', '10.7.0.0/16', 'table', '100', 'priority', '16384'];
  const gone = (host: FakeHost, words: readonly string[], family: 'inet' | 'inet6' = 'inet') =>
    host.event({ kind: 'rule-removed', family, words });

  it('a virtual one is a lost VIP: priority 0, back after one skew; with no_track nothing', () => {
    for (const [option, state] of [
      ['', 'BACKUP'],
      [' no_track', 'MASTER'],
    ] as const) {
      const instance = `virtual_rules {\n from 10.7.0.0/16 table 100${option}\n }`;
      const { lan, n1 } = alone({ instance }, 5);
      gone(n1, ['from', '10.6.0.0/16', 'table', '100']);
      gone(n1, ['from', '10.7.0.0/16', 'table', '101']);
      gone(n1, told, 'inet6');
      expect(n1.states()).toBe('VI_1=MASTER');
      gone(n1, told);
      expect(`${option} ${n1.states()}`).toBe(`${option} VI_1=${state}`);
      expect(adverts(lan).at(-1)?.bytes[22]).toBe(state === 'BACKUP' ? 0 : 100);
      if (state === 'BACKUP') expect(due(n1) - s(5)).toBe(609_375);
    }
  });

  it('a static one comes back', () => {
    const { n1 } = alone({ blocks: 'static_rules {\n from 10.7.0.0/16 table 100\n }' }, 5);
    gone(n1, ['from', '10.7.0.0/17', 'table', '100', 'priority', '16384']);
    expect(commandsOf(n1, 'rule-add').length).toBe(1);
    gone(n1, told);
    expect(commandsOf(n1, 'rule-add').length).toBe(2);
    expect(n1.log.at(-1)).toMatch(/^Restoring deleted static rule from 10\.7\.0\.0\/16/);
    expect(n1.states()).toBe('VI_1=MASTER');
  });
});

describe('scripts', () => {
  it('a script that hangs gets TERM after its timeout and KILL two seconds later', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.scripts.set('chk', { exit: undefined, after: 0 });
    // It ignores both signals.
    const carryOut = n1.carryOut.bind(n1);
    const signals: [number, string][] = [];
    n1.carryOut = (commands) => {
      for (const one of commands) {
        if (one.kind === 'script-signal') signals.push([lan.now, one.signal]);
        else carryOut([one]);
      }
    };
    boot(n1, conf({ blocks: CHK('interval 9\n timeout 3'), instance: TRACK }));
    lan.run(s(6));
    expect(signals).toEqual([
      [s(3), 'TERM'],
      [s(5), 'KILL'],
    ]);
  });

  it('after one failure of three and a success it takes three failures again', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    boot(n1, conf({ blocks: CHK('interval 1\n fall 3'), instance: TRACK }));
    lan.run(s(0.5));
    for (const [at, exit] of [
      [1.5, 1],
      [2.5, 1],
      [3.5, 0],
      [4.5, 1],
      [5.5, 1],
    ] as const) {
      n1.scripts.set('chk', { exit, after: 2000 });
      lan.run(s(at));
    }
    expect(n1.states()).toBe('VI_1=MASTER');
    lan.run(s(6.5));
    expect(n1.states()).toBe('VI_1=FAULT');
  });
});

describe('sync groups', () => {
  it('a member that heard a master does not want to be one any more', () => {
    const { lan, n1 } = onTwo(conf({ blocks: GROUP(), after: SECOND('down_timer_adverts 5') }));
    // VI_1 is willing after 3.6 s, hears a master at 4 s, and VI_2 is willing at 5.6 s.
    lan.run(s(4));
    receive(n1, advert({ priority: 150 }));
    lan.run(s(6));
    expect(n1.states()).toBe('VI_1=BACKUP VI_2=BACKUP');
  });

  it('fault: a member that was BACKUP follows without a line, one notification each', () => {
    const told = 'notify /usr/bin/told';
    const { lan, n1 } = onTwo(conf({ blocks: GROUP(told), instance: told, after: SECOND(told) }));
    lan.run(s(1));
    const [before, at] = [notified(n1).length, lan.now];
    n1.carrier('eth0', false);
    expect(n1.lines(at).filter((line) => line.includes('Entering'))).toEqual([
      '(VI_1) Entering FAULT STATE',
    ]);
    expect(notified(n1).slice(before).sort()).toEqual([
      '/usr/bin/told GROUP VG FAULT 0',
      '/usr/bin/told INSTANCE VI_1 FAULT 100',
      '/usr/bin/told INSTANCE VI_2 FAULT 100',
    ]);
  });
});

describe('gratuitous packets', () => {
  it('garp_master_refresh goes on', () => {
    const { lan } = alone({ instance: 'garp_master_refresh 3\n garp_master_delay 0' }, 14);
    expect(garpTimes(lan).map((at) => (at - 3_609_375) / 1_000_000)).toEqual([0, 3, 6, 9]);
  });

  it('garp_interval: interfaces have a pace each, those of a garp_group one together', () => {
    const global = 'vrrp_garp_interval 0.2\n vrrp_garp_master_repeat 2\n vrrp_garp_master_delay 0';
    const together = 'garp_group {\n garp_interval 0.2\n interfaces {\n eth0\n eth1\n }\n }';
    const times = (blocks: string): number[] => {
      const { lan } = onTwo(conf({ global, blocks, after: SECOND() }));
      lan.run(s(6));
      return lan.sent.filter((one) => one.kind === 'frame').map(({ at }) => at - 3_609_375);
    };
    expect(times('')).toEqual([0, 0, 200_000, 200_000]);
    // VI_1's second round waits, and behind it the one packet that both rounds of VI_2 become.
    expect(times(together)).toEqual([0, 200_000, 400_000]);
  });

  it('neighbour advertisements of a router say that it is one', () => {
    const flags = (forwarding: string) => {
      const lan = new FakeLan();
      const n1 = lan.host('n1', 11, ['fe80::11/64']);
      n1.sysctl = (name?: string) =>
        name === 'net.ipv6.conf.eth0.forwarding' ? forwarding : undefined;
      boot(n1, conf({ vips: 'fe80::100/64' }));
      lan.run(s(4));
      return (lan.sent.find((one) => one.kind === 'frame')?.bytes[58] ?? 0) >> 5;
    };
    // Override alone; router and override.
    expect([flags('0'), flags('1')]).toEqual([0b001, 0b101]);
  });

  it('a reload without a new VIP announces nothing', () => {
    const { lan, n1 } = alone({}, 9);
    const before = garpCount(lan);
    reloadText(n1, conf({ priority: 120 }));
    lan.run(s(15));
    expect(garpCount(lan)).toBe(before);
  });
});

describe('notifications', () => {
  const MAIL = 'notification_email {\n a@b.c\n }\n smtp_alert';

  it('DELETED runs notify_fault where there is no notify_deleted', () => {
    const extra = (lines: string) => SECOND(lines).replace('eth1', 'eth0');
    for (const [lines, expected] of [
      ['notify_fault /usr/bin/fault', '/usr/bin/fault'],
      ['notify_fault /usr/bin/fault\n notify_deleted /usr/bin/gone', '/usr/bin/gone'],
    ] as const) {
      const { n1 } = alone({ after: extra(lines) }, 5);
      const before = notified(n1).length;
      reloadText(n1, conf());
      expect(notified(n1).slice(before)).toEqual([expected]);
    }
  });

  it('scripts of STOP get one second', () => {
    const { n1 } = alone({ instance: 'notify_stop /usr/bin/gone\n notify_master /usr/bin/m' }, 5);
    n1.stop();
    const limits = commandsOf(n1, 'script-run').map((one) => [one.arguments[0], one.limit]);
    expect(limits).toEqual([
      ['/usr/bin/m', undefined],
      ['/usr/bin/gone', s(1)],
    ]);
  });

  it('a mail about one state once, and none about FAULT with no_email_faults', () => {
    for (const [global, subjects] of [
      [MAIL, ['BACKUP', 'MASTER', 'FAULT', 'BACKUP']],
      [`${MAIL}\n no_email_faults`, ['BACKUP', 'MASTER', 'BACKUP']],
    ] as const) {
      const { lan, n1 } = alone({ global }, 5);
      n1.carrier('eth0', false);
      n1.carrier('eth0', true);
      lan.run(s(6));
      const mails = n1.reports.flatMap((one) => (one.kind === 'mail' ? [one.subject] : []));
      expect(mails.map((one) => /Entering (\S+)/.exec(one)?.[1])).toEqual(subjects);
    }
  });
});

describe('reload', () => {
  it('from multicast to unicast is another instance: the old one gives up', () => {
    const { lan, n1 } = alone({}, 5);
    const peer = 'unicast_src_ip 192.168.100.11\n unicast_peer {\n 192.168.100.12\n }';
    reloadText(n1, conf({ instance: peer }));
    expect(n1.states()).toBe('VI_1=BACKUP');
    expect(adverts(lan).at(-1)?.bytes[22]).toBe(0);
    expect(formatIp(ip('192.168.100.100'))).toBe('192.168.100.100');
    expect(n1.owns(ip('192.168.100.100'))).toBe(false);
  });

  it('numbers adverts anew, and sets drop rules for addresses that are no longer accepted', () => {
    const { lan, n1 } = alone({}, 9);
    const before = n1.commands.length;
    reloadText(n1, conf({ instance: 'no_accept' }));
    expect(adverts(lan).at(-1)?.bytes.subarray(4, 6)).toEqual(new Uint8Array([0, 1]));
    expect(n1.commands.slice(before).map((one) => one.kind)).toContain('firewall-add');
  });

  it('a script that failed goes on failing, as far from success as its rise says', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.scripts.set('chk', { exit: 1, after: 2000 });
    const text = (rise: number) =>
      conf({ blocks: CHK(`interval 1\n rise ${rise}`), instance: TRACK });
    boot(n1, text(1));
    lan.run(s(0.5));
    expect(n1.states()).toBe('VI_1=FAULT');
    reloadText(n1, text(3));
    expect(n1.states()).toBe('VI_1=FAULT');
    n1.scripts.set('chk', { exit: 0, after: 2000 });
    lan.run(s(2.4));
    expect(n1.states()).toBe('VI_1=FAULT');
    lan.run(s(3.6));
    expect(n1.states()).toBe('VI_1=BACKUP');
  });
});
