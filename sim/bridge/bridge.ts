/**
 * A bridged run from its start to its end: ports, guard, limits, recording, the loop, and the withdrawal that every exit
 * owes to the real network. The command line is one user of it, the browser view another.
 */

import { performance } from 'node:perf_hooks';
import { type DurationUs, later } from '../../daemon/base/time.ts';
import type { RunResult, ScenarioRun } from '../scenario/run.ts';
import { BridgeLoop, type JoinedPort } from './bridge-loop.ts';
import type { LatenessSummary } from './lateness.ts';
import type { LinkChange } from './link-watch.ts';
import { findNodeLoop } from './node-loop.ts';
import { type OpenPorts, openPorts, type PortWish } from './open-ports.ts';
import { GROUP_RATE_DEFAULT, RATE_DEFAULT, RateLimit } from './rate-limit.ts';
import { RecordingWriter } from './recording-writer.ts';
import { type GuardWord, LISTEN_DEFAULT_US, VrrpGuard } from './vrrp-guard.ts';
import { withdraw } from './withdraw.ts';

/** What a bridge is made of. */
export interface BridgeOptions {
  readonly wishes: readonly PortWish[];
  /** VRIDs with which virtual routers may take part in a real group. */
  readonly join?: ReadonlySet<number>;
  readonly listen?: DurationUs;
  /** Frames a second that leave by one port. */
  readonly rate?: number;
  /** Where inputs are recorded; absent: they are not, and the run cannot be replayed. */
  readonly recording?: string;
  readonly application: string;
  readonly onWord: (word: BridgeWord) => void;
}

/** What a bridge has to say while it runs. */
export type BridgeWord =
  | GuardWord
  | { readonly kind: 'link'; readonly change: LinkChange }
  | { readonly kind: 'late'; readonly lateUs: number }
  | { readonly kind: 'stopped'; readonly forUs: number };

/** What became of it. */
export interface BridgeSummary {
  readonly lateness: LatenessSummary;
  readonly ports: OpenPorts['ports'];
  readonly limits: readonly RateLimit[];
  readonly guardRefused: number;
  readonly heard: number;
  readonly recordedFrames: number;
  /** Inputs for which the recording had no room: a replay ends before them. */
  readonly recordingOmitted: number;
}

/** A bridge that is open; nothing has left or come in yet. */
export class Bridge {
  readonly #open: OpenPorts;
  readonly #options: BridgeOptions;
  readonly #guard: VrrpGuard;
  readonly #limits: readonly RateLimit[];
  #loop: BridgeLoop | undefined;
  #recording: RecordingWriter | undefined;
  #run: ScenarioRun | undefined;
  #closed = false;

  private constructor(open: OpenPorts, options: BridgeOptions) {
    this.#open = open;
    this.#options = options;
    this.#guard = new VrrpGuard({
      join: options.join ?? new Set(),
      listen: options.listen ?? LISTEN_DEFAULT_US,
      onWord: options.onWord,
    });
    const rate = options.rate ?? RATE_DEFAULT;
    this.#limits = open.ports.map(() => new RateLimit({ rate, groupRate: GROUP_RATE_DEFAULT }));
  }

  /** Opens the ports. Fails: `BridgeError`. */
  static async open(options: BridgeOptions): Promise<Bridge> {
    let loop: BridgeLoop | undefined;
    const open = await openPorts(options.wishes, {
      now: () => loop?.nowUs ?? 0,
      onChange: (change) => options.onWord({ kind: 'link', change }),
    });
    const bridge = new Bridge(open, options);
    bridge.#onLoop = (made) => {
      loop = made;
    };
    return bridge;
  }

  #onLoop: (loop: BridgeLoop) => void = () => {};

  /** The loop of the run, once it was joined. */
  get loop(): BridgeLoop | undefined {
    return this.#loop;
  }

  /** Joins a run that stands at its start; from now on frames pass. Fails: `BridgeError` (recording). */
  join(run: ScenarioRun): BridgeLoop {
    const { wishes, recording, application, onWord } = this.#options;
    this.#run = run;
    if (recording !== undefined) {
      const { epochUs } = run.scenario.lan;
      const ports = wishes.map(({ node }) => node);
      this.#recording = new RecordingWriter({ path: recording, epochUs, application, ports });
    }
    const joined = this.#open.ports.map(
      (port, index): JoinedPort => ({
        node: wishes[index]?.node ?? '',
        port,
        limit: this.#limits[index] as RateLimit,
      }),
    );
    const { calls, watch } = this.#open;
    const nodeLoop = calls === undefined ? undefined : findNodeLoop();
    this.#loop = new BridgeLoop({
      run,
      ports: joined,
      guard: this.#guard,
      clock: () => performance.now() * 1000,
      onLate: (lateUs) => onWord({ kind: 'late', lateUs }),
      onStop: (forUs) => onWord({ kind: 'stopped', forUs }),
      ...(calls === undefined ? {} : { calls }),
      ...(watch === undefined ? {} : { watch }),
      ...(nodeLoop === undefined ? {} : { nodeLoop }),
      ...(this.#recording === undefined ? {} : { recording: this.#recording }),
    });
    this.#onLoop(this.#loop);
    return this.#loop;
  }

  /** Runs for a time, or until somebody calls `stop`. */
  async run(forUs: DurationUs): Promise<RunResult | undefined> {
    const run = this.#run;
    if (run === undefined) return undefined;
    await this.#loop?.run(later(run.engine.now, forUs));
    return run.finishNow();
  }

  /** Ends `run` soon. */
  stop(): void {
    this.#loop?.stop();
  }

  /** What happened so far. */
  summary(): BridgeSummary {
    return {
      lateness: this.#loop?.lateness.summary() ?? { turns: 0, meanUs: 0, maxUs: 0, classes: [] },
      ports: this.#open.ports,
      limits: this.#limits,
      guardRefused: this.#guard.refused,
      heard: this.#guard.heard,
      recordedFrames: this.#recording?.frames ?? 0,
      recordingOmitted: this.#recording?.omitted ?? 0,
    };
  }

  /** Withdraws and closes everything; once, whoever calls. Returns the hosts that gave up their addresses. */
  close(): readonly string[] {
    if (this.#closed) return [];
    this.#closed = true;
    let stopped: readonly string[] = [];
    try {
      if (this.#run !== undefined) stopped = withdraw(this.#run);
    } finally {
      this.#recording?.close();
      this.#open.close();
    }
    return stopped;
  }
}
