/** The twin's servers do what the recorded ones did (`recorded-servers.ts`): ports open and close, answers are the recorded octets. */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { ScenarioRun } from '../../sim/scenario/run.ts';
import type { Timeline } from '../daemon/check/timeline.ts';
import {
  type RecordedConnection,
  type RecordedPort,
  readServers,
  timeOfSyn,
} from './recorded-servers.ts';

/** A port is changed so long before a check is seen to find it changed. */
const BEFORE_S = 0.3;
/** A check of ours has the answers of a recorded one that is no farther away. */
const NEAR_S = 3;

/** The servers as the capture shows them; `undefined` where no capture tells. */
export function recordedServers(timeline: Timeline, number: string): RecordedPort[] | undefined {
  if (timeline.capture === undefined || number !== '1') return undefined;
  const director = `10.10.0.25${number}`;
  const begin = timeline.begin ?? beginOf(timeline, timeline.capture, director);
  return begin === undefined ? undefined : readServers(timeline.capture, director, begin);
}

/** The first SYN stands in both, the timeline and the capture. */
function beginOf(timeline: Timeline, capture: Uint8Array, director: string): number | undefined {
  const own = new RegExp(`^${director}:(\\d+) > \\S+ S$`);
  const first = timeline.entries.find((one) => one.kind === 'CHECK' && own.test(one.text));
  if (first === undefined) return undefined;
  const at = timeOfSyn(capture, Number(own.exec(first.text)?.[1]));
  return at === undefined ? undefined : at - first.at;
}

/** What is to be done to the twin's servers, and when (s). */
export function serverActions(
  run: ScenarioRun,
  ports: readonly RecordedPort[],
): { readonly at: number; readonly act: () => void }[] {
  return ports.flatMap((port) => {
    const place = new PlayedPort(run, port);
    const moments =
      port.protocol === 'tcp'
        ? port.seen
        : port.datagrams.map(({ at, refused }) => ({ at, isOpen: !refused }));
    return moments.map(({ at, isOpen }, index) => ({
      at: index === 0 ? 0 : at - BEFORE_S,
      act: () => place.set(isOpen),
    }));
  });
}

class PlayedPort {
  readonly #run: ScenarioRun;
  readonly #port: RecordedPort;
  #socket: { close(): void } | undefined;

  constructor(run: ScenarioRun, port: RecordedPort) {
    this.#run = run;
    this.#port = port;
  }

  set(isOpen: boolean): void {
    if (!isOpen) {
      this.#socket?.close();
      this.#socket = undefined;
    } else this.#socket ??= this.#port.protocol === 'tcp' ? this.#listen() : this.#bind();
  }

  get #kernel() {
    const number = Number(this.#port.server.split('.')[3]) - 10;
    const kernel = this.#run.lan.hosts.get(`rs${number}`)?.kernel;
    if (kernel === undefined) throw new Error(`no server ${this.#port.server}`);
    return kernel;
  }

  #listen() {
    const listener = this.#kernel.listenTcp({
      family: 'inet',
      port: this.#port.port,
      onAccept: (socket) => {
        const script = this.#nearest(this.#port.connections);
        const waiting = [...(script?.said ?? [])];
        let heard = 0;
        const answer = () => {
          while (waiting[0] !== undefined && waiting[0].after <= heard) {
            socket.send((waiting.shift() as RecordedConnection['said'][number]).bytes.slice());
          }
          const isOver = waiting.length === 0 && script?.said.length !== 0;
          if (isOver && script?.closes === true) socket.close();
        };
        answer();
        return {
          onData: (bytes: Uint8Array) => {
            heard += bytes.length;
            answer();
          },
          onClosed: () => socket.close(),
        };
      },
    });
    return typeof listener === 'string' ? undefined : listener;
  }

  #bind() {
    const socket = this.#kernel.openUdp({
      family: 'inet',
      port: this.#port.port,
      onDatagram: ({ payload, source, sourcePort }) => {
        const reply = this.#nearest(this.#port.datagrams)?.reply?.slice();
        if (reply === undefined || typeof socket === 'string') return;
        // A name server repeats the question's number, which keepalived draws.
        if (this.#port.port === 53) reply.set(payload.subarray(0, 2));
        socket.send(reply, source, sourcePort);
      },
    });
    return typeof socket === 'string' ? undefined : socket;
  }

  #nearest<T extends { readonly at: number }>(list: readonly T[]): T | undefined {
    const now = (this.#run.engine.now as TimeUs) / 1e6;
    const distance = (one: T) => Math.abs(one.at - now);
    const best = list.reduce<T | undefined>(
      (least, one) => (least === undefined || distance(one) < distance(least) ? one : least),
      undefined,
    );
    return best === undefined || distance(best) > NEAR_S ? undefined : best;
  }
}
