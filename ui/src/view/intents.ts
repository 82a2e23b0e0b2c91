/** What keys and the palette ask for, carried out. */

import type { Page } from '../store/context.ts';
import type { KeyIntent } from '../store/keys.ts';
import type { LowerTab } from '../store/view.svelte.ts';
import { secondsText } from '../words/time-text.ts';

/** Carries an intent out. */
export function carryOut(intent: KeyIntent, page: Page): void {
  const { twin, view, guide } = page;
  switch (intent) {
    case 'play':
      twin.togglePlay();
      return;
    case 'step':
    case 'step-back':
      twin.send({ type: 'step', unit: 'event', direction: direction(intent) });
      return;
    case 'advert':
    case 'advert-back':
      twin.send({ type: 'step', unit: 'advert', direction: direction(intent) });
      return;
    case 'next-failover':
      twin.send({ type: 'failover', direction: 'next' });
      return;
    case 'previous-failover':
      twin.send({ type: 'failover', direction: 'previous' });
      return;
    case 'unplug':
      if (view.selection.kind === 'cable') twin.togglePlug(view.selection.name);
      else twin.tell('news', 'Select a cable first: then u unplugs it.');
      return;
    case 'power':
      if (view.selection.kind === 'node') twin.togglePower(view.selection.name);
      else twin.tell('news', 'Select a device first: then k switches its power.');
      return;
    case 'copy-link':
      void copyLink(page);
      return;
    case 'mark':
      mark(page);
      return;
    case 'palette':
      view.paletteOpen = true;
      return;
    case 'guide':
      guide.shown = !guide.shown;
      return;
    case 'help':
      view.helpOpen = true;
      return;
    default:
      goTo(intent, page);
  }
}

/** Puts a link to this moment into the clipboard, or shows it where there is none. */
export async function copyLink({ twin, view }: Page): Promise<void> {
  const link = new URL(view.address(twin.at, twin.scenario?.id), location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    twin.tell('news', 'A link to this moment is in the clipboard.');
  } catch {
    twin.tell('news', `The link to this moment: ${link}`);
  }
}

function mark({ twin, view }: Page): void {
  if (twin.scenario === undefined) return;
  const isNew = view.toggleMark(twin.scenario.id, twin.at);
  twin.tell('news', `${secondsText(twin.at)} s ${isNew ? 'is marked' : 'is no longer marked'}.`);
}

function direction(intent: KeyIntent): 'forward' | 'back' {
  return intent.endsWith('back') ? 'back' : 'forward';
}

function goTo(intent: KeyIntent, page: Page): void {
  if (intent === 'filter') go('packets', '#packet-filter', page);
  else if (intent === 'go-map') focusOn('#map .node-button');
  else if (intent === 'go-lanes') focusOn('#scrub');
  else if (intent === 'go-table') go('devices', '#lower-tab-devices', page);
  else if (intent === 'go-packets') go('packets', '#lower-tab-packets', page);
  else if (intent === 'go-events') go('events', '#lower-tab-events', page);
}

function go(tab: LowerTab, selector: string, { view }: Page): void {
  view.tab = tab;
  setTimeout(() => focusOn(selector));
}

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}
