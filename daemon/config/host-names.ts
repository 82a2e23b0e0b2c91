/**
 * Hosts that no resolver can find, whatever it knows: digits and dots that are no address, and colons that are none. keepalived
 * asks the resolver while it reads (domain_stosockaddr); of other names the reader cannot know what that would answer.
 */

import { parseIp } from '../wire/ip-address.ts';

const PART = /^(0[0-7]*|[1-9][0-9]*)$/;
const OCTET = 256;
const PARTS_MAX = 4;

/** Whether nothing can ever have that name or address. */
export function isNowhere(host: string): boolean {
  if (host.includes('%')) return false;
  if (host.includes(':')) return parseIp(host) === undefined;
  return /^[0-9.]+$/.test(host) && !isInetAton(host);
}

/** inet_aton(3): up to four parts, of which the last fills the octets that are left. */
function isInetAton(text: string): boolean {
  const parts = text.split('.');
  if (parts.length > PARTS_MAX || !parts.every((part) => PART.test(part))) return false;
  return parts.every((part, at) => {
    const octets = at < parts.length - 1 ? 1 : PARTS_MAX - at;
    const value = part.startsWith('0') ? Number.parseInt(part, 8) : Number(part);
    return value < OCTET ** octets;
  });
}
