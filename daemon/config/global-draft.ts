/** `global_defs` while it is being read. Defaults are keepalived 2.2.7's. Times in µs unless named. */

import type { IpAddress } from '../wire/ip-address.ts';
import { ipv4FromNumber } from '../wire/ipv4-address.ts';
import { ipv6FromBigint } from '../wire/ipv6-address.ts';
import type { LvsSyncDaemonConfig } from './global-config.ts';
import type { ScriptDraft } from './vrrp-draft.ts';

/** A notification FIFO. */
export interface FifoDraft {
  path?: string;
  user?: string;
  group?: string;
  script?: ScriptDraft;
}

/** Everything of global_defs and the small top-level keywords. */
export interface GlobalDraft {
  routerId?: string;
  recipients: string[];
  sender?: string;
  smtpServer?: { host: string; port: number };
  heloName?: string;
  smtpTimeoutUs: number;
  smtpAlert?: boolean;
  smtpAlertVrrp?: boolean;
  smtpAlertChecker?: boolean;
  noEmailFaults: boolean;
  noCheckerEmails: boolean;
  scriptUser?: string;
  /** Whether a script that names no user has nobody to run it, once that is known in all processes. */
  scriptUserFails?: boolean;
  /** The parent has said that there is no user `keepalived_script`. */
  defaultUserTold?: boolean;
  scriptGroup?: string;
  scriptSecurity: boolean;
  startupScript?: ScriptDraft;
  startupTimeoutUs: number;
  shutdownScript?: ScriptDraft;
  shutdownTimeoutUs: number;
  fifo: FifoDraft;
  vrrpFifo: FifoDraft;
  lvsFifo: FifoDraft;
  fifoStatesOnReload: boolean;
  notifyPriorityChanges: boolean;
  version: 2 | 3;
  strict: boolean;
  skipCheckAdvertAddresses: boolean;
  v3ChecksumAsV2: boolean;
  ownerIgnoreAdverts: boolean;
  checkUnicastSource: boolean;
  garpDelayUs: number;
  garpRepeat: number;
  garpRefreshS: number;
  garpRefreshRepeat: number;
  garpLowerDelayUs?: number;
  garpLowerRepeat?: number;
  garpIntervalUs: number;
  gnaIntervalUs: number;
  garpExtraS: number;
  garpExtraAll: boolean;
  lowerPriorityNoAdvert: boolean;
  higherPrioritySendAdvert: boolean;
  downTimerAdverts: number;
  multicastGroup4: IpAddress;
  multicastGroup6: IpAddress;
  startupDelayUs: number;
  delayAfterBootUs: number;
  logUnknownVrids: boolean;
  dynamicInterfaces: 'no' | 'yes' | 'allow-if-changes';
  defaultInterface?: string;
  vmacPrefix?: string;
  vmacAddrPrefix?: string;
  firewallNamed: boolean;
  ipvsTableNamed: boolean;
  syncDaemon?: LvsSyncDaemonConfig;
  timeoutsS: { tcp?: number; tcpfin?: number; udp?: number };
  lvsFlush: boolean;
  lvsFlushOnStop: 'no' | 'all' | 'services';
  checkerLogAllFailures: boolean;
  realServerInitNotifies: boolean;
  childWaitS: number;
  instanceName?: string;
  netNamespace?: string;
  netNamespaceIpvs?: string;
  snmpSocket?: string;
  configDirectory: boolean;
  readonly other: { keyword: string; words: readonly string[] }[];
}

/** keepalived's defaults. */
export function newGlobalDraft(): GlobalDraft {
  return {
    recipients: [],
    smtpTimeoutUs: 30_000_000,
    noEmailFaults: false,
    noCheckerEmails: false,
    scriptSecurity: false,
    startupTimeoutUs: 10_000_000,
    shutdownTimeoutUs: 10_000_000,
    fifo: {},
    vrrpFifo: {},
    lvsFifo: {},
    fifoStatesOnReload: false,
    notifyPriorityChanges: false,
    version: 2,
    strict: false,
    skipCheckAdvertAddresses: false,
    v3ChecksumAsV2: false,
    ownerIgnoreAdverts: false,
    checkUnicastSource: false,
    garpDelayUs: 5_000_000,
    garpRepeat: 5,
    garpRefreshS: 0,
    garpRefreshRepeat: 1,
    garpIntervalUs: 0,
    gnaIntervalUs: 0,
    garpExtraS: 0,
    garpExtraAll: false,
    lowerPriorityNoAdvert: false,
    higherPrioritySendAdvert: false,
    downTimerAdverts: 3,
    multicastGroup4: ipv4FromNumber(0xe000_0012),
    multicastGroup6: ipv6FromBigint(0xff02_0000_0000_0000_0000_0000_0000_0012n),
    startupDelayUs: 0,
    delayAfterBootUs: 0,
    logUnknownVrids: false,
    dynamicInterfaces: 'no',
    firewallNamed: false,
    ipvsTableNamed: false,
    timeoutsS: {},
    lvsFlush: false,
    lvsFlushOnStop: 'no',
    checkerLogAllFailures: false,
    realServerInitNotifies: false,
    childWaitS: 5,
    configDirectory: false,
    other: [],
  };
}
