/** A Web Worker that runs one scenario out of files given as bytes: the whole pure zone, nothing of Node. */

import { runScenario } from '../../sim/scenario/run.ts';
import { openScenario } from './open-scenario.ts';

interface Request {
  readonly path: string;
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[];
}

self.onmessage = (message: MessageEvent<Request>) => {
  const files = new Map(message.data.files);
  const { scenario } = openScenario(message.data.path, files);
  if (scenario === undefined) {
    self.postMessage({ error: 'the scenario cannot be read' });
    return;
  }
  const result = runScenario(scenario, {});
  self.postMessage({ verdict: result.verdict, traceHash: result.traceHash });
};
