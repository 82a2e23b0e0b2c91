/** Small VRRP configurations with keepalived's defaults, for tests that need no file. */

import { durationUs, seconds } from '../../../daemon/base/time.ts';
import { buildGlobal } from '../../../daemon/config/build-global.ts';
import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import { newGlobalDraft } from '../../../daemon/config/global-draft.ts';
import type {
  SyncGroupConfig,
  VirtualAddress,
  VrrpConfig,
  VrrpGlobals,
  VrrpInstanceConfig,
  VrrpScriptConfig,
} from '../../../daemon/vrrp/vrrp-config.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { familyOf, parseIp, parsePrefix } from '../../../daemon/wire/ip-address.ts';
import { VRRP_GROUP_IPV4, VRRP_GROUP_IPV6 } from '../../../daemon/wire/vrrp-header.ts';

/** Parses or fails the test. */
export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}

/** One VIP such as `192.168.100.100/24` on `eth0`. */
export function vip(text: string, more: Partial<VirtualAddress> = {}): VirtualAddress {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`not a prefix: ${text}`);
  return {
    ...prefix,
    interface: 'eth0',
    scope: 'global',
    noDad: false,
    home: false,
    manageTemporary: false,
    noPrefixRoute: false,
    autojoin: false,
    noTrack: false,
    ...more,
  };
}

/** One instance as keepalived's defaults make it: VRRPv2, eth0, vrid 51, priority 100. */
export function instance(more: Partial<VrrpInstanceConfig> = {}): VrrpInstanceConfig {
  const addresses = more.addresses ?? [vip('192.168.100.100/24')];
  const first = addresses[0]?.address;
  const family = first === undefined ? 'inet' : familyOf(first);
  return {
    name: 'VI_1',
    wantedState: 'BACKUP',
    version: family === 'inet' ? 2 : 3,
    family,
    interface: 'eth0',
    vrid: 51,
    priority: 100,
    advertInterval: seconds(1),
    addresses,
    excludedAddresses: [],
    promoteSecondaries: false,
    routes: [],
    rules: [],
    preempt: true,
    preemptDelay: durationUs(0),
    strict: false,
    accept: true,
    skipCheckAdvertAddresses: false,
    trackSourceAddress: false,
    multicastGroup: family === 'inet' ? VRRP_GROUP_IPV4 : VRRP_GROUP_IPV6,
    unicastPeers: [],
    unicastTtl: 255,
    checkUnicastSource: false,
    unicastFaultNoPeer: false,
    v3ChecksumAsV2: false,
    garp: {
      delay: seconds(5),
      repeat: 5,
      refresh: durationUs(0),
      refreshRepeat: 1,
      lowerPriorityDelay: seconds(5),
      lowerPriorityRepeat: 5,
      interval: durationUs(0),
      gnaInterval: durationUs(0),
      extraInterface: durationUs(0),
      extraAll: false,
    },
    downTimerAdverts: 3,
    lowerPriorityNoAdvert: false,
    higherPrioritySendAdvert: false,
    ownerIgnoreAdverts: false,
    dontTrackPrimary: false,
    trackedInterfaces: [],
    trackedScripts: [],
    trackedFiles: [],
    trackedProcesses: [],
    trackedBfds: [],
    notify: {},
    smtpAlert: false,
    notifyPriorityChanges: false,
    ...more,
  };
}

/** One vrrp_script, every second, one answer decides. */
export function script(more: Partial<VrrpScriptConfig> = {}): VrrpScriptConfig {
  return {
    name: 'chk',
    arguments: ['/usr/bin/chk'],
    interval: seconds(1),
    timeout: durationUs(0),
    weight: 0,
    reverse: false,
    rise: 1,
    fall: 1,
    initFail: false,
    ...more,
  };
}

/** One sync group. */
export function group(
  more: Partial<SyncGroupConfig> & Pick<SyncGroupConfig, 'instances'>,
): SyncGroupConfig {
  return {
    name: 'VG_1',
    trackedInterfaces: [],
    trackedScripts: [],
    trackedFiles: [],
    trackedProcesses: [],
    trackedBfds: [],
    notify: {},
    smtpAlert: false,
    notifyPriorityChanges: false,
    trackingWeight: false,
    ...more,
  };
}

/** A whole VRRP configuration of the given parts. */
export function vrrp(
  more: Partial<Omit<VrrpConfig, 'globals'>> & { readonly globals?: Partial<VrrpGlobals> } = {},
): VrrpConfig {
  const { globals, ...rest } = more;
  return {
    globals: {
      routerId: 'n1',
      startupDelay: durationUs(0),
      logUnknownVrids: false,
      firewallNamed: false,
      fifoStatesOnReload: false,
      notifyPriorityChanges: false,
      enableScriptSecurity: false,
      garpExtraInterface: durationUs(0),
      dynamicInterfaces: 'no',
      ownerIgnoreAdverts: false,
      ...globals,
    },
    instances: [instance()],
    syncGroups: [],
    scripts: [],
    files: [],
    processes: [],
    interfaceDelays: [],
    garpGroups: [],
    awaitedInterfaces: [],
    staticAddresses: [],
    staticRoutes: [],
    staticRules: [],
    trackGroups: [],
    ...rest,
  };
}

/** The daemon's configuration around it; the parts that VRRP does not read are empty. */
export function daemonConfig(config: VrrpConfig): DaemonConfig {
  const usual = buildGlobal(newGlobalDraft(), 'n1');
  const global = { ...usual, mail: { ...usual.mail, recipients: ['admin@example.org'] } };
  const lvs = { groups: [], virtualServers: [] };
  const none = { check: { checkers: [] }, bfd: { sessions: [] } };
  return { vrrp: config, global, lvs, ...none } as unknown as DaemonConfig;
}
