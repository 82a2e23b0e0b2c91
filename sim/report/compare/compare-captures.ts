/**
 * Reality beside its twin: runs a scenario, looks at what its hosts send, and matches that against a real capture, thing by
 * thing. Adverts, announcements and answers are compared unless other kinds are named; of announcements, questions and
 * answers only those about virtual addresses, since everything else depends on who happens to talk.
 */

import { type DurationUs, later, TIME_ZERO, type TimeUs } from '../../../daemon/base/time.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { startRun } from '../../scenario/run.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { type CaptureFile, LINK_TYPE_ETHERNET } from '../capture-file.ts';
import { alignSightings, shift } from './align.ts';
import { type Match, matchSightings, type Tolerances } from './match-sightings.ts';
import {
  nameStations,
  type Sighting,
  type SightingKind,
  sightingOf,
  virtualAddresses,
} from './sighting.ts';

/** How to compare. */
export interface CompareOptions {
  readonly tolerances: Tolerances;
  readonly kinds: ReadonlySet<SightingKind>;
  readonly seed?: number;
  /** The twin's time at which the capture begins; absent: the best one is looked for. */
  readonly begins?: TimeUs;
}

/** A comparison; a text says why there is none. */
export interface Comparison extends Match {
  /** The twin's time of the capture's first packet, µs. */
  readonly begins: number;
  /** What was compared, in the twin's time. */
  readonly from: number;
  readonly to: number;
}

/** Runs the scenario and compares. */
export function compareCapture(
  scenario: Scenario,
  capture: CaptureFile,
  options: CompareOptions,
): Comparison | string {
  const frames = capture.packets.filter(
    (one) => capture.interfaces[one.interfaceIndex]?.linkType === LINK_TYPE_ETHERNET,
  );
  const first = frames[0]?.timeUs;
  if (first === undefined) return 'the capture holds no Ethernet frames';
  const length = (frames.at(-1)?.timeUs ?? first) - first;
  const real = nameStations(
    frames.flatMap((one) => sightingOf(one.bytes, one.timeUs - first) ?? []),
  );
  const { sightings: twin, end } = playTwin(scenario, length as DurationUs, options.seed);
  const begins = options.begins ?? alignSightings(real, twin, options.tolerances);
  if (begins === undefined)
    return 'no advert of the capture is like one of the twin: give --begins';
  const from = Math.max(0, begins);
  const to = Math.min(end, begins + length);
  const virtual = new Set([...virtualAddresses(real), ...virtualAddresses(twin)]);
  const isWanted = (one: Sighting): boolean =>
    options.kinds.has(one.kind) &&
    one.at >= from &&
    one.at <= to &&
    (one.about === undefined || virtual.has(formatIp(one.about)));
  const match = matchSightings(
    shift(real, begins).filter(isWanted),
    twin.filter(isWanted),
    options.tolerances,
  );
  return { ...match, begins, from, to };
}

/** Everything that the hosts of a twin send, each frame once, as a capture on a switch would see it. */
function playTwin(
  scenario: Scenario,
  atLeast: DurationUs,
  seed: number | undefined,
): { readonly sightings: readonly Sighting[]; readonly end: number } {
  const sightings: Sighting[] = [];
  const until = Math.max(scenario.until, later(TIME_ZERO, atLeast)) as TimeUs;
  const run = startRun(scenario, {
    ...(seed === undefined ? {} : { seed }),
    onStart: (lan) => {
      for (const cable of lan.cables) {
        cable.tap(({ at, from, frame, lost, late }) => {
          if (lost !== undefined || late === true) return;
          if (!lan.hosts.has(from.slice(0, from.indexOf(':')))) return;
          const sighting = sightingOf(frame, at);
          if (sighting !== undefined) sightings.push(sighting);
        });
      }
    },
  });
  run.advanceTo(until);
  return { sightings: nameStations(sightings), end: run.engine.now };
}
