/** The twin's servers do what the recorded ones did (`recorded-servers.ts`): ports open and close, answers are the recorded octets. */

import type { TimeUs } from '../../daemon/base/time.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import type { TcpHandlers, TcpSocket } from '../../sim/kernel/socket-api.ts';
import { acceptTls } from '../../sim/programs/tls-socket.ts';
import type { ScenarioRun } from '../../sim/scenario/run.ts';
import type { Timeline } from '../daemon/check/timeline.ts';
import {
  type RecordedAnswer,
  type RecordedConnection,
  type RecordedPort,
  readServers,
  timeOfEcho,
  timeOfSyn,
} from './recorded-servers.ts';

/** A port is changed so long before a check is seen to find it changed. */
const BEFORE_S = 0.3;
/** A check of ours has the answers of a recorded one that is no farther away. */
const NEAR_S = 3;
const SOON_S = 0.05;
/** The content type of a TLS record with a handshake in it. */
const TLS_HANDSHAKE = 22;

/** The servers as the capture shows them; `undefined` where no capture tells. */
export function recordedServers(timeline: Timeline, number: string): RecordedPort[] | undefined {
  if (timeline.capture === undefined || number !== '1') return undefined;
  const director = `10.10.0.25${number}`;
  const begin = captureBegin(timeline, director);
  return begin === undefined ? undefined : readServers(timeline.capture, director, begin);
}

/** The timeline's 0 in the capture's time (s): the first packet that stands in both. */
export function captureBegin(timeline: Timeline, director: string): number | undefined {
  const { capture, begin, entries } = timeline;
  if (capture === undefined || begin !== undefined) return begin;
  const own = new RegExp(`^${director}:(\\d+) > \\S+ S$`);
  const first = entries.find((one) => one.kind === 'CHECK' && own.test(one.text));
  if (first !== undefined) {
    const at = timeOfSyn(capture, Number(own.exec(first.text)?.[1]));
    return at === undefined ? undefined : at - first.at;
  }
  const echo = new RegExp(`^${director} > (\\S+) ICMP 8/0$`);
  const asked = entries.find((one) => one.kind === 'CHECK' && echo.test(one.text));
  const at = asked && timeOfEcho(capture, echo.exec(asked.text)?.[1] ?? '');
  return asked === undefined || at === undefined ? undefined : at - asked.at;
}

/** What is to be done to the twin's servers, and when (s); what TLS hides, the timeline tells. */
export function serverActions(
  run: ScenarioRun,
  ports: readonly RecordedPort[],
  timeline: Timeline,
): { readonly at: number; readonly act: () => void }[] {
  return ports.flatMap((port) => {
    const place = new PlayedPort(run, port, timeline);
    const moments = port.protocol === 'tcp' ? port.seen : toldByDatagrams(port);
    return moments.map(({ at, isOpen }, index) => ({
      at: index === 0 ? 0 : changeAt(timeline, port, { at, before: moments[index - 1]?.at ?? 0 }),
      act: () => place.set(isOpen),
    }));
  });
}

function toldByDatagrams({ datagrams }: RecordedPort): { at: number; isOpen: boolean }[] {
  return datagrams.map(({ at, refused }) => ({ at, isOpen: !refused }));
}

/** A port changed with the last event that names its server, if that lies between two looks at it; else just before the later. */
function changeAt(
  timeline: Timeline,
  { server }: RecordedPort,
  { at, before }: { readonly at: number; readonly before: number },
): number {
  const name = new RegExp(`\\brs${Number(server.split('.')[3]) - 10}\\b`);
  const event = timeline.entries.findLast(
    (one) => one.kind === 'EVENT' && one.at < at && one.at > before && name.test(one.text),
  );
  return event?.at ?? at - BEFORE_S;
}

class PlayedPort {
  readonly #run: ScenarioRun;
  readonly #port: RecordedPort;
  readonly #timeline: Timeline;
  #socket: { close(): void } | undefined;

  constructor(run: ScenarioRun, port: RecordedPort, timeline: Timeline) {
    this.#run = run;
    this.#port = port;
    this.#timeline = timeline;
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
        const isSecured = script?.tls === true && script.said[0]?.bytes[0] === TLS_HANDSHAKE;
        return isSecured ? this.#secured(socket, script) : this.#plain(socket, script);
      },
    });
    return typeof listener === 'string' ? undefined : listener;
  }

  /** Says what was said, octet by octet, and ends as it was ended. */
  #plain(socket: TcpSocket, script: RecordedConnection | undefined): TcpHandlers {
    const waiting = [...(script?.said ?? [])];
    let heard = 0;
    const end = () => {
      if (script?.ended === 'rst') socket.abort();
      else if (script?.ended === 'fin') socket.close();
    };
    const answer = () => {
      while (waiting[0] !== undefined && waiting[0].after <= heard) {
        const { bytes, delay } = waiting.shift() as RecordedAnswer;
        this.#later(delay, () => void socket.send(bytes.slice()));
      }
      const isAsked = script?.said.length !== 0 || heard > 0;
      if (waiting.length === 0 && isAsked) this.#later(script?.endDelay ?? 0, end);
    };
    answer();
    return {
      onData: (bytes: Uint8Array) => {
        heard += bytes.length;
        answer();
      },
      onClosed: () => socket.close(),
    };
  }

  /** Nothing but the status is known of what was said inside TLS; how long it took counts, since ciphers take their time. */
  #secured(raw: TcpSocket, script: RecordedConnection): TcpHandlers {
    const random = { uint32: () => 7 };
    const accepted = (this.#run.engine.now as TimeUs) / 1e6;
    const answer = (socket: TcpSocket) => {
      socket.send(encodeUtf8(`HTTP/1.0 ${this.#toldStatus()} Text\r\n\r\nhello`));
      socket.close();
    };
    return acceptTls(raw, { certificate: 'self-signed', random }, (socket) => ({
      onData: () => {
        const passed = (this.#run.engine.now as TimeUs) / 1e6 - accepted;
        const rest = Math.max(0, script.endAt - script.at - passed);
        if (script.ended !== undefined || script.wasPrompt) this.#at(rest, () => answer(socket));
      },
      onClosed: () => socket.close(),
    }));
  }

  #toldStatus(): string {
    const name = `rs${Number(this.#port.server.split('.')[3]) - 10}`;
    const answers = new RegExp(`${name}:? answers (\\d+)`);
    const now = (this.#run.engine.now as TimeUs) / 1e6;
    const told = this.#timeline.entries.filter(({ at, text }) => at <= now && answers.test(text));
    return answers.exec(told.at(-1)?.text ?? '')?.[1] ?? '200';
  }

  /** What came almost at once comes at once: the twin's LAN has a delay of its own. */
  #later(delay: number, act: () => void): void {
    // A busy machine's delays were nobody's intention.
    if (delay < SOON_S || this.#timeline.slack !== undefined) act();
    else this.#at(delay, act);
  }

  #at(delay: number, act: () => void): void {
    const due = ((this.#run.engine.now as TimeUs) + Math.round(delay * 1e6)) as TimeUs;
    this.#run.engine.schedule(due, { onEvent: act }, 0, undefined);
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
