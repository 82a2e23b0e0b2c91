/**
 * Reloads in the middle of something: a script between two judgements, a refresh between two bursts. Source: recordings
 * reload-script-midway, reload-vip-refresh, reload-refresh.
 */

import { describe, expect, it } from 'vitest';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { alone, boot, conf, garpTimes, reloadText } from './keywords/keyword-lab.ts';

const TRACK = 'track_script {\n chk\n }';
const PERIOD = 'interval 1000';

/** Runs of a script happen at start and at each reload alone; its interval is longer than the test. */
function watched(lines: string): string {
  const script = `vrrp_script chk {\n script /usr/bin/chk\n ${PERIOD}\n ${lines}\n}`;
  return conf({ blocks: script, instance: TRACK });
}

interface Midway {
  readonly before: string;
  readonly after: string;
  /** Exit codes of the runs with the old configuration, then of those with the new one. */
  readonly runs: readonly number[];
  readonly rest: readonly number[];
  readonly states: string;
}

function play({ before, after, runs, rest }: Midway): string {
  const lan = new FakeLan();
  const n1 = lan.host('n1', 11);
  const answer = (exit: number) => n1.scripts.set('chk', { exit, after: 1000 });
  answer(runs[0] as number);
  boot(n1, watched(before));
  lan.run(s(0.5));
  for (const exit of runs.slice(1)) runAgain(lan, n1, before, () => answer(exit));
  return rest.map((exit) => runAgain(lan, n1, after, () => answer(exit))).join(' ');
}

/** One more run, by a reload, and the state after it. */
function runAgain(lan: FakeLan, n1: FakeHost, lines: string, answer: () => void): string {
  answer();
  reloadText(n1, watched(lines));
  lan.run(s(lan.now / 1_000_000 + 0.2));
  return n1.states() === 'VI_1=FAULT' ? 'FAULT' : 'well';
}

describe('a script whose judgement is under way when a reload comes', () => {
  const three = 'fall 3\n rise 3';
  const five = 'fall 5\n rise 5';
  it.each<[string, Midway]>([
    [
      'failures before it count',
      { before: three, after: three, runs: [0, 1, 1], rest: [1], states: 'FAULT' },
    ],
    [
      'successes before it count',
      { before: three, after: three, runs: [1, 0, 0], rest: [0], states: 'well' },
    ],
    [
      'all is well: the new fall counts from the top',
      {
        before: three,
        after: five,
        runs: [0],
        rest: [1, 1, 1, 1, 1],
        states: 'well well well well FAULT',
      },
    ],
    [
      'one step above the threshold stays one step above it',
      { before: three, after: five, runs: [0, 1, 1], rest: [1], states: 'FAULT' },
    ],
    [
      'one step below the threshold stays one step below it',
      { before: three, after: five, runs: [1, 0, 0], rest: [0], states: 'well' },
    ],
    [
      'nothing well yet: the new rise counts from the bottom',
      {
        before: three,
        after: five,
        runs: [1],
        rest: [0, 0, 0, 0, 0],
        states: 'FAULT FAULT FAULT FAULT well',
      },
    ],
    [
      'more steps above the threshold than the new fall has are the top',
      { before: five, after: 'fall 2\n rise 2', runs: [0, 1], rest: [1, 1], states: 'well FAULT' },
    ],
    [
      'more steps below the threshold than the new rise has are the bottom',
      { before: five, after: 'fall 2\n rise 2', runs: [1, 0], rest: [0, 0], states: 'FAULT well' },
    ],
  ])('%s', (_, midway) => expect(play(midway)).toBe(midway.states));
});

describe('garp_master_refresh and a reload', () => {
  const ONE = '192.168.100.100/24';
  const parts = (vips: string) => ({
    instance: 'garp_master_refresh 3\n garp_master_delay 0',
    vips,
  });

  /** MASTER from 3.609 s on, reloaded at 8 s: how many packets announce it, and when. */
  function announcedAfter(vips: string): string[] {
    const { lan, n1 } = alone(parts(ONE), 8);
    lan.sent.length = 0;
    reloadText(n1, conf(parts(vips)));
    lan.run(s(13));
    return garpTimes(lan).map((at) => {
      const count = lan.sent.filter((one) => one.kind === 'frame' && one.at === at).length;
      return `${count} at ${at / 1_000_000}`;
    });
  }

  it('without a new VIP it is due with the advert that follows at once', () => {
    expect(announcedAfter(ONE)).toEqual(['1 at 8', '1 at 11']);
  });

  it('with a new VIP all are announced five times, and it is due one refresh after that', () => {
    expect(announcedAfter(`${ONE}\n 192.168.100.101/24`)).toEqual(['10 at 8', '2 at 11']);
  });
});

describe('the owner of the address', () => {
  it.each(['weight 20', 'weight -250', 'weight -250 reverse'])(
    'keeps 255 whatever its script says: %s',
    (weight) => {
      const priorities = [0, 1].map((exit) => {
        const lan = new FakeLan();
        const n1 = lan.host('n1', 11);
        n1.scripts.set('chk', { exit, after: 1000 });
        const script = `vrrp_script chk {\n script /usr/bin/chk\n ${weight}\n}`;
        boot(n1, conf({ blocks: script, instance: TRACK, priority: 255 }));
        lan.run(s(2));
        return n1.daemon?.status().instances[0]?.effectivePriority;
      });
      expect(priorities).toEqual([255, 255]);
    },
  );
});
