import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import { EVENTS_ONLY, NO_LOG, type RunEvent, RunLog } from '../../../sim/engine/run-log.ts';
import { TraceHash } from '../../../sim/engine/trace-hash.ts';

const event = (at: number, extra: object = {}): RunEvent => ({
  at: timeUs(at),
  node: 'n',
  kind: 'k',
  ...extra,
});

function hashOf(...events: readonly RunEvent[]): string {
  const log = new RunLog();
  for (const one of events) log.record(one);
  return log.hash();
}

describe('RunLog', () => {
  it('keeps events in order and tells listeners', () => {
    const log = new RunLog();
    const heard: RunEvent[] = [];
    log.record(event(1));
    log.listen((one) => heard.push(one));
    log.record(event(2));
    expect(log.events.map((one) => one.at)).toEqual([1, 2]);
    expect(heard.map((one) => one.at)).toEqual([2]);
  });

  it('keeps events and has no hash when nobody wants one', () => {
    const log = new RunLog(EVENTS_ONLY);
    log.record(event(1));
    log.mixFrame(timeUs(1), 1, Uint8Array.of(1), '');
    expect(log.events.length).toBe(1);
    expect(log.hash()).toBe('');
  });

  it('comes to the same hash for the same events, however their keys were ordered', () => {
    const one = event(1, { x: 1, y: 'two' });
    const same = { y: 'two', kind: 'k', x: 1, node: 'n', at: timeUs(1) } as RunEvent;
    expect(hashOf(one)).toBe(hashOf(same));
    expect(hashOf(one)).toMatch(/^[0-9a-f]{16}$/);
    expect(hashOf(event(1, { absent: undefined }))).toBe(hashOf(event(1)));
  });

  it('never changes with the Node version: the hash of this event is this', () => {
    expect(hashOf(event(1_000_000, { bytes: Uint8Array.of(1, 2, 3), big: 5n }))).toBe(KNOWN_HASH);
  });

  it('notices a changed time, order, value, type and number of events', () => {
    const hashes = [
      hashOf(event(1), event(2)),
      hashOf(event(2), event(1)),
      hashOf(event(1), event(3)),
      hashOf(event(1)),
      hashOf(),
      hashOf(event(1), event(2, { x: 1 })),
      hashOf(event(1), event(2, { x: '1' })),
      hashOf(event(1), event(2, { x: 1n })),
      hashOf(event(1), event(2, { x: [1] })),
      hashOf(event(1), event(2, { x: Uint8Array.of(1) })),
      hashOf(event(1), event(2, { x: new Map([[1, 2]]) })),
      hashOf(event(1), event(2, { x: new Map([[1, 3]]) })),
      hashOf(event(1), event(2, { x: new Set([1]) })),
      hashOf(event(1), event(2, { x: true })),
      hashOf(event(1), event(2, { x: null })),
      hashOf(event(1), event(2, { x: 0.5 })),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('hashes frames by time, line, bytes and fate', () => {
    const frame = Uint8Array.of(1, 2, 3, 4, 5);
    const mixed = (...frames: readonly [number, number, Uint8Array, string][]) => {
      const log = new RunLog();
      for (const [at, line, bytes, lost] of frames) log.mixFrame(timeUs(at), line, bytes, lost);
      return log.hash();
    };
    const base = mixed([1, 2, frame, '']);
    expect(mixed([1, 2, frame.slice(), ''])).toBe(base);
    const others = [
      mixed([2, 2, frame, '']),
      mixed([1, 3, frame, '']),
      mixed([1, 2, Uint8Array.of(1, 2, 3, 4, 6), '']),
      mixed([1, 2, frame.subarray(0, 4), '']),
      mixed([1, 2, frame, 'loss']),
      mixed([1, 2, frame, ''], [1, 2, frame, '']),
    ];
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
  });
});

describe('TraceHash', () => {
  const hashBytes = (bytes: Uint8Array) => {
    const hash = new TraceHash();
    hash.bytes(bytes);
    return hash.hex();
  };

  it('notices any single changed bit, and spreads it over about half of the digits’ bits', () => {
    const bytes = Uint8Array.from({ length: 101 }, (_, i) => i * 7);
    const before = BigInt(`0x${hashBytes(bytes)}`);
    let changedBits = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const other = bytes.slice();
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      const difference = BigInt(`0x${hashBytes(other)}`) ^ before;
      expect(difference).not.toBe(0n);
      changedBits += difference.toString(2).replaceAll('0', '').length;
    }
    const mean = changedBits / (bytes.length * 8);
    expect(mean).toBeGreaterThan(30);
    expect(mean).toBeLessThan(34);
  });

  it('notices swapped words, zeros at the end, and where one text ends and the next begins', () => {
    const texts = (...parts: readonly string[]) => {
      const hash = new TraceHash();
      for (const part of parts) hash.text(part);
      return hash.hex();
    };
    expect(texts('ab', 'c')).not.toBe(texts('a', 'bc'));
    expect(texts('abc')).not.toBe(texts('ab', 'c'));
    expect(texts('')).not.toBe(texts('', ''));
    expect(hashBytes(new Uint8Array(4))).not.toBe(hashBytes(new Uint8Array(5)));
    expect(hashBytes(new Uint8Array(0))).not.toBe(hashBytes(new Uint8Array(8)));
  });

  it('tells numbers apart that a 32-bit view would take for one', () => {
    const numbers = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), 2 ** 53 - 1, 2 ** 31, 0.5];
    const hashes = numbers.map((value) => {
      const hash = new TraceHash();
      hash.number(value);
      return hash.hex();
    });
    expect(new Set(hashes).size).toBe(numbers.length);
  });

  it('gives 200,000 counted-up inputs 200,000 hashes, in each half nearly so', () => {
    const whole = new Set<string>();
    const low = new Set<string>();
    for (let i = 0; i < 200_000; i++) {
      const hash = new TraceHash();
      hash.word(i);
      hash.word(0);
      whole.add(hash.hex());
      low.add(hash.hex().slice(8));
    }
    expect(whole.size).toBe(200_000);
    // A random 32-bit function would have about 4.7 pairs of these collide.
    expect(low.size).toBeGreaterThan(200_000 - 30);
  });

  it('takes reading out in between as no part of the input', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (words) => {
        const [one, two] = [new TraceHash(), new TraceHash()];
        for (const word of words) {
          one.word(word);
          two.word(word);
          two.hex();
        }
        expect(one.hex()).toBe(two.hex());
      }),
    );
  });
});

const KNOWN_HASH = '2c23f83cec693a9b';

it('a log that is not asked for anything counts and tells, and neither keeps nor hashes', () => {
  const log = new RunLog(NO_LOG);
  const heard: RunEvent[] = [];
  log.listen((one) => heard.push(one));
  log.record({ at: timeUs(1), node: 'a', kind: 'x' });
  log.mixNumber(1);
  log.mixFrame(timeUs(1), 1, new Uint8Array(60), '');
  expect(log.eventCount).toBe(1);
  expect(heard).toHaveLength(1);
  expect(log.events).toHaveLength(0);
  expect(log.hash()).toBe('');
});
