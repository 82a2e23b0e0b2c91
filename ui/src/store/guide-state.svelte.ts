/** How far somebody is in the guide of the open scenario. A tour begins anew each time, a lab sheet is kept for later. */

import { currentStep, type Guide, type GuideFacts, newlyDone } from '../guide/guide.ts';
import { guideOf } from '../guide/guides.ts';
import { readStored, writeStored } from './stored.ts';

/** See the head of the file. */
export class GuideState {
  guide: Guide | undefined = $state.raw(undefined);
  done: ReadonlySet<string> = $state.raw(new Set());
  shown = $state(true);
  /** The packet's conversation was read; said by the dialog. */
  followed = $state(false);
  /** A scenario was written; said by the dialog. */
  saved = $state(false);

  /** Another scenario was opened. */
  open(scenario: string): void {
    this.guide = guideOf(scenario);
    this.followed = false;
    this.saved = false;
    const kept = this.guide?.kind === 'sheet' ? readStored(keyOf(this.guide)) : undefined;
    this.done = new Set(kept === undefined || kept === '' ? [] : kept.split(' '));
  }

  /** The step that a tour is at. */
  get current() {
    return this.guide === undefined ? undefined : currentStep(this.guide, this.done);
  }

  /** Ticks off what is done now. */
  check(facts: GuideFacts): void {
    if (this.guide === undefined) return;
    for (const id of newlyDone(this.guide, this.done, facts)) this.tick(id);
  }

  tick(id: string): void {
    this.#set(new Set([...this.done, id]));
  }

  /** Back to the step before, to read it again. */
  back(): void {
    const steps = this.guide?.steps ?? [];
    const index = steps.findIndex((step) => step.id === this.current?.id);
    const before = steps[(index < 0 ? steps.length : index) - 1];
    if (before === undefined) return;
    this.#set(new Set([...this.done].filter((id) => id !== before.id)));
  }

  restart(): void {
    this.#set(new Set());
  }

  #set(done: ReadonlySet<string>): void {
    this.done = done;
    if (this.guide?.kind === 'sheet') writeStored(keyOf(this.guide), [...done].join(' '));
  }
}

function keyOf(guide: Guide): string {
  return `lantwin.guide.${guide.id}`;
}
