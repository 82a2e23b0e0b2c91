/** How components reach the session and the view without passing them through every level. */

import { getContext, setContext } from 'svelte';
import type { GuideState } from './guide-state.svelte.ts';
import type { Twin } from './twin.svelte.ts';
import type { View } from './view.svelte.ts';

/** What every component may use. */
export interface Page {
  readonly twin: Twin;
  readonly view: View;
  readonly guide: GuideState;
}

const KEY = Symbol('lantwin');

/** Makes both known to everything below; called once. */
export function providePage(page: Page): void {
  setContext(KEY, page);
}

/** The session and the view. */
export function usePage(): Page {
  return getContext<Page>(KEY);
}
