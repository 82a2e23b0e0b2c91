/**
 * keepalived.json, which the JSON signal writes: one entry an instance, in the form that exporters
 * read. Numbers and slashes are written as json-c writes them.
 *
 * Source: dumps of keepalived 2.2.7 (test/reference/dumps).
 */

import { dumpAddress } from '../config/dump-addresses.ts';
import { quoted } from '../config/dump-notify.ts';
import { dumpRoute, dumpRule, installed } from '../config/dump-routes.ts';
import { type DumpMoment, type Stamps, stampsOf, stampText } from '../vrrp/dump.ts';
import type { VirtualAddress, VrrpInstanceConfig } from '../vrrp/vrrp-config.ts';
import type { Instance, VrrpMachine } from '../vrrp/vrrp-machine.ts';
import { decodeLatin1 } from '../wire/text.ts';
import { setMark } from './data-dump.ts';

/** One JSON document: an array, one entry an instance. */
export function jsonText(machine: VrrpMachine, moment: DumpMoment): string {
  const stamp = stampsOf(moment);
  const text = JSON.stringify(machine.instances.map((one) => instanceJson(machine, one, stamp)));
  // A number cannot keep microseconds since 1970 exactly: the text goes through as a string.
  const stamped = text.replace(/"stamp:([\d.]+)"/g, '$1');
  return `${stamped.replaceAll('/', '\\/')}\n`;
}

function instanceJson(machine: VrrpMachine, instance: Instance, stamp: Stamps): object {
  const { config, statistics: s } = instance;
  const { garp } = config;
  const made = config.vmac ?? config.ipvlan;
  const vips = (addresses: readonly VirtualAddress[]) =>
    addresses.map((vip) => {
      const text = dumpAddress(vip, made === undefined ? [] : [made]).trim();
      return `${text}${setMark(instance)}`;
    });
  const list = (name: string, texts: readonly string[]) =>
    texts.length === 0 ? {} : { [name]: texts };
  return {
    data: {
      iname: config.name,
      dont_track_primary: Number(config.dontTrackPrimary),
      skip_check_adv_addr: Number(config.skipCheckAdvertAddresses),
      strict_mode: Number(config.strict),
      vmac_ifname: made === undefined ? '' : (config.interface ?? ''),
      ifp_ifname: config.interface ?? '',
      master_priority: instance.masterPriority,
      last_transition: `stamp:${stampText(stamp(instance.lastTransitionAt)).split(' ')[0]}`,
      garp_delay: garp.delay / 1_000_000,
      garp_refresh: garp.refresh / 1_000_000,
      garp_rep: garp.repeat,
      garp_refresh_rep: garp.refreshRepeat,
      garp_lower_prio_delay: garp.lowerPriorityDelay / 1_000_000,
      garp_lower_prio_rep: garp.lowerPriorityRepeat,
      lower_prio_no_advert: Number(config.lowerPriorityNoAdvert),
      higher_prio_send_advert: Number(config.higherPrioritySendAdvert),
      vrid: config.vrid,
      base_priority: instance.basePriority,
      effective_priority: instance.effectivePriority,
      vipset: instance.vipSet,
      promote_secondaries: config.promoteSecondaries,
      adver_int: config.advertInterval / 1_000_000,
      master_adver_int: instance.masterAdvertInterval / 1_000_000,
      accept: Number(config.accept),
      nopreempt: !config.preempt,
      preempt_delay: Math.trunc(config.preemptDelay / 1_000_000),
      state: ['INIT', 'BACKUP', 'MASTER', 'FAULT'].indexOf(instance.state),
      wantstate: ['INIT', 'BACKUP', 'MASTER', 'FAULT'].indexOf(instance.wanted),
      version: config.version,
      smtp_alert: config.smtpAlert,
      notify_deleted: config.notifyDeleted === true,
      // What an instance has none of is not there at all.
      ...notifyScripts(config),
      ...list('vips', vips(config.addresses)),
      ...list('evips', vips(config.excludedAddresses)),
      ...list(
        'vroutes',
        config.routes.map((one) => installed(dumpRoute(one), instance.vipSet).trim()),
      ),
      ...list(
        'vrules',
        config.rules.map((one) => dumpRule(one).trim()),
      ),
      ...list(
        'track_ifp',
        config.trackedInterfaces.map((one) => one.interface),
      ),
      ...list('track_script', trackedCommands(machine, config)),
      auth_type: AUTH_NUMBERS[config.authentication?.type ?? 'none'],
      ...(config.authentication === undefined
        ? {}
        : { auth_data: passwordText(config.authentication.key) }),
    },
    stats: {
      advert_rcvd: s.advertsReceived,
      advert_sent: s.advertsSent,
      become_master: s.becameMaster,
      release_master: s.releasedMaster,
      packet_len_err: s.packetLengthErrors,
      advert_interval_err: s.advertIntervalErrors,
      ip_ttl_err: s.ttlErrors,
      invalid_type_rcvd: s.invalidTypeReceived,
      addr_list_err: s.addressListErrors,
      invalid_authtype: s.invalidAuthType,
      authtype_mismatch: s.authTypeMismatch,
      auth_failure: s.authFailures,
      pri_zero_rcvd: s.priorityZeroReceived,
      pri_zero_sent: s.priorityZeroSent,
    },
  };
}

const NOTIFY_NAMES = [
  ['script_backup', 'backup'],
  ['script_master', 'master'],
  ['script_fault', 'fault'],
  ['script_stop', 'stop'],
  ['script_deleted', 'deleted'],
  ['script', 'any'],
  ['script_master_rx_lower_pri', 'masterReceivesLowerPriority'],
] as const;

function notifyScripts({ notify }: VrrpInstanceConfig): Readonly<Record<string, string>> {
  const scripts: [string, string][] = [];
  for (const [name, field] of NOTIFY_NAMES) {
    const script = notify[field];
    if (script !== undefined) scripts.push([name, quoted(script.arguments)]);
  }
  return Object.fromEntries(scripts);
}

function trackedCommands(machine: VrrpMachine, config: VrrpInstanceConfig): readonly string[] {
  return config.trackedScripts.flatMap(({ name }) => {
    const script = machine.config.scripts.find((one) => one.name === name);
    return script === undefined ? [] : [quoted(script.arguments)];
  });
}

const AUTH_NUMBERS = { none: 0, PASS: 1, AH: 2 } as const;

function passwordText(key: Uint8Array): string {
  const end = key.indexOf(0);
  return decodeLatin1(end < 0 ? key : key.subarray(0, end));
}
