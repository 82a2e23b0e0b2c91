/**
 * Sysctls by name: reading, writing with Linux' ranges and side effects, listing. Interface names
 * with dots are written with `/` (`net.ipv4.conf.eth0/1.forwarding`), as sysctl(8) does.
 */

import { GLOBAL_SETTINGS, type GlobalSettingName } from './global-settings.ts';
import {
  IPV4_SETTINGS,
  IPV6_SETTINGS,
  NEIGHBOUR_SETTINGS,
  type SettingSpec,
} from './interface-settings.ts';
import type { IpvsSettings } from './ipvs/ipvs-state.ts';
import { heedDefence } from './ipvs/load-defence.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import { applyIpv6Switch } from './link-table.ts';
import { flushRouteCache } from './route-table.ts';
import { TEXT_SYSCTLS } from './text-sysctls.ts';

/** Settings of IPVS, which keeps its own copy of them. */
const IPVS_PREFIX = 'ipv4.vs.';
/** A place where a value stands, and what it may be. */
interface Found {
  readonly values: Record<string, number>;
  readonly key: string;
  readonly min: number;
  readonly max: number;
  readonly area: 'global' | 'ipv4' | 'ipv6' | 'neighbour';
  /** `all`, `default` or a link; absent for settings of the host. */
  readonly owner?: string;
}

/** The value of a sysctl; `undefined` when there is none of that name. */
export function readSysctl(kernel: KernelState, name: string): string | undefined {
  if (name === 'kernel.hostname') return kernel.node;
  const special = TEXT_SYSCTLS.get(name);
  if (special !== undefined) return special.read(kernel);
  const alias = readAlias(kernel, name);
  if (alias !== undefined) return alias;
  const found = find(kernel, name);
  return found === undefined ? undefined : String(found.values[found.key] ?? 0);
}

/**
 * Writes a sysctl; `false` for unknown names, things that are no whole number, and values out of
 * range.
 */
export function writeSysctl(kernel: KernelState, name: string, value: string): boolean {
  const text = value.trim();
  const special = TEXT_SYSCTLS.get(name);
  if (special !== undefined) return special.write(kernel, text);
  if (!/^-?\d{1,10}$/.test(text)) return false;
  const number = Number(text);
  const seconds = /^(net\.ipv[46]\.neigh\..*)\.base_reachable_time$/.exec(name);
  if (seconds !== null) return writeSysctl(kernel, `${name}_ms`, String(number * 1000));
  const found = find(kernel, name);
  if (found === undefined || number < found.min || number > found.max) return false;
  // Source: proc_do_sync_ports.
  if (found.key === 'ipv4.vs.sync_ports' && (number & (number - 1)) !== 0) return false;
  found.values[found.key] = number;
  applySideEffects(kernel, found, number);
  flushRouteCache(kernel);
  return true;
}

/** All names, in the order of `sysctl -a`. */
export function listSysctls(kernel: KernelState): readonly string[] {
  const names: string[] = ['kernel.hostname'];
  const owners = ['all', 'default', ...kernel.links.map((link) => link.name.replaceAll('.', '/'))];
  const add = (area: string, list: readonly SettingSpec<string>[], of: readonly string[]) => {
    for (const owner of of) for (const [key] of list) names.push(`net.${area}.${owner}.${key}`);
  };
  add('ipv4.conf', IPV4_SETTINGS, owners);
  add('ipv4.neigh', NEIGHBOUR_SETTINGS, owners.slice(1));
  add('ipv6.conf', IPV6_SETTINGS, owners);
  add('ipv6.neigh', NEIGHBOUR_SETTINGS, owners.slice(1));
  for (const [name] of GLOBAL_SETTINGS) names.push(`net.${name}`);
  names.push(...TEXT_SYSCTLS.keys());
  names.sort((a, b) => (a < b ? -1 : 1));
  return names;
}

function find(kernel: KernelState, name: string): Found | undefined {
  const perLink = /^net\.(ipv[46])\.(conf|neigh)\.([^.]+)\.([a-z0-9_]+)$/.exec(name);
  if (perLink !== null) {
    const [, family, area, owner, key] = perLink as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    const found = findPerLink(kernel, `${family}.${area}`, owner.replaceAll('/', '.'), key);
    if (found !== undefined) return found;
  }
  const spec = GLOBAL_SETTINGS.find(([each]) => `net.${each}` === name);
  if (spec === undefined) return undefined;
  const [key, , min, max] = spec;
  return { values: kernel.settings, key, min, max, area: 'global' };
}

function findPerLink(
  kernel: KernelState,
  area: string,
  owner: string,
  key: string,
): Found | undefined {
  const link = kernel.linksByName.get(owner);
  switch (area) {
    case 'ipv4.conf':
      return entry(
        IPV4_SETTINGS,
        pick(owner, kernel.ipv4All, kernel.ipv4Default, link?.ipv4),
        key,
        {
          area: 'ipv4',
          owner,
        },
      );
    case 'ipv6.conf':
      return entry(
        IPV6_SETTINGS,
        pick(owner, kernel.ipv6All, kernel.ipv6Default, link?.ipv6),
        key,
        {
          area: 'ipv6',
          owner,
        },
      );
    case 'ipv4.neigh':
      return entry(
        NEIGHBOUR_SETTINGS,
        pick(owner, undefined, kernel.arpDefault, link?.arpSettings),
        key,
        { area: 'neighbour', owner },
      );
    default:
      return entry(
        NEIGHBOUR_SETTINGS,
        pick(owner, undefined, kernel.ndDefault, link?.ndSettings),
        key,
        { area: 'neighbour', owner },
      );
  }
}

function pick<T>(
  owner: string,
  all: T | undefined,
  byDefault: T,
  ofLink: T | undefined,
): T | undefined {
  if (owner === 'all') return all;
  return owner === 'default' ? byDefault : ofLink;
}

function entry(
  list: readonly SettingSpec<string>[],
  values: Record<string, number> | undefined,
  key: string,
  rest: { readonly area: Found['area']; readonly owner: string },
): Found | undefined {
  const spec = list.find(([each]) => each === key);
  if (spec === undefined || values === undefined) return undefined;
  return { values, key, min: spec[2], max: spec[3], ...rest };
}

function readAlias(kernel: KernelState, name: string): string | undefined {
  const match = /^(net\.ipv[46]\.neigh\.[^.]+)\.(base_reachable_time|unres_qlen)$/.exec(name);
  if (match === null) return undefined;
  const [, stem, key] = match as unknown as [string, string, string];
  if (key === 'base_reachable_time') {
    const ms = readSysctl(kernel, `${stem}.base_reachable_time_ms`);
    return ms === undefined ? undefined : String(Math.trunc(Number(ms) / 1000));
  }
  // Packets of a full Ethernet frame that the byte limit holds: 101 by default.
  const bytes = readSysctl(kernel, `${stem}.unres_qlen_bytes`);
  return bytes === undefined ? undefined : String(Math.trunc(Number(bytes) / 2102));
}

function applySideEffects(kernel: KernelState, found: Found, value: number): void {
  switch (found.area) {
    case 'global':
      applyGlobal(kernel, found.key as GlobalSettingName, value);
      return;
    case 'ipv4':
      if (found.key === 'forwarding' && found.owner === 'all') setIpv4Forwarding(kernel, value);
      return;
    case 'ipv6':
      applyIpv6(kernel, found, value);
      return;
    case 'neighbour':
      // Reachable times are drawn anew at once when their base changes.
      for (const link of kernel.links) {
        link.arpReachable.period = -1;
        link.ndReachable.period = -1;
      }
  }
}

function applyGlobal(kernel: KernelState, key: GlobalSettingName, value: number): void {
  switch (key) {
    case 'ipv4.ip_forward':
      setIpv4Forwarding(kernel, value);
      return;
    case 'ipv4.neigh.default.gc_thresh1':
      kernel.arp.gcThresh1 = value;
      return;
    case 'ipv4.neigh.default.gc_thresh2':
      kernel.arp.gcThresh2 = value;
      return;
    case 'ipv4.neigh.default.gc_thresh3':
      kernel.arp.gcThresh3 = value;
      return;
    case 'ipv6.neigh.default.gc_thresh1':
      kernel.nd.gcThresh1 = value;
      return;
    case 'ipv6.neigh.default.gc_thresh2':
      kernel.nd.gcThresh2 = value;
      return;
    case 'ipv6.neigh.default.gc_thresh3':
      kernel.nd.gcThresh3 = value;
      return;
    default:
      if (key.startsWith(IPVS_PREFIX)) applyIpvs(kernel, key.slice(IPVS_PREFIX.length), value);
      return;
  }
}

function applyIpvs(kernel: KernelState, key: string, value: number): void {
  const { ipvs } = kernel;
  if (ipvs === undefined) return;
  if (Object.hasOwn(ipvs.settings, key)) ipvs.settings[key as keyof IpvsSettings] = value;
  else heedDefence(kernel, ipvs, key);
}

/** ip_forward and conf.all.forwarding are one switch for all links. Source: inet_forward_change. */
function setIpv4Forwarding(kernel: KernelState, value: number): void {
  kernel.settings['ipv4.ip_forward'] = value === 0 ? 0 : 1;
  kernel.ipv4All.forwarding = value;
  kernel.ipv4All.accept_redirects = value === 0 ? 1 : 0;
  kernel.ipv4Default.forwarding = value;
  for (const link of kernel.links) link.ipv4.forwarding = value;
}

function applyIpv6(kernel: KernelState, found: Found, value: number): void {
  if (found.key !== 'disable_ipv6' && found.key !== 'forwarding') return;
  if (found.owner === 'all') {
    kernel.ipv6Default[found.key] = value;
    for (const link of kernel.links) link.ipv6[found.key] = value;
  }
  if (found.key === 'forwarding') return;
  const touched: readonly LinkState[] =
    found.owner === 'all' ? kernel.links : kernel.links.filter((link) => link.name === found.owner);
  for (const link of touched) applyIpv6Switch(kernel, link);
}
