/**
 * What one kernel's IPVS knows, as plain objects: virtual services, their real servers, and the
 * settings of `net.ipv4.vs`. Behaviour is functions over it, one concern a file. It knows nothing of frames:
 * `ipvs-hooks.ts` reads packets into a `PacketFacts` and carries out the verdicts.
 * Source: net/netfilter/ipvs of Linux 6.1, and the recordings under test/reference/ipvs.
 */

import type { IpAddress, IpFamily } from '../../../daemon/wire/ip-address.ts';
import type { KernelTimer } from '../kernel-clock.ts';
import type { Connection } from './connection.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { LoadDefence } from './load-defence.ts';
import type { SchedulerInstance } from './schedulers/scheduler.ts';
import type { Statistics } from './statistics.ts';

/** Buckets of the connection table as Debian builds it; only shown, our table grows. */
export const CONNECTION_TABLE_SIZE = 4096;

/** How packets reach a real server. One of the host's own addresses keeps its method. */
export type ForwardMethod = 'nat' | 'dr' | 'tun';

/** `--tun-nocsum`, `--tun-csum`, `--tun-remcsum`. */
export type TunnelChecksum = 'none' | 'full' | 'remote';

/** How a packet for a `tun` server is wrapped. */
export type TunnelType = 'ipip' | 'gue' | 'gre';

/** What identifies a virtual service. */
export type ServiceKey =
  | {
      readonly kind: 'address';
      /** 6, 17 or 132. */
      readonly protocol: number;
      readonly address: IpAddress;
      readonly port: number;
    }
  | { readonly kind: 'mark'; readonly mark: number; readonly family: IpFamily };

/** A virtual service. Its real servers form a list in the kernel's order: new ones at the head. */
export interface VirtualService {
  readonly key: ServiceKey;
  readonly family: IpFamily;
  /** 0 of a service by mark. */
  readonly protocol: number;
  readonly port: number;
  readonly mark: number;
  scheduler: SchedulerInstance;
  /** Scheduler flags 1, 2, 3 as bits 0, 1, 2 (sh-fallback, sh-port; mh-fallback, mh-port). */
  schedulerFlags: number;
  persistent: boolean;
  /** Lifetime of a persistence template in seconds. */
  persistenceSeconds: number;
  /** Prefix length that templates are kept for. */
  persistencePrefix: number;
  /** The same of IPv4, which may have holes. */
  persistenceMask: number;
  /** Shown and saved; calls are not looked into. */
  persistenceEngine: string | undefined;
  onePacket: boolean;
  first: RealServer | undefined;
  last: RealServer | undefined;
  serverCount: number;
  readonly statistics: Statistics;
}

/** A real server of one service. It outlives its removal while connections refer to it. */
export interface RealServer {
  readonly address: IpAddress;
  readonly family: IpFamily;
  readonly port: number;
  service: VirtualService;
  method: ForwardMethod;
  tunnel: TunnelType;
  tunnelPort: number;
  /** Shown and saved; packets bear no checksum of the tunnel's own. */
  tunnelChecksum: TunnelChecksum;
  weight: number;
  /** The last weight that was not 0; what mh builds its table with. */
  lastWeight: number;
  upperThreshold: number;
  lowerThreshold: number;
  overloaded: boolean;
  /** In the service's list; `false` in the trash. */
  available: boolean;
  activeConnections: number;
  inactiveConnections: number;
  persistentConnections: number;
  /** Connections and templates bound to it, which keep it in the trash. */
  references: number;
  /** The MTU of the way to this tunnel's end has been taken from what routers told of it. */
  followsPathMtu?: boolean;
  next: RealServer | undefined;
  previous: RealServer | undefined;
  /** When the trash found it idle; `undefined` while it is in use. */
  idleSinceUs: number | undefined;
  readonly statistics: Statistics;
}

/** Sysctls of net.ipv4.vs that change what this model does; defaults of Linux 6.1. */
export interface IpvsSettings {
  conn_reuse_mode: number;
  expire_nodest_conn: number;
  expire_quiescent_template: number;
  sloppy_tcp: number;
  snat_reroute: number;
  pmtu_disc: number;
  backup_only: number;
  /** In-packets before a connection is announced, and the period of repetitions. */
  sync_threshold: number;
  sync_period: number;
  sync_refresh_period: number;
  sync_retries: number;
  sync_persist_mode: number;
  /** How many threads of the sync daemon there are, each with a port of its own. */
  sync_ports: number;
  nat_icmp_send: number;
  schedule_icmp: number;
  run_estimation: number;
  lblc_expiration: number;
  lblcr_expiration: number;
}

/** Timeouts that `ipvsadm --set` changes, in seconds. */
export interface IpvsTimeouts {
  tcp: number;
  tcpFin: number;
  udp: number;
}

/** Time as IPVS needs it; a kernel's clock is one, a test may bring its own. */
export interface IpvsClock {
  /** Kernel time in µs. */
  readonly now: number;
  armTicks(timer: KernelTimer, ticks: number): void;
  arm(timer: KernelTimer, dueUs: number): void;
  cancel(timer: KernelTimer): void;
  wheelExpiryUs(ticks: number): number;
}

/** One kernel's IPVS. */
export interface IpvsState {
  readonly clock: IpvsClock;
  /** Only the scheduler twos draws. */
  readonly random: () => number;
  /** What a connection's last change is told to: the master of the sync daemon. */
  onPacketIn: ((connection: Connection, packets: number) => void) | undefined;
  /** Told before the number of services changes: packets then take other ways through the kernel. */
  onServiceCount: (() => void) | undefined;
  readonly settings: IpvsSettings;
  readonly defence: LoadDefence;
  readonly timeouts: IpvsTimeouts;
  /** In order of `ipvsadm -Ln --nosort`, which lists the newest of a bucket first; here oldest first. */
  readonly services: VirtualService[];
  /** By protocol, port and address: see `serviceHash`. */
  readonly servicesByAddress: Map<number, VirtualService[]>;
  readonly servicesByMark: Map<number, VirtualService[]>;
  /** Services of port 0, which catch what no other takes. */
  portZeroServices: number;
  ftpServices: number;
  /** How many of each family; without any, packets of it are not looked at. */
  servicesOfIpv4: number;
  servicesOfIpv6: number;
  /** Pieces of IPv6 are put together: since the first service of IPv6, for ever (nf_defrag_ipv6_enable). */
  gathersIpv6: boolean;
  /** A backup of the sync daemon runs here. */
  isSyncBackup: boolean;
  /** Removed servers, newest first; re-adding one brings back its connections. */
  readonly trash: RealServer[];
  readonly connections: ConnectionTable;
  readonly statistics: Statistics;
  readonly estimatorTimer: KernelTimer;
  /** With `expire_nodest_conn`: ends the connections of removed servers, a tick after the removal. */
  readonly nodestTimer: KernelTimer;
}

/** What schedulers and the connection table need of a packet; one object is filled anew for each. */
export interface PacketFacts {
  family: IpFamily;
  protocol: number;
  source: IpAddress;
  sourcePort: number;
  destination: IpAddress;
  destinationPort: number;
  /** Firewall mark, 0 without one. */
  mark: number;
  /** Flags of the TCP header, 0 for other protocols. */
  tcpFlags: number;
  /**
   * What the kernel takes for the flags when it follows a connection's state: behind extension headers of IPv6 it looks in the
   * wrong place (tcp_state_transition; recorded). Those of the TCP header where this is absent.
   */
  stateFlags?: number;
  /** Octets of the IP packet. */
  length: number;
  /** Read out of an ICMP error's quotation, and turned around. */
  isQuoted?: boolean;
  /** Only a part of the transport header is there, the ports at least. */
  isCutShort?: boolean;
}

/** The server behind `server` in its list, or the first one for `undefined`, as the kernel's ring. */
export function nextServer(
  service: VirtualService,
  server: RealServer | undefined,
): RealServer | undefined {
  return server === undefined ? service.first : server.next;
}
