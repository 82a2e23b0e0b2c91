/** BFD sessions between two daemons: what goes over the wire, and what VRRP makes of it. */

import { describe, expect, it } from 'vitest';
import { reloadText } from '../core/keywords/keyword-lab.ts';
import { gaps, packets, s, saidAt, startPair, textOf } from './pair.ts';

const UP = 'Entering Up state';
const DOWN = 'Entering Down state';
const TRACKED = 'track_bfd {\n peer\n }';

describe('bfd_instance', () => {
  // proves: keyword:bfd_instance keyword:bfd_instance/neighbor_ip keyword:bfd_instance/neighbour_ip
  // proves: keyword:bfd_instance/source_ip
  it('comes up in three packets, from ports of RFC 5881, with TTL 255', () => {
    const { lan, n1, n2 } = startPair();
    lan.run(s(2));
    const first = [...packets(lan, 'n1'), ...packets(lan, 'n2')]
      .toSorted((a, b) => a.at - b.at)
      .map(({ packet }) => packet.state);
    expect(first.slice(0, 2)).toEqual(['Down', 'Down']);
    expect(first).toContain('Init');
    expect(saidAt(n1, UP).length).toBe(1);
    expect(saidAt(n2, UP).length).toBe(1);
    for (const { from, ttl } of lan.datagrams) {
      expect(from).toBeGreaterThanOrEqual(49_152);
      expect(ttl).toBe(255);
    }
  });

  it('says what keepalived 2.2.7 says when it comes up and when the cable is silent', () => {
    const { lan, n1 } = startPair({ instance: TRACKED });
    lan.run(s(10));
    expect(
      n1.lines().filter((line) => /^\(peer\)|BFD|Detection|_tx|local|remote/.test(line)),
    ).toMatchInlineSnapshot(`
      [
        "Starting BFD child process, pid=1002",
        "Received BFD event: instance peer is in state Down (delivered in 0 usec)",
        "(peer) ---------------< Session parameters >--------------",
        "                min_tx  min_rx  tx_intv  mult  detect_time",
        "       local   1000000   10000  1000000     5      5000000",
        "       remote  1000000   10000  1000000     5      5000000",
        "       Detection time is 5000000 us (was 0 us)",
        "(peer) ---------------< Session parameters >--------------",
        "                min_tx  min_rx  tx_intv  mult  detect_time",
        "       local   1000000   10000    10000     5        50000",
        "       remote    10000   10000    10000     5        50000",
        "       Detection time is 50000 us (was 5000000 us)",
        "(peer) Entering Up state",
        "(peer) Starting poll sequence",
        "Received BFD event: instance peer is in state Up (delivered in 0 usec)",
        "VRRP_Instance(VI_1) Tracked BFD instance peer is UP",
      ]
    `);
    lan.losesDatagrams = () => true;
    lan.run(s(12));
    expect(n1.lines(s(10))).toMatchInlineSnapshot(`
      [
        "(peer) Expired after 50 ms (0 usec overdue)",
        "(peer) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)",
        "Received BFD event: instance peer is in state Down (delivered in 0 usec)",
        "VRRP_Instance(VI_1) Tracked BFD instance peer is DOWN",
        "(VI_1) Entering FAULT STATE",
        "(VI_1) sent 0 priority",
        "(VI_1) removing VIPs.",
      ]
    `);
  });

  // proves: keyword:bfd_instance/min_rx keyword:bfd_instance/min_tx keyword:bfd_instance/multiplier
  it('min_rx, min_tx and multiplier of both sides make interval and detection time', () => {
    // n1 sends every max(its 20, their 30) ms; n2 every max(its 40, their 100) ms, by multiplier 4.
    const one = 'min_tx 20\n min_rx 100\n multiplier 3';
    const two = 'min_tx 40\n min_rx 30\n multiplier 4';
    const { lan, n1, n2 } = startPair({ one, two });
    lan.run(s(10));
    for (const gap of gaps(lan, 'n1', s(5), s(10))) {
      expect(gap).toBeGreaterThanOrEqual(22_500);
      expect(gap).toBeLessThanOrEqual(27_000);
    }
    for (const gap of gaps(lan, 'n2', s(5), s(10))) {
      expect(gap).toBeGreaterThanOrEqual(75_000);
      expect(gap).toBeLessThanOrEqual(90_000);
    }
    expect(saidAt(n1, 'Detection time is 400000 us').length).toBe(1);
    expect(saidAt(n2, 'Detection time is 90000 us').length).toBe(1);
  });

  it('notices silence after its detection time and not before, and comes back', () => {
    const { lan, n1, n2 } = startPair();
    lan.run(s(5));
    const last = packets(lan, 'n2').at(-1)?.at ?? 0;
    lan.losesDatagrams = (_from, to) => to === n1;
    lan.run(s(6));
    // The last packet of n2 arrived 100 µs after it was sent.
    expect(saidAt(n1, DOWN)).toEqual([last + 100 + 50_000]);
    // n2 is told by n1, and does not wait for its own detection time.
    expect(n2.log.filter((line) => line.includes('Neighbor Signaled Session Down')).length).toBe(1);
    lan.losesDatagrams = () => false;
    lan.run(s(9));
    expect([saidAt(n1, UP).length, saidAt(n2, UP).length]).toEqual([2, 2]);
  });

  // proves: keyword:bfd_instance/idle_tx
  it('idle_tx is the pace while there is no peer', () => {
    for (const [one, least, most] of [
      ['', 750_000, 900_000],
      ['idle_tx 1500', 1_125_000, 1_350_000],
    ] as const) {
      const { lan, n2 } = startPair({ one });
      n2.kill();
      lan.run(s(40));
      const found = gaps(lan, 'n1', 0, s(40));
      expect(found.length).toBeGreaterThan(20);
      for (const gap of found) {
        expect(gap).toBeGreaterThanOrEqual(least);
        expect(gap).toBeLessThanOrEqual(most);
      }
    }
  });

  // proves: keyword:bfd_instance/passive
  it('passive speaks only when spoken to', () => {
    const { lan, n1, n2 } = startPair({ one: 'passive', two: '', cut: true });
    lan.run(s(5));
    expect(packets(lan, 'n1')).toEqual([]);
    expect(packets(lan, 'n2').length).toBeGreaterThan(4);
    lan.losesDatagrams = () => false;
    lan.run(s(10));
    expect([saidAt(n1, UP).length, saidAt(n2, UP).length]).toEqual([1, 1]);
    const both = startPair({ one: 'passive', two: 'passive' });
    both.lan.run(s(10));
    expect(both.lan.datagrams).toEqual([]);
  });

  // proves: keyword:bfd_instance/ttl keyword:bfd_instance/hoplimit keyword:bfd_instance/max_hops
  it('a packet that was forwarded counts only within max_hops', () => {
    const comesUp = (one: string, hops: number) => {
      const { lan, n1 } = startPair({ one, hops });
      lan.run(s(5));
      return saidAt(n1, UP).length;
    };
    expect(comesUp('', 0)).toBe(1);
    expect(comesUp('', 1)).toBe(0);
    expect(comesUp('max_hops 1', 1)).toBe(1);
    expect(comesUp('max_hops 1', 2)).toBe(0);
    expect(comesUp('ttl 64\n max_hops 2', 2)).toBe(1);
    expect(comesUp('hoplimit 64', 1)).toBe(0);
    expect(comesUp('max_hops -1', 30)).toBe(1);
    expect(comesUp('max_hops 255', 30)).toBe(1);
    const { lan } = startPair({ one: 'ttl 64' });
    lan.run(s(3));
    expect(new Set(lan.datagrams.map((sent) => sent.ttl))).toEqual(new Set([64]));
  });

  it('an address that is not here disables the instance', () => {
    const { lan, n1 } = startPair({ one: 'source_ip 192.168.100.77', two: '' });
    lan.run(s(5));
    expect(n1.log).toContain('(peer) Unable to open output socket, disabling instance');
    expect(n1.log).toContain('(peer) Entering AdminDown state');
    expect(packets(lan, 'n1')).toEqual([]);
  });

  it('a peer that stops says nothing; the same seed gives the same packets', () => {
    const run = () => {
      const { lan, n1, n2 } = startPair();
      lan.run(s(5));
      n2.stop();
      lan.run(s(6));
      expect(saidAt(n1, 'Expired after 50 ms').length).toBe(1);
      return lan.datagrams.map(({ at, bytes }) => `${at} ${bytes.join()}`);
    };
    expect(run()).toEqual(run());
  });

  it('a reload keeps the session; other intervals are agreed on by a poll sequence', () => {
    const { lan, n1, n2 } = startPair();
    lan.run(s(5));
    const discriminator = packets(lan, 'n1').at(-1)?.packet.myDiscriminator;
    reloadText(n1, textOf(1, { one: 'min_tx 100\n min_rx 100' }));
    lan.run(s(8));
    expect([saidAt(n1, DOWN), saidAt(n2, DOWN)]).toEqual([[], []]);
    expect(packets(lan, 'n1').at(-1)?.packet.myDiscriminator).toBe(discriminator);
    expect(saidAt(n2, 'Detection time is 500000 us').length).toBe(1);
    for (const gap of gaps(lan, 'n2', s(7), s(8))) expect(gap).toBeGreaterThanOrEqual(75_000);
  });
});

describe('what VRRP makes of it', () => {
  // proves: keyword:bfd_instance/vrrp keyword:bfd_instance/checker
  it('vrrp and checker say who hears of the session', () => {
    const events = (one: string) => {
      const { lan, n1 } = startPair({ one });
      lan.run(s(3));
      return saidAt(n1, 'Received BFD event').length;
    };
    expect([events(''), events('vrrp'), events('checker'), events('vrrp\n checker')]).toEqual([
      ...[2, 2, 0, 2],
    ]);
  });

  // proves: keyword:bfd_instance/weight
  it('weight moves the priority, reverse the other way; 0 is FAULT', () => {
    const priorities = (one: string, instance = TRACKED) => {
      const { lan, n1 } = startPair({ one, two: '', instance });
      const found = () => n1.daemon?.status().instances[0]?.effectivePriority;
      const down = found();
      lan.run(s(5));
      return [down, found(), n1.states()];
    };
    expect(priorities('weight -20')).toEqual([130, 150, 'VI_1=MASTER']);
    expect(priorities('weight 30')).toEqual([150, 180, 'VI_1=MASTER']);
    expect(priorities('weight 30 reverse')).toEqual([150, 120, 'VI_1=MASTER']);
    expect(priorities('weight -20', 'track_bfd {\n peer weight -40\n }')[0]).toBe(110);
    const { lan, n1 } = startPair({ instance: TRACKED });
    expect(n1.states()).toBe('VI_1=FAULT');
    lan.run(s(8));
    expect(n1.states()).toBe('VI_1=MASTER');
    lan.losesDatagrams = () => true;
    lan.run(s(8.06));
    expect(n1.states()).toBe('VI_1=FAULT');
  });

  it('reverse with weight 0: a backup that waits for the silence of its master', () => {
    const instance = 'track_bfd {\n peer weight 0 reverse\n }';
    const { lan, n1, n2 } = startPair({ instance, priorities: [100, 150] });
    lan.run(s(8));
    expect([n1.states(), n2.states()]).toEqual(['VI_1=FAULT', 'VI_1=MASTER']);
  });
});
