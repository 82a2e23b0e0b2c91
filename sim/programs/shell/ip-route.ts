/** `ip route`: show, get, add, append, replace, del, flush. */

import { familyOf, formatIp, type IpFamily, parseIp } from '../../../daemon/wire/ip-address.ts';
import { parseDestination, parseRoute, routeMatch, tableName } from '../../host/ip-words.ts';
import { destinationText } from '../../host/route-words.ts';
import type { Route } from '../../kernel/kernel-api.ts';
import type { IpObject, IpOptions } from './ip.ts';
import { type CommandIo, fail, isShortFor, succeed } from './shell-command.ts';

/** The object `route`. */
export const ipRoute: IpObject = (io, words, options) => {
  const verb = words[0] ?? 'show';
  const rest = words.slice(1);
  if (verb === 'get') return getRoute(io, rest);
  if (isShortFor(verb, 'add')) return addRoute(io, rest, 'add', options);
  if (verb === 'append') return addRoute(io, rest, 'append', options);
  if (isShortFor(verb, 'change') || isShortFor(verb, 'replace')) {
    return addRoute(io, rest, 'replace', options);
  }
  if (isShortFor(verb, 'delete')) return deleteRoute(io, rest, options);
  if (isShortFor(verb, 'show') || isShortFor(verb, 'list') || verb === 'lst') {
    return showRoutes(io, rest, options);
  }
  if (isShortFor(verb, 'flush')) return flushRoutes(io, rest, options);
  fail(io, `Command "${verb}" is unknown, try "ip route help".`, 255);
};

function showRoutes(io: CommandIo, words: readonly string[], options: IpOptions): void {
  const chosen = selectRoutes(io, words, options);
  succeed(io, chosen.routes.map((route) => routeLine(io, route, chosen)).join(''));
}

interface Selection {
  readonly routes: readonly Route[];
  readonly link: string | undefined;
  readonly table: string;
}

function selectRoutes(io: CommandIo, words: readonly string[], options: IpOptions): Selection {
  const family = options.family ?? 'inet';
  let table = 'main';
  let link: string | undefined;
  let destination: Route['destination'] | undefined;
  let protocol: string | undefined;
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === 'table') table = tableName(queue.shift() ?? 'main');
    else if (word === 'dev') link = queue.shift();
    else if (word === 'proto' || word === 'protocol') protocol = queue.shift();
    else if (word !== 'to' && word !== 'exact' && word !== 'match' && word !== 'root') {
      destination = parseDestination(word, family);
    }
  }
  const routes = io.machine.kernel
    .routes(family, table === 'all' ? undefined : table)
    .filter((route) => link === undefined || route.link === link)
    .filter((route) => protocol === undefined || route.protocol === protocol)
    .filter(
      (route) =>
        destination === undefined ||
        (route.destination.address === destination.address &&
          route.destination.length === destination.length),
    );
  return { routes, link, table };
}

function routeLine(io: CommandIo, route: Route, shown: Selection): string {
  const link = route.link === undefined ? undefined : io.machine.kernel.link(route.link);
  const isDown = link !== undefined && !link.carrier && route.type === 'unicast';
  const isV6 = route.family === 'inet6';
  const parts = [
    ...(route.type === 'unicast' ? [] : [route.type]),
    destinationText(route),
    ...(route.gateway === undefined ? [] : ['via', formatIp(route.gateway)]),
    ...(route.link === undefined || shown.link !== undefined ? [] : ['dev', route.link]),
    ...(shown.table === 'all' && route.table !== 'main' ? ['table', route.table] : []),
    ...(route.protocol === 'boot' ? [] : ['proto', route.protocol]),
    ...(isV6 || route.scope === 'global' ? [] : ['scope', route.scope]),
    ...(route.source === undefined ? [] : ['src', formatIp(route.source)]),
    ...(route.metric === 0 ? [] : ['metric', String(route.metric)]),
    ...(isDown ? ['linkdown'] : []),
    ...(route.onLink ? ['onlink'] : []),
  ];
  return isV6 ? `${parts.join(' ')} pref medium\n` : `${parts.join(' ')} \n`;
}

function getRoute(io: CommandIo, words: readonly string[]): void {
  const text = words[0] === 'to' ? (words[1] ?? '') : (words[0] ?? '');
  const destination = parseIp(text);
  if (destination === undefined) {
    fail(io, `Error: any valid prefix is expected rather than "${text}".`, 1);
    return;
  }
  const fromAt = words.indexOf('from');
  const from = fromAt < 0 ? undefined : parseIp(words[fromAt + 1] ?? '');
  const choice = io.machine.kernel.routeTo(destination, from);
  if (choice === undefined) {
    fail(io, 'RTNETLINK answers: Network is unreachable', 2);
    return;
  }
  const parts = [
    ...(choice.local ? ['local'] : []),
    formatIp(destination),
    ...(from === undefined ? [] : ['from', formatIp(from)]),
    ...(choice.nextHop === destination ? [] : ['via', formatIp(choice.nextHop)]),
    'dev',
    choice.local ? 'lo' : choice.link,
    ...(from === undefined ? ['src', formatIp(choice.source)] : []),
  ];
  if (familyOf(destination) === 'inet6') {
    succeed(io, `${parts.join(' ')} metric 0 pref medium\n`);
    return;
  }
  succeed(io, `${parts.join(' ')} uid 0 \n    cache ${choice.local ? '<local> ' : ''}\n`);
}

function addRoute(
  io: CommandIo,
  words: readonly string[],
  how: 'add' | 'append' | 'replace',
  options: IpOptions,
): void {
  const { kernel } = io.machine;
  const parsed = parseRoute(words, { family: familyFor(words, options), protocol: 'boot', kernel });
  if ('error' in parsed) {
    fail(io, parsed.error, 1);
    return;
  }
  const { given, ...route } = parsed.value;
  if (given.has('dev') && route.link !== undefined && kernel.link(route.link) === undefined) {
    fail(io, `Cannot find device "${route.link}"`, 1);
    return;
  }
  const isReachable = route.gateway === undefined || route.onLink || isOnLink(io, route);
  if (!isReachable) {
    fail(io, 'Error: Nexthop has invalid gateway.', 2);
    return;
  }
  const result = kernel.addRoute(route, how);
  if (result === 'exists') {
    fail(io, 'RTNETLINK answers: File exists', 2);
    return;
  }
  if (result === 'unreachable') {
    fail(io, 'Error: Nexthop has invalid gateway.', 2);
    return;
  }
  io.exit(0);
}

/** A gateway must be a neighbour: reached without another gateway. */
function isOnLink(io: CommandIo, route: Route): boolean {
  if (route.gateway === undefined) return true;
  const choice = io.machine.kernel.routeTo(route.gateway);
  return choice !== undefined && choice.nextHop === route.gateway && !choice.local;
}

function deleteRoute(io: CommandIo, words: readonly string[], options: IpOptions): void {
  const { kernel } = io.machine;
  const parsed = parseRoute(words, { family: familyFor(words, options), protocol: 'boot', kernel });
  if ('error' in parsed) {
    fail(io, parsed.error, 1);
    return;
  }
  if (kernel.deleteRoute(routeMatch(parsed.value))) {
    io.exit(0);
    return;
  }
  fail(io, 'RTNETLINK answers: No such process', 2);
}

function flushRoutes(io: CommandIo, words: readonly string[], options: IpOptions): void {
  if (words.length === 0) {
    fail(io, '"ip route flush" requires arguments.', 255);
    return;
  }
  // `ip route flush cache` empties a cache that Linux no longer has.
  if (words.includes('cache')) {
    io.exit(0);
    return;
  }
  for (const route of selectRoutes(io, words, options).routes) io.machine.kernel.deleteRoute(route);
  io.exit(0);
}

function familyFor(words: readonly string[], options: IpOptions): IpFamily {
  if (options.family !== undefined) return options.family;
  const gateway = words[words.indexOf('via') + 1];
  const address = words.includes('via') ? parseIp(gateway ?? '') : undefined;
  return address === undefined ? 'inet' : familyOf(address);
}
