/** All commands of the virtual shell, by name. */

import { arping } from './arping.ts';
import { curl } from './curl.ts';
import { cat, copy, ls, mkdir, rm, tee, touch } from './files.ts';
import { ip } from './ip.ts';
import { iptables } from './iptables.ts';
import { ipvsadm } from './ipvsadm.ts';
import { journalctl } from './journalctl.ts';
import { keepalived } from './keepalived.ts';
import { arp, ss } from './network-tables.ts';
import { ping } from './ping.ts';
import { kill, killall, pgrep, pidof, ps } from './processes.ts';
import type { ShellCommand } from './shell-command.ts';
import {
  date,
  echo,
  hostname,
  no,
  power,
  printf,
  shell,
  sleep,
  test,
  timeout,
  uname,
  whoami,
  yes,
} from './small-commands.ts';
import { sysctl } from './sysctl.ts';
import { service, systemctl } from './systemctl.ts';
import { tcpdump } from './tcpdump.ts';
import { grep, headOrTail, sort, wc } from './text-filters.ts';

const COMMANDS: ReadonlyMap<string, ShellCommand> = new Map<string, ShellCommand>([
  ['ip', ip],
  ['iptables', iptables],
  ['ip6tables', iptables],
  ['ipvsadm', ipvsadm],
  ['ipvsadm-save', ipvsadm],
  ['ipvsadm-restore', ipvsadm],
  ['ping', ping],
  ['ping4', ping],
  ['ping6', ping],
  ['arping', arping],
  ['curl', curl],
  ['tcpdump', tcpdump],
  ['systemctl', systemctl],
  ['service', service],
  ['journalctl', journalctl],
  ['sysctl', sysctl],
  ['pidof', pidof],
  ['pgrep', pgrep],
  ['pkill', pgrep],
  ['kill', kill],
  ['killall', killall],
  ['ps', ps],
  ['cat', cat],
  ['ls', ls],
  ['rm', rm],
  ['mkdir', mkdir],
  ['touch', touch],
  ['cp', copy],
  ['mv', copy],
  ['tee', tee],
  ['echo', echo],
  ['printf', printf],
  ['grep', grep],
  ['egrep', grep],
  ['fgrep', grep],
  ['head', headOrTail],
  ['tail', headOrTail],
  ['wc', wc],
  ['sort', sort],
  ['hostname', hostname],
  ['date', date],
  ['uname', uname],
  ['whoami', whoami],
  ['true', yes],
  [':', yes],
  ['false', no],
  ['test', test],
  ['[', test],
  ['sleep', sleep],
  ['timeout', timeout],
  ['sh', shell],
  ['bash', shell],
  ['arp', arp],
  ['ss', ss],
  ['keepalived', keepalived],
  ['reboot', power],
  ['poweroff', power],
  ['shutdown', power],
  ['halt', power],
]);

const FOLDERS = ['/bin/', '/sbin/', '/usr/bin/', '/usr/sbin/'];

/** The command of a name or of a path in one of the system's folders. */
export function findCommand(name: string): ShellCommand | undefined {
  if (!name.includes('/')) return COMMANDS.get(name);
  const slash = name.lastIndexOf('/');
  return FOLDERS.includes(name.slice(0, slash + 1))
    ? COMMANDS.get(name.slice(slash + 1))
    : undefined;
}

/** Whether the shell can answer a command of that name or path. */
export function knowsCommand(name: string): boolean {
  return findCommand(name) !== undefined;
}

/** All names, sorted; for completion. */
export function commandNames(): readonly string[] {
  return [...COMMANDS.keys()].sort((a, b) => (a < b ? -1 : 1));
}
