/**
 * What the VRRP machine needs to know of a keepalived.conf, after defaults, inheritance and keepalived's
 * own corrections were applied by `daemon/config`. Plain data, no positions, no text to parse.
 *
 * Source: keepalived.conf(5) and `test/reference/config-diagnostics` (values as keepalived 2.2.7 dumps them).
 */

import type { DurationUs } from '../base/time.ts';
import type { AddressScope } from '../wire/address-scope.ts';
import type { IpAddress, IpFamily } from '../wire/ip-address.ts';
import type { MacAddress } from '../wire/mac-address.ts';

/** All of the VRRP half of a configuration. */
export interface VrrpConfig {
  readonly globals: VrrpGlobals;
  readonly instances: readonly VrrpInstanceConfig[];
  readonly syncGroups: readonly SyncGroupConfig[];
  readonly scripts: readonly VrrpScriptConfig[];
  readonly files: readonly TrackFileConfig[];
  readonly processes: readonly TrackProcessConfig[];
  readonly interfaceDelays: readonly InterfaceDelayConfig[];
  readonly garpGroups: readonly GarpGroupConfig[];
  /** Interfaces that were not there when the file was read (dynamic_interfaces), as they were first named. */
  readonly awaitedInterfaces: readonly string[];
  readonly staticAddresses: readonly VirtualAddress[];
  readonly staticRoutes: readonly VirtualRoute[];
  readonly staticRules: readonly VirtualRule[];
  readonly trackGroups: readonly TrackGroupConfig[];
}

/** Settings of `global_defs` that the VRRP machine reads. */
export interface VrrpGlobals {
  readonly routerId: string;
  readonly startupDelay: DurationUs;
  /** From 2.4 on: instances wait until the machine has been up for so long. */
  readonly delayAfterBoot?: DurationUs;
  readonly logUnknownVrids: boolean;
  /** `nftables` or `vrrp_iptables` was there. */
  readonly firewallNamed: boolean;
  readonly notifyFifo?: FifoConfig;
  readonly vrrpNotifyFifo?: FifoConfig;
  readonly fifoStatesOnReload: boolean;
  readonly notifyPriorityChanges: boolean;
  readonly scriptUser?: string;
  readonly scriptGroup?: string;
  readonly enableScriptSecurity: boolean;
  readonly garpExtraInterface: DurationUs;
  readonly dynamicInterfaces: 'no' | 'yes' | 'allow-if-changes';
  readonly ownerIgnoreAdverts: boolean;
}

/** A FIFO that gets notification lines, and the script that reads it. */
export interface FifoConfig {
  readonly path: string;
  /** Who owns it; absent: the user of scripts. */
  readonly user?: string;
  readonly group?: string;
  readonly script?: readonly string[];
}

/** One `vrrp_instance`. */
export interface VrrpInstanceConfig {
  readonly name: string;
  /** `state`; only matters at start with priority 255, and for dumps. */
  readonly wantedState: 'MASTER' | 'BACKUP';
  readonly version: 2 | 3;
  readonly family: IpFamily;
  /** The interface of `interface`, or the VMAC's own name with use_vmac; `undefined`: unicast only. */
  readonly interface?: string;
  readonly vrid: number;
  /** Base priority 1..255; 255 is the address owner. */
  readonly priority: number;
  readonly advertInterval: DurationUs;
  readonly authentication?: VrrpAuthentication;
  readonly authHmac?: AuthHmacConfig;
  readonly addresses: readonly VirtualAddress[];
  readonly excludedAddresses: readonly VirtualAddress[];
  readonly promoteSecondaries: boolean;
  readonly routes: readonly VirtualRoute[];
  readonly rules: readonly VirtualRule[];
  readonly preempt: boolean;
  readonly preemptDelay: DurationUs;
  /** `timer_expired_backup` (2.2.8): a MASTER with nopreempt that slept too long goes to BACKUP. */
  readonly timerExpiredBackup?: boolean;
  readonly strict: boolean;
  readonly accept: boolean;
  readonly skipCheckAdvertAddresses: boolean;
  /** Source address of adverts when configured (mcast_src_ip, unicast_src_ip). */
  readonly sourceAddress?: IpAddress;
  readonly trackSourceAddress: boolean;
  /** Destination of multicast adverts. */
  readonly multicastGroup: IpAddress;
  /** Peers; when not empty adverts are unicast. */
  readonly unicastPeers: readonly UnicastPeer[];
  readonly unicastTtl: number;
  readonly checkUnicastSource: boolean;
  readonly unicastFaultNoPeer: boolean;
  readonly v3ChecksumAsV2: boolean;
  readonly vmac?: VmacConfig;
  readonly ipvlan?: IpvlanConfig;
  readonly garp: GarpConfig;
  readonly downTimerAdverts: number;
  readonly lowerPriorityNoAdvert: boolean;
  readonly higherPrioritySendAdvert: boolean;
  readonly ownerIgnoreAdverts: boolean;
  readonly dontTrackPrimary: boolean;
  readonly trackedInterfaces: readonly TrackedInterface[];
  readonly trackedScripts: readonly TrackedItem[];
  readonly trackedFiles: readonly TrackedItem[];
  readonly trackedProcesses: readonly TrackedItem[];
  readonly trackedBfds: readonly TrackedItem[];
  readonly notify: NotifyConfig;
  readonly smtpAlert: boolean;
  readonly notifyPriorityChanges: boolean;
  /** `interface` as configured, where `interface` above is a VMAC's; for dumps. */
  readonly configuredInterface?: string;
  /** `notify_deleted`: DELETED instead of FAULT is notified when the instance goes at a reload. */
  readonly notifyDeleted?: boolean;
  /** `old_unicast_checksum`. */
  readonly oldUnicastChecksum?: 'never' | 'config';
  /** A unicast keyword was given without peers; only shown in dumps. */
  readonly unicastWithoutPeers?: boolean;
  /** Faults that the configuration alone causes: the instance starts in FAULT. */
  readonly configFaults?: number;
  readonly kernelReceiveBufferBytes?: number;
  readonly debugLevel?: number;
}

/** The 8 bytes that VRRPv2 authenticates with, already cut and zero padded. */
export interface VrrpAuthentication {
  readonly type: 'PASS' | 'AH';
  readonly key: Uint8Array;
}

/** auth_hmac, of 2.4.0 and later. */
export interface AuthHmacConfig {
  readonly keys: ReadonlyMap<number, Uint8Array>;
  /** Which of them signs. */
  readonly activeKey: number;
  /** Seconds that clocks may differ; absent: `anti_replay monotonic`. */
  readonly timeWindow?: number;
  readonly mode: 'enforce' | 'permissive' | 'receive-only';
}

/** One line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress. */
export interface VirtualAddress {
  readonly address: IpAddress;
  readonly length: number;
  /** `dev`, or the instance's interface. */
  readonly interface: string;
  readonly scope: AddressScope;
  readonly label?: string;
  readonly broadcast?: IpAddress;
  readonly peer?: IpAddress;
  readonly noDad: boolean;
  readonly home: boolean;
  readonly manageTemporary: boolean;
  readonly noPrefixRoute: boolean;
  readonly autojoin: boolean;
  readonly noTrack: boolean;
  readonly preferredLifetimeSeconds?: number;
  readonly trackGroup?: string;
  /** `use_vmac` of the address or `use_vmac_addr`: `interface` is a VMAC made on this one. */
  readonly vmacBase?: string;
}

/** One virtual or static route, in the words of ip-route(8). */
export interface VirtualRoute {
  readonly family: IpFamily;
  readonly words: readonly string[];
  readonly noTrack: boolean;
  readonly append: boolean;
  readonly trackGroup?: string;
}

/** One virtual or static rule, in the words of ip-rule(8). */
export interface VirtualRule {
  readonly family: IpFamily;
  readonly words: readonly string[];
  readonly noTrack: boolean;
  readonly trackGroup?: string;
}

/** One line of unicast_peer. */
export interface UnicastPeer {
  readonly address: IpAddress;
  readonly minTtl?: number;
  readonly maxTtl?: number;
}

/** `use_vmac`: a macvlan with the virtual router's MAC. */
export interface VmacConfig {
  readonly name: string;
  readonly base: string;
  readonly mac: MacAddress;
  /** Adverts leave through the base interface. */
  readonly transmitOnBase: boolean;
  /** `use_vmac_addr`: also addresses with `dev`. */
  readonly addresses: boolean;
}

/** `use_ipvlan`. */
export interface IpvlanConfig {
  readonly name: string;
  readonly base: string;
  readonly mode: 'bridge' | 'private' | 'vepa';
  readonly address?: IpAddress;
  /** Prefix length of `address`. */
  readonly length?: number;
}

/** Everything about gratuitous ARP and unsolicited neighbour advertisements, globals inherited. */
export interface GarpConfig {
  readonly delay: DurationUs;
  readonly repeat: number;
  readonly refresh: DurationUs;
  readonly refreshRepeat: number;
  readonly lowerPriorityDelay: DurationUs;
  readonly lowerPriorityRepeat: number;
  /** Pause between two packets on one interface; 0 is back to back. */
  readonly interval: DurationUs;
  readonly gnaInterval: DurationUs;
  /** `garp_extra_if`: how often further interfaces are refreshed; 0 never. */
  readonly extraInterface: DurationUs;
  /** `garp_extra_if all`: those without a virtual MAC too. */
  readonly extraAll: boolean;
}

/** `track_interface`. Weight 0: FAULT while down. */
export interface TrackedInterface {
  readonly interface: string;
  readonly weight: number;
  readonly reverse: boolean;
}

/** A tracked script, file, process or BFD session; the weight already resolved against its default. */
export interface TrackedItem {
  readonly name: string;
  readonly weight: number;
  readonly reverse: boolean;
}

/** `vrrp_script`. */
export interface VrrpScriptConfig {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly interval: DurationUs;
  readonly timeout: DurationUs;
  readonly weight: number;
  readonly reverse: boolean;
  readonly rise: number;
  readonly fall: number;
  readonly initFail: boolean;
  /** Whether `timeout` was given; else it equals the interval. */
  readonly timeoutConfigured?: boolean;
  readonly user?: string;
  readonly group?: string;
}

/** `track_file`. */
export interface TrackFileConfig {
  readonly name: string;
  readonly path: string;
  readonly weight: number;
  readonly reverse: boolean;
  readonly initFile?: { readonly value: number; readonly overwrite: boolean };
}

/** `vrrp_track_process`. */
export interface TrackProcessConfig {
  readonly name: string;
  readonly command: string;
  readonly parameters: readonly string[];
  readonly parameterMatch?: 'initial' | 'partial' | 'exact';
  readonly weight: number;
  readonly reverse: boolean;
  readonly quorum: number;
  readonly quorumMax?: number;
  readonly forkDelay: DurationUs;
  readonly terminateDelay: DurationUs;
  readonly fullCommand: boolean;
}

/** `interface_up_down_delays`. */
export interface InterfaceDelayConfig {
  readonly interface: string;
  readonly downDelay: DurationUs;
  readonly upDelay: DurationUs;
}

/** `garp_group`. */
export interface GarpGroupConfig {
  readonly interfaces: readonly string[];
  /** Counts the groups with a block `interfaces`; 0 without one. */
  readonly aggregation: number;
  readonly garpInterval: DurationUs;
  readonly gnaInterval: DurationUs;
}

/** `track_group`. */
export interface TrackGroupConfig {
  readonly name: string;
  readonly instances: readonly string[];
}

/** `vrrp_sync_group`. */
export interface SyncGroupConfig {
  readonly name: string;
  readonly instances: readonly string[];
  readonly trackedInterfaces: readonly TrackedInterface[];
  readonly trackedScripts: readonly TrackedItem[];
  readonly trackedFiles: readonly TrackedItem[];
  readonly trackedProcesses: readonly TrackedItem[];
  readonly trackedBfds: readonly TrackedItem[];
  readonly notify: NotifyConfig;
  readonly smtpAlert: boolean;
  readonly notifyPriorityChanges: boolean;
  readonly trackingWeight: boolean;
}

/** notify_* and notify: argument vectors with their users. */
export interface NotifyConfig {
  readonly master?: NotifyScript;
  readonly backup?: NotifyScript;
  readonly fault?: NotifyScript;
  readonly stop?: NotifyScript;
  readonly deleted?: NotifyScript;
  readonly masterReceivesLowerPriority?: NotifyScript;
  readonly any?: NotifyScript;
}

/** One notification script. */
export interface NotifyScript {
  readonly arguments: readonly string[];
  readonly user?: string;
  readonly group?: string;
}
