/** Runs a twin and writes down what its hosts send, as captures on its switches would see it. */

import type { TimeUs } from '../../../daemon/base/time.ts';
import type { SwitchPortFacts } from '../../lan/lan-api.ts';
import { startRun } from '../../scenario/run.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { type Sighting, sightingOf } from './sighting.ts';

/** A sighting with the LAN in which it was made: the first by name of the switches that are joined there. */
export interface TwinSighting extends Sighting {
  readonly lan: string;
}

/** Everything that the hosts of a twin send, each frame once. What a blocked port of a switch drops is not seen. */
export function playTwin(
  scenario: Scenario,
  until: TimeUs,
  seed: number | undefined,
): {
  readonly sightings: readonly TwinSighting[];
  readonly end: number;
  /** By switch, the name of its LAN. */
  readonly lans: ReadonlyMap<string, string>;
} {
  const sightings: TwinSighting[] = [];
  let lans: ReadonlyMap<string, string> = new Map();
  const run = startRun(scenario, {
    ...(seed === undefined ? {} : { seed }),
    onStart: (lan) => {
      lans = lansOf(lan);
      for (const cable of lan.cables) {
        cable.tap(({ at, from, frame, lost, late }) => {
          if (lost !== undefined || late === true) return;
          if (!lan.hosts.has(nodeOf(from))) return;
          const sighting = sightingOf(frame, at);
          if (sighting === undefined) return;
          const far = from === cable.a.id ? cable.b.id : cable.a.id;
          if (isShut(portAt(lan, far))) return;
          sightings.push({ ...sighting, lan: lans.get(nodeOf(far)) ?? cable.name });
        });
      }
    },
  });
  run.advanceTo(until);
  return { sightings, end: run.engine.now, lans };
}

/** By switch: the first by name of those that it is joined to. */
function lansOf(lan: LivingLan): ReadonlyMap<string, string> {
  const lans = new Map<string, string>([...lan.switches.keys()].map((name) => [name, name]));
  // At most as many rounds as there are switches: each makes one name smaller, or it is the last.
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    for (const cable of lan.cables) {
      const ends = [nodeOf(cable.a.id), nodeOf(cable.b.id)] as const;
      const [a, b] = [lans.get(ends[0]), lans.get(ends[1])];
      if (a === undefined || b === undefined || a === b) continue;
      const first = a < b ? a : b;
      for (const end of ends) lans.set(end, first);
      isChanged = true;
    }
  }
  return lans;
}

function isShut(port: SwitchPortFacts | undefined): boolean {
  return port !== undefined && (port.detached || !port.forwarding);
}

function portAt(lan: LivingLan, id: string): SwitchPortFacts | undefined {
  const name = id.slice(id.indexOf(':') + 1);
  return lan.switches.get(nodeOf(id))?.ports.find((one) => one.name === name);
}

function nodeOf(id: string): string {
  const colon = id.indexOf(':');
  return colon < 0 ? id : id.slice(0, colon);
}
