/** Programs of the twin's machines that do what the recorded ones did. */

import type { TimeUs } from '../../../daemon/base/time.ts';
import { formatIpv4, type Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import type { TcpSocket } from '../../../sim/kernel/socket-api.ts';
import type { ScenarioRun } from '../../../sim/scenario/run.ts';
import { BEGIN_S, ip, kernelOf, type Outcome } from './lan-run.ts';
import type { Play } from './play-recording.ts';
import { type Action, type Flow, keyOf } from './recorded-programs.ts';

/** The programs of all machines. */
export class Programs {
  readonly outcomes: Outcome[] = [];
  readonly got = new Map<string, string>();
  readonly datagrams: string[] = [];
  readonly #run: ScenarioRun;
  readonly #play: Play;
  readonly #problems: string[];
  readonly #sockets = new Map<string, TcpSocket>();
  /** Octets that came in, by connection; the end counts as one. */
  readonly #heard = new Map<string, number>();
  /** What is sent when enough has come in. */
  readonly #answers = new Map<string, Action[]>();
  readonly #waiting = new Map<string, Action[]>();
  readonly #ports = new Map<string, { send: (bytes: Uint8Array, flow: Flow) => void }>();

  constructor(run: ScenarioRun, play: Play, problems: string[]) {
    this.#run = run;
    this.#play = play;
    this.#problems = problems;
  }

  serve(): void {
    for (const { machine, protocol, port, address } of this.#play.served) {
      if (protocol === 'udp') this.#bind(machine, port, address);
      else this.#listen(machine, port);
    }
  }

  perform(action: Action): void {
    const { machine, kind } = action;
    if (kind === 'frame') {
      const card = this.#cardOf(machine, action.network);
      kernelOf(this.#run, machine).sendFrame(`eth${card}`, action.frame.slice());
    } else if (kind === 'packet') kernelOf(this.#run, machine).sendIp(action.packet.slice());
    else if (kind === 'connect') this.#connect(machine, action.flow, action.at);
    else if (kind === 'datagram') {
      const { flow } = action;
      const key = `${machine} ${flow.local}:${flow.localPort}`;
      if (!this.#ports.has(key)) this.#bind(machine, flow.localPort, flow.local);
      this.#ports.get(key)?.send(action.bytes.slice(), flow);
    } else this.#performOnSocket(action);
  }

  #performOnSocket(action: Action): void {
    if (!('flow' in action)) return;
    const key = `${action.machine} ${keyOf(action.flow)}`;
    const socket = this.#sockets.get(key);
    if (socket?.state === 'SYN_SENT' && action.kind !== 'close') {
      // A program goes on when its connection stands.
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), action]);
      return;
    }
    if (action.kind === 'send' && (this.#heard.get(key) ?? 0) < action.heard) {
      this.#answers.set(key, [...(this.#answers.get(key) ?? []), action]);
      return;
    }
    if (socket === undefined) {
      this.#problems.push(
        `${action.machine}: ${action.kind} on no connection ${keyOf(action.flow)}`,
      );
    } else if (action.kind === 'send') {
      const error = socket.send(action.bytes.slice());
      if (error !== undefined) this.#problems.push(`${action.machine}: send: ${error}`);
    } else if (action.kind === 'finish') socket.finish();
    else if (action.kind === 'close') socket.close();
    else if (action.kind === 'abort') socket.abort();
  }

  /** Something came in: what waited for it goes out. */
  #hear(key: string, octets: number): void {
    this.#heard.set(key, (this.#heard.get(key) ?? 0) + octets);
    const waiting = this.#answers.get(key) ?? [];
    this.#answers.delete(key);
    for (const action of waiting) this.#performOnSocket(action);
  }

  #cardOf(machine: string, network: number): number {
    const cards = this.#play.machines.find(({ name }) => name === machine)?.cards ?? [];
    return Math.max(
      0,
      cards.findIndex((card) => card.network === network),
    );
  }

  #connect(machine: string, flow: Flow, begun: number): void {
    const outcome: Outcome = { flow, begun, result: 'pending', received: '' };
    this.outcomes.push(outcome);
    const end = (result: string) => {
      if (outcome.result === 'ok') {
        outcome.broken = result;
        return;
      }
      outcome.ended = this.#run.engine.now / 1e6 - BEGIN_S;
      outcome.result = result;
    };
    const socket = kernelOf(this.#run, machine).connectTcp({
      address: ip(flow.remote),
      port: flow.remotePort,
      from: { address: ip(flow.local), port: flow.localPort },
      handlers: {
        onConnected: () => {
          end('ok');
          const key = `${machine} ${keyOf(flow)}`;
          for (const action of this.#waiting.get(key) ?? []) {
            const delay = Math.round((action.sinceConnected ?? 0) * 1e6);
            const onEvent = () => this.#performOnSocket(action);
            this.#run.engine.schedule(
              (this.#run.engine.now + delay) as TimeUs,
              { onEvent },
              0,
              undefined,
            );
          }
          this.#waiting.delete(key);
        },
        onData: (bytes) => {
          outcome.received += Buffer.from(bytes).toString('latin1');
          this.#hear(`${machine} ${keyOf(flow)}`, bytes.length);
        },
        onClosed: () => this.#hear(`${machine} ${keyOf(flow)}`, 1),
        onError: end,
      },
    });
    if (typeof socket === 'string') end(socket);
    else this.#sockets.set(`${machine} ${keyOf(flow)}`, socket);
  }

  #listen(machine: string, port: number): void {
    kernelOf(this.#run, machine).listenTcp({
      family: 'inet',
      port,
      onAccept: (socket) => {
        const dotted = (value: unknown) => formatIpv4(value as Ipv4Address);
        const peer = `${dotted(socket.remoteAddress)}:${socket.remotePort}`;
        const key = `${machine} ${dotted(socket.localAddress)}:${port} ${peer}`;
        this.#sockets.set(key, socket);
        this.got.set(`${machine} ${peer}`, '');
        return {
          onData: (bytes) => {
            const before = this.got.get(`${machine} ${peer}`) ?? '';
            this.got.set(`${machine} ${peer}`, before + Buffer.from(bytes).toString('latin1'));
            this.#hear(key, bytes.length);
          },
          onClosed: () => {
            this.#hear(key, 1);
            if (!this.#play.known.has(key)) socket.close();
          },
        };
      },
    });
  }

  #bind(machine: string, port: number, address: string | undefined): void {
    const own = address === undefined ? {} : { address: ip(address) };
    const socket = kernelOf(this.#run, machine).openUdp({
      family: 'inet',
      port,
      ...own,
      onDatagram: ({ payload }) => {
        this.datagrams.push(Buffer.from(payload).toString('latin1'));
      },
    });
    if (typeof socket === 'string') {
      this.#problems.push(`${machine}: UDP port ${port}: ${socket}`);
      return;
    }
    this.#ports.set(`${machine} ${address}:${port}`, {
      send: (bytes, flow) => void socket.send(bytes, ip(flow.remote), flow.remotePort),
    });
  }
}
