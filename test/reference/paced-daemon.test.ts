/** What is fed to the twin where two masters speak at once, and what is not. */

import { describe, expect, it } from 'vitest';
import { durationUs, later, type TimeUs, timeUs } from '../../daemon/base/time.ts';
import type { Command } from '../../daemon/core/commands.ts';
import type { VrrpPacketEvent } from '../../daemon/core/events.ts';
import type { DaemonStatus, InstanceStatus } from '../../daemon/core/status.ts';
import type { DaemonApi } from '../../sim/host/daemon-program.ts';
import { advertMoments, crossingAdverts, pacedMoment, takeoverMoment } from './advert-moments.ts';
import { yieldingTimes } from './last-words.ts';
import { PacedDaemon } from './paced-daemon.ts';
import { phasesOf } from './phases.ts';
import type { RecordedEvent, Recording, SeenFrame, Transition } from './recording.ts';

const CLIENT = 0x02_00_00_00_00_50;
const VIRTUAL = [0, 0, 0x5e, 0, 1, 0x33];

function us(at: number): TimeUs {
  return timeUs(Math.round(at * 1e6));
}

/** An advert of nNODE, as far as it is read. */
function advert(at: number, node: number, priority = 100, capture = 'br0'): SeenFrame {
  const bytes = new Uint8Array(54);
  bytes.set([...VIRTUAL], 6);
  bytes.set([8, 0, 0x45], 12);
  bytes[23] = 112;
  bytes.set([192, 168, 100, 10 + node], 26);
  bytes.set([0x21, 51, priority, 1, 0, 1], 34);
  return { at, capture, bytes };
}

/** ARP of 192.168.100.100 about itself, from the virtual MAC. */
function arp(at: number, operation: 1 | 2): SeenFrame {
  const bytes = new Uint8Array(42);
  bytes.set([...VIRTUAL], 6);
  bytes.set([8, 6], 12);
  bytes[21] = operation;
  bytes.set([192, 168, 100, 100], 28);
  bytes.set([192, 168, 100, 100], 38);
  return { at, capture: 'br0', bytes };
}

function recordingOf(given: {
  readonly frames?: readonly SeenFrame[];
  readonly events?: readonly RecordedEvent[];
  readonly transitions?: readonly Transition[];
  readonly clientNeighbours?: readonly (readonly [number, string])[];
}): Recording {
  const { frames = [], events = [], transitions = [], clientNeighbours = [] } = given;
  return {
    id: 'made',
    title: '',
    folder: '',
    nodes: ['n1', 'n2'],
    lans: 1,
    ipv6: false,
    ping: { from: 'client', to: '192.168.100.100', every: 0.05 },
    end: 60,
    events,
    observed: { transitions, frames, addresses: [], clientNeighbours, outages: [] },
  };
}

describe('the timer of a backup', () => {
  const frames = [
    advert(1, 1),
    advert(2, 1),
    advert(5, 2),
    advert(6, 2),
    advert(7, 2),
    advert(8, 2),
  ];
  const moments = advertMoments(recordingOf({ frames }), 0);
  const timer = (node: string, due: number) => ({ node, vrid: 51, due: us(due) });

  it('waits where another one took over at that moment and its node did not', () => {
    expect(takeoverMoment(moments, timer('n3', 4.999))).toBe(us(5.0015));
  });

  it('acts at once where its node took over, where the other was MASTER already, and at any other time', () => {
    expect(takeoverMoment(moments, timer('n2', 4.999))).toBe(us(4.999));
    expect(takeoverMoment(moments, timer('n3', 6))).toBe(us(6));
    expect(takeoverMoment(moments, timer('n3', 4.998))).toBe(us(4.998));
    expect(takeoverMoment(moments, timer('n3', 5.002))).toBe(us(5.002));
  });
});

describe('the advert timer of a master', () => {
  const frames = [advert(1, 1), advert(2, 1), advert(2.0001, 2), advert(3, 1), advert(4, 1)];
  const moments = advertMoments(recordingOf({ frames }), 0);
  const timer = (node: string, due: number) => ({ node, vrid: 51, due: us(due) });

  it('waits for the recorded advert of its node', () => {
    expect(pacedMoment(moments, timer('n1', 2.9995))).toBe(us(3));
    expect(pacedMoment(moments, timer('n1', 3.0005))).toBe(us(3.0005));
  });

  it('lets the recorded winner of the moment go first', () => {
    expect(pacedMoment(moments, timer('n2', 2.9999))).toBe(us(3.05));
  });

  it('does not wait for a winner that its node cannot hear', () => {
    const events = [{ at: 2.5, do: 'port-block', node: 'n2' }];
    const cut = advertMoments(recordingOf({ frames, events }), 0);
    expect(pacedMoment(cut, timer('n2', 2.9999))).toBe(us(2.9999));
  });

  it('goes before a packet that crossed its recorded advert on the way', () => {
    const heard = { node: 'n1', at: us(2.00001) };
    expect(crossingAdverts(moments, timer('n2', 2.00003), heard)).toBe(1);
  });

  it('does not go before a packet at whose moment its node sent nothing', () => {
    const heard = { node: 'n1', at: us(3.00001) };
    expect(crossingAdverts(moments, timer('n2', 3.00003), heard)).toBe(0);
  });

  it('does not go before a packet while it still has long to run: what was sent then is an answer', () => {
    const heard = { node: 'n1', at: us(2.00001) };
    expect(crossingAdverts(moments, timer('n2', 2.4), heard)).toBe(0);
  });

  it('does not go before a packet that its node answered 10 ms before the timer ran out', () => {
    const answered = [advert(1, 2), advert(1.99, 1), advert(1.9901, 2)];
    const seen = advertMoments(recordingOf({ frames: answered }), 0);
    const heard = { node: 'n1', at: us(1.99001) };
    expect(crossingAdverts(seen, timer('n2', 2.0001), heard)).toBe(0);
    const sent = [advert(0.99, 2), advert(1.99, 1), advert(1.9901, 2)];
    const late = advertMoments(recordingOf({ frames: sent }), 0);
    expect(crossingAdverts(late, timer('n2', 2.0001), heard)).toBe(1);
  });

  it('counts an advert that two captures saw once, and its answer beside it', () => {
    const both = [...frames, advert(2.00012, 2, 100, 'p1'), advert(2.0003, 2, 101)];
    const sorted = both.sort((a, b) => a.at - b.at);
    const seen = advertMoments(recordingOf({ frames: sorted }), 0);
    const heard = { node: 'n1', at: us(2.00001) };
    expect(crossingAdverts(seen, timer('n2', 2.00003), heard)).toBe(2);
  });
});

/** A daemon that tells what it is asked: one MASTER, n2, which refuses what comes, or not. */
class ToldDaemon implements DaemonApi {
  readonly told: string[] = [];
  dueAt: TimeUs;
  refuses = false;
  #received = 0;

  constructor(dueAt: TimeUs) {
    this.dueAt = dueAt;
  }

  receive(now: TimeUs): readonly Command[] {
    this.told.push(`receive at ${now}`);
    if (!this.refuses) this.#received++;
    return [];
  }

  advance(now: TimeUs): readonly Command[] {
    this.told.push(`advance at ${now}`);
    this.dueAt = later(now, durationUs(1_000_000));
    return [];
  }

  start(): readonly Command[] {
    return [];
  }

  reload(): readonly Command[] {
    return [];
  }

  stop(): readonly Command[] {
    return [];
  }

  nextDeadline(): TimeUs {
    return this.dueAt;
  }

  status(): DaemonStatus {
    const instance = {
      name: 'VI_1',
      vrid: 51,
      state: 'MASTER',
      effectivePriority: 150,
      timerDueAt: this.dueAt,
      statistics: { advertsReceived: this.#received, addressListErrors: 0 },
    };
    return { phase: 'running', groups: [], instances: [instance as unknown as InstanceStatus] };
  }
}

describe('a packet that crossed the recorded advert of a master on the way', () => {
  const frames = [advert(1, 1), advert(2, 1), advert(2.0001, 2), advert(3, 1), advert(3.0001, 2)];
  const moments = advertMoments(recordingOf({ frames }), 0);
  const heard = (priority: number): VrrpPacketEvent => {
    const { bytes } = advert(0, 1, priority);
    return { kind: 'vrrp-packet', interface: 'eth0', packet: bytes, at: 14 };
  };

  /** What n2 does at 2 s: a packet comes 20 µs before its timer. */
  function meet(daemon: ToldDaemon, priority: number, before?: number): string[] {
    const paced = new PacedDaemon(daemon, moments, 'n2');
    if (before !== undefined) paced.receive(us(1.00001), heard(before));
    daemon.told.length = 0;
    paced.receive(us(2.00001), heard(priority));
    const due = paced.nextDeadline() ?? us(9);
    paced.advance(due);
    return daemon.told;
  }

  it('of a higher one waits until the timer has acted', () => {
    const daemon = new ToldDaemon(us(2.00003));
    expect(meet(daemon, 200)).toEqual(['advance at 2000100', 'receive at 2000100']);
  });

  it('of a lower one does not: the recorded advert is the answer', () => {
    const daemon = new ToldDaemon(us(2.00003));
    expect(meet(daemon, 100)).toEqual(['receive at 2000010', 'advance at 2000100']);
  });

  it('of a lower one whose adverts are refused waits, for nothing answers it', () => {
    const daemon = new ToldDaemon(us(2.00003));
    daemon.refuses = true;
    expect(meet(daemon, 100, 100)).toEqual(['advance at 2000100', 'receive at 2000100']);
  });
});

describe('how long a master with a virtual MAC takes to yield', () => {
  const transitions: Transition[] = [[5.0005, 'n1', 'VI_1', 'BACKUP']];
  const winner = advert(5, 2, 200);
  const takes = (frames: readonly SeenFrame[], at = 5.0001, node = 'n1') =>
    yieldingTimes(recordingOf({ frames: [winner, ...frames], transitions }), 10)(node, us(at + 10));

  it('longer than the burst where its kernel answered the last announcement', () => {
    expect(takes([arp(5.00005, 1), arp(5.00006, 2)])).toBe(2000);
  });

  it('no time where it did not', () => {
    expect(takes([arp(5.00005, 1), arp(5.00006, 2), arp(5.0001, 1)])).toBe(0);
  });

  it('is not told where nobody announced anything, at another time or of another node', () => {
    expect(takes([])).toBeUndefined();
    expect(takes([arp(5.00005, 1)], 7)).toBeUndefined();
    expect(takes([arp(5.00005, 1)], 5.0001, 'n2')).toBeUndefined();
  });
});

describe('who of two owners with one virtual MAC answers the client later', () => {
  /** An echo reply of nNODE to the client. */
  function echoReply(at: number, node: number): SeenFrame {
    const bytes = new Uint8Array(42);
    bytes.set([2, 0, 0, 0, 0, 0x10 + node], 6);
    bytes.set([8, 0], 12);
    bytes[23] = 1;
    return { at, capture: 'br0', bytes };
  }

  /** An answer to the client, not to an announcement. */
  function answer(at: number): SeenFrame {
    const frame = arp(at, 2);
    frame.bytes.set([192, 168, 100, 50], 38);
    return frame;
  }

  const slower = (frames: readonly SeenFrame[]) =>
    phasesOf(recordingOf({ frames }), CLIENT).quickerFirst[1];
  const pair = [answer(3), answer(3.0003)];

  it('is who gets the next request: the switch has learnt the MAC from the later answer', () => {
    expect(slower([...pair, echoReply(3.05, 1)])).toBe('02:00:00:00:00:11');
  });

  it('is not known once an advert has moved the MAC, and of answers to announcements', () => {
    expect(slower([...pair, advert(3.01, 2), echoReply(3.05, 1)])).toBeUndefined();
    expect(slower([arp(3, 2), arp(3.0003, 2), echoReply(3.05, 1)])).toBeUndefined();
  });
});

it('a script takes as long as the first state that waited for one', () => {
  const events = [{ at: 1, do: 'start', node: 'n1', ready: 1.01 }];
  const takes = (...transitions: Transition[]) =>
    phasesOf(recordingOf({ events, transitions }), CLIENT).scriptTakes;
  expect(
    takes([1.0101, 'n1', 'VI_2', 'BACKUP (init)'], [1.0115, 'n1', 'VI_1', 'BACKUP']),
  ).toBeCloseTo(0.0015, 6);
  expect(
    takes([1.0101, 'n1', 'VI_1', 'BACKUP (init)'], [9, 'n1', 'VI_1', 'BACKUP']),
  ).toBeUndefined();
  expect(takes([1.02, 'n2', 'VI_1', 'BACKUP'])).toBeUndefined();
});

describe('the client’s timer wheel', () => {
  it('stands where the first probe was on the wire, however late its notification', () => {
    const ask = (at: number, to: number): SeenFrame => {
      const frame = arp(at, 1);
      frame.bytes.set([to, 0, 0, 0, 0, 0x11, 2, 0, 0, 0, 0, 0x50]);
      return frame;
    };
    const told = [[13.2, '192.168.100.100 dev eth0 lladdr 02:00:00:00:00:11 PROBE']] as const;
    const frames = [ask(6.6, 0xff), ask(11.7, 2), ask(12.7, 2)];
    const phases = phasesOf(recordingOf({ frames, clientNeighbours: told }), CLIENT);
    expect(phases.wheelTurn?.at).toBe(11.7);
  });
});

describe('the reachable time that the client drew', () => {
  it.each([
    [14.2, 15],
    [30, 28.976],
    [46.9, 45],
  ])('held for %d s it is taken for %d s, which Linux can draw', (held, drawn) => {
    const entry = '192.168.100.100 dev eth0 lladdr 02:00:00:00:00:11';
    const clientNeighbours = [
      [2, `${entry} REACHABLE`],
      [2 + held, `${entry} STALE`],
    ] as const;
    const phases = phasesOf(recordingOf({ clientNeighbours }), CLIENT);
    expect(phases.reachableFor).toBeCloseTo(drawn, 6);
  });
});
