import { describe, expect, it } from 'vitest';
import { seconds } from '../../../daemon/base/time.ts';
import { group, instance, ip, script, vip, vrrp } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { adverts, becameMasterAt, garps, pair } from './pair-fixture.ts';

describe('sync groups (S10)', () => {
  it('moves both or none, and priority 0 on the healthy LAN does not help', () => {
    const lan = new FakeLan();
    const hosts = [11, 12].map((n) =>
      lan.host(`n${n - 10}`, n, [`192.168.100.${n}/24`, `192.168.200.${n}/24`]),
    ) as [FakeHost, FakeHost];
    for (const [index, host] of hosts.entries()) {
      const priority = index === 0 ? 200 : 100;
      host.start(
        vrrp({
          instances: [
            instance({ name: 'VI_A', priority }),
            instance({
              name: 'VI_B',
              priority,
              vrid: 52,
              interface: 'eth1',
              addresses: [vip('192.168.200.100/24', { interface: 'eth1' })],
            }),
          ],
          syncGroups: [group({ instances: ['VI_A', 'VI_B'] })],
        }),
      );
    }
    const [n1, n2] = hosts;
    lan.run(s(6.4));
    expect(n1.states()).toBe('VI_A=MASTER VI_B=MASTER');
    n1.carrier('eth1', false);
    expect(n1.lines(s(6.4))).toEqual([
      'Netlink reports eth1 down',
      '(VI_B) Entering FAULT STATE',
      '(VI_B) sent 0 priority',
      '(VI_B) removing VIPs.',
      'VRRP_Group(VG_1) Syncing instances to FAULT state',
      '(VI_A) Entering FAULT STATE',
      '(VI_A) removing VIPs.',
    ]);
    expect(adverts(lan, 'n1').filter((a) => a.priority === 0).length).toBe(1);
    lan.run(s(11));
    expect(n2.lines(s(6.5))).toEqual([
      '(VI_A) Receive advertisement timeout',
      '(VI_B) Receive advertisement timeout',
      '(VI_B) Entering MASTER STATE',
      '(VI_B) setting VIPs.',
      '(VI_B) Sending/queueing gratuitous ARPs on eth1 for 192.168.200.100',
      'VRRP_Group(VG_1) Syncing instances to MASTER state',
      '(VI_A) Entering MASTER STATE',
      '(VI_A) setting VIPs.',
      '(VI_A) Sending/queueing gratuitous ARPs on eth0 for 192.168.100.100',
    ]);
    expect(becameMasterAt(n2)).toBe(6_218_750 + 100 + 3_609_375);
    n1.carrier('eth1', true);
    expect(n1.lines(s(11))).toEqual([
      'Netlink reports eth1 up',
      '(VI_B) Entering BACKUP STATE',
      'VRRP_Group(VG_1) Syncing instances to BACKUP state',
      '(VI_A) Entering BACKUP STATE',
    ]);
    lan.run(s(16));
    expect(n1.states()).toBe('VI_A=MASTER VI_B=MASTER');
    expect(n2.states()).toBe('VI_A=BACKUP VI_B=BACKUP');
    expect(n2.log).toContain('VRRP_Group(VG_1) Syncing instances to BACKUP state');
  });
});

describe('tracking', () => {
  const tracked = { trackedScripts: [{ name: 'chk', weight: 0, reverse: false }] };

  it('unweighted script: INIT until its first answer, FAULT after fall, priority 0 twice (S07a)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    const n2 = lan.host('n2', 12);
    n1.start(
      vrrp({
        instances: [instance({ priority: 200, ...tracked })],
        scripts: [script({ fall: 2, rise: 2 })],
      }),
    );
    n2.start(vrrp());
    expect(n1.states()).toBe('VI_1=INIT');
    expect(
      n1.log.indexOf(
        'SECURITY VIOLATION - scripts are being executed but script_security not enabled.',
      ),
    ).toBeGreaterThan(0);
    lan.run(s(6.5));
    expect(n1.lines(1).slice(0, 2)).toEqual([
      'VRRP_Script(chk) succeeded',
      '(VI_1) Entering BACKUP STATE',
    ]);
    expect(becameMasterAt(n1)).toBe(2000 + 3_218_750);
    n1.scripts.set('chk', { exit: 1, after: 2000 });
    lan.run(s(9));
    expect(n1.lines(s(6.5))).toEqual([
      'Script `chk` now returning 1',
      'VRRP_Script(chk) failed (exited with status 1)',
      '(VI_1) Entering FAULT STATE',
      '(VI_1) sent 0 priority',
      '(VI_1) removing VIPs.',
    ]);
    expect(adverts(lan, 'n1').filter((a) => a.priority === 0).length).toBe(2);
    expect(becameMasterAt(n2)).toBe(s(8) + 2000 + 100 + 609_375);
    n1.scripts.set('chk', { exit: 0, after: 2000 });
    lan.run(s(15));
    expect(n1.lines(s(9)).slice(0, 3)).toEqual([
      'Script `chk` now returning 0',
      'VRRP_Script(chk) succeeded',
      '(VI_1) Entering BACKUP STATE',
    ]);
    expect(becameMasterAt(n1, s(9))).toBe(s(11) + 2000 + 3_218_750);
  });

  it('weighted script: lower priority with the next regular advert (S07b)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    const n2 = lan.host('n2', 12);
    n1.start(
      vrrp({
        instances: [
          instance({
            priority: 200,
            trackedScripts: [{ name: 'chk', weight: -150, reverse: false }],
          }),
        ],
        scripts: [script({ fall: 2, weight: -150 })],
      }),
    );
    n2.start(vrrp());
    lan.run(s(6.5));
    n1.scripts.set('chk', { exit: 1, after: 2000 });
    lan.run(s(12));
    expect(n1.lines(s(6.5)).slice(0, 3)).toEqual([
      'Script `chk` now returning 1',
      'VRRP_Script(chk) failed (exited with status 1)',
      '(VI_1) Changing effective priority from 200 to 50',
    ]);
    // Dropped at 8.002; announced at 8.218750; the last accepted advert was that of 7.218750.
    expect(becameMasterAt(n2)).toBe(7_218_750 + 100 + 3_609_375);
    expect(n2.log.filter((l) => l.includes('lower priority (50)')).length).toBe(3);
  });

  it('interface with weight (S20), file and process', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11, ['192.168.100.11/24', '192.168.200.11/24']);
    n1.running = [{ pid: 5, name: 'nginx', arguments: ['nginx'] }];
    n1.start(
      vrrp({
        instances: [
          instance({
            priority: 200,
            trackedInterfaces: [{ interface: 'eth1', weight: -120, reverse: false }],
            trackedFiles: [{ name: 'f', weight: 1, reverse: false }],
            trackedProcesses: [{ name: 'web', weight: 0, reverse: false }],
          }),
        ],
        files: [{ name: 'f', path: '/f', weight: 1, reverse: false }],
        processes: [
          {
            name: 'web',
            command: 'nginx',
            parameters: [],
            weight: 0,
            reverse: false,
            quorum: 1,
            forkDelay: seconds(0),
            terminateDelay: seconds(0),
            fullCommand: false,
          },
        ],
      }),
    );
    lan.run(s(4));
    n1.carrier('eth1', false);
    n1.writeFile('/f', '-10\n');
    n1.event({ kind: 'process-ended', pid: 5, name: 'nginx', arguments: ['nginx'] });
    expect(n1.lines(s(4))).toEqual([
      'Netlink reports eth1 down',
      '(VI_1) Changing effective priority from 200 to 80',
      '(VI_1) Changing effective priority from 80 to 70',
      'Quorum lost for tracked process web',
      '(VI_1) Entering FAULT STATE',
      '(VI_1) sent 0 priority',
      '(VI_1) removing VIPs.',
    ]);
    n1.event({ kind: 'process-started', pid: 6, name: 'nginx', arguments: ['nginx'] });
    expect(n1.states()).toBe('VI_1=BACKUP');
    n1.writeFile('/f', '-254');
    expect(n1.states()).toBe('VI_1=FAULT');
    n1.writeFile('/f', '0');
    expect(n1.states()).toBe('VI_1=BACKUP');
    // The weight of the value before the fault goes with it (test/reference/traces-own/file-weights).
    expect(n1.daemon?.status().instances[0]?.effectivePriority).toBe(80);
  });

  it('an interface that was down for a while keeps its socket: adverts are not heard twice', () => {
    const { lan, n1 } = pair();
    lan.run(s(5));
    n1.carrier('eth0', false);
    lan.run(s(6));
    n1.carrier('eth0', true);
    expect(n1.commands.filter((one) => one.kind === 'vrrp-open')).toHaveLength(1);
  });

  it('a script that hangs is skipped, gets TERM after its timeout and counts as failed', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.start(
      vrrp({
        instances: [instance(tracked)],
        scripts: [script({ timeout: seconds(3) })],
      }),
    );
    lan.run(s(4.5));
    n1.scripts.set('chk', { exit: undefined, after: 0 });
    lan.run(s(8.5));
    expect(n1.lines(s(4.6))).toEqual([
      'Track script chk is already running, expect idle - skipping run',
      'Track script chk is already running, expect idle - skipping run',
      'Track script chk is being timed out, expect idle - skipping run',
      'VRRP_Script(chk) timed_out',
      '(VI_1) Entering FAULT STATE',
      '(VI_1) sent 0 priority',
      '(VI_1) removing VIPs.',
    ]);
  });
});

describe('reload (S18)', () => {
  it('keeps MASTER, announces the lower priority at once, forgets the second burst', () => {
    const { n1, n2, lan } = pair();
    lan.run(s(6.4));
    n1.reload(vrrp({ instances: [instance({ priority: 80 })] }));
    expect(n1.lines(s(6.4))).toEqual([
      'Reloading ...',
      "Opening file 'n1.conf'.",
      'Configuration file n1.conf',
      'Reloading',
      'Assigned address 192.168.100.11 for interface eth0',
      '(VI_1) setting VIPs.',
      'VRRP sockpool: [ifindex(  2), family(IPv4), proto(112), fd(13,14) multicast, address(224.0.0.18)]',
      'Reload complete',
    ]);
    expect(adverts(lan, 'n1').slice(-2)).toEqual([
      { at: s(6.4), priority: 200 },
      { at: s(6.4), priority: 80 },
    ]);
    lan.run(s(12));
    expect(becameMasterAt(n2)).toBe(s(6.4) + 100 + 3_609_375);
    expect(garps(lan, 'n1').length).toBe(5);
    n2.reload(
      vrrp({
        instances: [
          instance({ addresses: [vip('192.168.100.100/24'), vip('192.168.100.101/24')] }),
        ],
      }),
    );
    lan.run(s(12.5));
    expect(n2.owns(ip('192.168.100.101'))).toBe(true);
    expect(garps(lan, 'n2').filter((at) => at === s(12)).length).toBe(10);
    expect(n1.log).toContain('(VI_1) received an unexpected ip number count 2, expected 1!');
    expect(n1.states()).toBe('VI_1=BACKUP');
  });
});

describe('versions and families', () => {
  it('VRRPv3 with 0.1 s: 0.321875 s to MASTER, skew scaled by the interval (S08a)', () => {
    const v3 = { version: 3 as const, advertInterval: seconds(0.1) };
    const { n1, n2, lan } = pair(v3, v3);
    lan.run(s(3));
    expect(becameMasterAt(n1)).toBe(321_875);
    const last = adverts(lan, 'n1').at(-1)?.at ?? 0;
    n1.kill();
    lan.run(s(4));
    expect(becameMasterAt(n2)).toBe(last + 100 + 360_937);
  });

  it('IPv6: NA bursts for both VIPs, source link-local (S13)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 0x11, ['fe80::ff:fe00:11/64']);
    const addresses = [vip('fe80::100/64'), vip('fd00:100::100/64')];
    n1.start(vrrp({ instances: [instance({ name: 'VI_6', vrid: 61, priority: 200, addresses })] }));
    lan.run(s(4));
    expect(n1.log).toContain('Registering gratuitous NDISC shared channel');
    expect(garps(lan, 'n1').length).toBe(10);
    const advert = lan.sent.find((p) => p.kind === 'ip')?.bytes as Uint8Array;
    // The whole packet of the recording but for the flow label, which the real kernel chooses at
    // random.
    expect(Buffer.from(advert).toString('hex')).toBe(
      '6c00000000' +
        '2870fffe80000000000000000000fffe000011ff020000000000000000000000000012' +
        '313dc80200640a9bfe800000000000000000000000000100fd000100000000000000000000000100',
    );
    const na = lan.sent.find((p) => p.kind === 'frame')?.bytes as Uint8Array;
    expect(Buffer.from(na).toString('hex')).toBe(
      '33330000000102000000001186dd6000000000203afffe800000000000000000000000000100ff0200000000000000' +
        '00000000000001' +
        '8800558d20000000fe8000000000000000000000000001000201020000000011',
    );
  });

  it('unicast: one copy to each peer, nothing to the group (S09)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.start(
      vrrp({
        instances: [
          instance({
            priority: 200,
            sourceAddress: ip('192.168.100.11'),
            unicastPeers: [{ address: ip('192.168.100.12') }, { address: ip('192.168.100.13') }],
          }),
        ],
      }),
    );
    lan.run(s(3.3));
    expect(n1.log).toContain(
      'VRRP sockpool: [ifindex(  2), family(IPv4), proto(112), fd(13,14) , unicast, address(192.168.100.11)]',
    );
    const destinations = lan.sent.filter((p) => p.kind === 'ip').map((p) => p.bytes[19]);
    expect(destinations).toEqual([12, 13]);
  });

  it('strict: firewall before the VIPs, removed after them (S25)', () => {
    const { n1, lan } = pair({ accept: false, strict: true });
    lan.run(s(3.3));
    expect(n1.lines().filter((l) => /firewall|VIPs/.test(l))).toEqual([
      'use_vmac or no_accept/strict specified, but no firewall configured - using nftables',
      '(VI_1) removing VIPs.',
      '(VI_1) removing firewall drop rule',
      '(VI_1) setting firewall drop rule',
      '(VI_1) setting VIPs.',
    ]);
  });
});
