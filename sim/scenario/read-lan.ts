/**
 * The key `lan` as a `LanSpec`: defaults filled in, files read, and every name checked against the
 * others: unknown hosts in cables, two cables in one port, one address on two hosts. All problems
 * are found in one pass.
 */

import { durationUs, milliseconds, NO_DURATION, seconds } from '../../daemon/base/time.ts';
import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { formatMac, type MacAddress, macFromNumber } from '../../daemon/wire/mac-address.ts';
import { TUNNEL_NAMES } from '../kernel/tunnel-links.ts';
import type {
  CableSpec,
  HostSpec,
  LanSpec,
  NicAddressSpec,
  NicSpec,
  OutsideSpec,
  PortSpec,
  SwitchSpec,
} from '../topology/lan-spec.ts';
import { readHostFiles } from './read-host-files.ts';
import { readPrograms } from './read-programs.ts';
import type { Reading } from './reading.ts';
import { didYouMean } from './schema/did-you-mean.ts';
import type { RawHost, RawLan, RawNic, RawNicAddress } from './schema/lan-schema.ts';
import type { RawScenario } from './schema/scenario-schema.ts';
import { inFamilyOf } from './schema/units.ts';
import type { PathPart } from './yaml-source.ts';

/** Wall clock at t=0 when the scenario does not say: 2026-01-01T00:00:00Z. */
const DEFAULT_EPOCH_US = 1_767_225_600_000_000;
/** Propagation of a cable when the scenario does not say: a patch cable and a NIC's latency. */
const DEFAULT_DELAY = durationUs(10);
/** Linux: txqueuelen. */
const DEFAULT_QUEUE_FRAMES = 1000;
/** Linux bridge, IEEE 802.1D: ageing time. */
const DEFAULT_AGEING = seconds(300);
const DEFAULT_VERSION = '2.2.7';
const DEFAULT_MTU = 1500;

/** A real network and the port that it is joined to, `sw1:8`. */
export interface OutsideJoin {
  /** Of the interface or tunnel; its node in the LAN is called so. */
  readonly name: string;
  readonly port: string;
}

/** Reads the whole LAN; problems go to `reading`. */
export function readLan(
  raw: RawScenario,
  reading: Reading,
  outside: readonly OutsideJoin[] = [],
): LanSpec {
  const hosts = Object.entries(raw.lan.hosts).map(([name, host], index) =>
    readHost({ name, host, index, raw, reading }),
  );
  const switches = readSwitches(raw.lan, reading);
  const inside = readCables(raw.lan, { hosts, switches }, reading);
  const joins = readOutside(outside, { hosts, switches, cables: inside }, reading);
  const cables = [...inside, ...joins.map(outsideCable)];
  checkNames(raw.lan, reading);
  checkAddresses(hosts, reading);
  checkMacs(hosts, reading);
  return {
    hosts,
    switches,
    cables,
    ...(joins.length === 0 ? {} : { outside: joins }),
    epochUs: raw.epoch ?? DEFAULT_EPOCH_US,
    jitter: raw.jitter ?? 'seeded',
    keepalivedVersion: raw['keepalived-version'] ?? DEFAULT_VERSION,
  };
}

interface HostReading {
  readonly name: string;
  readonly host: RawHost;
  readonly index: number;
  readonly raw: RawScenario;
  readonly reading: Reading;
}

function readHost(from: HostReading): HostSpec {
  const { name, host, reading } = from;
  const path: PathPart[] = ['lan', 'hosts', name];
  const keepalived = typeof host.keepalived === 'object' ? host.keepalived : undefined;
  const configId = keepalived?.['config-id'];
  const isEnabled = host.keepalived !== undefined && keepalived?.enabled !== false;
  const loopback = host.addresses?.['lo'];
  const tunnels = Object.entries(host.addresses ?? {})
    .filter(([link]) => TUNNEL_NAMES.includes(link))
    .map(([link, addresses]) => ({ name: link, addresses: addresses.map(nicAddress) }));
  return {
    name,
    nics: readNics(from, path),
    sysctl: Object.entries(host.sysctl ?? {}).map(([key, value]) => [key, String(value)] as const),
    routes: (host.routes ?? []).map((route) => ({
      destination: inFamilyOf(route.to, route.via),
      ...(route.via === undefined ? {} : { via: route.via }),
      ...(route.dev === undefined ? {} : { link: route.dev }),
    })),
    files: readHostFiles(host, path, reading),
    enabledUnits: [...(isEnabled ? ['keepalived'] : []), ...(host.units ?? [])],
    programs: readPrograms(host, path, reading),
    scripts: Object.entries(host.scripts ?? {}).map(
      ([script, answer]) =>
        [script, { exit: answer.exit, after: answer.after ?? milliseconds(1) }] as const,
    ),
    names: namesOf(from.raw, host),
    bootTime: host['boot-time'] ?? NO_DURATION,
    onCarrierLoss: host.boot?.['on-carrier-loss'] ?? 'keep',
    ...(host.boot?.commands === undefined ? {} : { bootCommands: host.boot.commands }),
    startsOff: host.power === 'off',
    ...(configId === undefined ? {} : { configId }),
    ...(loopback === undefined ? {} : { loopbackAddresses: loopback.map(nicAddress) }),
    ...(tunnels.length === 0 ? {} : { tunnels }),
  };
}

function namesOf(raw: RawScenario, host: RawHost): readonly (readonly [string, IpAddress])[] {
  const own = Object.entries(host.hosts ?? {});
  const shared = Object.entries(raw.hosts ?? {}).filter(
    ([name]) => host.hosts?.[name] === undefined,
  );
  return [...own, ...shared];
}

function readNics(from: HostReading, path: readonly PathPart[]): readonly NicSpec[] {
  const nics = Object.entries(from.host.nics ?? {});
  for (const link of Object.keys(from.host.addresses ?? {})) {
    if (link === 'lo' || TUNNEL_NAMES.includes(link) || from.host.nics?.[link] !== undefined)
      continue;
    from.reading.report({
      code: 'scenario:unknown-interface',
      path: [...path, 'addresses', link],
      atKey: true,
      message: `${from.name} has no interface '${link}'`,
      hint: didYouMean(link, ['lo', ...nics.map(([name]) => name)]),
    });
  }
  return nics.map(([name, nic], index) => {
    const shape = nicShape(nic);
    const more = from.host.addresses?.[name] ?? [];
    return {
      name,
      mac: shape.mac ?? defaultMac(from.index, index),
      mtu: shape.mtu ?? DEFAULT_MTU,
      addresses: [...shape.addresses, ...more].map(nicAddress),
    };
  });
}

function nicShape(nic: RawNic): {
  readonly addresses: readonly RawNicAddress[];
  readonly mac?: MacAddress | undefined;
  readonly mtu?: number | undefined;
} {
  if (Array.isArray(nic)) return { addresses: nic };
  if ('length' in nic) return { addresses: [nic] };
  return { addresses: nic.address ?? [], mac: nic.mac, mtu: nic.mtu };
}

function nicAddress(from: RawNicAddress): NicAddressSpec {
  if ('length' in from) return from;
  return { ...from.address, ...(from.label === undefined ? {} : { label: from.label }) };
}

/** Locally administered, made of the order of hosts and cards: 02:00:00:HH:HH:NN. */
function defaultMac(host: number, nic: number): MacAddress {
  return macFromNumber(0x0200_0000_0000 + (host + 1) * 256 + nic + 1);
}

function readSwitches(lan: RawLan, reading: Reading): readonly SwitchSpec[] {
  return Object.entries(lan.switches ?? {}).map(([name, given]) => {
    const raw = given ?? {};
    if (lan.hosts[name] !== undefined) {
      reading.report({
        code: 'scenario:name-taken',
        path: ['lan', 'switches', name],
        atKey: true,
        message: `'${name}' is the name of a host already`,
      });
    }
    return {
      name,
      kind: raw.kind ?? 'switch',
      ageing: raw.ageing ?? DEFAULT_AGEING,
      mirrors: raw.mirror ?? [],
      forwardDelay: raw['forward-delay'] ?? NO_DURATION,
      multicastSnooping: raw['multicast-snooping'] ?? false,
      querier: raw.querier ?? false,
      linkLocalGroups: raw['link-local-groups'] ?? 'flood',
      ...(raw['unknown-unicast'] === undefined ? {} : { unknownUnicast: raw['unknown-unicast'] }),
      ...(raw['macs-per-port'] === undefined ? {} : { macsPerPort: raw['macs-per-port'] }),
    };
  });
}

interface Nodes {
  readonly hosts: readonly HostSpec[];
  readonly switches: readonly SwitchSpec[];
}

function readCables(lan: RawLan, nodes: Nodes, reading: Reading): readonly CableSpec[] {
  const used = new Map<string, number>();
  return (lan.cables ?? []).flatMap((cable, index) => {
    const path: PathPart[] = ['lan', 'cables', index];
    const shape = Array.isArray(cable) ? { endpoints: cable } : cable;
    const ends = Array.isArray(cable) ? path : [...path, 'endpoints'];
    const ports = shape.endpoints.map((text, end) => {
      const port = readPort(text, { path: [...ends, end], nodes, reading });
      const other = used.get(text);
      if (other !== undefined) {
        const line = reading.places.valueAt(['lan', 'cables', other]).line;
        reading.report({
          code: 'scenario:port-taken',
          path: [...ends, end],
          message: `'${text}' has a cable already (line ${line}), a port takes one`,
        });
      }
      used.set(text, index);
      return port;
    });
    const [a, b] = ports;
    if (a === undefined || b === undefined) return [];
    const { delay, rate, queue } =
      'delay' in shape || 'rate' in shape || 'queue' in shape
        ? shape
        : { delay: undefined, rate: undefined, queue: undefined };
    return [
      {
        a,
        b,
        delay: delay ?? DEFAULT_DELAY,
        ...(rate === undefined ? {} : { rateBitsPerSecond: rate }),
        queueFrames: queue ?? DEFAULT_QUEUE_FRAMES,
      },
    ];
  });
}

/** Joins are of the command line, so their problems have no line of the file but that of `lan`. */
function readOutside(
  joins: readonly OutsideJoin[],
  lan: Nodes & { readonly cables: readonly CableSpec[] },
  reading: Reading,
): readonly OutsideSpec[] {
  const path: PathPart[] = ['lan'];
  const used = new Set(
    lan.cables.flatMap(({ a, b }) => [`${a.node}:${a.port}`, `${b.node}:${b.port}`]),
  );
  return joins.flatMap(({ name, port }) => {
    const at = readPort(port, { path, nodes: lan, reading });
    if (used.has(port)) {
      const message = `'${port}' has a cable already and cannot be joined to ${name}`;
      reading.report({ code: 'scenario:port-taken', path, message });
    }
    used.add(port);
    if ([...lan.hosts, ...lan.switches].some((node) => node.name === name)) {
      const message = `'${name}' is the name of a virtual node, the real interface needs another`;
      reading.report({ code: 'scenario:name-taken', path, message });
    }
    return at === undefined ? [] : [{ name, at }];
  });
}

/** The wire to the outside costs no virtual time: the real one takes its own. */
function outsideCable({ name, at }: OutsideSpec): CableSpec {
  const a = { node: name, port: name };
  return { a, b: at, delay: NO_DURATION, queueFrames: DEFAULT_QUEUE_FRAMES };
}

function readPort(
  text: string,
  at: { readonly path: readonly PathPart[]; readonly nodes: Nodes; readonly reading: Reading },
): PortSpec | undefined {
  const { path, nodes, reading } = at;
  const colon = text.indexOf(':');
  if (colon <= 0 || colon === text.length - 1) {
    const message = `expected a port 'NODE:NAME' such as 'srv-1:eth1' or 'sw1:3', read '${text}'`;
    reading.report({ code: 'scenario:bad-port', path, message });
    return undefined;
  }
  const node = text.slice(0, colon);
  const port = text.slice(colon + 1);
  const host = nodes.hosts.find((candidate) => candidate.name === node);
  const isSwitch = nodes.switches.some((candidate) => candidate.name === node);
  if (host === undefined && !isSwitch) {
    const names = [...nodes.hosts, ...nodes.switches].map((candidate) => candidate.name);
    reading.report({
      code: 'scenario:unknown-node',
      path,
      message: `there is no host or switch '${node}'`,
      hint: didYouMean(node, names),
    });
    return undefined;
  }
  if (host !== undefined && !host.nics.some((nic) => nic.name === port)) {
    const names = host.nics.map((nic) => nic.name);
    reading.report({
      code: 'scenario:unknown-interface',
      path,
      message: `${node} has no interface '${port}', it has ${names.join(', ') || 'none'}`,
      hint: didYouMean(port, names),
    });
    return undefined;
  }
  return { node, port };
}

function checkNames(lan: RawLan, reading: Reading): void {
  for (const name of Object.keys(lan.hosts)) {
    if (name !== 'nobody' && name !== 'none') continue;
    reading.report({
      code: 'scenario:bad-name',
      path: ['lan', 'hosts', name],
      atKey: true,
      message: `a host cannot be called '${name}', the word has a meaning in expectations`,
    });
  }
}

function checkAddresses(hosts: readonly HostSpec[], reading: Reading): void {
  const owners = new Map<IpAddress, string>();
  for (const host of hosts) {
    for (const nic of host.nics) {
      for (const { address, label } of nic.addresses) {
        // An alias may be on several hosts: real servers share the virtual address that way.
        if (label !== undefined) continue;
        const owner = owners.get(address);
        if (owner === undefined) {
          owners.set(address, `${host.name}:${nic.name}`);
          continue;
        }
        reading.report({
          code: 'scenario:duplicate-address',
          path: ['lan', 'hosts', host.name, 'nics', nic.name],
          message: `${formatIp(address)} belongs to ${owner} already, an address has one owner`,
          hint: 'an address that moves belongs into keepalived.conf (virtual_ipaddress)',
        });
      }
    }
  }
}

function checkMacs(hosts: readonly HostSpec[], reading: Reading): void {
  const owners = new Map<MacAddress, string>();
  for (const host of hosts) {
    for (const nic of host.nics) {
      const owner = owners.get(nic.mac);
      owners.set(nic.mac, `${host.name}:${nic.name}`);
      if (owner === undefined) continue;
      reading.report({
        code: 'scenario:duplicate-mac',
        severity: 'warning',
        path: ['lan', 'hosts', host.name, 'nics', nic.name],
        message:
          `${formatMac(nic.mac)} is the MAC address of ${owner} already: ` +
          'switches will mix them up',
      });
    }
  }
}
