import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadScenarioFile } from '../../../../sim/cli/scenario-files.ts';
import { bindSteps } from '../../../../sim/scenario/matrix/bind-actions.ts';
import { runScenario } from '../../../../sim/scenario/run.ts';

const FILE = 'scenarios/seeds/nginx-pair/balances-web-servers.twin.yml';

/**
 * A server that stood still goes on with connections whose client has opened others for the same
 * ports since, with another server. Found by explore: 300,000 segments a second, for ever.
 */
test('two ends that hold different connections do not answer each other for ever', () => {
  const { scenario } = loadScenarioFile(join(import.meta.dirname, '../../../..', FILE));
  if (scenario === undefined) throw new Error('no scenario');
  const at = (ms: number) => (ms * 1000) as typeof scenario.until;
  const steps = bindSteps([
    { at: at(24_822), actions: [{ freeze: 'server-a' }] },
    { at: at(36_302), actions: [{ resume: 'server-a' }] },
  ]);
  const run = { ...scenario, steps, always: [], finally: [], until: at(42_000) };
  const result = runScenario(run, { seed: 3201790156, eventLimit: 1_000_000 });
  expect(result.stopped).toBe('end');
  expect(result.eventCount).toBeLessThan(100_000);
});
