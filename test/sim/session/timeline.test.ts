import { describe, expect, it } from 'vitest';
import { BranchRun } from '../../../sim/session/branch-run.ts';
import { ParkedRuns } from '../../../sim/session/parked-runs.ts';
import {
  openSession,
  presentOf,
  scenarioOf,
  type TestViewer,
  THREE_SERVERS,
} from './session-kit.ts';

const SECOND = 1_000_000;
/** Some 12,000 events, so that runs are parked. */
const LATE = 120 * SECOND;

/** Lets the session use its idle time until everything stands where it should. */
function rest(page: TestViewer): void {
  while (page.session.open?.timeline.tend(20_000) === true);
}

/** The same deeds at the same moments in a session that never went back and has nothing parked. */
function straight(deeds: (page: TestViewer) => void, at: number): string {
  const page = openSession();
  deeds(page);
  page.say({ type: 'seek', at });
  return presentOf(page.session);
}

const unplugAt30 = (page: TestViewer) => {
  page.say({ type: 'seek', at: 30 * SECOND });
  page.say({ type: 'act', action: 'unplug', args: 'srv-1:eth1' });
};

describe('runs parked behind the present', () => {
  it.each([119, 100, 61, 30.5, 29.999999, 3])(
    'show at %d s what a replay from the start shows, before and after a deed',
    (seconds) => {
      const page = openSession();
      page.say({ type: 'seek', at: 20 * SECOND });
      unplugAt30(page);
      page.say({ type: 'seek', at: LATE });
      rest(page);
      const at = Math.round(seconds * SECOND);
      page.say({ type: 'seek', at });
      const expected = straight(seconds < 30 ? () => {} : unplugAt30, at);
      // A replay that began before the deed knows nothing of it yet.
      expect(presentOf(page.session)).toBe(expected);
      page.say({ type: 'seek', at: LATE });
      expect(page.last('state')).toMatchObject({ at: LATE, end: LATE, branch: 0 });
      expect(presentOf(page.session)).toBe(straight(unplugAt30, LATE));
    },
  );

  it('are nearer than t=0: one event back costs a sixteenth of the way at most', () => {
    const page = openSession();
    page.say({ type: 'seek', at: LATE });
    rest(page);
    const timeline = page.session.open?.timeline;
    const { events = 0 } = timeline?.position ?? {};
    expect(events).toBeGreaterThan(5_000);
    expect(timeline?.step('event', 'back')).toBe(true);
    expect(timeline?.position.events).toBeGreaterThan(events * (15 / 16));
  });

  it('are given up by a deed in the past, which drops what came after it', () => {
    const page = openSession();
    unplugAt30(page);
    page.say({ type: 'seek', at: LATE });
    rest(page);
    page.say({ type: 'seek', at: 25 * SECOND });
    page.say({ type: 'act', action: 'freeze', args: 'srv-2' });
    rest(page);
    page.say({ type: 'seek', at: 90 * SECOND });
    const expected = straight((other) => {
      other.say({ type: 'seek', at: 25 * SECOND });
      other.say({ type: 'act', action: 'freeze', args: 'srv-2' });
    }, 90 * SECOND);
    expect(presentOf(page.session)).toBe(expected);
  });

  it('say nothing: what a terminal printed is heard once', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 40 * SECOND });
    page.say({ type: 'exec', terminal: 't', host: 'laptop', line: 'ping -c 3 192.168.0.200' });
    page.say({ type: 'seek', at: LATE });
    const count = () => page.heard.filter((one) => one.type === 'output').length;
    const before = count();
    expect(before).toBeGreaterThan(3);
    rest(page);
    page.say({ type: 'seek', at: 39 * SECOND });
    rest(page);
    page.say({ type: 'seek', at: LATE });
    page.say({ type: 'failover', direction: 'next' });
    expect(count()).toBe(before);
  });

  it('keep the end of the branch, so that going forward again costs nothing', () => {
    const parked = new ParkedRuns();
    const scenario = scenarioOf(THREE_SERVERS);
    const far = new BranchRun(scenario, 100);
    far.advanceTo([], 20 * SECOND, 1_000_000);
    parked.add(far);
    const near = new BranchRun(scenario, 100);
    near.advanceTo([], 2 * SECOND, 1_000_000);
    parked.add(near);
    parked.trim({ at: 5 * SECOND, events: near.position.events + 10 }, far);
    expect(parked.count).toBe(2);
    expect(parked.take({ at: 20 * SECOND }, near)).toBe(far);
    parked.cut(2 * SECOND, 0);
    expect(parked.count).toBe(0);
  });
});

describe('steps on the way', () => {
  it('wait for the one before: two quick steps back are two steps', () => {
    const page = openSession();
    page.say({ type: 'seek', at: LATE });
    const adverts: number[] = [];
    for (let i = 0; i < 3; i++) {
      page.say({ type: 'step', unit: 'advert', direction: 'back' });
      adverts.push(page.last('state').at);
    }
    page.say({ type: 'seek', at: LATE });
    for (let i = 0; i < 3; i++) {
      // Not settled in between, as keys that are pressed faster than a replay goes.
      const step = { type: 'step', unit: 'advert', direction: 'back' };
      page.session.receive(page.viewer, JSON.stringify(step));
    }
    page.session.settle();
    expect(page.last('state').at).toBe(adverts[2]);
  });

  it('play waits for the way that is under way, pause twice gives it up', () => {
    const page = openSession();
    page.session.receive(page.viewer, JSON.stringify({ type: 'seek', at: LATE }));
    expect(page.session.open?.timeline.goal).toBeDefined();
    page.say({ type: 'play' });
    expect(page.last('state').at).toBe(LATE);
    page.say({ type: 'pause' });
    page.session.receive(page.viewer, JSON.stringify({ type: 'seek', at: 3 * LATE }));
    page.session.receive(page.viewer, JSON.stringify({ type: 'pause' }));
    page.session.settle();
    expect(page.last('state').at).toBeLessThan(3 * LATE);
  });
});
