/** A live session over a scenario of the repository, with a viewer that keeps everything it is told. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LoadedScenario, loadScenario } from '../../../sim/scenario/load-scenario.ts';
import type { Scenario } from '../../../sim/scenario/scenario.ts';
import { LiveSession } from '../../../sim/session/live-session.ts';
import type { ClientMessage, Role, ServerMessage } from '../../../sim/session/protocol.ts';
import type { Viewer } from '../../../sim/session/viewer.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const THREE_SERVERS = 'scenarios/seeds/three-servers/power-off-and-on.twin.yml';

/** Reads a scenario text as if it lay at `file`. */
export function readScenario(file: string, text?: string): LoadedScenario {
  const path = join(ROOT, file);
  const bytes = text === undefined ? readFileSync(path) : new TextEncoder().encode(text);
  return loadScenario({
    file,
    bytes,
    readFile: (name) => readFileSync(join(dirname(path), name)),
  });
}

export function scenarioOf(file: string, text?: string): Scenario {
  const { scenario, problems } = readScenario(file, text);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('\n'));
  return scenario;
}

export class TestViewer {
  readonly heard: ServerMessage[] = [];
  readonly viewer: Viewer;
  readonly session: LiveSession;

  constructor(session: LiveSession, role: Role = 'control') {
    this.session = session;
    this.viewer = session.attach({ role, send: (message) => this.heard.push(message) });
    this.say({ type: 'hello', version: 1 });
  }

  /** Says something, waits until time has arrived, and returns what was heard meanwhile. */
  say(message: ClientMessage): readonly ServerMessage[] {
    const before = this.heard.length;
    this.session.receive(this.viewer, JSON.stringify(message));
    this.session.settle();
    return this.heard.slice(before);
  }

  last<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }> {
    const found = this.heard.findLast((message) => message.type === type);
    if (found === undefined) throw new Error(`no message '${type}'`);
    return found as Extract<ServerMessage, { type: T }>;
  }
}

export function openSession(file: string = THREE_SERVERS, text?: string): TestViewer {
  const session = new LiveSession({
    application: 'lantwin test',
    scenarios: [{ id: 'one', name: 'one', group: '' }],
    load: () => ({ scenario: scenarioOf(file, text), problems: [] }),
  });
  const problem = session.openScenario('one');
  if (problem !== undefined) throw new Error(problem);
  return new TestViewer(session);
}

/** Everything that a run is, in one text: two presents with equal texts are equal. */
export function presentOf(session: LiveSession): string {
  const timeline = session.open?.timeline;
  if (timeline === undefined) throw new Error('no scenario is open');
  const fresh = new TestViewer(session, 'view');
  fresh.say({
    type: 'subscribe',
    views: {
      packets: { filter: '' },
      events: true,
      lanes: true,
      tables: [...timeline.run.lan.hosts.keys(), ...timeline.run.lan.switches.keys()].slice(0, 8),
    },
  });
  session.detach(fresh.viewer);
  const facts = ['nodes', 'tables', 'packets', 'events', 'traffic'] as const;
  const { at, events } = timeline.position;
  return JSON.stringify([
    at,
    events,
    timeline.run.engine.log.hash(),
    ...facts.map((type) => fresh.last(type)),
  ]);
}
