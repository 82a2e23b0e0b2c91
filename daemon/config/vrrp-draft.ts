/**
 * The VRRP half of a configuration while it is being read: what the keywords said, nothing corrected yet.
 * `finish-*.ts` apply keepalived's corrections to these drafts and `build-vrrp.ts` makes the typed values.
 * Times are in µs, a value of `undefined` was not given.
 */

import type { AddressScope } from '../wire/address-scope.ts';
import type { IpAddress, IpFamily } from '../wire/ip-address.ts';
import type { MacAddress } from '../wire/mac-address.ts';
import type { Location } from './reporter.ts';

/** A command with the user it runs as. */
export interface ScriptDraft {
  readonly arguments: readonly string[];
  readonly user?: string;
  readonly group?: string;
  readonly at: Location | undefined;
}

/** An address line. */
export interface AddressDraft {
  readonly address: IpAddress;
  length: number;
  /** The address as written, for messages. */
  readonly written: string;
  readonly at: Location | undefined;
  interface?: string;
  scope: AddressScope;
  label?: string;
  broadcast?: IpAddress;
  peer?: IpAddress;
  noDad: boolean;
  home: boolean;
  manageTemporary: boolean;
  noPrefixRoute: boolean;
  autojoin: boolean;
  noTrack: boolean;
  useVmac: boolean;
  /** Base interface of the VMAC that this address alone is put on. */
  vmacOn?: string;
  /** Seconds; 'forever', or 0 for deprecated. IPv6 always has one. */
  preferredLifetime?: number | 'forever';
  trackGroup?: string;
}

/** A route or rule line in the words of iproute2. */
export interface RouteDraft {
  readonly family: IpFamily;
  readonly words: readonly string[];
  readonly noTrack: boolean;
  readonly append: boolean;
  readonly trackGroup?: string;
}

/** A unicast peer. */
export interface PeerDraft {
  readonly address: IpAddress;
  minTtl?: number;
  maxTtl?: number;
}

/** A tracked script, file, process, BFD session or interface. */
export interface TrackDraft {
  readonly name: string;
  weight: number;
  reverse: boolean;
}

/** What can be tracked, and notified; the same for instances and groups. */
export interface TrackingDraft {
  trackedInterfaces: TrackDraft[];
  trackedScripts: TrackDraft[];
  trackedFiles: TrackDraft[];
  trackedProcesses: TrackDraft[];
  trackedBfds: TrackDraft[];
  notify: Map<NotifyKind, ScriptDraft>;
  smtpAlert?: boolean;
  notifyPriorityChanges?: boolean;
}

/** Kinds of notification scripts, by keyword. */
export type NotifyKind =
  | 'notify_master'
  | 'notify_backup'
  | 'notify_fault'
  | 'notify_stop'
  | 'notify_deleted'
  | 'notify'
  | 'notify_master_rx_lower_pri';

/** An IPVLAN or VMAC as configured. */
export interface VmacDraft {
  name?: string;
  mac?: MacAddress;
}

/** auth_hmac while it is read. */
export interface AuthHmacDraft {
  readonly keys: Map<number, Uint8Array>;
  activeKey?: number;
  antiReplay: 'time' | 'monotonic';
  /** Seconds. */
  timeWindow?: number;
  mode: 'enforce' | 'permissive' | 'receive-only';
}

/** One vrrp_instance. */
export interface InstanceDraft extends TrackingDraft {
  readonly name: string;
  readonly at: Location | undefined;
  /** Where each keyword stood last. */
  readonly places: Map<string, Location>;
  state?: 'MASTER' | 'BACKUP';
  interface?: string;
  vrid: number;
  /** 0: not given. */
  priority: number;
  /** 0: not given. */
  advertUs: number;
  version: 0 | 2 | 3;
  family?: IpFamily;
  authType?: 'PASS' | 'AH';
  authPass: string;
  authHmac?: AuthHmacDraft;
  vips: AddressDraft[];
  evips: AddressDraft[];
  routes: RouteDraft[];
  rules: RouteDraft[];
  peers: PeerDraft[];
  promoteSecondaries: boolean;
  nopreempt: boolean;
  preemptDelayUs: number;
  timerExpiredBackup: boolean;
  strict?: boolean;
  accept?: boolean;
  skipCheckAdvertAddresses: boolean;
  v3ChecksumAsV2: boolean;
  noVirtualAddresses: boolean;
  source?: IpAddress;
  trackSource: boolean;
  multicastGroup?: IpAddress;
  unicastTtl?: number;
  checkUnicastSource: boolean;
  unicastFaultNoPeer: boolean;
  /** A unicast keyword was given. */
  unicastWanted: boolean;
  oldUnicastChecksum: 'no' | 'never' | 'config';
  vmac?: VmacDraft;
  vmacAddresses: boolean;
  vmacXmitBase: boolean;
  ipvlan?: VmacDraft & {
    mode?: 'bridge' | 'private' | 'vepa';
    address?: IpAddress;
    length?: number;
  };
  vrf?: string;
  garpDelayUs: number;
  garpRepeat: number;
  garpRefreshS: number;
  garpRefreshRepeat: number;
  garpLowerDelayUs?: number;
  garpLowerRepeat?: number;
  garpExtraS?: number;
  garpExtraAll: boolean;
  downTimerAdverts: number;
  lowerPriorityNoAdvert?: boolean;
  higherPrioritySendAdvert?: boolean;
  dontTrackPrimary: boolean;
  notifyDeleted: boolean;
  kernelRxBufSize: number;
  debug: number;
  /** Filled while finishing. */
  group?: string;
  configFaults: number;
  groupNotify?: boolean;
}

/** One vrrp_sync_group. */
export interface GroupDraft extends TrackingDraft {
  readonly name: string;
  readonly at: Location | undefined;
  /** Names as listed; absent when there was no group block. */
  members?: string[];
  trackingWeight: boolean;
}

/** One vrrp_script. */
export interface VrrpScriptDraft {
  readonly name: string;
  readonly at: Location | undefined;
  arguments: readonly string[];
  intervalUs: number;
  timeoutUs?: number;
  weight: number;
  reverse: boolean;
  rise: number;
  fall: number;
  initFail: boolean;
  user?: string;
  group?: string;
  /** A user that cannot be: the script goes. */
  badUser: boolean;
  scriptAt?: Location;
}

/** One track_file. */
export interface TrackFileDraft {
  readonly name: string;
  readonly at: Location | undefined;
  path?: string;
  weight: number;
  weightGiven: boolean;
  reverse: boolean;
  init?: { value: number; overwrite: boolean };
}

/** One vrrp_track_process. */
export interface TrackProcessDraft {
  readonly name: string;
  readonly at: Location | undefined;
  command?: string;
  parameters: readonly string[];
  match?: 'initial' | 'partial' | 'exact';
  weight: number;
  reverse: boolean;
  quorum: number;
  quorumMax?: number;
  forkDelayUs: number;
  terminateDelayUs: number;
  fullCommand: boolean;
}

/** One garp_group. */
export interface GarpGroupDraft {
  interfaces: string[];
  /** Number of the aggregation group; 0 without an interfaces block. */
  aggregation: number;
  garpUs?: number;
  gnaUs?: number;
}

/** One BFD session as the VRRP process sees it. */
export interface VrrpBfdDraft {
  readonly name: string;
  weight: number;
  reverse: boolean;
}

/** Everything of VRRP. */
export interface VrrpDraft {
  readonly instances: InstanceDraft[];
  readonly instanceNames: Set<string>;
  groups: GroupDraft[];
  scripts: VrrpScriptDraft[];
  files: TrackFileDraft[];
  processes: TrackProcessDraft[];
  bfds: VrrpBfdDraft[];
  readonly delays: { interface: string; downUs: number; upUs: number }[];
  garpGroups: GarpGroupDraft[];
  readonly staticAddresses: AddressDraft[];
  readonly staticRoutes: RouteDraft[];
  readonly staticRules: RouteDraft[];
  trackGroups: { name: string; members?: string[]; at: Location | undefined }[];
  /** Some interface does not exist and dynamic_interfaces is off: keepalived will not start. */
  missingInterface: boolean;
  /** Those that may come later, as they were first named. */
  awaitedInterfaces: string[];
  /** Next preference for rules without one. */
  rulePreference: number;
}

/** An empty draft. */
export function newVrrpDraft(): VrrpDraft {
  return {
    instances: [],
    instanceNames: new Set(),
    groups: [],
    scripts: [],
    files: [],
    processes: [],
    bfds: [],
    delays: [],
    garpGroups: [],
    staticAddresses: [],
    staticRoutes: [],
    staticRules: [],
    trackGroups: [],
    missingInterface: false,
    awaitedInterfaces: [],
    rulePreference: 16_384,
  };
}

/** Tracking and notifications, all empty. */
export function newTracking(): TrackingDraft {
  return {
    trackedInterfaces: [],
    trackedScripts: [],
    trackedFiles: [],
    trackedProcesses: [],
    trackedBfds: [],
    notify: new Map(),
  };
}
