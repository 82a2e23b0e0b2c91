/**
 * Guides beside the map: a narrated tour that goes step by step, and a lab sheet whose tasks tick themselves off in any order.
 * A guide is plain data; whether a step is done is asked of facts that the page knows anyway, so that it does not matter by
 * which way somebody did it: mouse, keyboard, terminal or table.
 */

import type { EventRow, JournalView } from '../../../sim/session/protocol-rows.ts';
import type { CableView, HostView, LanesView } from '../../../sim/session/protocol-views.ts';

/** What a step may look at. */
export interface GuideFacts {
  readonly at: number;
  readonly end: number;
  readonly playing: boolean;
  readonly hosts: ReadonlyMap<string, HostView>;
  readonly cables: ReadonlyMap<string, CableView>;
  readonly lanes: LanesView;
  /** The newest ones. */
  readonly events: readonly EventRow[];
  readonly journals: ReadonlyMap<string, readonly JournalView[]>;
  readonly filter: string;
  readonly filterWrong: boolean;
  readonly selected: string | undefined;
  readonly packet: number | undefined;
  readonly followed: boolean;
  readonly saved: boolean;
}

/** What a step can do for somebody who would rather watch. */
export type GuideDeed =
  | { readonly kind: 'play' }
  | { readonly kind: 'select'; readonly node?: string; readonly cable?: string }
  | { readonly kind: 'plug'; readonly cable: string }
  | { readonly kind: 'back-before-cut' }
  | { readonly kind: 'to-end' }
  | { readonly kind: 'filter'; readonly text: string }
  | { readonly kind: 'terminal'; readonly host: string; readonly line: string }
  | { readonly kind: 'save' };

/** One step or task. */
export interface GuideStep {
  readonly id: string;
  readonly title: string;
  /** Sentences; text between backquotes is code. */
  readonly text: string;
  /** Absent: read, and go on. */
  readonly done?: (facts: GuideFacts) => boolean;
  /** What it is about, as a CSS selector of the page. */
  readonly points?: string;
  readonly deed?: GuideDeed;
  readonly deedWords?: string;
  /** Row of the seeds that it walks through. */
  readonly row?: string;
}

/** A whole guide. */
export interface Guide {
  readonly id: string;
  /** `tour`: one step after the other; `sheet`: any order. */
  readonly kind: 'tour' | 'sheet';
  readonly title: string;
  readonly about: string;
  readonly steps: readonly GuideStep[];
  /** Hosts whose journal says whether something is done. */
  readonly watches?: readonly string[];
  /** Whether it belongs to a scenario, by the file's name. */
  readonly fits: (scenario: string) => boolean;
}

/** Which steps are done now that were not: the tour's first open one, of a sheet all that are. */
export function newlyDone(
  guide: Guide,
  done: ReadonlySet<string>,
  facts: GuideFacts,
): readonly string[] {
  const open = guide.steps.filter((step) => !done.has(step.id));
  const asked = guide.kind === 'tour' ? open.slice(0, 1) : open;
  return asked.filter((step) => step.done?.(facts) === true).map((step) => step.id);
}

/** The step of a tour that is next. */
export function currentStep(guide: Guide, done: ReadonlySet<string>): GuideStep | undefined {
  return guide.steps.find((step) => !done.has(step.id));
}

/** The state of a host's only (or first) virtual router. */
export function stateOf(facts: GuideFacts, host: string): string | undefined {
  return facts.hosts.get(host)?.instances[0]?.state;
}

/** Whether a command was run on a host: its words, or a part of them. */
export function ran(facts: GuideFacts, host: string, words: RegExp): boolean {
  return facts.events.some(
    (row) => row.kind === 'exec' && row.node === host && words.test(row.text.split('\n')[0] ?? ''),
  );
}

/** Whether somebody did something with words like these. */
export function did(facts: GuideFacts, words: RegExp): boolean {
  return facts.lanes.marks.some((mark) => mark.kind === 'hand' && words.test(mark.text));
}
