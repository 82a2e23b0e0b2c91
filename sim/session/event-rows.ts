/** Events of the run log as rows of the event list, and as lines of a host's journal. */

import type { RunEvent } from '../engine/run-log.ts';
import type { HostRunEvent } from '../host/host-events.ts';
import type { LanRunEvent } from '../lan/lan-api.ts';
import { eventText } from '../report/event-text.ts';
import type { ScenarioRunEvent } from '../scenario/run-events.ts';
import type { EventRow, JournalView } from './protocol-rows.ts';

/** The row of an event; `undefined` for journal lines, which have a list of their own. */
export function eventRow(event: RunEvent, id: number): EventRow | undefined {
  if (event.kind === 'journal' || isEmptyStep(event)) return undefined;
  return {
    id,
    at: event.at,
    node: event.node,
    kind: event.kind,
    text: eventText(event),
    tone: toneOf(event as LanRunEvent | HostRunEvent | ScenarioRunEvent),
    origin: event.kind === 'daemon' ? 'daemon' : 'model',
  };
}

/** The journal line of an event of that host. */
export function journalRow(event: RunEvent, host: string, index: number): JournalView | undefined {
  if (event.kind !== 'journal' || event.node !== host) return undefined;
  const { line } = event as HostRunEvent & { readonly kind: 'journal' };
  const { identifier, pid, level, text } = line;
  return { index, at: event.at, identifier, pid, level, text };
}

/** A step that only opens windows of expectations. */
function isEmptyStep(event: RunEvent): boolean {
  return event.kind === 'step' && (event as ScenarioRunEvent & { kind: 'step' }).words === '';
}

function toneOf(event: LanRunEvent | HostRunEvent | ScenarioRunEvent): EventRow['tone'] {
  switch (event.kind) {
    case 'step':
    case 'exec':
      return 'hand';
    case 'step-refused':
    case 'storm':
    case 'mac-moved':
      return 'trouble';
    case 'cable':
      return event.change === 'unplugged' || event.change === 'impaired' ? 'trouble' : 'good';
    case 'carrier':
      return event.up ? 'good' : 'trouble';
    case 'power':
      return event.state === 'off' || event.state === 'frozen' ? 'trouble' : 'good';
    case 'program':
      return event.change === 'crashed' || event.change === 'failed' ? 'trouble' : 'quiet';
    case 'daemon':
      if (event.report.kind === 'advert-refused') return 'trouble';
      return event.report.kind === 'vrrp-state' || event.report.kind === 'group-state'
        ? 'state'
        : 'quiet';
    case 'traffic':
      return event.change === 'lost' ? 'trouble' : 'good';
    default:
      return 'quiet';
  }
}
