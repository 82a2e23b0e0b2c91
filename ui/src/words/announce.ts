/** What a screen reader is told without being asked: who became MASTER, and nothing that did not change. */

import type { HostView } from '../../../sim/session/protocol-views.ts';

/** The masters of a LAN: `VRID 88` to the names of its masters. */
export function mastersOf(hosts: Iterable<HostView>): Map<string, string[]> {
  const masters = new Map<string, string[]>();
  for (const host of hosts) {
    if (host.power === 'off') continue;
    for (const instance of host.instances) {
      const key = `VRID ${instance.vrid}`;
      const names = masters.get(key) ?? [];
      if (instance.state === 'MASTER') names.push(host.name);
      masters.set(key, names);
    }
  }
  return masters;
}

/** Sentences for what changed between two moments. */
export function masterNews(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): string[] {
  const news: string[] = [];
  for (const [router, names] of after) {
    const earlier = before.get(router) ?? [];
    if (earlier.join() === names.join()) continue;
    if (names.length === 0) news.push(`${router} has no master`);
    else if (names.length === 1) news.push(`${names[0]} is MASTER of ${router}`);
    else news.push(`${router} has ${names.length} masters: ${names.join(' and ')}`);
  }
  return news;
}
