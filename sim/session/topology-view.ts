/** What stands on the floor, with hints for its layout: switches in the middle, routers above, clients and servers below. */

import { decodeUtf8 } from '../../daemon/wire/text.ts';
import { actionWords } from '../scenario/actions/action-table.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { HostSpec, LanSpec } from '../topology/lan-spec.ts';
import type { ScenarioView, TopologyNode, TopologyView } from './protocol-views.ts';

/** Places of the map by node, as somebody arranged it. */
export type Positions = ReadonlyMap<string, { readonly x: number; readonly y: number }>;

const KEEPALIVED_CONF = '/etc/keepalived/keepalived.conf';

/** The scenario for the page's head. */
export function scenarioView(id: string, scenario: Scenario, limit: number): ScenarioView {
  return {
    id,
    name: scenario.name,
    ...(scenario.about === undefined ? {} : { about: scenario.about }),
    seed: scenario.seed,
    epochUs: scenario.lan.epochUs,
    untilUs: Number.isFinite(limit) ? limit : scenario.until,
    steps: scenario.steps.map((step) => ({
      index: step.index,
      at: step.at,
      words: step.name ?? step.actions.map(actionWords).join(', '),
    })),
  };
}

/** All nodes and cables. */
export function topologyView(scenario: Scenario, positions: Positions): TopologyView {
  const { lan } = scenario;
  const clients = new Set(scenario.traffic.map((one) => one.from));
  const counts = new Map<number, number>();
  const placed = (rank: number) => {
    const order = counts.get(rank) ?? 0;
    counts.set(rank, order + 1);
    return { rank, order };
  };
  const switches = lan.switches.map(
    (one): TopologyNode => ({
      name: one.name,
      kind: one.kind,
      role: 'switch',
      ports: portsOf(lan, one.name),
      ...placed(1),
      ...positions.get(one.name),
      hasKeepalived: false,
      scripts: [],
    }),
  );
  const hosts = lan.hosts.map((host): TopologyNode => {
    const role = roleOf(host, clients);
    const rank = role === 'router' ? 0 : 2;
    return {
      name: host.name,
      kind: 'host',
      role,
      ports: host.nics.map((nic) => nic.name),
      ...placed(rank),
      ...positions.get(host.name),
      hasKeepalived: configOf(host) !== undefined,
      scripts: scriptsOf(host),
    };
  });
  const outside = (lan.outside ?? []).map(
    (one): TopologyNode => ({
      name: one.name,
      kind: 'host',
      role: 'outside',
      ports: [one.name],
      ...placed(2),
      ...positions.get(one.name),
      hasKeepalived: false,
      scripts: [],
    }),
  );
  const cables = lan.cables.map((cable) => {
    const a = `${cable.a.node}:${cable.a.port}`;
    const b = `${cable.b.node}:${cable.b.port}`;
    const rate = cable.rateBitsPerSecond;
    return {
      id: `${a}-${b}`,
      a,
      b,
      delayUs: cable.delay,
      ...(rate === undefined ? {} : { rateBitsPerSecond: rate }),
    };
  });
  return { nodes: [...hosts, ...switches, ...outside], cables };
}

function roleOf(host: HostSpec, clients: ReadonlySet<string>): TopologyNode['role'] {
  if (configOf(host) !== undefined) return 'router';
  if (clients.has(host.name)) return 'client';
  return host.programs.length > 0 ? 'server' : 'host';
}

function configOf(host: HostSpec): Uint8Array | undefined {
  return host.files.find(([path]) => path === KEEPALIVED_CONF)?.[1];
}

/** Scripts with an answer in the scenario, and those that the configuration defines. */
function scriptsOf(host: HostSpec): readonly string[] {
  const names = new Set(host.scripts.map(([name]) => name));
  const text = decodeUtf8(configOf(host) ?? new Uint8Array(0));
  for (const line of text.split('\n')) {
    const found = /^\s*vrrp_script\s+"?([\w.-]+)"?/.exec(line);
    if (found?.[1] !== undefined) names.add(found[1]);
  }
  return [...names];
}

function portsOf(lan: LanSpec, name: string): readonly string[] {
  const ports = lan.cables.flatMap(({ a, b }) =>
    [a, b].filter((end) => end.node === name).map((end) => end.port),
  );
  return [...new Set(ports)];
}
