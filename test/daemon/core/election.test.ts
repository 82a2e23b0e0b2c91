import { describe, expect, it } from 'vitest';
import { durationUs, seconds } from '../../../daemon/base/time.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { instance, ip, vrrp } from '../vrrp/config-fixture.ts';
import { FakeLan, s } from './fake-system.ts';
import { adverts, becameMasterAt, garps, pair } from './pair-fixture.ts';

const VIP = ip('192.168.100.100');

describe('cold start (S01)', () => {
  it('says the lines of keepalived 2.2.7 in its order', () => {
    const { n1, lan } = pair({ wantedState: 'MASTER' });
    lan.run(s(3.3));
    expect(n1.log).toEqual([
      'Starting Keepalived v2.2.7 (01/16,2022)',
      'Running on Linux',
      "Command line: 'keepalived' '-D' '-f' 'n1.conf'",
      "Opening file 'n1.conf'.",
      'Configuration file n1.conf',
      'NOTICE: setting config option max_auto_priority should result in better keepalived performance',
      'Starting VRRP child process, pid=1000',
      'Registering Kernel netlink reflector',
      'Registering Kernel netlink command channel',
      'Assigned address 192.168.100.11 for interface eth0',
      'Registering gratuitous ARP shared channel',
      '(VI_1) removing VIPs.',
      '(VI_1) Entering BACKUP STATE (init)',
      'VRRP sockpool: [ifindex(  2), family(IPv4), proto(112), fd(13,14) multicast, address(224.0.0.18)]',
      'Startup complete',
      '(VI_1) Receive advertisement timeout',
      '(VI_1) Entering MASTER STATE',
      '(VI_1) setting VIPs.',
      '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 192.168.100.100',
      ...new Array(5).fill('Sending gratuitous ARP on eth0 for 192.168.100.100'),
    ]);
  });

  it('becomes MASTER after 3.218750 s although state MASTER, then adverts every second exactly', () => {
    const { n1, n2, lan } = pair({ wantedState: 'MASTER' });
    lan.run(s(12));
    expect(becameMasterAt(n1)).toBe(3_218_750);
    expect(adverts(lan, 'n1').map((a) => a.at)).toEqual(
      Array.from({ length: 9 }, (_, i) => 3_218_750 + i * 1_000_000),
    );
    expect(adverts(lan, 'n2')).toEqual([]);
    expect(garps(lan, 'n1')).toEqual([
      ...new Array(5).fill(3_218_750),
      ...new Array(5).fill(8_218_750),
    ]);
    expect(n1.owns(VIP)).toBe(true);
    expect(n2.owns(VIP)).toBe(false);
    expect(n2.states()).toBe('VI_1=BACKUP');
  });

  it('opens its socket with the group before it enters BACKUP, and deletes left-over VIPs first', () => {
    const { n1 } = pair();
    const kinds = n1.commands
      .filter((c) => c.kind !== 'log' || /removing VIPs|BACKUP STATE/.test(c.text))
      .map((c) => (c.kind === 'log' ? c.text : c.kind));
    expect(kinds.slice(0, 6)).toEqual([
      '(VI_1) removing VIPs.',
      'address-delete',
      'vrrp-open',
      '(VI_1) Entering BACKUP STATE (init)',
      'report',
      'report',
    ]);
    const socket = n1.commands.find((c) => c.kind === 'vrrp-open');
    expect(socket).toMatchObject({ interface: 'eth0', protocol: 112, group: ip('224.0.0.18') });
  });
});

describe('stop and failure', () => {
  it('SIGTERM: priority 0, peer takes over one skew later, exit after one second (S02)', () => {
    const { n1, n2, lan } = pair();
    lan.run(s(6.4));
    n1.stop();
    lan.run(s(9));
    expect(n1.lines(s(6.4)).filter((l) => !l.startsWith('CPU'))).toEqual([
      'Stopping',
      '(VI_1) sent 0 priority',
      '(VI_1) removing VIPs.',
      'Stopped - used 0.000000 user time, 0.000000 system time',
      'Stopped Keepalived v2.2.7 (01/16,2022)',
    ]);
    expect(n1.timed.at(-1)?.at).toBe(s(7.4));
    expect(n1.exitCode).toBe(0);
    expect(becameMasterAt(n2)).toBe(s(6.4) + 100 + 609_375);
    expect(n2.log).toContain('(VI_1) Backup received priority 0 advertisement');
    expect(n1.commands.some((c) => c.kind === 'vrrp-close')).toBe(true);
    expect(n1.owns(VIP)).toBe(false);
  });

  it('SIGKILL: VIP stays, peer needs the whole master-down interval since the last advert (S03a)', () => {
    const { n1, n2, lan } = pair();
    lan.run(s(6.4));
    n1.kill();
    lan.run(s(12));
    expect(becameMasterAt(n2)).toBe(6_218_750 + 100 + 3_609_375);
    expect(n1.owns(VIP)).toBe(true);
    expect(n2.owns(VIP)).toBe(true);
  });

  it('carrier loss: FAULT at once, VIP removed, back with a full interval (S05)', () => {
    const { n1, n2, lan } = pair();
    lan.run(s(6.4));
    n1.carrier('eth0', false);
    expect(n1.lines(s(6.4))).toEqual([
      'Netlink reports eth0 down',
      '(VI_1) Entering FAULT STATE',
      '(VI_1) sent 0 priority',
      '(VI_1) removing VIPs.',
    ]);
    expect(n1.owns(VIP)).toBe(false);
    lan.run(s(11));
    expect(becameMasterAt(n2)).toBe(6_218_750 + 100 + 3_609_375);
    n1.carrier('eth0', true);
    lan.run(s(15));
    expect(n1.lines(s(11)).slice(0, 2)).toEqual([
      'Netlink reports eth0 up',
      '(VI_1) Entering BACKUP STATE',
    ]);
    expect(becameMasterAt(n1, s(11))).toBe(s(11) + 3_218_750);
    expect(n1.log.filter((l) => l.endsWith('- discarding')).length).toBe(3);
    expect(n2.lines(s(14)).slice(-3)).toEqual([
      '(VI_1) Master received advert from 192.168.100.11 with higher priority 200, ours 100',
      '(VI_1) Entering BACKUP STATE',
      '(VI_1) removing VIPs.',
    ]);
  });

  it('VIP deleted by hand: priority 0, back after one skew, an extra burst later (S27)', () => {
    const { n1, n2, lan } = pair();
    lan.run(s(6.4));
    n1.deleteAddress('eth0', VIP);
    lan.run(s(12));
    expect(n1.lines(s(6.4)).slice(0, 6)).toEqual([
      'Netlink reflector reports IP 192.168.100.100 removed from eth0',
      '(VI_1) Entering BACKUP STATE',
      '(VI_1) sent 0 priority',
      '(VI_1) removing VIPs.',
      '(VI_1) Receive advertisement timeout',
      '(VI_1) Entering MASTER STATE',
    ]);
    expect(becameMasterAt(n1, s(6.4))).toBe(s(6.4) + 218_750);
    expect(becameMasterAt(n2)).toBeUndefined();
    const bursts = [...new Set(garps(lan, 'n1'))];
    expect(bursts).toEqual([3_218_750, s(6.4) + 218_750, 8_218_750, s(6.4) + 218_750 + s(5)]);
  });

  it('frozen for five seconds: says so, adverts at once, forces an election for each queued advert', () => {
    const { n1, n2, lan } = pair();
    lan.run(s(6.4));
    n1.freeze();
    lan.run(s(11.4));
    expect(n2.states()).toBe('VI_1=MASTER');
    n1.resume();
    lan.run(s(11.5));
    expect(n1.lines(s(11.4))[0]).toBe('A thread timer expired 4.181250 seconds ago');
    expect(n1.log.filter((l) => l.includes('forcing new election')).length).toBe(2);
    expect(n2.states()).toBe('VI_1=BACKUP');
    expect(n1.states()).toBe('VI_1=MASTER');
  });
});

describe('preemption', () => {
  it('higher node preempts one interval after its start (S06a)', () => {
    const lan = new FakeLan();
    const n2 = lan.host('n2', 12);
    const n1 = lan.host('n1', 11);
    n2.start(vrrp());
    lan.run(s(5));
    n1.start(vrrp({ instances: [instance({ priority: 200 })] }));
    lan.run(s(9));
    expect(becameMasterAt(n1)).toBe(s(5) + 3_218_750);
    expect(n2.states()).toBe('VI_1=BACKUP');
  });

  it('nopreempt: never (S06b), but it still takes over when adverts stop', () => {
    const lan = new FakeLan();
    const n2 = lan.host('n2', 12);
    const n1 = lan.host('n1', 11);
    n2.start(vrrp());
    lan.run(s(5));
    n1.start(vrrp({ instances: [instance({ priority: 200, preempt: false })] }));
    lan.run(s(20));
    expect(n1.states()).toBe('VI_1=BACKUP');
    expect(n1.lines(s(5.1))).toEqual([]);
    n2.kill();
    lan.run(s(25));
    expect(n1.states()).toBe('VI_1=MASTER');
  });

  it('preempt_delay 3: adverts accepted while it runs, then one interval since the last of them', () => {
    const lan = new FakeLan();
    const n2 = lan.host('n2', 12);
    const n1 = lan.host('n1', 11);
    n2.start(vrrp());
    lan.run(s(5));
    n1.start(vrrp({ instances: [instance({ priority: 200, preemptDelay: seconds(3) })] }));
    lan.run(s(13));
    // n2 adverts at 3.609375 + k; the first heard is at 5.609475, the delay ends at 8.609475.
    expect(n1.log).toContain('(VI_1) start preempt delay (3.000000)');
    const lastAccepted = 7_609_375 + 100;
    expect(becameMasterAt(n1)).toBe(lastAccepted + 3_218_750);
  });

  it('equal priority: the first one wins, address order does not matter (S11a)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    const n2 = lan.host('n2', 12);
    n1.start(vrrp());
    lan.run(3000);
    n2.start(vrrp());
    lan.run(s(12));
    expect(`${n1.states()} ${n2.states()}`).toBe('VI_1=MASTER VI_1=BACKUP');
    expect(n2.lines(s(1))).toEqual([]);
  });

  it('owner 255 with state MASTER is MASTER after one microsecond', () => {
    const { n1, lan } = pair({ priority: 255, wantedState: 'MASTER' });
    lan.run(s(1));
    expect(becameMasterAt(n1)).toBe(1);
    expect(n1.log).not.toContain('(VI_1) Entering BACKUP STATE (init)');
  });

  it('startup delay puts the interval off', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.start(vrrp({ globals: { startupDelay: seconds(10) } }));
    lan.run(s(15));
    expect(n1.log).toContain('Delaying startup for 10 seconds');
    expect(becameMasterAt(n1)).toBe(s(10) + 3_609_375);
  });

  it('two masters meet: the higher resists with advert and bursts, the lower yields', () => {
    const { n1, n2, lan } = pair();
    lan.loses = (from) => from === n1;
    lan.run(s(5.5));
    expect(`${n1.states()} ${n2.states()}`).toBe('VI_1=MASTER VI_1=MASTER');
    lan.loses = () => false;
    lan.run(s(6.7));
    const lines = n1.lines(s(4.6));
    expect(lines).toContain(
      '(VI_1) Received advert from 192.168.100.12 with lower priority 100, ours 200, forcing new election',
    );
    expect(n2.states()).toBe('VI_1=BACKUP');
  });

  it('lower_prio_no_advert: keeps its own timer and sends no extra advert', () => {
    const { n1, n2, lan } = pair({ lowerPriorityNoAdvert: true });
    lan.loses = (from) => from === n1;
    lan.run(s(9));
    expect(n2.states()).toBe('VI_1=MASTER');
    const times = adverts(lan, 'n1').map((a) => a.at);
    expect(times).toEqual(times.map((_, i) => 3_218_750 + i * 1_000_000));
    expect(n1.log.some((l) => l.endsWith('with lower priority 100, ours 200'))).toBe(true);
  });

  it('higher_prio_send_advert: the yielding master sends one last advert', () => {
    const plain = pair();
    const sending = pair({}, { higherPrioritySendAdvert: true });
    const count = [plain, sending].map(({ lan, n1, n2 }) => {
      lan.loses = (from) => from === n1;
      lan.run(s(5.5));
      lan.loses = (from) => from === n2;
      lan.run(s(8));
      return adverts(lan, 'n2').length;
    });
    expect((count[1] ?? 0) - (count[0] ?? 0)).toBe(1);
  });
});

describe('rejected adverts (S12a)', () => {
  const pass = (key: string): Partial<VrrpInstanceConfig> => ({
    authentication: { type: 'PASS', key: new TextEncoder().encode(key.padEnd(8, '\0')) },
  });

  it('both become MASTER and silence each other in turn', () => {
    const { n1, n2, lan } = pair(pass('secret12'), pass('other'));
    lan.run(s(10));
    expect(`${n1.states()} ${n2.states()}`).toBe('VI_1=MASTER VI_1=MASTER');
    expect(n1.log).toContain('(VI_1) received an invalid passwd!');
    // n2 became MASTER last, at 3.609375. Each of its adverts restarts n1's timer 100 µs later, so
    // n1's never runs out: it says nothing more, though it never accepted one of them.
    expect(adverts(lan, 'n1').map((a) => a.at)).toEqual([3_218_750]);
    expect(adverts(lan, 'n2').map((a) => a.at)).toEqual(
      Array.from({ length: 7 }, (_, i) => 3_609_375 + i * 1_000_000),
    );
    const own = n1.daemon?.status().instances[0]?.statistics;
    expect(own?.authFailures).toBeGreaterThan(0);
    expect(own?.advertsReceived).toBe(0);
  });

  it('on a machine that needs time the newcomer loses its step and the old master goes on (S12a)', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    const n2 = lan.host('n2', 12);
    const transitionTime = durationUs(500);
    const secret = instance({ priority: 200, ...pass('secret12') });
    n1.start(vrrp({ instances: [secret] }), { transitionTime });
    n2.start(vrrp({ instances: [instance(pass('other'))] }), { transitionTime });
    lan.run(s(8));
    // n2's one advert restarts n1's timer; n1 is then 400 µs ahead of n2's own late restart.
    expect(adverts(lan, 'n1').map((a) => Math.round(a.at / 1000))).toEqual([
      3219, 4609, 5609, 6609, 7609,
    ]);
    expect(adverts(lan, 'n2').length).toBe(1);
  });

  it('AH: equal keys agree, different keys do not, sequence numbers count on after a takeover', () => {
    const ah = (key: string): Partial<VrrpInstanceConfig> => ({
      authentication: { type: 'AH', key: new TextEncoder().encode(key.padEnd(8, '\0')) },
    });
    const same = pair(ah('secret12'), ah('secret12'));
    same.lan.run(s(6));
    expect(same.n2.states()).toBe('VI_1=BACKUP');
    same.n1.stop();
    same.lan.run(s(9));
    expect(same.n2.states()).toBe('VI_1=MASTER');
    const sequences = same.lan.sent
      .filter((p) => p.kind === 'ip')
      .map((p) => new DataView(p.bytes.buffer).getUint32(28));
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    const different = pair(ah('secret12'), ah('other'));
    different.lan.run(s(6));
    expect(different.n2.states()).toBe('VI_1=MASTER');
  });
});
