/**
 * Lines of virtual_rules and static_rules: the words of ip-rule(8), checked and normalised, so that a machine can
 * hand them to `ip` as they are.
 *
 * Source: `keepalived -t` of 2.2.7 (test/reference/config-diagnostics-own/ip-words.txt; the shipped samples).
 */

import type { IpFamily } from '../../wire/ip-address.ts';
import { type NumberResult, readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import type { RouteDraft } from '../vrrp-draft.ts';
import { areRealms, ipNumber, PROTOCOL_KEEPALIVED, readAnyBase, wrapped32 } from './ip-names.ts';
import { knownTrackGroup } from './ip-routes.ts';
import { readAddressWord } from './virtual-address.ts';

const OTHER_ACTION =
  'Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable';
const ACTIONS = ['blackhole', 'unreachable', 'prohibit', 'nop'];
/** Route types that are no action of a rule. */
const NO_ACTIONS = [
  'nat',
  'unicast',
  'local',
  'broadcast',
  'brd',
  'xresolve',
  'multicast',
  'throw',
  'anycast',
];

const INTEGER_MAX = 2_147_483_647;
const TUNNEL_ID_MAX = 2n ** 64n - 1n;

/** Options that a rule may have only if it names a table. */
const TABLE_ONLY = ['realms', 'suppress_prefixlength', 'sup_pl', 'suppress_ifgroup', 'sup_group'];

/** Options whose mistakes are told and do not end the reading of the rule. */
const GOES_ON = ['protocol', 'ipproto', 'sport', 'dport'];

interface RuleState {
  readonly words: string[];
  family: IpFamily | undefined;
  preference?: number;
  goto?: number;
  action?: string;
  isTold: boolean;
  foreignProtocol: boolean;
  noTrack: boolean;
  trackGroup?: string;
}

/** Takes one word and its value; a text is what keepalived says before it drops the rule. */
type Take = (
  context: ParseContext,
  state: RuleState,
  given: { readonly word: string; readonly value: string },
) => string | undefined;

const VALUES: Readonly<Record<string, Take>> = {
  from: takeAddress,
  to: takeAddress,
  preference: takePreference,
  order: takePreference,
  priority: takePreference,
  table: takeTable,
  lookup: takeTable,
  goto: takeGoto,
  type: takeType,
  iif: takeDevice,
  dev: takeDevice,
  oif: takeDevice,
  protocol: takeProtocol,
  tos: keep(isTos, ({ value }) => `TOS value ${value} is invalid`),
  dsfield: keep(isTos, ({ value }) => `TOS value ${value} is invalid`),
  fwmark: keep(isMark, ({ value }) => `Invalid rule fwmark ${value} specified`),
  realms: keep(areRealms, ({ value }) => `invalid realms ${value} for rule`),
  suppress_prefixlength: keep(isCount(INTEGER_MAX), suppressText),
  sup_pl: keep(isCount(INTEGER_MAX), suppressText),
  suppress_ifgroup: keep(isGroup, ({ value }) => `suppress_group ${value} is invalid`),
  sup_group: keep(isGroup, ({ value }) => `suppress_group ${value} is invalid`),
  'tunnel-id': keep(isTunnelId, ({ word }) => `Invalid tunnel-id ${word} specified`),
  uidrange: keep(isRange, ({ word }) => `Invalid uidrange ${word} specified`),
  ipproto: keep(isIpProtocol, ({ value }) => `Invalid ipproto ${value}`),
  sport: keep(isRange, ({ value }) => `invalid sport range ${value}`),
  dport: keep(isRange, ({ value }) => `invalid dport range ${value}`),
};

/** Parses a rule line; `undefined` when keepalived drops it. */
export function readRule(
  context: ParseContext,
  values: readonly string[],
  options: { readonly isStatic: boolean },
): RouteDraft | undefined {
  const rule = readWholeRule(context, values, options);
  context.reporter.skippedByTest = false;
  return rule;
}

function readWholeRule(
  context: ParseContext,
  values: readonly string[],
  options: { readonly isStatic: boolean },
): RouteDraft | undefined {
  const state: RuleState = {
    words: [],
    family: undefined,
    isTold: false,
    foreignProtocol: false,
    noTrack: false,
  };
  for (let at = 0; at < values.length; at++) {
    const word = values[at] as string;
    const take = takerOf(word, options);
    // A family swallows the word behind it.
    if (word === 'inet' || word === 'inet6') at++;
    const value = take === undefined ? '' : context.word(values, ++at);
    if (context.reporter.ended) return undefined;
    const text = take === undefined ? takeBare(state, word) : take(context, state, { word, value });
    if (text === undefined) continue;
    if (text !== '') context.complain('bad-rule', text, { word: value === '' ? word : value });
    if (text !== '' && GOES_ON.includes(word)) continue;
    return undefined;
  }
  return conclude(context, state);
}

function takerOf(word: string, { isStatic }: { readonly isStatic: boolean }): Take | undefined {
  if (word !== 'track_group' || !isStatic)
    return Object.hasOwn(VALUES, word) ? VALUES[word] : undefined;
  return (context, state, { value }) => {
    const group = knownTrackGroup(context, value);
    if (group !== undefined) state.trackGroup = group;
    return undefined;
  };
}

/** A word without a value. */
function takeBare(state: RuleState, word: string): string | undefined {
  if (word === 'not') state.words.push(word);
  else if (word === 'no_track') state.noTrack = true;
  else if (word === 'inet' || word === 'inet6') {
    if (state.family !== undefined && state.family !== word) {
      return `${word} specified for ${state.family === 'inet' ? 'IPv4' : 'IPv6'} rule`;
    }
    state.family = word;
  } else if (word === 'l3mdev') {
    if (state.action !== undefined) return 'Cannot specify l3mdev with other action';
    state.action = word;
    state.words.push(word);
  } else return takeActionWord(state, word);
  return undefined;
}

function takeAction(state: RuleState, action: string): string | undefined {
  if (state.action !== undefined) return `${OTHER_ACTION}/l3mdev for rule`;
  state.action = action;
  state.words.push(action);
  return undefined;
}

function conclude(context: ParseContext, state: RuleState): RouteDraft | undefined {
  if (state.action === undefined) {
    if (!state.isTold) context.complain('bad-rule', 'No action specified for rule - ignoring');
    return undefined;
  }
  const isTable = state.action === 'table' || state.action === 'l3mdev';
  if (!isTable && state.words.some((word) => TABLE_ONLY.includes(word))) {
    context.complain('bad-rule', 'suppressor/realm specified for non table action - skipping');
    return undefined;
  }
  const { goto, words } = state;
  let { preference, trackGroup } = state;
  if (trackGroup !== undefined && !words.includes('dev') && !words.includes('iif')) {
    const text = 'Static rule cannot have track_group if dev/iif not specified';
    context.complain('not-tracked', text, { word: trackGroup });
    trackGroup = undefined;
  }
  if (goto !== undefined && (preference === undefined || preference >= goto)) {
    const text =
      preference === undefined
        ? `Invalid rule - goto target ${goto} specified without preference`
        : `Invalid rule - preference ${preference} >= goto target ${goto}`;
    context.complain('bad-rule', text);
    return undefined;
  }
  if (preference === undefined) {
    preference = context.vrrp.rulePreference--;
    const text =
      `Rule has no preference specified - setting to ${preference}.` +
      ' This is probably not what you want.';
    context.complain('no-preference', text);
  }
  if (state.foreignProtocol && !state.noTrack) {
    const text = `Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED(${PROTOCOL_KEEPALIVED}), resetting protocol`;
    context.complain('not-tracked', text, { word: 'protocol' });
    words.splice(words.indexOf('protocol'), 2);
  }
  words.push('priority', String(preference));
  return {
    family: state.family ?? 'inet',
    words,
    noTrack: state.noTrack,
    append: false,
    ...(trackGroup === undefined ? {} : { trackGroup }),
  };
}

/** An option that is kept as it is when it fits. */
function keep(
  fits: (context: ParseContext, value: string) => boolean,
  text: (given: { readonly word: string; readonly value: string }) => string,
): Take {
  return (context, state, given) => {
    if (!fits(context, given.value)) return text(given);
    state.words.push(given.word, given.value);
    return undefined;
  };
}

function takeAddress(
  context: ParseContext,
  state: RuleState,
  { word, value }: { readonly word: string; readonly value: string },
): string | undefined {
  const every = value === 'all' || value === 'any' || value === 'default';
  const address = every ? undefined : readAddressWord(context, value);
  if (!every && address === undefined) return `Invalid rule ${word} address ${value}`;
  const family = address === undefined || typeof address.address === 'number' ? 'inet' : 'inet6';
  if (state.family !== undefined && (every ? state.words.length > 0 : family !== state.family)) {
    return 'rule specification has mixed IPv4 and IPv6';
  }
  if (!every) state.family = family;
  state.words.push(word, value);
  return undefined;
}

function takePreference(
  context: ParseContext,
  state: RuleState,
  { word, value }: { readonly word: string; readonly value: string },
): string | undefined {
  const result = readPreference(context, value);
  if (result.usable) state.preference = result.value;
  if (!result.complained) return undefined;
  context.complain('bad-rule', `Invalid rule preference ${word} specified`, { word: value });
  // What the daemon takes all the same ends the reading of `-t`: of the rest of the line it says nothing.
  state.isTold = true;
  context.reporter.skippedByTest = true;
  return result.usable ? undefined : '';
}

/** A number with C's prefixes: `0x10`, `010`. */
function readPreference(context: ParseContext, value: string): NumberResult {
  const prefixed = /^0[\dx]/i.test(value) ? readAnyBase(value) : undefined;
  if (prefixed === undefined && /^0\d+$/.test(value)) {
    context.reporter.complainOfNumber(`invalid number '${value}'`, value);
    return { value: 0, complained: true, usable: true };
  }
  const range = { least: 0, most: UNSIGNED_MAX, lenient: true };
  return readUnsigned(String(prefixed ?? value), range, context.reporter);
}

function takeTable(
  context: ParseContext,
  state: RuleState,
  { value }: { readonly word: string; readonly value: string },
): string | undefined {
  const number = /^-?\d+$/.test(value)
    ? wrapped32(Number(value))
    : ipNumber(context, 'rt_tables', { word: value, most: UNSIGNED_MAX });
  if (number === undefined) return `Routing table ${value} not found for rule`;
  if (number === 0) return `Table ${number} is not valid`;
  if (state.action !== undefined) return `${OTHER_ACTION} for rule`;
  state.action = 'table';
  state.words.push('table', value);
  return undefined;
}

function takeGoto(
  context: ParseContext,
  state: RuleState,
  { word, value }: { readonly word: string; readonly value: string },
): string | undefined {
  const result = readUnsigned(value, { least: 0, most: UNSIGNED_MAX }, context.reporter);
  if (!result.usable) return `Invalid target ${word} specified`;
  if (state.action !== undefined) return `${OTHER_ACTION}/l3mdev for rule`;
  state.action = word;
  state.goto = result.value;
  state.words.push(word, value);
  return undefined;
}

/** `type WORD`: an action as it also stands alone. */
function takeType(
  _context: ParseContext,
  state: RuleState,
  { value }: { readonly word: string; readonly value: string },
): string | undefined {
  return takeActionWord(state, value);
}

/** An action by its name, or by the number of a route type; an empty word counts as the number 0. */
function takeActionWord(state: RuleState, word: string): string | undefined {
  if (ACTIONS.includes(word)) return takeAction(state, word);
  const number = word === '' ? 0 : readAnyBase(word.replace(/^\+/, ''));
  if (number === undefined || number > 255) {
    return NO_ACTIONS.includes(word)
      ? `Invalid rule action ${word}`
      : `Unknown rule option ${word}`;
  }
  // RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT
  const action = { 6: 'blackhole', 7: 'unreachable', 8: 'prohibit' }[number];
  return action === undefined ? `Invalid rule action ${word}` : takeAction(state, action);
}

function takeDevice(
  context: ParseContext,
  state: RuleState,
  { word, value }: { readonly word: string; readonly value: string },
): string | undefined {
  if (!context.interfaceKnown(value)) {
    const text = `WARNING - interface ${value} for rule doesn't exist`;
    context.complain('unknown-interface', text, { word: value });
    return '';
  }
  state.words.push(word, value);
  return undefined;
}

function takeProtocol(
  context: ParseContext,
  state: RuleState,
  { word, value }: { readonly word: string; readonly value: string },
): string | undefined {
  const result = readUnsigned(value, { least: 0, most: 255 }, context.reporter);
  if (!result.usable) return `Invalid protocol ${value}`;
  state.foreignProtocol = result.value !== PROTOCOL_KEEPALIVED;
  state.words.push(word, value);
  return undefined;
}

function suppressText({ word }: { readonly word: string }): string {
  return `Invalid suppress_prefixlength ${word} specified`;
}

function isTos(context: ParseContext, word: string): boolean {
  return ipNumber(context, 'rt_dsfield', { word, most: 255 }) !== undefined;
}

/** `mark` or `mark/mask`; an empty one is 0. */
function isMark(_context: ParseContext, value: string): boolean {
  const parts = value.split('/');
  const number = (part: string) => (part === '' ? 0 : readAnyBase(part));
  return parts.length <= 2 && parts.every((part) => (number(part) ?? Infinity) <= UNSIGNED_MAX);
}

function isCount(most: number): (context: ParseContext, value: string) => boolean {
  return (context, value) => readUnsigned(value, { least: 0, most }, context.reporter).usable;
}

function isGroup(_context: ParseContext, value: string): boolean {
  return value === 'default' || wrapped32(readAnyBase(value) ?? -1) <= INTEGER_MAX;
}

function isRange(_context: ParseContext, value: string): boolean {
  // What stands behind the second number is not looked at.
  return /^\d+-\d+/.test(value);
}

function isTunnelId(context: ParseContext, value: string): boolean {
  if (/^\d+$/.test(value) && BigInt(value) > TUNNEL_ID_MAX) {
    const text = `number '${value}' outside unsigned 64 bit range`;
    context.reporter.complainOfNumber(text, value);
    return false;
  }
  return isCount(Number.MAX_VALUE)(context, value);
}

/** A number that a signed octet holds, or a name of /etc/protocols. */
function isIpProtocol(_context: ParseContext, value: string): boolean {
  return /^\d+$/.test(value) ? Number(value) <= 127 : PROTOCOL_NAMES.includes(value);
}

const PROTOCOL_NAMES = [
  ...['ip', 'icmp', 'igmp', 'ggp', 'ipencap', 'tcp', 'egp', 'udp', 'ipv6', 'gre', 'esp', 'ah'],
  ...['ipv6-icmp', 'ospf', 'ipip', 'pim', 'ipcomp', 'vrrp', 'l2tp', 'sctp', 'udplite', 'dccp'],
];
