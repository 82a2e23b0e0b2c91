import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import { Wakeup } from '../../../sim/engine/wakeup.ts';

function makeWakeup(): { engine: Engine; wakeup: Wakeup; met: number[] } {
  const engine = new Engine({ seed: 1 });
  const met: number[] = [];
  const wakeup = new Wakeup(engine, (now) => met.push(now));
  return { engine, wakeup, met };
}

describe('Wakeup', () => {
  it('meets its deadline once', () => {
    const { engine, wakeup, met } = makeWakeup();
    wakeup.moveTo(timeUs(10));
    expect(wakeup.dueUs).toBe(10);
    engine.runUntil(timeUs(100));
    expect(met).toEqual([10]);
    expect(wakeup.dueUs).toBeUndefined();
  });

  it('moved later it is never early, and moving costs no event of its own', () => {
    const { engine, wakeup, met } = makeWakeup();
    for (let due = 10; due <= 1000; due++) wakeup.moveTo(timeUs(due));
    engine.runUntil(timeUs(2000));
    expect(met).toEqual([1000]);
    expect(engine.eventCount).toBe(2);
  });

  it('moved earlier it is met at the earlier time alone', () => {
    const { engine, wakeup, met } = makeWakeup();
    wakeup.moveTo(timeUs(100));
    wakeup.moveTo(timeUs(10));
    engine.runUntil(timeUs(200));
    expect(met).toEqual([10]);
    expect(engine.queue.size).toBe(0);
  });

  it('cleared it is not met, and may be set again', () => {
    const { engine, wakeup, met } = makeWakeup();
    wakeup.moveTo(timeUs(10));
    wakeup.moveTo(undefined);
    engine.runUntil(timeUs(5));
    wakeup.moveTo(timeUs(20));
    engine.runUntil(timeUs(100));
    expect(met).toEqual([20]);
  });

  it('may be set again from within onDue, for the same time too', () => {
    const engine = new Engine({ seed: 1 });
    const met: number[] = [];
    const wakeup: Wakeup = new Wakeup(engine, (now) => {
      met.push(now);
      if (met.length < 3) wakeup.moveTo(timeUs(met.length === 1 ? now : now + 5));
    });
    wakeup.moveTo(timeUs(10));
    engine.runUntil(timeUs(100));
    expect(met).toEqual([10, 10, 15]);
  });

  it('does what a plain timer that is cancelled and set anew would do', () => {
    const moves = fc.array(fc.tuple(fc.nat(50), fc.option(fc.nat(100), { nil: undefined })));
    fc.assert(
      fc.property(moves, (script) => {
        const { engine, wakeup, met } = makeWakeup();
        const plain = new Engine({ seed: 1 });
        const expected: number[] = [];
        let handle = 0;
        for (const [wait, ahead] of script) {
          engine.runUntil(timeUs(engine.now + wait));
          plain.runUntil(timeUs(plain.now + wait));
          const due = ahead === undefined ? undefined : timeUs(engine.now + ahead);
          wakeup.moveTo(due);
          plain.cancel(handle);
          if (due !== undefined) {
            const target = { onEvent: (now: number) => expected.push(now) };
            handle = plain.schedule(due, target, 0, undefined);
          }
        }
        engine.runUntil(timeUs(10_000));
        plain.runUntil(timeUs(10_000));
        expect(met).toEqual(expected);
      }),
    );
  });
});
