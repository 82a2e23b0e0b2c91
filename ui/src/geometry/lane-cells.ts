/** The rows of the time lanes: who was what, who held which address, when nobody answered; each as bars with words. */

import type { LanesView, Span } from '../../../sim/session/protocol-views.ts';
import { stateGlyph } from '../words/state-words.ts';
import { barsOf, type TimeAxis } from './time-axis.ts';

/** A bar with its words; `look` names its colours. */
export interface Cell {
  readonly x: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly look: string;
}

/** One row. */
export interface Lane {
  readonly key: string;
  readonly label: string;
  readonly cells: readonly Cell[];
}

/** What the rows are drawn on. */
export interface LaneOptions {
  readonly axis: TimeAxis;
  /** Where open spans end. */
  readonly nowUs: number;
  /** Names of the hosts as they stand in the file, not as they happened to start. */
  readonly order: readonly string[];
}

/** All rows: VRRP states, then addresses, then outages. */
export function laneCells(lanes: LanesView, options: LaneOptions): Lane[] {
  const several = new Set(lanes.vrrp.map((lane) => lane.vrid)).size > 1;
  const place = (host: string) => options.order.indexOf(host);
  const vrrp = lanes.vrrp
    .toSorted((a, b) => place(a.host) - place(b.host) || a.vrid - b.vrid)
    .map((lane) => ({
      key: `vrrp ${lane.host} ${lane.instance}`,
      label: several ? `${lane.host} vrid ${lane.vrid}` : lane.host,
      cells: cellsOf(lane.spans, options, (state) => ({
        text: `${stateGlyph(state)} ${state}`,
        look: `state-${state}`,
      })),
    }));
  const vips = lanes.vips
    .toSorted((a, b) => (a.address < b.address ? -1 : 1))
    .map((lane) => ({
      key: `vip ${lane.address}`,
      label: lane.address,
      cells: cellsOf(lane.spans, options, holderWords),
    }));
  const traffic = lanes.traffic.map((lane) => ({
    key: `traffic ${lane.name}`,
    label: `${lane.name}: outages`,
    cells: cellsOf(lane.outages, options, () => ({ text: '✖ no answer', look: 'outage' })),
  }));
  return [...vrrp, ...vips, ...traffic];
}

function holderWords(holders: readonly string[]): { text: string; look: string } {
  if (holders.length === 0) return { text: 'nobody', look: 'nobody' };
  return { text: holders.join(' and '), look: holders.length > 1 ? 'double' : 'holder' };
}

function cellsOf<T>(
  spans: readonly Span<T>[],
  options: LaneOptions,
  wordsOf: (value: T) => { text: string; look: string },
): Cell[] {
  return barsOf(options.axis, spans, options.nowUs).map(({ value, ...bar }) => ({
    ...bar,
    ...wordsOf(value),
  }));
}
