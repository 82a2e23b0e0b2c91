/**
 * A daemon whose advert timer runs out when the recorded machine's did.
 *
 * A real process wakes some 100 µs after its timer, on a busy machine some milliseconds, and each advert sets the next
 * timer. After some adverts the phases have drifted apart, and where two masters meet or refuse each other they decide
 * who is heard first. They are no result of the daemon, so they are fed: the advert timer of a MASTER waits for the
 * moment at which that node's advert was recorded, or, when another node's advert of the same moment was recorded and
 * its own was not, until just after that one. Where both were recorded, both timers had run out before either process
 * read the other's packet, so the packet waits for the timer; so it does where a BACKUP and another one took over within
 * that moment, and where another one alone did, the BACKUP's timer waits. What is due at another time than the recorded one is left
 * alone, and so are all other timers: takeovers are the daemon's own but for a race within 1.5 ms.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { Command } from '../../daemon/core/commands.ts';
import type { SystemEvent, VrrpPacketEvent } from '../../daemon/core/events.ts';
import type { DaemonStatus, InstanceStatus } from '../../daemon/core/status.ts';
import { makeDaemon } from '../../sim/host/daemon-factory.ts';
import { DaemonMachine } from '../../sim/host/daemon-machine.ts';
import type { DaemonApi } from '../../sim/host/daemon-program.ts';
import type { FrameMoment } from '../../sim/host/frame-pacer.ts';
import type { ProgramRegistry } from '../../sim/host/machine.ts';
import { programRegistry } from '../../sim/programs/program-registry.ts';
import { knowsCommand } from '../../sim/programs/shell/command-table.ts';
import {
  type AdvertMoments,
  crossingAdverts,
  pacedMoment,
  takeoverMoment,
} from './advert-moments.ts';
import { readAdvertPacket } from './measure.ts';

/** How quick the recorded processes were otherwise. */
export interface RecordedPace {
  readonly frameMoment: FrameMoment;
  readonly yieldingTime: (node: string, now: TimeUs) => DurationUs | undefined;
}

/** The usual programs, with a keepalived that keeps the recorded pace. */
export function pacedPrograms(moments: AdvertMoments, pace: RecordedPace): ProgramRegistry {
  const programs = new Map(programRegistry());
  programs.set('keepalived', (context) => {
    const node = context.machine.name;
    return new DaemonMachine(context, {
      knowsCommand,
      frameMoment: pace.frameMoment,
      deletionTime: (now) => pace.yieldingTime(node, now),
      makeDaemon: (options) => new PacedDaemon(makeDaemon(options), moments, node),
    });
  });
  return programs;
}

/** A packet that waits, and the timer that goes first. */
interface WaitingPacket {
  readonly event: VrrpPacketEvent;
  readonly instance: string;
  readonly state: InstanceStatus['state'];
  readonly due: TimeUs;
}

/** How late a process may have been that took over although another one's first advert was on its way, µs. */
const TAKEOVER_LATE_US = 1000;

/** A daemon between its machine and the recorded moments. */
export class PacedDaemon implements DaemonApi {
  readonly #daemon: DaemonApi;
  readonly #moments: AdvertMoments;
  readonly #node: string;
  #waiting: WaitingPacket[] = [];
  /** Whether the last advert of a sender, by instance, was refused. */
  readonly #refused = new Map<string, boolean>();

  constructor(daemon: DaemonApi, moments: AdvertMoments, node: string) {
    this.#daemon = daemon;
    this.#moments = moments;
    this.#node = node;
  }

  start(now: TimeUs): readonly Command[] {
    return this.#daemon.start(now);
  }

  receive(now: TimeUs, event: SystemEvent): readonly Command[] {
    if (event.kind !== 'vrrp-packet') {
      return this.#thenWaiting(now, this.#daemon.receive(now, event));
    }
    const instance = this.#instanceFor(event);
    if (instance?.state !== 'MASTER' && instance?.state !== 'BACKUP') {
      return this.#deliver(event, now);
    }
    const isBehind = this.#waiting.some((one) => one.instance === instance.name);
    if (!isBehind && !this.#timerGoesFirst(instance, event, now)) {
      return this.#deliver(event, now);
    }
    const { name, state, timerDueAt } = instance;
    const due = timerDueAt as TimeUs;
    this.#waiting.push({ event: { ...event }, instance: name, state, due });
    return [];
  }

  advance(now: TimeUs): readonly Command[] {
    return this.#thenWaiting(now, this.#daemon.advance(now));
  }

  reload(now: TimeUs): readonly Command[] {
    return this.#thenWaiting(now, this.#daemon.reload(now));
  }

  stop(now: TimeUs): readonly Command[] {
    return this.#daemon.stop(now);
  }

  status(): DaemonStatus {
    return this.#daemon.status();
  }

  /** Only the timers of MASTERs and of BACKUPs that lost a race wait, and no timer of another instance is held up with them. */
  nextDeadline(): TimeUs | undefined {
    const due = this.#daemon.nextDeadline();
    if (due === undefined) return undefined;
    const status = this.#daemon.status();
    const isWaiting = (one: InstanceStatus) =>
      (one.state === 'MASTER' || one.state === 'BACKUP') && one.timerDueAt === due;
    const first = status.instances.find(isWaiting);
    if (status.phase !== 'running' || first === undefined) return due;
    const others = status.instances.flatMap((one) =>
      isWaiting(one) || one.timerDueAt === undefined ? [] : [one.timerDueAt],
    );
    const momentOf = first.state === 'MASTER' ? pacedMoment : takeoverMoment;
    const paced = momentOf(this.#moments, { node: this.#node, vrid: first.vrid, due });
    return others.reduce((least, one) => (one < least ? one : least), paced);
  }

  #instanceFor(event: VrrpPacketEvent): InstanceStatus | undefined {
    const { vrid } = readAdvertPacket(event.packet, event.at);
    return this.#daemon.status().instances.find((one) => one.vrid === vrid);
  }

  /**
   * Both adverts were recorded. One own advert alone may instead be the answer to the one that is heard: it is where that
   * ranks lower and is not refused, as this sender's last one was not.
   */
  #timerGoesFirst(instance: InstanceStatus, event: VrrpPacketEvent, now: TimeUs): boolean {
    const { vrid, timerDueAt: due } = instance;
    if (due === undefined) return false;
    const { node, priority } = readAdvertPacket(event.packet, event.at);
    const timer = { node: this.#node, vrid, due };
    const sent = crossingAdverts(this.#moments, timer, { node, at: now });
    if (instance.state === 'BACKUP') return sent > 0 && due - now <= TAKEOVER_LATE_US;
    const isRefused = this.#refused.get(`${instance.name} ${node}`) === true;
    const isAnswered = priority < instance.effectivePriority && !isRefused;
    return sent > (isAnswered ? 1 : 0);
  }

  #deliver(event: VrrpPacketEvent, now: TimeUs): readonly Command[] {
    const { node } = readAdvertPacket(event.packet, event.at);
    const before = this.#instanceFor(event);
    const commands = this.#daemon.receive(now, event);
    const after = this.#instanceFor(event);
    if (before !== undefined && after !== undefined && before.state !== 'FAULT') {
      const count = (what: 'advertsReceived' | 'addressListErrors') =>
        after.statistics[what] - before.statistics[what];
      // Lists of addresses are compared last, when the advert has been counted.
      const isRefused = count('advertsReceived') === 0 || count('addressListErrors') > 0;
      this.#refused.set(`${before.name} ${node}`, isRefused);
    }
    return commands;
  }

  /** Packets whose timer has acted, or runs no more, are heard now. */
  #thenWaiting(now: TimeUs, before: readonly Command[]): readonly Command[] {
    const commands = [...before];
    for (let next = this.#takeFree(); next !== undefined; next = this.#takeFree()) {
      commands.push(...this.#deliver(next.event, now));
    }
    return this.#waiting.length === 0 && commands.length === before.length ? before : commands;
  }

  #takeFree(): WaitingPacket | undefined {
    const { instances } = this.#daemon.status();
    const place = this.#waiting.findIndex(({ instance, state, due }) => {
      const now = instances.find((one) => one.name === instance);
      return now?.state !== state || now.timerDueAt !== due;
    });
    return place < 0 ? undefined : this.#waiting.splice(place, 1)[0];
  }
}
