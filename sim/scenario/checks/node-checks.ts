/** Checks of single nodes: strict and its traps, real servers of direct routing. */

import type { VirtualServerConfig } from '../../../daemon/lvs/lvs-config.ts';
import { formatIp, type IpAddress } from '../../../daemon/wire/ip-address.ts';
import type { HostSpec } from '../../topology/lan-spec.ts';
import type { Check, CheckedNode, CheckFinding } from './check.ts';

function arpFindings(
  node: CheckedNode,
  server: VirtualServerConfig,
  hosts: readonly HostSpec[],
): readonly CheckFinding[] {
  const { key } = server;
  if (key.kind !== 'address') return [];
  return server.realServers.flatMap((real): readonly CheckFinding[] => {
    if (real.method.kind !== 'DR') return [];
    const host = hosts.find((one) => holds(one, real.address));
    if (host === undefined || host.name === node.host?.name) return [];
    const at = { node, keyword: `real_server ${formatIp(real.address)}` };
    const vip = formatIp(key.address);
    if (!holds(host, key.address)) {
      const message = `real server ${host.name} has no ${vip} (on lo), so it drops what DR sends`;
      return [{ ...at, message }];
    }
    if (isSilent(host)) return [];
    const message = `real server ${host.name} has ${vip} and answers ARP for it beside the director`;
    return [{ ...at, message }];
  });
}

function holds(host: HostSpec, address: IpAddress): boolean {
  const onCards = host.nics.some((nic) => nic.addresses.some((one) => one.address === address));
  return onCards || (host.loopbackAddresses ?? []).some((one) => one.address === address);
}

/** arp_ignore 1 or 2 on `all` or on every card: requests for addresses of lo stay unanswered. */
function isSilent(host: HostSpec): boolean {
  const values = new Map(host.sysctl.map(([name, value]) => [name.replaceAll('/', '.'), value]));
  const ignores = (link: string) => Number(values.get(`net.ipv4.conf.${link}.arp_ignore`) ?? 0) > 0;
  return ignores('all') || host.nics.every((nic) => ignores(nic.name));
}

/** Rows about single nodes. */
export const NODE_CHECKS: readonly Check[] = [
  {
    code: 'check:strict-refuses-packets',
    severity: 'warning',
    title: 'vrrp_strict: the virtual address cannot be pinged or connected to',
    explanation:
      'vrrp_strict (part of the sample configuration) sets no_accept: a firewall rule drops every ' +
      'packet to the virtual address on a MASTER that does not own it.',
    fix: 'Remove vrrp_strict, or write accept in the instance.',
    find: ({ nodes }) =>
      nodes.flatMap((node) =>
        node.config.vrrp.instances.flatMap((instance): readonly CheckFinding[] => {
          if (!instance.strict || instance.accept || instance.priority === 255) return [];
          const message = `${instance.name} is strict: packets to its virtual addresses are dropped`;
          return [{ node, keyword: 'vrrp_strict', message }];
        }),
      ),
  },
  {
    code: 'check:dr-arp',
    severity: 'warning',
    title: 'A real server of direct routing without ARP settings',
    explanation:
      'With lb_kind DR every real server has the virtual address. If it answers ARP requests for ' +
      'it, clients talk to that server instead of the director; without the address it drops all.',
    fix: 'Put the address on lo, and set arp_ignore = 1 and arp_announce = 2.',
    find: ({ nodes, hosts }) =>
      nodes.flatMap((node) =>
        node.config.lvs.virtualServers.flatMap((server) => arpFindings(node, server, hosts)),
      ),
  },
];
