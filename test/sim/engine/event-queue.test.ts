import fc from 'fast-check';
import TinyQueue from 'tinyqueue';
import { describe, expect, it } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import { EventQueue, type EventTarget } from '../../../sim/engine/event-queue.ts';

/** Remembers what fired: [time, code, payload]. */
class Recorder implements EventTarget {
  readonly fired: [number, number, unknown][] = [];

  onEvent(now: number, code: number, payload: unknown): void {
    this.fired.push([now, code, payload]);
  }
}

type Step =
  | { readonly kind: 'push'; readonly at: number }
  | { readonly kind: 'fire' }
  | { readonly kind: 'cancel'; readonly pick: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), at: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('fire' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat() }) },
);

interface Expected {
  readonly at: number;
  readonly code: number;
  readonly handle: number;
}

/** Plays the steps on the queue and on tinyqueue, and compares after each. */
function compareWithTinyQueue(steps: readonly Step[], queue: EventQueue): void {
  const recorder = new Recorder();
  const byTimeThenOrder = (a: Expected, b: Expected) => a.at - b.at || a.code - b.code;
  let oracle = new TinyQueue<Expected>([], byTimeThenOrder);
  const pushed: Expected[] = [];
  const gone = new Set<number>();
  for (const { kind, ...rest } of steps) {
    if (kind === 'push') {
      const at = (rest as { at: number }).at;
      const code = pushed.length;
      const entry = { at, code, handle: queue.push(timeUs(at), recorder, code, `p${code}`) };
      pushed.push(entry);
      oracle.push(entry);
    } else if (kind === 'cancel' && pushed.length > 0) {
      const entry = pushed[(rest as { pick: number }).pick % pushed.length] as Expected;
      expect(queue.cancel(entry.handle)).toBe(!gone.has(entry.code));
      gone.add(entry.code);
      oracle = new TinyQueue(
        oracle.data.filter((kept) => kept !== entry),
        byTimeThenOrder,
      );
    } else if (kind === 'fire' && oracle.length > 0) {
      const next = oracle.pop() as Expected;
      queue.fire();
      gone.add(next.code);
      expect(recorder.fired.at(-1)).toEqual([next.at, next.code, `p${next.code}`]);
    }
    expect(queue.size).toBe(oracle.length);
    expect(queue.nextTime()).toBe(oracle.peek()?.at);
  }
}

/** Pushes 10,000 events, fires half of them and pushes as many anew, cancels a third, and fires the rest. */
function firesInOrder(draws: readonly number[], spread: number): void {
  const queue = new EventQueue();
  const recorder = new Recorder();
  const alive = new Map<number, { readonly at: number; readonly handle: number }>();
  let pushed = 0;
  let now = 0;
  const push = () => {
    const draw = (draws[pushed % draws.length] as number) + Math.imul(pushed, 0x9e3779b1);
    const at = now + ((draw >>> 0) % spread);
    alive.set(pushed, { at, handle: queue.push(timeUs(at), recorder, pushed, undefined) });
    pushed++;
  };
  const fire = () => {
    queue.fire();
    const [at, code] = recorder.fired.at(-1) as [number, number, unknown];
    expect(alive.get(code)?.at).toBe(at);
    alive.delete(code);
    now = at;
  };
  for (let i = 0; i < 10_000; i++) push();
  for (let i = 0; i < 5000; i++) {
    fire();
    push();
  }
  for (const [code, { handle }] of [...alive]) {
    if (code % 3 !== 0) continue;
    expect(queue.cancel(handle)).toBe(true);
    alive.delete(code);
  }
  expect(queue.size).toBe(alive.size);
  // What an ordered list of all that is left says: by time, then in the order of pushing.
  const expected = [...alive].sort(([a, x], [b, y]) => x.at - y.at || a - b).map(([code]) => code);
  const from = recorder.fired.length;
  while (queue.size > 0) fire();
  expect(recorder.fired.slice(from).map(([, code]) => code)).toEqual(expected);
  const times = recorder.fired.map(([at]) => at);
  expect(times.every((at, i) => i === 0 || (times[i - 1] as number) <= at)).toBe(true);
}

describe('EventQueue', () => {
  it('agrees with tinyqueue on any sequence of push, fire and cancel', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        compareWithTinyQueue(steps, new EventQueue(4));
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with tinyqueue while the sequence numbers run out and are dealt anew', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        compareWithTinyQueue(steps, new EventQueue(4, 0x8000_0000 - 50));
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['far apart', 2_000_000_000],
    ['close together', 300],
    ['at the same time', 1],
  ])('keeps the order of ten thousand events %s, cancelled ones among them', (_, spread) => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 100, maxLength: 100 }), (draws) => {
        firesInOrder(draws, spread);
      }),
      { numRuns: 3, seed: 9 },
    );
  });

  it('takes no longer over thousands of events of one instant than over others', () => {
    // Each push must not look at all of them: 20,000 squared would never end.
    const queue = new EventQueue();
    const recorder = new Recorder();
    for (let code = 0; code < 20_000; code++) queue.push(timeUs(1_000_000), recorder, code, 0);
    while (queue.size > 0) queue.fire();
    expect(recorder.fired.map(([, code]) => code)).toEqual(
      Array.from({ length: 20_000 }, (_, i) => i),
    );
  });

  it('fires events of the same time in the order in which they were pushed', () => {
    const queue = new EventQueue();
    const recorder = new Recorder();
    for (let code = 0; code < 100; code++) queue.push(timeUs(7), recorder, code, undefined);
    while (queue.size > 0) queue.fire();
    expect(recorder.fired.map(([, code]) => code)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it('never cancels a later event by the handle of one that is gone', () => {
    const queue = new EventQueue();
    const recorder = new Recorder();
    const first = queue.push(timeUs(1), recorder, 1, undefined);
    queue.fire();
    queue.push(timeUs(2), recorder, 2, undefined);
    expect(queue.cancel(first)).toBe(false);
    expect(queue.cancel(0)).toBe(false);
    queue.fire();
    expect(recorder.fired.map(([, code]) => code)).toEqual([1, 2]);
  });

  it('may be pushed to and cancelled in from within an event', () => {
    const queue = new EventQueue();
    const recorder = new Recorder();
    const victim = queue.push(timeUs(5), recorder, 99, undefined);
    queue.push(
      timeUs(1),
      {
        onEvent: (now) => {
          expect(queue.cancel(victim)).toBe(true);
          queue.push(now, recorder, 1, undefined);
        },
      },
      0,
      undefined,
    );
    while (queue.size > 0) queue.fire();
    expect(recorder.fired).toEqual([[1, 1, undefined]]);
  });

  it('stays as small as what is pending when timers are set and cancelled for ever', () => {
    const queue = new EventQueue(64);
    const recorder = new Recorder();
    for (let i = 0; i < 200_000; i++) {
      const handle = queue.push(timeUs(1e9 + i), recorder, 0, undefined);
      expect(queue.cancel(handle)).toBe(true);
    }
    expect(queue.size).toBe(0);
    expect(queue.capacity).toBeLessThanOrEqual(128);
  });

  it('says so when it is asked to fire nothing', () => {
    expect(() => new EventQueue().fire()).toThrow('empty event queue');
  });
});
