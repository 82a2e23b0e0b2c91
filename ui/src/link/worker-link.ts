/**
 * The same door as `twin-link.ts`, with the session in a Web Worker of the page: nothing leaves the browser. Loaded only by
 * a static page, which carries its scenario files as `scenarios.json` beside it.
 */

import type { ServerMessage } from '../../../sim/session/protocol.ts';
import type { LinkListener, TwinLink } from './twin-link.ts';

/** The files of the scenarios: paths relative to each other, and their text. */
export type ScenarioTexts = readonly (readonly [path: string, text: string])[];

/** A scenario file written by the session, in place of the one that is open. */
export interface WrittenScenario {
  readonly fileName: string;
  readonly text: string;
}

/** What the page says to the worker: the files first, then the messages of the protocol. */
export type ToWorker =
  | { readonly kind: 'files'; readonly files: ScenarioTexts }
  | { readonly kind: 'files-of'; readonly scenario: string; readonly written: WrittenScenario }
  | { readonly kind: 'message'; readonly message: unknown };

/** What the worker says: messages of the protocol, and the files that the page asked for. */
export type FromWorker =
  | { readonly kind: 'files-of'; readonly files: ScenarioTexts }
  | { readonly kind: 'message'; readonly message: ServerMessage };

/** A link that can tell which files a scenario is made of. */
export interface WorkerLink extends TwinLink {
  /** A written scenario and every file that it names, without the folder of the open one. */
  filesOf(scenario: string, written: WrittenScenario): Promise<ScenarioTexts>;
}

/** Starts the worker. */
export function openWorkerLink(files: ScenarioTexts, listener: LinkListener): WorkerLink {
  const worker = new Worker(new URL('./session-worker.ts', import.meta.url), { type: 'module' });
  const post = (message: ToWorker) => worker.postMessage(message);
  const waiting: ((files: ScenarioTexts) => void)[] = [];
  listener.onStatus('connecting', '');
  worker.onmessage = (event: MessageEvent<FromWorker>) => {
    if (event.data.kind === 'message') listener.onMessage(event.data.message);
    else waiting.shift()?.(event.data.files);
  };
  worker.onerror = (event) => listener.onStatus('closed', event.message);
  post({ kind: 'files', files });
  queueMicrotask(() => listener.onStatus('open', ''));
  return {
    send: (message) => post({ kind: 'message', message }),
    close: () => worker.terminate(),
    filesOf: (scenario, written) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        post({ kind: 'files-of', scenario, written });
      }),
  };
}
