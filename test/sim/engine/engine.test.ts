import { describe, expect, it } from 'vitest';
import { durationUs, timeUs } from '../../../daemon/base/time.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import type { EventTarget } from '../../../sim/engine/event-queue.ts';

class Recorder implements EventTarget {
  readonly heard: [number, number][] = [];
  onHeard: ((now: number, code: number) => void) | undefined;

  onEvent(now: number, code: number): void {
    this.heard.push([now, code]);
    this.onHeard?.(now, code);
  }
}

function engineWithRecorder(): { engine: Engine; recorder: Recorder } {
  return { engine: new Engine({ seed: 1 }), recorder: new Recorder() };
}

describe('Engine', () => {
  it('fires what is due up to and including the given time, then stands there', () => {
    const { engine, recorder } = engineWithRecorder();
    engine.schedule(timeUs(10), recorder, 1, undefined);
    engine.schedule(timeUs(20), recorder, 2, undefined);
    engine.schedule(timeUs(21), recorder, 3, undefined);
    expect(engine.runUntil(timeUs(20))).toBe('reached-time');
    expect(recorder.heard).toEqual([
      [10, 1],
      [20, 2],
    ]);
    expect([engine.now, engine.eventCount]).toEqual([20, 2]);
  });

  it('shows an event its own time as now, and takes a past time as now', () => {
    const { engine, recorder } = engineWithRecorder();
    recorder.onHeard = (now, code) => {
      expect(engine.now).toBe(now);
      if (code === 1) engine.schedule(timeUs(3), recorder, 2, undefined);
    };
    engine.schedule(timeUs(10), recorder, 1, undefined);
    engine.runUntil(timeUs(100));
    expect(recorder.heard).toEqual([
      [10, 1],
      [10, 2],
    ]);
  });

  it('is bounded by a number of events, and goes on from there', () => {
    const { engine, recorder } = engineWithRecorder();
    recorder.onHeard = () => {
      engine.scheduleAfter(durationUs(0), recorder, 0, undefined);
    };
    engine.scheduleAfter(durationUs(5), recorder, 0, undefined);
    expect(engine.runUntil(timeUs(10), 1000)).toBe('event-limit');
    expect([engine.now, recorder.heard.length]).toEqual([5, 1000]);
    expect(engine.runUntil(timeUs(10), 500)).toBe('event-limit');
    expect(recorder.heard.length).toBe(1500);
  });

  it('stops behind the event that asked for it', () => {
    const { engine, recorder } = engineWithRecorder();
    recorder.onHeard = () => engine.requestStop();
    engine.schedule(timeUs(10), recorder, 1, undefined);
    engine.schedule(timeUs(10), recorder, 2, undefined);
    expect(engine.runUntil(timeUs(100))).toBe('requested');
    expect([engine.now, recorder.heard]).toEqual([10, [[10, 1]]]);
    recorder.onHeard = undefined;
    expect(engine.runUntil(timeUs(100))).toBe('reached-time');
    expect(recorder.heard.length).toBe(2);
  });

  it('never goes back in time', () => {
    const { engine } = engineWithRecorder();
    engine.runUntil(timeUs(100));
    engine.runUntil(timeUs(50));
    expect(engine.now).toBe(100);
  });

  it('steps event by event, past cancelled ones', () => {
    const { engine, recorder } = engineWithRecorder();
    const gone = engine.schedule(timeUs(1), recorder, 1, undefined);
    engine.schedule(timeUs(2), recorder, 2, undefined);
    expect(engine.cancel(gone)).toBe(true);
    expect(engine.cancel(gone)).toBe(false);
    expect(engine.step()).toBe(true);
    expect(engine.step()).toBe(false);
    expect(recorder.heard).toEqual([[2, 2]]);
  });
});
