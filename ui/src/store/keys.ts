/** Which key does what: one table for the handler and for the help. Single keys can be switched off (WCAG 2.1.4). */

/** What a key asks for. */
export type KeyIntent =
  | 'play'
  | 'step'
  | 'step-back'
  | 'advert'
  | 'advert-back'
  | 'previous-failover'
  | 'next-failover'
  | 'unplug'
  | 'power'
  | 'filter'
  | 'help'
  | 'copy-link'
  | 'go-map'
  | 'go-table'
  | 'go-lanes'
  | 'go-packets'
  | 'go-events'
  | 'mark'
  | 'palette'
  | 'guide';

/** One line of the help. `key` is `KeyboardEvent.key`; two letters are pressed one after the other. */
export interface KeyLine {
  readonly key: string;
  readonly shown: string;
  readonly intent: KeyIntent;
  readonly words: string;
}

/** All keys of the page. */
export const KEYS: readonly KeyLine[] = [
  { key: ' ', shown: 'Space', intent: 'play', words: 'play or pause' },
  { key: '.', shown: '.', intent: 'step', words: 'one event forward' },
  { key: ',', shown: ',', intent: 'step-back', words: 'one event back' },
  { key: '>', shown: 'Shift .', intent: 'advert', words: 'to the next advert' },
  { key: '<', shown: 'Shift ,', intent: 'advert-back', words: 'to the advert before' },
  { key: '[', shown: '[', intent: 'previous-failover', words: 'previous failover' },
  { key: ']', shown: ']', intent: 'next-failover', words: 'next failover' },
  { key: 'u', shown: 'u', intent: 'unplug', words: 'unplug or plug in the selected cable' },
  { key: 'k', shown: 'k', intent: 'power', words: 'power the selected device off or on' },
  { key: '/', shown: '/', intent: 'filter', words: 'packet filter' },
  { key: 'c', shown: 'c', intent: 'copy-link', words: 'copy a link to this moment' },
  { key: 'm', shown: 'm', intent: 'mark', words: 'mark this moment, or take its mark away' },
  { key: 'gm', shown: 'g m', intent: 'go-map', words: 'go to the map' },
  { key: 'gt', shown: 'g t', intent: 'go-table', words: 'go to the table of devices' },
  { key: 'gl', shown: 'g l', intent: 'go-lanes', words: 'go to the time lanes' },
  { key: 'gp', shown: 'g p', intent: 'go-packets', words: 'go to the packets' },
  { key: 'ge', shown: 'g e', intent: 'go-events', words: 'go to the events' },
  { key: 'gg', shown: 'g g', intent: 'guide', words: 'show or hide the guide, if there is one' },
  { key: 'ctrl+k', shown: 'Ctrl K', intent: 'palette', words: 'find anything that can be done' },
  { key: '?', shown: '?', intent: 'help', words: 'this help' },
];

/** What the focused element makes of keys. */
export type FocusKind = 'text' | 'button' | 'other';

/** A key press as far as the page cares. */
export interface KeyPress {
  readonly key: string;
  /** Ctrl, Alt or Meta is held: ours only for the palette. */
  readonly modified: boolean;
  /** Ctrl or Meta, without Alt. */
  readonly command: boolean;
  readonly focus: FocusKind;
  /** The key pressed before this one, when it was `g`. */
  readonly before: string;
  readonly enabled: boolean;
}

/** What a key press asks for, if anything. Text fields keep their keys, buttons keep Space. */
export function intentOf(press: KeyPress): KeyIntent | undefined {
  // No single letter, so it works in text fields too, and cannot be switched off.
  if (press.command && press.key.toLowerCase() === 'k') return 'palette';
  if (!press.enabled || press.modified || press.focus === 'text') return undefined;
  if (press.focus === 'button' && press.key === ' ') return undefined;
  const key = press.before === 'g' ? `g${press.key}` : press.key;
  return KEYS.find((line) => line.key === key)?.intent;
}
