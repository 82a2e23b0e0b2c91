import { describe, expect, it } from 'vitest';
import type { RandomSource } from '../../../daemon/base/random.ts';
import { RandomStreams } from '../../../sim/engine/random-streams.ts';

const draw = (source: RandomSource, count: number) =>
  Array.from({ length: count }, () => source.uint32());

describe('RandomStreams', () => {
  it('gives the same numbers for the same seed and owner, other ones for others', () => {
    const numbers = (seed: number, owner: string) => draw(new RandomStreams(seed).named(owner), 4);
    expect(numbers(1, 'a')).toEqual(numbers(1, 'a'));
    expect(numbers(1, 'a')).not.toEqual(numbers(2, 'a'));
    expect(numbers(1, 'a')).not.toEqual(numbers(1, 'b'));
  });

  it('never changes with the Node version: the first numbers of seed 1 are these', () => {
    expect(draw(new RandomStreams(1).named('cable:sw1-3'), 3)).toEqual(FIRST_NUMBERS);
  });

  it('leaves everybody alone when a stream is added or drawn from elsewhere', () => {
    const alone = draw(new RandomStreams(7).named('cable:1'), 10);
    const streams = new RandomStreams(7);
    const mixed: number[] = [];
    for (let i = 0; i < 10; i++) {
      draw(streams.named(`newcomer-${i}`), i);
      mixed.push(streams.named('cable:1').uint32());
    }
    expect(mixed).toEqual(alone);
  });

  it('goes on where it was saved, through JSON', () => {
    const streams = new RandomStreams(3);
    draw(streams.named('a'), 5);
    draw(streams.named('b'), 2);
    const saved = JSON.parse(JSON.stringify(streams.save()));
    const expected = [draw(streams.named('a'), 5), draw(streams.named('b'), 5)];
    const other = new RandomStreams(3);
    draw(other.named('a'), 99);
    other.restore(saved);
    expect([draw(other.named('a'), 5), draw(other.named('b'), 5)]).toEqual(expected);
  });

  it('keeps the objects that owners hold when it is restored', () => {
    const streams = new RandomStreams(3);
    const held = streams.named('a');
    const saved = streams.save();
    const expected = draw(held, 3);
    streams.restore(saved);
    expect(draw(held, 3)).toEqual(expected);
    expect(streams.named('a')).toBe(held);
  });

  it('starts a stream anew that a saved state does not mention', () => {
    const streams = new RandomStreams(3);
    const saved = streams.save();
    const expected = draw(streams.named('late'), 3);
    streams.restore(saved);
    expect(draw(streams.named('late'), 3)).toEqual(expected);
  });

  it('saves in the same order whatever the order of first use', () => {
    const [one, two] = [new RandomStreams(1), new RandomStreams(1)];
    one.named('a');
    one.named('b');
    two.named('b');
    two.named('a');
    expect(JSON.stringify(one.save())).toBe(JSON.stringify(two.save()));
  });
});

const FIRST_NUMBERS = [1971680478, 2790828254, 59474334];
