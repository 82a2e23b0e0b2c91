/** Interfaces of an instance after reading: names of VMACs, and the interface of each address. */

import { familyOf, formatPrefix } from '../wire/ip-address.ts';
import { virtualRouterMac } from '../wire/vrrp-header.ts';
import type { ParseContext } from './parse-context.ts';
import { placeOf } from './place-of.ts';
import type { AddressDraft, InstanceDraft } from './vrrp-draft.ts';

/** Gives VMAC and ipvlan a name and applies what they exclude. */
export function finishVmac(context: ParseContext, instance: InstanceDraft): void {
  const say = (text: string, keyword: string) => {
    context.complain('vmac', `(${instance.name}) ${text}`, {
      unplaced: true,
      ...placeOf(instance, keyword),
    });
  };
  const made = instance.vmac ?? instance.ipvlan;
  if (made !== undefined) {
    made.name ??= leftOverName(context, instance) ?? freeName(context, instance);
    if (instance.vmac?.mac !== undefined && instance.strict === true) {
      const text = `(${instance.name}): cannot specify MAC address with strict mode - clearing`;
      context.complain('strict', text, { unplaced: true, ...placeOf(instance, 'use_vmac') });
      delete instance.vmac.mac;
    }
    if (instance.vmac !== undefined && instance.strict === true && instance.vmacXmitBase) {
      say('xmit_base is incompatible with strict mode - resetting', 'vmac_xmit_base');
      instance.vmacXmitBase = false;
    }
    if (instance.promoteSecondaries) {
      const text = 'promote_secondaries is automatically set for vmacs - ignoring';
      say(text, 'promote_secondaries');
      instance.promoteSecondaries = false;
    }
  }
  if (instance.ipvlan !== undefined) {
    if (instance.family === 'inet' && instance.ipvlan.address === undefined) {
      const text =
        'IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state';
      say(text, 'use_ipvlan');
      instance.configFaults++;
    }
  }
  if (instance.vmacXmitBase && instance.vmac === undefined) {
    say('vmac_xmit_base is only valid with a vmac', 'vmac_xmit_base');
    instance.vmacXmitBase = false;
  }
}

/**
 * The VMAC that a killed keepalived left behind, which the next one goes on with: a second macvlan
 * with the same MAC would hear nothing, since Linux gives each frame to the first. Measured with
 * 2.2.7: SIGKILL of all its processes, then a start.
 */
function leftOverName(context: ParseContext, instance: InstanceDraft): string | undefined {
  if (instance.vmac === undefined) return undefined;
  const mac = instance.vmac.mac ?? virtualRouterMac(instance.vrid, instance.family ?? 'inet');
  const isTaken = (name: string) => {
    return context.vrrp.instances.some((one) => one !== instance && one.vmac?.name === name);
  };
  const found = context.machine.interfaces?.find(
    (one) =>
      one.kind === 'macvlan' &&
      one.base === instance.interface &&
      one.mac === mac &&
      !isTaken(one.name),
  );
  if (found === undefined) return undefined;
  context.complain('vmac-left', `(${instance.name}) Found matching interface ${found.name}`, {
    unplaced: true,
    level: 'quiet',
    ...placeOf(instance, 'use_vmac'),
  });
  return found.name;
}

/** The first of vrrp.VRID, vrrp1.VRID, … (IPv6: vrrp6 second) that nobody uses. */
function freeName(context: ParseContext, instance: InstanceDraft): string {
  const prefix = context.global.vmacPrefix ?? 'vrrp';
  const used = new Set<string>();
  for (const one of context.vrrp.instances) {
    if (one.vmac?.name !== undefined) used.add(one.vmac.name);
    if (one.ipvlan?.name !== undefined) used.add(one.ipvlan.name);
  }
  const numbered = `.${instance.vrid}`;
  for (const one of context.machine.interfaces ?? []) {
    // Made before the reload, for this very instance: keepalived takes it up again.
    const isOurs =
      one.kind === 'ipvlan' &&
      one.base === instance.interface &&
      one.name.startsWith(prefix) &&
      one.name.endsWith(numbered);
    if (!isOurs) used.add(one.name);
  }
  const tries = instance.family === 'inet6' ? ['', '6', '1', '2', '3'] : ['', '1', '2', '3'];
  for (let extra = 4; ; extra++) {
    const name = `${prefix}${tries.shift() ?? extra}.${instance.vrid}`.slice(-15);
    if (!used.has(name)) return name;
  }
}

/** Decides the interface of each address that names none. */
export function finishAddresses(context: ParseContext, instance: InstanceDraft): void {
  instance.vips = instance.vips.filter((one) => place(context, instance, { one, excluded: false }));
  instance.evips = instance.evips.filter((one) =>
    place(context, instance, { one, excluded: true }),
  );
}

function place(
  context: ParseContext,
  instance: InstanceDraft,
  given: { readonly one: AddressDraft; readonly excluded: boolean },
): boolean {
  const { one } = given;
  const sameFamily = familyOf(one.address) === instance.family;
  const own = one.interface === undefined || one.interface === instance.interface;
  if (one.useVmac) checkUseVmac(context, instance, one);
  if (own && instance.vmac?.name !== undefined && sameFamily) {
    one.interface = instance.vmac.name;
    return true;
  }
  const fallback = instance.interface ?? context.global.defaultInterface;
  if (fallback !== undefined) one.interface ??= fallback;
  if (one.interface === undefined) {
    const what = `no interface for ${given.excluded ? 'e' : ''}vip ${formatPrefix(one)} - removing`;
    context.complain('no-interface', `(${instance.name}): ${what}`, {
      unplaced: true,
      ...(one.at === undefined ? {} : { at: one.at }),
    });
    return false;
  }
  if (one.useVmac || (instance.vmacAddresses && !(own && sameFamily))) {
    one.vmacOn = one.interface;
    const prefix = context.global.vmacAddrPrefix ?? context.global.vmacPrefix ?? 'vrrp';
    one.interface = addressVmac(context, instance, { base: one.vmacOn, prefix });
  }
  return true;
}

function checkUseVmac(context: ParseContext, instance: InstanceDraft, one: AddressDraft): void {
  const sameFamily = familyOf(one.address) === instance.family;
  const own = one.interface === undefined || one.interface === instance.interface;
  const text = formatPrefix(one);
  let what: string | undefined;
  if (own && instance.vmac !== undefined && sameFamily) {
    what = `use_vmac specified for VIP/eVIP ${text} and vrrp instance`;
  } else if (!(own && sameFamily) && instance.vmacAddresses) {
    what = `use_vmac_addr specified and use_vmac specified for VIP/eVIP ${text}`;
  }
  if (what === undefined) return;
  one.useVmac = false;
  context.complain('vmac', `(${instance.name}) ${what}`, {
    unplaced: true,
    ...(one.at === undefined ? {} : { at: one.at }),
  });
}

/** One VMAC per base interface, family and router id, shared by all addresses there. */
function addressVmac(
  context: ParseContext,
  instance: InstanceDraft,
  given: { readonly base: string; readonly prefix: string },
): string {
  const used = new Set<string>();
  for (const other of context.vrrp.instances) {
    for (const one of [...other.vips, ...other.evips]) {
      const same = other.vrid === instance.vrid && one.vmacOn === given.base;
      if (same && one.interface !== given.base && one.interface !== undefined) return one.interface;
      if (one.vmacOn !== undefined && one.interface !== undefined) used.add(one.interface);
    }
    if (other.vmac?.name !== undefined) used.add(other.vmac.name);
  }
  for (let count = 0; ; count++) {
    const name = `${given.prefix}${count === 0 ? '' : count}.${instance.vrid}`;
    if (!used.has(name)) return name;
  }
}
