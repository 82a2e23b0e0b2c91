/** What a guide does for somebody who would rather watch: the same intents that a click raises. */

import type { GuideDeed } from '../guide/guide.ts';
import type { Twin } from '../store/twin.svelte.ts';
import type { View } from '../store/view.svelte.ts';

/** Carries a deed out. */
export function performDeed(deed: GuideDeed, page: { readonly twin: Twin; readonly view: View }) {
  const { twin, view } = page;
  switch (deed.kind) {
    case 'play':
      if (!twin.playing) twin.togglePlay();
      return;
    case 'select':
      if (deed.node !== undefined) view.selectNode(deed.node);
      else if (deed.cable !== undefined) view.selectCable(deed.cable);
      return;
    case 'plug':
      view.selectCable(deed.cable);
      twin.togglePlug(deed.cable);
      return;
    case 'back-before-cut':
      twin.send({ type: 'pause' });
      twin.send({ type: 'seek', at: beforeLastDeed(twin) });
      return;
    case 'to-end':
      twin.send({ type: 'seek', at: twin.end });
      return;
    case 'filter':
      view.tab = 'packets';
      view.filter = deed.text;
      return;
    case 'terminal':
      view.selectNode(deed.host);
      view.hostTab = 'terminal';
      view.typeNext = { host: deed.host, line: deed.line };
      return;
    case 'save':
      view.saveOpen = true;
      return;
  }
}

/** A second before the last thing that was done by hand. */
function beforeLastDeed(twin: Twin): number {
  const last = twin.lanes.marks.findLast(
    (mark) => mark.kind === 'hand' && /unplug/.test(mark.text),
  );
  return Math.max(0, (last?.at ?? twin.at) - 1_000_000);
}
