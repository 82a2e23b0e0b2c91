/** `vrrp_instance`: virtual MACs, ipvlan and VRF. */

import { familyOf, parseIp } from '../../wire/ip-address.ts';
import { isGroupMac, parseMac } from '../../wire/mac-address.ts';
import type { KeywordRow } from '../keyword-row.ts';
import type { ParseContext } from '../parse-context.ts';
import type { InstanceDraft } from '../vrrp-draft.ts';
import { instanceRow } from './instance-row.ts';
import { INTERFACE_NAME_MAX, readAddressWord } from './virtual-address.ts';

type Words = readonly string[];

/** Rows about interfaces that keepalived makes. */
export const instanceVmacRows: readonly KeywordRow[] = [
  instanceRow('use_vmac [[name] NAME] [MAC] [group GROUP]', 'P2', takeVmac),
  instanceRow('use_vmac_addr', 'P2', (_context, instance) => {
    instance.vmacAddresses = true;
  }),
  instanceRow('vmac_xmit_base', 'P2', (_context, instance) => {
    instance.vmacXmitBase = true;
  }),
  instanceRow('use_ipvlan [NAME] [ADDRESS] [bridge|private|vepa]', 'P3', takeIpvlan),
  // A virtual host has no VRF device; what keepalived says about its name is said all the same.
  instanceRow('vrf NAME', 'P3', takeVrf, { status: 'no-effect-here' }),
];

function takeVmac(context: ParseContext, instance: InstanceDraft, words: Words): void {
  instance.vmac ??= {};
  // `name IF` and `group G` came with 2.3.0; a group of interfaces has no effect here.
  const named = context.knows('2.3.0');
  // Before that a name and a MAC are all that is looked at.
  const end = named ? words.length : Math.min(words.length, 3);
  for (let at = 1; at < end; at++) {
    const word = words[at] as string;
    if (named && (word === 'name' || word === 'group')) {
      const value = context.word(words, ++at);
      if (context.reporter.ended) return;
      if (word === 'name') takeVmacName(context, instance, value);
      continue;
    }
    if (named && word === 'netlink_notify_msg') continue;
    const mac = parseMac(word);
    if (word.includes(':') && instance.vmac.mac !== undefined) {
      context.complain('duplicate', 'VMAC interface address already specified', { word });
    } else if (mac === undefined && word.includes(':')) {
      const tail = /[^\da-f:]/i.test(word) ? '' : ' - ignored';
      context.complain('bad-value', `VMAC invalid MAC address ${word}${tail}`, { word });
    } else if (mac === undefined) takeVmacName(context, instance, word);
    else if (isGroupMac(mac)) {
      context.complain('bad-value', `VMAC MAC address is multicast ${word} - ignoring`, { word });
    } else if (Math.trunc(mac / 0x1_0000) === 0x0000_5e00) {
      const text = `VMAC MAC address not allowed to be RFC5798 address (${word}) - ignoring`;
      context.complain('bad-value', text, { word });
    } else instance.vmac.mac = mac;
  }
}

function takeVmacName(context: ParseContext, instance: InstanceDraft, name: string): void {
  const vmac = instance.vmac ?? {};
  instance.vmac = vmac;
  if (vmac.name !== undefined) {
    context.complain('duplicate', 'VMAC interface name already specified', { word: name });
  } else if (!validName(name)) {
    const text = `VMAC interface name '${name}' too long or invalid characters - ignoring`;
    context.complain('bad-name', text, { word: name });
  } else if (nameFree(context, instance, name)) {
    const taken = context.machine.interfaces?.some((one) => one.name === name) === true;
    if (taken) {
      const what = `interface ${name} already exists and is not a private macvlan; ignoring vmac if_name`;
      context.complain('conflict', `(${instance.name}) ${what}`, { word: name });
    } else vmac.name = name;
  }
}

function validName(name: string): boolean {
  return name.length <= INTERFACE_NAME_MAX && !/[/:\s]/.test(name) && !/^\.{0,2}$/.test(name);
}

function nameFree(context: ParseContext, instance: InstanceDraft, name: string): boolean {
  const other = context.vrrp.instances.find(
    (one) => one.vmac?.name === name || one.ipvlan?.name === name,
  );
  if (other === undefined) return true;
  const what = `VRRP instance ${other.name} is already using ${name} - ignoring name`;
  context.complain('conflict', `(${instance.name}) ${what}`, { word: name });
  return false;
}

function takeIpvlan(context: ParseContext, instance: InstanceDraft, words: Words): void {
  if (instance.ipvlan !== undefined) {
    context.complain('duplicate', `(${instance.name}) use_ipvlan already specified`);
    return;
  }
  instance.ipvlan = {};
  for (const word of words.slice(1)) {
    if (word === 'bridge' || word === 'private' || word === 'vepa') {
      if (instance.ipvlan.mode === undefined) instance.ipvlan.mode = word;
      else {
        const text = `(${instance.name}) ipvlan type already specified - ignoring '${word}'`;
        context.complain('duplicate', text, { word });
      }
    } else if (isAddressWithLength(word)) {
      takeIpvlanAddress(context, instance, word);
    } else takeIpvlanName(context, instance, word);
  }
}

/** Anything else is taken for a name, an address with a bad length too. */
function isAddressWithLength(word: string): boolean {
  const [, text = '', length] = /^([^/]*)(?:\/\+?(\d+))?$/.exec(word) ?? [];
  const address = parseIp(text);
  if (address === undefined) return false;
  return Number(length ?? 0) <= (familyOf(address) === 'inet' ? 32 : 128);
}

function takeIpvlanAddress(context: ParseContext, instance: InstanceDraft, word: string): void {
  const ipvlan = instance.ipvlan ?? {};
  const parsed = readAddressWord(context, word);
  if (parsed === undefined) return;
  const family = familyOf(parsed.address);
  if (ipvlan.address !== undefined) {
    const text = `(${instance.name}) ipvlan address already specified - ignoring '${word}'`;
    context.complain('duplicate', text, { word });
    return;
  }
  instance.family ??= family;
  if (instance.family !== family) {
    const what = `ipvlan address[${word}] MUST match vrrp instance family !!! Skipping...`;
    context.complain('bad-family', `(${instance.name}) ${what}`, { word });
    return;
  }
  ipvlan.address = parsed.address;
  ipvlan.length = parsed.length;
  instance.source ??= parsed.address;
}

function takeIpvlanName(context: ParseContext, instance: InstanceDraft, name: string): void {
  const ipvlan = instance.ipvlan ?? {};
  // A name that use_vmac has given counts, too.
  if (ipvlan.name !== undefined || instance.vmac?.name !== undefined) {
    const text = `(${instance.name}) IPVLAN interface already specified - ignoring '${name}'`;
    context.complain('duplicate', text, { word: name });
  } else if (name.length > INTERFACE_NAME_MAX) {
    const text = `(${instance.name}) IPVLAN interface name '${name}' too long - ignoring`;
    context.complain('too-long', text, { word: name });
  } else if (nameFree(context, instance, name)) {
    if (context.machine.interfaces?.some((one) => one.name === name)) {
      const what = `interface ${name} already exists and is not an l2 ipvlan; ignoring ipvlan if_name`;
      context.complain('conflict', `(${instance.name}) ${what}`, { word: name });
    } else ipvlan.name = name;
  }
}

function takeVrf(context: ParseContext, instance: InstanceDraft, words: Words): void {
  const name = context.word(words, 1);
  const say = (text: string) => {
    context.complain('conflict', `(${instance.name}) ${text}`, { word: name });
  };
  if (name.length > INTERFACE_NAME_MAX) say(`VRF interface name '${name}' too long - ignoring`);
  else if (instance.interface !== undefined) {
    say('Cannot specify VRF interface and interface - ignoring');
  } else if (instance.vrf !== undefined) {
    say(`VRF interface already specified as '${instance.vrf}' - ignoring`);
  } else if (!context.interfaceKnown(name)) {
    say(`WARNING - VRF interface ${name} doesn't exist`);
  } else instance.vrf = name;
}
