/**
 * Finds virtual services: by their key, and for a packet (mark first, then address and port, then the FTP and
 * the port-zero rules). Source: net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_service_find.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { PROTOCOL_TCP } from './connection-life.ts';
import type { IpvsState, PacketFacts, ServiceKey, VirtualService } from './ipvs-state.ts';
import { foldAddress } from './schedulers/address-hash.ts';

/** The control port of FTP, which has rules of its own. */
export const FTP_PORT = 21;
/** The port of FTP's data connections. */
export const FTP_DATA_PORT = 20;
/** Ports from here on may belong to a passive FTP transfer. */
const UNPRIVILEGED_PORT = 1024;

/** Why a command about services or servers was refused. */
export type IpvsError =
  | 'service-exists'
  | 'no-service'
  | 'no-scheduler'
  | 'server-exists'
  | 'no-server'
  | 'out-of-range'
  | 'invalid';

/** The service of exactly that key. */
export function findService(state: IpvsState, key: ServiceKey): VirtualService | undefined {
  if (key.kind === 'mark') {
    return state.servicesByMark.get(hashOf(key))?.find((each) => each.family === key.family);
  }
  return lookUp(state, key.protocol, key.address, key.port);
}

/** The service that takes a packet. */
export function serviceFor(state: IpvsState, packet: PacketFacts): VirtualService | undefined {
  const { protocol, destination, destinationPort, mark, family } = packet;
  if (mark !== 0) {
    const marked = state.servicesByMark.get(mark)?.find((each) => each.family === family);
    if (marked !== undefined) return marked;
  }
  const exact = lookUp(state, protocol, destination, destinationPort);
  if (exact !== undefined) return exact;
  const mayBeFtp =
    protocol === PROTOCOL_TCP &&
    state.ftpServices > 0 &&
    (destinationPort === FTP_DATA_PORT || destinationPort >= UNPRIVILEGED_PORT);
  const ftp = mayBeFtp ? lookUp(state, protocol, destination, FTP_PORT) : undefined;
  if (ftp !== undefined || state.portZeroServices === 0) return ftp;
  return lookUp(state, protocol, destination, 0);
}

function lookUp(
  state: IpvsState,
  protocol: number,
  address: IpAddress,
  port: number,
): VirtualService | undefined {
  const candidates = state.servicesByAddress.get(addressHash(protocol, address, port));
  if (candidates === undefined) return undefined;
  for (const service of candidates) {
    const { key } = service;
    if (key.kind !== 'address') continue;
    if (key.port === port && key.protocol === protocol && key.address === address) return service;
  }
  return undefined;
}

/** Where a service of that key stands in its table. */
export function hashOf(key: ServiceKey): number {
  return key.kind === 'mark' ? key.mark : addressHash(key.protocol, key.address, key.port);
}

function addressHash(protocol: number, address: IpAddress, port: number): number {
  return (foldAddress(address) ^ Math.imul(port * 256 + protocol, 0x9e3779b1)) | 0;
}
