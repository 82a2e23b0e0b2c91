/**
 * Addresses, routes and rules that a reload finds no longer in the file: they go, with a line each, rules first. What is new is
 * set where its owner is set.
 *
 * Source: the log of keepalived 2.2.7 over a reload, static and virtual lists emptied.
 */

import { formatIp } from '../wire/ip-address.ts';
import { addStaticObjects } from './static-objects.ts';
import { changeAddress, changeRoute, changeRule } from './virtual-objects.ts';
import type {
  VirtualAddress,
  VirtualRoute,
  VirtualRule,
  VrrpConfig,
  VrrpInstanceConfig,
} from './vrrp-config.ts';
import { log, type VrrpMachine } from './vrrp-machine.ts';

interface Lists {
  readonly addresses: readonly VirtualAddress[];
  readonly routes: readonly VirtualRoute[];
  readonly rules: readonly VirtualRule[];
}

/** An instance that holds its addresses goes over to other lists: what is stale goes. */
export function removeStaleObjects(
  machine: VrrpMachine,
  before: VrrpInstanceConfig,
  after: VrrpInstanceConfig,
): void {
  removeStale(machine, { owner: after.name, before: listsOf(before), after: listsOf(after) });
}

/** Static objects: what is stale goes, what is new comes. */
export function replaceStaticObjects(machine: VrrpMachine, before: VrrpConfig): void {
  const [old, next] = [staticLists(before), staticLists(machine.config)];
  // keepalived prints the name of an instance here, and there is none.
  removeStale(machine, { owner: '(null)', before: old, after: next });
  addStaticObjects(machine);
}

/** Whether two lines of a list are one and the same address on one interface. */
export function isSameAddress(a: VirtualAddress, b: VirtualAddress): boolean {
  return a.address === b.address && a.interface === b.interface && a.length === b.length;
}

function listsOf(config: VrrpInstanceConfig): Lists {
  const { addresses, excludedAddresses, routes, rules } = config;
  return { addresses: [...addresses, ...excludedAddresses], routes, rules };
}

function staticLists(config: VrrpConfig): Lists {
  const { staticAddresses: addresses, staticRoutes: routes, staticRules: rules } = config;
  return { addresses, routes, rules };
}

function removeStale(
  machine: VrrpMachine,
  {
    owner,
    before,
    after,
  }: { readonly owner: string; readonly before: Lists; readonly after: Lists },
): void {
  for (const rule of withoutThose(before.rules, after.rules)) {
    log(machine, `ip rule ${ruleText(rule)} removed`);
    changeRule(machine, 'delete', rule);
  }
  for (const route of withoutThose(before.routes, after.routes)) {
    log(machine, `Removing route ${destinationOf(route)}`);
    changeRoute(machine, 'delete', route);
  }
  for (const one of before.addresses) {
    if (after.addresses.some((kept) => isSameAddress(kept, one))) continue;
    const text = `${formatIp(one.address)}/${one.length} dev ${one.interface}`;
    log(machine, `(${owner}) ip address ${text}, no longer exist`);
    changeAddress(machine, 'address-delete', one);
  }
}

function withoutThose<T extends { readonly words: readonly string[] }>(
  list: readonly T[],
  kept: readonly T[],
): readonly T[] {
  const lines = new Set(kept.map(({ words }) => words.join(' ')));
  return list.filter(({ words }) => !lines.has(words.join(' ')));
}

/** `from SOURCE to DESTINATION`, as far as the rule says them; a source that is not said is `all`. */
function ruleText({ words, family }: VirtualRule): string {
  const after = (key: string): string | undefined => {
    const at = words.indexOf(key);
    return at < 0 ? undefined : prefixText(words[at + 1] ?? '', family);
  };
  const [from, to] = [after('from'), after('to')];
  return `from ${from ?? 'all'}${to === undefined ? '' : ` to ${to}`}`;
}

const ROUTE_TYPES =
  /^(unicast|local|broadcast|multicast|throw|unreachable|prohibit|blackhole|nat|to)$/;

function destinationOf({ words, family }: VirtualRoute): string {
  return prefixText(words.find((word) => !ROUTE_TYPES.test(word)) ?? '', family);
}

/** With its length, and `default` and `all` as the whole family. */
function prefixText(text: string, family: 'inet' | 'inet6'): string {
  const isInet = family === 'inet';
  if (/^(default|any|all)$/.test(text)) return isInet ? '0.0.0.0/0' : '::/0';
  return text.includes('/') ? text : `${text}/${isInet ? 32 : 128}`;
}
