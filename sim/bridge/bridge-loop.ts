/**
 * Runs a scenario in real time with real networks at some of its ports. One loop does everything: it waits in one `poll`
 * over all descriptors until something comes in or an event of the virtual LAN is due, reads until nothing is left, lets
 * virtual time follow the monotonic clock, and writes what leaves. Changes of the wall clock are not even noticed.
 *
 * Node's own events have their turn when they want one (`node-loop.ts`), and every 20 ms anyway, so signals, the browser
 * view and file I/O go on, and the process can always end. A frame that lies ready goes first, for up to 4 ms: Node's
 * turn between a request and its answer would be most of a round trip. Read `outside-input.ts` first.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { CableApi } from '../lan/lan-api.ts';
import type { ScenarioRun } from '../scenario/run.ts';
import type { HandAction } from '../session/hand-actions.ts';
import type { HandStep } from '../session/timeline.ts';
import type { DescriptorPort } from './descriptor-port.ts';
import { Lateness } from './lateness.ts';
import type { LinkCalls } from './link-calls.ts';
import type { LinkWatch } from './link-watch.ts';
import { freeInstant, InputPlayer, type OutsideInput } from './outside-input.ts';
import type { OutsidePort } from './outside-port.ts';
import { PollTable } from './poll-table.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RecordingWriter } from './recording-writer.ts';
import type { VrrpGuard } from './vrrp-guard.ts';

/** A port of the outside with the name of its node in the LAN. */
export interface JoinedPort {
  readonly node: string;
  readonly port: OutsidePort;
  readonly limit: RateLimit;
}

/** What a loop works with. */
export interface BridgeLoopOptions {
  readonly run: ScenarioRun;
  readonly ports: readonly JoinedPort[];
  /** Absent when no port has a descriptor. */
  readonly calls?: LinkCalls;
  readonly watch?: LinkWatch;
  /** See `node-loop.ts`; where it is absent Node's events have a turn whenever nothing comes in. */
  readonly nodeLoop?: number;
  readonly guard: VrrpGuard;
  readonly recording?: RecordingWriter;
  /** µs of a clock that nobody sets. */
  readonly clock: () => number;
  readonly onLate: (lateUs: number) => void;
  /** The process did not run for that long. */
  readonly onStop: (forUs: number) => void;
}

/** Longest wait, and longest time without a turn of Node's events. */
const WAIT_MAX_US = 20_000;
/** With ports that only Node's event loop serves, where it cannot be polled. */
const WAIT_MAX_SHARED_US = 1_000;
/** Shorter waits are spent asking again: the kernel's timers are late by 50 µs. */
const SPIN_US = 80;
/** Node's events that want their turn get it after that long, however many frames lie ready. */
const OWED_MAX_US = 4_000;
/** Frames that are read from one port before the others have their turn. */
const FRAMES_PER_TURN = 128;
/** By how much a port that had more than was read may be read more next time. */
const FRAMES_GROWTH = 8;
/** Engine events before the ports are looked at again. */
const EVENTS_PER_TURN = 50_000;
/** A wait of 20 ms that took that long: the process was stopped (SIGSTOP), or its machine slept. */
const STOPPED_US = 1_000_000;
/** How often the recording goes to the operating system. */
const FLUSH_US = 500_000;

/** A port with a descriptor, and its place among all ports. */
interface PolledPort {
  readonly index: number;
  readonly port: OutsidePort;
}

/** The loop of one bridge; see the head of the file. */
export class BridgeLoop {
  readonly lateness: Lateness;
  readonly #options: BridgeLoopOptions;
  readonly #run: ScenarioRun;
  readonly #player: InputPlayer;
  readonly #stepTimes: ReadonlySet<number>;
  readonly #lines: readonly (CableApi | undefined)[];
  readonly #startUs: number;
  readonly #isShared: boolean;
  #polled: PolledPort[] = [];
  #table = new PollTable([]);
  /** Slots behind those of the ports; -1: there is none. */
  #watchSlot = -1;
  #nodeSlot = -1;
  /** By port: a first frame is handed on before the next is looked for, a queue is read in batches. */
  readonly #budgets: number[];
  #gaveWayUs = 0;
  /** Since when Node's events want a turn. */
  #owedSinceUs: number | undefined;
  #batch: Uint8Array[] = [];
  #carriers: boolean[] = [];
  #arrival: (() => void) | undefined;
  #hasArrivals = true;
  #stopRequested = false;
  #flushedUs = 0;
  #deeds = 0;

  constructor(options: BridgeLoopOptions) {
    const { run, ports } = options;
    this.#options = options;
    this.#run = run;
    this.lateness = new Lateness(options.onLate);
    this.#player = new InputPlayer(run, ports);
    this.#stepTimes = new Set(run.scenario.steps.map((step) => step.at));
    this.#lines = ports.map(({ node }) => run.lan.cableAt(node, node));
    this.#budgets = ports.map(() => 1);
    this.#isShared = ports.some(({ port }) => port.descriptor === undefined);
    this.#startUs = options.clock() - run.engine.now;
    for (const [index, joined] of ports.entries()) this.#join(index, joined);
    this.#makeTable();
  }

  /** Real time in the LAN's own count. */
  get nowUs(): number {
    return Math.floor(this.#options.clock() - this.#startUs);
  }

  /** Ends `run` after the turn at hand. */
  stop(): void {
    this.#stopRequested = true;
    this.#arrival?.();
  }

  /** Goes on until virtual time has reached `until`, or somebody calls `stop`. */
  async run(until: number): Promise<void> {
    let now = this.nowUs;
    this.#gaveWayUs = now;
    while (!this.#stopRequested && this.#run.engine.now < until) {
      const isBusy = this.turn(until, now);
      now = this.nowUs;
      if (!this.#mustGiveWay(isBusy, now)) continue;
      await this.#giveWay();
      this.#owedSinceUs = undefined;
      now = this.nowUs;
      this.#gaveWayUs = now;
    }
    this.#options.recording?.flush();
  }

  /** One turn, begun at `begun`: wait, read, let time pass. `true` when there was something to do. */
  turn(until = Number.POSITIVE_INFINITY, begun = this.nowUs): boolean {
    const real = this.#wait(until, begun);
    const { engine } = this.#run;
    const now = Math.min(real, until);
    const due = engine.queue.peekTime();
    if (due <= now) this.lateness.note(due, now);
    let isBusy = due <= now;
    const isCaughtUp = this.#catchUp(now);
    if (this.#watchSlot >= 0 && this.#table.isReady(this.#watchSlot)) {
      this.#options.watch?.drain();
      isBusy = true;
    }
    for (let slot = 0; slot < this.#polled.length; slot++) {
      const { index, port } = this.#polled[slot] as PolledPort;
      if (!this.#table.isReady(slot)) this.#budgets[index] = 1;
      else if (this.#read(index, port, now)) isBusy = true;
    }
    if (this.#hasArrivals || this.#isShared) isBusy = this.#readOthers(now) || isBusy;
    if (isCaughtUp) this.#catchUp(Math.max(now, engine.now));
    this.#flush(real);
    return isBusy;
  }

  /** Does something by hand at the next moment. */
  act(action: HandAction): void {
    const { name, documents } = action;
    const index = this.#run.scenario.steps.length + this.#deeds++;
    const at = this.#instant();
    this.#input({ kind: 'deed', at, index, ...(name === undefined ? {} : { name }), documents });
    this.#hasArrivals = true;
    this.#arrival?.();
  }

  /** Something was done by hand just now, as the browser view does: it belongs into the recording. */
  noteDeed(deed: HandStep): void {
    const { at, index, name } = deed.step;
    const { documents } = deed.action;
    this.#options.recording?.add({
      kind: 'deed',
      at,
      index,
      ...(name === undefined ? {} : { name }),
      documents,
    });
  }

  /** Something came in from outside: recorded, then carried out. */
  #input(input: OutsideInput): void {
    this.#options.recording?.add(input);
    this.#player.apply(input);
  }

  /** The next moment at which an input may be carried out. */
  #instant(now = this.nowUs): TimeUs {
    const { engine } = this.#run;
    // A run that lags behind takes inputs at its own time.
    const lags = engine.queue.peekTime() <= now && engine.now < now;
    const earliest = lags ? engine.now + 1 : Math.max(now, engine.now + 1);
    return freeInstant(this.#stepTimes, earliest);
  }

  #catchUp(now: number): boolean {
    const { engine } = this.#run;
    if (engine.now >= now && engine.queue.peekTime() > now) return true;
    const reached = engine.runUntil(now as TimeUs, EVENTS_PER_TURN) !== 'event-limit';
    // Stopped in the middle of an instant: it is finished first, so that inputs find a clear moment.
    if (!reached) engine.runUntil(engine.now);
    return reached;
  }

  #join(index: number, { port, limit }: JoinedPort): void {
    const line = this.#lines[index];
    port.attach({
      onFrame: (frame) => this.#batch.push(frame),
      onCarrier: (up) => this.#carriers.push(up),
    });
    const { guard } = this.#options;
    const end = line?.a;
    end?.attach({
      onFrame: (frame) => {
        const now = this.#run.engine.now;
        if (guard.admits(frame, now) && limit.admits(frame, now)) port.send(frame);
      },
      onCarrier: (up) => port.setEnabled?.(up),
    });
    if (end !== undefined && !end.carrier) port.setEnabled?.(false);
    port.onArrival = () => {
      this.#hasArrivals = true;
      this.#arrival?.();
    };
    if (!port.carrier) {
      this.#input({ kind: 'carrier', at: this.#instant(), port: index, up: false });
    }
  }

  /** Reads what a port has; `true` when there was something. */
  #read(index: number, port: OutsidePort, now: number): boolean {
    const budget = this.#budgets[index] as number;
    const hasMore = port.drain(budget);
    this.#budgets[index] = hasMore ? Math.min(FRAMES_PER_TURN, budget * FRAMES_GROWTH) : 1;
    if (port.descriptor !== undefined && (port as DescriptorPort).vanished) this.#makeTable();
    if (this.#carriers.length > 0) {
      for (const up of this.#carriers.splice(0)) {
        this.#input({ kind: 'carrier', at: this.#instant(now), port: index, up });
      }
    }
    if (this.#batch.length === 0) return false;
    const frames = this.#batch;
    this.#batch = [];
    for (const frame of frames) this.#options.guard.hear(frame, port.label);
    const ring = frames.length > 1 ? this.#options.calls?.ring : undefined;
    ring?.collect();
    this.#input({ kind: 'frames', at: this.#instant(now), port: index, frames });
    // What a frame sets off at once (a switch hands it on) happens before the next port is read.
    this.#run.engine.runUntil(this.#run.engine.now, EVENTS_PER_TURN);
    ring?.submit();
    return true;
  }

  /** Ports without a descriptor, and changes of the signal, of which no descriptor tells. */
  #readOthers(now: number): boolean {
    const all = this.#hasArrivals;
    this.#hasArrivals = false;
    let isBusy = false;
    for (const [index, { port }] of this.#options.ports.entries()) {
      if (all || port.descriptor === undefined) isBusy = this.#read(index, port, now) || isBusy;
    }
    return isBusy;
  }

  /** Waits until something is readable or due; the time then. */
  #wait(until: number, before: number): number {
    const { calls } = this.#options;
    if (calls === undefined) return this.nowUs;
    const wait = this.#owedSinceUs === undefined ? this.#waitUs(until, before) : 0;
    calls.poll(this.#table.bytes, this.#table.count, wait < SPIN_US ? 0 : wait);
    const after = this.nowUs;
    if (wait >= SPIN_US && this.#noteStop(before, after - before)) return this.nowUs;
    return after;
  }

  #waitUs(until: number, now: number): number {
    if (this.#hasArrivals) return 0;
    const isBlind = this.#isShared && this.#options.nodeLoop === undefined;
    const due = Math.min(this.#run.engine.queue.peekTime(), until, this.#nextOfPorts());
    return Math.max(0, Math.min(isBlind ? WAIT_MAX_SHARED_US : WAIT_MAX_US, due - now));
  }

  /** Whether Node's events have their turn now. */
  #mustGiveWay(isBusy: boolean, now: number): boolean {
    // The one wait of a bridge without descriptors is in Node's loop.
    if (this.#options.calls === undefined) return true;
    const isWanted = this.#nodeSlot < 0 ? !isBusy : this.#table.isReady(this.#nodeSlot);
    if (isWanted || now - this.#gaveWayUs >= WAIT_MAX_US) this.#owedSinceUs ??= now;
    if (this.#owedSinceUs === undefined) return false;
    return !isBusy || now - this.#owedSinceUs >= OWED_MAX_US;
  }

  #nextOfPorts(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { port } of this.#options.ports) {
      next = Math.min(next, port.nextDueUs?.() ?? Number.POSITIVE_INFINITY);
    }
    return next;
  }

  /** Whether the process stood still: then every keepalived finds what a real one finds after SIGSTOP and SIGCONT. */
  #noteStop(before: number, tookUs: number): boolean {
    if (tookUs < STOPPED_US) return false;
    const { engine } = this.#run;
    this.#options.onStop(tookUs);
    const from = freeInstant(this.#stepTimes, Math.max(before, engine.now + 1));
    this.#input({ kind: 'stopped', at: from });
    const to = freeInstant(this.#stepTimes, Math.max(this.nowUs, from + 1));
    this.#input({ kind: 'continued', at: to });
    return true;
  }

  /** The ports come first, then the interfaces' watch, then Node's loop. */
  #makeTable(): void {
    const { ports, watch, nodeLoop } = this.#options;
    this.#polled = ports.flatMap(({ port }, index) =>
      port.descriptor === undefined || (port as DescriptorPort).vanished ? [] : [{ index, port }],
    );
    const descriptors = this.#polled.map(({ port }) => port.descriptor ?? -1);
    if (watch !== undefined) this.#watchSlot = descriptors.push(watch.descriptor) - 1;
    if (nodeLoop !== undefined) this.#nodeSlot = descriptors.push(nodeLoop) - 1;
    this.#table = new PollTable(descriptors);
  }

  #flush(now: number): void {
    if (now - this.#flushedUs < FLUSH_US) return;
    this.#flushedUs = now;
    const { recording } = this.#options;
    const at = this.#run.engine.now;
    if (at > 0) recording?.add({ kind: 'mark', at });
    recording?.flush();
  }

  /** Node's own events have their turn; without descriptors this is where the loop waits. */
  async #giveWay(): Promise<void> {
    if (this.#options.calls !== undefined) {
      await oneTurnOfNode();
      // What the turn began to watch is polled by libuv from the next turn on.
      if (this.#nodeSlot >= 0 && this.#table.isReady(this.#nodeSlot)) await oneTurnOfNode();
      return;
    }
    const now = this.nowUs;
    const waitMs = Math.floor(this.#waitUs(now + WAIT_MAX_US, now) / 1000);
    if (waitMs < 1) return oneTurnOfNode();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#arrival = () => {
        clearTimeout(timer);
        this.#arrival = undefined;
        resolve();
      };
    });
  }
}

function oneTurnOfNode(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
