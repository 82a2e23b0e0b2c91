/**
 * The link of a static page: the session lives in a worker, and the scenarios are a file beside the page. A link may carry a
 * whole scenario in the URL's fragment (`share=`, see `share-text.ts`): the fragment never reaches a server, and what it
 * carries is text for the twin, never a program.
 */

import { packFiles, SHARE_CHARACTERS_MAX, unpackFiles } from './share-text.ts';
import type { LinkListener, TwinLink } from './twin-link.ts';
import type { ScenarioTexts, WorkerLink } from './worker-link.ts';

/** Where scenarios of a shared link stand among the others. */
const SHARED_FOLDER = 'shared with this link/';

/** The worker and the scenarios are fetched first; what is said meanwhile is said once it is open. */
export function openStaticLink(listener: LinkListener): TwinLink {
  let link: WorkerLink | undefined;
  let closed = false;
  let current: string | undefined;
  let shared: string | undefined;
  const start = async () => {
    keepForOffline();
    const { openWorkerLink } = await import('./worker-link.ts');
    const own: ScenarioTexts = await (await fetch('./scenarios.json')).json();
    const carried = await readShared();
    if (closed) return;
    shared = carried?.[0]?.[0];
    link = openWorkerLink([...(carried ?? []), ...own], listener);
  };
  start().catch((error: unknown) => listener.onStatus('closed', String(error)));
  return {
    send: (message) => {
      link?.send(message);
      if (message.type === 'hello' && shared !== undefined) {
        current = shared;
        link?.send({ type: 'open', scenario: shared });
      }
      if (message.type === 'open') {
        current = message.scenario;
        if (current !== shared) forgetShared();
      }
    },
    close: () => {
      closed = true;
      link?.close();
    },
    share: async ({ fileName, text }) => {
      if (link === undefined || current === undefined) return undefined;
      const files = await link.filesOf(current, { fileName, text });
      const packed = await packFiles(files);
      if (packed.length > SHARE_CHARACTERS_MAX) return undefined;
      const params = new URLSearchParams({ share: packed });
      return new URL(`#${params}`, location.href).href;
    },
  };
}

/** The files of a shared link, the scenario first; a link that cannot be read is as good as none. */
async function readShared(): Promise<ScenarioTexts | undefined> {
  const packed = fragment().get('share');
  if (packed === null) return undefined;
  const files = await unpackFiles(packed);
  if (files === undefined) console.warn('the scenario in this link cannot be read');
  return files?.map(([path, text]) => [SHARED_FOLDER + path, text] as const);
}

/** Another scenario was opened: the one in the address would only come back at a reload. */
function forgetShared(): void {
  const params = fragment();
  if (!params.has('share')) return;
  params.delete('share');
  history.replaceState(undefined, '', `#${params}`);
}

function fragment(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

/** Keeps page and scenarios in the browser, where that is possible: the page then opens offline too. */
function keepForOffline(): void {
  if (!('serviceWorker' in navigator) || !isSecureContext) return;
  navigator.serviceWorker
    .register('./offline.js')
    .catch((error: unknown) => console.warn(`no offline copy: ${error}`));
}
