/**
 * The program in keepalived's place: the one daemon of `daemon/core`, on a virtual machine. It
 * feeds the daemon with events, carries its commands out, and keeps one wake-up for its next
 * deadline. Calls run to completion: what happens while the daemon is being called waits in a
 * queue. The fast path, a VRRP packet that changes nothing, allocates nothing.
 */

import { assert } from '../../daemon/base/assert.ts';
import { type DurationUs, NO_DURATION, type TimeUs } from '../../daemon/base/time.ts';
import { type Command, UNCONCERNED, UNKNOWN_VRID } from '../../daemon/core/commands.ts';
import type { DatagramEvent, SystemEvent, VrrpPacketEvent } from '../../daemon/core/events.ts';
import type { DaemonStatus } from '../../daemon/core/status.ts';
import { Wakeup } from '../engine/wakeup.ts';
import type { NetlinkEvent } from '../kernel/kernel-api.ts';
import { CommandRunner } from './daemon-commands.ts';
import { DaemonFacts } from './daemon-facts.ts';
import type { DaemonApi, DaemonFactory, DaemonMachineOptions } from './daemon-program.ts';
import { DaemonSockets, type SocketEvents } from './daemon-sockets.ts';
import { DaemonStreams } from './daemon-streams.ts';
import { ANSWER_TIME, DELETION_TIME } from './frame-pacer.ts';
import type { Program, ProgramContext, UserSignal } from './machine.ts';
import { eventOfNetlink } from './netlink-news.ts';
import { Scripts } from './scripts.ts';

/**
 * Packets that wait for a stopped process: the default socket buffer (212992 bytes) over 768 each.
 */
export const PACKETS_WAITING_MAX = 277;
/** Other events that wait; beyond it the oldest are lost, as netlink loses them (ENOBUFS). */
const EVENTS_WAITING_MAX = 4096;
/** Calls of the daemon at one moment without an end are a bug. */
const CALLS_PER_DRAIN_MAX = 100_000;

/**
 * How long a process takes from a packet's arrival to reading it, µs. A BACKUP whose timer runs out meanwhile takes over
 * first: two of equal timers both become MASTER within some 20 µs, and the one of the lower address yields
 * (test/reference/traces-own/v6-equal-at-once). Masters that refuse each other are left alone: there each advert sets the
 * other's timer anew.
 */
const READING_US = 100;

const PROCESS_NAMES = {
  parent: 'Keepalived',
  vrrp: 'Keepalived_vrrp',
  checkers: 'Keepalived_healthcheckers',
  bfd: 'Keepalived_bfd',
} as const;

const DAEMON_SIGNALS = {
  USR1: 'USR1',
  USR2: 'USR2',
  'RTMIN+2': 'JSON',
  'RTMAX-1': 'STATS_CLEAR',
} as const;

/** The daemon as a program of a machine; see the head of the file. */
export class DaemonMachine implements Program, SocketEvents {
  readonly #context: ProgramContext;
  readonly #makeDaemon: DaemonFactory;
  readonly #knowsCommand: (name: string) => boolean;
  readonly #wakeup: Wakeup;
  readonly #sockets: DaemonSockets;
  readonly #streams: DaemonStreams;
  readonly #scripts: Scripts;
  readonly #runner: CommandRunner;
  readonly #unsubscribe: (() => void)[] = [];
  #daemon: DaemonApi | undefined;
  #pids: { readonly parent: number; readonly vrrp: number } = { parent: 0, vrrp: 0 };
  #waiting: SystemEvent[] = [];
  #packetsWaiting = 0;
  #drainArmed = false;
  #busy = false;
  /** What the daemon is doing answers a packet. */
  #hearsPacket = false;
  #stopped = false;
  #frozen = false;
  /** TERM came; keepalived has two processes, and both may get one. */
  #stopping = false;
  #termWaiting = false;
  #reloadWaiting = false;
  #exitCode: number | undefined;

  constructor(context: ProgramContext, options: DaemonMachineOptions) {
    const { machine } = context;
    this.#context = context;
    this.#makeDaemon = options.makeDaemon;
    this.#knowsCommand = options.knowsCommand;
    this.#wakeup = new Wakeup(machine.engine, () => this.#advance(), { afterOthers: true });
    this.#sockets = new DaemonSockets(machine.kernel, this);
    this.#streams = new DaemonStreams(
      machine,
      (event) => this.#post(event),
      () => machine.engine.streams.named(`${machine.name}/tls`),
    );
    this.#scripts = new Scripts(machine, {
      onExit: (event) => this.#post(event),
      knowsCommand: options.knowsCommand,
    });
    this.#runner = new CommandRunner({
      machine,
      sockets: this.#sockets,
      streams: this.#streams,
      scripts: this.#scripts,
      post: (event) => this.#post(event),
      log: (command) => this.#log(command),
      exit: (code) => {
        this.#exitCode = code;
      },
      frameMoment: options.frameMoment,
      deletionTime: () => this.#yieldingTime(options),
      answerTime: () => (this.#hearsPacket ? ANSWER_TIME : NO_DURATION),
      asOwn: (action) => this.#asOwn(action),
    });
  }

  /** Spawns keepalived's two processes and starts the daemon. */
  start(): number | undefined {
    const { machine } = this.#context;
    const words = ['/usr/sbin/keepalived', '--dont-fork'];
    const parent = this.#context.spawn('keepalived', words);
    this.#pids = { parent, vrrp: this.#context.spawn('keepalived', words) };
    this.#daemon = this.#makeDaemon({
      system: new DaemonFacts(machine, this.#knowsCommand),
      context: this.#context,
      parentPid: parent,
      vrrpPid: this.#pids.vrrp,
    });
    this.#listen();
    this.#call((daemon, now) => daemon.start(now));
    const code = this.#exitCode;
    if (code === undefined) return undefined;
    this.#release();
    return code;
  }

  /** SIGTERM; a stopped process hears it when it goes on. */
  terminate(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#stopped) this.#termWaiting = true;
    else this.#call((daemon, now) => daemon.stop(now));
    this.#finishMaybe();
  }

  /** SIGKILL of both processes: the VIPs stay. */
  kill(): void {
    this.#release();
  }

  /** SIGHUP. */
  reload(): void {
    if (this.#stopped) this.#reloadWaiting = true;
    else this.#reload();
    this.#finishMaybe();
  }

  #reload(): void {
    this.#sockets.forgetUnknownVrids();
    this.#call((daemon, now) => daemon.reload(now));
  }

  /** SIGSTOP and SIGCONT: events wait as in socket buffers and come in order. */
  setStopped(stopped: boolean): void {
    if (stopped === this.#stopped) return;
    this.#stopped = stopped;
    if (stopped) {
      this.#wakeup.moveTo(undefined);
      return;
    }
    this.#drain();
    if (this.#reloadWaiting) this.#reload();
    if (this.#termWaiting) this.#call((daemon, now) => daemon.stop(now));
    this.#reloadWaiting = false;
    this.#termWaiting = false;
    this.#moveWakeup();
    this.#finishMaybe();
  }

  signal(signal: UserSignal): void {
    this.#post({ kind: 'signal', signal: DAEMON_SIGNALS[signal] });
  }

  /** The whole machine stands still, or goes on. */
  setFrozen(frozen: boolean): void {
    this.#frozen = frozen;
    if (frozen) this.#wakeup.moveTo(undefined);
    else this.#moveWakeup();
    if (!frozen && this.#waiting.length > 0) this.#armDrain();
  }

  /** What the daemon tells about itself; its deadlines in machine time. */
  status(): DaemonStatus | undefined {
    return this.#daemon?.status();
  }

  #listen(): void {
    const { machine } = this.#context;
    this.#unsubscribe.push(
      machine.kernel.onNetlink((event) => this.#netlink(event)),
      machine.processes.listen((change, row) => {
        const { pid, name } = row;
        const kind = change === 'started' ? 'process-started' : 'process-ended';
        this.#post({ kind, pid, name, arguments: row.arguments });
      }),
      machine.disk.listen((path) => this.#post({ kind: 'file-changed', path })),
    );
  }

  /** Nothing of the process or the machine makes a packet wait. */
  get isListening(): boolean {
    return (
      this.#daemon !== undefined &&
      !this.#busy &&
      !this.#stopped &&
      !this.#frozen &&
      this.#waiting.length === 0
    );
  }

  onDatagram(event: DatagramEvent): void {
    this.#post(event);
  }

  /** The fast path: nothing is allocated unless the daemon answers or does not listen. */
  onVrrp(event: VrrpPacketEvent): boolean {
    const daemon = this.#daemon;
    if (daemon === undefined) return false;
    if (!this.isListening) {
      this.#keepPacket(event);
      return false;
    }
    const untilTimer = (this.#wakeup.dueUs ?? 0) - this.#context.machine.engine.now;
    if (untilTimer >= 0 && untilTimer <= READING_US && this.#takesOver(daemon)) {
      this.#keepPacket(event, untilTimer + 1);
      return false;
    }
    this.#busy = true;
    const commands = daemon.receive(this.#context.machine.timers.now, event);
    if (commands.length > 0) {
      this.#hearsPacket = true;
      this.#carryOut(commands);
      this.#hearsPacket = false;
    }
    this.#busy = false;
    if (commands === UNKNOWN_VRID) return true;
    if (commands === UNCONCERNED) return false;
    this.#moveWakeup();
    if (commands.length > 0) this.#afterCall();
    return false;
  }

  /** The timer that runs out next is a BACKUP's. */
  #takesOver(daemon: DaemonApi): boolean {
    const due = daemon.nextDeadline();
    const isNext = (at: TimeUs | undefined): boolean => at !== undefined && at === due;
    return daemon
      .status()
      .instances.some((one) => one.state === 'BACKUP' && isNext(one.timerDueAt));
  }

  #keepPacket(event: VrrpPacketEvent, delayUs = 0): void {
    if (this.#packetsWaiting >= PACKETS_WAITING_MAX) return;
    this.#packetsWaiting++;
    this.#post({ ...event }, delayUs);
  }

  #netlink(event: NetlinkEvent): void {
    // What somebody else takes away is news; own commands run while the daemon is busy.
    if (this.#busy && (event.kind === 'route-removed' || event.kind === 'rule-removed')) return;
    const news = eventOfNetlink(event);
    if (news !== undefined) this.#post(news);
  }

  /** Queues an event; it reaches the daemon in an event of its own at the same moment. */
  #post(event: SystemEvent, delayUs = 0): void {
    if (this.#daemon === undefined) return;
    if (this.#waiting.length >= EVENTS_WAITING_MAX) this.#waiting.shift();
    this.#waiting.push(event);
    this.#armDrain(delayUs);
  }

  #armDrain(delayUs = 0): void {
    if (this.#drainArmed || this.#stopped || this.#frozen) return;
    this.#drainArmed = true;
    this.#context.machine.timers.after(delayUs, () => {
      this.#drainArmed = false;
      if (!this.#stopped && !this.#frozen) this.#drain();
      this.#finishMaybe();
    });
  }

  #drain(): void {
    for (let calls = 0; this.#waiting.length > 0 && !this.#isOver(); calls++) {
      assert(calls < CALLS_PER_DRAIN_MAX, 'the daemon keeps answering its own events');
      const event = this.#waiting.shift() as SystemEvent;
      this.#hearsPacket = event.kind === 'vrrp-packet';
      if (this.#hearsPacket) this.#packetsWaiting--;
      this.#callOnce((daemon, now) => daemon.receive(now, event));
      this.#hearsPacket = false;
    }
    this.#moveWakeup();
  }

  #advance(): void {
    this.#call((daemon, now) => daemon.advance(now));
    this.#finishMaybe();
  }

  #call(action: (daemon: DaemonApi, now: TimeUs) => readonly Command[]): void {
    this.#callOnce(action);
    this.#moveWakeup();
  }

  #callOnce(action: (daemon: DaemonApi, now: TimeUs) => readonly Command[]): void {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    assert(!this.#busy, 'the daemon is called while it is being called');
    this.#busy = true;
    this.#carryOut(action(daemon, this.#context.machine.timers.now));
    this.#busy = false;
  }

  #carryOut(commands: readonly Command[]): void {
    for (const command of commands) this.#runner.run(command);
  }

  #asOwn(action: () => void): void {
    this.#busy = true;
    action();
    this.#busy = false;
    this.#finishMaybe();
  }

  /** A process that starts, stops or reads its file has seen to its addresses before it does anything else. */
  #yieldingTime(options: DaemonMachineOptions): DurationUs {
    if (!this.#hearsPacket) return NO_DURATION;
    return options.deletionTime?.(this.#context.machine.timers.now) ?? DELETION_TIME;
  }

  #afterCall(): void {
    this.#finishMaybe();
  }

  #moveWakeup(): void {
    if (this.#stopped || this.#frozen || this.#daemon === undefined) return;
    const due = this.#daemon.nextDeadline();
    const lag = this.#context.machine.timers.lagUs;
    this.#wakeup.moveTo(due === undefined || lag === 0 ? due : ((due + lag) as TimeUs));
  }

  #isOver(): boolean {
    return this.#exitCode !== undefined || this.#daemon === undefined;
  }

  /** After 'exit': everything the process held is released, and the unit is told. */
  #finishMaybe(): void {
    const code = this.#exitCode;
    if (code === undefined || this.#daemon === undefined) return;
    this.#release();
    this.#context.exited({ kind: 'exit', code });
  }

  #release(): void {
    this.#daemon = undefined;
    this.#wakeup.moveTo(undefined);
    for (const stop of this.#unsubscribe.splice(0)) stop();
    this.#runner.stop();
    this.#sockets.closeAll();
    this.#streams.closeAll();
    this.#scripts.stopAll();
    this.#waiting = [];
  }

  #log(command: Extract<Command, { kind: 'log' }>): void {
    const pid = command.process === 'parent' ? this.#pids.parent : this.#pids.vrrp;
    const { level, text } = command;
    this.#context.log({ identifier: PROCESS_NAMES[command.process], pid, level, text });
  }
}
