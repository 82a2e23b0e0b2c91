/**
 * Virtual services: add, edit, delete, and the estimator that looks at all of them. Source: net/netfilter/ipvs/ip_vs_ctl.c.
 */

import { familyOf } from '../../../daemon/wire/ip-address.ts';
import { ipv4Mask } from '../../../daemon/wire/ipv4-address.ts';
import type { IpvsState, ServiceKey, VirtualService } from './ipvs-state.ts';
import { moveToTrash } from './real-servers.ts';
import { schedulerMaker } from './schedulers/registry.ts';
import { FTP_PORT, findService, hashOf, type IpvsError } from './service-lookup.ts';
import { ESTIMATION_PERIOD_US, estimate, makeStatistics } from './statistics.ts';

/** What may be set for a service. */
export interface ServiceOptions {
  readonly scheduler: string;
  /** Scheduler flags 1, 2, 3 as bits 0, 1, 2. */
  readonly schedulerFlags: number;
  readonly onePacket: boolean;
  /** Lifetime of templates in seconds; absent: not persistent. */
  readonly persistenceSeconds?: number;
  /** Prefix length for templates; all bits by default. */
  readonly persistencePrefix?: number;
  /** IPv4, instead of a prefix: a mask that may have holes. */
  readonly persistenceMask?: number;
  /** Only SIP's is there. */
  readonly persistenceEngine?: string;
}

/** Adds a service. Fails: service-exists, no-scheduler, invalid (a prefix that no address has). */
export function addService(
  state: IpvsState,
  key: ServiceKey,
  options: ServiceOptions,
): IpvsError | undefined {
  if (findService(state, key) !== undefined) return 'service-exists';
  const maker = schedulerMaker(options.scheduler);
  if (maker === undefined) return 'no-scheduler';
  const family = key.kind === 'mark' ? key.family : familyOf(key.address);
  if (options.persistenceEngine !== undefined && options.persistenceEngine !== 'sip') {
    return 'no-scheduler';
  }
  if (!isPrefix(options, family === 'inet')) return 'invalid';
  const service: VirtualService = {
    key,
    family,
    protocol: key.kind === 'mark' ? 0 : key.protocol,
    port: key.kind === 'mark' ? 0 : key.port,
    mark: key.kind === 'mark' ? key.mark : 0,
    // Replaced at once: the scheduler wants the service it is for.
    scheduler: { name: 'rr', schedule: () => undefined },
    schedulerFlags: 0,
    persistent: false,
    persistenceSeconds: 0,
    persistencePrefix: 0,
    persistenceMask: 0,
    persistenceEngine: undefined,
    onePacket: false,
    first: undefined,
    last: undefined,
    serverCount: 0,
    statistics: makeStatistics(),
  };
  service.scheduler = maker(state, service);
  apply(service, options);
  enter(state, service);
  return undefined;
}

/** Changes a service; the scheduler starts anew only when it becomes another one. */
export function editService(
  state: IpvsState,
  key: ServiceKey,
  options: ServiceOptions,
): IpvsError | undefined {
  const service = findService(state, key);
  if (service === undefined) return 'no-service';
  const maker = schedulerMaker(options.scheduler);
  if (maker === undefined) return 'no-scheduler';
  if (!isPrefix(options, service.family === 'inet')) return 'invalid';
  if (service.scheduler.name !== options.scheduler) {
    service.scheduler.stopped?.();
    service.scheduler = maker(state, service);
  }
  apply(service, options);
  return undefined;
}

/**
 * Deletes a service with its servers. Their connections stay and are dropped packet by packet, or end at the next tick (sysctl
 * expire_nodest_conn).
 */
export function deleteService(state: IpvsState, key: ServiceKey): IpvsError | undefined {
  const service = findService(state, key);
  if (service === undefined) return 'no-service';
  service.scheduler.stopped?.();
  while (service.first !== undefined) moveToTrash(state, service, service.first);
  const table = service.key.kind === 'mark' ? state.servicesByMark : state.servicesByAddress;
  const hash = hashOf(service.key);
  const rest = (table.get(hash) ?? []).filter((other) => other !== service);
  if (rest.length === 0) table.delete(hash);
  else table.set(hash, rest);
  state.services.splice(state.services.indexOf(service), 1);
  count(state, service, -1);
  if (state.services.length === 0) state.clock.cancel(state.estimatorTimer);
  return undefined;
}

/** `ipvsadm -C`. */
export function flushServices(state: IpvsState): void {
  for (const service of [...state.services]) deleteService(state, service.key);
}

/** What the estimator's timer does: every two seconds, while there is a service. */
export function estimateAll(state: IpvsState): void {
  armEstimator(state);
  if (state.settings.run_estimation === 0) return;
  estimate(state.statistics);
  for (const service of state.services) {
    estimate(service.statistics);
    for (let server = service.first; server !== undefined; server = server.next) {
      estimate(server.statistics);
    }
  }
}

function armEstimator(state: IpvsState): void {
  if (state.services.length === 0) return;
  const { clock } = state;
  // The kernel's timer runs since boot; ours keeps its phase without running on hosts without IPVS.
  const periods = Math.floor(clock.now / ESTIMATION_PERIOD_US) + 1;
  clock.arm(state.estimatorTimer, periods * ESTIMATION_PERIOD_US);
}

function apply(service: VirtualService, options: ServiceOptions): void {
  service.schedulerFlags = options.schedulerFlags;
  service.onePacket = options.onePacket;
  service.persistent = options.persistenceSeconds !== undefined;
  service.persistenceSeconds = options.persistenceSeconds ?? 0;
  const { persistencePrefix: prefix, persistenceMask: mask } = options;
  service.persistencePrefix = prefix ?? (service.family === 'inet' ? 32 : 128);
  service.persistenceMask =
    service.family === 'inet' ? (mask ?? ipv4Mask(service.persistencePrefix) >>> 0) : 0;
  service.persistenceEngine = options.persistenceEngine;
}

function isPrefix(options: ServiceOptions, isIpv4: boolean): boolean {
  const prefix = options.persistencePrefix;
  return prefix === undefined || (prefix >= (isIpv4 ? 0 : 1) && prefix <= (isIpv4 ? 32 : 128));
}

function enter(state: IpvsState, service: VirtualService): void {
  const table = service.key.kind === 'mark' ? state.servicesByMark : state.servicesByAddress;
  const hash = hashOf(service.key);
  table.set(hash, [...(table.get(hash) ?? []), service]);
  state.services.push(service);
  count(state, service, 1);
  if (state.services.length === 1) armEstimator(state);
}

function count(state: IpvsState, service: VirtualService, change: number): void {
  state.onServiceCount?.();
  if (service.family === 'inet') state.servicesOfIpv4 += change;
  else {
    state.servicesOfIpv6 += change;
    state.gathersIpv6 = true;
  }
  if (service.mark !== 0) return;
  if (service.port === 0) state.portZeroServices += change;
  if (service.port === FTP_PORT) state.ftpServices += change;
}
