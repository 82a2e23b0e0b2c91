/**
 * Runs a scenario in real time with real networks at some of its ports. One loop does everything: it waits in one `poll`
 * over all descriptors until something comes in or an event of the virtual LAN is due, reads until nothing is left, lets
 * virtual time follow the monotonic clock, and writes what leaves. Changes of the wall clock are not even noticed.
 *
 * The wait is bounded and the loop gives way to Node's own events, so signals, the browser view and file I/O go on, and
 * the process can always end. Read `outside-input.ts` first.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { CableApi } from '../lan/lan-api.ts';
import type { ScenarioRun } from '../scenario/run.ts';
import type { HandAction } from '../session/hand-actions.ts';
import type { HandStep } from '../session/timeline.ts';
import type { DescriptorPort } from './descriptor-port.ts';
import { Lateness } from './lateness.ts';
import { LINK, type LinkCalls } from './link-calls.ts';
import type { LinkWatch } from './link-watch.ts';
import { freeInstant, InputPlayer, type OutsideInput } from './outside-input.ts';
import type { OutsidePort } from './outside-port.ts';
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
  readonly guard: VrrpGuard;
  readonly recording?: RecordingWriter;
  /** µs of a clock that nobody sets. */
  readonly clock: () => number;
  readonly onLate: (lateUs: number) => void;
  /** The process did not run for that long. */
  readonly onStop: (forUs: number) => void;
  /** After every turn; for the browser view. */
  readonly onTurn?: () => void;
}

/** Longest wait: what the loop cannot poll (Node's own events) waits no longer. */
const WAIT_MAX_US = 20_000;
/** With ports that only Node's event loop serves. */
const WAIT_MAX_SHARED_US = 1_000;
/** Shorter waits are spent asking again: the kernel's timers are late by 50 µs. */
const SPIN_US = 80;
/** Busy or not, Node's own events get their turn after that long. */
const TURN_MAX_US = 4_000;
/** Frames that are read from one port before the others have their turn. */
const FRAMES_PER_TURN = 128;
/** Engine events before the ports are looked at again. */
const EVENTS_PER_TURN = 50_000;
/** A wait of 20 ms that took that long: the process was stopped (SIGSTOP), or its machine slept. */
const STOPPED_US = 1_000_000;
/** How often the recording goes to the operating system. */
const FLUSH_US = 500_000;

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
  #polled: { readonly index: number; readonly port: OutsidePort }[] = [];
  #table = new Uint8Array(0);
  #tableView = new DataView(this.#table.buffer);
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
    let gaveWayUs = this.nowUs;
    while (!this.#stopRequested && this.#run.engine.now < until) {
      const isBusy = this.turn(until);
      const now = this.nowUs;
      if (isBusy && now - gaveWayUs < TURN_MAX_US) continue;
      this.#options.onTurn?.();
      await this.#giveWay();
      gaveWayUs = this.nowUs;
    }
    this.#options.recording?.flush();
  }

  /** One turn: wait, read, let time pass. `true` when there was something to do. */
  turn(until = Number.POSITIVE_INFINITY): boolean {
    const waited = this.#wait(until);
    const { engine } = this.#run;
    const now = Math.min(this.nowUs, until);
    const due = engine.queue.peekTime();
    if (due <= now) this.lateness.note(due, now);
    let isBusy = waited > 0 || due <= now;
    const isCaughtUp = this.#catchUp(now);
    if (this.#options.watch !== undefined && this.#isReady(this.#polled.length)) {
      this.#options.watch.drain();
    }
    for (const [slot, { index, port }] of this.#polled.entries()) {
      if (this.#isReady(slot) && this.#read(index, port)) isBusy = true;
    }
    if (this.#hasArrivals || this.#isShared) isBusy = this.#readOthers() || isBusy;
    if (isCaughtUp) this.#catchUp(Math.max(now, engine.now));
    this.#flush();
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
  #instant(): TimeUs {
    const { engine } = this.#run;
    // A run that lags behind takes inputs at its own time.
    const lags = engine.queue.peekTime() <= this.nowUs && engine.now < this.nowUs;
    const earliest = lags ? engine.now + 1 : Math.max(this.nowUs, engine.now + 1);
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
  #read(index: number, port: OutsidePort): boolean {
    port.drain(FRAMES_PER_TURN);
    if (port.descriptor !== undefined && (port as DescriptorPort).vanished) this.#makeTable();
    for (const up of this.#carriers.splice(0)) {
      this.#input({ kind: 'carrier', at: this.#instant(), port: index, up });
    }
    if (this.#batch.length === 0) return false;
    const frames = this.#batch;
    this.#batch = [];
    for (const frame of frames) this.#options.guard.hear(frame, port.label);
    this.#input({ kind: 'frames', at: this.#instant(), port: index, frames });
    // What a frame sets off at once (a switch hands it on) happens before the next port is read.
    this.#run.engine.runUntil(this.#run.engine.now, EVENTS_PER_TURN);
    return true;
  }

  /** Ports without a descriptor, and changes of the signal, of which no descriptor tells. */
  #readOthers(): boolean {
    const all = this.#hasArrivals;
    this.#hasArrivals = false;
    let isBusy = false;
    for (const [index, { port }] of this.#options.ports.entries()) {
      if (all || port.descriptor === undefined) isBusy = this.#read(index, port) || isBusy;
    }
    return isBusy;
  }

  /** Waits until something is readable or due; how many descriptors are readable. */
  #wait(until: number): number {
    const { calls } = this.#options;
    if (calls === undefined) return 0;
    const wait = this.#waitUs(until);
    const count = this.#table.length / 8;
    const before = this.nowUs;
    const ready = calls.poll(this.#table, count, wait < SPIN_US ? 0 : wait);
    this.#noteStop(before, this.nowUs - before);
    return Math.max(0, ready);
  }

  #waitUs(until: number): number {
    const longest = this.#isShared ? WAIT_MAX_SHARED_US : WAIT_MAX_US;
    if (this.#hasArrivals) return 0;
    const due = Math.min(this.#run.engine.queue.peekTime(), until, this.#nextOfPorts());
    return Math.max(0, Math.min(longest, due - this.nowUs));
  }

  #nextOfPorts(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { port } of this.#options.ports) {
      next = Math.min(next, port.nextDueUs?.() ?? Number.POSITIVE_INFINITY);
    }
    return next;
  }

  /** The process stood still: every keepalived finds what a real one finds after SIGSTOP and SIGCONT. */
  #noteStop(before: number, tookUs: number): void {
    if (tookUs < STOPPED_US) return;
    const { engine } = this.#run;
    this.#options.onStop(tookUs);
    const from = freeInstant(this.#stepTimes, Math.max(before, engine.now + 1));
    this.#input({ kind: 'stopped', at: from });
    const to = freeInstant(this.#stepTimes, Math.max(this.nowUs, from + 1));
    this.#input({ kind: 'continued', at: to });
  }

  #isReady(slot: number): boolean {
    const at = slot * 8 + 6;
    return at < this.#table.length && this.#tableView.getInt16(at, true) !== 0;
  }

  /** The `struct pollfd` of every descriptor; that of the interfaces' watch comes last. */
  #makeTable(): void {
    const { ports, watch } = this.#options;
    this.#polled = ports.flatMap(({ port }, index) =>
      port.descriptor === undefined || (port as DescriptorPort).vanished ? [] : [{ index, port }],
    );
    const descriptors = this.#polled.map(({ port }) => port.descriptor ?? -1);
    if (watch !== undefined) descriptors.push(watch.descriptor);
    this.#table = new Uint8Array(descriptors.length * 8);
    this.#tableView = new DataView(this.#table.buffer);
    for (const [slot, descriptor] of descriptors.entries()) {
      this.#tableView.setInt32(slot * 8, descriptor, true);
      this.#tableView.setInt16(slot * 8 + 4, LINK.POLLIN, true);
    }
  }

  #flush(): void {
    const now = this.nowUs;
    if (now - this.#flushedUs < FLUSH_US) return;
    this.#flushedUs = now;
    const { recording } = this.#options;
    const at = this.#run.engine.now;
    if (at > 0) recording?.add({ kind: 'mark', at });
    recording?.flush();
  }

  /** Node's own events have their turn; without descriptors this is where the loop waits. */
  #giveWay(): Promise<void> {
    const waitMs =
      this.#options.calls === undefined ? this.#waitUs(this.nowUs + WAIT_MAX_US) / 1000 : 0;
    return new Promise((resolve) => {
      if (waitMs < 1) {
        setImmediate(resolve);
        return;
      }
      const timer = setTimeout(resolve, Math.floor(waitMs));
      this.#arrival = () => {
        clearTimeout(timer);
        this.#arrival = undefined;
        resolve();
      };
    });
  }
}
