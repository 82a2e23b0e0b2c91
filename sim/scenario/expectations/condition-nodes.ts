/** Which hosts and switches a claim is about, for the last state changes shown beside a failure. */

import type { ConditionSpec } from './condition-spec.ts';

/** Names in the order of the claim; empty when it is about the LAN as a whole. */
export function nodesOf(spec: ConditionSpec): readonly string[] {
  switch (spec.kind) {
    case 'holders':
      return spec.holders;
    case 'neighbour':
      return spec.isAt?.kind === 'host' ? [spec.host, spec.isAt.host] : [spec.host];
    case 'mac-table':
      return spec.mac.kind === 'host' ? [spec.switch, spec.mac.host] : [spec.switch];
    case 'adverts':
      return spec.from === undefined ? [] : [spec.from];
    case 'traffic':
    case 'output':
      return [];
    default:
      return spec.host === undefined ? [] : [spec.host];
  }
}
