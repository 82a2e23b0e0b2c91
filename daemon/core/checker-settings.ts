/** What the checkers' process takes from a whole configuration. */

import type { DaemonConfig } from '../config/daemon-config.ts';
import type { LvsTimeouts } from '../config/global-config.ts';
import type { LvsSettings } from '../lvs/lvs-machine.ts';
import type { ScriptCommand } from './commands.ts';
import type { System } from './system.ts';

/** Settings of the load balancer. */
export function lvsSettings(config: DaemonConfig, system: System): LvsSettings {
  const { global, vrrp } = config;
  const { notifyFifo } = vrrp.globals;
  const { scriptUser, scriptGroup } = global;
  const fifos = [notifyFifo?.path, global.lvsNotifyFifo?.path];
  return {
    routerId: global.routerId === '' ? system.hostname() : global.routerId,
    mailTo: global.mail.recipients,
    noCheckerEmails: global.mail.noCheckerEmails,
    initNotifies: global.realServerInitNotifies,
    fifos: fifos.filter((path) => path !== undefined),
    flush: global.lvsFlush,
    flushOnStop: global.lvsFlushOnStop,
    ...(scriptUser === undefined ? {} : { scriptUser }),
    ...(scriptGroup === undefined ? {} : { scriptGroup }),
  };
}

/** `ipvsadm --set`; `undefined` when the kernel's time-outs stay. 0 keeps a value. */
export function timeoutWords(timeouts: LvsTimeouts): readonly string[] | undefined {
  const { tcp, tcpFin, udp } = timeouts;
  if (tcp === undefined && tcpFin === undefined && udp === undefined) return undefined;
  const inSeconds = [tcp, tcpFin, udp].map((one) => String(Math.round((one ?? 0) / 1_000_000)));
  return ['--set', ...inSeconds];
}

/** Starts the script that reads lvs_notify_fifo. */
export function fifoScript(config: DaemonConfig, takeId: () => number): ScriptCommand | undefined {
  const fifo = config.global.lvsNotifyFifo;
  if (fifo?.script === undefined) return undefined;
  return {
    kind: 'script-run',
    id: takeId(),
    arguments: [...fifo.script, fifo.path],
    purpose: 'lifecycle',
    subject: fifo.path,
  };
}
