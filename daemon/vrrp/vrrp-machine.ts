/**
 * The state of the VRRP machine: plain data, changed only by the functions of this folder.
 *
 * An `Instance` is one virtual router, a `Group` one vrrp_sync_group. Timers that move with every
 * packet are fields of the instance; the rest are `Deadlines`. Actions collect in
 * `VrrpMachine.actions`.
 *
 * States (RFC 9568 section 6.4 plus keepalived's FAULT):
 *
 * | from   | event                                        | to     | file             |
 * |--------|----------------------------------------------|--------|------------------|
 * | INIT   | start, no cause of fault                     | BACKUP | initialise.ts    |
 * | INIT   | start, any cause of fault                    | FAULT  | initialise.ts    |
 * | INIT   | last unweighted script has answered          | BACKUP | fault.ts         |
 * | BACKUP | master-down timer                            | MASTER | transitions.ts   |
 * | BACKUP | master-down timer, group members not willing | BACKUP | transitions.ts   |
 * | BACKUP | advert, equal or higher, or accepted         | BACKUP | receive-backup.ts|
 * | MASTER | advert timer                                 | MASTER | transitions.ts   |
 * | MASTER | advert, lower                                | MASTER | receive-master.ts|
 * | MASTER | advert, higher                               | BACKUP | receive-master.ts|
 * | MASTER | own VIP deleted by somebody                  | BACKUP | address-watch.ts |
 * | any    | first cause of fault                         | FAULT  | fault.ts         |
 * | FAULT  | last cause of fault gone                     | BACKUP | fault.ts         |
 * | any    | another member of the group                  | its    | sync-group.ts    |
 *
 * Source: RFC 3768, RFC 9568, recordings of keepalived 2.2.7.
 */

import { Deadlines } from '../base/deadlines.ts';
import type { DurationUs, TimeUs } from '../base/time.ts';
import type { IpAddress } from '../wire/ip-address.ts';
import type { BuiltAdvert } from './advert.ts';
import type { KnownAdvert } from './known-advert.ts';
import type { VrrpAction, VrrpHost } from './vrrp-actions.ts';
import type {
  SyncGroupConfig,
  TrackFileConfig,
  TrackProcessConfig,
  VirtualAddress,
  VrrpConfig,
  VrrpInstanceConfig,
  VrrpScriptConfig,
} from './vrrp-config.ts';
import type { VrrpState } from './vrrp-state.ts';

/** Where an instance would go if no group held it. */
export type WantedState = 'BACKUP' | 'MASTER' | 'FAULT';

/**
 * How auth_hmac numbers and signs: 2.4.0 with a counter, 2.4.1 with fractions of a second, after 2.4.2 as the draft has it
 * (the VRRP checksum counts as zero, and one number for all copies of an advert); `none` before.
 */
export type AuthHmacFormat = 'none' | 'counter' | 'fraction' | 'draft';

/** What an instance remembers of auth_hmac's trailers. */
export interface AuthHmacState {
  lastSent: bigint;
  /** Last accepted sequence of each sender, the one heard longest ago first. */
  readonly lastHeard: Map<IpAddress, bigint>;
}

/** Counters of one instance; the names are those of `core/status.ts`. */
export interface Statistics {
  advertsReceived: number;
  advertsSent: number;
  becameMaster: number;
  releasedMaster: number;
  packetLengthErrors: number;
  advertIntervalErrors: number;
  ttlErrors: number;
  invalidTypeReceived: number;
  addressListErrors: number;
  invalidAuthType: number;
  authTypeMismatch: number;
  authFailures: number;
  priorityZeroReceived: number;
  priorityZeroSent: number;
}

/** One virtual router. */
export interface Instance {
  config: VrrpInstanceConfig;
  state: VrrpState;
  wanted: WantedState;
  basePriority: number;
  /** Base priority plus weights, not yet clamped. */
  totalPriority: number;
  effectivePriority: number;
  /** v3: the interval of the master that is followed; v2: the own one. */
  masterAdvertInterval: DurationUs;
  /** What the timer is set to when it is next restarted in BACKUP. */
  masterDownInterval: DurationUs;
  /** Master-down timer (BACKUP) or advert timer (MASTER); off in INIT and FAULT. */
  timerDueAt: TimeUs | undefined;
  /** Place among all settings of timers: equal times run out in the order in which they were set. */
  timerOrder: number;
  /** End of a running preempt_delay. */
  preemptAt: TimeUs | undefined;
  /** The VIPs were set by this daemon. */
  vipSet: boolean;
  /** Why the instance cannot run; empty when it can. */
  readonly faults: Set<string>;
  /** Unweighted scripts that have not answered yet. */
  readonly scriptsInInit: Set<string>;
  group: Group | undefined;
  /** Source of adverts, `undefined` while the interface has no address of the family. */
  source: IpAddress | undefined;
  masterAddress: IpAddress | undefined;
  masterPriority: number;
  /** Identification of the last IPv4 packet; counts up per instance. */
  packetId: number;
  ahSequence: number;
  ahCycle: boolean;
  garpRefreshAt: TimeUs | undefined;
  garpExtraAt: TimeUs | undefined;
  /** Addresses whose gratuitous packet waits for garp_interval. */
  readonly garpPending: Set<VirtualAddress>;
  notifiesSent: boolean;
  mailedState: VrrpState | undefined;
  lastTransitionAt: TimeUs;
  /** The group was MASTER before a reload: the next advert goes out at once. */
  reloadMaster: boolean;
  /** v3 unicast: the peer computes the checksum the old way. */
  oldUnicastChecksum: boolean;
  readonly statistics: Statistics;
  /** Another instance with the same VRID on the same socket path (unicast beside multicast). */
  sibling: Instance | undefined;
  socketId: number | undefined;
  /** Kinds of refusals that were told already; only kept with `limitsRefusals`. */
  readonly refusalsTold: Set<string>;
  /** What is remembered of auth_hmac's trailers. */
  readonly authHmac: AuthHmacState;
  /** Adverts of another owner that an owner has let pass, from 2.3.3 on. */
  ownerAdverts: number;
  /** The last one heard that passed all checks. */
  knownAdvert: KnownAdvert | undefined;
  /** The last one sent over IPv4. */
  builtAdvert: BuiltAdvert | undefined;
}

/** One vrrp_sync_group. */
export interface Group {
  config: SyncGroupConfig;
  state: VrrpState;
  members: Instance[];
  mailedState: VrrpState | undefined;
}

/** Who follows a script, file, process or BFD session, and how. */
export interface Follower {
  readonly instance: Instance;
  readonly weight: number;
  readonly reverse: boolean;
}

/** One vrrp_script. */
export interface Script {
  config: VrrpScriptConfig;
  followers: Follower[];
  /** 0..rise+fall-1; OK from `rise` on. */
  result: number;
  phase: 'init' | 'done';
  running: 'idle' | 'running' | 'terminating' | 'killing';
  /** Id of the 'script-run' that is out. */
  commandId: number | undefined;
  lastStatus: number;
}

/** One track_file. */
export interface TrackedFile {
  config: TrackFileConfig;
  followers: Follower[];
  value: number;
}

/** One vrrp_track_process. */
export interface TrackedProcess {
  config: TrackProcessConfig;
  followers: Follower[];
  readonly pids: Set<number>;
  quorum: boolean;
  /** A gain or loss waits for fork_delay or terminate_delay. */
  pending: 'gain' | 'loss' | undefined;
}

/** One BFD session as seen from here. */
export interface TrackedBfd {
  readonly name: string;
  followers: Follower[];
  up: boolean;
}

/** One interface that some instance stands on or tracks. */
export interface TrackedLink {
  readonly name: string;
  followers: Follower[];
  up: boolean;
  /** IFF_* of netlink, as last acted upon. */
  flags: number;
  /** The state that waits for interface_up_down_delays. */
  pending: boolean | undefined;
}

/** What can fall due apart from the instances' own timers. */
export type VrrpTimer =
  | { readonly kind: 'garp'; readonly instance: Instance }
  | { readonly kind: 'garp-lower-priority'; readonly instance: Instance }
  | { readonly kind: 'garp-refresh'; readonly instance: Instance }
  | { readonly kind: 'garp-queue' }
  | { readonly kind: 'script'; readonly script: Script }
  | { readonly kind: 'script-limit'; readonly script: Script; readonly commandId: number }
  | { readonly kind: 'link'; readonly link: TrackedLink }
  | { readonly kind: 'process'; readonly process: TrackedProcess };

/** One raw socket of the pool. */
export interface VrrpSocket {
  readonly id: number;
  readonly interface: string;
  readonly family: 'inet' | 'inet6';
  readonly protocol: 112 | 51;
  readonly unicast: IpAddress | undefined;
  readonly group: IpAddress | undefined;
  /** The interface is not there (dynamic_interfaces): opened when it appears. */
  waiting: boolean;
  /** As which of the open ones it was opened; `undefined` when it never was. */
  order?: number;
  /** Not so where the unicast source is not on the host: the socket hears and sends nothing until a reload. */
  bound: boolean;
}

/** What the command line and the global section say to the machine. */
export interface VrrpSettings {
  /** `-D`: detailed log. */
  readonly logDetail: boolean;
  /** Mail goes to these people, from `global_defs`. */
  readonly mailTo: readonly string[];
  readonly routerId: string;
  readonly noEmailFaults: boolean;
  /** From keepalived 2.3.3 on: RFC 9568 alignment. */
  readonly acceptAddressMismatch: boolean;
  /** From 2.3.3 on: one line a kind of refusal and sender until state or master changes. */
  readonly limitsRefusals: boolean;
  /** From 2.3.3 on: of two owners the lower address yields, and none gives up its 255. */
  readonly ownersKeepPriority: boolean;
  /** From 2.3.3 on: a BACKUP says that it follows another master. */
  readonly tellsNewMaster: boolean;
  /** From 2.3.2 on: garp_master_refresh has a timer of its own, from delay plus refresh on. */
  readonly hasRefreshTimer: boolean;
  /** From 2.2.8 on: adverts during vrrp_startup_delay change nothing. */
  readonly ignoresAdvertsInDelay: boolean;
  /** How auth_hmac numbers and signs, from 2.4.0 on. */
  readonly authHmacFormat: AuthHmacFormat;
  /** From 2.3.3 on: a v3 advert with another interval than the own one is told. */
  readonly tellsIntervalMismatch: boolean;
  /**
   * How much later the advert timer is restarted after becoming MASTER. keepalived restarts it when
   * the work is done (about 0.5 ms on the recording machine), which decides who is first when two
   * masters that reject each other are in step (recording S12a). 0: exact intervals.
   */
  readonly transitionTime: DurationUs;
}

/** The whole machine. */
export interface VrrpMachine {
  config: VrrpConfig;
  settings: VrrpSettings;
  readonly host: VrrpHost;
  actions: VrrpAction[];
  instances: Instance[];
  groups: Group[];
  scripts: Script[];
  files: TrackedFile[];
  processes: TrackedProcess[];
  bfds: TrackedBfd[];
  links: Map<string, TrackedLink>;
  /** Interfaces that were asked for a moment ago and count as up until the host knows them. */
  readonly madeLinks: Set<string>;
  sockets: VrrpSocket[];
  readonly timers: Deadlines<VrrpTimer>;
  /** Per interface 6 tables of 256: family, protocol; see `receive.ts`. */
  readonly byVrid: Map<string, (Instance | undefined)[]>;
  /** Interfaces of which netlink said something since the start; for the dump. */
  readonly toldLinks: Set<string>;
  /** Interfaces that were up at some time since the start; for the dump. */
  readonly seenUpLinks: Set<string>;
  /** When net.ipv6.conf.IF.forwarding was last read, for the router flag of advertisements. */
  readonly forwardingCheckedAt: Map<string, TimeUs>;
  /** Next moment for a queued gratuitous packet, per interface and family. */
  readonly garpNextAt: Map<string, TimeUs>;
  garpQueueAt: TimeUs | undefined;
  startupDelayUntil: TimeUs | undefined;
  /** Earliest of the instances' timers; `undefined` must be computed anew when `timerStale`. */
  nextTimerAt: TimeUs | undefined;
  timerStale: boolean;
  /** How many times a timer was set. */
  timersSet: number;
  nextId: number;
}

/** Ids for commands, unique within the daemon. */
export function takeId(machine: VrrpMachine): number {
  return machine.nextId++;
}

/** Says one line in the log. */
export function log(machine: VrrpMachine, text: string): void {
  machine.actions.push({ kind: 'log', process: 'vrrp', level: 'info', text });
}

/** Says one line that keepalived says with `-D` only. */
export function logDetail(machine: VrrpMachine, text: string): void {
  if (machine.settings.logDetail) log(machine, text);
}

/** The interface that packets of the instance leave through. */
export function transmitInterface(config: VrrpInstanceConfig): string {
  if (config.vmac?.transmitOnBase === true) return config.vmac.base;
  return config.interface ?? '';
}

/** Whether adverts go to peers rather than to a group. */
export function isUnicast(config: VrrpInstanceConfig): boolean {
  return config.unicastPeers.length > 0;
}

/** All counters at nought. */
export function newStatistics(): Statistics {
  return {
    advertsReceived: 0,
    advertsSent: 0,
    becameMaster: 0,
    releasedMaster: 0,
    packetLengthErrors: 0,
    advertIntervalErrors: 0,
    ttlErrors: 0,
    invalidTypeReceived: 0,
    addressListErrors: 0,
    invalidAuthType: 0,
    authTypeMismatch: 0,
    authFailures: 0,
    priorityZeroReceived: 0,
    priorityZeroSent: 0,
  };
}

/** A new virtual router in INIT; nothing has been decided yet. */
export function newInstance(config: VrrpInstanceConfig, now: TimeUs): Instance {
  return {
    config,
    state: 'INIT',
    wanted: config.wantedState,
    basePriority: config.priority,
    totalPriority: config.priority,
    effectivePriority: config.priority,
    masterAdvertInterval: config.advertInterval,
    masterDownInterval: 0 as DurationUs,
    timerDueAt: undefined,
    timerOrder: 0,
    preemptAt: undefined,
    vipSet: false,
    faults: new Set(),
    scriptsInInit: new Set(),
    group: undefined,
    source: undefined,
    masterAddress: undefined,
    masterPriority: 0,
    packetId: 0,
    ahSequence: 0,
    ahCycle: false,
    garpRefreshAt: undefined,
    garpExtraAt: undefined,
    garpPending: new Set(),
    notifiesSent: false,
    mailedState: undefined,
    lastTransitionAt: now,
    reloadMaster: false,
    oldUnicastChecksum: config.v3ChecksumAsV2,
    statistics: newStatistics(),
    sibling: undefined,
    socketId: undefined,
    refusalsTold: new Set(),
    authHmac: { lastSent: 0n, lastHeard: new Map() },
    ownerAdverts: 0,
    knownAdvert: undefined,
    builtAdvert: undefined,
  };
}

/** An empty machine; `initialise.ts` fills it. */
export function newMachine(options: {
  readonly config: VrrpConfig;
  readonly settings: VrrpSettings;
  readonly host: VrrpHost;
}): VrrpMachine {
  return {
    config: options.config,
    settings: options.settings,
    host: options.host,
    actions: [],
    instances: [],
    groups: [],
    scripts: [],
    files: [],
    processes: [],
    bfds: [],
    links: new Map(),
    madeLinks: new Set(),
    sockets: [],
    timers: new Deadlines(),
    byVrid: new Map(),
    toldLinks: new Set(),
    seenUpLinks: new Set(),
    forwardingCheckedAt: new Map(),
    garpNextAt: new Map(),
    garpQueueAt: undefined,
    startupDelayUntil: undefined,
    nextTimerAt: undefined,
    timerStale: true,
    timersSet: 0,
    nextId: 1,
  };
}
