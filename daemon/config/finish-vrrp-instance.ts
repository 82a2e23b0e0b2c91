/**
 * keepalived's corrections of one vrrp_instance, in its order: version and family, addresses, state and
 * priority, authentication, strict mode, preemption, adverts, VMAC, and where each address goes. False when
 * keepalived would not start VRRP at all.
 *
 * Source: words and values as `keepalived -t` and `-d` of 2.2.7 give them.
 */

import { formatIp, isIpv4 } from '../wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../wire/ipv6-address.ts';
import { finishAddresses, finishVmac } from './finish-vrrp-interfaces.ts';
import { dropOwnInterface, finishInstanceTracking } from './finish-vrrp-tracking.ts';
import { finishAuthHmac } from './keywords/auth-hmac.ts';
import type { ParseContext } from './parse-context.ts';
import { placeOf } from './place-of.ts';
import type { Complaint } from './reporter.ts';
import type { InstanceDraft } from './vrrp-draft.ts';

/** Says something about an instance in keepalived's words, at a keyword of it. */
type Say = (code: string, text: string, keyword: string, more?: Partial<Complaint>) => void;

/** Applies everything to one instance. */
export function finishInstance(context: ParseContext, instance: InstanceDraft): boolean {
  const say: Say = (code, text, keyword, more = {}) => {
    const place = placeOf(instance, keyword);
    context.complain(code, `(${instance.name}) ${text}`, { unplaced: true, ...place, ...more });
  };
  instance.strict ??= context.global.strict;
  finishVersion(context, instance, say);
  if (!hasAddresses(instance, say)) return false;
  finishState(instance, say);
  finishAuthHmac(context, instance);
  finishAuthentication(instance, say);
  finishVrf(instance, say);
  if (!finishUnicast(context, instance, say)) return false;
  checkFirstAddress(context, instance, say);
  limitAddresses(context, instance, say);
  finishPreemption(instance, say);
  finishDownTimer(instance, say);
  finishAccept(instance, say);
  finishStrict(context, instance, say);
  finishAdvertInterval(instance, say);
  if (instance.source === undefined) instance.trackSource = false;
  finishVmac(context, instance);
  finishAddresses(context, instance);
  dropOwnInterface(context, instance);
  sayNoAddressIsOdd(instance, say);
  finishInstanceTracking(context, instance);
  finishDebounce(context, instance);
  return true;
}

function finishVersion(context: ParseContext, instance: InstanceDraft, say: Say): void {
  if (instance.family === 'inet6' && instance.version === 2 && instance.strict === true) {
    say('version', 'cannot use IPv6 with VRRP version 2; setting version 3', 'version');
    instance.version = 3;
  }
  if (instance.family === 'inet6' && instance.version === 2) {
    const message = `vrrp_instance ${instance.name}: IPv6 with version 2 is no standard; keepalived sends it all the same`;
    context.remark('ipv6-version-2', message, placeOf(instance, 'version'));
  }
  instance.family ??= 'inet';
  if (instance.version === 0) {
    instance.version = instance.family === 'inet6' ? 3 : context.global.version;
  }
}

function hasAddresses(instance: InstanceDraft, say: Say): boolean {
  if (instance.vips.length > 0 || instance.noVirtualAddresses) return true;
  if (instance.version === 3 || instance.family === 'inet6' || instance.strict === true) {
    say('no-address', 'No VIP specified; at least one is required', 'virtual_ipaddress', {
      severity: 'error',
      message: `vrrp_instance ${instance.name} has no virtual_ipaddress and needs one; keepalived does not start VRRP`,
    });
    return false;
  }
  sayNoAddressIsOdd(instance, say);
  return true;
}

/** keepalived says it twice, first of all about an instance and before its trackers; as a problem it counts once. */
function sayNoAddressIsOdd(instance: InstanceDraft, say: Say): void {
  if (instance.vips.length > 0 || instance.noVirtualAddresses) return;
  say('no-address', 'No VIP specified; at least one is sensible', 'virtual_ipaddress');
}

function finishState(instance: InstanceDraft, say: Say): void {
  if (instance.priority === 0) instance.priority = instance.state === 'MASTER' ? 255 : 100;
  const fitting = instance.priority === 255 ? 'MASTER' : 'BACKUP';
  if (instance.state === undefined) instance.state = fitting;
  else if (instance.strict === true && instance.state !== fitting) {
    say('strict', 'State MASTER must match being address owner', 'state', {
      message: `strict mode: state MASTER goes with priority 255 only; state is ${fitting}`,
    });
    instance.state = fitting;
  }
}

function finishAuthentication(instance: InstanceDraft, say: Say): void {
  if (instance.authType === undefined) return;
  const drop = (text: string) => {
    say('authentication', text, 'auth_type');
    delete instance.authType;
  };
  if (instance.strict === true) drop('Strict mode does not support authentication. Ignoring.');
  else if (instance.version === 3) {
    drop('VRRP version 3 does not support authentication. Ignoring.');
  } else if (instance.authPass === '') {
    drop('Authentication specified but no password given. Ignoring');
  } else if (instance.authType === 'AH' && instance.family === 'inet6') {
    drop('Cannot use AH authentication with IPv6. ignoring');
  } else if (
    instance.authType === 'AH' &&
    instance.state === 'MASTER' &&
    instance.priority !== 255
  ) {
    say(
      'authentication',
      'Initial state master is incompatible with AH authentication - clearing',
      'state',
    );
    instance.state = 'BACKUP';
  }
}

function finishVrf(instance: InstanceDraft, say: Say): void {
  if (instance.vrf === undefined || instance.interface === undefined) return;
  say('conflict', 'vrf can only be specified without interface - clearing', 'vrf');
  delete instance.vrf;
}

function finishUnicast(context: ParseContext, instance: InstanceDraft, say: Say): boolean {
  if (instance.peers.length === 0) {
    if (instance.unicastFaultNoPeer) {
      const message = `vrrp_instance ${instance.name} has unicast_fault_no_peer and no peers: it goes to FAULT`;
      context.remark('unicast', message, placeOf(instance, 'unicast_fault_no_peer'));
      instance.configFaults++;
    } else if (instance.unicastWanted) {
      say(
        'unicast',
        'A unicast keyword has been specified without any unicast peers. Defaulting to ' +
          'multicast. This usage is deprecated - please update your configuration.',
        'unicast_src_ip',
        { message: 'unicast is spoken of but unicast_peer lists nobody: adverts are multicast' },
      );
    }
    return true;
  }
  if (instance.multicastGroup !== undefined) {
    say('unicast', 'multicast destination specified with unicast - ignoring', 'mcast_dst_ip');
    delete instance.multicastGroup;
  }
  if (instance.interface === undefined && instance.family === 'inet6') {
    const { source } = instance;
    if (source !== undefined && !isIpv4(source) && isLinkLocalIpv6(source)) {
      say('unicast', 'Non link-local address required if interface omitted', 'unicast_src_ip', {
        severity: 'error',
      });
      return false;
    }
  }
  if (instance.family === 'inet') instance.unicastTtl ??= 255;
  remarkOnUnicast(context, instance);
  return true;
}

/** Addresses of unicast that keepalived takes and that cannot work. */
function remarkOnUnicast(context: ParseContext, instance: InstanceDraft): void {
  const { source } = instance;
  const facts = context.machine.interfaces?.find((one) => one.name === instance.interface);
  const own = instance.peers.find((peer) =>
    [instance.source, ...(facts?.addresses.map((one) => one.address) ?? [])].includes(peer.address),
  );
  if (own !== undefined) {
    context.remark(
      'own-address-as-peer',
      `vrrp_instance ${instance.name}: unicast_peer lists this host's own address; adverts to it come back`,
      placeOf(instance, 'unicast_peer'),
    );
  }
  const all = context.machine.interfaces?.flatMap((one) => one.addresses);
  if (source === undefined || all === undefined) return;
  if (all.some((one) => one.address === source)) return;
  context.remark(
    'source-not-here',
    `vrrp_instance ${instance.name}: unicast_src_ip ${formatIp(source)} is no address of this host`,
    placeOf(instance, 'unicast_src_ip'),
  );
}

function checkFirstAddress(context: ParseContext, instance: InstanceDraft, say: Say): void {
  const first = instance.vips[0]?.address;
  if (instance.peers.length > 0 || first === undefined || isIpv4(first)) return;
  if (isLinkLocalIpv6(first)) return;
  const what = 'the first IPv6 VIP address';
  if (instance.strict === true) {
    say('not-link-local', `${what} must be link local`, 'virtual_ipaddress');
  } else {
    context.remark(
      'not-link-local',
      `vrrp_instance ${instance.name}: ${what} should be link-local (fe80::/10), RFC 9568 section 5.2.9`,
      placeOf(instance, 'virtual_ipaddress'),
    );
  }
}

/** Most addresses that an advert counts. */
const ADDRESSES_MAX = 255;

function limitAddresses(context: ParseContext, instance: InstanceDraft, say: Say): void {
  const facts = context.machine.interfaces?.find((one) => one.name === instance.interface);
  const mtu = facts?.mtu ?? 1500;
  const auth = instance.version === 2 ? 8 + (instance.authType === 'AH' ? 24 : 0) : 0;
  const inet = instance.family === 'inet';
  const header = 14 + 8 + (inet ? 20 + auth : 40);
  const most = Math.min(ADDRESSES_MAX, Math.floor((mtu - header) / (inet ? 4 : 16)));
  if (instance.vips.length <= most) return;
  const text =
    `Number of VIPs (${instance.vips.length}) exceeds maximum/space available in packet` +
    ` (max ${most} addresses) - excess moved to eVIPs`;
  say('too-many-addresses', text, 'virtual_ipaddress');
  instance.evips.push(...instance.vips.splice(most - 1));
}

function finishPreemption(instance: InstanceDraft, say: Say): void {
  if (instance.priority === 255 && instance.nopreempt) {
    say('preempt', 'nopreempt is incompatible with priority 255. resetting nopreempt', 'nopreempt');
    instance.nopreempt = false;
  }
  if (instance.state === 'MASTER' && instance.nopreempt) {
    const text = 'Warning - nopreempt will not work with initial state MASTER - clearing';
    say('preempt', text, 'nopreempt', { hint: 'use state BACKUP with nopreempt, on all routers' });
    instance.nopreempt = false;
  }
  if (instance.state === 'MASTER' && instance.preemptDelayUs > 0) {
    const text = 'Warning - preempt delay will not work with initial state MASTER - clearing';
    say('preempt', text, 'preempt_delay', { hint: 'use state BACKUP with preempt_delay' });
    instance.preemptDelayUs = 0;
  }
  if (instance.preemptDelayUs > 0 && instance.strict === true) {
    const text = 'preempt_delay is incompatible with strict mode - resetting';
    say('strict', text, 'preempt_delay');
    instance.preemptDelayUs = 0;
  }
  if (instance.preemptDelayUs > 0 && instance.nopreempt) {
    const text = 'preempt_delay is incompatible with nopreempt mode - resetting';
    say('preempt', text, 'preempt_delay');
    instance.preemptDelayUs = 0;
  }
}

function finishDownTimer(instance: InstanceDraft, say: Say): void {
  if (instance.strict !== true || instance.downTimerAdverts === 3) return;
  const text = 'down_timer_adverts is incompatible with strict mode - resetting';
  say('strict', text, 'down_timer_adverts');
  instance.downTimerAdverts = 3;
}

function finishAccept(instance: InstanceDraft, say: Say): void {
  instance.accept ??= instance.priority === 255 || instance.strict !== true;
  const refused =
    instance.accept &&
    instance.priority !== 255 &&
    instance.strict === true &&
    instance.version === 2;
  if (!refused) return;
  const text = 'warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting';
  say('strict', text, 'accept');
  instance.accept = false;
}

function finishStrict(context: ParseContext, instance: InstanceDraft, say: Say): void {
  const { global } = context;
  const strict = instance.strict === true;
  if (strict && (instance.garpLowerRepeat ?? 0) > 0) {
    say('strict', 'Strict mode requires no repeat garps. resetting', 'garp_lower_prio_repeat');
    instance.garpLowerRepeat = 0;
  }
  instance.garpLowerRepeat ??= strict ? 0 : (global.garpLowerRepeat ?? global.garpRepeat);
  if (strict && (instance.garpLowerDelayUs ?? 0) > 0) {
    say('strict', 'Strict mode requires no repeat garp delay. resetting', 'garp_lower_prio_delay');
    instance.garpLowerDelayUs = 0;
  }
  instance.garpLowerDelayUs ??= strict ? 0 : (global.garpLowerDelayUs ?? global.garpDelayUs);
  if (strict && instance.lowerPriorityNoAdvert === false) {
    const text = 'Strict mode requires no lower priority advert. resetting';
    say('strict', text, 'lower_prio_no_advert');
    instance.lowerPriorityNoAdvert = true;
  }
  instance.lowerPriorityNoAdvert ??= strict ? true : global.lowerPriorityNoAdvert;
  if (strict && instance.higherPrioritySendAdvert === true) {
    const text = 'strict mode requires higher_prio_send_advert to be clear. resetting';
    say('strict', text, 'higher_prio_send_advert');
    instance.higherPrioritySendAdvert = false;
  }
  instance.higherPrioritySendAdvert ??= strict ? false : global.higherPrioritySendAdvert;
  instance.smtpAlert ??= global.smtpAlertVrrp ?? global.smtpAlert ?? false;
  const group = context.vrrp.groups.find((one) => one.name === instance.group);
  instance.notifyPriorityChanges ??= group?.notifyPriorityChanges ?? global.notifyPriorityChanges;
}

function finishAdvertInterval(instance: InstanceDraft, say: Say): void {
  if (instance.advertUs === 0) instance.advertUs = 1_000_000;
  const seconds = instance.advertUs / 1_000_000;
  const v2 = instance.version === 2;
  const unit = v2 ? 1_000_000 : 10_000;
  const bound = v2 ? 256_000_000 : 40_960_000;
  if (instance.advertUs >= bound) {
    const limits = v2
      ? 'Must be less than 256s. Setting to 255s'
      : 'Must be less than 40.96s. Setting to 40.95s';
    const text = `VRRPv${instance.version} advertisement interval ${seconds.toFixed(2)}s is out of range. ${limits}`;
    say('advert-interval', text, 'advert_int');
    instance.advertUs = bound - unit;
  } else if (instance.advertUs % unit !== 0) {
    const how = v2 ? 'must be an integer. rounding' : 'must be in units of 10ms - rounding';
    const text = `VRRPv${instance.version} advertisement interval ${seconds.toFixed(6)}s ${how}`;
    const rounded = instance.advertUs + unit / 2;
    instance.advertUs = Math.max(unit, rounded - (rounded % unit));
    say('advert-interval', text, 'advert_int', {
      message: `advert_int ${seconds} is rounded to ${instance.advertUs / 1_000_000} s: VRRPv${instance.version} counts in ${v2 ? 'whole seconds' : 'hundredths of a second'}`,
      hint: v2 ? 'fractions of a second need version 3' : 'write two decimals at most',
    });
  }
}

/**
 * Debounce delays must be shorter than the time after which a master counts as dead. What is too long becomes that
 * time less the skew of priority 255; where one advert decides, delays are dropped (test/reference/dumps/up-down-delays).
 */
function finishDebounce(context: ParseContext, instance: InstanceDraft): void {
  const delay = context.vrrp.delays.find((one) => one.interface === instance.interface);
  if (delay === undefined || Math.max(delay.downUs, delay.upUs) === 0) return;
  const adverts = instance.downTimerAdverts - 1;
  const patience = adverts * instance.advertUs;
  // From 2.3.3 on an interface may come up as late as one likes.
  const limitsUp = !context.knows('2.3.3');
  if (delay.downUs < patience && (!limitsUp || delay.upUs < patience)) return;
  const message =
    `delays of interface ${delay.interface} are not below (down_timer_adverts - 1) * advert_int` +
    ` of vrrp_instance ${instance.name}; keepalived shortens them`;
  const startText =
    adverts === 0
      ? `${instance.name}: cannot use debounce timers with down_timer_adverts = 1 - resetting`
      : `${instance.name}: interface ${delay.interface} debounce timer(s) not less that ${adverts} * advert_int - resetting`;
  const at = placeOf(instance, 'down_timer_adverts', 'advert_int');
  context.remark('debounce', message, { ...at, startText });
  const longest = adverts === 0 ? 0 : patience - Math.floor(instance.advertUs / 256);
  if (delay.downUs >= patience) delay.downUs = longest;
  if (limitsUp && delay.upUs >= patience) delay.upUs = longest;
}
