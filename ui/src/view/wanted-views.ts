/** What this page wants to be told, out of what it shows. */

import type { Subscription } from '../../../sim/session/protocol.ts';
import type { TopologyView } from '../../../sim/session/protocol-views.ts';
import { neighboursOf } from '../geometry/layout.ts';
import type { Guide } from '../guide/guide.ts';
import type { Selection } from '../store/view.svelte.ts';

/** Nodes whose tables a session sends to one page at the same time. */
const TABLES_MAX = 8;

/** The subscription that fits the view. */
export function wantedViews(
  view: { readonly selection: Selection; readonly filter: string },
  twin: { readonly topology: TopologyView },
  guide: { readonly guide: Guide | undefined },
): Subscription {
  const { selection } = view;
  const watched = guide.guide?.watches ?? [];
  const node = selection.kind === 'node' ? selection.name : undefined;
  const found = twin.topology.nodes.find((known) => known.name === node);
  const around =
    node === undefined || found?.kind === 'host'
      ? neighboursOf(node ?? '', twin.topology.cables)
      : [];
  const tables = node === undefined ? [] : [node, ...around].slice(0, TABLES_MAX);
  return {
    packets: { filter: view.filter },
    events: true,
    flights: true,
    lanes: true,
    tables,
    journals: [...new Set([...(found?.kind === 'host' ? [found.name] : []), ...watched])],
  };
}
