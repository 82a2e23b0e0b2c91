/** From the draft of global_defs to its typed values. */

import { durationUs, seconds } from '../base/time.ts';
import { notifyScript } from './build-vrrp.ts';
import type {
  GlobalConfig,
  GlobalFifo,
  GlobalGarp,
  LifecycleScript,
  LvsTimeouts,
  VrrpDefaults,
} from './global-config.ts';
import type { FifoDraft, GlobalDraft } from './global-draft.ts';
import type { Mutable } from './lvs-draft.ts';
import type { ScriptDraft } from './vrrp-draft.ts';

/** Makes the values of the whole daemon. */
export function buildGlobal(draft: GlobalDraft, hostname: string): GlobalConfig {
  const lvsFifo = buildFifo(draft.lvsFifo);
  const startup = lifecycle(draft.startupScript, draft.startupTimeoutUs);
  const shutdown = lifecycle(draft.shutdownScript, draft.shutdownTimeoutUs);
  return {
    routerId: draft.routerId ?? hostname,
    mail: {
      recipients: draft.recipients,
      // The name of the user that runs it: root, as 2.2.7 shows it in its dump.
      sender: draft.sender ?? `root@${hostname}`,
      ...(draft.smtpServer === undefined ? {} : { server: draft.smtpServer }),
      heloName: draft.heloName ?? hostname,
      connectTimeout: durationUs(draft.smtpTimeoutUs),
      alertVrrp: draft.smtpAlertVrrp ?? draft.smtpAlert ?? false,
      ...checkerAlert(draft),
      alerts: {
        ...(draft.smtpAlert === undefined ? {} : { all: draft.smtpAlert }),
        ...(draft.smtpAlertVrrp === undefined ? {} : { vrrp: draft.smtpAlertVrrp }),
        ...(draft.smtpAlertChecker === undefined ? {} : { checker: draft.smtpAlertChecker }),
      },
      noEmailFaults: draft.noEmailFaults,
      noCheckerEmails: draft.noCheckerEmails,
    },
    ...(draft.scriptUser === undefined ? {} : { scriptUser: draft.scriptUser }),
    ...(draft.scriptGroup === undefined ? {} : { scriptGroup: draft.scriptGroup }),
    enableScriptSecurity: draft.scriptSecurity,
    ...(startup === undefined ? {} : { startupScript: startup }),
    ...(shutdown === undefined ? {} : { shutdownScript: shutdown }),
    ...(lvsFifo === undefined ? {} : { lvsNotifyFifo: lvsFifo }),
    realServerInitNotifies: draft.realServerInitNotifies,
    checkerLogAllFailures: draft.checkerLogAllFailures,
    ...(draft.syncDaemon === undefined ? {} : { lvsSyncDaemon: draft.syncDaemon }),
    lvsTimeouts: timeouts(draft),
    lvsFlush: draft.lvsFlush,
    lvsFlushOnStop: draft.lvsFlushOnStop,
    vrrpDefaults: vrrpDefaults(draft),
    defaultInterface: draft.defaultInterface ?? 'eth0',
    childWait: seconds(draft.childWaitS),
    ...(draft.instanceName === undefined ? {} : { instanceName: draft.instanceName }),
    ...(draft.netNamespace === undefined ? {} : { netNamespace: draft.netNamespace }),
    ...(draft.netNamespaceIpvs === undefined ? {} : { netNamespaceIpvs: draft.netNamespaceIpvs }),
    other: draft.other,
  };
}

function vrrpDefaults(draft: GlobalDraft): VrrpDefaults {
  const { vmacPrefix, vmacAddrPrefix } = draft;
  return {
    version: draft.version,
    strict: draft.strict,
    skipCheckAdvertAddresses: draft.skipCheckAdvertAddresses,
    checkUnicastSource: draft.checkUnicastSource,
    multicastGroup4: draft.multicastGroup4,
    multicastGroup6: draft.multicastGroup6,
    garp: globalGarp(draft),
    downTimerAdverts: draft.downTimerAdverts,
    lowerPriorityNoAdvert: draft.lowerPriorityNoAdvert,
    higherPrioritySendAdvert: draft.higherPrioritySendAdvert,
    ...(vmacPrefix === undefined ? {} : { vmacPrefix }),
    ...(vmacAddrPrefix === undefined ? {} : { vmacAddrPrefix }),
  };
}

function globalGarp(draft: GlobalDraft): GlobalGarp {
  const { garpLowerDelayUs: lowerDelay, garpLowerRepeat: lowerRepeat } = draft;
  return {
    delay: durationUs(draft.garpDelayUs),
    repeat: draft.garpRepeat,
    refresh: seconds(draft.garpRefreshS),
    refreshRepeat: draft.garpRefreshRepeat,
    ...(lowerDelay === undefined ? {} : { lowerPriorityDelay: durationUs(lowerDelay) }),
    ...(lowerRepeat === undefined ? {} : { lowerPriorityRepeat: lowerRepeat }),
    interval: durationUs(draft.garpIntervalUs),
    gnaInterval: durationUs(draft.gnaIntervalUs),
    extraInterface: seconds(draft.garpExtraS),
    extraAll: draft.garpExtraAll,
  };
}

function checkerAlert(draft: GlobalDraft): { readonly alertChecker?: boolean } {
  const value = draft.smtpAlertChecker ?? draft.smtpAlert;
  return value === undefined ? {} : { alertChecker: value };
}

function timeouts(draft: GlobalDraft): LvsTimeouts {
  const built: Mutable<LvsTimeouts> = {};
  const { tcp, tcpfin, udp } = draft.timeoutsS;
  if (tcp !== undefined) built.tcp = seconds(tcp);
  if (tcpfin !== undefined) built.tcpFin = seconds(tcpfin);
  if (udp !== undefined) built.udp = seconds(udp);
  return built;
}

function buildFifo(draft: FifoDraft): GlobalFifo | undefined {
  if (draft.path === undefined) return undefined;
  return {
    path: draft.path,
    ...(draft.user === undefined ? {} : { user: draft.user }),
    ...(draft.group === undefined ? {} : { group: draft.group }),
    ...(draft.script === undefined ? {} : { script: draft.script.arguments }),
  };
}

function lifecycle(
  script: ScriptDraft | undefined,
  timeoutUs: number,
): LifecycleScript | undefined {
  if (script === undefined) return undefined;
  return { ...notifyScript(script), timeout: durationUs(timeoutUs) };
}
