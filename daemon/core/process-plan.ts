/**
 * Which of keepalived's processes a configuration calls for, and what is said about it as a whole.
 *
 * There is no VRRP process without an instance, and no checkers' process without a virtual server. Source: recordings k01 (`-C`), v01 (both).
 */

import type { DaemonConfig } from '../config/daemon-config.ts';
import type { VrrpConfig } from '../vrrp/vrrp-config.ts';
import { coreText } from './log-text.ts';

/** `-P`, `-C`, `-B` and `--all`; by default each part that has something to do. */
interface Processes {
  readonly vrrp?: boolean;
  readonly checkers?: boolean;
  readonly bfd?: boolean;
  readonly all?: boolean;
}

/** Whether BFD sessions are wanted. */
export function wantsBfd(config: DaemonConfig, flags: Processes): boolean {
  return flags.bfd !== false && (flags.all === true || config.bfd.sessions.length > 0);
}

/** Whether health checkers are wanted. */
export function wantsCheckers(config: DaemonConfig, flags: Processes): boolean {
  return flags.checkers !== false && (flags.all === true || config.lvs.virtualServers.length > 0);
}

/** Whether VRRP is wanted. */
export function wantsVrrp(config: DaemonConfig, flags: Processes): boolean {
  return flags.vrrp !== false && (flags.all === true || config.vrrp.instances.length > 0);
}

/** Whether anything at all is: keepalived runs on without children, and warns. Source: measured with 2.2.7. */
export function wantsNothing(config: DaemonConfig, flags: Processes): boolean {
  return !wantsBfd(config, flags) && !wantsCheckers(config, flags) && !wantsVrrp(config, flags);
}

/** What the VRRP process gets; with `-C` there are no instances, whatever the file says. */
export function vrrpPart(config: DaemonConfig, flags: Processes): VrrpConfig {
  if (flags.vrrp !== false) return config.vrrp;
  return { ...config.vrrp, instances: [], syncGroups: [] };
}

/** Lines about the configuration as a whole. */
export function configNotes(config: VrrpConfig): readonly string[] {
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
  if (needsFirewall && !config.globals.firewallNamed) notes.push(coreText.nftables());
  return notes;
}

function isTracked(config: VrrpConfig, script: string): boolean {
  return [...config.instances, ...config.syncGroups].some((one) =>
    one.trackedScripts.some((item) => item.name === script),
  );
}
