/** Commands of the seam in the words of iproute2. Pure; `ip-batch.ts` carries the words out. */

import { unreachable } from '../base/assert.ts';
import type {
  AddressCommand,
  AddressSpec,
  LinkCommand,
  RouteCommand,
  RuleCommand,
} from '../core/commands.ts';
import { familyOf, formatIp, type IpFamily, isIpv4 } from '../wire/ip-address.ts';
import { formatMac } from '../wire/mac-address.ts';

/** `proto keepalived` of `ip route`, by number: not every /etc/iproute2 knows it. Source: linux/rtnetlink.h. */
const RTPROT_KEEPALIVED = '18';

/** Commands that iproute2 carries out. */
export type IpCommand = AddressCommand | RouteCommand | RuleCommand | LinkCommand;

/** The family whose `ip -4` or `ip -6` carries the command out; links belong to either. */
export function ipFamilyOf(command: IpCommand): IpFamily {
  if ('family' in command) return command.family;
  return 'address' in command ? familyOf(command.address.address) : 'inet';
}

/** The words behind `ip -4` or `ip -6`. */
export function ipWords(command: IpCommand): readonly string[] {
  switch (command.kind) {
    case 'address-add':
      return ['address', 'add', ...addressWords(command.address)];
    case 'address-delete':
      return ['address', 'del', ...addressKeyWords(command.address)];
    case 'route-add':
    case 'route-append':
      return ['route', verbOf(command.kind), ...marked(command.words)];
    case 'rule-add':
      return ['rule', 'add', ...marked(command.words)];
    case 'route-delete':
      return ['route', 'del', ...command.words];
    case 'rule-delete':
      return ['rule', 'del', ...command.words];
    case 'link-add':
      return linkAddWords(command);
    case 'link-delete':
      return ['link', 'del', 'dev', command.name];
    case 'link-up':
      return ['link', 'set', 'dev', command.name, 'up'];
    default:
      return unreachable(command);
  }
}

/**
 * Whether what `ip` said means that nothing had to be done: an address, route or rule that is there already
 * when it is added.
 */
export function isAlreadyThere(kind: IpCommand['kind'], failure: string): boolean {
  const adds = kind === 'address-add' || kind === 'route-add' || kind === 'rule-add';
  return adds && /File exists|already assigned/i.test(failure);
}

function addressKeyWords(spec: AddressSpec): string[] {
  const own = formatIp(spec.address);
  if (spec.peer === undefined) return [`${own}/${spec.length}`, 'dev', spec.interface];
  return [own, 'peer', `${formatIp(spec.peer)}/${spec.length}`, 'dev', spec.interface];
}

function addressWords(spec: AddressSpec): string[] {
  const words = addressKeyWords(spec);
  const isInet = isIpv4(spec.address);
  if (isInet) words.push('scope', spec.scope);
  if (spec.broadcast !== undefined) words.push('broadcast', formatIp(spec.broadcast));
  if (spec.label !== undefined && isInet) words.push('label', spec.label);
  if (spec.preferredLifetimeSeconds !== undefined) {
    words.push('valid_lft', 'forever', 'preferred_lft', String(spec.preferredLifetimeSeconds));
  }
  if (spec.home === true) words.push('home');
  if (spec.manageTemporary === true) words.push('mngtmpaddr');
  if (spec.noDad === true) words.push('nodad');
  if (spec.noPrefixRoute === true) words.push('noprefixroute');
  if (spec.autojoin === true) words.push('autojoin');
  return words;
}

function linkAddWords(command: Extract<LinkCommand, { kind: 'link-add' }>): string[] {
  const { type, name, base } = command;
  const start = ['link', 'add', 'link', base, 'name', name];
  if (type.kind === 'ipvlan') return [...start, 'type', 'ipvlan', 'mode', 'l2', type.mode];
  return [...start, 'address', formatMac(type.mac), 'type', 'macvlan', 'mode', type.mode];
}

/** Routes and rules say who made them, unless the file does; in front of next hops, which end a route. */
function marked(words: readonly string[]): readonly string[] {
  if (words.includes('proto') || words.includes('protocol')) return words;
  const found = words.indexOf('nexthop');
  const at = found < 0 ? words.length : found;
  return [...words.slice(0, at), 'protocol', RTPROT_KEEPALIVED, ...words.slice(at)];
}

function verbOf(kind: string): string {
  const verb = kind.slice(kind.indexOf('-') + 1);
  return verb === 'delete' ? 'del' : verb;
}
