/**
 * Where devices stand on the map: tidy tiers by role, clients on top, then the switches that they use, the routers
 * below, and the servers behind them. Plain numbers in, plain numbers out; the same LAN always looks the same.
 * What a person moved by hand wins over the computed place.
 */

import type { TopologyCable, TopologyNode } from '../../../sim/session/protocol-views.ts';

/** A device's rectangle, in map units (CSS pixels at zoom 1). */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A place given by hand or by the sidecar file. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** What the layout needs to know beside the topology. */
export interface LayoutInput {
  readonly nodes: readonly TopologyNode[];
  readonly cables: readonly TopologyCable[];
  /** Height of a host's card. */
  readonly cardHeight: (node: TopologyNode) => number;
  readonly placed: ReadonlyMap<string, Place>;
  /** Places that the topology carries do not count. */
  readonly ignoreSidecar?: boolean;
}

/** A LAN with a place for every device. */
export interface MapLayout {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly width: number;
  readonly height: number;
}

export const CARD_WIDTH = 214;
/** Cards of a LAN with long rows are narrower and taller: a map has more height than it would use. */
export const NARROW_CARD_WIDTH = 166;
const SWITCH_HEIGHT = 46;
const PORT_WIDTH = 70;
const GAP_X = 26;
const GAP_Y = 64;
const MARGIN = 18;
const NARROW_GAP_X = 16;
const NARROW_PORT_WIDTH = 52;
/** Hosts of one row, where they could stand on both sides of their switch. */
const ROW_MAX = 3;
/** A longer row makes the cards narrow. */
const WIDE_ROW_MAX = 4;

/** Computes every device's rectangle. */
export function layoutMap(input: LayoutInput): MapLayout {
  const rows = orderRows(tiers(input.nodes, input.cables), input.cables);
  const boxes = new Map<string, Box>();
  const sizes = isNarrow(input) ? NARROW : WIDE;
  const rowWidth = (row: readonly TopologyNode[]) =>
    row.reduce((sum, node) => sum + widthOf(node, sizes), 0) + sizes.gap * (row.length - 1);
  const widest = Math.max(0, ...rows.map(rowWidth));
  let y = MARGIN;
  for (const row of rows) {
    let x = MARGIN + (widest - rowWidth(row)) / 2;
    const tallest = Math.max(...row.map((node) => heightOf(node, input)));
    for (const node of row) {
      const width = widthOf(node, sizes);
      boxes.set(node.name, { x, y, width, height: heightOf(node, input) });
      x += width + sizes.gap;
    }
    y += tallest + GAP_Y;
  }
  for (const node of input.nodes) {
    const box = boxes.get(node.name);
    const place = input.placed.get(node.name) ?? (input.ignoreSidecar ? undefined : placeOf(node));
    if (box !== undefined && place !== undefined) boxes.set(node.name, { ...box, ...place });
  }
  return { boxes, ...extent(boxes) };
}

/** How tall a host's card is for what it shows at most: virtual routers, and lines of virtual addresses. */
export function cardHeight(
  node: TopologyNode,
  shows: { readonly instances: number; readonly vipLines: number; readonly narrow: boolean },
): number {
  if (!node.hasKeepalived) return 66 + 18 * (node.ports.length - 1);
  return 60 + (shows.narrow ? 56 : 40) * shows.instances + 18 * shows.vipLines;
}

/** Whether a LAN has rows so long that its cards are narrow. */
export function isNarrow(input: Pick<LayoutInput, 'nodes' | 'cables'>): boolean {
  return tiers(input.nodes, input.cables).some(
    (row) => row.filter((node) => node.role !== 'switch').length > WIDE_ROW_MAX,
  );
}

/** The node's name in `NODE:PORT`. */
export function nodeOf(end: string): string {
  return end.slice(0, end.indexOf(':'));
}

/** The port's name in `NODE:PORT`. */
export function portOf(end: string): string {
  return end.slice(end.indexOf(':') + 1);
}

/** Names of the nodes that share a cable with the given one. */
export function neighboursOf(name: string, cables: readonly TopologyCable[]): string[] {
  return cables.flatMap((cable) => {
    const [a, b] = [nodeOf(cable.a), nodeOf(cable.b)];
    if (a === name) return [b];
    return b === name ? [a] : [];
  });
}

function tiers(nodes: readonly TopologyNode[], cables: readonly TopologyCable[]): TopologyNode[][] {
  const byName = new Map(nodes.map((node) => [node.name, node] as const));
  const roles = (name: string) =>
    neighboursOf(name, cables).map((other) => byName.get(other)?.role ?? 'host');
  const isFrontSwitch = (node: TopologyNode) => {
    const around = roles(node.name);
    return !around.includes('server') || around.includes('client') || around.includes('host');
  };
  const rows: TopologyNode[][] = [[], [], [], [], []];
  for (const node of nodes) rows[tierOf(node)]?.push(node);
  balance(rows, cables);
  shareOut(rows);
  return rows.filter((row) => row.length > 0);

  function tierOf(node: TopologyNode): number {
    if (node.role === 'switch') return isFrontSwitch(node) ? 1 : 3;
    if (node.role === 'router') return 2;
    if (node.role !== 'server') return 0;
    const behind = neighboursOf(node.name, cables)
      .map((name) => byName.get(name))
      .some((other) => other?.role === 'switch' && !isFrontSwitch(other));
    return behind ? 4 : 2;
  }
}

/** A LAN without routers would be one long row over its switches: every second host goes below. */
function balance(rows: TopologyNode[][], cables: readonly TopologyCable[]): void {
  const [above, switches, below] = rows;
  if (above === undefined || switches === undefined || below === undefined) return;
  if (below.length > 0 || switches.length === 0 || above.length <= ROW_MAX) return;
  const seen = new Map<string, number>();
  const stays = above.filter((node) => {
    const [hub = ''] = neighboursOf(node.name, cables);
    const count = seen.get(hub) ?? 0;
    seen.set(hub, count + 1);
    if (count % 2 === 1) below.push(node);
    return count % 2 === 0;
  });
  above.splice(0, above.length, ...stays);
}

/** Servers beside many routers go to the other side of the switch, as long as that row is the shorter one. */
function shareOut(rows: TopologyNode[][]): void {
  const [above, , below] = rows;
  if (above === undefined || below === undefined) return;
  for (;;) {
    const index = below.findLastIndex((node) => node.role === 'server');
    if (index < 0 || below.length <= WIDE_ROW_MAX || above.length + 1 > below.length) return;
    above.push(...below.splice(index, 1));
  }
}

/** Puts each row's devices in the order of what they are cabled to, so that few cables cross. */
function orderRows(
  rows: readonly TopologyNode[][],
  cables: readonly TopologyCable[],
): TopologyNode[][] {
  const rank = new Map<string, number>();
  const remember = (row: readonly TopologyNode[]) =>
    row.forEach((node, index) => {
      rank.set(node.name, (index + 0.5) / row.length);
    });
  const sorted = rows.map((row) => [...row].sort((a, b) => a.order - b.order));
  sorted.forEach(remember);
  for (let round = 0; round < 2; round++) {
    for (const row of sorted) {
      const weight = new Map(row.map((node) => [node.name, barycentre(node.name)] as const));
      row.sort(
        (a, b) =>
          (weight.get(a.name) ?? 0) - (weight.get(b.name) ?? 0) ||
          Number(a.role === 'server') - Number(b.role === 'server') ||
          a.order - b.order,
      );
      remember(row);
    }
  }
  return sorted;

  function barycentre(name: string): number {
    const around = neighboursOf(name, cables).map((other) => rank.get(other) ?? 0.5);
    if (around.length === 0) return 0.5;
    return around.reduce((sum, value) => sum + value, 0) / around.length;
  }
}

interface Sizes {
  readonly card: number;
  readonly port: number;
  readonly gap: number;
}

const WIDE: Sizes = { card: CARD_WIDTH, port: PORT_WIDTH, gap: GAP_X };
const NARROW: Sizes = { card: NARROW_CARD_WIDTH, port: NARROW_PORT_WIDTH, gap: NARROW_GAP_X };

function widthOf(node: TopologyNode, sizes: Sizes): number {
  if (node.role !== 'switch') return sizes.card;
  return Math.max(sizes.card, node.ports.length * sizes.port + 24);
}

function heightOf(node: TopologyNode, input: LayoutInput): number {
  return node.role === 'switch' ? SWITCH_HEIGHT : input.cardHeight(node);
}

function placeOf(node: TopologyNode): Place | undefined {
  return node.x === undefined || node.y === undefined ? undefined : { x: node.x, y: node.y };
}

function extent(boxes: ReadonlyMap<string, Box>): { width: number; height: number } {
  let [width, height] = [0, 0];
  for (const box of boxes.values()) {
    width = Math.max(width, box.x + box.width + MARGIN);
    height = Math.max(height, box.y + box.height + MARGIN);
  }
  return { width, height };
}
