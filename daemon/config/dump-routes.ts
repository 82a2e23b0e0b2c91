/**
 * Routes and rules as keepalived dumps them: in an order of its own, numbers instead of names.
 *
 * Source: dumps of 2.2.7 (test/reference/dumps/routes.conf, test/reference/config-diagnostics).
 */

import type { VirtualRoute, VirtualRule } from '../vrrp/vrrp-config.ts';

const ROUTE_TYPES = [
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'local',
  'broadcast',
  'multicast',
  'anycast',
];
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
/** Who may set routes. Source: rt_protos of iproute2. */
const PROTOCOL_NUMBERS = new Map([
  ['redirect', '1'],
  ['kernel', '2'],
  ['boot', '3'],
  ['static', '4'],
  ['ra', '9'],
  ['dhcp', '16'],
  ['keepalived', '18'],
]);
const IP_PROTOCOLS = new Map([
  ['icmp', '1'],
  ['tcp', '6'],
  ['udp', '17'],
  ['ipv6-icmp', '58'],
  ['vrrp', '112'],
  ['sctp', '132'],
]);

/** keepalived's own number among those who set routes. */
const KEEPALIVED = '18';

/** Words of a route in the order of the dump; `protocol` and `onlink` have rules of their own. */
const ROUTE_ORDER = [
  'from',
  'src',
  'tos',
  'via',
  'dev',
  'table',
  'protocol',
  'scope',
  'metric',
  'onlink',
  'realms',
  'expires',
  'mtu',
  'hoplimit',
  'advmss',
  'rtt',
  'rttvar',
  'reordering',
  'window',
  'cwnd',
  'ssthresh',
  'rto_min',
  'initcwnd',
  'initrwnd',
  'quickack',
  'congctl',
  'pref',
];

/** Words that ip-route knows by two names. */
const SYNONYMS = new Map([
  ['dsfield', 'tos'],
  ['priority', 'metric'],
  ['preference', 'metric'],
]);

/** A route. */
export function dumpRoute(route: VirtualRoute): string {
  const [first = '', ...rest] = route.words;
  const typed = ROUTE_TYPES.includes(first);
  const target = (typed ? rest.shift() : first) ?? 'default';
  const any = route.family === 'inet' ? '0.0.0.0/0' : '::/0';
  const verb = typed ? `add ${first}` : route.append ? 'append' : 'prepend';
  const hops = route.words.indexOf('nexthop');
  const values = routeValues(hops < 0 ? rest : rest.slice(0, rest.indexOf('nexthop')));
  const words = [`     ${verb} ${target === 'default' ? any : target}`];
  for (const key of ROUTE_ORDER) words.push(...routeWord(route, key, values));
  for (const word of hops < 0 ? [] : route.words.slice(hops)) {
    words.push(word === 'via' ? `via ${route.family}` : word);
  }
  if (route.noTrack) words.push('no_track');
  return words.join(' ');
}

function routeValues(words: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === 'onlink') values.set(word, '');
    else {
      const isFamily = word === 'via' && /^inet6?$/.test(words[at + 1] ?? '');
      at += isFamily ? 2 : 1;
      values.set(SYNONYMS.get(word) ?? word, words[at] ?? '');
    }
  }
  return values;
}

function routeWord(
  route: VirtualRoute,
  key: string,
  values: ReadonlyMap<string, string>,
): readonly string[] {
  const value = values.get(key);
  if (key === 'protocol') {
    // A route that says no_track itself keeps the kernel's; one that cannot be tracked does not.
    if (route.noTrack && values.has('dev') && value === undefined) return [];
    return [`proto ${PROTOCOL_NUMBERS.get(value ?? '') ?? value ?? KEEPALIVED}`];
  }
  if (value === undefined) return [];
  switch (key) {
    case 'onlink':
      return ['onlink'];
    case 'via':
      return [`via ${route.family} ${value}`];
    case 'table':
      return [`table ${TABLE_NUMBERS.get(value) ?? value}`];
    case 'scope':
      return [`scope ${SCOPE_NUMBERS.get(value) ?? value}`];
    default:
      return [`${key} ${value}`];
  }
}

/**
 * The line of a route that may be set: one of IPv6 without a metric, which the kernel then chose,
 * tells so. Source: test/reference/dumps/routes6.
 */
export function installed(line: string, isSet: boolean): string {
  const isIpv6 = /^ {5}\w+ [\da-f]*:[\da-f:]*(\/\d+)? /.test(line);
  const marked = isSet && isIpv6 && !/ metric | no_track$/.test(line);
  return marked ? `${line} [installed ifindex 0]` : line;
}

/** A rule. */
export function dumpRule(rule: VirtualRule): string {
  const { values, actions, inverted } = ruleParts(rule.words);
  const value = (...keys: string[]) => keys.map((key) => values.get(key)).find((one) => one);
  const words = [`     ${inverted ? 'not ' : ''}from ${value('from') ?? 'all'}`];
  const add = (title: string, text: string | undefined) => {
    if (text !== undefined) words.push(`${title} ${text}`);
  };
  add('to', value('to'));
  words.push(`priority ${value('priority') ?? '0'}`);
  words.push(`tos ${hex(value('tos', 'dsfield') ?? '0')}`);
  const mark = value('fwmark');
  add('fwmark', mark?.split('/').map(hex).join('/'));
  add('iif', value('iif', 'dev'));
  add('oif', value('oif'));
  add('suppress_prefixlen', value('suppress_prefixlength', 'suppress_prefixlen', 'sup_pl'));
  add('suppress_ifgroup', value('suppress_ifgroup', 'suppress_group', 'sup_group'));
  add('tunnel-id', value('tunnel-id', 'tun_id'));
  add('uidrange', value('uidrange'));
  if (!rule.noTrack) words.push(`protocol ${KEEPALIVED}`);
  const protocol = value('ipproto');
  add('ipproto', protocol === undefined ? undefined : (IP_PROTOCOLS.get(protocol) ?? protocol));
  add('sport', value('sport'));
  add('dport', value('dport'));
  add('realms', value('realms'));
  const table = value('table');
  if (actions[0] !== undefined) words.push(`type ${actions[0]}`);
  else if (values.has('goto')) add('goto', value('goto'));
  else words.push(`lookup ${TABLE_NUMBERS.get(table ?? 'main') ?? table}`);
  if (rule.noTrack) words.push('no_track');
  return words.join(' ');
}

const ACTIONS = ['blackhole', 'unreachable', 'prohibit', 'nop', 'l3mdev'];

function ruleParts(words: readonly string[]) {
  const values = new Map<string, string>();
  const actions: string[] = [];
  let inverted = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === 'not') inverted = true;
    else if (ACTIONS.includes(word)) actions.push(word);
    else {
      at++;
      values.set(word, words[at] ?? '');
    }
  }
  return { values, actions, inverted };
}

function hex(text: string): string {
  return `0x${Number(text).toString(16)}`;
}
