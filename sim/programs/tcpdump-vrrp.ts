/**
 * How tcpdump 4.99 prints VRRP and the IPsec authentication header (`print-vrrp.c`, `print-ah.c`).
 */

import { internetChecksum, pseudoHeaderSum } from '../../daemon/wire/checksum.ts';
import { PROTOCOL_VRRP } from '../../daemon/wire/ipv4.ts';
import { formatIpv4, readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { formatIpv6, readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { formatHex } from '../../daemon/wire/text.ts';
import {
  has,
  hex,
  longWord,
  type NetworkLayer,
  octet,
  type PrintContext,
  truncated,
  visibleText,
  word,
} from './tcpdump-context.ts';

const AUTH_NAMES: readonly string[] = ['none', 'simple', 'ah'];

/** `VRRPv2, Advertisement, vrid 51, …`. */
export function printVrrp(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  if (!has(context, at, 1)) return truncated('vrrp');
  const version = octet(context, at) >>> 4;
  const type = octet(context, at) & 0x0f;
  let text = `VRRPv${version}, ${type === 1 ? 'Advertisement' : `unknown type (${type})`}`;
  if (network.ttl !== 255) text += `, (ttl ${network.ttl})`;
  if (version < 2 || version > 3 || type !== 1) return text;
  if (!has(context, at, 3)) return text + truncated('vrrp');
  text += `, vrid ${octet(context, at + 1)}, prio ${octet(context, at + 2)}`;
  if (!has(context, at, 6)) return text + truncated('vrrp');
  if (version === 2) {
    const auth = octet(context, at + 4);
    text += `, authtype ${AUTH_NAMES[auth] ?? `#${auth}`}, intvl ${octet(context, at + 5)}s`;
  } else {
    text += `, intvl ${word(context, at + 4) & 0x0fff}cs`;
  }
  text += `, length ${length}`;
  if (context.options.verbose === 0) return text;
  return text + printChecksum(context, at, length, network) + printAddresses(context, at, network);
}

/** `AH(spi=…,seq=…,icv=…): ` and the octets that the header takes; -1 when it was cut off. */
export function printAh(
  context: PrintContext,
  at: number,
): { readonly text: string; readonly length: number } {
  if (!has(context, at, 12)) return { text: truncated('ah'), length: -1 };
  const words = octet(context, at + 1);
  const length = (words + 2) * 4;
  let text = 'AH(';
  if (context.options.verbose > 0) {
    text += `length=${words}(${length}-bytes),`;
    if (word(context, at + 2) !== 0) text += 'reserved[not MBZ],';
  }
  text += `spi=0x${hex(longWord(context, at + 4), 8)}`;
  text += `,seq=0x${hex(longWord(context, at + 8))},icv=0x`;
  if (!has(context, at, length)) return { text: text + truncated('ah'), length: -1 };
  text += formatHex(context.bytes.subarray(at + 12, at + length));
  return { text: `${text}): `, length };
}

function printChecksum(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  if (!has(context, at, length)) return '';
  const { addresses } = network;
  const isOld = octet(context, at) >>> 4 === 2;
  const pseudo = isOld ? 0 : pseudoHeaderSum({ addresses, protocol: PROTOCOL_VRRP, length });
  const isRight = internetChecksum(context.bytes, at, length, pseudo) === 0;
  return isRight ? '' : `, (bad vrrp cksum ${hex(word(context, at + 6))})`;
}

function printAddresses(context: PrintContext, at: number, network: NetworkLayer): string {
  if (!has(context, at, 8)) return truncated('vrrp');
  const count = octet(context, at + 3);
  const size = network.version === 4 ? 4 : 16;
  let text = `, addrs${count > 1 ? `(${count})` : ''}:`;
  let next = at + 8;
  for (let i = 0; i < count; i++) {
    if (!has(context, next, size)) return text + truncated('vrrp');
    const { bytes } = context;
    const address =
      size === 4 ? formatIpv4(readIpv4(bytes, next)) : formatIpv6(readIpv6(bytes, next));
    text += `${i === 0 ? ' ' : ','}${address}`;
    next += size;
  }
  const isPlain = octet(context, at) >>> 4 === 2 && octet(context, at + 4) === 1;
  if (!isPlain) return text;
  if (!has(context, next, 8)) return text + truncated('vrrp');
  const password = context.bytes.subarray(next, next + 8);
  const end = password.indexOf(0);
  return `${text} auth "${visibleText(end < 0 ? password : password.subarray(0, end))}"`;
}
