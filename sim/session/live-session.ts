/**
 * A scenario that people look at and touch: play, pause, step, back, seek, deeds by hand, terminals. Pure: time comes in
 * by `advance`, viewers are functions, scenarios are loaded by whoever owns the files. The same object serves a WebSocket
 * server in Node and a Web Worker in a page; several viewers see the same session. Read `timeline.ts` first.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import { EVENTS_ONLY } from '../engine/run-log.ts';
import type { ExecHandle } from '../host/host-api.ts';
import { commandNames } from '../programs/shell/command-table.ts';
import { type RunResult, runScenario } from '../scenario/run.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import { BranchRun } from './branch-run.ts';
import { needsControl, readClientMessage, readClientValue } from './client-message.ts';
import { answerControl } from './control-messages.ts';
import { pingTerminal, type TerminalPlace } from './hand-actions.ts';
import { type ClientMessage, PROTOCOL_VERSION, type Role, type ServerMessage } from './protocol.ts';
import type { PingView, ScenarioChoice, VerdictView } from './protocol-views.ts';
import type { RecordedOutside } from './recorded-outside.ts';
import { type HandStep, RECORDING_END, Timeline } from './timeline.ts';
import { type Positions, scenarioView, topologyView } from './topology-view.ts';
import { answerView } from './view-messages.ts';
import { Viewer } from './viewer.ts';

/** What surrounds a session. */
export interface SessionOptions {
  readonly scenarios: readonly ScenarioChoice[];
  /** Reads a scenario of the list; a text says why it cannot be opened. */
  readonly load: (id: string) => LoadedChoice | string;
  /** Keeps positions of the map beside the scenario; absent: they are not kept. */
  readonly saveLayout?: (id: string, positions: Positions) => string | undefined;
  /** Name and version, for capture files. */
  readonly application: string;
  /**
   * The LAN is joined to real networks: somebody else lets its time pass, and it can neither stop nor go back. Hears of
   * every deed, which belongs into the recording.
   */
  readonly realTime?: { readonly onDeed: (deed: HandStep) => void };
}

/** A scenario of the list that was read. */
export interface LoadedChoice {
  readonly scenario: Scenario;
  readonly problems: readonly Problem[];
  readonly positions?: Positions;
  /** The run was joined to real networks: what came from there comes again. */
  readonly recorded?: RecordedOutside;
}

/** A viewer's end of its connection. */
export interface ViewerPort {
  readonly role: Role;
  send(message: ServerMessage): void;
}

/** Engine events that one call of `advance` may cost unless its caller knows better: some 20 to 50 ms. */
const BUDGET = 4000;
/** A page that slept does not catch up: at most that much wall time is played at once. */
const WALL_MAX_US = 250_000;
const NO_FAILOVER = 'no further failover within two minutes';
/** Pings that are remembered. */
const PINGS_MAX = 200;
/** Events of the run that says what the expectations come to; a longer one is left pending. */
const REFERENCE_EVENTS_MAX = 2_000_000;

/** The scenario that is open, with what belongs to it. */
export interface OpenScenario {
  readonly id: string;
  readonly timeline: Timeline;
  readonly positions: Positions;
  /** What `lantwin run` would say. */
  readonly reference: readonly VerdictView[];
}

/** A live session; see the head of the file. */
export class LiveSession implements TerminalPlace {
  readonly options: SessionOptions;
  readonly pings: PingView[] = [];
  playing = false;
  speed = 1;
  stopped: string | undefined;
  #open: OpenScenario | undefined;
  #number = 0;
  #carryUs = 0;
  readonly #viewers = new Set<Viewer>();
  readonly #running = new WeakMap<LivingLan, Map<string, ExecHandle>>();

  constructor(options: SessionOptions) {
    this.options = options;
  }

  /** The scenario that is open. */
  get open(): OpenScenario | undefined {
    return this.#open;
  }

  /** Who looks at it now. */
  get viewers(): ReadonlySet<Viewer> {
    return this.#viewers;
  }

  /** Adds somebody who looks; what follows is told to `port`. */
  attach(port: ViewerPort): Viewer {
    const viewer = new Viewer(this, port);
    this.#viewers.add(viewer);
    return viewer;
  }

  /** Takes a viewer away. */
  detach(viewer: Viewer): void {
    this.#viewers.delete(viewer);
  }

  /** A viewer's message, as text (WebSocket) or as a value (worker). Never throws on what a client says. */
  receive(viewer: Viewer, message: unknown): void {
    const read =
      typeof message === 'string' ? readClientMessage(message) : readClientValue(message);
    if (!read.ok) {
      viewer.refuse('bad-message', read.reason, read.re);
      return;
    }
    if (needsControl(read.message) && viewer.role !== 'control') {
      viewer.refuse('not-allowed', 'this page may look, not touch', read.message.id);
      return;
    }
    this.#answer(viewer, read.message);
    this.push();
  }

  /** Opens a scenario from its start; a text says why not. */
  openScenario(id: string): string | undefined {
    const loaded = this.options.load(id);
    if (typeof loaded === 'string') return loaded;
    const timeline = new Timeline(loaded.scenario, loaded.recorded);
    this.#open = {
      id,
      timeline,
      positions: loaded.positions ?? new Map(),
      reference: referenceVerdicts(loaded, this.options.realTime !== undefined),
    };
    this.#number++;
    this.playing = this.options.realTime !== undefined;
    this.stopped = undefined;
    this.#carryUs = 0;
    this.pings.length = 0;
    for (const viewer of this.#viewers) viewer.welcome();
    return undefined;
  }

  /**
   * Wall time has passed; `budget` bounds the engine events of this call, for a caller that measures how long they take.
   * `true`: there is more to do at once.
   */
  advance(wallElapsedUs: number, budget = BUDGET): boolean {
    const timeline = this.#open?.timeline;
    if (timeline === undefined) return false;
    if (this.options.realTime !== undefined) {
      this.push();
      return false;
    }
    if (timeline.goal !== undefined) {
      const arrived = timeline.work(budget);
      this.push();
      return !arrived;
    }
    if (!this.playing) {
      for (const viewer of this.#viewers) if (viewer.isBusy) viewer.push();
      timeline.tend(budget);
      return false;
    }
    const wanted = Math.min(wallElapsedUs, WALL_MAX_US) * this.speed + this.#carryUs;
    const whole = Math.floor(wanted);
    this.#carryUs = wanted - whole;
    const before = timeline.position;
    const reached = timeline.advanceTo(before.at + whole, budget);
    const stuck = !reached && timeline.position.at === before.at;
    this.stopped = stuck ? 'more happens in one moment than can be shown' : undefined;
    if (timeline.position.at >= timeline.limit) {
      this.playing = false;
      this.stopped = RECORDING_END;
    }
    this.push();
    const used = timeline.position.events - before.events;
    if (reached && used < budget / 2) timeline.tend(budget / 2 - used);
    return false;
  }

  /** Goes all the way to a goal that is under way; for tests and for short ways. */
  settle(): void {
    while (this.advance(0));
  }

  /** Tells every viewer what is new to it. */
  push(): void {
    for (const viewer of this.#viewers) viewer.push();
  }

  /** Sets out for a moment; `go` names it to the timeline. A short way is gone at once. */
  travel(go: (timeline: Timeline) => void): void {
    const timeline = this.#open?.timeline;
    if (timeline === undefined) return;
    this.#carryUs = 0;
    go(timeline);
    timeline.work(BUDGET);
  }

  ears(lan: LivingLan): ReturnType<TerminalPlace['ears']> {
    const timeline = this.#open?.timeline;
    // What a replay prints was heard before.
    if (timeline === undefined || lan !== timeline.run.lan || timeline.isReplaying)
      return undefined;
    return {
      output: (terminal, stream, text) => this.#tell({ type: 'output', terminal, stream, text }),
      exit: (terminal, code) => {
        this.#onPingEnd(terminal, code);
        this.#tell({ type: 'exit', terminal, code });
      },
    };
  }

  running(lan: LivingLan): Map<string, ExecHandle> {
    const known = this.#running.get(lan) ?? new Map<string, ExecHandle>();
    this.#running.set(lan, known);
    return known;
  }

  /** Remembers a ping that was just sent. */
  addPing(ping: PingView): void {
    this.pings.push(ping);
    if (this.pings.length > PINGS_MAX) this.pings.shift();
  }

  /** The first word of a connection. */
  welcomeMessage(role: Role): ServerMessage {
    const open = this.#open;
    return {
      type: 'welcome',
      version: PROTOCOL_VERSION,
      role,
      session: this.#number,
      scenarios: this.options.scenarios,
      ...(open === undefined
        ? {}
        : {
            scenario: scenarioView(open.id, open.timeline.scenario, open.timeline.limit),
            topology: topologyView(open.timeline.scenario, open.positions),
          }),
      ...(this.options.realTime === undefined ? {} : { realTime: true as const }),
      commands: commandNames(),
    };
  }

  /** Keeps positions of the map; a text says why they could not be kept. */
  keepLayout(positions: Positions): string | undefined {
    const open = this.#open;
    if (open === undefined) return 'choose a scenario first';
    this.#open = { ...open, positions };
    return this.options.saveLayout?.(open.id, positions);
  }

  /** Where time stands. */
  stateMessage(): ServerMessage | undefined {
    const timeline = this.#open?.timeline;
    if (timeline === undefined) return undefined;
    const { at, events } = timeline.position;
    const { goal } = timeline;
    const atEnd = at >= timeline.limit ? RECORDING_END : undefined;
    const stopped = timeline.missed ? NO_FAILOVER : (this.stopped ?? atEnd);
    return {
      type: 'state',
      at,
      playing: this.playing,
      speed: this.speed,
      branch: timeline.branch,
      end: timeline.end.at,
      events,
      ...(goal === undefined ? {} : { working: goalView(goal) }),
      ...(stopped === undefined ? {} : { stopped }),
    };
  }

  /** Tells all viewers. */
  #tell(message: ServerMessage): void {
    for (const viewer of this.#viewers) viewer.tell(message);
  }

  /** Tells all viewers that a branch began. */
  tellBranch(from: number): void {
    const branch = this.#open?.timeline.branch ?? 0;
    const at = (from / 1_000_000).toFixed(6);
    const isRecorded = Number.isFinite(this.#open?.timeline.limit);
    const but = isRecorded ? ' The real network does what it did, it cannot know.' : '';
    const text = `A new branch begins at ${at} s: what came after it did not happen.${but}`;
    this.#tell({ type: 'branch', branch, from, text });
  }

  #answer(viewer: Viewer, message: ClientMessage): void {
    if (message.type === 'hello') {
      if (message.version !== PROTOCOL_VERSION) {
        const text = `this session speaks version ${PROTOCOL_VERSION}: reload the page`;
        viewer.refuse('wrong-version', text, message.id);
        return;
      }
      viewer.welcome();
      return;
    }
    if (message.type === 'open') {
      if (this.options.realTime !== undefined) {
        viewer.refuse('refused', 'a LAN that is joined to a real network stays open', message.id);
        return;
      }
      this.#onOpen(viewer, message);
      return;
    }
    if (this.#open === undefined) {
      viewer.refuse('no-scenario', 'choose a scenario first', message.id);
      return;
    }
    if (answerView(this, this.#open, viewer, message)) return;
    answerControl(this, this.#open, viewer, message);
  }

  #onOpen(viewer: Viewer, message: ClientMessage & { readonly type: 'open' }): void {
    const isKnown = this.options.scenarios.some((choice) => choice.id === message.scenario);
    const reason = isKnown ? this.openScenario(message.scenario) : 'there is no such scenario';
    if (reason === undefined) viewer.done(message.id);
    else viewer.refuse(isKnown ? 'refused' : 'unknown-name', reason, message.id);
  }

  /** The outcome of a two-click ping; its terminal is its own. */
  #onPingEnd(terminal: string, code: number): void {
    const index = this.pings.findIndex((ping) => pingTerminal(ping.id) === terminal);
    const ping = this.pings[index];
    if (ping === undefined) return;
    const outcome = code === 0 ? 'answered' : code === 1 ? 'lost' : 'failed';
    const words = { answered: 'answered', lost: 'no answer', failed: 'could not be sent' };
    this.pings[index] = { ...ping, outcome, text: words[outcome] };
  }
}

function goalView(goal: NonNullable<Timeline['goal']>): { readonly goal?: number } {
  if (goal.kind === 'find') return {};
  return { goal: goal.kind === 'time' ? goal.at : goal.position.at };
}

/** With real networks nobody knows beforehand: the expectations are listed, and all are open. */
function referenceVerdicts(loaded: LoadedChoice, isOpen: boolean): readonly VerdictView[] {
  const { scenario, recorded } = loaded;
  const result =
    recorded === undefined
      ? runScenario(scenario, { eventLimit: isOpen ? 0 : REFERENCE_EVENTS_MAX, log: EVENTS_ONLY })
      : recordedResult(scenario, recorded);
  return result.expectations.map((one) => ({
    id: one.id,
    claim: one.claim,
    verdict: result.stopped === 'end' ? one.verdict : 'pending',
    at: one.at,
    line: one.place.line,
    ...(one.got === undefined ? {} : { got: one.got }),
  }));
}

/** How a recorded run ended: it is played again once. */
function recordedResult(scenario: Scenario, recorded: RecordedOutside): RunResult {
  const run = new BranchRun(scenario, 1, recorded);
  const deeds = recorded.deeds(run.run.lan);
  const isWhole = run.advanceTo(deeds, recorded.end, REFERENCE_EVENTS_MAX);
  const result = run.run.finishNow();
  return isWhole ? result : { ...result, stopped: 'event-limit' };
}
