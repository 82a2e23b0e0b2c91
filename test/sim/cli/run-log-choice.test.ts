import { expect, test } from 'vitest';
import { logFor } from '../../../sim/cli/command-run.ts';
import { EVENTS_ONLY, FULL_LOG } from '../../../sim/engine/run-log.ts';

test.each([
  ['off', ['text'], EVENTS_ONLY],
  ['off', ['dot', 'github', 'tap'], EVENTS_ONLY],
  ['off', ['text', 'json'], FULL_LOG],
  ['off', ['junit'], FULL_LOG],
  ['off', ['html'], FULL_LOG],
  ['on', ['text'], FULL_LOG],
  ['retain-on-failure', ['text'], FULL_LOG],
] as const)(
  'run --trace %s with reporters %j hashes only where the hash is shown',
  (trace, reporters, log) => {
    expect(logFor(trace, reporters)).toBe(log);
  },
);
