/** What the kernel tells by netlink, as the daemon hears it. */

import type { SystemEvent } from '../../daemon/core/events.ts';
import type { NetlinkEvent } from '../kernel/kernel-api.ts';
import { routeWords, ruleWords } from './route-words.ts';

/** The daemon's event; `undefined` for what it does not listen to. */
export function eventOfNetlink(event: NetlinkEvent): SystemEvent | undefined {
  switch (event.kind) {
    case 'link-changed':
    case 'link-removed':
      return { kind: event.kind, interface: event.link };
    case 'address-added':
    case 'address-removed':
      return { kind: event.kind, interface: event.link, address: event.address };
    case 'route-removed':
      return { kind: 'route-removed', words: routeWords(event.route) };
    case 'rule-removed': {
      const { family } = event.rule;
      return { kind: 'rule-removed', family, words: ruleWords(event.rule) };
    }
    default:
      return undefined;
  }
}
