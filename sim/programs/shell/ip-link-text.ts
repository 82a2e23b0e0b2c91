/**
 * How iproute2 shows a link: the head line and the hardware line, shared by `ip addr` and `ip
 * link`.
 */

import { formatMac } from '../../../daemon/wire/mac-address.ts';
import type { Link } from '../../kernel/kernel-api.ts';

const OWN_FLAGS: ReadonlyMap<Link['kind'], readonly string[]> = new Map([
  ['loopback', ['LOOPBACK']],
  ['tunnel', ['NOARP']],
  ['dummy', ['BROADCAST', 'NOARP']],
]);
/** A tunnel's hardware address is the outer address of its end, and these have none. */
const TUNNEL_HARDWARE: ReadonlyMap<string, string> = new Map([
  ['tunl0', 'ipip 0.0.0.0 brd 0.0.0.0'],
  ['sit0', 'sit 0.0.0.0 brd 0.0.0.0'],
  ['gre0', 'gre 0.0.0.0 brd 0.0.0.0'],
  ['ip6tnl0', 'tunnel6 :: brd ::'],
]);

/** `eth0`, or `vrrp.51@eth0` for a link that stands on another. */
export function linkTitle(link: Link): string {
  if (link.kind === 'tunnel') return `${link.name}@NONE`;
  return link.base === undefined ? link.name : `${link.name}@${link.base}`;
}

/** `<BROADCAST,MULTICAST,UP,LOWER_UP>`. */
export function linkFlags(link: Link): string {
  const own = OWN_FLAGS.get(link.kind) ?? ['BROADCAST', 'MULTICAST'];
  if (!link.up) return `<${own.join(',')}>`;
  return link.carrier
    ? `<${[...own, 'UP', 'LOWER_UP'].join(',')}>`
    : `<${['NO-CARRIER', ...own, 'UP'].join(',')}>`;
}

/** IF_OPER_*: lo and tunnels are UNKNOWN, a link without signal is DOWN. */
export function linkState(link: Link): string {
  if (OWN_FLAGS.has(link.kind)) return link.up ? 'UNKNOWN' : 'DOWN';
  return link.up && link.carrier ? 'UP' : 'DOWN';
}

/**
 * The head line. The twin's cards have no queue of their own (the cable has one): `qdisc noqueue`.
 */
export function linkHead(link: Link, mode: 'with-mode' | 'plain'): string {
  const modeText = mode === 'with-mode' ? ' mode DEFAULT' : '';
  return (
    `${link.index}: ${linkTitle(link)}: ${linkFlags(link)} mtu ${link.mtu} qdisc noqueue ` +
    `state ${linkState(link)}${modeText} group default qlen 1000`
  );
}

/** `    link/ether 02:… brd ff:ff:ff:ff:ff:ff`. */
export function linkHardware(link: Link): string {
  const tunnel = link.kind === 'tunnel' ? TUNNEL_HARDWARE.get(link.name) : undefined;
  if (tunnel !== undefined) return `    link/${tunnel}`;
  return link.kind === 'loopback'
    ? '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00'
    : `    link/ether ${formatMac(link.mac)} brd ff:ff:ff:ff:ff:ff`;
}
