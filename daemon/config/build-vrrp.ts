/** From finished drafts to the typed values of the VRRP machine. No decision is made here. */

import { durationUs, NO_DURATION } from '../base/time.ts';
import type {
  FifoConfig,
  GarpConfig,
  NotifyConfig,
  NotifyScript,
  SyncGroupConfig,
  TrackedItem,
  VirtualAddress,
  VirtualRoute,
  VmacConfig,
  VrrpConfig,
  VrrpGlobals,
  VrrpInstanceConfig,
} from '../vrrp/vrrp-config.ts';
import { macFromNumber } from '../wire/mac-address.ts';
import { encodeUtf8 } from '../wire/text.ts';
import type { FifoDraft, GlobalDraft } from './global-draft.ts';
import type { Mutable } from './lvs-draft.ts';
import type {
  AddressDraft,
  InstanceDraft,
  NotifyKind,
  RouteDraft,
  ScriptDraft,
  TrackDraft,
  TrackingDraft,
  VrrpDraft,
} from './vrrp-draft.ts';

/** Makes the VRRP half. */
export function buildVrrp(draft: VrrpDraft, global: GlobalDraft, hostname: string): VrrpConfig {
  return {
    globals: buildGlobals(global, hostname),
    instances: draft.instances.map((one) => buildInstance(one, global)),
    syncGroups: draft.groups.map((group): SyncGroupConfig => {
      return {
        name: group.name,
        instances: group.members ?? [],
        ...tracking(group),
        notify: buildNotify(group.notify),
        smtpAlert: group.smtpAlert ?? global.smtpAlertVrrp ?? global.smtpAlert ?? false,
        notifyPriorityChanges: group.notifyPriorityChanges ?? global.notifyPriorityChanges,
        trackingWeight: group.trackingWeight,
      };
    }),
    scripts: draft.scripts.map((one) => ({
      name: one.name,
      arguments: one.arguments,
      interval: durationUs(one.intervalUs),
      timeout: durationUs(one.timeoutUs ?? one.intervalUs),
      weight: one.weight,
      reverse: one.reverse,
      rise: one.rise,
      fall: one.fall,
      initFail: one.initFail,
      timeoutConfigured: one.timeoutUs !== undefined,
      ...scriptUser(one, global),
    })),
    files: draft.files.map((one) => ({
      name: one.name,
      path: one.path ?? '',
      weight: one.weight,
      reverse: one.reverse,
      ...(one.init === undefined ? {} : { initFile: one.init }),
    })),
    processes: draft.processes.map((one) => ({
      name: one.name,
      command: one.command ?? '',
      parameters: one.parameters,
      ...(one.match === undefined ? {} : { parameterMatch: one.match }),
      weight: one.weight,
      reverse: one.reverse,
      quorum: one.quorum,
      ...(one.quorumMax === undefined ? {} : { quorumMax: one.quorumMax }),
      forkDelay: durationUs(one.forkDelayUs),
      terminateDelay: durationUs(one.terminateDelayUs),
      fullCommand: one.fullCommand,
    })),
    interfaceDelays: draft.delays.map((one) => ({
      interface: one.interface,
      downDelay: durationUs(one.downUs),
      upDelay: durationUs(one.upUs),
    })),
    garpGroups: draft.garpGroups.map((one) => ({
      interfaces: one.interfaces,
      aggregation: one.aggregation,
      garpInterval: durationUs(one.garpUs ?? 0),
      gnaInterval: durationUs(one.gnaUs ?? 0),
    })),
    awaitedInterfaces: draft.awaitedInterfaces,
    staticAddresses: draft.staticAddresses.map((one) => buildAddress(one)),
    staticRoutes: draft.staticRoutes.map(buildRoute),
    staticRules: draft.staticRules.map(buildRoute),
    trackGroups: draft.trackGroups.map((one) => ({ name: one.name, instances: one.members ?? [] })),
  };
}

function buildGlobals(global: GlobalDraft, hostname: string): VrrpGlobals {
  return {
    routerId: global.routerId ?? hostname,
    startupDelay: durationUs(global.startupDelayUs),
    ...(global.delayAfterBootUs > 0 ? { delayAfterBoot: durationUs(global.delayAfterBootUs) } : {}),
    logUnknownVrids: global.logUnknownVrids,
    firewallNamed: global.firewallNamed,
    ...fifo('notifyFifo', global.fifo),
    ...fifo('vrrpNotifyFifo', global.vrrpFifo),
    fifoStatesOnReload: global.fifoStatesOnReload,
    notifyPriorityChanges: global.notifyPriorityChanges,
    ...(global.scriptUser === undefined ? {} : { scriptUser: global.scriptUser }),
    ...(global.scriptGroup === undefined ? {} : { scriptGroup: global.scriptGroup }),
    enableScriptSecurity: global.scriptSecurity,
    garpExtraInterface: durationUs(global.garpExtraS * 1_000_000),
    dynamicInterfaces: global.dynamicInterfaces,
    ownerIgnoreAdverts: global.ownerIgnoreAdverts,
  };
}

function fifo(
  name: 'notifyFifo' | 'vrrpNotifyFifo',
  draft: FifoDraft,
): Partial<Record<typeof name, FifoConfig>> {
  if (draft.path === undefined) return {};
  const { path, user, group } = draft;
  const script = draft.script?.arguments;
  return {
    [name]: {
      path,
      ...(user === undefined ? {} : { user }),
      ...(group === undefined ? {} : { group }),
      ...(script === undefined ? {} : { script }),
    },
  };
}

function buildInstance(draft: InstanceDraft, global: GlobalDraft): VrrpInstanceConfig {
  const family = draft.family ?? 'inet';
  const name = draft.vmac?.name ?? draft.ipvlan?.name ?? draft.interface;
  const made = draft.vmac !== undefined || draft.ipvlan !== undefined;
  return {
    name: draft.name,
    wantedState: draft.state ?? 'BACKUP',
    version: draft.version === 3 ? 3 : 2,
    family,
    ...(name === undefined ? {} : { interface: name }),
    vrid: draft.vrid,
    priority: draft.priority,
    advertInterval: durationUs(draft.advertUs),
    ...(draft.authType === undefined
      ? {}
      : { authentication: { type: draft.authType, key: passwordKey(draft.authPass) } }),
    ...authHmac(draft),
    addresses: draft.vips.map((one) => buildAddress(one)),
    excludedAddresses: draft.evips.map((one) => buildAddress(one)),
    promoteSecondaries: draft.promoteSecondaries,
    routes: draft.routes.map(buildRoute),
    rules: draft.rules.map(buildRoute),
    preempt: !draft.nopreempt,
    preemptDelay: durationUs(draft.preemptDelayUs),
    ...(draft.timerExpiredBackup ? { timerExpiredBackup: true } : {}),
    strict: draft.strict ?? false,
    accept: draft.accept ?? true,
    skipCheckAdvertAddresses: draft.skipCheckAdvertAddresses,
    ...(draft.source === undefined ? {} : { sourceAddress: draft.source }),
    trackSourceAddress: draft.trackSource,
    multicastGroup:
      draft.multicastGroup ?? (family === 'inet' ? global.multicastGroup4 : global.multicastGroup6),
    unicastPeers: draft.peers,
    unicastTtl: draft.unicastTtl ?? 255,
    checkUnicastSource: draft.checkUnicastSource,
    unicastFaultNoPeer: draft.unicastFaultNoPeer,
    v3ChecksumAsV2: draft.v3ChecksumAsV2,
    ...vmac(draft),
    ...ipvlan(draft),
    garp: buildGarp(draft, global),
    downTimerAdverts: draft.downTimerAdverts,
    lowerPriorityNoAdvert: draft.lowerPriorityNoAdvert ?? false,
    higherPrioritySendAdvert: draft.higherPrioritySendAdvert ?? false,
    ownerIgnoreAdverts: global.ownerIgnoreAdverts,
    dontTrackPrimary: draft.dontTrackPrimary,
    ...tracking(draft),
    notify: buildNotify(draft.notify),
    smtpAlert: draft.smtpAlert ?? false,
    notifyPriorityChanges: draft.notifyPriorityChanges ?? false,
    ...(made && draft.interface !== undefined ? { configuredInterface: draft.interface } : {}),
    ...(draft.notifyDeleted ? { notifyDeleted: true } : {}),
    ...(draft.oldUnicastChecksum === 'no' ? {} : { oldUnicastChecksum: draft.oldUnicastChecksum }),
    ...(draft.unicastWanted && draft.peers.length === 0 ? { unicastWithoutPeers: true } : {}),
    ...(draft.configFaults === 0 ? {} : { configFaults: draft.configFaults }),
    ...(draft.kernelRxBufSize === 0 ? {} : { kernelReceiveBufferBytes: draft.kernelRxBufSize }),
    ...(draft.debug === 0 ? {} : { debugLevel: draft.debug }),
  };
}

/** The window is three advert intervals by default, 5 s at least. */
function authHmac({ authHmac, advertUs }: InstanceDraft): Pick<VrrpInstanceConfig, 'authHmac'> {
  if (authHmac?.activeKey === undefined) return {};
  const { keys, activeKey, mode, antiReplay } = authHmac;
  const timeWindow = authHmac.timeWindow ?? Math.max(5, Math.ceil((3 * advertUs) / 1_000_000));
  const window = antiReplay === 'time' ? { timeWindow } : {};
  return { authHmac: { keys, activeKey, mode, ...window } };
}

/** The password in 8 bytes, padded with zeros. */
function passwordKey(password: string): Uint8Array {
  const key = new Uint8Array(8);
  key.set(encodeUtf8(password).subarray(0, 8));
  return key;
}

function buildGarp(draft: InstanceDraft, global: GlobalDraft): GarpConfig {
  return {
    delay: durationUs(draft.garpDelayUs),
    repeat: draft.garpRepeat,
    refresh: durationUs(draft.garpRefreshS * 1_000_000),
    refreshRepeat: draft.garpRefreshRepeat,
    lowerPriorityDelay: durationUs(draft.garpLowerDelayUs ?? draft.garpDelayUs),
    lowerPriorityRepeat: draft.garpLowerRepeat ?? draft.garpRepeat,
    interval: durationUs(global.garpIntervalUs),
    gnaInterval: durationUs(global.gnaIntervalUs),
    extraInterface:
      draft.garpExtraS === undefined && global.garpExtraS === 0
        ? NO_DURATION
        : durationUs((draft.garpExtraS ?? global.garpExtraS) * 1_000_000),
    extraAll: draft.garpExtraS === undefined ? global.garpExtraAll : draft.garpExtraAll,
  };
}

function vmac(draft: InstanceDraft): { readonly vmac?: VmacConfig } {
  if (draft.vmac?.name === undefined || draft.interface === undefined) return {};
  const family = draft.family === 'inet6' ? 2 : 1;
  const standard = macFromNumber(0x0000_5e00_0000 + family * 0x100 + draft.vrid);
  return {
    vmac: {
      name: draft.vmac.name,
      base: draft.interface,
      mac: draft.vmac.mac ?? standard,
      transmitOnBase: draft.vmacXmitBase,
      addresses: draft.vmacAddresses,
    },
  };
}

function ipvlan(draft: InstanceDraft): Pick<VrrpInstanceConfig, 'ipvlan'> {
  if (draft.ipvlan?.name === undefined || draft.interface === undefined) return {};
  const { address, length } = draft.ipvlan;
  return {
    ipvlan: {
      name: draft.ipvlan.name,
      base: draft.interface,
      mode: draft.ipvlan.mode ?? 'bridge',
      ...(address === undefined ? {} : { address }),
      ...(length === undefined ? {} : { length }),
    },
  };
}

function buildAddress(draft: AddressDraft): VirtualAddress {
  const built: Mutable<VirtualAddress> = {
    address: draft.address,
    length: draft.length,
    interface: draft.interface ?? '',
    scope: draft.scope,
    noDad: draft.noDad,
    home: draft.home,
    manageTemporary: draft.manageTemporary,
    noPrefixRoute: draft.noPrefixRoute,
    autojoin: draft.autojoin,
    noTrack: draft.noTrack,
  };
  if (draft.label !== undefined) built.label = draft.label;
  if (draft.broadcast !== undefined) built.broadcast = draft.broadcast;
  if (draft.peer !== undefined) built.peer = draft.peer;
  if (typeof draft.preferredLifetime === 'number') {
    built.preferredLifetimeSeconds = draft.preferredLifetime;
  }
  if (draft.trackGroup !== undefined) built.trackGroup = draft.trackGroup;
  if (draft.vmacOn !== undefined) built.vmacBase = draft.vmacOn;
  return built;
}

function buildRoute(draft: RouteDraft): VirtualRoute {
  const { family, words, noTrack, append, trackGroup } = draft;
  return { family, words, noTrack, append, ...(trackGroup === undefined ? {} : { trackGroup }) };
}

function tracking(
  draft: TrackingDraft,
): Pick<
  VrrpInstanceConfig,
  'trackedInterfaces' | 'trackedScripts' | 'trackedFiles' | 'trackedProcesses' | 'trackedBfds'
> {
  const items = (list: readonly TrackDraft[]): TrackedItem[] =>
    list.map(({ name, weight, reverse }) => ({ name, weight, reverse }));
  return {
    trackedInterfaces: draft.trackedInterfaces.map(({ name, weight, reverse }) => {
      return { interface: name, weight, reverse };
    }),
    trackedScripts: items(draft.trackedScripts),
    trackedFiles: items(draft.trackedFiles),
    trackedProcesses: items(draft.trackedProcesses),
    trackedBfds: items(draft.trackedBfds),
  };
}

const NOTIFY_FIELDS = [
  ['notify_master', 'master'],
  ['notify_backup', 'backup'],
  ['notify_fault', 'fault'],
  ['notify_stop', 'stop'],
  ['notify_deleted', 'deleted'],
  ['notify_master_rx_lower_pri', 'masterReceivesLowerPriority'],
  ['notify', 'any'],
] as const;

function buildNotify(scripts: ReadonlyMap<NotifyKind, ScriptDraft>): NotifyConfig {
  const notify: Mutable<NotifyConfig> = {};
  for (const [kind, field] of NOTIFY_FIELDS) {
    const script = scripts.get(kind);
    if (script !== undefined) notify[field] = notifyScript(script);
  }
  return notify;
}

/** A command with its user. */
export function notifyScript(script: ScriptDraft): NotifyScript {
  const { user, group } = script;
  return {
    arguments: script.arguments,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
  };
}

function scriptUser(
  one: { readonly user?: string; readonly group?: string },
  global: GlobalDraft,
): { readonly user?: string; readonly group?: string } {
  const user = one.user ?? global.scriptUser;
  const group = one.user === undefined ? global.scriptGroup : one.group;
  return {
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
  };
}
