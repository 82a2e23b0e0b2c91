import { describe, expect, it } from 'vitest';
import { durationUs, seconds } from '../../../daemon/base/time.ts';
import type { Command } from '../../../daemon/core/commands.ts';
import { macFromNumber } from '../../../daemon/wire/mac-address.ts';
import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import { group, instance, ip, script, vip, vrrp } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';

function single(config: Parameters<typeof vrrp>[0] = {}): { lan: FakeLan; n1: FakeHost } {
  const lan = new FakeLan();
  const n1 = lan.host('n1', 11);
  n1.start(vrrp(config));
  return { lan, n1 };
}

function frames(lan: FakeLan): number[] {
  return lan.sent.filter((p) => p.kind === 'frame').map((p) => p.at);
}

function scriptsRun(host: FakeHost): string[] {
  return host.commands.flatMap((c) => (c.kind === 'script-run' ? [c.arguments.join(' ')] : []));
}

describe('packets byte by byte', () => {
  it('adverts and gratuitous ARP are those of the recording (S01, S02)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 0x11, ['192.168.100.11/24']);
    const key = new TextEncoder().encode('secret12');
    const authentication = { type: 'PASS' as const, key };
    n1.start(vrrp({ instances: [instance({ priority: 200, authentication })] }));
    lan.run(s(4.5));
    n1.stop();
    const packets = lan.sent.map((p) => Buffer.from(p.bytes).toString('hex'));
    const tail = 'c0a864647365637265743132';
    expect(packets[0]).toBe(`45c0002800010000ff70b5dec0a8640be00000122133c8010101833e${tail}`);
    expect(packets[1]).toBe(
      'ffffffffffff02000000001108060001080006040001020000000011c0a86464ffffffffffffc0a86464',
    );
    expect(packets[6]).toBe(`45c0002800020000ff70b5ddc0a8640be00000122133c8010101833e${tail}`);
    expect(packets[7]).toBe(`45c0002800030000ff70b5dcc0a8640be00000122133000101014b3f${tail}`);
  });

  it('VRRPv3 (S08a) and unicast (S09)', () => {
    const v3 = single({
      instances: [instance({ priority: 200, version: 3, advertInterval: seconds(0.1) })],
    });
    v3.lan.run(s(0.4));
    expect(Buffer.from(v3.lan.sent[0]?.bytes as Uint8Array).toString('hex')).toBe(
      '45c0002000010000ff70b5e6c0a8640be00000123133c801000adc70c0a86464',
    );
    const unicast = single({
      instances: [
        instance({
          priority: 200,
          sourceAddress: ip('192.168.100.11'),
          unicastPeers: [{ address: ip('192.168.100.12') }],
        }),
      ],
    });
    unicast.lan.run(s(3.3));
    expect(Buffer.from(unicast.lan.sent[0]?.bytes as Uint8Array).toString('hex')).toBe(
      '45c0002800010000ff70713cc0a8640bc0a8640c2133c8010001f1bcc0a864640000000000000000',
    );
  });
});

describe('gratuitous ARP', () => {
  const garp = instance().garp;

  it('refresh is looked at when an advert is sent, so it is rounded up to the next one', () => {
    const refreshed = { ...garp, delay: durationUs(0), refresh: seconds(2), refreshRepeat: 2 };
    const { lan } = single({ instances: [instance({ garp: refreshed })] });
    lan.run(s(10));
    // A refresh of whole intervals goes with the advert of its time (traces-own/healed-refresh).
    expect([...new Set(frames(lan))]).toEqual([3_609_375, 5_609_375, 7_609_375, 9_609_375]);
    expect(frames(lan).length).toBe(5 + 2 + 2 + 2);
    const odd = { ...refreshed, refresh: seconds(2.5) };
    const second = single({ instances: [instance({ garp: odd })] });
    second.lan.run(s(10));
    expect([...new Set(frames(second.lan))]).toEqual([3_609_375, 6_609_375, 9_609_375]);
  });

  it('garp_interval: repeat 2 with two VIPs gives 2 + 1 packets, 0.1 s apart (S21)', () => {
    const slow = { ...garp, delay: durationUs(0), repeat: 2, interval: seconds(0.1) };
    const addresses = [vip('192.168.100.100/24'), vip('192.168.100.101/24')];
    const { lan } = single({ instances: [instance({ garp: slow, addresses })] });
    lan.run(s(5));
    // The first goes out, the other and both of the second round wait: one mark each.
    expect(frames(lan)).toEqual([3_609_375, 3_709_375, 3_809_375]);
  });

  it('excluded VIPs are set, announced after the others and not advertised', () => {
    const { lan, n1 } = single({
      instances: [instance({ excludedAddresses: [vip('10.0.0.1/32')] })],
    });
    lan.run(s(4));
    expect(n1.log).toContain('(VI_1) setting E-VIPs.');
    expect(frames(lan).length).toBe(10);
    expect(lan.sent[0]?.bytes[23]).toBe(1);
    expect(n1.owns(ip('10.0.0.1'))).toBe(true);
  });
});

describe('notifications', () => {
  const notify = {
    master: { arguments: ['/m'] },
    backup: { arguments: ['/b'] },
    fault: { arguments: ['/f'] },
    stop: { arguments: ['/s'] },
    masterReceivesLowerPriority: { arguments: ['/lower'] },
    any: { arguments: ['/any', 'x'] },
  };

  it('notify_* before notify before the FIFOs; one for each change; STOP at the end', () => {
    const { lan, n1 } = single({
      globals: { notifyFifo: { path: '/run/fifo', script: ['/reader'] } },
      instances: [instance({ notify })],
    });
    lan.run(s(5));
    n1.carrier('eth0', false);
    n1.stop();
    expect(scriptsRun(n1)).toEqual([
      '/reader /run/fifo',
      '/b',
      '/any x INSTANCE VI_1 BACKUP 100',
      '/m',
      '/any x INSTANCE VI_1 MASTER 100',
      '/f',
      '/any x INSTANCE VI_1 FAULT 100',
      '/s',
      '/any x INSTANCE VI_1 STOP 100',
    ]);
    const order = n1.commands
      .filter((c) => c.kind === 'script-run' || c.kind === 'fifo-write')
      .map((c) => c.kind);
    expect(order.slice(1, 4)).toEqual(['script-run', 'script-run', 'fifo-write']);
    const lines = n1.commands.flatMap((c) => (c.kind === 'fifo-write' ? [c.line] : []));
    expect(lines).toEqual([
      'INSTANCE "VI_1" BACKUP 100',
      'INSTANCE "VI_1" MASTER 100',
      'INSTANCE "VI_1" FAULT 100',
      'INSTANCE "VI_1" STOP 100',
    ]);
  });

  it('a group tells once for itself with priority 0', () => {
    const { lan, n1 } = single({
      instances: [
        instance(),
        instance({ name: 'VI_2', vrid: 52, addresses: [vip('10.0.0.1/24')] }),
      ],
      syncGroups: [group({ instances: ['VI_1', 'VI_2'], notify })],
    });
    lan.run(s(5));
    expect(scriptsRun(n1)).toEqual([
      '/b',
      '/any x GROUP VG_1 BACKUP 0',
      '/m',
      '/any x GROUP VG_1 MASTER 0',
    ]);
  });

  it('smtp_alert becomes a mail with the router id', () => {
    const { lan, n1 } = single({ instances: [instance({ smtpAlert: true })] });
    lan.run(s(5));
    const mails = n1.reports.filter((r) => r.kind === 'mail');
    expect(mails.map((m) => m.subject)).toEqual([
      '[n1] VRRP Instance VI_1 - Entering BACKUP state',
      '[n1] VRRP Instance VI_1 - Entering MASTER state',
    ]);
  });
});

describe('scripts', () => {
  function run(answers: readonly number[], config: Parameters<typeof script>[0]): string[] {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.scripts.set('chk', { exit: answers[0] as number, after: 1000 });
    const trackedScripts = [{ name: 'chk', weight: 0, reverse: false }];
    n1.start(vrrp({ instances: [instance({ trackedScripts })], scripts: [script(config)] }));
    for (const [second, answer] of answers.entries()) {
      lan.run(s(second - 0.5));
      n1.scripts.set('chk', { exit: answer, after: 1000 });
    }
    lan.run(s(answers.length - 0.5));
    return n1.reports.flatMap((r) =>
      r.kind === 'vrrp-state' ? [`${Math.round(r.priority)} ${r.to}`.slice(4)] : [],
    );
  }

  const rows = [
    {
      name: 'first answer decides alone',
      config: { rise: 3, fall: 3 },
      answers: [0],
      states: ['BACKUP'],
    },
    {
      name: 'first failure decides alone',
      config: { rise: 3, fall: 3 },
      answers: [1],
      states: ['FAULT'],
    },
    {
      name: 'fall 3 needs three in a row',
      config: { fall: 3 },
      answers: [0, 1, 1, 0, 1, 1],
      states: ['BACKUP', 'MASTER'],
    },
    {
      name: 'fall 3 reached',
      config: { fall: 3 },
      answers: [0, 1, 1, 1],
      states: ['BACKUP', 'FAULT'],
    },
    {
      name: 'rise 2 needs two in a row',
      config: { rise: 2 },
      answers: [1, 0, 1, 0, 0],
      states: ['FAULT', 'BACKUP'],
    },
    {
      name: 'init_fail: the first success is BACKUP, whatever rise says',
      config: { rise: 3, initFail: true },
      answers: [0],
      states: ['BACKUP'],
    },
    {
      name: 'init_fail: the first failure is FAULT',
      config: { rise: 2, initFail: true },
      answers: [1],
      states: ['FAULT'],
    },
  ];
  for (const row of rows) {
    it(row.name, () => expect(run(row.answers, row.config)).toEqual(row.states));
  }

  it('positive weight counts while well, reverse turns it round, sums are clamped to 1..254', () => {
    const priority = (weight: number, reverse: boolean, exit: number): number | undefined => {
      const lan = new FakeLan();
      const n1 = lan.host('n1', 11);
      n1.scripts.set('chk', { exit, after: 1000 });
      const trackedScripts = [{ name: 'chk', weight, reverse }];
      n1.start(vrrp({ instances: [instance({ trackedScripts })], scripts: [script()] }));
      lan.run(s(1.5));
      return n1.daemon?.status().instances[0]?.effectivePriority;
    };
    expect([
      priority(20, false, 0),
      priority(20, false, 1),
      priority(-20, false, 0),
      priority(-20, false, 1),
      priority(20, true, 0),
      priority(-20, true, 1),
      priority(200, false, 0),
      priority(-150, false, 1),
    ]).toEqual([120, 100, 100, 80, 80, 120, 254, 1]);
  });
});

describe('interfaces', () => {
  it('interface_up_down_delays: a short flap is not noticed', () => {
    const { lan, n1 } = single({
      interfaceDelays: [{ interface: 'eth0', downDelay: seconds(2), upDelay: seconds(0) }],
    });
    lan.run(s(5));
    n1.carrier('eth0', false);
    lan.run(s(6));
    n1.carrier('eth0', true);
    lan.run(s(9));
    expect(n1.states()).toBe('VI_1=MASTER');
    n1.carrier('eth0', false);
    lan.run(s(10.9));
    expect(n1.states()).toBe('VI_1=MASTER');
    lan.run(s(11));
    expect(n1.states()).toBe('VI_1=FAULT');
  });

  it('starts in FAULT without carrier or without address, comes up when both are there', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.carrier('eth0', false);
    n1.deleteAddress('eth0', ip('192.168.100.11'));
    n1.start(vrrp());
    expect(n1.log).toContain('(VI_1): entering FAULT state (interface eth0 down)');
    expect(n1.log).toContain('(VI_1) entering FAULT state (no IPv4 address for interface)');
    n1.carrier('eth0', true);
    expect(n1.states()).toBe('VI_1=FAULT');
    n1.carryOut([
      {
        kind: 'address-add',
        id: 999,
        address: { interface: 'eth0', address: ip('192.168.100.11'), length: 24, scope: 'global' },
      },
    ]);
    lan.run(s(1));
    expect(n1.states()).toBe('VI_1=BACKUP');
    lan.run(s(5));
    expect(n1.states()).toBe('VI_1=MASTER');
  });

  it('dont_track_primary: stays MASTER without carrier', () => {
    const { lan, n1 } = single({ instances: [instance({ dontTrackPrimary: true })] });
    lan.run(s(5));
    n1.carrier('eth0', false);
    expect(n1.states()).toBe('VI_1=MASTER');
  });

  it('use_vmac: makes the interface, adverts and ARP from it, removes it at the end (S14)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    const vmac = {
      name: 'vrrp.51',
      base: 'eth0',
      mac: macFromNumber(0x00005e000133),
      transmitOnBase: false,
      addresses: false,
    };
    const addresses = [vip('192.168.100.100/24', { interface: 'vrrp.51' })];
    n1.start(vrrp({ instances: [instance({ interface: 'vrrp.51', vmac, addresses })] }));
    expect(n1.log.slice(8)).toEqual([
      'Registering Kernel netlink command channel',
      'use_vmac or no_accept/strict specified, but no firewall configured - using nftables',
      'Assigned address 192.168.100.11 for interface eth0',
      '(VI_1): Success creating VMAC interface vrrp.51',
      'Registering gratuitous ARP shared channel',
      '(VI_1) Entering BACKUP STATE (init)',
      'VRRP sockpool: [ifindex(  0), family(IPv4), proto(112), fd(14,15) multicast, address(224.0.0.18)]',
      'Startup complete',
    ]);
    const added = n1.commands.find(
      (c): c is Extract<Command, { kind: 'link-add' }> => c.kind === 'link-add',
    );
    expect(added?.type).toEqual({ kind: 'macvlan', mac: vmac.mac, mode: 'private' });
    lan.run(s(4));
    const send = n1.commands.find((c) => c.kind === 'ip-send');
    expect(send).toMatchObject({ interface: 'vrrp.51' });
    n1.stop();
    lan.run(s(6));
    expect(n1.log).toContain('(VI_1) Success removing VMAC interface vrrp.51');
    expect(n1.commands.some((c) => c.kind === 'link-delete')).toBe(true);
  });
});

describe('smaller settings', () => {
  it('promote_secondaries writes the sysctl of the interface', () => {
    const { n1 } = single({ instances: [instance({ promoteSecondaries: true })] });
    expect(n1.commands).toContainEqual({
      kind: 'sysctl-write',
      name: 'net.ipv4.conf.eth0.promote_secondaries',
      value: '1',
    });
  });

  it('owner_ignore_adverts: an owner does not even look at another owner', () => {
    const lan = new FakeLan();
    const owner = { priority: 255, wantedState: 'MASTER' as const, ownerIgnoreAdverts: true };
    const n1 = lan.host('n1', 11);
    const n2 = lan.host('n2', 12);
    n1.start(vrrp({ instances: [instance(owner)] }));
    n2.start(vrrp({ instances: [instance(owner)] }));
    lan.run(s(3));
    expect(`${n1.states()} ${n2.states()}`).toBe('VI_1=MASTER VI_1=MASTER');
    expect(n1.log.some((line) => line.includes('CONFIGURATION ERROR'))).toBe(false);
  });

  it('static addresses come at start and go at the end, virtual routes and rules with the VIPs', () => {
    const route = {
      family: 'inet' as const,
      words: ['10.9.0.0/16'],
      noTrack: false,
      append: false,
    };
    const rule = { family: 'inet' as const, words: ['from', '10.9.0.1'], noTrack: false };
    const { lan, n1 } = single({
      staticAddresses: [vip('10.0.0.9/24')],
      instances: [instance({ routes: [route], rules: [rule] })],
    });
    expect(n1.owns(ip('10.0.0.9'))).toBe(true);
    lan.run(s(4));
    n1.stop();
    expect(n1.owns(ip('10.0.0.9'))).toBe(false);
    const kinds = n1.commands
      .map((c) => c.kind)
      .filter((kind) => /^(route|rule|address)-/.test(kind));
    expect(kinds).toEqual([
      'address-add',
      ...['rule-delete', 'route-delete', 'address-delete', 'rule-delete', 'route-delete'],
      ...['address-add', 'route-add', 'rule-add'],
      ...['rule-delete', 'route-delete', 'address-delete'],
      'address-delete',
    ]);
  });

  it('fifo_write_vrrp_states_on_reload repeats the states', () => {
    const globals = { notifyFifo: { path: '/run/fifo' }, fifoStatesOnReload: true };
    const { lan, n1 } = single({ globals });
    lan.run(s(4));
    n1.reload(vrrp({ globals }));
    const lines = n1.commands.flatMap((c) => (c.kind === 'fifo-write' ? [c.line] : []));
    expect(lines.at(-1)).toBe('INSTANCE "VI_1" MASTER 100');
    expect(lines.length).toBe(3);
  });
});

describe('reload', () => {
  it('an instance that is gone gives up, a new one starts, counters and state of the rest stay', () => {
    const two = instance({ name: 'VI_2', vrid: 52, addresses: [vip('10.0.0.1/24')] });
    const { lan, n1 } = single({ instances: [instance(), two] });
    lan.run(s(5));
    const three = instance({ name: 'VI_3', vrid: 53, addresses: [vip('10.0.0.3/24')] });
    n1.reload(vrrp({ instances: [instance({ name: 'RENAMED' }), three] }));
    expect(n1.states()).toBe('RENAMED=MASTER VI_3=BACKUP');
    expect(n1.lines(s(5))).toContain('(VI_2) sent 0 priority');
    expect(n1.owns(ip('10.0.0.1'))).toBe(false);
    expect(n1.daemon?.status().instances[0]?.statistics.becameMaster).toBe(1);
    lan.run(s(9));
    expect(n1.states()).toBe('RENAMED=MASTER VI_3=MASTER');
  });

  it('a VIP that is gone from the list is removed', () => {
    const addresses = [vip('192.168.100.100/24'), vip('192.168.100.101/24')];
    const { lan, n1 } = single({ instances: [instance({ addresses })] });
    lan.run(s(5));
    n1.reload(vrrp());
    lan.run(s(5.1));
    expect(n1.owns(ip('192.168.100.101'))).toBe(false);
    expect(n1.states()).toBe('VI_1=MASTER');
    expect(n1.owns(ip('192.168.100.100'))).toBe(true);
  });
});

describe('signals and refusal', () => {
  it('USR2 writes keepalived.stats, USR1 keepalived.data', () => {
    const { lan, n1 } = single();
    lan.run(s(5));
    n1.event({ kind: 'signal', signal: 'USR2' });
    n1.event({ kind: 'signal', signal: 'USR1' });
    const files = n1.commands.flatMap((c) =>
      c.kind === 'file-write' ? [[c.path, decodeUtf8(c.bytes)]] : [],
    );
    expect(files[0]?.[0]).toBe('/tmp/keepalived.stats');
    expect(files[0]?.[1]).toMatch(
      /^VRRP Instance: VI_1\n {2}Advertisements:\n {4}Received: 0\n {4}Sent: 2\n {2}Became master: 1/,
    );
    const data = files.find(([path]) => path === '/tmp/keepalived.data')?.[1];
    expect(data).toMatch(/ VRRP Instance = VI_1\n {3}VRRP Version = 2\n {3}State = MASTER/);
    expect(data).toContain('     192.168.100.100/24 dev eth0 scope global');
  });

  it('a refused configuration ends with its messages and exit code', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.start(vrrp(), {
      load: () => ({
        config: undefined,
        messages: ['(n1.conf: Line 1) bad'],
        refused: true,
        exitCode: 4,
      }),
    });
    expect(n1.exitCode).toBe(4);
    expect(n1.log).toContain('(n1.conf: Line 1) bad');
    expect(n1.commands.some((c) => c.kind === 'vrrp-open')).toBe(false);
  });
});

describe('determinism and speed', () => {
  it('the same run twice gives the same commands', () => {
    const run = (): string => {
      const { lan, n1 } = single();
      lan.run(s(10));
      return JSON.stringify(n1.commands);
    };
    expect(run()).toBe(run());
  });
});
