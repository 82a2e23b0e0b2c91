/**
 * The datagrams of the connection synchronisation, version 1: a header and one entry per connection, as the
 * master sends them to 224.0.0.81:8848. Source: net/netfilter/ipvs/ip_vs_sync.c; forwarding/sync-daemon.
 */

import { readUint16, readUint32, writeUint16, writeUint32 } from '../../../daemon/wire/integers.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { readIpv4, writeIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import { readIpv6, writeIpv6 } from '../../../daemon/wire/ipv6-address.ts';

const SYNC_VERSION = 1;
const TYPE_INET6 = 1;
const FIXED_LENGTH = 24;
/** Octets of the header. */
export const SYNC_HEADER_LENGTH = 8;
/** Octets of an IPv4 and an IPv6 entry. */
const SYNC_ENTRY_LENGTH_V4 = 36;
const SYNC_ENTRY_LENGTH_V6 = 72;
/** Entries that one datagram can count. */
export const SYNC_ENTRIES_MAX = 255;

/** Flags of an entry, as in the kernel's IP_VS_CONN_F_*. */
export const SYNC_METHOD_MASK = 0x7;
export const SYNC_METHOD_TUNNEL = 2;
export const SYNC_METHOD_ROUTE = 3;
export const SYNC_FLAG_WITHOUT_OUTPUT = 0x80;
export const SYNC_FLAG_INACTIVE = 0x100;
export const SYNC_FLAG_TEMPLATE = 0x1000;

/** One connection as the master tells of it. */
export interface SyncEntry {
  readonly protocol: number;
  readonly flags: number;
  readonly state: number;
  readonly clientPort: number;
  readonly virtualPort: number;
  readonly serverPort: number;
  readonly mark: number;
  readonly timeoutSeconds: number;
  readonly client: IpAddress;
  readonly virtualAddress: IpAddress;
  readonly serverAddress: IpAddress;
}

/** A datagram with those entries. */
export function encodeSync(syncId: number, entries: readonly SyncEntry[]): Uint8Array {
  const length = entries.reduce((sum, each) => sum + entryLength(each), SYNC_HEADER_LENGTH);
  const bytes = new Uint8Array(length);
  bytes[1] = syncId;
  writeUint16(length, bytes, 2);
  bytes[4] = entries.length;
  bytes[5] = SYNC_VERSION;
  let at = SYNC_HEADER_LENGTH;
  for (const entry of entries) at = encodeEntry(entry, bytes, at);
  return bytes;
}

/** Octets of an entry. */
export function entryLength(entry: Pick<SyncEntry, 'client'>): number {
  return typeof entry.client === 'number' ? SYNC_ENTRY_LENGTH_V4 : SYNC_ENTRY_LENGTH_V6;
}

/** Reads a datagram of that sync id (0 hears all); `undefined` for anything else. */
export function decodeSync(bytes: Uint8Array, syncId: number): SyncEntry[] | undefined {
  if (bytes.length < SYNC_HEADER_LENGTH || bytes[0] !== 0 || bytes[5] !== SYNC_VERSION) {
    return undefined;
  }
  if (readUint16(bytes, 2) !== bytes.length) return undefined;
  if (syncId !== 0 && bytes[1] !== syncId) return undefined;
  const entries: SyncEntry[] = [];
  let at = SYNC_HEADER_LENGTH;
  for (let count = bytes[4] ?? 0; count > 0; count--) {
    if (at + SYNC_ENTRY_LENGTH_V4 > bytes.length) return undefined;
    const length = readUint16(bytes, at + 2) & 0xfff;
    const isIpv6 = ((bytes[at] ?? 0) & TYPE_INET6) !== 0;
    const least = isIpv6 ? SYNC_ENTRY_LENGTH_V6 : SYNC_ENTRY_LENGTH_V4;
    if (length < least || at + length > bytes.length) return undefined;
    entries.push(decodeEntry(bytes, at, isIpv6));
    at += (length + 3) & ~3;
  }
  return entries;
}

function encodeEntry(entry: SyncEntry, bytes: Uint8Array, at: number): number {
  const length = entryLength(entry);
  bytes[at] = typeof entry.client === 'number' ? 0 : TYPE_INET6;
  bytes[at + 1] = entry.protocol;
  writeUint16(length, bytes, at + 2);
  writeUint32(entry.flags, bytes, at + 4);
  writeUint16(entry.state, bytes, at + 8);
  writeUint16(entry.clientPort, bytes, at + 10);
  writeUint16(entry.virtualPort, bytes, at + 12);
  writeUint16(entry.serverPort, bytes, at + 14);
  writeUint32(entry.mark, bytes, at + 16);
  writeUint32(entry.timeoutSeconds, bytes, at + 20);
  let place = at + FIXED_LENGTH;
  for (const address of [entry.client, entry.virtualAddress, entry.serverAddress]) {
    place =
      typeof address === 'number'
        ? writeIpv4(address, bytes, place)
        : writeIpv6(address, bytes, place);
  }
  return at + length;
}

function decodeEntry(bytes: Uint8Array, at: number, isIpv6: boolean): SyncEntry {
  const size = isIpv6 ? 16 : 4;
  const addressAt = (index: number): IpAddress => {
    const place = at + FIXED_LENGTH + index * size;
    return isIpv6 ? readIpv6(bytes, place) : readIpv4(bytes, place);
  };
  return {
    protocol: bytes[at + 1] ?? 0,
    flags: readUint32(bytes, at + 4),
    state: readUint16(bytes, at + 8),
    clientPort: readUint16(bytes, at + 10),
    virtualPort: readUint16(bytes, at + 12),
    serverPort: readUint16(bytes, at + 14),
    mark: readUint32(bytes, at + 16),
    timeoutSeconds: readUint32(bytes, at + 20),
    client: addressAt(0),
    virtualAddress: addressAt(1),
    serverAddress: addressAt(2),
  };
}
