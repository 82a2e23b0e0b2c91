/**
 * The worker of a static page: a live session over files that the page handed in. The only module of `ui/` that imports
 * the session itself; it does here what `sim/server` does in Node.
 */

import { loadScenario } from '../../../sim/scenario/load-scenario.ts';
import { readerOf, readerWith } from '../../../sim/scenario/reading.ts';
import { readYaml } from '../../../sim/scenario/yaml-source.ts';
import { LiveSession, type LoadedChoice } from '../../../sim/session/live-session.ts';
import type { ScenarioChoice } from '../../../sim/session/protocol-views.ts';
import type { FromWorker, ScenarioTexts, ToWorker, WrittenScenario } from './worker-link.ts';

/** How often time goes on, ms. */
const TICK_MS = 33;

let files: ReadonlyMap<string, Uint8Array> = new Map();
let say: ((message: unknown) => void) | undefined;

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const { data } = event;
  switch (data.kind) {
    case 'files': {
      const encoder = new TextEncoder();
      files = new Map(data.files.map(([path, text]) => [path, encoder.encode(text)] as const));
      say = openSession();
      return;
    }
    case 'files-of':
      post({ kind: 'files-of', files: filesOf(data.scenario, data.written) });
      return;
    case 'message':
      say?.(data.message);
  }
};

function post(message: FromWorker): void {
  self.postMessage(message);
}

/** Makes the session; returns how to speak to it. */
function openSession(): (message: unknown) => void {
  const session = new LiveSession({
    scenarios: choicesOf(),
    load: (id) => loadChoice(id),
    application: 'lantwin in the browser',
  });
  const viewer = session.attach({
    role: 'control',
    send: (message) => post({ kind: 'message', message }),
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

/** Name and explanation of each scenario: reading them whole, configurations and all, is left until one is opened. */
function choicesOf(): ScenarioChoice[] {
  const decoder = new TextDecoder();
  return [...files].flatMap(([id, bytes]) => {
    if (!id.endsWith('.twin.yml')) return [];
    const { value } = readYaml(id, decoder.decode(bytes));
    if (typeof value !== 'object' || value === null) return [];
    const { name, about } = value as { readonly name?: unknown; readonly about?: unknown };
    const group = id.split('/').slice(0, -1).join('/');
    const shown = { id, name: typeof name === 'string' ? name : id, group };
    return [typeof about === 'string' ? { ...shown, about: about.trim() } : shown];
  });
}

function loadChoice(id: string): LoadedChoice | string {
  const bytes = files.get(id);
  if (bytes === undefined) return 'there is no such scenario';
  const folder = folderOf(id);
  const { scenario, problems } = loadScenario({
    file: id,
    bytes,
    readFile: readerOf(files, folder),
  });
  return scenario === undefined
    ? `${id}: ${problems[0]?.message ?? 'cannot be read'}`
    : { scenario, problems };
}

/** A written scenario and, by reading it, every file that it names. */
function filesOf(scenario: string, written: WrittenScenario): ScenarioTexts {
  const folder = folderOf(scenario);
  const beside = readerOf(files, folder);
  const named = new Map<string, string>();
  const decoder = new TextDecoder();
  loadScenario({
    file: written.fileName,
    bytes: new TextEncoder().encode(written.text),
    readFile: readerWith((name) => {
      const bytes = beside(name);
      if (bytes !== undefined) named.set(name, decoder.decode(bytes));
      return bytes;
    }, beside.list),
  });
  return [[written.fileName, written.text], ...named];
}

function folderOf(id: string): string {
  return id.slice(0, id.lastIndexOf('/') + 1);
}
