/** Names of services and servers, and the load balancer's log lines, in keepalived 2.2.7's words. */

import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import type { VirtualServerConfig } from './lvs-config.ts';

/** `[10.0.0.1]:tcp:80`, `FWM 5`, `[GROUP]:0`. */
export function serviceName(service: VirtualServerConfig): string {
  const { key } = service;
  if (key.kind === 'fwmark') return `FWM ${key.mark}`;
  if (key.kind === 'group') return `[${key.group}]:0`;
  return serverName(service, key);
}

/** `[10.0.0.11]:tcp:80`. */
export function serverName(
  service: VirtualServerConfig,
  server: { readonly address: IpAddress; readonly port: number },
): string {
  const protocol = service.protocol?.toLowerCase() ?? 'none';
  return `[${formatIp(server.address)}]:${protocol}:${server.port}`;
}

/** The arithmetic of a quorum as the log shows it. */
export interface QuorumSum {
  readonly quorum: number;
  readonly hysteresis: number;
  readonly threshold: number;
  readonly weight: number;
}

/** One formatter a line. Source: recordings k01 to k21, v01. */
export const lvsText = {
  initialising: () => 'Initializing ipvs',
  reinitialising: () => 'Reinitializing ipvs',
  changed: (how: { up: boolean; inhibited: boolean }, server: string, service: string) => {
    const verb = how.inhibited ? (how.up ? 'Enabl' : 'Disabl') : how.up ? 'Add' : 'Remov';
    const word = how.inhibited ? 'of' : how.up ? 'to' : 'from';
    return `${verb}ing service ${server} ${word} VS ${service}`;
  },
  removing: (
    how: { stopping: boolean; inhibited: boolean },
    server: string,
    service: string,
  ): string => {
    const verb = how.stopping ? 'Shutting down' : 'Removing';
    return `${verb} ${how.inhibited ? '(inhibited) ' : ''}service ${server} from VS ${service}`;
  },
  gained: (sum: QuorumSum, service: string) => `Gained quorum ${gainedSum(sum)} for VS ${service}`,
  lost: (sum: QuorumSum, service: string) => `Lost quorum ${lostSum(sum)} for VS ${service}`,
  startsDown: (sum: QuorumSum, service: string) =>
    `Starting with quorum down ${lostSum(sum)} for VS ${service}`,
  sorry: (how: { add: boolean; inhibited: boolean }, server: string, service: string) => {
    const verb = how.inhibited
      ? how.add
        ? 'Enabling'
        : 'Disabling'
      : how.add
        ? 'Adding'
        : 'Removing';
    return `${verb} sorry server ${server} ${how.add ? 'to' : 'from'} VS ${service}`;
  },
  alivePool: (add: boolean, service: string) =>
    `${add ? 'Adding alive servers to' : 'Removing alive servers from'} the pool for VS ${service}`,
  weight: (
    change: { from: number; to: number; alive: boolean },
    server: string,
    service: string,
  ) => {
    const state = change.alive ? 'active' : 'inactive';
    const numbers = `from ${change.from} to ${change.to}`;
    return `Changing weight ${numbers} for ${state} service ${server} of VS ${service}`;
  },
  serverGone: (server: string) => `service ${server} no longer exist`,
  serviceGone: (service: string) => `Removing Virtual Server ${service}`,
  groupGone: (group: string) => `Removing Virtual Server Group [${group}]`,
} as const;

/** `1+0=1 <= 2`. */
export function gainedSum({ quorum, hysteresis, threshold, weight }: QuorumSum): string {
  return `${quorum}+${hysteresis}=${threshold} <= ${weight}`;
}

/** `1-0=1 > 0`. */
function lostSum({ quorum, hysteresis, threshold, weight }: QuorumSum): string {
  return `${quorum}-${hysteresis}=${threshold} > ${weight}`;
}
