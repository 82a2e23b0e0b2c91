/**
 * One line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress: an address and ip-address(8)
 * words. Source: `keepalived -t` and `-d` of 2.2.7 (test/reference/config-diagnostics-own/068, 070).
 */

import type { AddressScope } from '../../wire/address-scope.ts';
import { familyOf, type IpAddress, parseIp } from '../../wire/ip-address.ts';
import { ipv4FromNumber, ipv4Mask } from '../../wire/ipv4-address.ts';
import { readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import type { AddressDraft } from '../vrrp-draft.ts';

/** IFNAMSIZ - 1: longest label and interface name. */
export const INTERFACE_NAME_MAX = 15;

const SCOPES = new Map<string, AddressScope>([
  ['global', 'global'],
  ['universe', 'global'],
  ['site', 'site'],
  ['link', 'link'],
  ['host', 'host'],
  ['nowhere', 'nowhere'],
]);

/** Parses one line; `undefined` when keepalived drops it. */
export function readVirtualAddress(
  context: ParseContext,
  words: readonly string[],
  options: { readonly isStatic: boolean },
): AddressDraft | undefined {
  const address = readAddressWord(context, words[0] as string);
  if (address === undefined) return undefined;
  const state: State = { address, brd: undefined, lifetimeSet: false };
  for (let at = 1; at < words.length; at++) {
    const name = words[at] as string;
    const taken = takeOption(context, state, { name, value: words[at + 1], ...options });
    if (taken === 'drop') return undefined;
    if (taken === 'missing') {
      const text = `No ${name} parameter specified for ${address.written}`;
      context.complain('missing-value', text, {
        word: name,
        message: `'${name}' needs a value and the line ends; the address ${address.written} is left out`,
      });
      return undefined;
    }
    if (taken === 'value') at++;
  }
  finishBroadcast(context, state);
  finishIpv6(context, state);
  if (options.isStatic && address.interface === undefined) {
    address.interface = context.global.defaultInterface ?? 'eth0';
  }
  return address;
}

/** The address of a line, with its prefix length. */
export function readAddressWord(context: ParseContext, written: string): AddressDraft | undefined {
  const slash = written.indexOf('/');
  const bits = written.includes(':') ? 128 : 32;
  let length = bits;
  if (slash >= 0) {
    const word = written.slice(slash + 1);
    const range = { least: 0, most: bits, lenient: true };
    const result = readUnsigned(word, range, context.reporter);
    if (result.complained) {
      const text = `Invalid address prefix len ${word} for address ${written} - using ${bits}`;
      context.complain('bad-prefix', text, { word: written });
    }
    if (result.usable) length = result.value;
  }
  const address = parseIp(slash < 0 ? written : written.slice(0, slash));
  if (address === undefined) {
    context.complain('bad-address', `VRRP parsed invalid IP ${written}. skipping IP...`, {
      word: written,
      message: `'${written}' is no IPv4 or IPv6 address; the line is left out`,
    });
    return undefined;
  }
  return newAddress(context, { address, length, written });
}

function newAddress(
  context: ParseContext,
  given: { readonly address: IpAddress; readonly length: number; readonly written: string },
): AddressDraft {
  return {
    ...given,
    at: context.reporter.location,
    scope: 'global',
    noDad: false,
    home: false,
    manageTemporary: false,
    noPrefixRoute: false,
    autojoin: false,
    noTrack: false,
    useVmac: false,
  };
}

interface State {
  readonly address: AddressDraft;
  brd: '+' | '-' | undefined;
  lifetimeSet: boolean;
}

interface Option {
  readonly name: string;
  readonly value: string | undefined;
  readonly isStatic: boolean;
}

/** What became of a word: nothing more, its value was used, its value is missing, or the line goes. */
type Taken = 'done' | 'value' | 'missing' | 'drop';

function takeOption(context: ParseContext, state: State, option: Option): Taken {
  const { address } = state;
  switch (option.name) {
    case 'home':
      address.home = true;
      return 'done';
    case '-nodad':
      address.noDad = true;
      return 'done';
    case 'mngtmpaddr':
      address.manageTemporary = true;
      return 'done';
    case 'noprefixroute':
      address.noPrefixRoute = true;
      return 'done';
    case 'autojoin':
      address.autojoin = true;
      return 'done';
    case 'no_track':
      address.noTrack = true;
      return 'done';
    case 'use_vmac':
      if (option.isStatic) return unknownOption(context, option.name);
      address.useVmac = true;
      return 'done';
    default:
      return takeValueOption(context, state, option);
  }
}

function takeValueOption(context: ParseContext, state: State, option: Option): Taken {
  const { name, value } = option;
  const valued = ['dev', 'scope', 'broadcast', 'brd', 'label', 'peer', 'preferred_lft'];
  if (option.isStatic) valued.push('track_group');
  if (!valued.includes(name)) return unknownOption(context, name);
  if (value === undefined) return 'missing';
  if (name === 'dev') return takeDevice(context, state.address, value);
  if (name === 'scope') return takeScope(context, state.address, value);
  if (name === 'brd' || name === 'broadcast') return takeBroadcast(context, state, option);
  if (name === 'label') return takeLabel(context, state.address, value);
  if (name === 'peer') return takePeer(context, state.address, value);
  if (name === 'track_group') return takeTrackGroup(context, state.address, value);
  return takeLifetime(context, state, value);
}

function unknownOption(context: ParseContext, name: string): Taken {
  const text = `Unknown configuration entry '${name}' for ip address - ignoring`;
  context.complain('unknown-option', text, { word: name });
  return 'done';
}

function takeDevice(context: ParseContext, address: AddressDraft, name: string): Taken {
  if (address.interface !== undefined) {
    const text = `Cannot specify ipaddress device more than once for ${address.written}`;
    context.complain('duplicate', text, { word: name });
    return 'drop';
  }
  if (!context.interfaceKnown(name)) {
    const text = `WARNING - interface ${name} for ip address ${address.written} doesn't exist`;
    context.complain('unknown-interface', text, { word: name });
    return 'drop';
  }
  address.interface = name;
  return 'value';
}

function takeScope(context: ParseContext, address: AddressDraft, word: string): Taken {
  const scope = SCOPES.get(word) ?? numericScope(word);
  if (scope === undefined) {
    const text = `Invalid scope '${word}' specified for ${address.written} - ignoring`;
    context.complain('bad-value', text, { word });
  } else address.scope = scope;
  return 'value';
}

const SCOPE_NUMBERS = new Map<number, AddressScope>([
  [0, 'global'],
  [200, 'site'],
  [253, 'link'],
  [254, 'host'],
  [255, 'nowhere'],
]);

function numericScope(word: string): AddressScope | undefined {
  if (!/^\d{1,3}$/.test(word) || Number(word) > 255) return undefined;
  const known = SCOPE_NUMBERS.get(Number(word));
  return known ?? `${Number(word)}`;
}

function takeBroadcast(context: ParseContext, state: State, option: Option): Taken {
  const { address } = state;
  const word = option.value as string;
  if (familyOf(address.address) === 'inet6') {
    const text =
      `VRRP is trying to assign a broadcast ${option.name} to the IPv6 address` +
      ` ${address.written} !!?? WTF... skipping VIP...`;
    context.complain('bad-address', text, {
      word: option.name,
      message: `IPv6 has no broadcast: the address ${address.written} is left out`,
    });
    return 'drop';
  }
  if (word === '+' || word === '-') state.brd = word;
  else {
    const broadcast = parseIp(word);
    if (broadcast === undefined || familyOf(broadcast) !== 'inet') {
      const text = `VRRP is trying to assign invalid broadcast ${word}. skipping VIP...`;
      context.complain('bad-address', text, { word });
      return 'drop';
    }
    address.broadcast = broadcast;
  }
  return 'value';
}

function takeLabel(context: ParseContext, address: AddressDraft, label: string): Taken {
  if (label.length > INTERFACE_NAME_MAX) {
    const text =
      `Address label ${label} is longer than maximum length ${INTERFACE_NAME_MAX}` +
      ' - removing address';
    context.complain('too-long', text, { word: label });
    return 'drop';
  }
  address.label = label;
  return 'value';
}

function takePeer(context: ParseContext, address: AddressDraft, word: string): Taken {
  const peer = parseIp(word);
  const bits = familyOf(address.address) === 'inet' ? 32 : 128;
  if (address.peer !== undefined) {
    const text = `Peer ${word} - another peer has already been specified`;
    context.complain('duplicate', text, { word });
  } else if (peer === undefined) {
    context.complain('bad-address', `VRRP parsed invalid IP ${word}. skipping IP...`, { word });
    context.complain('bad-address', `Invalid peer address ${word}`, { word });
  } else if (familyOf(peer) !== familyOf(address.address)) {
    const text = `Peer address ${word} does not match address family`;
    context.complain('bad-address', text, { word });
  } else {
    if (address.length !== bits) {
      const text = 'Cannot specify address prefix when specifying peer address - ignoring';
      context.complain('bad-prefix', text, { word });
    }
    address.peer = peer;
    address.length = bits;
  }
  return 'value';
}

function takeTrackGroup(context: ParseContext, address: AddressDraft, name: string): Taken {
  if (context.vrrp.trackGroups.some((group) => group.name === name)) address.trackGroup = name;
  else context.complain('not-found', `track_group ${name} not found`, { word: name });
  return 'value';
}

function takeLifetime(context: ParseContext, state: State, word: string): Taken {
  if (word === 'forever') {
    state.address.preferredLifetime = 'forever';
    state.lifetimeSet = true;
    return 'value';
  }
  const range = { least: 0, most: UNSIGNED_MAX, lenient: true };
  const result = readUnsigned(word, range, context.reporter);
  if (result.complained) {
    context.complain('bad-value', `preferred_lft ${word} is invalid`, { word });
  }
  if (result.usable) {
    state.address.preferredLifetime = result.value;
    state.lifetimeSet = true;
  }
  return 'value';
}

function finishBroadcast(context: ParseContext, state: State): void {
  const { address } = state;
  const asked = state.brd !== undefined || address.broadcast !== undefined;
  if (asked && address.peer !== undefined) {
    const text = 'Cannot specify broadcast and peer addresses - ignoring broadcast address';
    context.complain('conflict', text);
    delete address.broadcast;
    return;
  }
  if (state.brd === undefined) return;
  if (address.length > 30) {
    const text = `Address prefix length ${address.length} too long for broadcast`;
    context.complain('bad-prefix', text, { word: address.written });
    return;
  }
  const hostBits = ~ipv4Mask(address.length) >>> 0;
  const own = Number(address.address);
  const value = state.brd === '+' ? (own | hostBits) >>> 0 : (own & ~hostBits) >>> 0;
  address.broadcast = ipv4FromNumber(value);
}

function finishIpv6(context: ParseContext, state: State): void {
  const { address } = state;
  if (familyOf(address.address) === 'inet') return;
  if (address.scope !== 'global') {
    const text = `Cannot specify scope for IPv6 addresses (${address.written}) - ignoring scope`;
    context.complain('conflict', text);
    address.scope = 'global';
  }
  if (address.label !== undefined) {
    const text = `Cannot specify label for IPv6 addresses (${address.written}) - ignoring label`;
    context.complain('conflict', text);
    delete address.label;
  }
  if (!state.lifetimeSet) address.preferredLifetime = address.length === 128 ? 0 : 'forever';
}
