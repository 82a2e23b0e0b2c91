/**
 * One row per line of the tables at the heads of `receive-checks.ts`, `receive-backup.ts` and
 * `receive-master.ts`.
 */

import { describe, expect, it } from 'vitest';
import { durationUs, seconds } from '../../../daemon/base/time.ts';
import { UNCONCERNED, UNKNOWN_VRID } from '../../../daemon/core/commands.ts';
import { FakeLan, s } from '../core/fake-system.ts';
import { instance, ip, vip, vrrp } from './config-fixture.ts';
import { advert, host, put, receive, texts, timer } from './receive-lab.ts';
import { AH, PASS, REFUSALS, TWO } from './refused-adverts.ts';

describe('refusals', () => {
  for (const row of REFUSALS) {
    for (const state of ['BACKUP', 'MASTER'] as const) {
      it(`${row.check}: one line, counted, ${state} stays`, () => {
        // A MASTER with AH has sent adverts, so its own counter is ahead; that row is for BACKUP.
        if (state === 'MASTER' && row.check.startsWith('AH replay')) return;
        const one = host(state, row.own);
        const before = timer(one);
        one.lan.now += 1000;
        const commands = receive(one, advert(row.packet));
        expect(texts(commands)).toEqual([row.text]);
        expect(commands.map((c) => c.kind)).toEqual(['log', 'report']);
        expect(one.states()).toBe(`VI_1=${state}`);
        // The quirk: a refused advert restarts a MASTER's own timer, and leaves a BACKUP's alone.
        expect(timer(one)).toBe(
          state === 'BACKUP' ? before : one.lan.now + (row.own?.advertInterval ?? seconds(1)),
        );
        const statistics = one.daemon?.status().instances[0]?.statistics;
        for (const [name, value] of Object.entries(statistics ?? {})) {
          if (/Errors|invalid|Mismatch|Failures/i.test(name)) {
            expect(`${name} ${value}`).toBe(`${name} ${name === row.counter ? 1 : 0}`);
          }
        }
      });
    }
  }

  it('lower_prio_no_advert: a refused advert leaves the MASTER timer alone', () => {
    const one = host('MASTER', { lowerPriorityNoAdvert: true });
    const before = timer(one);
    one.lan.now += 1000;
    receive(one, advert({ config: PASS }));
    expect(timer(one)).toBe(before);
  });

  it('from 2.3.3 on a different VIP list is told and accepted', () => {
    const lan = new FakeLan();
    const one = lan.host('n1', 11);
    one.start(vrrp({ instances: [instance(TWO)] }), { version: '2.3.3' });
    lan.run(s(1));
    receive(one, advert());
    expect(timer(one)).toBe(s(1) + 3_609_375);
  });

  it('unicast: source that is no peer, TTL out of its range', () => {
    const unicast = {
      sourceAddress: ip('192.168.100.11'),
      unicastPeers: [{ address: ip('192.168.100.12'), minTtl: 250 }],
      checkUnicastSource: true,
    };
    const one = host('BACKUP', unicast);
    const to = '192.168.100.11';
    expect(texts(receive(one, advert({ to, from: '192.168.100.99' })))).toEqual([
      '(VI_1) unicast source address 192.168.100.99 not a unicast peer',
    ]);
    const edit = put(8, 249);
    expect(texts(receive(one, advert({ to, edit })))).toEqual([
      '(VI_1) TTL/HL 249 not in range 250 - 255',
    ]);
    expect(texts(receive(one, advert({ to })))).toEqual([]);
  });
});

describe('packets that concern nobody', () => {
  it('unknown vrid, FAULT and INIT return shared lists and do nothing', () => {
    const one = host('BACKUP');
    const event = {
      kind: 'vrrp-packet' as const,
      interface: 'eth0',
      packet: advert({ config: { vrid: 52 } }),
      at: 0,
    };
    expect(one.daemon?.receive(s(1) as never, event)).toBe(UNKNOWN_VRID);
    one.carrier('eth0', false);
    const concerned = { ...event, packet: advert() };
    expect(one.daemon?.receive(s(1) as never, concerned)).toBe(UNCONCERNED);
    expect([...UNKNOWN_VRID, ...UNCONCERNED]).toEqual([]);
  });

  it('AH and plain VRRP are two sockets: neither hears the other, no line is written', () => {
    expect(receive(host('BACKUP', AH), advert())).toEqual([]);
    expect(receive(host('BACKUP'), advert({ config: AH }))).toEqual([]);
  });

  it('log_unknown_vrids says so', () => {
    const lan = new FakeLan();
    const one = lan.host('n1', 11);
    one.start(vrrp({ globals: { logUnknownVrids: true } }));
    expect(texts(receive(one, advert({ config: { vrid: 52 } })))).toEqual([
      'Unknown VRID(52) received on interface(eth0). ignoring...',
    ]);
  });

  it('a packet in the middle of a frame buffer with padding behind it is understood', () => {
    const one = host('BACKUP');
    const packet = advert();
    const frame = new Uint8Array(14 + packet.length + 6).fill(0xa5);
    frame.set(packet, 14);
    one.event({ kind: 'vrrp-packet', interface: 'eth0', packet: frame, at: 14 });
    expect(timer(one)).toBe(s(1) + 3_609_375);
  });

  it('random bytes never throw', () => {
    const one = host('MASTER');
    let seed = 12345;
    for (let i = 0; i < 2000; i++) {
      const bytes = new Uint8Array(8 + (i % 60));
      for (let j = 0; j < bytes.length; j++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        bytes[j] = seed >>> 16;
      }
      if (i % 2 === 0) bytes.set([0x45, 0xc0, 0, bytes.length, 0, 1, 0, 0, 255, 112].slice(0, 8));
      if (bytes.length > 21 && i % 2 === 0) bytes[21] = 51;
      receive(one, bytes);
    }
    expect(one.states()).toBe('VI_1=MASTER');
  });
});

describe('BACKUP', () => {
  const rows = [
    {
      name: 'priority 0: one skew',
      priority: 0,
      timer: 609_375,
      text: ['(VI_1) Backup received priority 0 advertisement'],
    },
    { name: 'higher: whole interval', priority: 150, timer: 3_609_375, text: [] },
    { name: 'equal: whole interval', priority: 100, timer: 3_609_375, text: [] },
    {
      name: 'lower: discarded, timer runs on',
      priority: 50,
      timer: 2_609_375,
      text: ['(VI_1) received lower priority (50) advert from 192.168.100.12 - discarding'],
    },
    {
      name: 'lower with nopreempt: accepted',
      priority: 50,
      own: { preempt: false },
      timer: 3_609_375,
      text: [],
    },
    {
      name: 'lower with preempt_delay: accepted, delay begins',
      priority: 50,
      own: { preemptDelay: seconds(10) },
      timer: 3_609_375,
      text: ['(VI_1) start preempt delay (10.000000)'],
    },
    {
      name: 'down_timer_adverts 5',
      priority: 150,
      own: { downTimerAdverts: 5 },
      timer: 5_609_375,
      text: [],
    },
  ];
  for (const row of rows) {
    it(row.name, () => {
      const one = host('BACKUP', row.own);
      const commands = receive(one, advert({ priority: row.priority }));
      expect(texts(commands)).toEqual(row.text);
      expect(commands.length).toBe(row.text.length);
      expect((timer(one) ?? 0) - s(1)).toBe(row.timer);
      expect(one.states()).toBe('VI_1=BACKUP');
    });
  }

  it('skip_check_adv_addr: the second advert of one master may carry other addresses', () => {
    const one = host('BACKUP', { skipCheckAdvertAddresses: true });
    receive(one, advert());
    const other = { config: { addresses: [vip('192.168.100.99/24')] } };
    expect(texts(receive(one, advert(other)))).toEqual([]);
    expect(texts(receive(one, advert({ ...other, from: '192.168.100.13' }))).length).toBe(1);
  });

  it('v3: follows the interval of the master, and returns to its own as MASTER', () => {
    const v3 = { version: 3 as const, advertInterval: seconds(1) };
    const one = host('BACKUP', v3);
    const packet = advert({ config: { version: 3, advertInterval: durationUs(500_000) } });
    expect(texts(receive(one, packet))).toEqual([
      '(VI_1) advertisement interval updated from 1000ms to 500ms by master',
    ]);
    // 3 x 0.5 s + 156/256 of 0.5 s.
    expect(timer(one)).toBe(s(1) + 1_500_000 + 304_687);
    one.lan.run(s(3));
    expect(one.log).toContain(
      '(VI_1) changing advert interval from 500ms to locally configured 1000ms',
    );
  });
});

describe('MASTER', () => {
  const rows = [
    {
      name: 'priority 0: advert at once',
      packet: { priority: 0 },
      state: 'MASTER',
      sends: 1,
      garps: 0,
      text: '(VI_1) Master received priority 0 message',
    },
    {
      name: 'lower: advert and burst',
      packet: { priority: 50 },
      state: 'MASTER',
      sends: 1,
      garps: 5,
      text: '(VI_1) Received advert from 192.168.100.12 with lower priority 50, ours 100, forcing new election',
    },
    {
      name: 'equal from a lower address: resists',
      packet: { priority: 100, from: '192.168.100.10' },
      state: 'MASTER',
      sends: 1,
      garps: 5,
      text: '(VI_1) Received advert from 192.168.100.10 with lower priority 100, ours 100, forcing new election',
    },
    {
      name: 'equal from the own address: a warning only',
      packet: { priority: 100, from: '192.168.100.11' },
      state: 'MASTER',
      sends: 0,
      garps: 0,
      text: '(VI_1) WARNING - equal priority advert received from remote host with our IP address.',
    },
    {
      name: 'equal from a higher address: yields',
      packet: { priority: 100 },
      state: 'BACKUP',
      sends: 0,
      garps: 0,
      text: '(VI_1) Master received advert from 192.168.100.12 with same priority 100 but higher IP address than ours',
    },
    {
      name: 'higher: yields in silence',
      packet: { priority: 150 },
      state: 'BACKUP',
      sends: 0,
      garps: 0,
      text: '(VI_1) Master received advert from 192.168.100.12 with higher priority 150, ours 100',
    },
  ];
  for (const row of rows) {
    it(row.name, () => {
      const one = host('MASTER');
      const commands = receive(one, advert(row.packet));
      expect(texts(commands)[0]).toBe(row.text);
      expect(commands.filter((c) => c.kind === 'ip-send').length).toBe(row.sends);
      expect(commands.filter((c) => c.kind === 'frame-send').length).toBe(row.garps);
      expect(one.states()).toBe(`VI_1=${row.state}`);
      const interval = row.state === 'MASTER' ? 1_000_000 : 3_609_375;
      expect(timer(one)).toBe(s(5) + interval);
    });
  }

  it('the lower-priority burst comes again garp_lower_prio_delay later, once for each advert (S29)', () => {
    const one = host('MASTER');
    receive(one, advert({ priority: 50 }));
    one.lan.run(s(6));
    receive(one, advert({ priority: 50 }));
    one.lan.run(s(12));
    const times = one.lan.sent.filter((p) => p.kind === 'frame').map((p) => p.at);
    const bursts = [...new Set(times)].map((at) => [at, times.filter((t) => t === at).length]);
    expect(bursts).toEqual([
      [3_609_375, 5],
      [s(5), 5],
      [s(6), 5],
      [8_609_375, 5],
      [s(10), 5],
      [s(11), 5],
    ]);
  });

  it('two owners: 2.2.7 lowers itself to 254', () => {
    const one = host('MASTER', { priority: 255, wantedState: 'MASTER' });
    const commands = receive(one, advert({ priority: 255 }));
    expect(texts(commands)[0]).toMatch(
      /^\(VI_1\) CONFIGURATION ERROR: local instance and a remote/,
    );
    expect(one.states()).toBe('VI_1=BACKUP');
    expect(one.daemon?.status().instances[0]?.effectivePriority).toBe(254);
  });
});
