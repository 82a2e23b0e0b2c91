/** A LAN as a picture in words: Mermaid, Graphviz dot, JSON, or SVG drawn in a plain circle. */

import { formatPrefix } from '../../daemon/wire/ip-address.ts';
import type { LanSpec } from '../topology/lan-spec.ts';

/** The forms of `lantwin graph`. */
export const GRAPH_FORMATS = ['mermaid', 'dot', 'svg', 'json'] as const;
/** One of them. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

interface Node {
  readonly name: string;
  readonly kind: 'host' | 'switch';
  readonly lines: readonly string[];
}

/** The LAN in one of the forms; ends with a line end. */
export function graphText(lan: LanSpec, format: GraphFormat): string {
  const nodes = nodesOf(lan);
  switch (format) {
    case 'mermaid':
      return mermaid(nodes, lan);
    case 'dot':
      return dot(nodes, lan);
    case 'svg':
      return svg(nodes, lan);
    case 'json':
      return `${JSON.stringify({ nodes, links: lan.cables.map(linkOf) }, undefined, 2)}\n`;
  }
}

function nodesOf(lan: LanSpec): readonly Node[] {
  const switches = lan.switches.map((one): Node => ({ name: one.name, kind: 'switch', lines: [] }));
  const hosts = lan.hosts.map(
    (host): Node => ({
      name: host.name,
      kind: 'host',
      lines: host.nics.flatMap((nic) =>
        nic.addresses.map((address) => `${nic.name} ${formatPrefix(address)}`),
      ),
    }),
  );
  return [...switches, ...hosts];
}

function linkOf(cable: LanSpec['cables'][number]) {
  const { a, b } = cable;
  return { from: `${a.node}:${a.port}`, to: `${b.node}:${b.port}` };
}

function mermaid(nodes: readonly Node[], lan: LanSpec): string {
  const id = (name: string) => `n${nodes.findIndex((node) => node.name === name)}`;
  const text = (node: Node) => [node.name, ...node.lines].join('<br>').replaceAll('"', '&quot;');
  const shapes = nodes.map((node) =>
    node.kind === 'switch'
      ? `  ${id(node.name)}{{"${text(node)}"}}`
      : `  ${id(node.name)}["${text(node)}"]`,
  );
  const links = lan.cables.map(
    ({ a, b }) => `  ${id(a.node)} ---|"${a.port} ${b.port}"| ${id(b.node)}`,
  );
  return `${['graph TD', ...shapes, ...links].join('\n')}\n`;
}

function dot(nodes: readonly Node[], lan: LanSpec): string {
  const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const shapes = nodes.map((node) => {
    const label = quoted([node.name, ...node.lines].join('\n')).replaceAll('\n', '\\n');
    const shape = node.kind === 'switch' ? 'hexagon' : 'box';
    return `  ${quoted(node.name)} [shape=${shape}, label=${label}];`;
  });
  const links = lan.cables.map(({ a, b }) => {
    const ports = `taillabel=${quoted(a.port)}, headlabel=${quoted(b.port)}`;
    return `  ${quoted(a.node)} -- ${quoted(b.node)} [${ports}];`;
  });
  return `${['graph lan {', ...shapes, ...links, '}'].join('\n')}\n`;
}

/** Switches in a row at the top, hosts in rows below; straight lines between. */
function svg(nodes: readonly Node[], lan: LanSpec): string {
  const [column, row] = [190, 130];
  const perRow = 5;
  const switches = nodes.filter((node) => node.kind === 'switch');
  const hosts = nodes.filter((node) => node.kind === 'host');
  const switchRows = Math.ceil(switches.length / perRow);
  const place = (index: number, down: number) => ({
    x: 100 + (index % perRow) * column,
    y: 40 + (down + Math.floor(index / perRow)) * row,
  });
  const places = new Map([
    ...switches.map((node, i) => [node.name, place(i, 0)] as const),
    ...hosts.map((node, i) => [node.name, place(i, switchRows)] as const),
  ]);
  const lines = lan.cables.map(({ a, b }) => {
    const [from, to] = [places.get(a.node), places.get(b.node)];
    if (from === undefined || to === undefined) return '';
    const title = `<title>${xml(`${a.node}:${a.port} to ${b.node}:${b.port}`)}</title>`;
    return `<line x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}" stroke="#889">${title}</line>`;
  });
  const boxes = nodes.map((node) => {
    const at = places.get(node.name) ?? { x: 0, y: 0 };
    const height = 24 + node.lines.length * 15;
    const texts = [node.name, ...node.lines].map(
      (line, i) => `<text x="${at.x}" y="${at.y + 4 + i * 15}">${xml(line)}</text>`,
    );
    const corner = node.kind === 'switch' ? 12 : 3;
    const box = `<rect x="${at.x - 80}" y="${at.y - 14}" width="160" height="${height}" rx="${corner}" fill="#fff" stroke="#446"/>`;
    return box + texts.join('');
  });
  const rows = switchRows + Math.ceil(hosts.length / perRow);
  const size = `viewBox="0 0 ${20 + perRow * column} ${rows * row + 40}"`;
  const style = 'text-anchor="middle" font-family="sans-serif" font-size="11"';
  const body = [...lines, ...boxes].join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}>\n${body}\n</svg>\n`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
