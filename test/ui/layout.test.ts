import { describe, expect, it } from 'vitest';
import type { TopologyCable, TopologyNode } from '../../sim/session/protocol-views.ts';
import { cableCurves, pathOf, pointOn, portAnchors } from '../../ui/src/geometry/cable-path.ts';
import {
  type Box,
  CARD_WIDTH,
  layoutMap,
  NARROW_CARD_WIDTH,
  neighboursOf,
} from '../../ui/src/geometry/layout.ts';

describe('the map of one switch, three routers and a client', () => {
  const lan = star(['srv-1', 'srv-2', 'srv-3'], ['laptop'], []);

  it('puts the client above the switch and the routers below it', () => {
    const { boxes } = place(lan);
    expect(top(boxes, 'laptop')).toBeLessThan(top(boxes, 'sw1'));
    expect(top(boxes, 'sw1')).toBeLessThan(top(boxes, 'srv-1'));
    expect(top(boxes, 'srv-1')).toBe(top(boxes, 'srv-3'));
  });

  it('keeps the order of the file from left to right', () => {
    const { boxes } = place(lan);
    const left = ['srv-1', 'srv-2', 'srv-3'].map((name) => boxOf(boxes, name).x);
    expect(left).toEqual([...left].sort((a, b) => a - b));
  });

  it('covers no device by another and stays inside its own size', () => {
    const { boxes, width, height } = place(lan);
    const all = [...boxes.values()];
    for (const [index, one] of all.entries()) {
      for (const other of all.slice(index + 1)) expect(overlap(one, other)).toBe(false);
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.x + one.width).toBeLessThanOrEqual(width);
      expect(one.y + one.height).toBeLessThanOrEqual(height);
    }
  });

  it('lets cables of one device leave in the order of where they go', () => {
    const { boxes } = place(lan);
    const anchors = portAnchors(lan.cables, boxes);
    const ports = ['sw1:1', 'sw1:2', 'sw1:3'].map((end) => anchors.get(end)?.x ?? 0);
    expect(ports).toEqual([...ports].sort((a, b) => a - b));
    expect(anchors.get('sw1:1')?.edge).toBe('bottom');
    expect(anchors.get('laptop:eth0')?.edge).toBe('bottom');
    expect(anchors.get('srv-1:eth0')?.edge).toBe('top');
  });

  it('leaves a device where it was moved to', () => {
    const { boxes, width } = place(lan, new Map([['srv-2', { x: 2000, y: 30 }]]));
    expect(boxOf(boxes, 'srv-2')).toMatchObject({ x: 2000, y: 30 });
    expect(width).toBeGreaterThan(2000);
  });
});

describe('the map of a LAN without routers', () => {
  it('stands on both sides of its switch when it is large', () => {
    const { boxes } = place(star([], ['a', 'b', 'c', 'd', 'e'], []));
    const below = ['a', 'b', 'c', 'd', 'e'].filter((name) => top(boxes, name) > top(boxes, 'sw1'));
    expect(below).toEqual(['b', 'd']);
  });
});

describe('the map of a load balancer', () => {
  it('puts servers of the same switch beside the routers, behind them in the row', () => {
    const { boxes } = place(star(['lb1', 'lb2'], ['client'], ['web1', 'web2']));
    expect(top(boxes, 'web1')).toBe(top(boxes, 'lb1'));
    expect(boxOf(boxes, 'web1').x).toBeGreaterThan(boxOf(boxes, 'lb2').x);
  });

  it('shares a long row out over both sides of the switch, and makes its cards narrow', () => {
    const lan = star(['lb1', 'lb2', 'lb3', 'lb4', 'lb5'], ['client'], ['web1', 'web2']);
    const { boxes } = place(lan);
    expect(top(boxes, 'web1')).toBe(top(boxes, 'client'));
    expect(top(boxes, 'lb1')).toBeGreaterThan(top(boxes, 'sw1'));
    expect(boxOf(boxes, 'lb1').width).toBe(NARROW_CARD_WIDTH);
    expect(boxOf(place(star(['a'], ['b'], [])).boxes, 'a').width).toBe(CARD_WIDTH);
  });

  it('puts servers behind a switch of their own below it', () => {
    const lan = star(['lb1'], ['client'], []);
    const nodes = [...lan.nodes, node('sw2', 'switch', 8), node('web1', 'server', 9)];
    const cables = [...lan.cables, cable('lb1:eth1', 'sw2:1'), cable('web1:eth0', 'sw2:2')];
    const { boxes } = place({ nodes, cables });
    expect(top(boxes, 'sw2')).toBeGreaterThan(top(boxes, 'lb1'));
    expect(top(boxes, 'web1')).toBeGreaterThan(top(boxes, 'sw2'));
  });
});

describe('cables', () => {
  it('begin and end at their ports, whichever way a packet goes', () => {
    const lan = star(['srv-1'], ['laptop'], []);
    const { boxes } = place(lan);
    const anchors = portAnchors(lan.cables, boxes);
    for (const [id, curve] of cableCurves(lan.cables, boxes)) {
      const known = lan.cables.find((one) => one.id === id);
      const ends = [anchors.get(known?.a ?? ''), anchors.get(known?.b ?? '')];
      expect(pointOn(curve, 'a', 0)).toMatchObject({ x: ends[0]?.x, y: ends[0]?.y });
      expect(pointOn(curve, 'a', 1)).toMatchObject({ x: ends[1]?.x, y: ends[1]?.y });
      expect(pointOn(curve, 'b', 0)).toMatchObject({ x: ends[1]?.x, y: ends[1]?.y });
      expect(pathOf(curve)).toMatch(/^M[\d.]+,[\d.]+ C/);
    }
  });

  it('name both neighbours', () => {
    const { cables } = star(['srv-1', 'srv-2'], [], []);
    expect(neighboursOf('sw1', cables)).toEqual(['srv-1', 'srv-2']);
    expect(neighboursOf('srv-1', cables)).toEqual(['sw1']);
  });
});

interface Lan {
  readonly nodes: readonly TopologyNode[];
  readonly cables: readonly TopologyCable[];
}

function star(routers: string[], clients: string[], servers: string[]): Lan {
  const hosts = [...routers, ...clients, ...servers];
  const roleOf = (name: string) =>
    routers.includes(name) ? 'router' : clients.includes(name) ? 'client' : 'server';
  return {
    nodes: [
      { ...node('sw1', 'switch', 0), ports: hosts.map((_, index) => String(index + 1)) },
      ...hosts.map((name, index) => node(name, roleOf(name), index + 1)),
    ],
    cables: hosts.map((name, index) => cable(`${name}:eth0`, `sw1:${index + 1}`)),
  };
}

function node(name: string, role: TopologyNode['role'], order: number): TopologyNode {
  const kind = role === 'switch' ? 'switch' : 'host';
  const hasKeepalived = role === 'router';
  return { name, kind, role, ports: ['eth0'], rank: 0, order, hasKeepalived, scripts: [] };
}

function cable(a: string, b: string): TopologyCable {
  return { id: `${a}-${b}`, a, b, delayUs: 5 };
}

function place(lan: Lan, placed: ReadonlyMap<string, { x: number; y: number }> = new Map()) {
  return layoutMap({ ...lan, cardHeight: () => 120, placed });
}

function boxOf(boxes: ReadonlyMap<string, Box>, name: string): Box {
  const box = boxes.get(name);
  if (box === undefined) throw new Error(`${name} has no place`);
  return box;
}

function top(boxes: ReadonlyMap<string, Box>, name: string): number {
  return boxOf(boxes, name).y;
}

function overlap(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}
