/** `vrrp_instance`: source and destination of adverts, unicast peers. */

import { familyOf, isIpv4, parseIp } from '../../wire/ip-address.ts';
import { isMulticastIpv4 } from '../../wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../wire/ipv6-address.ts';
import { readValueBlock } from '../block-parser.ts';
import type { KeywordRow } from '../keyword-row.ts';
import { readUnsigned } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import type { InstanceDraft, PeerDraft } from '../vrrp-draft.ts';
import { readAddress } from './arguments.ts';
import { instanceRow } from './instance-row.ts';

type Words = readonly string[];

const NO_EFFECT = { status: 'no-effect-here' } as const;

/** Rows about addresses of adverts. */
export const instanceSourceRows: readonly KeywordRow[] = [
  instanceRow('mcast_src_ip ADDRESS', 'P1', takeSource),
  instanceRow('unicast_src_ip ADDRESS', 'P1', (context, instance, words) => {
    instance.unicastWanted = true;
    takeSource(context, instance, words);
  }),
  instanceRow('track_src_ip', 'P3', trackSource, NO_EFFECT),
  instanceRow('mcast_dst_ip ADDRESS', 'P2', takeDestination),
  instanceRow('unicast_peer { ADDRESS [min_ttl N] [max_ttl N] … }', 'P1', takePeers),
  instanceRow('unicast_ttl 0..255', 'P2', (context, instance, words) => {
    const text = `(${instance.name}): TTL '${words[1]}' not valid - must be between 0 & 255`;
    const result = context.unsigned(words, { least: 0, most: 255, text });
    if (result.usable) instance.unicastTtl = result.value;
  }),
  instanceRow('check_unicast_src', 'P2', (_context, instance) => {
    instance.checkUnicastSource = true;
    instance.unicastWanted = true;
  }),
  instanceRow('unicast_fault_no_peer', 'P2', (_context, instance) => {
    instance.unicastFaultNoPeer = true;
    instance.unicastWanted = true;
  }),
  instanceRow('old_unicast_checksum [never]', 'P3', (context, instance, words) => {
    const mode = words[1];
    instance.unicastWanted = true;
    if (mode === undefined) instance.oldUnicastChecksum = 'config';
    else if (mode === 'never') instance.oldUnicastChecksum = 'never';
    else {
      const text = `(${instance.name}) Unknown old_unicast_chksum mode ${mode} - ignoring`;
      context.complain('unknown-option', text, { word: mode });
    }
  }),
];

/** 2.2.7 reads and dumps it, and that is all (seen beside it, with sources of multicast and of unicast). */
function trackSource(_context: ParseContext, instance: InstanceDraft): void {
  instance.trackSource = true;
}

function takeSource(context: ParseContext, instance: InstanceDraft, words: Words): void {
  const word = context.word(words, 1);
  const address = readAddress(word);
  const front = `Configuration error: VRRP instance[${instance.name}]`;
  if (address === undefined) {
    const text = `${front} malformed src address[${word}]. Skipping...`;
    context.complain('bad-address', text, { word });
    return;
  }
  const family = familyOf(address);
  if (instance.family !== undefined && instance.family !== family) {
    const text = `${front} and src address[${word}] MUST be of the same family !!! Skipping...`;
    context.complain('bad-family', text, { word });
    delete instance.source;
    return;
  }
  instance.family = family;
  instance.source = address;
}

function takeDestination(context: ParseContext, instance: InstanceDraft, words: Words): void {
  const word = context.word(words, 1);
  const address = parseIp(word);
  const say = (text: string) => {
    context.complain('bad-address', `(${instance.name}) ${text}`, { word });
  };
  if (address === undefined) {
    say(`malformed mcast dest address ${word}. Skipping...`);
    return;
  }
  const family = familyOf(address);
  if (instance.family !== undefined && instance.family !== family) {
    say(`mcast dest address ${word} MUST match VRRP instance family. Skipping...`);
    return;
  }
  if (!(isIpv4(address) ? isMulticastIpv4(address) : isMulticastIpv6(address))) {
    say(`mcast_dst_ip ${word} not multicast. Skipping...`);
    return;
  }
  instance.family = family;
  instance.multicastGroup = address;
}

function takePeers(context: ParseContext, instance: InstanceDraft, words: Words): void {
  instance.unicastWanted = true;
  readValueBlock(context, words, (values) => takePeer(context, instance, values));
}

function takePeer(context: ParseContext, instance: InstanceDraft, values: Words): void {
  const word = values[0] as string;
  const address = readAddress(word);
  const front = `Configuration error: VRRP instance[${instance.name}]`;
  if (address === undefined) {
    const text = `${front} malformed unicast peer address[${word}]. Skipping...`;
    context.complain('bad-address', text, { word });
    return;
  }
  const family = familyOf(address);
  instance.family ??= family;
  if (instance.family !== family) {
    const what = `unicast peer address[${word}] MUST be of the same family !!! Skipping...`;
    context.complain('bad-family', `${front} and ${what}`, { word });
    return;
  }
  const peer: PeerDraft = { address };
  takePeerOptions(context, instance, { peer, values });
  const least = peer.minTtl ?? 0;
  const most = peer.maxTtl ?? 255;
  if (least > most) {
    const what = `min_ttl ${least} > max_ttl ${most} - all packets will be discarded`;
    context.complain('conflict', `(${instance.name}) ${what}`, { word });
  }
  instance.peers.push(peer);
}

function takePeerOptions(
  context: ParseContext,
  instance: InstanceDraft,
  given: { readonly peer: PeerDraft; readonly values: Words },
): void {
  const { peer, values } = given;
  for (let at = 1; at < values.length; at += 2) {
    const name = values[at] as string;
    const value = values[at + 1];
    if (value === undefined) {
      const text = `(${instance.name}) ${name} is missing a value`;
      context.complain('missing-value', text, { word: name });
      return;
    }
    const result = readUnsigned(value, { least: 0, most: 255 }, context.reporter);
    if (!result.usable) continue;
    if (name === 'min_ttl') peer.minTtl = result.value;
    else if (name === 'max_ttl') peer.maxTtl = result.value;
    else {
      const text = `(${instance.name}) unknown unicast_peer option ${name}`;
      context.complain('unknown-option', text, { word: name });
      return;
    }
    instance.checkUnicastSource = true;
  }
}
