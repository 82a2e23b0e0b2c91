/**
 * How cables run between devices: which edge of a card each port sits on, the curve between two ports, and where on
 * the curve a packet is. Ports of one edge are ordered by where their cables go, so that cables do not cross.
 */

import type { TopologyCable } from '../../../sim/session/protocol-views.ts';
import { type Box, nodeOf } from './layout.ts';

/** A point of the map. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where a port is, and on which edge of its device. */
export interface Anchor extends Point {
  readonly edge: 'top' | 'bottom';
}

/** A cable as a cubic curve. */
export interface CableCurve {
  readonly a: Anchor;
  readonly b: Anchor;
  readonly controlA: Point;
  readonly controlB: Point;
}

/** Every cable's curve, by the cable's id. */
export function cableCurves(
  cables: readonly TopologyCable[],
  boxes: ReadonlyMap<string, Box>,
): Map<string, CableCurve> {
  const anchors = portAnchors(cables, boxes);
  const curves = new Map<string, CableCurve>();
  for (const cable of cables) {
    const [a, b] = [anchors.get(cable.a), anchors.get(cable.b)];
    if (a !== undefined && b !== undefined) curves.set(cable.id, curveBetween(a, b));
  }
  return curves;
}

/** The curve as an SVG path. */
export function pathOf(curve: CableCurve): string {
  const { a, b, controlA, controlB } = curve;
  return `M${at(a)} C${at(controlA)} ${at(controlB)} ${at(b)}`;
}

/** The point at `progress` (0 to 1) of the way from end `from` to the other end. */
export function pointOn(curve: CableCurve, from: 'a' | 'b', progress: number): Point {
  const t = from === 'a' ? progress : 1 - progress;
  const u = 1 - t;
  const mix = (a: number, ca: number, cb: number, b: number) =>
    u * u * u * a + 3 * u * u * t * ca + 3 * u * t * t * cb + t * t * t * b;
  const { a, b, controlA, controlB } = curve;
  return {
    x: mix(a.x, controlA.x, controlB.x, b.x),
    y: mix(a.y, controlA.y, controlB.y, b.y),
  };
}

/** Where each cabled port sits, by `NODE:PORT`. */
export function portAnchors(
  cables: readonly TopologyCable[],
  boxes: ReadonlyMap<string, Box>,
): Map<string, Anchor> {
  const edges = new Map<string, { end: string; towards: number }[]>();
  for (const cable of cables) {
    place(cable.a, cable.b);
    place(cable.b, cable.a);
  }
  const anchors = new Map<string, Anchor>();
  for (const [key, ports] of edges) {
    const box = boxes.get(key.slice(key.indexOf(' ') + 1));
    if (box === undefined) continue;
    const edge = key.startsWith('top') ? 'top' : 'bottom';
    ports.sort((left, right) => left.towards - right.towards);
    ports.forEach((port, index) => {
      const x = box.x + (box.width * (index + 1)) / (ports.length + 1);
      anchors.set(port.end, { x, y: edge === 'top' ? box.y : box.y + box.height, edge });
    });
  }
  return anchors;

  function place(end: string, other: string): void {
    const [here, there] = [boxes.get(nodeOf(end)), boxes.get(nodeOf(other))];
    if (here === undefined || there === undefined) return;
    const above = there.y + there.height / 2 < here.y + here.height / 2;
    const key = `${above ? 'top' : 'bottom'} ${nodeOf(end)}`;
    const ports = edges.get(key) ?? [];
    ports.push({ end, towards: there.x + there.width / 2 });
    edges.set(key, ports);
  }
}

function curveBetween(a: Anchor, b: Anchor): CableCurve {
  const reach = Math.max(28, Math.abs(a.y - b.y) * 0.45);
  const pulled = (end: Anchor) => ({
    x: end.x,
    y: end.y + (end.edge === 'top' ? -reach : reach),
  });
  return { a, b, controlA: pulled(a), controlB: pulled(b) };
}

function at(point: Point): string {
  return `${round(point.x)},${round(point.y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
