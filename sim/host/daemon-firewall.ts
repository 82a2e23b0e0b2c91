/**
 * The daemon's firewall rules in the kernel's vocabulary. On a real host the same rules are nftables text
 * (`daemon/linux/firewall.ts`).
 */

import type { FirewallCommand } from '../../daemon/core/commands.ts';
import { formatIp, type IpPrefix, isIpv4 } from '../../daemon/wire/ip-address.ts';
import { PROTOCOL_ICMPV6, PROTOCOL_IGMP } from '../../daemon/wire/ipv4.ts';
import type { Ipv6Address } from '../../daemon/wire/ipv6-address.ts';
import type { FirewallRule } from '../kernel/firewall-state.ts';

type DaemonRule = FirewallCommand['rule'];

/** ff02::16, where MLDv2 reports go. Source: RFC 3810 section 5.2.14. */
const MLD_REPORTS = 0xff02_0000_0000_0000_0000_0000_0000_0016n as Ipv6Address;

/** What a rule is about: the same text for its `firewall-add` and `firewall-delete`. */
export function firewallKey(rule: DaemonRule): string {
  return rule.kind === 'drop-address'
    ? `${formatIp(rule.address)} ${rule.interface ?? ''}`
    : `groups of ${rule.interface}`;
}

/**
 * The kernel's rules for one of the daemon's: packets to and from an address are dropped, but for neighbour
 * discovery; reports of groups of a VMAC leave by the interface below it, since switches would learn the virtual
 * MAC from a backup's reports otherwise.
 */
export function kernelRules(rule: DaemonRule): readonly FirewallRule[] {
  if (rule.kind === 'igmp-on-base') {
    const common = {
      hook: 'output',
      verdict: 'redirect',
      link: rule.interface,
      redirectTo: rule.base,
    } as const;
    const destination = { address: MLD_REPORTS, length: 128 };
    return [
      { ...common, protocol: PROTOCOL_IGMP },
      { ...common, protocol: PROTOCOL_ICMPV6, destination },
    ];
  }
  const { address, interface: link } = rule;
  const prefix: IpPrefix = { address, length: isIpv4(address) ? 32 : 128 };
  const common = {
    verdict: 'drop',
    exceptNeighbourDiscovery: true,
    ...(link === undefined ? {} : { link }),
  } as const;
  return [
    { hook: 'input', destination: prefix, ...common },
    { hook: 'output', source: prefix, ...common },
  ];
}
