/**
 * Everything that comes into a bridged run from outside of virtual time: frames, signals of the real side, stops of the
 * whole process, deeds by hand. Live and in a replay the same function carries them out, each at the very beginning of an
 * instant of its own; so a recorded run goes the same way again, event by event.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { ExecHandle } from '../host/host-api.ts';
import type { CableApi } from '../lan/lan-api.ts';
import type { ScenarioRun } from '../scenario/run.ts';
import type { Step } from '../scenario/scenario.ts';
import {
  type ActionDocument,
  cancelAction,
  execAction,
  type HandAction,
  type HandProblem,
  type TerminalPlace,
  tableAction,
} from '../session/hand-actions.ts';
import type { ActionArguments, ActionName } from '../session/protocol.ts';
import type { HandStep } from '../session/timeline.ts';
import type { LivingLan } from '../topology/living-lan.ts';

/** One input with its moment. */
export type OutsideInput =
  | {
      readonly kind: 'frames';
      readonly at: TimeUs;
      /** Index of the port, in the order of the command line. */
      readonly port: number;
      readonly frames: readonly Uint8Array[];
    }
  | {
      readonly kind: 'carrier';
      readonly at: TimeUs;
      readonly port: number;
      readonly up: boolean;
    }
  /** The process did not run for a while: all keepalived are stopped (SIGSTOP), and go on (SIGCONT). */
  | { readonly kind: 'stopped' | 'continued'; readonly at: TimeUs }
  /** Nothing came in: the run had got that far. Tells where a run that was killed ended. */
  | { readonly kind: 'mark'; readonly at: TimeUs }
  | {
      readonly kind: 'deed';
      readonly at: TimeUs;
      readonly index: number;
      readonly name?: string | undefined;
      readonly documents: readonly ActionDocument[];
    };

/** Something that was done by hand. */
export type RecordedDeed = OutsideInput & { readonly kind: 'deed' };

/** A bridged cable as inputs name it: by the node that stands for the outside. */
export interface OutsideEnd {
  /** `tap0`: name of the node and of its port. */
  readonly node: string;
}

/** The first instant from `from` on in which no step of the scenario acts. */
export function freeInstant(stepTimes: ReadonlySet<number>, from: number): TimeUs {
  let at = from;
  while (stepTimes.has(at)) at++;
  return at as TimeUs;
}

/** Carries inputs out on one run, live or again. */
export class InputPlayer {
  readonly #run: ScenarioRun;
  readonly #lines: readonly (CableApi | undefined)[];
  readonly #running = new Map<string, ExecHandle>();

  constructor(run: ScenarioRun, ends: readonly OutsideEnd[]) {
    this.#run = run;
    this.#lines = ends.map(({ node }) => run.lan.cableAt(node, node));
  }

  /**
   * Carries an input out. `input.at` is later than all that has happened and no step acts then; everything before it
   * happens first, nothing of the moment itself has.
   */
  apply(input: OutsideInput): void {
    const { engine, lan } = this.#run;
    engine.runUntil((input.at - 1) as TimeUs);
    if (input.kind === 'mark') return;
    if (input.kind === 'deed') {
      this.#repeatDeed(input);
      return;
    }
    engine.enter(input.at);
    switch (input.kind) {
      case 'frames': {
        const line = this.#lines[input.port]?.a;
        for (const frame of input.frames) line?.send(frame);
        return;
      }
      case 'carrier':
        this.#lines[input.port]?.setEndPower('a', input.up);
        return;
      case 'stopped':
      case 'continued':
        for (const host of lan.hosts.values()) {
          host.signal('keepalived', input.kind === 'stopped' ? 'STOP' : 'CONT');
        }
    }
  }

  /** Does a recorded deed again; terminals have no ears any more. */
  #repeatDeed(input: RecordedDeed): void {
    const place: TerminalPlace = { ears: () => undefined, running: () => this.#running };
    this.#run.actByHand(deedOf(input, place, this.#run.lan).step);
  }
}

/** A recorded deed as it was done; what the LAN does not know any more is left out. */
export function deedOf(input: RecordedDeed, place: TerminalPlace, lan: LivingLan): HandStep {
  const { documents } = input;
  const name = input.name === undefined ? {} : { name: input.name };
  const actions = documents.flatMap((document): HandAction['actions'] => {
    const action = actionOf(document, place, lan);
    return 'code' in action ? [] : action.actions;
  });
  const step: Step = {
    index: input.index,
    ...name,
    at: input.at,
    place: { line: 0, column: 0 },
    actions,
    expect: [],
  };
  return { step, action: { actions, documents, ...name } };
}

function actionOf(
  document: ActionDocument,
  place: TerminalPlace,
  lan: LivingLan,
): HandAction | HandProblem {
  if (document.kind === 'exec') return execAction(document, place);
  if (document.kind === 'cancel') return cancelAction(document.terminal, place);
  return tableAction(document.name as ActionName, document.args as ActionArguments, lan);
}
