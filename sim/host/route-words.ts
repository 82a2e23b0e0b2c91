/** Routes and rules in the words of ip-route(8) and ip-rule(8): one text for the daemon's events, another for the shell. */

import { formatIp, formatPrefix } from '../../daemon/wire/ip-address.ts';
import type { PolicyRule, Route } from '../kernel/kernel-api.ts';

/** The destination as iproute2 shows it: `default`, a bare host address, or a prefix. */
export function destinationText(route: Pick<Route, 'destination' | 'family'>): string {
  const { destination, family } = route;
  if (destination.length === 0) return 'default';
  const isHost = destination.length === (family === 'inet' ? 32 : 128);
  return isHost ? formatIp(destination.address) : formatPrefix(destination);
}

/** The words that would add the rule again. */
export function ruleWords(rule: PolicyRule): readonly string[] {
  return [
    ...(rule.from === undefined ? [] : ['from', formatPrefix(rule.from)]),
    ...(rule.to === undefined ? [] : ['to', formatPrefix(rule.to)]),
    ...(rule.inputLink === undefined ? [] : ['iif', rule.inputLink]),
    ...(rule.outputLink === undefined ? [] : ['oif', rule.outputLink]),
    ...(rule.mark === undefined ? [] : ['fwmark', String(rule.mark)]),
    ...['table', rule.table, 'priority', String(rule.priority)],
  ];
}

/** The words that would add the route again. */
export function routeWords(route: Route): readonly string[] {
  return [
    ...(route.type === 'unicast' ? [] : [route.type]),
    destinationText(route),
    ...(route.gateway === undefined ? [] : ['via', formatIp(route.gateway)]),
    ...(route.link === undefined ? [] : ['dev', route.link]),
    ...(route.table === 'main' ? [] : ['table', route.table]),
    'proto',
    route.protocol,
    ...(route.scope === 'global' ? [] : ['scope', route.scope]),
    ...(route.source === undefined ? [] : ['src', formatIp(route.source)]),
    ...(route.metric === 0 ? [] : ['metric', String(route.metric)]),
  ];
}
