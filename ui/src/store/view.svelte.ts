/** What this page looks at: selection, tabs, filter, theme, positions. Kept in the URL, preferences in local storage. */

import type { Place } from '../geometry/layout.ts';
import { formatAddress, parseAddress } from './view-address.ts';

/** What is selected. */
export type Selection =
  | { readonly kind: 'node' | 'cable'; readonly name: string }
  | { readonly kind: 'none' };

/** The tabs under the lanes. */
export type LowerTab = 'packets' | 'events' | 'devices' | 'verdicts';

const TABS: readonly LowerTab[] = ['packets', 'events', 'devices', 'verdicts'];

/** See the head of the file. */
export class View {
  selection: Selection = $state.raw({ kind: 'none' });
  packet: number | undefined = $state(undefined);
  tab: LowerTab = $state('packets');
  filter = $state('');
  theme: 'light' | 'dark' | 'system' = $state('system');
  keysEnabled = $state(true);
  helpOpen = $state(false);
  saveOpen = $state(false);
  chooserOpen = $state(false);
  /** The host from which the next click pings. */
  pingFrom: string | undefined = $state(undefined);
  places: ReadonlyMap<string, Place> = $state.raw(new Map());
  /** Somebody moved something here, on this page. */
  moved = $state(false);
  /** A moment that the address asked for and that was not gone to yet. */
  wantedAt: number | undefined;

  constructor() {
    const address = parseAddress(location.hash);
    this.wantedAt = address.t;
    this.filter = address.f ?? '';
    this.theme = address.theme ?? 'system';
    this.tab = TABS.find((tab) => tab === address.tab) ?? 'packets';
    const [kind, name] = splitAt(address.sel ?? '');
    if (kind === 'node' || kind === 'cable') this.selection = { kind, name };
    if (kind === 'packet' && /^\d+$/.test(name)) this.packet = Number(name);
    this.keysEnabled = read('lantwin.keys') !== 'off';
  }

  selectNode(name: string): void {
    this.selection = { kind: 'node', name };
  }

  selectCable(name: string): void {
    this.selection = { kind: 'cable', name };
  }

  isSelected(kind: 'node' | 'cable', name: string): boolean {
    return this.selection.kind === kind && this.selection.name === name;
  }

  setKeysEnabled(on: boolean): void {
    this.keysEnabled = on;
    write('lantwin.keys', on ? 'on' : 'off');
  }

  /** The address of what is seen now, at the given moment. */
  address(at: number | undefined): string {
    const selected =
      this.selection.kind === 'none' ? undefined : `${this.selection.kind}:${this.selection.name}`;
    const sel = selected ?? (this.packet === undefined ? undefined : `packet:${this.packet}`);
    return formatAddress(
      {
        ...(at === undefined ? {} : { t: at }),
        ...(sel === undefined ? {} : { sel }),
        ...(this.tab === 'packets' ? {} : { tab: this.tab }),
        ...(this.filter === '' ? {} : { f: this.filter }),
        ...(this.theme === 'system' ? {} : { theme: this.theme }),
      },
      location.hash,
    );
  }

  loadPlaces(scenario: string): void {
    const text = read(`lantwin.places.${scenario}`);
    this.places = new Map(text === undefined ? [] : parsePlaces(text));
  }

  movePlace(scenario: string, node: string, place: Place): void {
    const x = Math.max(0, Math.round(place.x));
    const y = Math.max(0, Math.round(place.y));
    this.places = new Map(this.places).set(node, { x, y });
    this.moved = true;
    write(`lantwin.places.${scenario}`, JSON.stringify([...this.places]));
  }

  forgetPlaces(scenario: string): void {
    this.places = new Map();
    this.moved = false;
    write(`lantwin.places.${scenario}`, '[]');
  }
}

function parsePlaces(text: string): [string, Place][] {
  try {
    const known: unknown = JSON.parse(text);
    return Array.isArray(known) ? known.filter(isPlaceEntry) : [];
  } catch {
    return [];
  }
}

function isPlaceEntry(entry: unknown): entry is [string, Place] {
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
  const place: unknown = entry[1];
  if (typeof place !== 'object' || place === null || !('x' in place) || !('y' in place)) {
    return false;
  }
  return Number.isFinite(place.x) && Number.isFinite(place.y);
}

function splitAt(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** Local storage may be switched off; then nothing is remembered. */
function read(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // Not remembered, nothing else.
  }
}
