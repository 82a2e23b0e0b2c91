/**
 * keepalived's third process, as a part of the daemon: BFD sessions (`bfd`) and their sockets.
 *
 * One socket a family listens on port 3784 (sessions over several hops: 4784); each session sends from a socket of its own, as RFC 5881
 * section 4 wants. What VRRP and the checkers must hear stands among the commands as `bfd-news`.
 */

import { type RandomSource, randomBelow } from '../base/random.ts';
import type { TimeUs } from '../base/time.ts';
import type { BfdConfig, BfdSessionConfig } from '../bfd/bfd-config.ts';
import {
  type BfdMachine,
  type BfdSession,
  disable,
  newBfdMachine,
  newSession,
  nextBfdDue,
  reloadSessions,
  runBfdTimers,
  say,
  startSessions,
} from '../bfd/bfd-machine.ts';
import { bfdText } from '../bfd/bfd-text.ts';
import { receiveBfd } from '../bfd/receive.ts';
import { BFD_CONTROL_PORT, BFD_MULTIHOP_PORT, BFD_SOURCE_PORT_LEAST } from '../wire/bfd.ts';
import { familyOf, type IpFamily } from '../wire/ip-address.ts';
import type { Command, CommandId } from './commands.ts';
import type { SystemEvent } from './events.ts';
import { coreText } from './log-text.ts';
import type { BfdStatus } from './status.ts';

/** Highest source port. Source: keepalived stays below the end of net.ipv4.ip_local_port_range. */
const SOURCE_PORT_MOST = 60_999;
/** Failures that mean that there is no socket. */
const NO_SOCKET: ReadonlySet<string> = new Set([
  'no-resource',
  'no-such-address',
  'address-in-use',
]);

/** How many ports are tried for a socket. Differs: keepalived tries all of them. */
const PORT_TRIES_MAX = 5;

/** A session went up or down; for whom it is. */
export interface BfdNews {
  readonly kind: 'bfd-news';
  readonly name: string;
  readonly up: boolean;
  readonly vrrp: boolean;
  readonly checker: boolean;
}

/** What comes out, in order. */
export type BfdStep = Command | BfdNews;

/** What the process is made of. */
export interface BfdProcessOptions {
  readonly random: RandomSource;
  readonly takeId: () => CommandId;
  readonly logDetail: boolean;
}

/** A session's own socket. */
interface Output {
  id: CommandId;
  tries: number;
  /** The last packet could not be sent; it was said that packets cannot be sent. */
  failedNow: boolean;
  failedSaid: boolean;
}

/** The process; there is one while the configuration has a session. */
export class BfdProcess {
  readonly #options: BfdProcessOptions;
  /** The sessions, to look at. */
  readonly machine: BfdMachine;
  /** By family and port. */
  readonly #listeners = new Map<string, CommandId>();
  readonly #outputs = new Map<BfdSession, Output>();
  #out: BfdStep[] = [];
  /** It cannot listen: the daemon as a whole must end. Source: measured with 2.2.7, port 3784 taken. */
  isLost = false;

  constructor(options: BfdProcessOptions) {
    this.#options = options;
    this.machine = newBfdMachine(options.random, options.logDetail);
  }

  /** Opens the sockets and lets every session begin. */
  start(config: BfdConfig, now: TimeUs): readonly BfdStep[] {
    const machine = this.machine;
    for (const one of config.sessions) machine.sessions.push(newSession(machine, one));
    this.#openSockets();
    startSessions(machine, now);
    return this.#take();
  }

  /** Another configuration: sessions of the same name go on, from a new socket. */
  reload(config: BfdConfig, now: TimeUs): readonly BfdStep[] {
    say(this.machine, 'info', coreText.reloadingChild());
    this.#flush();
    for (const { id } of this.#outputs.values()) this.#close(id);
    this.#outputs.clear();
    reloadSessions(this.machine, config.sessions, now);
    this.#openSockets();
    return this.#take();
  }

  /** The end. The peer is not told: it notices when its detection time is over (recorded). */
  stop(): readonly Command[] {
    for (const { id } of this.#outputs.values()) this.#close(id);
    for (const id of this.#listeners.values()) this.#close(id);
    say(this.machine, 'info', coreText.stoppedChild());
    return this.#take().flatMap((step) => (step.kind === 'bfd-news' ? [] : [step]));
  }

  /** What the sessions are doing. */
  status(): readonly BfdStatus[] {
    return this.machine.sessions.map(({ config, state, remoteState, detectTime }) => ({
      name: config.name,
      neighbor: config.neighborAddress,
      state,
      remoteState,
      detectTime,
    }));
  }

  /** Whether the last packet of a session could not be sent. */
  failsToSend(session: BfdSession): boolean {
    const output = this.#outputs.get(session);
    return output !== undefined && (output.failedNow || output.failedSaid);
  }

  /** When `advance` wants to be called next. */
  nextDeadline(): TimeUs | undefined {
    return nextBfdDue(this.machine);
  }

  /** Everything that is due. */
  advance(now: TimeUs): readonly BfdStep[] {
    runBfdTimers(this.machine, now);
    return this.#take();
  }

  /** Something happened; what is not of these sockets is passed by. */
  receive(event: SystemEvent, now: TimeUs): readonly BfdStep[] {
    switch (event.kind) {
      case 'datagram-received':
        if (![...this.#listeners.values()].includes(event.id)) return [];
        receiveBfd(this.machine, event, now);
        break;
      case 'datagram-failed':
        this.#failed(event.id, NO_SOCKET.has(event.failure));
        break;
      case 'command-failed':
        this.#failed(event.id, true);
        break;
      default:
        return [];
    }
    return this.#take();
  }

  #openSockets(): void {
    const { sessions } = this.machine;
    for (const { config } of sessions) {
      const family = familyOf(config.neighborAddress);
      const port = controlPort(config);
      if (!this.#listeners.has(`${family} ${port}`)) this.#openListener(family, port);
    }
    for (const session of sessions) {
      if (session.state !== 'AdminDown') this.#openOutput(session, 1);
    }
  }

  #openListener(family: IpFamily, port: number): void {
    const id = this.#options.takeId();
    this.#listeners.set(`${family} ${port}`, id);
    const open = { kind: 'datagram-open', id, protocol: 'udp', family, local: { port } } as const;
    this.#out.push({ ...open, wantsTtl: true });
  }

  #openOutput(session: BfdSession, tries: number): void {
    const { config } = session;
    const id = this.#options.takeId();
    this.#outputs.set(session, { id, tries, failedNow: false, failedSaid: false });
    this.#out.push({
      kind: 'datagram-open',
      id,
      protocol: 'udp',
      family: familyOf(config.neighborAddress),
      local: this.#sourceOf(config),
      ttl: config.ttl,
    });
  }

  /** A source port of RFC 5881 section 4. Differs: keepalived draws one only for a `source_ip`. */
  #sourceOf({ sourceAddress }: BfdSessionConfig) {
    const count = SOURCE_PORT_MOST - BFD_SOURCE_PORT_LEAST + 1;
    const port = BFD_SOURCE_PORT_LEAST + randomBelow(this.#options.random, count);
    return sourceAddress === undefined ? { port } : { address: sourceAddress, port };
  }

  #failed(id: CommandId, isSocket: boolean): void {
    if (isSocket && [...this.#listeners.values()].includes(id)) {
      say(this.machine, 'error', bfdText.noListener());
      this.isLost = true;
      return;
    }
    for (const [session, output] of this.#outputs) {
      if (output.id !== id) continue;
      if (!isSocket) this.#sendFailed(session, output);
      else if (output.tries < PORT_TRIES_MAX) this.#openOutput(session, output.tries + 1);
      else {
        this.#outputs.delete(session);
        say(this.machine, 'error', bfdText.noSocket(session.config.name));
        disable(this.machine, session);
      }
      return;
    }
  }

  #sendFailed(session: BfdSession, output: Output): void {
    output.failedNow = true;
    if (output.failedSaid) return;
    output.failedSaid = true;
    say(this.machine, 'error', bfdText.sendFailed(session.config.name));
  }

  #close(id: CommandId): void {
    this.#out.push({ kind: 'datagram-close', id });
  }

  /** What the machine wants, as commands. */
  #flush(): void {
    for (const action of this.machine.actions.splice(0)) {
      if (action.kind === 'log') this.#out.push(action);
      else if (action.kind === 'bfd-send') this.#send(action.session, action.bytes);
      else {
        const { name, vrrp, checker } = action.session.config;
        this.#out.push({ kind: 'bfd-news', name, up: action.up, vrrp, checker });
      }
    }
  }

  #send(session: BfdSession, bytes: Uint8Array): void {
    const output = this.#outputs.get(session);
    if (output === undefined) return;
    output.failedSaid = output.failedNow;
    output.failedNow = false;
    const { config } = session;
    const to = { address: config.neighborAddress, port: controlPort(config) };
    this.#out.push({ kind: 'datagram-send', id: output.id, bytes, to });
  }

  #take(): readonly BfdStep[] {
    this.#flush();
    const out = this.#out;
    this.#out = [];
    return out;
  }
}

function controlPort({ multihop }: BfdSessionConfig): number {
  return multihop === true ? BFD_MULTIHOP_PORT : BFD_CONTROL_PORT;
}
