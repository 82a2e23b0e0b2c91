/**
 * Reality beside its twin: runs a scenario, looks at what its hosts send, and matches that against a real capture, thing by
 * thing. Adverts, announcements and answers are compared unless other kinds are named; of announcements, questions and
 * answers only those about virtual addresses, since everything else depends on who happens to talk.
 */

import { type DurationUs, later, TIME_ZERO, type TimeUs } from '../../../daemon/base/time.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
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
import { playTwin, type TwinSighting } from './twin-sightings.ts';

/** How to compare. */
export interface CompareOptions {
  readonly tolerances: Tolerances;
  readonly kinds: ReadonlySet<SightingKind>;
  readonly seed?: number;
  /** The twin's time at which the capture begins; absent: the best one is looked for. */
  readonly begins?: TimeUs;
  /** LANs that were captured, by their switches; absent: those in which the capture's routers speak. */
  readonly on?: readonly string[];
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
  const until = Math.max(scenario.until, later(TIME_ZERO, length as DurationUs)) as TimeUs;
  const played = playTwin(scenario, until, options.seed);
  const { end } = played;
  const on = options.on?.map((name) => played.lans.get(name) ?? name);
  const twin = nameStations(capturedOf(played.sightings, real, on));
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
    { from, to },
  );
  return { ...match, begins, from, to };
}

/** The twin's sightings of the LANs that were captured: named ones, or those in which the capture's senders speak. */
function capturedOf(
  twin: readonly TwinSighting[],
  real: readonly Sighting[],
  on: readonly string[] | undefined,
): readonly TwinSighting[] {
  if (on !== undefined) return twin.filter(({ lan }) => on.includes(lan));
  const spoken = new Set(real.filter(({ kind }) => kind === 'adverts').map(({ key }) => key));
  const lans = new Set(twin.filter(({ key }) => spoken.has(key)).map(({ lan }) => lan));
  return lans.size === 0 ? twin : twin.filter(({ lan }) => lans.has(lan));
}
