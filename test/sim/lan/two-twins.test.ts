import { expect, it } from 'vitest';
import { durationUs } from '../../../daemon/base/time.ts';
import { BROADCAST, StarLan, stationMac } from './lan-kit.ts';

/** A LAN with losses and moves whose story depends on the seed; plays it in slices of 1 ms. */
function makeStory(seed: number): { slice(): void; hash(): string } {
  const lan = new StarLan(0, {}, seed);
  for (let n = 1; n <= 4; n++) lan.addStation(n, { traceNumber: n });
  lan.station(1).cable.impair('both', {
    loss: { numerator: 1, denominator: 3 },
    jitter: durationUs(300),
  });
  let round = 0;
  return {
    slice() {
      round++;
      lan.station(1).send(BROADCAST, round);
      lan.station(2).send(stationMac(1), round);
      if (round % 10 === 0) lan.station(3).cable.unplug();
      if (round % 10 === 5) lan.station(3).cable.replug();
      lan.run();
    },
    hash: () => lan.engine.log.hash(),
  };
}

it('two twins in one process run as each would alone', () => {
  const alone = [11, 22].map((seed) => {
    const story = makeStory(seed);
    for (let i = 0; i < 100; i++) story.slice();
    return story.hash();
  });
  const [one, two] = [makeStory(11), makeStory(22)];
  for (let i = 0; i < 100; i++) {
    one.slice();
    two.slice();
  }
  expect([one.hash(), two.hash()]).toEqual(alone);
  expect(alone[0]).not.toBe(alone[1]);
});
