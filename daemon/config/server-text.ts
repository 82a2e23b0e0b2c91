/** Services and servers as keepalived's messages name them: `[192.168.200.100]:tcp:80`, `FWM 5`, `[GROUP]:0`. */

import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import type { VirtualServerDraft } from './lvs-draft.ts';
import type { ParseContext } from './parse-context.ts';

/** An address with protocol and port. */
export function trio(
  address: IpAddress,
  given: { readonly protocol: string | undefined; readonly port: number },
): string {
  const protocol = given.protocol?.toLowerCase() ?? 'none';
  return `[${formatIp(address)}]:${protocol}:${given.port}`;
}

/** A virtual server. */
export function serviceText(service: VirtualServerDraft): string {
  if (service.group !== undefined) return `[${service.group}]:${service.port}`;
  if (service.fwmark !== undefined) return `FWM ${service.fwmark}`;
  if (service.address === undefined) return '[]:none:0';
  return trio(service.address, { protocol: service.protocol, port: service.port });
}

/** The real server that is being read. */
export function serverText(context: ParseContext): string {
  const { server, virtualServer: service } = context;
  if (server === undefined) return '';
  return trio(server.address, { protocol: service?.protocol, port: server.port });
}
