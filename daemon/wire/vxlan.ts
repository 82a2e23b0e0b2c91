/**
 * The VXLAN header, for ports that join a virtual LAN to another over UDP. Read RFC 7348 section 5.
 */

import { readUint32, writeUint32 } from './integers.ts';

const FLAGS = 0;
const VNI = 4;

/** Octets before the inner Ethernet frame. */
export const VXLAN_HEADER_LENGTH = 8;
/** UDP port. Source: IANA, RFC 7348 section 5. */
export const VXLAN_PORT = 4789;

const FLAG_VNI_VALID = 0x08;

/** One header; the reserved bits are 0. */
export interface VxlanHeader {
  /** VXLAN network identifier, 24 bits. */
  readonly vni: number;
}

/** Why a VXLAN packet was not understood. */
export type VxlanDropReason = 'vxlan:truncated' | 'vxlan:no-vni';

/**
 * The header at `at`. Fails: 'vxlan:truncated' below 8 octets, 'vxlan:no-vni' without the I flag.
 */
export function decodeVxlan(
  bytes: Uint8Array,
  at: number,
  end: number,
): VxlanHeader | VxlanDropReason {
  if (end - at < VXLAN_HEADER_LENGTH) return 'vxlan:truncated';
  if (((bytes[at + FLAGS] as number) & FLAG_VNI_VALID) === 0) return 'vxlan:no-vni';
  return { vni: readUint32(bytes, at + VNI) >>> 8 };
}

/** Writes the header at `at` and returns the offset of the inner frame. */
export function encodeVxlan(header: VxlanHeader, bytes: Uint8Array, at: number): number {
  writeUint32((FLAG_VNI_VALID << 24) >>> 0, bytes, at + FLAGS);
  return writeUint32((header.vni << 8) >>> 0, bytes, at + VNI);
}
