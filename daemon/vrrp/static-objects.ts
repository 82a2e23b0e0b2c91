/**
 * Static addresses, routes and rules: there for the life of the daemon, with no instance. What
 * somebody else deletes is set again at once, and again when its interface comes back. A
 * track_group ties instances to the interfaces of its static objects: they go to FAULT with them.
 *
 * Source: keepalived 2.2.7 in a namespace, addresses and routes deleted by hand, interface down and
 * up ("Restoring deleted static address …").
 */

import { formatIp, formatPrefix, type IpAddress } from '../wire/ip-address.ts';
import { linkIsUp } from './link-state.ts';
import { changeAddress, changeRoute, changeRule } from './virtual-objects.ts';
import type { VirtualAddress, VirtualRoute } from './vrrp-config.ts';
import { type Instance, log, type VrrpMachine } from './vrrp-machine.ts';

/** Sets all of them; at start. */
export function addStaticObjects(machine: VrrpMachine): void {
  for (const address of machine.config.staticAddresses) {
    changeAddress(machine, 'address-add', address);
  }
  for (const route of machine.config.staticRoutes) changeRoute(machine, 'add', route);
  for (const rule of machine.config.staticRules) changeRule(machine, 'add', rule);
}

/** An address was deleted by somebody: a static one comes back. */
export function restoreAddress(
  machine: VrrpMachine,
  gone: { readonly interface: string; readonly address: IpAddress },
): void {
  for (const one of machine.config.staticAddresses) {
    if (one.address !== gone.address || one.interface !== gone.interface) continue;
    if (linkIsUp(machine, one.interface)) putBack(machine, one);
  }
}

/** A route was deleted by somebody: a static one comes back while its interface is up. */
export function restoreRoute(machine: VrrpMachine, words: readonly string[]): void {
  for (const route of machine.config.staticRoutes) {
    if (!isSameRoute(route.words, words)) continue;
    const link = deviceOf(route);
    if (link === undefined || linkIsUp(machine, link)) putBackRoute(machine, route);
  }
}

/** An interface is up again: Linux dropped its routes, perhaps its addresses too. */
export function restoreOnLink(machine: VrrpMachine, link: string): void {
  for (const one of machine.config.staticAddresses) {
    if (one.interface === link) putBack(machine, one);
  }
  for (const route of machine.config.staticRoutes) {
    if (deviceOf(route) === link) putBackRoute(machine, route);
  }
}

/** Interfaces of static objects whose track_group holds the instance. */
export function trackGroupLinks(machine: VrrpMachine, instance: Instance): readonly string[] {
  const groups = machine.config.trackGroups.filter((group) =>
    group.instances.includes(instance.config.name),
  );
  const names = new Set(groups.map((group) => group.name));
  const isOurs = (one: { readonly trackGroup?: string }) =>
    one.trackGroup !== undefined && names.has(one.trackGroup);
  const links = [
    ...machine.config.staticAddresses.filter(isOurs).map((one) => one.interface),
    ...machine.config.staticRoutes.filter(isOurs).map(deviceOf),
    ...machine.config.staticRules.filter(isOurs).map(deviceOf),
  ];
  return [...new Set(links.filter((link) => link !== undefined))];
}

/**
 * Interfaces that an instance's addresses, routes and rules stand on, but for those with no_track:
 * it goes to FAULT with them, whatever dont_track_primary says of its own interface.
 *
 * Source: keepalived 2.2.7, a VIP, a route and a rule on an interface that lost its carrier
 * (test/reference/dumps/objects-on-another-link).
 */
export function objectLinks({ config }: Instance): readonly string[] {
  const tracked = <T extends { readonly noTrack: boolean }>(all: readonly T[]) =>
    all.filter((one) => !one.noTrack);
  const links = [
    ...tracked(config.addresses).map((one) => one.interface),
    ...tracked(config.excludedAddresses).map((one) => one.interface),
    ...tracked(config.routes).map(deviceOf),
    ...tracked(config.rules).flatMap(devicesOf),
  ];
  return [...new Set(links.filter((link) => link !== undefined))];
}

/** Whether two routes are one: destination, gateway, interface and table; not who set it. */
export function isSameRoute(a: readonly string[], b: readonly string[]): boolean {
  const [one, other] = [routeParts(a), routeParts(b)];
  const same = (key: string) => {
    const [mine, theirs] = [one.get(key), other.get(key)];
    // The kernel fills in the interface of a gateway.
    return mine === theirs || (key === 'dev' && (mine === undefined || theirs === undefined));
  };
  return ['destination', 'via', 'dev', 'table'].every(same);
}

const ROUTE_TYPES = ['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw', 'local'];

function routeParts(words: readonly string[]): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (ROUTE_TYPES.includes(word) || word === 'to' || word === 'onlink') continue;
    if (!parts.has('destination')) {
      parts.set('destination', word.replace(/\/32$|\/128$/, ''));
      continue;
    }
    const isFamily = /^inet6?$/.test(words[at + 1] ?? '');
    const value = words[at + (isFamily ? 2 : 1)] ?? '';
    if (!(word === 'table' && value === 'main')) parts.set(word, value);
    at += isFamily ? 2 : 1;
  }
  return parts;
}

/** A rule may name two. */
function devicesOf(one: { readonly words: readonly string[] }): readonly string[] {
  return one.words.filter((_, at) => /^(dev|iif|oif)$/.test(one.words[at - 1] ?? ''));
}

function deviceOf(one: { readonly words: readonly string[] }): string | undefined {
  const at = one.words.findIndex((word) => word === 'dev' || word === 'iif' || word === 'oif');
  return at < 0 ? undefined : one.words[at + 1];
}

function putBack(machine: VrrpMachine, one: VirtualAddress): void {
  const host = one.length === (typeof one.address === 'number' ? 32 : 128);
  const text = host ? formatIp(one.address) : formatPrefix(one);
  const group = one.trackGroup === undefined ? '' : ` track_group ${one.trackGroup}`;
  const where = `dev ${one.interface} scope ${one.scope}${group}`;
  log(machine, `Restoring deleted static address ${text} ${where} set`);
  changeAddress(machine, 'address-add', one);
}

function putBackRoute(machine: VrrpMachine, route: VirtualRoute): void {
  const group = route.trackGroup === undefined ? '' : ` track_group ${route.trackGroup}`;
  log(machine, `Restoring deleted static route ${route.words.join(' ')}${group}`);
  changeRoute(machine, 'add', route);
}
