/** What a newer keepalived does differently, from its list of changes; no recording verifies it. */

import { describe, expect, it } from 'vitest';
import { loadWithReader } from '../../../daemon/core/config-loader.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { vrrp } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { conf, garpTimes } from './keywords/keyword-lab.ts';

function startVersion(lan: FakeLan, version: string, text: string): FakeHost {
  const number = lan.hosts.length + 11;
  const host = lan.host(`n${lan.hosts.length + 1}`, number);
  host.files.set(`${host.name}.conf`, encodeUtf8(text));
  host.start(vrrp(), { load: loadWithReader, version });
  return host;
}

describe('version profile', () => {
  it('garp_master_refresh: rounded up to the next advert in 2.2.7, a timer of its own in 2.3.2', () => {
    const times = (version: string) => {
      const lan = new FakeLan();
      const instance = 'garp_master_delay 2\n garp_master_refresh 3';
      startVersion(lan, version, conf({ instance }));
      lan.run(s(13));
      return garpTimes(lan).map((at) => (at - 3_609_375) / 1_000_000);
    };
    expect(times('2.2.7')).toEqual([0, 2, 3, 6, 9]);
    // From delay plus refresh on, then every three seconds.
    expect(times('2.3.2')).toEqual([0, 2, 5, 8]);
  });

  it('refusals: one line a packet in 2.2.7, one a kind and sender with its address in 2.3.3', () => {
    const lines = (version: string) => {
      const lan = new FakeLan();
      const auth = (word: string) => `authentication {\n auth_type PASS\n auth_pass ${word}\n }`;
      // n1 does not hear n2, else the two would silence each other in turn.
      lan.loses = (from) => from.name === 'n2';
      startVersion(lan, version, conf({ priority: 200, instance: auth('one') }));
      const n2 = startVersion(lan, version, conf({ instance: auth('two') }));
      lan.run(s(20));
      return n2.log.filter((line) => line.includes('invalid passwd'));
    };
    expect(lines('2.2.7').length).toBeGreaterThan(5);
    // Once as BACKUP, once as MASTER.
    expect(lines('2.3.3')).toEqual(
      Array.from({ length: 2 }, () => '(VI_1) received an invalid passwd! (from 192.168.100.11)'),
    );
  });

  it('another VIP list: refused in 2.2.7, told and accepted in 2.3.3', () => {
    const state = (version: string) => {
      const lan = new FakeLan();
      startVersion(lan, version, conf({ priority: 200, vips: '192.168.100.101/24' }));
      const n2 = startVersion(lan, version, conf());
      lan.run(s(10));
      return n2.states();
    };
    expect(state('2.2.7')).toBe('VI_1=MASTER');
    expect(state('2.3.3')).toBe('VI_1=BACKUP');
  });

  it('vrrp_script interval: whole seconds in 2.2.7, milliseconds from 2.3.2 on', () => {
    const runs = (version: string) => {
      const lan = new FakeLan();
      const blocks = 'vrrp_script chk {\n script /bin/true\n interval 0.25\n }';
      const instance = 'track_script {\n chk\n }';
      const n1 = startVersion(lan, version, conf({ blocks, instance }));
      lan.run(s(2.1));
      return n1.commands.filter((c) => c.kind === 'script-run').length;
    };
    expect(runs('2.3.2')).toBe(9);
    expect(runs('2.2.8')).toBe(3);
    expect(runs('2.2.7')).toBe(3);
  });

  it('two owners: 2.2.7 lowers itself to 254, 2.3.3 yields to the higher address', () => {
    const end = (version: string) => {
      const lan = new FakeLan();
      const owner = conf({ priority: 255, instance: 'state MASTER' });
      const hosts = [startVersion(lan, version, owner), startVersion(lan, version, owner)];
      lan.run(s(20));
      return hosts.map((host) => {
        const [one] = host.daemon?.status().instances ?? [];
        return `${one?.state} ${one?.effectivePriority}`;
      });
    };
    expect(end('2.3.3')).toEqual(['BACKUP 255', 'MASTER 255']);
    expect(end('2.2.7').join()).toContain('254');
  });

  it('another master: told from 2.3.3 on only', () => {
    const told = (version: string) => {
      const lan = new FakeLan();
      startVersion(lan, version, conf({ priority: 150 }));
      startVersion(lan, version, conf({ priority: 200 }));
      const n3 = startVersion(lan, version, conf());
      lan.run(s(8));
      lan.hosts[1]?.kill();
      lan.run(s(20));
      return n3.log.filter((line) => line.includes('master changed'));
    };
    expect(told('2.2.7')).toEqual([]);
    expect(told('2.3.3')).toEqual(['(VI_1) master changed from 192.168.100.12 to 192.168.100.11']);
  });

  // proves: keyword:bfd_instance/multihop
  it('multihop: unknown to 2.2.7; from 2.2.8 on BFD over routers goes to port 4784', () => {
    const pair = (version: string) => {
      const lan = new FakeLan();
      lan.hops = 1;
      const blocks = (peer: number) => `bfd_instance peer {
        neighbor_ip 192.168.100.${peer}
        multihop
        max_hops 1
      }
      bfd_instance other {
        neighbor_ip 192.168.100.99
      }`;
      const n1 = startVersion(lan, version, conf({ priority: 200, blocks: blocks(12) }));
      startVersion(lan, version, conf({ blocks: blocks(11) }));
      lan.run(s(5));
      const ports = [...n1.sockets.values()].map(({ local }) => local?.port ?? 0);
      const isUp = n1.log.some((line) => line.includes('(peer) Entering Up state'));
      return { listens: ports.filter((port) => port < 40_000), isUp, log: n1.log.join('\n') };
    };
    expect(pair('2.2.7').log).toContain("Unknown keyword 'multihop'");
    expect(pair('2.2.7').listens).toEqual([3784]);
    expect(pair('2.2.8')).toMatchObject({ listens: [4784, 3784], isUp: true });
  });

  // proves: keyword:vrrp_instance/no_virtual_ipaddress
  it('no_virtual_ipaddress: unknown to 2.2.7; 2.2.8 is master of no address', () => {
    const play = (version: string) => {
      const lan = new FakeLan();
      const text = `vrrp_instance V {
        interface eth0
        version 3
        virtual_router_id 7
        no_virtual_ipaddress
      }`;
      const host = startVersion(lan, version, text);
      lan.run(s(6));
      return [host.states(), host.log.some((line) => line.includes('No VIP specified'))];
    };
    expect(play('2.2.7')).toEqual(['', true]);
    expect(play('2.2.8')).toEqual(['V=MASTER', false]);
  });

  // proves: keyword:vrrp_instance/v3_checksum_as_v2 keyword:global_defs/v3_checksum_as_v2
  it('v3_checksum_as_v2: without pseudo header from 2.2.8 on', () => {
    const sum = (version: string, global: string, instance: string) => {
      const lan = new FakeLan();
      const more = `version 3\n ${instance}`;
      startVersion(lan, version, conf({ global, instance: more }));
      lan.run(s(5));
      const sent = lan.sent.find((p) => p.kind === 'ip')?.bytes ?? new Uint8Array();
      return (sent[26] ?? 0) * 256 + (sent[27] ?? 0);
    };
    const usual = sum('2.2.7', '', '');
    expect(sum('2.2.7', '', 'v3_checksum_as_v2')).toBe(usual);
    const plain = sum('2.2.8', '', 'v3_checksum_as_v2');
    expect(plain).not.toBe(usual);
    expect(sum('2.2.8', 'v3_checksum_as_v2', '')).toBe(plain);
    expect(sum('2.2.8', 'v3_checksum_as_v2', 'v3_checksum_as_v2 no')).toBe(usual);
  });

  // proves: keyword:global_defs/vrrp_owner_ignore_adverts
  it('vrrp_owner_ignore_adverts: from 2.3.3 on an owner looks at no advert', () => {
    const told = (global: string) => {
      const lan = new FakeLan();
      const owner = conf({ global, priority: 255, instance: 'state MASTER' });
      const n1 = startVersion(lan, '2.3.3', owner);
      startVersion(lan, '2.3.3', owner);
      lan.run(s(10));
      return n1.states();
    };
    expect(told('')).toBe('VI_1=BACKUP');
    expect(told('vrrp_owner_ignore_adverts')).toBe('VI_1=MASTER');
  });

  // proves: keyword:global_defs/vrrp_delay_after_boot
  it('vrrp_delay_after_boot: from 2.4 on a young machine waits, an old one does not, the longer delay counts', () => {
    const masterAt = (version: string, upUs: number, global = 'vrrp_delay_after_boot 15.5') => {
      const lan = new FakeLan();
      const host = lan.host('n1', 11);
      host.bootedBeforeUs = upUs;
      host.files.set('n1.conf', encodeUtf8(conf({ global })));
      host.start(vrrp(), { load: loadWithReader, version });
      lan.run(s(30));
      return (lan.sent.find((p) => p.kind === 'ip')?.at ?? 0) / 1_000_000;
    };
    expect(masterAt('2.3.3', 4_000_000)).toBeCloseTo(3.609375, 5);
    expect(masterAt('2.4.0', 4_000_000)).toBeCloseTo(11.5 + 3.609375, 5);
    expect(masterAt('2.4.0', 16_000_000)).toBeCloseTo(3.609375, 5);
    const both = 'vrrp_delay_after_boot 15.5\n vrrp_startup_delay 2';
    expect(masterAt('2.4.0', 14_500_000, both)).toBeCloseTo(2 + 3.609375, 5);
  });

  it('adverts during vrrp_startup_delay: counted in 2.2.7, without effect from 2.2.8 on', () => {
    const became = (version: string) => {
      const lan = new FakeLan();
      // One advert of priority 0 goes out while n2 is in its delay of five seconds.
      const n1 = startVersion(lan, version, conf({ priority: 200 }));
      lan.run(s(4));
      const n2 = startVersion(lan, version, conf({ global: 'vrrp_startup_delay 5' }));
      lan.run(s(6));
      n1.stop();
      lan.run(s(20));
      const first = lan.sent.find((p) => p.kind === 'ip' && p.host === n2.name);
      return (first?.at ?? 0) / 1_000_000;
    };
    // 2.2.7: the delay's end at 9 s and a skew time; 2.2.8: a whole master-down time.
    expect(became('2.2.7')).toBeCloseTo(9.609375, 3);
    expect(became('2.2.8')).toBeCloseTo(12.609375, 3);
  });

  // proves: keyword:vrrp_instance/timer_expired_backup keyword:vrrp_instance/thread_timer_expired
  it('timer_expired_backup: from 2.2.8 on a MASTER with nopreempt that slept too long yields', () => {
    const states = (version: string, instance: string, sleep: number) => {
      const lan = new FakeLan();
      const n1 = startVersion(lan, version, conf({ priority: 200, instance }));
      startVersion(lan, version, conf());
      lan.run(s(6));
      n1.freeze();
      lan.run(s(6 + sleep));
      n1.resume();
      lan.run(s(30));
      return lan.hosts.map((host) => host.states()).join(' ');
    };
    const kept = 'VI_1=MASTER VI_1=BACKUP';
    for (const keyword of ['timer_expired_backup', 'thread_timer_expired']) {
      expect(states('2.2.8', `nopreempt\n ${keyword}`, 8)).toBe('VI_1=BACKUP VI_1=MASTER');
      expect(states('2.2.8', `nopreempt\n ${keyword}`, 1.5)).toBe(kept);
      expect(states('2.2.8', keyword, 8)).toBe(kept);
      expect(states('2.2.7', `nopreempt\n ${keyword}`, 8)).toBe(kept);
    }
  });

  it('use_vmac name and group: words of 2.3.0', () => {
    const made = (version: string) => {
      const lan = new FakeLan();
      const host = startVersion(lan, version, conf({ instance: 'use_vmac name vx group 7' }));
      const links = host.commands.flatMap((c) => (c.kind === 'link-add' ? [c.name] : []));
      return [links, host.log.some((line) => line.includes('VMAC interface name'))];
    };
    expect(made('2.3.0')).toEqual([['vx'], false]);
    // 2.2.7 takes the first word for the name and complains of the rest.
    expect(made('2.2.7')).toEqual([['name'], true]);
  });

  it('up-delay of interface_up_down_delays: at most 255 s before 2.3.3', () => {
    const back = (version: string) => {
      const lan = new FakeLan();
      const blocks = 'interface_up_down_delays {\n eth0 0 300\n }';
      const n1 = startVersion(lan, version, conf({ blocks }));
      lan.run(s(5));
      n1.carrier('eth0', false);
      lan.run(s(6));
      n1.carrier('eth0', true);
      lan.run(s(6 + 299));
      const held = n1.states();
      lan.run(s(6 + 310));
      return [held, n1.states()];
    };
    expect(back('2.3.3')).toEqual(['VI_1=FAULT', 'VI_1=MASTER']);
    expect(back('2.2.7')).toEqual(['VI_1=MASTER', 'VI_1=MASTER']);
  });

  it('two owners in 2.3.3: that of the higher address lets two adverts pass', () => {
    const forced = (version: string) => {
      const lan = new FakeLan();
      const owner = conf({ priority: 255, instance: 'state MASTER' });
      // n1 is deaf, so it never yields.
      lan.loses = (_from, to) => to.name === 'n1';
      startVersion(lan, version, owner);
      const n2 = startVersion(lan, version, owner);
      lan.run(s(1.5));
      const early = n2.log.filter((line) => line.includes('lower priority')).length;
      lan.run(s(6));
      return [early, n2.log.some((line) => line.includes('lower priority'))];
    };
    expect(forced('2.3.3')).toEqual([0, true]);
  });

  it('v3 interval: another one is told from 2.3.3 on, once, and followed', () => {
    const told = (version: string) => {
      const lan = new FakeLan();
      const v3 = (interval: number) => `version 3\n advert_int ${interval}`;
      startVersion(lan, version, conf({ priority: 200, instance: v3(0.5) }));
      const n2 = startVersion(lan, version, conf({ instance: v3(1) }));
      lan.run(s(8));
      return [n2.log.filter((line) => line.includes('mismatch')), n2.states()];
    };
    expect(told('2.2.7')).toEqual([[], 'VI_1=BACKUP']);
    expect(told('2.3.3')).toEqual([
      ["(VI_1) advertisement interval mismatch mine=1000 ms rcv'd=500 ms (from 192.168.100.11)"],
      'VI_1=BACKUP',
    ]);
  });
});
