/**
 * `Global definitions`, the first section of every dump. Each of keepalived's processes prints it
 * from its own copy of the settings: only the VRRP process has filled in its defaults, and only the
 * parent knows startup_script and shutdown_script.
 *
 * Source: dumps of keepalived 2.2.7 as Debian 12 builds it (test/reference/dumps), line by line;
 * `libnftnl version` and the SNMP and D-Bus lines are that build's.
 */

import { formatIp } from '../wire/ip-address.ts';
import type { DaemonConfig } from './daemon-config.ts';
import { quoted } from './dump-notify.ts';
import { dumpProcessSettings } from './dump-process-settings.ts';
import type { GlobalConfig, GlobalGarp, MailConfig } from './global-config.ts';
import { FIREWALL_TABLE, firewallTable, keptWord, keptWords, processNames } from './kept-words.ts';
import { type IdsOf, rootOnly, scriptUserOf } from './user-ids.ts';

/** Which process prints. */
export type DumpingProcess = 'parent' | 'vrrp' | 'checkers' | 'bfd';

/** A number that no configuration has set. */
const UNSET = 4_294_967_295;

/** The lines of the section, its title first. */
export function dumpGlobal(
  config: DaemonConfig,
  process: DumpingProcess,
  idsOf: IdsOf = rootOnly,
): readonly string[] {
  const { global } = config;
  const names = processNames(global.other);
  return [
    '------< Global definitions >------',
    ` Network namespace = ${global.netNamespace ?? '(default)'}`,
    ` Network namespace ipvs = ${global.netNamespaceIpvs ?? '(main namespace)'}`,
    ...named(' Instance name = ', global.instanceName),
    ...named(' Parent process name = ', names.parent),
    ...named(' VRRP process name = ', names.vrrp),
    ...named(' LVS process name = ', names.checkers),
    ...named(' BFD process name = ', names.bfd),
    ` Router ID = ${global.routerId}`,
    ...dumpMail(global.mail),
    ` Checkers log all failures = ${global.checkerLogAllFailures}`,
    ...dumpReload(global),
    ...(process === 'parent' ? dumpLifecycle(global, idsOf) : []),
    ...dumpInterfaces(config),
    ...dumpTimeouts(global),
    ...(process === 'vrrp' ? [` Default interface = ${global.defaultInterface}`] : []),
    ` Disable local IGMP = ${keptWords(global.other, 'disable_local_igmp') === undefined ? 'no' : 'yes'}`,
    ...dumpLvs(global),
    ...dumpFifos(config, process, idsOf),
    ` FIFO write vrrp states on reload = ${config.vrrp.globals.fifoStatesOnReload}`,
    ` VRRP notify priority changes = ${config.vrrp.globals.notifyPriorityChanges}`,
    ...dumpVrrpDefaults(global, process),
    ...dumpFirewall(config, process),
    ` VRRP check unicast_src = ${global.vrrpDefaults.checkUnicastSource}`,
    ` VRRP skip check advert addresses = ${global.vrrpDefaults.skipCheckAdvertAddresses}`,
    ` VRRP strict mode = ${global.vrrpDefaults.strict}`,
    ...dumpProcessSettings(global, { isVrrp: process === 'vrrp', idsOf }),
    ...dumpLate(config),
  ];
}

function named(front: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${front}${value}`];
}

function dumpMail(mail: MailConfig): readonly string[] {
  const lines: string[] = [];
  const { server } = mail;
  if (server !== undefined) {
    lines.push(` Smtp server = ${server.host}`, ` Smtp server port = ${server.port}`);
    lines.push(` Smtp HELO name = ${mail.heloName}`);
    lines.push(` Smtp server connection timeout = ${mail.connectTimeout / 1_000_000}`);
    lines.push(` Email notification from = ${mail.sender}`);
    lines.push(' Email notification to:', ...mail.recipients.map((one) => `   ${one}`));
  }
  const { all, vrrp, checker } = mail.alerts;
  const word = (value: boolean | undefined) =>
    value === undefined ? 'unset' : value ? 'on' : 'off';
  lines.push(` Default smtp_alert = ${word(all)}`);
  lines.push(` Default smtp_alert_vrrp = ${word(vrrp)}`);
  lines.push(` Default smtp_alert_checker = ${word(checker)}`);
  return lines;
}

function dumpReload({ other, instanceName }: GlobalConfig): readonly string[] {
  const lines: string[] = [];
  const check = keptWords(other, 'reload_check_config');
  if (check === undefined) lines.push(' No test config before reload');
  else lines.push(` Test config before reload, log to ${check[0] ?? '/dev/null'}`);
  const time = keptWord(other, 'reload_time_file');
  if (time !== undefined) {
    const repeats = keptWords(other, 'reload_repeat') !== undefined;
    lines.push(` Reload time file = ${time}${repeats ? ' (repeat)' : ''}`, ' No reload scheduled');
  }
  const file = keptWords(other, 'reload_file');
  if (file !== undefined) {
    const tail = instanceName === undefined ? '' : `_${instanceName}`;
    lines.push(` Reload_file = ${file[0] ?? `/run/keepalived/keepalived${tail}.reload`}`);
  }
  const uses = keptWords(other, 'data_use_instance');
  if (uses !== undefined && !/^(off|false|no)$/.test(uses[0] ?? '')) {
    lines.push(' Use instance name in data dumps');
  }
  return lines;
}

function dumpLifecycle(
  { startupScript, shutdownScript }: GlobalConfig,
  idsOf: IdsOf,
): readonly string[] {
  const lines: string[] = [];
  const secondsOf = (us: number) => us / 1_000_000;
  if (startupScript !== undefined) {
    const { arguments: words, timeout } = startupScript;
    const ids = idsOf(startupScript);
    lines.push(` Startup script = ${quoted(words)}, uid:gid ${ids}, timeout ${secondsOf(timeout)}`);
  }
  if (shutdownScript !== undefined) {
    const { arguments: words, timeout } = shutdownScript;
    const ids = idsOf(shutdownScript);
    lines.push(` Shutdown script = ${quoted(words)}, uid:gid ${ids} timeout ${secondsOf(timeout)}`);
  }
  return lines;
}

function dumpInterfaces({ vrrp, global }: DaemonConfig): readonly string[] {
  const { dynamicInterfaces } = vrrp.globals;
  const lines = [` Dynamic interfaces = ${dynamicInterfaces !== 'no'}`];
  if (dynamicInterfaces !== 'no') {
    lines.push(` Allow interface changes = ${dynamicInterfaces === 'allow-if-changes'}`);
  }
  if (global.mail.noEmailFaults) lines.push(' Send emails for fault transitions = off');
  return lines;
}

/** All three lines bear the first one's name. */
/** The one of UDP bears the name of TCP's there. */
function dumpTimeouts({ lvsTimeouts }: GlobalConfig): readonly string[] {
  const { tcp, tcpFin, udp } = lvsTimeouts;
  const line = (name: string, one: number | undefined) =>
    one === undefined ? [] : [` LVS ${name} timeout = ${one / 1_000_000}`];
  return [...line('TCP', tcp), ...line('TCP FIN', tcpFin), ...line('TCP', udp)];
}

function dumpLvs(global: GlobalConfig): readonly string[] {
  const { lvsSyncDaemon: sync } = global;
  const lines: string[] = [];
  if (sync !== undefined) {
    if (sync.instance !== undefined) {
      lines.push(` LVS syncd vrrp instance = ${sync.instance}, interface = ${sync.interface}`);
    } else lines.push(` LVS syncd interface = ${sync.interface}`);
  }
  const stops = { no: 'disabled', all: 'full', services: 'VS' } as const;
  lines.push(` LVS flush = ${global.lvsFlush}`);
  lines.push(` LVS flush on stop = ${stops[global.lvsFlushOnStop]}`);
  return lines;
}

/** A FIFO and the script that reads it. */
interface FifoDump {
  readonly path: string;
  readonly user?: string;
  readonly group?: string;
  readonly script?: readonly string[];
}

/** The process that serves a FIFO has appended its path to the script's arguments. */
function dumpFifos(config: DaemonConfig, process: DumpingProcess, idsOf: IdsOf): readonly string[] {
  const { notifyFifo, vrrpNotifyFifo } = config.vrrp.globals;
  const dump = (title: string, fifo: FifoDump | undefined, served: boolean) => {
    if (fifo === undefined) return [];
    const ids = idsOf({ ...scriptUserOf(config.global), ...fifo });
    const lines = [` ${title} notify fifo = ${fifo.path}, uid:gid ${ids}`];
    if (fifo.script !== undefined) {
      const words = served ? [...fifo.script, fifo.path] : fifo.script;
      lines.push(` ${title} notify fifo script = ${quoted(words)}, uid:gid ${ids}`);
    }
    return lines;
  };
  return [
    ...dump('Global', notifyFifo, process === 'vrrp'),
    ...dump('VRRP', vrrpNotifyFifo, process === 'vrrp'),
    ...dump('LVS', config.global.lvsNotifyFifo, process === 'checkers'),
  ];
}

function dumpVrrpDefaults(global: GlobalConfig, process: DumpingProcess): readonly string[] {
  const { garp, ...defaults } = global.vrrpDefaults;
  const extra = garp.extraAll ? 'i/f' : 'VMAC';
  return [
    ` VRRP IPv4 mcast group = ${formatIp(defaults.multicastGroup4)}`,
    ` VRRP IPv6 mcast group = ${formatIp(defaults.multicastGroup6)}`,
    ` Gratuitous ARP delay = ${garp.delay / 1_000_000}`,
    ` Gratuitous ARP repeat = ${garp.repeat}`,
    ` Gratuitous ARP refresh timer = ${garp.refresh / 1_000_000}`,
    ` Gratuitous ARP refresh repeat = ${garp.refreshRepeat}`,
    ...lowerPriority(garp, process),
    ` Num adverts before down = ${defaults.downTimerAdverts}`,
    ` Gratuitous ARP for each secondary ${extra} = ${garp.extraInterface / 1_000_000}s`,
    ` Send advert after receive lower priority advert = ${!defaults.lowerPriorityNoAdvert}`,
    ` Send advert after receive higher priority advert = ${defaults.higherPrioritySendAdvert}`,
    ` Gratuitous ARP interval = ${(garp.interval / 1_000_000).toFixed(6)}`,
    ` Gratuitous NA interval = ${(garp.gnaInterval / 1_000_000).toFixed(6)}`,
    ` VRRP default protocol version = ${defaults.version}`,
  ];
}

function lowerPriority(garp: GlobalGarp, process: DumpingProcess): readonly string[] {
  const isVrrp = process === 'vrrp';
  const given = garp.lowerPriorityDelay;
  const delay = (given ?? garp.delay) / 1_000_000;
  const repeat = garp.lowerPriorityRepeat ?? garp.repeat;
  const isUnset = garp.lowerPriorityRepeat === undefined && !isVrrp;
  return [
    ` Gratuitous ARP lower priority delay = ${given === undefined && !isVrrp ? UNSET : delay}`,
    ` Gratuitous ARP lower priority repeat = ${isUnset ? UNSET : repeat}`,
  ];
}

/** nftables serve VMACs and no_accept; the VRRP process takes defaults when it needs them. */
function dumpFirewall(config: DaemonConfig, process: DumpingProcess): readonly string[] {
  const { other } = config.global;
  const needed = config.vrrp.instances.some(
    (one) => one.vmac !== undefined || (!one.accept && one.priority !== 255),
  );
  const lines: string[] = [];
  const table = firewallTable(other);
  if (table !== undefined || (needed && process === 'vrrp')) {
    const forced = keptWords(other, 'nftables_ifindex') !== undefined;
    lines.push(` nftables table name = ${table ?? FIREWALL_TABLE}`);
    lines.push(` nftables base chain priority = ${keptWord(other, 'nftables_priority') ?? '-1'}`);
    lines.push(` nftables ${forced ? '' : "don't "}force use ifindex for link local IPv6`);
  }
  const ipvs = keptWords(other, 'nftables_ipvs');
  if (ipvs !== undefined) {
    const priority = keptWord(other, 'nftables_ipvs_priority') ?? '-1';
    const mark = keptWord(other, 'nftables_ipvs_start_fwmark') ?? '1000';
    lines.push(` ipvs nftables table name = ${ipvs[0] ?? 'keepalived_ipvs'}`);
    lines.push(` ipvs nftables base chain priority = ${priority}`);
    lines.push(` ipvs nftables start fwmark = ${mark}`);
  }
  const counters = keptWords(other, 'nftables_counters') !== undefined;
  lines.push(` nftables with${counters ? '' : 'out'} counters`, ' libnftnl version 1.2.3');
  return lines;
}

/** The last lines of the section. */
function dumpLate({ global, vrrp }: DaemonConfig): readonly string[] {
  const { vmacPrefix, vmacAddrPrefix } = global.vrrpDefaults;
  const delay = vrrp.globals.startupDelay / 1_000_000;
  return [
    ...(delay === 0 ? [] : [` vrrp_startup_delay = ${Number(delay.toPrecision(6))}`]),
    ...(vrrp.globals.logUnknownVrids ? [' log_unknown_vrids'] : []),
    ...named(' VMAC prefix = ', vmacPrefix),
    ...named(' VMAC address prefix = ', vmacAddrPrefix),
  ];
}
