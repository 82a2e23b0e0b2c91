/** A twin that is joined to a real network, and what a real router of that network would send: here, another twin's frames. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durationUs, later, TIME_ZERO, type TimeUs } from '../../../daemon/base/time.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import type { OutsideInput } from '../../../sim/bridge/outside-input.ts';
import { recordedOutside } from '../../../sim/bridge/recorded-run.ts';
import { loadScenario } from '../../../sim/scenario/load-scenario.ts';
import { startRun } from '../../../sim/scenario/run.ts';
import type { Scenario } from '../../../sim/scenario/scenario.ts';
import { LiveSession } from '../../../sim/session/live-session.ts';
import { TestViewer } from '../session/session-kit.ts';

const FOLDER = join(import.meta.dirname, '../../../scenarios/seeds/three-servers');
export const SECOND = 1_000_000;

/** Frames from outside at a moment. */
export interface Arrival {
  readonly at: number;
  readonly frame: Uint8Array;
}

function load(text: string, outside: readonly string[]): Scenario {
  const { scenario, problems } = loadScenario({
    file: 'x.twin.yml',
    bytes: encodeUtf8(text),
    readFile: (name) => readFileSync(join(FOLDER, name)),
    outside: outside.map((name) => ({ name, port: 'sw1:8' })),
  });
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('\n'));
  return scenario;
}

/** srv-1 (priority 200) and a laptop, joined to the outside at sw1:8. */
export function twinScenario(steps = ''): Scenario {
  const text = `name: a twin
lan:
  switches: { sw1: {} }
  hosts:
    srv-1: { nics: { eth1: 192.168.0.101/24 }, keepalived: ./srv-1.conf }
    laptop: { nics: { eth0: 192.168.0.50/24 } }
  cables: [[srv-1:eth1, sw1:1], [laptop:eth0, sw1:2]]
${steps}`;
  return load(text, ['tap0']);
}

/** The adverts of a router with priority 100 that is alone, from 3.6 s on, once a second; the last one is its goodbye. */
export function realAdverts(untilS: number): readonly Arrival[] {
  const text = `name: a real router
lan:
  switches: { sw1: {} }
  hosts: { real: { nics: { eth1: 192.168.0.104/24 }, keepalived: ./srv-2.conf } }
  cables: [[real:eth1, sw1:1]]
steps: [{ at: ${untilS}s, do: { stop: { host: real, unit: keepalived } } }]
`;
  const run = startRun(load(text, []));
  const arrivals: Arrival[] = [];
  run.lan.cableAt('real', 'eth1')?.tap(({ at, from, frame }) => {
    const isAdvert = frame[12] === 8 && frame[13] === 0 && frame[23] === 112;
    if (from === 'real:eth1' && isAdvert) arrivals.push({ at, frame: Uint8Array.from(frame) });
  });
  run.engine.runUntil(later(TIME_ZERO, durationUs((untilS + 5) * SECOND)));
  return arrivals;
}

/** Frames and deeds as a recording has them. */
export function inputsOf(
  arrivals: readonly Arrival[],
  deeds: readonly { readonly at: number; readonly name: string; readonly args: unknown }[] = [],
): readonly OutsideInput[] {
  const frames = arrivals.map(
    ({ at, frame }): OutsideInput => ({
      kind: 'frames',
      at: at as TimeUs,
      port: 0,
      frames: [frame],
    }),
  );
  const byHand = deeds.map(
    ({ at, name, args }, index): OutsideInput => ({
      kind: 'deed',
      at: at as TimeUs,
      index,
      documents: [{ kind: 'action', name, args }],
    }),
  );
  return [...frames, ...byHand].sort((a, b) => a.at - b.at);
}

/** The browser's session over such a recording. */
export function recordedSession(
  scenario: Scenario,
  inputs: readonly OutsideInput[],
  endS: number,
): TestViewer {
  const recorded = recordedOutside(inputs, { ends: [{ node: 'tap0' }], end: endS * SECOND });
  const session = new LiveSession({
    application: 'lantwin test',
    scenarios: [{ id: 'one', name: 'one', group: '' }],
    load: () => ({ scenario, problems: [], recorded }),
  });
  const problem = session.openScenario('one');
  if (problem !== undefined) throw new Error(problem);
  return new TestViewer(session);
}
