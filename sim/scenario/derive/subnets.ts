/**
 * Free addresses in the subnets that configurations mention: a keepalived.conf rarely says what the
 * machine's own address is, but its virtual addresses tell the subnet.
 */

import {
  formatIp,
  type IpAddress,
  type IpPrefix,
  isIpv4,
} from '../../../daemon/wire/ip-address.ts';
import { ipv4FromNumber, ipv4Mask } from '../../../daemon/wire/ipv4-address.ts';
import { ipv6FromBigint, ipv6Mask } from '../../../daemon/wire/ipv6-address.ts';

/** Subnet that is assumed around an address written with its full length, or without one. */
const ASSUMED_LENGTH = { inet: 24, inet6: 64 };
/** Shortest prefix that is taken at its word; a shorter one is more likely a slip. */
const SHORTEST = { inet: 8, inet6: 16 };

/** The subnet of an address as configured; /32 and /128 stand for the usual LAN around them. */
export function subnetOf(prefix: IpPrefix): IpPrefix {
  const { address } = prefix;
  const family = isIpv4(address) ? 'inet' : 'inet6';
  const whole = family === 'inet' ? 31 : 127;
  const isUsable = prefix.length < whole && prefix.length >= SHORTEST[family];
  const length = isUsable ? prefix.length : ASSUMED_LENGTH[family];
  return { address: network(address, length), length };
}

/** Whether an address lies in a subnet. */
export function contains(subnet: IpPrefix, address: IpAddress): boolean {
  if (isIpv4(subnet.address) !== isIpv4(address)) return false;
  return network(address, subnet.length) === subnet.address;
}

/** Hands out addresses of subnets, none twice and none that is spoken for. */
export class AddressPool {
  readonly #taken = new Set<IpAddress>();

  /** Marks addresses that somebody has. */
  take(addresses: Iterable<IpAddress>): void {
    for (const address of addresses) this.#taken.add(address);
  }

  /** A free address, counted from `from` up; the text has the prefix length behind it. */
  free(subnet: IpPrefix, from: number): string {
    const { address } = subnet;
    const bits = isIpv4(address) ? 32 - subnet.length : 16;
    const last = bits >= 16 ? 65_534 : 2 ** bits - 2;
    for (let tried = 0; tried < last; tried++) {
      const offset = ((from - 1 + tried) % last) + 1;
      const candidate = plus(address, offset);
      if (this.#taken.has(candidate)) continue;
      this.#taken.add(candidate);
      return `${formatIp(candidate)}/${subnet.length}`;
    }
    return `${formatIp(plus(address, from))}/${subnet.length}`;
  }
}

function network(address: IpAddress, length: number): IpAddress {
  if (isIpv4(address)) return ipv4FromNumber((address & ipv4Mask(length)) >>> 0);
  return ipv6FromBigint(address & ipv6Mask(length));
}

function plus(address: IpAddress, offset: number): IpAddress {
  if (isIpv4(address)) return ipv4FromNumber((address + offset) >>> 0);
  return ipv6FromBigint(address + BigInt(offset));
}
