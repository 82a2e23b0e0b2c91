/**
 * lvs_sync_daemon: connections travel from the director that is MASTER to those that are not.
 *
 * With an instance the kernel's sync daemon is master or backup as the instance is; without one both run
 * all the time. Source: keepalived.conf(5); ipvsadm(8); recordings `v01`, `sync-daemon`.
 */

import { formatIp, type IpAddress } from '../wire/ip-address.ts';

/** What the configuration says; the fields of `LvsSyncDaemonConfig`. */
export interface SyncSettings {
  readonly interface: string;
  readonly instance?: string;
  readonly syncId?: number;
  readonly maxLength?: number;
  readonly port?: number;
  readonly ttl?: number;
  readonly group?: IpAddress;
}

type Role = 'master' | 'backup';

/** ipvsadm's words for the beginning; `master` is what the instance is now. */
export function startSync(settings: SyncSettings, master: boolean): readonly (readonly string[])[] {
  if (settings.instance !== undefined) return [startWords(settings, master ? 'master' : 'backup')];
  return [startWords(settings, 'master'), startWords(settings, 'backup')];
}

/** ipvsadm's words when the instance becomes MASTER, or is it no longer. */
export function followInstance(
  settings: SyncSettings,
  master: boolean,
): readonly (readonly string[])[] {
  const [gone, come]: readonly [Role, Role] = master ? ['backup', 'master'] : ['master', 'backup'];
  return [['--stop-daemon', gone], startWords(settings, come)];
}

/** ipvsadm's words for the end; `master` is what runs now, `undefined` with both. */
export function stopSync(settings: SyncSettings, master: boolean): readonly (readonly string[])[] {
  if (settings.instance !== undefined) return [['--stop-daemon', master ? 'master' : 'backup']];
  return [
    ['--stop-daemon', 'master'],
    ['--stop-daemon', 'backup'],
  ];
}

function startWords(settings: SyncSettings, role: Role): readonly string[] {
  const words = ['--start-daemon', role, '--mcast-interface', settings.interface];
  const { syncId, maxLength, port, ttl, group } = settings;
  if (syncId !== undefined) words.push('--syncid', String(syncId));
  if (maxLength !== undefined) words.push('--sync-maxlen', String(maxLength));
  if (group !== undefined) words.push('--mcast-group', formatIp(group));
  if (port !== undefined) words.push('--mcast-port', String(port));
  if (ttl !== undefined) words.push('--mcast-ttl', String(ttl));
  return words;
}
