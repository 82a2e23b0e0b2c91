/** Broken variants of the daemon, made by wrapping the real one: each a bug that `explore` must find. */

import type { Command } from '../../../../daemon/core/commands.ts';
import { loadWithReader } from '../../../../daemon/core/config-loader.ts';
import type { SystemEvent } from '../../../../daemon/core/events.ts';
import type { ConfigLoader } from '../../../../daemon/core/loaded-config.ts';
import { AH_HEADER_LENGTH } from '../../../../daemon/wire/ah.ts';
import { ipv4HeaderLength } from '../../../../daemon/wire/ipv4.ts';
import { readVrrpPriority } from '../../../../daemon/wire/vrrp-header.ts';
import { daemonFactory, makeDaemon } from '../../../../sim/host/daemon-factory.ts';
import type { DaemonApi, DaemonFactory } from '../../../../sim/host/daemon-program.ts';
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
export function breaking({ makeBug, load }: Planted): (daemon: DaemonFactory) => DaemonFactory {
  return (healthy) => {
    const daemon = load === undefined ? healthy : daemonFactory(load);
    if (makeBug === undefined) return daemon;
    return (options) => wrapped(daemon(options), makeBug(options.context.machine.name));
  };
}

/** The usual programs with a broken keepalived. */
export function brokenPrograms(planted: Planted): ProgramRegistry {
  return programRegistry(breaking(planted)(makeDaemon));
}

/** A bug that shows itself once the carrier of some link has come back. */
function afterCarrier(then: (isBack: () => boolean) => Bug): MakeBug {
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

/** The VRRP header of an advert of version 2 or 3 over IPv4, AH or not. */
function vrrpAt(
  event: SystemEvent,
): { readonly bytes: Uint8Array; readonly at: number } | undefined {
  if (event.kind !== 'vrrp-packet') return undefined;
  const body = event.at + ipv4HeaderLength(event.packet, event.at);
  const isAh = event.packet[event.at + 9] === PROTOCOL_AH;
  return { bytes: event.packet, at: isAh ? body + AH_HEADER_LENGTH : body };
}

const PROTOCOL_AH = 51;

/** A broken daemon, and the LAN of `lans.ts` on which it is looked for. */
export interface Planted {
  readonly name: string;
  readonly lan: 'pair' | 'group' | 'ah' | 'restarts';
  readonly makeBug?: MakeBug;
  /** A broken reader of configurations instead. */
  readonly load?: ConfigLoader;
}

/** All planted bugs. */
export const PLANTED: readonly Planted[] = [
  {
    name: 'gratuitous ARP is forgotten after the first 10 s',
    lan: 'pair',
    makeBug: () => ({ command: (one, now) => one.kind !== 'frame-send' || now < 10e6 }),
  },
  {
    name: 'the VIP is not removed on a fault',
    lan: 'pair',
    makeBug: () => ({ command: (one) => one.kind !== 'address-delete' }),
  },
  {
    name: 'deaf after the carrier came back',
    lan: 'pair',
    makeBug: afterCarrier((isBack) => ({
      event: (event) => event.kind !== 'vrrp-packet' || !isBack(),
    })),
  },
  {
    name: 'mute after the carrier came back',
    lan: 'pair',
    makeBug: afterCarrier((isBack) => ({
      command: (one) => one.kind !== 'ip-send' || !isBack(),
    })),
  },
  {
    name: 'the second takeover adds no address',
    lan: 'pair',
    makeBug: () => {
      let added = 0;
      return { command: (one) => one.kind !== 'address-add' || ++added <= 1 };
    },
  },
  {
    // (256 - priority) seconds instead of 256ths, as soon as a MASTER was heard.
    name: 'a wrong skew: 156 s instead of 156/256 s',
    lan: 'pair',
    makeBug: (host) => {
      let heard = false;
      return {
        event: (event) => {
          if (event.kind === 'vrrp-packet') heard = true;
          return true;
        },
        late: () => (host === 'b' && heard ? 156e6 : 0),
      };
    },
  },
  {
    name: 'a preempt loop: deaf for 5 s of every 7 s, once it was MASTER for a while',
    lan: 'pair',
    makeBug: () => ({
      event: (event, now) => event.kind !== 'vrrp-packet' || now < 25e6 || now % 7e6 > 5e6,
    }),
  },
  {
    name: 'a daemon that starts later than the first 5 s is deaf',
    lan: 'pair',
    makeBug: () => {
      let started: number | undefined;
      return {
        command: (_one, now) => {
          started ??= now;
          return true;
        },
        event: (event) => event.kind !== 'vrrp-packet' || (started ?? 0) < 5e6,
      };
    },
  },
  {
    name: 'priority 0 is ignored',
    lan: 'restarts',
    makeBug: () => ({
      event: (event) => {
        const advert = vrrpAt(event);
        return advert === undefined || readVrrpPriority(advert.bytes, advert.at) !== 0;
      },
    }),
  },
  {
    name: 'a sync group moves by half',
    lan: 'group',
    load: (options) => {
      const loaded = loadWithReader(options);
      if (loaded.config === undefined) return loaded;
      const vrrp = { ...loaded.config.vrrp, syncGroups: [] };
      return { ...loaded, config: { ...loaded.config, vrrp } };
    },
  },
  {
    name: 'AH: a router that was MASTER takes every advert for a replay',
    lan: 'ah',
    makeBug: () => {
      let wasMaster = false;
      return {
        command: (one) => {
          if (one.kind === 'ip-send') wasMaster = true;
          return true;
        },
        event: (event) => event.kind !== 'vrrp-packet' || !wasMaster,
      };
    },
  },
];

/** The planted bug of that name. */
export function plantedBug(start: string): Planted {
  const found = PLANTED.find((one) => one.name.startsWith(start));
  if (found === undefined) throw new Error(`no such bug: ${start}`);
  return found;
}
