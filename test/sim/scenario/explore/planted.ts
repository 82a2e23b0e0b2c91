/** Broken variants of the daemon, made by wrapping the real one: each a bug that `explore` must find. */

import type { Command } from '../../../../daemon/core/commands.ts';
import type { SystemEvent } from '../../../../daemon/core/events.ts';
import { makeDaemon } from '../../../../sim/host/daemon-factory.ts';
import type { DaemonApi, DaemonFactory } from '../../../../sim/host/daemon-machine.ts';
import type { ProgramRegistry } from '../../../../sim/host/machine.ts';
import { programRegistry } from '../../../../sim/programs/program-registry.ts';

/** What a bug does to a daemon; fresh for every daemon that starts. */
export interface Bug {
  command?(command: Command, now: number): boolean;
  event?(event: SystemEvent, now: number): boolean;
  /** Added to every deadline, µs. */
  late?(): number;
}

export type MakeBug = (host: string) => Bug;

/** Drops commands that `keeps` refuses and events that `hears` refuses. */
function wrapped(real: DaemonApi, bug: Bug): DaemonApi {
  const filter = (now: number, commands: readonly Command[]) =>
    commands.filter((one) => bug.command?.(one, now) ?? true);
  return {
    start: (now) => filter(now, real.start(now)),
    receive: (now, event) => {
      if (!(bug.event?.(event, now) ?? true)) return [];
      return filter(now, real.receive(now, event));
    },
    advance: (now) => filter(now, real.advance(now)),
    reload: (now) => filter(now, real.reload(now)),
    stop: (now) => filter(now, real.stop(now)),
    nextDeadline: () => {
      const due = real.nextDeadline();
      return due === undefined ? undefined : ((due + (bug.late?.() ?? 0)) as typeof due);
    },
    status: () => real.status(),
  };
}

/** The hook for `searchBase`: puts a broken daemon in the place of each healthy one. */
export function breaking(makeBug: MakeBug): (daemon: DaemonFactory) => DaemonFactory {
  return (daemon) => (options) => wrapped(daemon(options), makeBug(options.context.machine.name));
}

/** The usual programs with a broken keepalived. */
export function brokenPrograms(makeBug: MakeBug): ProgramRegistry {
  return programRegistry(breaking(makeBug)(makeDaemon));
}

function linkBug(then: (flapped: () => boolean) => Bug): MakeBug {
  return () => {
    let changes = 0;
    const bug = then(() => changes > 0);
    return {
      ...bug,
      event: (event, now) => {
        if (event.kind === 'link-changed') changes++;
        return bug.event?.(event, now) ?? true;
      },
    };
  };
}

/** All planted bugs by name. */
export const PLANTED: ReadonlyMap<string, MakeBug> = new Map<string, MakeBug>([
  // Gratuitous ARP is only sent during the first 10 s: a later takeover tells nobody.
  [
    'gratuitous ARP forgotten',
    () => ({ command: (one, now) => one.kind !== 'frame-send' || now < 10e6 }),
  ],
  ['addresses are never given up', () => ({ command: (one) => one.kind !== 'address-delete' })],
  [
    'deaf after the carrier came back',
    linkBug((flapped) => ({
      event: (event) => event.kind !== 'vrrp-packet' || !flapped(),
    })),
  ],
  [
    'mute after the carrier came back',
    linkBug((flapped) => ({
      command: (one) => one.kind !== 'ip-send' || !flapped(),
    })),
  ],
  [
    'the second takeover adds no address',
    () => {
      let added = 0;
      return { command: (one) => one.kind !== 'address-add' || ++added <= 1 };
    },
  ],
  [
    'a wrong skew of 40 s after the carrier came back',
    linkBug((flapped) => ({
      late: () => (flapped() ? 40e6 : 0),
    })),
  ],
  [
    'a preempt loop: deaf for 5 s of every 7 s, once it was MASTER for a while',
    () => ({
      event: (event, now) => event.kind !== 'vrrp-packet' || now < 25e6 || now % 7e6 > 5e6,
    }),
  ],
  [
    'a daemon that starts later than the first 5 s is deaf',
    () => {
      let started: number | undefined;
      return {
        command: (_one, now) => {
          started ??= now;
          return true;
        },
        event: (event) => event.kind !== 'vrrp-packet' || (started ?? 0) < 5e6,
      };
    },
  ],
]);
