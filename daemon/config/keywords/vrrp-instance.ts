/** `vrrp_instance`: identity, adverts, addresses. Garp, unicast and VMAC stand in files beside this one. */

import { familyOf } from '../../wire/ip-address.ts';
import { readValueBlock } from '../block-parser.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import { readDecimal } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { utf8Length } from '../source-text.ts';
import { type InstanceDraft, type NotifyKind, newTracking } from '../vrrp-draft.ts';
import { instanceRow } from './instance-row.ts';
import { readRoute } from './ip-routes.ts';
import { readRule } from './ip-rules.ts';
import { notifyRow, trackingRows } from './tracking.ts';
import { readVirtualAddress } from './virtual-address.ts';
import { instanceGarpRows } from './vrrp-instance-garp.ts';
import { identityRows } from './vrrp-instance-identity.ts';
import { instanceSourceRows } from './vrrp-instance-source.ts';
import { instanceVmacRows } from './vrrp-instance-vmac.ts';

type Words = readonly string[];

const trackerOf = (context: ParseContext) =>
  context.instance === undefined
    ? undefined
    : { draft: context.instance, name: context.instance.name };

const addressRows: readonly KeywordRow[] = [
  instanceRow('virtual_ipaddress { ADDRESS… }', 'P1', (context, instance, words) => {
    readValueBlock(context, words, (values) => takeVip(context, instance, values));
  }),
  instanceRow('virtual_ipaddress_excluded { ADDRESS… }', 'P2', (context, instance, words) => {
    readValueBlock(context, words, (values) => {
      const address = readVirtualAddress(context, values, { isStatic: false });
      if (address !== undefined) instance.evips.push(address);
    });
  }),
  instanceRow('promote_secondaries', 'P2', (_context, instance) => {
    instance.promoteSecondaries = true;
  }),
  instanceRow('virtual_routes { ROUTE… }', 'P2', (context, instance, words) => {
    readValueBlock(context, words, (values) => {
      const route = readRoute(context, values, { isStatic: false });
      if (route !== undefined) instance.routes.push(route);
    });
  }),
  instanceRow('virtual_rules { RULE… }', 'P2', (context, instance, words) => {
    readValueBlock(context, words, (values) => {
      const rule = readRule(context, values, { isStatic: false });
      if (rule !== undefined) instance.rules.push(rule);
    });
  }),
];

const behaviourRows: readonly KeywordRow[] = [
  instanceRow('accept', 'P2', (_context, instance) => {
    instance.accept = true;
  }),
  instanceRow('no_accept', 'P2', (_context, instance) => {
    instance.accept = false;
  }),
  instanceRow('preempt', 'P1', (_context, instance) => {
    instance.nopreempt = false;
  }),
  instanceRow('nopreempt', 'P1', (_context, instance) => {
    instance.nopreempt = true;
  }),
  instanceRow('preempt_delay SECONDS', 'P1', (context, instance, words) => {
    const word = context.word(words, 1);
    const range = { least: 0, most: 1_000_000_000, decimals: 6, lenient: true };
    const result = readDecimal(word, range, context.reporter);
    // What begins with a number in range is taken, with the complaint of the reader of numbers alone.
    if (!result.usable) {
      const text = `(${instance.name}) Preempt_delay not valid! must be between 0-1000`;
      context.complain('bad-value', text, { word });
    }
    instance.preemptDelayUs = result.usable ? result.value : 0;
  }),
  // 2.2.7 takes `off` for on, too (test/reference/dumps/skip-check).
  flagRow('skip_check_adv_addr', (instance, value, context) => {
    instance.skipCheckAdvertAddresses = value || !context.knows('2.2.8');
  }),
  instanceRow(
    'v3_checksum_as_v2 [BOOL]',
    'P3',
    (context, instance, words) => {
      const text = `(${instance.name}) invalid v3_checksum_as_v2 ${words[1]} specified`;
      instance.v3ChecksumAsV2 = context.boolean(words, text) ?? instance.v3ChecksumAsV2;
    },
    { since: '2.2.8' },
  ),
  ...['timer_expired_backup [PRIORITY]', 'thread_timer_expired [PRIORITY]'].map((spelling) =>
    instanceRow(
      spelling,
      'P3',
      (_context, instance) => {
        instance.timerExpiredBackup = true;
      },
      { since: '2.2.8' },
    ),
  ),
  instanceRow(
    'no_virtual_ipaddress',
    'P3',
    (_context, instance) => {
      instance.noVirtualAddresses = true;
    },
    { since: '2.2.8' },
  ),
  flagRow('strict_mode', (instance, value) => {
    instance.strict = value;
  }),
  flagRow('lower_prio_no_advert', (instance, value) => {
    instance.lowerPriorityNoAdvert = value;
  }),
  flagRow('higher_prio_send_advert', (instance, value) => {
    instance.higherPrioritySendAdvert = value;
  }),
  instanceRow('down_timer_adverts 1..100', 'P2', (context, instance, words) => {
    const text = `(${instance.name}): Invalid down_timer_adverts [1:100] '${words[1]}'`;
    const result = context.unsigned(words, { least: 1, most: 100, lenient: true, text });
    if (result.usable) instance.downTimerAdverts = result.value;
  }),
  instanceRow('dont_track_primary', 'P2', (_context, instance) => {
    instance.dontTrackPrimary = true;
  }),
  instanceRow('smtp_alert [BOOL]', 'P2', (context, instance, words) => {
    const text = `Invalid vrrp_instance smtp_alert parameter ${words[1]}`;
    const value = context.boolean(words, text);
    if (value !== undefined) instance.smtpAlert = value;
  }),
  instanceRow('notify_priority_changes [BOOL]', 'P3', (context, instance, words) => {
    const text = `(${instance.name}) Invalid value '${words[1]}' for notify_priority_changes specified`;
    const value = context.boolean(words, text);
    if (value !== undefined) instance.notifyPriorityChanges = value;
  }),
];

const NO_EFFECT = { status: 'no-effect-here' } as const;

const oddRows: readonly KeywordRow[] = [
  instanceRow(
    'debug 0..4',
    'P3',
    (context, instance, words) => {
      const text = `(${instance.name}) Debug value '${words[1]}' not valid; must be between 0-4`;
      const result = context.unsigned(words, { least: 0, most: 4, lenient: true, text });
      if (result.usable) instance.debug = result.value;
    },
    NO_EFFECT,
  ),
  instanceRow(
    'kernel_rx_buf_size BYTES',
    'P3',
    (context, instance, words) => {
      const text = `(${instance.name}) invalid kernel_rx_buf_size specified`;
      if (words.length !== 2) {
        context.complain('bad-value', text);
        return;
      }
      const result = context.unsigned(words, { least: 0, most: 4_294_967_295, text });
      if (result.usable) instance.kernelRxBufSize = result.value;
    },
    NO_EFFECT,
  ),
  instanceRow(
    'linkbeat_use_polling',
    'P3',
    (context, instance) => {
      const what =
        "'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block";
      context.complain('deprecated', `(${instance.name}) ${what}`);
    },
    NO_EFFECT,
  ),
  instanceRow('lvs_sync_daemon_interface NAME', 'P3', (context, instance, words) => {
    const what = 'Specifying lvs_sync_daemon_interface against a vrrp is deprecated.';
    context.complain('deprecated', `(${instance.name}) ${what}`);
    const indent = ' '.repeat(Math.max(0, utf8Length(instance.name) - 2));
    context.complain('deprecated', `      ${indent}Please use global lvs_sync_daemon`);
    const name = context.word(words, 1);
    const known = context.global.syncDaemon;
    if (known !== undefined) {
      const refused = `lvs_sync_daemon_interface has already been specified as ${known.interface}`;
      context.complain('duplicate', `(${instance.name}) ${refused} - ignoring`, { word: name });
    } else context.global.syncDaemon = { interface: name, instance: instance.name };
  }),
];

/** The block vrrp_instance. */
export const vrrpInstanceRow: KeywordRow = row('vrrp_instance NAME { … }', 'P1', openInstance, {
  processes: ['vrrp'],
  block: [
    ...identityRows,
    ...addressRows,
    ...behaviourRows,
    ...instanceGarpRows,
    ...instanceSourceRows,
    ...instanceVmacRows,
    ...trackingRows(trackerOf),
    ...notifyRows(),
    ...oddRows,
  ],
  end: closeInstance,
});

function openInstance(context: ParseContext, words: Words): void {
  const name = words[1];
  // Where a refused block has no '{', its lines are read for the instance before it, or for none.
  context.instance = context.vrrp.instances.at(-1) ?? newInstance(context, '(null)');
  if (name === undefined || words.length !== 2) {
    context.complain('bad-name', 'vrrp_instance must have a name', {
      message:
        name === undefined
          ? 'a vrrp_instance needs a name; the block is left out'
          : `a vrrp_instance has one name, '${words.slice(1).join(' ')}' is more; the block is left out`,
    });
    context.skipBlock(true);
    return;
  }
  if (context.vrrp.instanceNames.has(name)) {
    context.complain('duplicate', `vrrp instance ${name} already defined`, {
      word: name,
      message: `vrrp_instance ${name} is defined further up; this block is left out`,
    });
    context.skipBlock(true);
    return;
  }
  context.instance = newInstance(context, name);
  context.vrrp.instances.push(context.instance);
  context.vrrp.instanceNames.add(name);
}

function newInstance(context: ParseContext, name: string): InstanceDraft {
  const { global } = context;
  return {
    ...newTracking(),
    name,
    at: context.reporter.location,
    places: new Map(),
    vrid: 0,
    priority: 0,
    advertUs: 0,
    version: 0,
    authPass: '',
    vips: [],
    evips: [],
    routes: [],
    rules: [],
    peers: [],
    promoteSecondaries: false,
    nopreempt: false,
    preemptDelayUs: 0,
    timerExpiredBackup: false,
    skipCheckAdvertAddresses: global.skipCheckAdvertAddresses,
    v3ChecksumAsV2: global.v3ChecksumAsV2,
    noVirtualAddresses: false,
    trackSource: false,
    checkUnicastSource: global.checkUnicastSource,
    unicastFaultNoPeer: false,
    unicastWanted: false,
    oldUnicastChecksum: 'no',
    vmacAddresses: false,
    vmacXmitBase: false,
    garpDelayUs: global.garpDelayUs,
    garpRepeat: global.garpRepeat,
    garpRefreshS: global.garpRefreshS,
    garpRefreshRepeat: global.garpRefreshRepeat,
    garpExtraAll: false,
    downTimerAdverts: global.downTimerAdverts,
    dontTrackPrimary: false,
    notifyDeleted: false,
    kernelRxBufSize: 0,
    debug: 0,
    configFaults: 0,
  };
}

function closeInstance(context: ParseContext): void {
  const { instance } = context;
  if (instance === undefined) return;
  const unicast = instance.peers.length > 0;
  // A keyword of unicast counts here, though without peers it is multicast in the end. Source: seen with 2.2.7.
  if (instance.unicastWanted && (instance.vmac !== undefined || instance.ipvlan !== undefined)) {
    if (instance.interface === undefined) {
      const what = 'Cannot use VMAC/ipvlan with unicast and no interface - clearing use_vmac';
      context.complain('conflict', `(${instance.name}): ${what}`);
      delete instance.vmac;
      delete instance.ipvlan;
    } else if (!instance.vmacXmitBase) {
      const text = `(${instance.name}) unicast with use_vmac requires vmac_xmit_base - setting`;
      context.complain('conflict', text);
      instance.vmacXmitBase = true;
    }
  }
  if (!unicast && instance.unicastTtl !== undefined) {
    const text = `(${instance.name}): Cannot use unicast_ttl without unicast peers - resetting`;
    context.complain('conflict', text);
  }
  context.instance = undefined;
}

function takeVip(context: ParseContext, instance: InstanceDraft, values: Words): void {
  const address = readVirtualAddress(context, values, { isStatic: false });
  if (address === undefined) return;
  const family = familyOf(address.address);
  if (instance.family !== undefined && instance.family !== family) {
    const what = `address family must match VRRP instance [${values[0]}] - ignoring`;
    context.complain('bad-family', `(${instance.name}): ${what}`, { word: values[0] as string });
    return;
  }
  instance.family = family;
  instance.vips.push(address);
}

function flagRow(
  keyword: string,
  set: (instance: InstanceDraft, value: boolean, context: ParseContext) => void,
): KeywordRow {
  return instanceRow(`${keyword} [BOOL]`, 'P2', (context, instance, words) => {
    const text = `(${instance.name}) invalid ${keyword} ${words[1]} specified`;
    const value = context.boolean(words, text);
    if (value !== undefined) set(instance, value, context);
  });
}

function notifyRows(): readonly KeywordRow[] {
  const kinds: readonly NotifyKind[] = [
    'notify_master',
    'notify_backup',
    'notify_fault',
    'notify_stop',
    'notify',
    'notify_master_rx_lower_pri',
  ];
  const plain = kinds.map((kind) =>
    notifyRow(kind, trackerOf, (name) => `(${name}) ${kind} script`),
  );
  const scripted = notifyRow('notify_deleted', trackerOf, (name) => `(${name}) notify_deleted`);
  const deleted = instanceRow('notify_deleted [COMMAND]', 'P2', (context, instance, words) => {
    if (instance.notifyDeleted) {
      const text = `(${instance.name}) notify_deleted already specified - ignoring ${words[1] ?? ''}`;
      context.complain('duplicate', text);
      return;
    }
    if (words[1] !== undefined) scripted.apply?.(context, words);
    instance.notifyDeleted = true;
  });
  return [...plain, deleted];
}
