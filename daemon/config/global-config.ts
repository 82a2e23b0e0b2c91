/**
 * `global_defs` and the other settings of a keepalived.conf that belong to the daemon as a whole, after
 * defaults were applied. What only the VRRP machine reads stands in `VrrpGlobals` (`vrrp/vrrp-config.ts`).
 * Settings that a virtual LAN cannot show (CPU affinity, SNMP, D-Bus) are kept as plain words.
 */

import type { DurationUs } from '../base/time.ts';
import type { IpAddress } from '../wire/ip-address.ts';

/** Settings of the whole daemon. */
export interface GlobalConfig {
  /** `router_id`, by default the host name; only in mails and dumps. */
  readonly routerId: string;
  readonly mail: MailConfig;
  /** `script_user` and its group; absent: keepalived_script if it exists, else root. */
  readonly scriptUser?: string;
  readonly scriptGroup?: string;
  readonly enableScriptSecurity: boolean;
  readonly startupScript?: LifecycleScript;
  readonly shutdownScript?: LifecycleScript;
  readonly lvsNotifyFifo?: GlobalFifo;
  /** `rs_init_notifies`: FIFO lines for real servers at start. */
  readonly realServerInitNotifies: boolean;
  /** `checker_log_all_failures`. */
  readonly checkerLogAllFailures: boolean;
  readonly lvsSyncDaemon?: LvsSyncDaemonConfig;
  readonly lvsTimeouts: LvsTimeouts;
  /** `lvs_flush`: remove all of IPVS at start. */
  readonly lvsFlush: boolean;
  /** `lvs_flush_on_stop`: `services` leaves what others made. */
  readonly lvsFlushOnStop: 'no' | 'all' | 'services';
  /** What instances inherit, as the dump of `global_defs` shows it. */
  readonly vrrpDefaults: VrrpDefaults;
  /** `default_interface`, for static addresses without `dev`. */
  readonly defaultInterface: string;
  /** `child_wait_time`: patience with children at the end. */
  readonly childWait: DurationUs;
  /** `instance` of the configuration, `net_namespace` and friends. */
  readonly instanceName?: string;
  readonly netNamespace?: string;
  readonly netNamespaceIpvs?: string;
  /** Every other accepted setting, as keyword and words, in file order; none of them has effect here. */
  readonly other: readonly { readonly keyword: string; readonly words: readonly string[] }[];
}

/** `vrrp_*` settings of `global_defs`, before any instance changes them. Times in µs. */
export interface VrrpDefaults {
  readonly version: 2 | 3;
  readonly strict: boolean;
  readonly skipCheckAdvertAddresses: boolean;
  readonly checkUnicastSource: boolean;
  readonly multicastGroup4: IpAddress;
  readonly multicastGroup6: IpAddress;
  readonly garp: GlobalGarp;
  readonly downTimerAdverts: number;
  readonly lowerPriorityNoAdvert: boolean;
  readonly higherPrioritySendAdvert: boolean;
  readonly vmacPrefix?: string;
  readonly vmacAddrPrefix?: string;
}

/** Gratuitous ARP as `global_defs` has it. Times in µs. */
export interface GlobalGarp {
  readonly delay: DurationUs;
  readonly repeat: number;
  readonly refresh: DurationUs;
  readonly refreshRepeat: number;
  /** Absent: `delay` and `repeat` hold. */
  readonly lowerPriorityDelay?: DurationUs;
  readonly lowerPriorityRepeat?: number;
  readonly interval: DurationUs;
  readonly gnaInterval: DurationUs;
  /** `vrrp_garp_extra_if`; `all` interfaces or VMACs only. */
  readonly extraInterface: DurationUs;
  readonly extraAll: boolean;
}

/** Mail settings. Times in µs. */
export interface MailConfig {
  readonly recipients: readonly string[];
  /** By default the daemon's user at the host name (2.2.7: `root@`). */
  readonly sender: string;
  readonly server?: { readonly host: string; readonly port: number };
  readonly heloName: string;
  readonly connectTimeout: DurationUs;
  /** `smtp_alert*`; absent: VRRP off, virtual servers off, real servers on. */
  readonly alertVrrp: boolean;
  readonly alertChecker?: boolean;
  /** `smtp_alert`, `smtp_alert_vrrp` and `smtp_alert_checker` as written; for the dump. */
  readonly alerts: { readonly all?: boolean; readonly vrrp?: boolean; readonly checker?: boolean };
  readonly noEmailFaults: boolean;
  readonly noCheckerEmails: boolean;
}

/** `startup_script`, `shutdown_script`. */
export interface LifecycleScript {
  readonly arguments: readonly string[];
  readonly user?: string;
  readonly group?: string;
  readonly timeout: DurationUs;
}

/** A FIFO with the script that reads it. */
export interface GlobalFifo {
  readonly path: string;
  readonly user?: string;
  readonly group?: string;
  readonly script?: readonly string[];
}

/** `lvs_sync_daemon`. */
export interface LvsSyncDaemonConfig {
  readonly interface: string;
  /** The VRRP instance whose state decides master or backup; absent: both run. */
  readonly instance?: string;
  readonly syncId?: number;
  readonly maxLength?: number;
  readonly port?: number;
  readonly ttl?: number;
  readonly group?: IpAddress;
}

/** `lvs_timeouts`; absent: the kernel's stay. */
export interface LvsTimeouts {
  readonly tcp?: DurationUs;
  readonly tcpFin?: DurationUs;
  readonly udp?: DurationUs;
}
