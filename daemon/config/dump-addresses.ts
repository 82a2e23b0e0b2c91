/** Addresses, routes and rules as keepalived dumps them. */

import type { VirtualAddress, VirtualRoute, VirtualRule } from '../vrrp/vrrp-config.ts';
import { formatIp, isIpv4 } from '../wire/ip-address.ts';

/** One address; `made` are the VMACs of its instance, shown as NAME@BASE. */
export function dumpAddress(
  one: VirtualAddress,
  made: readonly { readonly name: string; readonly base: string }[],
): string {
  const inet = isIpv4(one.address);
  const bits = inet ? 32 : 128;
  const length = one.length === bits || one.peer !== undefined ? '' : `/${one.length}`;
  const own = made.find((other) => other.name === one.interface);
  const base = one.vmacBase ?? own?.base;
  const words = [`     ${formatIp(one.address)}${length}`];
  if (one.broadcast !== undefined) words.push(`brd ${formatIp(one.broadcast)}`);
  words.push(`dev ${one.interface}${base === undefined ? '' : `@${base}`}`, `scope ${one.scope}`);
  if (one.label !== undefined) words.push(`label ${one.label}`);
  if (one.peer !== undefined) words.push(`peer ${formatIp(one.peer)}/${one.length}`);
  if (one.home) words.push('home');
  if (one.noDad) words.push('-nodad');
  if (one.manageTemporary) words.push('mngtmpaddr');
  if (one.noPrefixRoute) words.push('noprefixroute');
  if (one.autojoin) words.push('autojoin');
  if (one.noTrack) words.push('no_track');
  if (one.trackGroup !== undefined) words.push(`track_group ${one.trackGroup}`);
  if (!inet) words.push(lifetimeText(one.preferredLifetimeSeconds));
  return words.join(' ');
}

function lifetimeText(seconds: number | undefined): string {
  if (seconds === undefined) return 'preferred_lft forever';
  return seconds === 0 ? 'deprecated' : `preferred_lft ${seconds}`;
}

const ROUTE_TYPES = ['blackhole', 'unreachable', 'prohibit', 'throw', 'local', 'broadcast'];
const SCOPE_NUMBERS = new Map([
  ['global', '0'],
  ['site', '200'],
  ['link', '253'],
  ['host', '254'],
  ['nowhere', '255'],
]);
const TABLE_NUMBERS = new Map([
  ['default', '253'],
  ['main', '254'],
  ['local', '255'],
]);
const ROUTE_ORDER = ['src', 'via', 'dev', 'table', 'protocol', 'scope', 'metric', 'mtu'];

/** A route. Numbers replace names, as keepalived keeps them; 18 is its own protocol. */
export function dumpRoute(route: VirtualRoute): string {
  const [first = '', ...rest] = route.words;
  const typed = ROUTE_TYPES.includes(first);
  const target = (typed ? rest.shift() : first) ?? 'default';
  const any = route.family === 'inet' ? '0.0.0.0/0' : '::/0';
  const verb = typed ? `add ${first}` : route.append ? 'append' : 'prepend';
  const hops = route.words.indexOf('nexthop');
  const pairs = pairsOf(hops < 0 ? rest : rest.slice(0, rest.indexOf('nexthop')));
  const words = [`     ${verb} ${target === 'default' ? any : target}`];
  for (const key of ROUTE_ORDER) {
    const value = pairs.get(key);
    if (key === 'protocol' && showsProtocol(route, pairs)) {
      words.push(`proto ${value ?? '18'}`);
    }
    if (value === undefined || key === 'protocol') continue;
    if (key === 'via') words.push(`via ${route.family} ${value}`);
    else if (key === 'table') words.push(`table ${TABLE_NUMBERS.get(value) ?? value}`);
    else if (key === 'scope') words.push(`scope ${SCOPE_NUMBERS.get(value) ?? value}`);
    else words.push(`${key} ${value}`);
  }
  for (const word of hops < 0 ? [] : route.words.slice(hops)) {
    words.push(word === 'via' ? `via ${route.family}` : word);
  }
  if (route.noTrack) words.push('no_track');
  return words.join(' ');
}

/** A route that says no_track itself keeps the kernel's protocol; one that cannot be tracked does not. */
function showsProtocol(route: VirtualRoute, pairs: ReadonlyMap<string, string>): boolean {
  return !route.noTrack || !pairs.has('dev');
}

/** A rule. */
export function dumpRule(rule: VirtualRule): string {
  const pairs = pairsOf(rule.words);
  const words = [`     from ${pairs.get('from') ?? 'all'}`];
  const to = pairs.get('to');
  if (to !== undefined) words.push(`to ${to}`);
  words.push(`priority ${pairs.get('priority') ?? '0'}`, `tos ${hex(pairs.get('tos'))}`);
  const mark = pairs.get('fwmark');
  if (mark !== undefined) words.push(`fwmark ${hex(mark)}`);
  if (!rule.noTrack) words.push('protocol 18');
  const table = pairs.get('table') ?? '254';
  words.push(`lookup ${TABLE_NUMBERS.get(table) ?? table}`);
  if (rule.noTrack) words.push('no_track');
  return words.join(' ');
}

function hex(text: string | undefined): string {
  return `0x${Number(text ?? '0').toString(16)}`;
}

function pairsOf(words: readonly string[]): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at += 2) {
    pairs.set(words[at] as string, words[at + 1] as string);
  }
  return pairs;
}
