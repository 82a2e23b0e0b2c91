/** What this page looks at: selection, tabs, filter, theme, positions. Kept in the URL, preferences in local storage. */

import type { Place } from '../geometry/layout.ts';
import { readStored, writeStored } from './stored.ts';
import { type Frame, formatAddress, parseAddress } from './view-address.ts';

/** What is selected. */
export type Selection =
  | { readonly kind: 'node' | 'cable'; readonly name: string }
  | { readonly kind: 'none' };

/** The tabs under the lanes. */
export type LowerTab = 'packets' | 'events' | 'devices' | 'verdicts';

/** The tabs of a host's panel. */
export type HostTab = 'hands' | 'tables' | 'journal' | 'config' | 'terminal';

const HOST_TABS: readonly HostTab[] = ['hands', 'tables', 'journal', 'config', 'terminal'];

/** Moments that can be marked. */
const MARKS_MAX = 200;

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
  paletteOpen = $state(false);
  /** How much of the page is shown: all, what a screen on a wall needs, or what a frame in another page needs. */
  frame: Frame = $state('full');
  /** The tab of a host's panel; kept from host to host. */
  hostTab: HostTab = $state('tables');
  /** A line that the host's terminal shall have typed when it opens. */
  typeNext: { readonly host: string; readonly line: string } | undefined = $state.raw(undefined);
  /** Moments that somebody marked, in order. */
  marks: readonly number[] = $state.raw([]);
  /** The host from which the next click pings. */
  pingFrom: string | undefined = $state(undefined);
  places: ReadonlyMap<string, Place> = $state.raw(new Map());
  /** Somebody moved something here, on this page. */
  moved = $state(false);
  /** A moment that the address asked for and that was not gone to yet. */
  wantedAt: number | undefined;
  /** The scenario that the address is about. */
  wantedScenario: string | undefined;

  constructor() {
    const address = parseAddress(location.hash);
    this.wantedAt = address.t;
    this.filter = address.f ?? '';
    this.theme = address.theme ?? 'system';
    this.tab = TABS.find((tab) => tab === address.tab) ?? 'packets';
    this.frame = address.frame ?? 'full';
    this.hostTab = HOST_TABS.find((tab) => tab === address.htab) ?? 'tables';
    const [kind, name] = splitAt(address.sel ?? '');
    if (kind === 'node' || kind === 'cable') this.selection = { kind, name };
    if (/^\d{1,9}$/.test(address.p ?? '')) this.packet = Number(address.p);
    this.wantedScenario = address.s;
    this.keysEnabled = readStored('lantwin.keys') !== 'off';
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
    writeStored('lantwin.keys', on ? 'on' : 'off');
  }

  /** The address of what is seen now, at the given moment. */
  address(at: number | undefined, scenario: string | undefined): string {
    const selected =
      this.selection.kind === 'none' ? undefined : `${this.selection.kind}:${this.selection.name}`;
    return formatAddress(
      {
        ...(at === undefined ? {} : { t: at }),
        ...(scenario === undefined ? {} : { s: scenario }),
        ...(selected === undefined ? {} : { sel: selected }),
        ...(this.packet === undefined ? {} : { p: String(this.packet) }),
        ...(this.tab === 'packets' ? {} : { tab: this.tab }),
        ...(this.filter === '' ? {} : { f: this.filter }),
        ...(this.theme === 'system' ? {} : { theme: this.theme }),
        ...(this.frame === 'full' ? {} : { frame: this.frame }),
        ...(this.hostTab === 'tables' ? {} : { htab: this.hostTab }),
      },
      location.hash,
    );
  }

  loadMarks(scenario: string): void {
    const kept = readStored(`lantwin.marks.${scenario}`) ?? '';
    this.marks = kept
      .split(' ')
      .filter((text) => /^\d{1,15}$/.test(text))
      .map(Number);
  }

  /** Marks a moment, or takes its mark away; says which. */
  toggleMark(scenario: string, at: number): boolean {
    const isNew = !this.marks.includes(at);
    const others = this.marks.filter((known) => known !== at);
    this.marks = (isNew ? [...others, at] : others).sort((a, b) => a - b).slice(-MARKS_MAX);
    writeStored(`lantwin.marks.${scenario}`, this.marks.join(' '));
    return isNew;
  }

  loadPlaces(scenario: string): void {
    const text = readStored(`lantwin.places.${scenario}`);
    this.places = new Map(text === undefined ? [] : parsePlaces(text));
  }

  movePlace(scenario: string, node: string, place: Place): void {
    const x = Math.max(0, Math.round(place.x));
    const y = Math.max(0, Math.round(place.y));
    this.places = new Map(this.places).set(node, { x, y });
    this.moved = true;
    writeStored(`lantwin.places.${scenario}`, JSON.stringify([...this.places]));
  }

  forgetPlaces(scenario: string): void {
    this.places = new Map();
    this.moved = false;
    writeStored(`lantwin.places.${scenario}`, '[]');
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
