/**
 * Changes addresses and ports of a packet in place, as NAT does, with its checksums updated incrementally
 * (RFC 1624), so that a packet that was damaged before stays damaged. A datagram without a checksum gets one
 * (udp_dnat_handler, udp_snat_handler; recorded).
 */

import {
  addressSum,
  internetChecksum,
  pseudoHeaderSum,
  updateChecksum16,
  updateChecksum32,
} from '../../../daemon/wire/checksum.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../../daemon/wire/integers.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { readIpv4TotalLength } from '../../../daemon/wire/ipv4.ts';
import { readIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import { IPV6_HEADER_LENGTH, readIpv6PayloadLength } from '../../../daemon/wire/ipv6.ts';
import { readIpv6, writeIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import { PROTOCOL_TCP, PROTOCOL_UDP } from './connection-life.ts';

const IPV4_CHECKSUM_AT = 10;
const IPV4_SOURCE_AT = 12;
const IPV4_DESTINATION_AT = 16;
const IPV6_SOURCE_AT = 8;
const IPV6_DESTINATION_AT = 24;
const IPV6_ADDRESS_LENGTH = 16;
const TCP_CHECKSUM_AT = 16;
const UDP_CHECKSUM_AT = 6;

/** Which end of a packet to change, and into what. */
export interface Rewriting {
  /** Where the IP header and the transport header start. */
  readonly headerAt: number;
  readonly transportAt: number;
  readonly protocol: number;
  readonly side: 'source' | 'destination';
  readonly address: IpAddress;
  readonly port: number;
}

/** Writes another address and port into a packet. */
export function rewriteEndpoint(bytes: Uint8Array, rewriting: Rewriting): void {
  const { headerAt, transportAt, protocol, side, address, port } = rewriting;
  const checksumAt = checksumPlace(bytes, transportAt, protocol);
  const isSource = side === 'source';
  if (typeof address === 'number') {
    const addressAt = headerAt + (isSource ? IPV4_SOURCE_AT : IPV4_DESTINATION_AT);
    rewriteWord32(bytes, addressAt, address, [headerAt + IPV4_CHECKSUM_AT, checksumAt]);
  } else {
    const addressAt = headerAt + (isSource ? IPV6_SOURCE_AT : IPV6_DESTINATION_AT);
    const text = new Uint8Array(IPV6_ADDRESS_LENGTH);
    writeIpv6(address, text, 0);
    for (let offset = 0; offset < IPV6_ADDRESS_LENGTH; offset += 4) {
      rewriteWord32(bytes, addressAt + offset, readUint32(text, offset), [checksumAt]);
    }
  }
  const portAt = transportAt + (isSource ? 0 : 2);
  if (checksumAt >= 0) {
    const change = { oldWord: readUint16(bytes, portAt), newWord: port };
    writeUint16(updateChecksum16(readUint16(bytes, checksumAt), change), bytes, checksumAt);
  }
  writeUint16(port, bytes, portAt);
  if (protocol === PROTOCOL_UDP) mendUdp(bytes, rewriting, checksumAt);
}

function rewriteWord32(
  bytes: Uint8Array,
  at: number,
  value: number,
  checksumsAt: readonly number[],
): void {
  const change = { oldValue: readUint32(bytes, at), newValue: value };
  for (const checksumAt of checksumsAt) {
    if (checksumAt < 0) continue;
    writeUint16(updateChecksum32(readUint16(bytes, checksumAt), change), bytes, checksumAt);
  }
  writeUint32(value, bytes, at);
}

/** -1 when there is none: other protocols, UDP without a checksum, a quotation cut short. */
function checksumPlace(bytes: Uint8Array, transportAt: number, protocol: number): number {
  if (protocol === PROTOCOL_TCP) {
    const at = transportAt + TCP_CHECKSUM_AT;
    return at + 2 <= bytes.length ? at : -1;
  }
  if (protocol !== PROTOCOL_UDP) return -1;
  const at = transportAt + UDP_CHECKSUM_AT;
  return at + 2 <= bytes.length && readUint16(bytes, at) !== 0 ? at : -1;
}

/** A UDP checksum of 0 would say that there is none; where there was none it is made. */
function mendUdp(bytes: Uint8Array, rewriting: Rewriting, checksumAt: number): void {
  const at = rewriting.transportAt + UDP_CHECKSUM_AT;
  if (at + 2 > bytes.length) return;
  if (checksumAt < 0) writeUint16(wholeUdpSum(bytes, rewriting), bytes, at);
  if (readUint16(bytes, at) === 0) writeUint16(0xffff, bytes, at);
}

function wholeUdpSum(bytes: Uint8Array, { headerAt, transportAt, address }: Rewriting): number {
  const isIpv4 = typeof address === 'number';
  const [sourceAt, destinationAt] = isIpv4
    ? [IPV4_SOURCE_AT, IPV4_DESTINATION_AT]
    : [IPV6_SOURCE_AT, IPV6_DESTINATION_AT];
  const read = (at: number) =>
    isIpv4 ? readIpv4(bytes, headerAt + at) : readIpv6(bytes, headerAt + at);
  const end = isIpv4
    ? headerAt + readIpv4TotalLength(bytes, headerAt)
    : headerAt + IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, headerAt);
  const length = end - transportAt;
  const addresses = addressSum(read(sourceAt), read(destinationAt));
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_UDP, length });
  return internetChecksum(bytes, transportAt, length, pseudo);
}
