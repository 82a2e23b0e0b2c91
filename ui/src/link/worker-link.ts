/**
 * The same door as `twin-link.ts`, with the session in a Web Worker of the page: nothing leaves the browser. Loaded only by
 * a static page, which carries its scenario files as `scenarios.json` beside it.
 */

import type { LinkListener, TwinLink } from './twin-link.ts';

/** The files of the scenarios: paths relative to each other, and their text. */
export type ScenarioTexts = readonly (readonly [path: string, text: string])[];

/** What the page says to the worker: the files first, then the messages of the protocol. */
export type ToWorker =
  | { readonly kind: 'files'; readonly files: ScenarioTexts }
  | { readonly kind: 'message'; readonly message: unknown };

/** Starts the worker. */
export function openWorkerLink(files: ScenarioTexts, listener: LinkListener): TwinLink {
  const worker = new Worker(new URL('./session-worker.ts', import.meta.url), { type: 'module' });
  const post = (message: ToWorker) => worker.postMessage(message);
  listener.onStatus('connecting', '');
  worker.onmessage = (event) => listener.onMessage(event.data);
  worker.onerror = (event) => listener.onStatus('closed', event.message);
  post({ kind: 'files', files });
  queueMicrotask(() => listener.onStatus('open', ''));
  return {
    send: (message) => post({ kind: 'message', message }),
    close: () => worker.terminate(),
  };
}
