/** The LVS half and the checkers while they are being read. Times in µs; `undefined` was not given. */

import type { BfdSessionConfig } from '../bfd/bfd-config.ts';
import type { CheckerConfig, DnsQueryType, HttpUrl, SslConfig } from '../check/checker-config.ts';
import type { ForwardingMethod, GroupMember, ServiceProtocol } from '../lvs/lvs-config.ts';
import type { IpAddress, IpFamily } from '../wire/ip-address.ts';
import type { Location } from './reporter.ts';
import type { ScriptDraft, TrackFileDraft } from './vrrp-draft.ts';

/** A virtual_server_group. */
export interface ServerGroupDraft {
  readonly name: string;
  readonly at: Location | undefined;
  readonly members: GroupMember[];
  /** Ranges as keepalived prints them in messages, by index in `members`. */
  readonly memberTexts: string[];
}

/** Timers that are inherited from virtual server to real server to checker. */
export interface TimersDraft {
  delayLoopUs?: number;
  warmupUs?: number;
  retry?: number;
  delayBeforeRetryUs?: number;
  connectTimeoutUs?: number;
}

/** A real or sorry server. */
export interface ServerDraft extends TimersDraft {
  readonly address: IpAddress;
  port: number;
  /** What checkers connect to where the port above was taken back: they had copied it before. Source: recording k50. */
  checkedPort?: number;
  readonly at: Location | undefined;
  method?: ForwardingMethod;
  weight?: number;
  /** As `keepalived -t` takes it: lines with a bad number have no effect there. */
  testedWeight?: number;
  upperThreshold: number;
  lowerThreshold: number;
  inhibit?: boolean;
  alpha?: boolean;
  smtpAlert?: boolean;
  notifyUp?: ScriptDraft;
  notifyDown?: ScriptDraft;
  virtualHost?: string;
  snmpName?: string;
  readonly checkers: CheckerDraft[];
}

/** A virtual_server. */
export interface VirtualServerDraft extends TimersDraft {
  readonly at: Location | undefined;
  readonly address?: IpAddress;
  readonly port: number;
  readonly fwmark?: number;
  /** `keepalived -t` leaves the block out, the running daemon does not. */
  readonly onlyRunning?: boolean;
  readonly group?: string;
  family?: IpFamily;
  protocol?: ServiceProtocol;
  scheduler?: string;
  readonly flags: Set<string>;
  method?: ForwardingMethod;
  persistenceS: number;
  granularity?: { family: IpFamily; value: number };
  persistenceEngine?: string;
  haSuspend: boolean;
  alpha: boolean;
  omega: boolean;
  inhibit: boolean;
  quorum: number;
  hysteresis: number;
  /** The two as `-t` takes them, without those that something is wrong about. */
  readonly tested: { quorum: number; hysteresis: number };
  quorumUp?: ScriptDraft;
  quorumDown?: ScriptDraft;
  virtualHost?: string;
  weight: number;
  smtpAlert?: boolean;
  snmpName?: string;
  sorry?: ServerDraft;
  servers: ServerDraft[];
}

/** A `url` block. */
export interface UrlDraft extends Partial<Mutable<HttpUrl>> {
  ranges: { first: number; last: number }[];
  regexDraft?: RegexDraft;
}

/** What was read of a `regex`; put together at the end of its block. */
export interface RegexDraft {
  pattern?: string;
  /** Where the pattern stands. */
  at?: Location | undefined;
  noMatch: boolean;
  options: string[];
  minOffset: number;
  maxOffset?: number;
  usesStack: boolean;
}

/** A checker; which fields count depends on its kind. */
export interface CheckerDraft extends TimersDraft {
  readonly kind: CheckerConfig['kind'];
  readonly at: Location | undefined;
  alpha?: boolean;
  logAllFailures?: boolean;
  connectAddress?: IpAddress;
  connectPort?: number;
  bindAddress?: IpAddress;
  bindPort?: number;
  bindInterface?: string;
  mark?: number;
  urls: UrlDraft[];
  httpProtocol: '1.0' | '1.0C' | '1.1';
  virtualHost?: string;
  fastRecovery: boolean;
  enableSni: boolean;
  sniName?: string;
  heloName?: string;
  dnsType: DnsQueryType;
  dnsName?: string;
  script?: ScriptDraft;
  /** A `connect_ip` could not be taken. */
  badTarget?: boolean;
  scriptUserBad: boolean;
  /** Who runs the script; `user` may stand before `misc_path`. */
  scriptUser?: { readonly user: string; readonly group?: string };
  miscTimeoutUs?: number;
  dynamic: boolean;
  payload: Uint8Array;
  requireReply: boolean;
  reply?: { bytes: Uint8Array; mask: Uint8Array };
  minReply: number;
  maxReply: number;
  bfd?: string;
  trackFile?: TrackFileDraft;
  weight?: number;
  reverse: boolean;
}

/** Without `readonly`, for values under construction. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Everything of LVS. */
export interface LvsDraft {
  groups: ServerGroupDraft[];
  virtualServers: VirtualServerDraft[];
  files: TrackFileDraft[];
  bfds: string[];
  ssl?: Mutable<SslConfig>;
  /** HTTP_GET without url: keepalived 2.2.7 dies of it. */
  crash: boolean;
  /** The checker that was read last and kept, of whatever server. */
  lastChecker?: CheckerDraft;
}

/** A BFD session under construction; optional what the block may leave out. */
export type BfdDraft = Partial<Mutable<BfdSessionConfig>> & {
  readonly name: string;
  readonly at: Location | undefined;
  forVrrp: boolean;
  forChecker: boolean;
};

/** Empty drafts. */
export function newLvsDraft(): LvsDraft {
  return { groups: [], virtualServers: [], files: [], bfds: [], crash: false };
}
