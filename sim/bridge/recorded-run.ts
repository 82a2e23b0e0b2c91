/** A recording as a browser view shows it again: the same inputs, carried out by the same player as in `lantwin replay`. */

import type { ExecHandle } from '../host/host-api.ts';
import type { TerminalPlace } from '../session/hand-actions.ts';
import type { RecordedOutside } from '../session/recorded-outside.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import {
  deedOf,
  InputPlayer,
  type OutsideEnd,
  type OutsideInput,
  type RecordedDeed,
} from './outside-input.ts';

/**
 * The inputs of a recording, for a session.
 *
 * `end`: when the run ended, µs; absent of a run that was killed, which is known up to its last input.
 */
export function recordedOutside(
  inputs: readonly OutsideInput[],
  about: { readonly ends: readonly OutsideEnd[]; readonly end: number | undefined },
): RecordedOutside {
  const outer = inputs.filter((one) => one.kind !== 'deed' && one.kind !== 'mark');
  const byHand = inputs.filter((one): one is RecordedDeed => one.kind === 'deed');
  const place = quietPlace();
  return {
    times: outer.map((one) => one.at),
    player: (run) => {
      const player = new InputPlayer(run, about.ends);
      return (index) => {
        const input = outer[index];
        if (input !== undefined) player.apply(input);
      };
    },
    deeds: (lan) => byHand.map((one) => deedOf(one, place, lan)),
    end: about.end ?? inputs.at(-1)?.at ?? 0,
  };
}

/** Terminals without ears: what they printed is in the events. Each run has commands of its own. */
function quietPlace(): TerminalPlace {
  const running = new WeakMap<LivingLan, Map<string, ExecHandle>>();
  return {
    ears: () => undefined,
    running: (lan) => {
      const known = running.get(lan) ?? new Map<string, ExecHandle>();
      running.set(lan, known);
      return known;
    },
  };
}
