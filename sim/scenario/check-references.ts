/**
 * Every name that steps, expectations and invariants use, checked against the LAN: unknown hosts,
 * ports, traffics are errors; a virtual router or address that no configuration mentions is a
 * warning, since it may be meant so.
 */

import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { ANY_IPV4 } from '../../daemon/wire/ipv4-address.ts';
import type { HostSpec, LanSpec } from '../topology/lan-spec.ts';
import { splitPort, type Target } from './actions/action.ts';
import type { ConfigFacts } from './check-configs.ts';
import type { ConditionSpec, InvariantSpec, Whose } from './expectations/condition-spec.ts';
import type { Reading } from './reading.ts';
import type { Scenario, Step, TrafficSpec } from './scenario.ts';
import { didYouMean } from './schema/did-you-mean.ts';
import type { PathPart } from './yaml-source.ts';

/** The parts of a scenario whose names are checked. */
export type Checked = Pick<Scenario, 'lan' | 'traffic' | 'steps' | 'always' | 'finally'>;

/** Reports every name that means nothing. */
export function checkReferences(scenario: Checked, configs: ConfigFacts, reading: Reading): void {
  const names = new Names(scenario, configs, reading);
  for (const step of scenario.steps) checkStep(step, names);
  for (const [index, { spec }] of scenario.always.entries()) {
    checkInvariant(spec, ['always', index], names);
  }
  for (const [index, { spec }] of scenario.finally.entries()) {
    const path: PathPart[] = ['finally', index];
    if (spec.kind === 'condition') {
      checkCondition(spec.condition, path, names);
      continue;
    }
    names.traffic(spec.traffic, [...path, 'traffic']);
    const isText = scenario.traffic.some((one) => one.name === spec.traffic && one.kind !== 'ping');
    // Who answered is told by the page or the server's text, which may be any.
    if (isText) continue;
    for (const host of spec.answeredBy ?? []) names.host(host, [...path, 'answered-by']);
  }
  for (const { name, kind, to } of scenario.traffic) names.address(to, ['traffic', name, kind]);
}

function checkStep(step: Step, names: Names): void {
  const path: PathPart[] = ['steps', step.index];
  for (const [number, { row, args }] of step.actions.entries()) {
    const item = names.isList([...path, 'do']) ? [number] : [];
    for (const target of row.targets(args)) {
      names.target(target, [...path, 'do', ...item, row.name, ...target.path]);
    }
  }
  for (const [number, { spec }] of step.expect.entries()) {
    const at = [...path, 'expect', number];
    checkCondition(spec.condition, at, names);
    if (spec.condition.kind !== 'output') continue;
    if (step.actions.some(({ row }) => row.name === 'exec')) continue;
    names.problem(at, "'output' needs an exec among the actions of its step");
  }
}

function checkInvariant(spec: InvariantSpec, path: readonly PathPart[], names: Names): void {
  if (spec.kind === 'never') {
    if (spec.host !== undefined) names.host(spec.host, [...path, 'host']);
  } else if (spec.kind === 'masters-at-most') {
    if (spec.vrid !== undefined) names.vrid(spec.vrid, [...path, 'vrid']);
  } else if (spec.kind === 'together') {
    for (const [index, name] of spec.instances.entries()) {
      names.instance(name, [...path, 'together', index]);
    }
  } else if (spec.kind === 'lost-connections') {
    // Names nothing: every director's connections count.
  } else if (spec.kind === 'black-hole') names.traffic(spec.traffic, [...path, 'traffic']);
  else names.address(spec.address, [...path, 'vip']);
}

function checkCondition(spec: ConditionSpec, path: readonly PathPart[], names: Names): void {
  switch (spec.kind) {
    case 'holders':
      names.address(spec.address, [...path, 'vip']);
      for (const host of spec.holders) names.host(host, [...path, 'owner']);
      return;
    case 'state':
      names.host(spec.host, [...path, 'state', 'host']);
      if (spec.vrid !== undefined) names.vrid(spec.vrid, [...path, 'state', 'vrid']);
      if (spec.instance !== undefined) {
        names.instance(spec.instance, [...path, 'state', 'instance']);
      }
      return;
    case 'neighbour':
      names.host(spec.host, [...path, 'neighbour', 'host']);
      if (spec.isAt !== undefined) names.whose(spec.isAt, [...path, 'neighbour', 'is-at']);
      return;
    case 'traffic':
      names.traffic(spec.traffic, [...path, 'traffic']);
      return;
    case 'mac-table':
      names.switch(spec.switch, [...path, 'mac-table', 'switch']);
      names.whose(spec.mac, [...path, 'mac-table', 'mac']);
      return;
    case 'adverts':
      names.vrid(spec.vrid, [...path, 'vrid']);
      if (spec.from !== undefined) names.host(spec.from, [...path, 'adverts-from']);
      return;
    case 'output':
      return;
    default:
      if (spec.host !== undefined) names.host(spec.host, [...path, 'host']);
  }
}

/** What there is, and how to say that something is not. */
class Names {
  readonly #lan: LanSpec;
  readonly #traffic: readonly TrafficSpec[];
  readonly #configs: ConfigFacts;
  readonly #reading: Reading;

  constructor(scenario: Checked, configs: ConfigFacts, reading: Reading) {
    this.#lan = scenario.lan;
    this.#traffic = scenario.traffic;
    this.#configs = configs;
    this.#reading = reading;
  }

  problem(path: readonly PathPart[], message: string): void {
    this.#reading.report({ code: 'scenario:bad-value', path, message });
  }

  /** Whether the value at that place was written as a list. */
  isList(path: readonly PathPart[]): boolean {
    return this.#reading.places.has([...path, 0]);
  }

  host(name: string, path: readonly PathPart[]): HostSpec | undefined {
    const host = this.#lan.hosts.find((candidate) => candidate.name === name);
    if (host === undefined) this.#unknown('host', { name, path, known: this.#hostNames() });
    return host;
  }

  switch(name: string, path: readonly PathPart[]): void {
    const known = this.#lan.switches.map((found) => found.name);
    if (!known.includes(name)) this.#unknown('switch', { name, path, known });
  }

  traffic(name: string, path: readonly PathPart[]): void {
    const known = this.#traffic.map((found) => found.name);
    if (!known.includes(name)) this.#unknown('traffic', { name, path, known });
  }

  whose(whose: Whose, path: readonly PathPart[]): void {
    if (whose.kind === 'host') this.host(whose.host, path);
  }

  vrid(vrid: number, path: readonly PathPart[]): void {
    if (!this.#configs.complete || this.#configs.vrids.has(vrid)) return;
    const known = [...this.#configs.vrids].join(', ') || 'none';
    this.#warn('scenario:unknown-vrid', path, `no keepalived.conf has VRID ${vrid}, only ${known}`);
  }

  instance(name: string, path: readonly PathPart[]): void {
    if (!this.#configs.complete || this.#configs.instances.has(name)) return;
    const known = [...this.#configs.instances].join(', ') || 'none';
    this.#warn(
      'scenario:unknown-instance',
      path,
      `no keepalived.conf has a vrrp_instance '${name}', only ${known}`,
    );
  }

  address(address: IpAddress, path: readonly PathPart[]): void {
    // 0.0.0.0 stands for one that could not be read, which has been said.
    if (address === ANY_IPV4) return;
    if (!this.#configs.complete || this.#configs.addresses.has(address)) return;
    const hasIt = this.#lan.hosts.some((host) =>
      host.nics.some((nic) => nic.addresses.some((own) => own.address === address)),
    );
    if (hasIt) return;
    const message = `${formatIp(address)} is in no keepalived.conf and on no host`;
    this.#warn('scenario:unknown-address', path, message);
  }

  target(target: Target, path: readonly PathPart[]): void {
    switch (target.kind) {
      case 'host':
        this.host(target.name, path);
        return;
      case 'switch':
        this.switch(target.name, path);
        return;
      case 'switch-port':
        this.#switchPort(target.name, path);
        return;
      case 'nic':
        this.#nic(target.name, path);
        return;
      case 'cable':
        this.#cable(target.name, path);
    }
  }

  #nic(name: string, path: readonly PathPart[]): void {
    const { node, port = '' } = splitPort(name);
    const host = this.host(node, [...path.slice(0, -1), 'host']);
    const known = ['lo', ...(host?.nics.map((nic) => nic.name) ?? [])];
    if (host !== undefined && !known.includes(port)) {
      this.#unknown('interface', { name: port, path, known });
    }
  }

  #switchPort(name: string, path: readonly PathPart[]): void {
    const { port } = splitPort(name);
    const known = this.#lan.cables
      .flatMap(({ a, b }) => [a, b])
      .filter((end) => this.#lan.switches.some((found) => found.name === end.node))
      .map((end) => `${end.node}:${end.port}`);
    if (port === undefined || !known.includes(name)) {
      this.#unknown('switch port', { name, path, known });
    }
  }

  #cable(name: string, path: readonly PathPart[]): void {
    const { node, port } = splitPort(name);
    const ends = this.#lan.cables.flatMap(({ a, b }) => [a, b]);
    const here = ends.filter((end) => end.node === node);
    if (port === undefined && here.length === 1) return;
    if (port === undefined && here.length > 1) {
      const list = here.map((end) => `${end.node}:${end.port}`).join(', ');
      this.problem(path, `'${node}' has several cables, expected one of ${list}`);
    } else if (!here.some((end) => end.port === port)) {
      const known = ends.map((end) => `${end.node}:${end.port}`);
      this.#unknown('cable at', { name, path, known });
    }
  }

  #hostNames(): readonly string[] {
    return this.#lan.hosts.map((host) => host.name);
  }

  #unknown(
    what: string,
    found: {
      readonly name: string;
      readonly path: readonly PathPart[];
      readonly known: readonly string[];
    },
  ): void {
    this.#reading.report({
      code: `scenario:unknown-${what.replaceAll(' ', '-').replace('-at', '')}`,
      path: found.path,
      message: `there is no ${what} '${found.name}'`,
      hint: didYouMean(found.name, found.known),
    });
  }

  #warn(code: string, path: readonly PathPart[], message: string): void {
    this.#reading.report({ code, severity: 'warning', path, message });
  }
}
