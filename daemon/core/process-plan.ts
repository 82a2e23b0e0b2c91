/**
 * Which of keepalived's processes a configuration calls for, and what is said about it as a whole.
 *
 * There is no VRRP process where only virtual servers are configured, and no checkers' process without
 * one. Source: recordings k01 (`-C`), v01 (both).
 */

import type { DaemonConfig } from '../config/daemon-config.ts';
import type { VrrpConfig } from '../vrrp/vrrp-config.ts';
import { coreText } from './log-text.ts';

/** `-P`, `-C`, `-B`; all by default. */
interface Processes {
  readonly vrrp?: boolean;
  readonly checkers?: boolean;
  /** False with `-B`. */
  readonly bfd?: boolean;
}

/** Whether BFD sessions are wanted. */
export function wantsBfd(config: DaemonConfig, flags: Processes): boolean {
  return flags.bfd !== false && config.bfd.sessions.length > 0;
}

/** Whether health checkers are wanted. */
export function wantsCheckers(config: DaemonConfig, flags: Processes): boolean {
  return flags.checkers !== false && config.lvs.virtualServers.length > 0;
}

/** Whether VRRP is wanted; a configuration of nothing has the VRRP process all the same. */
export function wantsVrrp(config: DaemonConfig, flags: Processes): boolean {
  if (flags.vrrp === false) return false;
  return config.vrrp.instances.length > 0 || !wantsCheckers(config, flags);
}

/** What the VRRP process gets; with `-C` there are no instances, whatever the file says. */
export function vrrpPart(config: DaemonConfig, flags: Processes): VrrpConfig {
  if (flags.vrrp !== false) return config.vrrp;
  return { ...config.vrrp, instances: [], syncGroups: [] };
}

/** Lines about the configuration as a whole. */
export function configNotes(config: VrrpConfig, starting: boolean): readonly string[] {
  const notes: string[] = [];
  const hasScripts =
    config.scripts.some((script) => isTracked(config, script.name)) ||
    [...config.instances, ...config.syncGroups].some((one) =>
      Object.values(one.notify).some((script) => script !== undefined),
    );
  if (hasScripts && !config.globals.enableScriptSecurity) notes.push(coreText.scriptSecurity());
  const needsFirewall = config.instances.some(
    (one) => one.vmac !== undefined || (!one.accept && one.priority !== 255),
  );
  if (needsFirewall && starting) notes.push(coreText.nftables());
  return notes;
}

function isTracked(config: VrrpConfig, script: string): boolean {
  return [...config.instances, ...config.syncGroups].some((one) =>
    one.trackedScripts.some((item) => item.name === script),
  );
}
