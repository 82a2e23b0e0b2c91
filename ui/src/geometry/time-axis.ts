/** The one time axis: virtual microseconds to pixels and back, round tick marks, and spans cut to what is visible. */

import type { Span } from '../../../sim/session/protocol-views.ts';

/** A stretch of virtual time drawn over a width. */
export interface TimeAxis {
  readonly fromUs: number;
  readonly toUs: number;
  readonly widthPx: number;
}

/** A bar of a lane. */
export interface Bar<T> {
  readonly x: number;
  readonly width: number;
  readonly value: T;
  readonly from: number;
  readonly to: number;
}

/** The axis over everything so far: never shorter than the scenario, or than ten seconds. */
export function axisOver(options: {
  readonly endUs: number;
  readonly untilUs: number;
  readonly widthPx: number;
}): TimeAxis {
  const toUs = Math.max(options.endUs, options.untilUs, 10_000_000);
  return { fromUs: 0, toUs, widthPx: Math.max(1, options.widthPx) };
}

/** Where a moment is, in pixels. */
export function xOf(axis: TimeAxis, atUs: number): number {
  return ((atUs - axis.fromUs) / (axis.toUs - axis.fromUs)) * axis.widthPx;
}

/** Which moment is at a pixel; never outside of the axis. */
export function timeAt(axis: TimeAxis, x: number): number {
  const share = Math.min(1, Math.max(0, x / axis.widthPx));
  return Math.round(axis.fromUs + share * (axis.toUs - axis.fromUs));
}

/** Round moments for tick marks, at least `gapPx` apart. */
export function ticksOf(axis: TimeAxis, gapPx: number): number[] {
  const usPerPx = (axis.toUs - axis.fromUs) / axis.widthPx;
  const step = roundStep(usPerPx * gapPx);
  const ticks: number[] = [];
  for (let at = Math.ceil(axis.fromUs / step) * step; at <= axis.toUs; at += step) ticks.push(at);
  return ticks;
}

/** Bars of spans on the axis; an open span ends now. Nothing is thinner than a pixel. */
export function barsOf<T>(axis: TimeAxis, spans: readonly Span<T>[], nowUs: number): Bar<T>[] {
  const bars: Bar<T>[] = [];
  for (const span of spans) {
    const to = span.to ?? nowUs;
    if (to < axis.fromUs || span.from > axis.toUs || span.from > to) continue;
    const x = xOf(axis, Math.max(span.from, axis.fromUs));
    const width = Math.max(1, xOf(axis, Math.min(to, axis.toUs)) - x);
    bars.push({ x, width, value: span.value, from: span.from, to });
  }
  return bars;
}

function roundStep(us: number): number {
  let step = 1;
  while (step < us) {
    for (const factor of [1, 2, 5]) {
      if (step * factor >= us) return step * factor;
    }
    step *= 10;
  }
  return step;
}
