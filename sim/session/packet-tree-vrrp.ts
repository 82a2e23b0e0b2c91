/** VRRP advertisements of version 2 and 3 for the packet tree. */

import { internetChecksum, pseudoHeaderSum } from '../../daemon/wire/checksum.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import { PROTOCOL_VRRP } from '../../daemon/wire/ipv4.ts';
import { formatIpv4, readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { formatIpv6, readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { decodeLatin1 } from '../../daemon/wire/text.ts';
import {
  readVrrpAddressCount,
  readVrrpAuthType,
  readVrrpChecksum,
  readVrrpIntervalCentiseconds,
  readVrrpIntervalSeconds,
  readVrrpPriority,
  readVrrpType,
  readVrrpVersion,
  readVrrpVrid,
  VRRP_AUTH_PASS,
  VRRP_HEADER_LENGTH,
} from '../../daemon/wire/vrrp-header.ts';
import type { OpenNode, PacketBuilder } from './packet-builder.ts';
import type { IpFacts } from './packet-tree-ip.ts';

const AUTH_NAMES = ['No Authentication', 'Simple Text Authentication', 'IP Authentication Header'];

/** An advertisement at `body.at`. */
export function dissectVrrp(
  builder: PacketBuilder,
  body: { readonly at: number; readonly end: number },
  ip: IpFacts,
): void {
  const { bytes } = builder;
  const { at, end } = body;
  const length = end - at;
  builder.protocol = 'VRRP';
  builder.colour = 'routing';
  const node = builder.layer('vrrp', 'Virtual Router Redundancy Protocol', { start: at, length });
  if (length < VRRP_HEADER_LENGTH) {
    builder.warn(node, { start: at, length }, 'Malformed: vrrp:truncated');
    builder.info = 'vrrp:truncated';
    return;
  }
  const field = builder.fieldsOf(node);
  const version = readVrrpVersion(bytes, at);
  const type = readVrrpType(bytes, at);
  const priority = readVrrpPriority(bytes, at);
  const vrid = readVrrpVrid(bytes, at);
  const count = readVrrpAddressCount(bytes, at);
  field(0, 1, 'version', 'Version', version);
  field(0, 1, 'type', 'Packet type', type);
  field(1, 1, 'virt_rtr_id', 'Virtual Rtr ID', vrid);
  field(2, 1, 'prio', 'Priority', priority);
  field(3, 1, 'addr_count', 'Addr Count', count);
  let auth = 0;
  if (version === 2) {
    auth = readVrrpAuthType(bytes, at);
    const shown = `${AUTH_NAMES[auth] ?? 'Unknown'} (${auth})`;
    const place = { start: at + 4, length: 1 };
    builder.field(node, place, { field: 'vrrp.auth_type', label: 'Auth Type', value: auth, shown });
    field(5, 1, 'adver_int', 'Adver Int', readVrrpIntervalSeconds(bytes, at));
  } else {
    field(4, 2, 'short_adver_int', 'Adver Int (cs)', readVrrpIntervalCentiseconds(bytes, at));
  }
  checksum(builder, node, { at, end, version, ip });
  const next = addressLines(builder, node, { at: at + VRRP_HEADER_LENGTH, end, count, ip });
  if (version === 2 && auth === VRRP_AUTH_PASS && next + 8 <= end) {
    const text = decodeLatin1(bytes, next, next + 8).replace(/\0.*$/s, '');
    const place = { start: next, length: 8 };
    builder.field(node, place, {
      field: 'vrrp.auth_string',
      label: 'Authentication String',
      value: text,
    });
  }
  if (ip.ttl !== 255) builder.warn(node, { start: at, length: 0 }, `TTL is ${ip.ttl}, not 255`);
  builder.info =
    type === 1
      ? `Announcement (v${version}), VRID ${vrid}, priority ${priority}`
      : `Unknown (v${version})`;
  if (type === 1 && priority === 0) {
    builder.info += ', the master stops';
    builder.colour = 'state';
  }
}

function checksum(
  builder: PacketBuilder,
  node: OpenNode,
  what: {
    readonly at: number;
    readonly end: number;
    readonly version: number;
    readonly ip: IpFacts;
  },
): void {
  const { at, end, version, ip } = what;
  const length = end - at;
  const pseudo = pseudoHeaderSum({ addresses: ip.addresses, protocol: PROTOCOL_VRRP, length });
  const plain = internetChecksum(builder.bytes, at, length) === 0;
  // keepalived can leave the pseudo header out of version 3 over IPv4 (vrrp_version 3, checksum_compatibility).
  const right =
    version === 2 ? plain : internetChecksum(builder.bytes, at, length, pseudo) === 0 || plain;
  const place = { start: at + 6, length: 2 };
  const value = readVrrpChecksum(builder.bytes, at);
  const shown = `0x${value.toString(16).padStart(4, '0')} [${right ? 'correct' : 'incorrect'}]`;
  builder.field(node, place, { field: 'vrrp.checksum', label: 'Checksum', value, shown });
  builder.note('vrrp.checksum.status', right ? 1 : 0);
  if (!right) builder.warn(node, place, 'Bad checksum');
}

function addressLines(
  builder: PacketBuilder,
  node: OpenNode,
  what: {
    readonly at: number;
    readonly end: number;
    readonly count: number;
    readonly ip: IpFacts;
  },
): number {
  const size = what.ip.family === 'inet' ? 4 : 16;
  let next = what.at;
  for (let i = 0; i < what.count; i++) {
    if (next + size > what.end) {
      builder.warn(node, { start: next, length: what.end - next }, 'Malformed: address missing');
      return next;
    }
    const { bytes } = builder;
    const isV4 = size === 4;
    const value = isV4 ? formatIpv4(readIpv4(bytes, next)) : formatIpv6(readIpv6(bytes, next));
    const field = isV4 ? 'vrrp.ip_addr' : 'vrrp.ipv6_addr';
    builder.field(node, { start: next, length: size }, { field, label: 'IP Address', value });
    next += size;
  }
  return next;
}

/** Whether a frame is a VRRP advertisement over IPv4 or IPv6 (also behind an AH): cheap, for steps and lanes. */
export function isAdvert(frame: Uint8Array): boolean {
  if (frame.length < 34) return false;
  const type = readUint16(frame, 12);
  if (type === 0x0800) {
    const protocol = frame[23];
    if (protocol === PROTOCOL_VRRP) return true;
    const at = 14 + ((frame[14] as number) & 0x0f) * 4;
    return protocol === 51 && frame[at] === PROTOCOL_VRRP;
  }
  return type === 0x86dd && frame[20] === PROTOCOL_VRRP;
}
