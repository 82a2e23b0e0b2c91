/**
 * The worker of a static page: a live session over files that the page handed in. The only module of `ui/` that imports
 * the session itself; it does here what `sim/server` does in Node.
 */

import { loadScenario } from '../../../sim/scenario/load-scenario.ts';
import { LiveSession, type LoadedChoice } from '../../../sim/session/live-session.ts';
import type { ScenarioChoice } from '../../../sim/session/protocol-views.ts';
import type { ScenarioTexts, ToWorker } from './worker-link.ts';

/** How often time goes on, ms. */
const TICK_MS = 33;

let say: ((message: unknown) => void) | undefined;

self.onmessage = (event: MessageEvent<ToWorker>) => {
  if (event.data.kind === 'files') say = openSession(event.data.files);
  else say?.(event.data.message);
};

/** Makes the session; returns how to speak to it. */
function openSession(texts: ScenarioTexts): (message: unknown) => void {
  const encoder = new TextEncoder();
  const files = new Map(texts.map(([path, text]) => [path, encoder.encode(text)] as const));
  const session = new LiveSession({
    scenarios: choicesOf(files),
    load: (id) => loadChoice(id, files),
    application: 'lantwin in the browser',
  });
  const viewer = session.attach({
    role: 'control',
    send: (message) => self.postMessage(message),
  });
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const elapsedUs = Math.floor((now - last) * 1000);
    last = now;
    session.advance(elapsedUs);
  }, TICK_MS);
  return (message) => session.receive(viewer, message);
}

function choicesOf(files: ReadonlyMap<string, Uint8Array>): ScenarioChoice[] {
  const paths = [...files.keys()].filter((path) => path.endsWith('.twin.yml'));
  return paths.flatMap((id) => {
    const loaded = loadChoice(id, files);
    if (typeof loaded === 'string') return [];
    const { name, about } = loaded.scenario;
    const group = id.split('/').slice(0, -1).join('/');
    return [{ id, name, group, ...(about === undefined ? {} : { about }) }];
  });
}

function loadChoice(id: string, files: ReadonlyMap<string, Uint8Array>): LoadedChoice | string {
  const bytes = files.get(id);
  if (bytes === undefined) return 'there is no such scenario';
  const folder = id.slice(0, id.lastIndexOf('/') + 1);
  const { scenario, problems } = loadScenario({
    file: id,
    bytes,
    readFile: (name) => files.get(folder + name),
  });
  return scenario === undefined
    ? `${id}: ${problems[0]?.message ?? 'cannot be read'}`
    : { scenario, problems };
}
