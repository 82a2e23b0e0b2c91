/**
 * The door to a kernel's IPVS, as `ipvsadm` and keepalived use it through netlink: services, real servers,
 * timeouts, counters, connections, the synchronisation daemon. Errors are the kernel's; their words are
 * ipvsadm's matter.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { HZ } from '../kernel-clock.ts';
import type { KernelState } from '../kernel-state.ts';
import { stateName } from './connection-life.ts';
import type { IpvsState, IpvsTimeouts, ServiceKey, VirtualService } from './ipvs-state.ts';
import {
  addServer,
  deleteServer,
  editServer,
  type ServerKey,
  type ServerOptions,
} from './real-servers.ts';
import { findService, type IpvsError } from './service-lookup.ts';
import {
  addService,
  deleteService,
  editService,
  flushServices,
  type ServiceOptions,
} from './service-table.ts';
import { type Statistics, zeroStatistics } from './statistics.ts';
import {
  type SyncDaemon,
  type SyncOptions,
  type SyncRole,
  startSyncDaemon,
} from './sync-daemon.ts';

/** One line of `ipvsadm -Lnc`. */
export interface ConnectionFacts {
  readonly protocol: number;
  readonly isTemplate: boolean;
  /** Whole seconds until the entry goes. */
  readonly expiresSeconds: number;
  readonly state: string;
  readonly client: IpAddress;
  readonly clientPort: number;
  readonly virtualAddress: IpAddress;
  readonly virtualPort: number;
  readonly serverAddress: IpAddress;
  readonly serverPort: number;
}

/** One host's IPVS. */
export interface IpvsApi {
  /** Live objects; their real servers form a list from `first` on, in the kernel's order. */
  services(): readonly VirtualService[];
  service(key: ServiceKey): VirtualService | undefined;
  addService(key: ServiceKey, options: ServiceOptions): IpvsError | undefined;
  editService(key: ServiceKey, options: ServiceOptions): IpvsError | undefined;
  deleteService(key: ServiceKey): IpvsError | undefined;
  /** `ipvsadm -C`. */
  flush(): void;
  addServer(key: ServiceKey, server: ServerKey, options: ServerOptions): IpvsError | undefined;
  editServer(key: ServiceKey, server: ServerKey, options: ServerOptions): IpvsError | undefined;
  deleteServer(key: ServiceKey, server: ServerKey): IpvsError | undefined;
  /** `ipvsadm -Z`, of one service or of everything. */
  zero(key?: ServiceKey): IpvsError | undefined;
  /** Seconds; `setTimeouts` keeps what is given as 0. */
  timeouts(): Readonly<IpvsTimeouts>;
  setTimeouts(timeouts: IpvsTimeouts): void;
  /** All entries, templates too, oldest first. */
  connections(): readonly ConnectionFacts[];
  totals(): Statistics;
  daemons(): readonly SyncDaemon[];
  startDaemon(options: SyncOptions): 'exists' | 'no-device' | undefined;
  stopDaemon(role: SyncRole): 'not-running' | undefined;
}

/** The door to `ipvs`, which is that kernel's. */
export function makeIpvsApi(kernel: KernelState, ipvs: IpvsState): IpvsApi {
  return {
    services: () => ipvs.services,
    service: (key) => findService(ipvs, key),
    addService: (key, options) => addService(ipvs, key, options),
    editService: (key, options) => editService(ipvs, key, options),
    deleteService: (key) => deleteService(ipvs, key),
    flush: () => flushServices(ipvs),
    addServer: (key, server, options) => addServer(ipvs, key, server, options),
    editServer: (key, server, options) => editServer(ipvs, key, server, options),
    deleteServer: (key, server) => deleteServer(ipvs, key, server),
    zero: (key) => zero(ipvs, key),
    timeouts: () => ipvs.timeouts,
    setTimeouts: (timeouts) => setTimeouts(ipvs.timeouts, timeouts),
    connections: () => listConnections(ipvs),
    totals: () => ipvs.statistics,
    ...daemonCalls(kernel, ipvs),
  };
}

function daemonCalls(kernel: KernelState, ipvs: IpvsState) {
  const running = new Map<SyncRole, SyncDaemon>();
  return {
    daemons: () => (['master', 'backup'] as const).flatMap((role) => running.get(role) ?? []),
    startDaemon(options: SyncOptions) {
      if (running.has(options.role)) return 'exists';
      const daemon = startSyncDaemon(kernel, ipvs, options);
      if (daemon === undefined) return 'no-device';
      running.set(options.role, daemon);
      return undefined;
    },
    stopDaemon(role: SyncRole) {
      const daemon = running.get(role);
      if (daemon === undefined) return 'not-running';
      daemon.stop();
      running.delete(role);
      return undefined;
    },
  } satisfies Partial<IpvsApi>;
}

function zero(ipvs: IpvsState, key: ServiceKey | undefined): IpvsError | undefined {
  const service = key === undefined ? undefined : findService(ipvs, key);
  if (key !== undefined && service === undefined) return 'no-service';
  for (const each of service === undefined ? ipvs.services : [service]) {
    zeroStatistics(each.statistics);
    for (let server = each.first; server !== undefined; server = server.next) {
      zeroStatistics(server.statistics);
    }
  }
  if (key === undefined) zeroStatistics(ipvs.statistics);
  return undefined;
}

function setTimeouts(timeouts: IpvsTimeouts, wanted: IpvsTimeouts): void {
  if (wanted.tcp > 0) timeouts.tcp = wanted.tcp;
  if (wanted.tcpFin > 0) timeouts.tcpFin = wanted.tcpFin;
  if (wanted.udp > 0) timeouts.udp = wanted.udp;
}

function listConnections(ipvs: IpvsState): ConnectionFacts[] {
  const tick = Math.floor((ipvs.clock.now * HZ) / 1_000_000);
  const facts: ConnectionFacts[] = [];
  ipvs.connections.forEach((connection) => {
    facts.push({
      protocol: connection.protocol,
      isTemplate: connection.isTemplate,
      // The tick of the packet itself is over when anyone looks.
      expiresSeconds: Math.max(0, Math.floor((connection.expiryTick - tick - 1) / HZ)),
      state: stateName(connection),
      client: connection.client,
      clientPort: connection.clientPort,
      virtualAddress: connection.virtualAddress,
      virtualPort: connection.virtualPort,
      serverAddress: connection.serverAddress,
      serverPort: connection.serverPort,
    });
  });
  return facts;
}
