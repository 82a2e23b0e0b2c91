/**
 * What the load balancer needs to know of a keepalived.conf: virtual services, real servers, quorums, after
 * defaults, inheritance and keepalived's own corrections. Health checkers are `check/checker-config.ts`; the
 * two meet through `RealServerConfig.checkers`, indices into `CheckConfig.checkers`.
 *
 * Source: keepalived.conf(5), `keepalived -t` and `-d` of 2.2.7.
 */

import type { DurationUs } from '../base/time.ts';
import type { IpAddress, IpFamily } from '../wire/ip-address.ts';

/** All of the LVS half of a configuration. */
export interface LvsConfig {
  readonly groups: readonly VirtualServerGroup[];
  readonly virtualServers: readonly VirtualServerConfig[];
}

/** Schedulers of 2.2.7, as ipvsadm spells them. */
export type SchedulerName =
  | 'rr'
  | 'wrr'
  | 'lc'
  | 'wlc'
  | 'lblc'
  | 'lblcr'
  | 'sh'
  | 'mh'
  | 'dh'
  | 'fo'
  | 'ovf'
  | 'sed'
  | 'nq'
  | 'twos';

/** `protocol`. */
export type ServiceProtocol = 'TCP' | 'UDP' | 'SCTP';

/** How packets reach a real server. */
export type ForwardingMethod =
  | { readonly kind: 'NAT' }
  | { readonly kind: 'DR' }
  | { readonly kind: 'TUN'; readonly encapsulation?: TunnelEncapsulation };

/** The tunnel of `lvs_method TUN type …`; absent means IPIP without more words. */
export interface TunnelEncapsulation {
  readonly type: 'ipip' | 'gue' | 'gre';
  /** UDP port of GUE. */
  readonly port?: number;
  readonly checksum?: 'nocsum' | 'csum' | 'remcsum';
}

/** `virtual_server_group`. */
export interface VirtualServerGroup {
  readonly name: string;
  readonly members: readonly GroupMember[];
}

/** One line of a group. A range counts its last octet (IPv4) or last 16 bits (IPv6) up to `last`. */
export type GroupMember =
  | {
      readonly kind: 'range';
      readonly first: IpAddress;
      /** Number of addresses, at least 1. */
      readonly count: number;
      readonly port: number;
    }
  | { readonly kind: 'fwmark'; readonly mark: number; readonly family?: IpFamily };

/** What a virtual server is for. Port 0 takes all ports (persistent services). */
export type ServiceKey =
  | { readonly kind: 'address'; readonly address: IpAddress; readonly port: number }
  | { readonly kind: 'fwmark'; readonly mark: number }
  | { readonly kind: 'group'; readonly group: string };

/** One `virtual_server`. */
export interface VirtualServerConfig {
  readonly key: ServiceKey;
  readonly family: IpFamily;
  /** `undefined` for fwmark services, which have none. */
  readonly protocol?: ServiceProtocol;
  readonly scheduler: SchedulerName;
  readonly schedulerFlags: SchedulerFlags;
  readonly method: ForwardingMethod;
  /** One-packet scheduling. */
  readonly onePacket: boolean;
  readonly persistence?: PersistenceConfig;
  readonly delayLoop: DurationUs;
  readonly haSuspend: boolean;
  readonly alpha: boolean;
  readonly omega: boolean;
  readonly inhibitOnFailure: boolean;
  readonly quorum: number;
  readonly hysteresis: number;
  readonly quorumUp?: ServiceScript;
  readonly quorumDown?: ServiceScript;
  readonly virtualHost?: string;
  /** Default weight of the real servers. */
  readonly weight: number;
  readonly smtpAlert: boolean;
  readonly snmpName?: string;
  readonly sorryServer?: SorryServerConfig;
  readonly realServers: readonly RealServerConfig[];
}

/** Flags of the schedulers sh and mh. */
export interface SchedulerFlags {
  /** `sh-fallback`, `mh-fallback`, `flag-1`. */
  readonly fallback: boolean;
  /** `sh-port`, `mh-port`, `flag-2`. */
  readonly port: boolean;
  readonly flag3: boolean;
}

/** `persistence_timeout`, `_granularity`, `_engine`. */
export interface PersistenceConfig {
  readonly timeout: DurationUs;
  /** Leading ones of the client mask: 32 or 128 by default. */
  readonly granularity: number;
  readonly engine?: string;
}

/** `sorry_server`. */
export interface SorryServerConfig {
  readonly address: IpAddress;
  readonly port: number;
  readonly method: ForwardingMethod;
  readonly inhibit: boolean;
}

/** One `real_server`. */
export interface RealServerConfig {
  readonly address: IpAddress;
  readonly port: number;
  readonly weight: number;
  readonly method: ForwardingMethod;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly inhibitOnFailure: boolean;
  readonly alpha: boolean;
  readonly smtpAlert: boolean;
  readonly notifyUp?: ServiceScript;
  readonly notifyDown?: ServiceScript;
  readonly virtualHost?: string;
  readonly snmpName?: string;
  readonly delayLoop: DurationUs;
  /** Indices into `CheckConfig.checkers`. */
  readonly checkers: readonly number[];
}

/** A notification script of LVS. */
export interface ServiceScript {
  readonly arguments: readonly string[];
  readonly user?: string;
  readonly group?: string;
}
