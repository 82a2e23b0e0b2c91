/** The key `traffic`: defaults filled in, the sending host checked. */

import { durationUs, later, seconds, TIME_ZERO, timeUs } from '../../daemon/base/time.ts';
import type { Reading } from './reading.ts';
import type { TrafficSpec } from './scenario.ts';
import { didYouMean } from './schema/did-you-mean.ts';
import type { RawScenario } from './schema/scenario-schema.ts';

/** ping(8): one request a second. */
const DEFAULT_EVERY = seconds(1);
/** A second is what users call "no answer"; ping's own -W is for the end only. */
const DEFAULT_TIMEOUT = seconds(1);
/** ping(8): 56 bytes of payload. */
const DEFAULT_SIZE = 56;
/** More than 100,000 requests a second are surely a slip of the pen. */
const SHORTEST_EVERY = durationUs(10);

/** All traffic of a scenario, in file order. */
export function readTraffic(raw: RawScenario, reading: Reading): readonly TrafficSpec[] {
  return Object.entries(raw.traffic ?? {}).map(([name, from]): TrafficSpec => {
    const path = ['traffic', name];
    if (raw.lan.hosts[from.from] === undefined) {
      reading.report({
        code: 'scenario:unknown-host',
        path: [...path, 'from'],
        message: `there is no host '${from.from}'`,
        hint: didYouMean(from.from, Object.keys(raw.lan.hosts)),
      });
    }
    const every = from.every ?? DEFAULT_EVERY;
    if (every < SHORTEST_EVERY) {
      const message = 'every: expected at least 10us between two requests';
      reading.report({ code: 'scenario:bad-value', path: [...path, 'every'], message });
    }
    return {
      name,
      kind: 'ping',
      from: from.from,
      to: from.ping,
      every,
      timeout: from.timeout ?? DEFAULT_TIMEOUT,
      start: from.start === undefined ? TIME_ZERO : timeUs(from.start),
      ...(from.stop === undefined ? {} : { stop: later(TIME_ZERO, from.stop) }),
      size: from.size ?? DEFAULT_SIZE,
    };
  });
}
