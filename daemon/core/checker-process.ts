/**
 * keepalived's second process, as a part of the daemon: health checkers (`check`) and virtual services
 * (`lvs`) together. The two do not know each other; verdicts, weights and states pass through here.
 *
 * Every method returns the commands it caused, in order.
 */

import type { RandomSource } from '../base/random.ts';
import type { TimeUs } from '../base/time.ts';
import {
  type Checker,
  type CheckMachine,
  newCheckers,
  newCheckMachine,
  oneFailureIsEnough,
} from '../check/check-machine.ts';
import { keepState, keptWeight } from '../check/check-reload.ts';
import {
  checkedBfdChanged,
  checkedFileChanged,
  checkerCloseReturned,
  checkerCommandFailed,
  checkerEvent,
  enableCheckers,
  nextCheckDue,
  runCheckTimers,
  startCheckers,
  stopCheckers,
} from '../check/check-schedule.ts';
import type { CheckerConfig } from '../check/checker-config.ts';
import { readTrackedFiles } from '../check/tracked-checks.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { IdsOf } from '../config/user-ids.ts';
import { type LvsMachine, newServices, type Server, type Service } from '../lvs/lvs-machine.ts';
import { reloadServices, sameServer, sameService } from '../lvs/lvs-reload.ts';
import { lvsText } from '../lvs/lvs-text.ts';
import { ipvs } from '../lvs/pool.ts';
import { type Place, setWeight, takeVerdict } from '../lvs/server-state.ts';
import { startServices, stopServices } from '../lvs/service-life.ts';
import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import { BlockedProcess } from './blocked-process.ts';
import { fifoScript, lvsSettings, timeoutWords } from './checker-settings.ts';
import type { Command } from './commands.ts';
import { ConnectionSync } from './connection-sync.ts';
import { checkerDump } from './dump-checkers.ts';
import type { SystemEvent } from './events.ts';
import { coreText } from './log-text.ts';
import type { ServiceStatus } from './status.ts';
import type { System } from './system.ts';

/** What the process is made of. */
export interface CheckerProcessOptions {
  readonly system: System;
  readonly random: RandomSource;
  readonly takeId: () => number;
  readonly logDetail: boolean;
}

/** The process; there is one while the configuration has a virtual server. */
export class CheckerProcess {
  readonly #options: CheckerProcessOptions;
  readonly #lvs: LvsMachine;
  readonly #check: CheckMachine;
  readonly #sync: ConnectionSync;
  #timeoutsBefore: readonly number[] | undefined;
  readonly #blocked = new BlockedProcess();
  #out: Command[] = [];

  constructor(config: DaemonConfig, options: CheckerProcessOptions) {
    this.#options = options;
    const { system, takeId, random } = options;
    this.#sync = new ConnectionSync('checkers', takeId);
    this.#lvs = {
      services: [],
      settings: lvsSettings(config, system),
      actions: this.#out as LvsMachine['actions'],
      takeId,
    };
    this.#check = newCheckMachine({
      checkers: [],
      host: {
        verdict: (verdict) =>
          this.#at(verdict.checker, (place) => takeVerdict(this.#lvs, place, verdict)),
        weight: (checker, weight) =>
          this.#at(checker, (place) =>
            setWeight(this.#lvs, place, weight ?? place.server.config.weight),
          ),
        forgetWeight: (checker) =>
          this.#at(checker, ({ server }) => {
            server.weight = server.config.weight;
          }),
        addWeight: (checker, difference) =>
          this.#at(checker, (place) =>
            setWeight(this.#lvs, place, place.server.weight + difference),
          ),
        readFile: (path) => system.readFile(path),
      },
      random,
      takeId,
      actions: this.#out as CheckMachine['actions'],
    });
  }

  /** Services into the kernel, checkers on their way. */
  start(config: DaemonConfig, now: TimeUs): readonly Command[] {
    this.#say(lvsText.initialising());
    const { settings } = this.#lvs;
    this.#setTimeouts(config);
    this.#out.push(...this.#sync.start(config.global.lvsSyncDaemon));
    if (settings.flush) ipvs(this.#lvs, ['-C']);
    const reader = fifoScript(config, this.#options.takeId);
    if (reader !== undefined) this.#out.push(reader);
    this.#check.now = now;
    this.#check.checkers = this.#newCheckers(config, true);
    readTrackedFiles(this.#check);
    this.#lvs.services = this.#newServices(config);
    startServices(this.#lvs);
    startCheckers(this.#check, now);
    return this.#take();
  }

  /** Another configuration: what is the same keeps its state. */
  reload(config: DaemonConfig, now: TimeUs): readonly Command[] {
    this.#say(coreText.reloadingChild());
    this.#say(lvsText.reinitialising());
    this.#setTimeouts(config);
    this.#out.push(...this.#sync.reload(config.global.lvsSyncDaemon));
    stopCheckers(this.#check);
    this.#lvs.settings = lvsSettings(config, this.#options.system);
    const { checkers: oldCheckers } = this.#check;
    const { services: oldServices } = this.#lvs;
    const checkers = this.#newCheckers(config, false);
    const planned = newServices(config.lvs, () => false);
    const kept = keepState(checkers, oldCheckers, (fresh, old) =>
      samePlace(placeOf(planned, fresh), placeOf(oldServices, old)),
    );
    for (const checker of checkers) {
      const server = serverBefore(checker, planned, oldServices);
      if (server === undefined || checker.hasRun) continue;
      // A checker that is new on a server that works does not take it down before it has run; on one that
      // does not, its first failure is enough (recording k305).
      if (server.alive) checker.up = true;
      else if (!kept.has(checker)) oneFailureIsEnough(checker);
    }
    this.#check.checkers = [];
    this.#check.now = now;
    const fresh = newServices(config.lvs, (index) => checkers[index]?.up === false);
    reloadServices(this.#lvs, fresh, (server) => {
      const own = checkers.filter((one) => placeOf(fresh, one.config)?.server === server);
      return keptWeight(own, server.config.weight);
    });
    this.#check.checkers = checkers;
    startCheckers(this.#check, now);
    return this.#take();
  }

  /** The end: attempts are dropped, services leave the kernel. */
  stop(): readonly Command[] {
    stopCheckers(this.#check);
    stopServices(this.#lvs);
    this.#out.push(...this.#sync.stop());
    this.#restoreTimeouts();
    this.#say(coreText.stoppedChild(this.#options.system.processorTime?.()));
    return this.#take();
  }

  /** When `advance` wants to be called next. */
  nextDeadline(): TimeUs | undefined {
    return this.#blocked.isBlocked ? undefined : nextCheckDue(this.#check);
  }

  /** Everything that is due. */
  advance(now: TimeUs): readonly Command[] {
    if (this.#blocked.isBlocked) return [];
    runCheckTimers(this.#check, now);
    return this.#take();
  }

  /** Something happened; `undefined` when it is nobody's here and may be another's. */
  receive(event: SystemEvent, now: TimeUs): readonly Command[] | undefined {
    if (event.kind === 'stream-lingers') {
      this.#blocked.begin(event.id);
      return [];
    }
    if (event.kind === 'stream-lingered') {
      checkerCloseReturned(this.#check, event.id, now);
      return this.#blocked.end(event.id) ? this.#goOn(now) : [];
    }
    if (this.#blocked.isBlocked && 'id' in event && this.#check.owners.has(event.id)) {
      this.#blocked.hold(event);
      return [];
    }
    return this.#hear(event, now) ? this.#take() : undefined;
  }

  /** Timers first, as keepalived's scheduler has it. */
  #goOn(now: TimeUs): readonly Command[] {
    runCheckTimers(this.#check, now);
    for (const event of this.#blocked.takeHeld()) this.#hear(event, now);
    return this.#take();
  }

  /** A BFD session went up or down. */
  bfdChanged(session: { name: string; up: boolean }, now: TimeUs): readonly Command[] {
    checkedBfdChanged(this.#check, session, now);
    return this.#take();
  }

  /** keepalived_check.data. */
  dump(config: DaemonConfig, idsOf: IdsOf): readonly string[] {
    const { services } = this.#lvs;
    return checkerDump({ config, services, checkers: this.#check.checkers, idsOf });
  }

  /** The services as they are now. */
  status(): readonly ServiceStatus[] {
    return this.#lvs.services.map((service) => ({
      name: service.name,
      quorumUp: service.quorumUp,
      sorryActive: service.sorry?.alive ?? false,
      servers: service.servers.map(({ name, alive, inPool, weight }) => ({
        name,
        alive,
        inPool,
        weight,
      })),
    }));
  }

  #hear(event: SystemEvent, now: TimeUs): boolean {
    const check = this.#check;
    switch (event.kind) {
      case 'stream-connected':
      case 'stream-closed':
        return checkerEvent(check, event.id, { kind: event.kind }, now);
      case 'stream-data':
        return checkerEvent(check, event.id, { kind: 'stream-data', bytes: event.bytes }, now);
      case 'stream-failed':
      case 'datagram-failed':
        return checkerEvent(check, event.id, { kind: event.kind, failure: event.failure }, now);
      case 'datagram-received': {
        const { bytes, from } = event;
        return checkerEvent(
          check,
          event.id,
          { kind: 'datagram-received', bytes },
          now,
          from.address,
        );
      }
      case 'script-exited':
        return checkerEvent(check, event.id, { kind: event.kind, outcome: event.outcome }, now);
      case 'command-failed':
        return checkerCommandFailed(check, event, now);
      case 'address-added':
      case 'address-removed':
        this.#addressMoved(event.address.address, event.kind === 'address-added');
        return true;
      case 'file-changed':
        checkedFileChanged(check, event.path, now);
        return true;
      default:
        return false;
    }
  }

  /** lvs_timeouts; what the kernel had before comes back when they go, and at the end (recorded with 2.2.7). */
  #setTimeouts(config: DaemonConfig): void {
    const words = timeoutWords(config.global.lvsTimeouts);
    if (words === undefined) {
      this.#restoreTimeouts();
      return;
    }
    this.#timeoutsBefore ??= this.#options.system.ipvsTimeouts?.();
    ipvs(this.#lvs, words);
  }

  #restoreTimeouts(): void {
    const before = this.#timeoutsBefore;
    this.#timeoutsBefore = undefined;
    if (before !== undefined) ipvs(this.#lvs, ['--set', ...before.map(String)]);
  }

  /** ha_suspend: checkers work only where the address of their service is. */
  #addressMoved(address: IpAddress, added: boolean): void {
    let said = !this.#options.logDetail;
    for (const [index, { config }] of this.#lvs.services.entries()) {
      const { key, haSuspend } = config;
      if (!haSuspend || key.kind !== 'address' || key.address !== address) continue;
      const verb = added ? 'added' : 'removed';
      if (!said) this.#say(`Netlink reflector reports IP ${formatIp(address)} ${verb}`);
      said = true;
      enableCheckers(this.#check, index, isHere(this.#options.system, address));
    }
  }

  #newCheckers(config: DaemonConfig, atStart: boolean): Checker[] {
    const services = newServices(config.lvs, () => false);
    const { system } = this.#options;
    return newCheckers(config.check, {
      atStart,
      namesOf: (checker) => {
        const place = placeOf(services, checker);
        return { server: place?.server.name ?? '', service: place?.service.name ?? '' };
      },
      enabledOf: (checker) => {
        const service = placeOf(services, checker)?.service.config;
        if (service === undefined || !service.haSuspend) return true;
        return service.key.kind !== 'address' || isHere(system, service.key.address);
      },
    });
  }

  /** Tracked files have spoken already: their servers begin down, or with their weight. */
  #newServices(config: DaemonConfig): Service[] {
    const { checkers } = this.#check;
    const services = newServices(config.lvs, (index) => checkers[index]?.up === false);
    for (const checker of checkers) {
      const place = placeOf(services, checker.config);
      if (place !== undefined) place.server.weight += checker.fileWeight;
    }
    return services;
  }

  #at(index: number, what: (place: Place) => void): void {
    const checker = this.#check.checkers[index];
    const place = checker && placeOf(this.#lvs.services, checker.config);
    if (place !== undefined) what(place);
  }

  #say(text: string): void {
    this.#out.push({ kind: 'log', process: 'checkers', level: 'info', text });
  }

  #take(): readonly Command[] {
    const out = this.#out;
    this.#out = [];
    this.#lvs.actions = this.#out as LvsMachine['actions'];
    this.#check.actions = this.#out as CheckMachine['actions'];
    return out;
  }
}

function placeOf(services: readonly Service[], checker: CheckerConfig): Place | undefined {
  const service = services[checker.virtualServer];
  const server = service?.servers[checker.realServer];
  return service === undefined || server === undefined ? undefined : { service, server };
}

function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return sameService(a.service, b.service) && sameServer(a.server, b.server);
}

/** The server of a checker as it was before a reload. */
function serverBefore(
  checker: Checker,
  planned: readonly Service[],
  before: readonly Service[],
): Server | undefined {
  const place = placeOf(planned, checker.config);
  if (place === undefined) return undefined;
  const service = before.find((one) => sameService(one, place.service));
  return service?.servers.find((one) => sameServer(one, place.server));
}

function isHere(system: System, address: IpAddress): boolean {
  return system.interfaces().some((link) => link.addresses.some((one) => one.address === address));
}
