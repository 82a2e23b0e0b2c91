/** Which addresses are a host's own, of its boot configuration; all others are virtual: keepalived's or given by hand. */

import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type { LanSpec } from '../topology/lan-spec.ts';

/** Whether a host has an address from its boot configuration. */
export function isBootAddress(spec: LanSpec, host: string, address: IpAddress): boolean {
  const found = spec.hosts.find((one) => one.name === host);
  if (found === undefined) return false;
  return (
    found.nics.some((nic) => nic.addresses.some((one) => one.address === address)) ||
    (found.loopbackAddresses ?? []).some((one) => one.address === address)
  );
}

/** The text of an address that can be a virtual one; link-local addresses are every interface's own. */
export function virtualAddressText(address: IpAddress): string | undefined {
  return typeof address === 'bigint' && isLinkLocalIpv6(address) ? undefined : formatIp(address);
}
