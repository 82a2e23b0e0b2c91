/**
 * A message of Multicast Listener Discovery as a frame: hop limit 1 and the router alert of RFC 2711 in front of it.
 * Hosts and querying switches send the same. Read RFC 3810 section 5.
 */

import { ipv6AddressSum } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { encodeIcmpv6, type Icmpv6Message, icmpv6Length } from '../../daemon/wire/icmpv6.ts';
import {
  encodeIpv6Header,
  IPV6_HEADER_LENGTH,
  MLD_HOP_BY_HOP,
  NEXT_HEADER_HOP_BY_HOP,
} from '../../daemon/wire/ipv6.ts';
import type { Ipv6Address } from '../../daemon/wire/ipv6-address.ts';
import { newFrame } from './frame-memory.ts';

/** The frame; its Ethernet header is left for the caller to write. */
export function mldFrame(
  message: Icmpv6Message,
  addresses: { readonly source: Ipv6Address; readonly destination: Ipv6Address },
): Uint8Array {
  const { source, destination } = addresses;
  const payloadLength = MLD_HOP_BY_HOP.length + icmpv6Length(message);
  const frame = newFrame(ETHERNET_HEADER_LENGTH + IPV6_HEADER_LENGTH + payloadLength);
  const at = encodeIpv6Header(
    {
      trafficClass: 0,
      flowLabel: 0,
      payloadLength,
      nextHeader: NEXT_HEADER_HOP_BY_HOP,
      hopLimit: 1,
      source,
      destination,
    },
    frame,
    ETHERNET_HEADER_LENGTH,
  );
  frame.set(MLD_HOP_BY_HOP, at);
  encodeIcmpv6(message, frame, at + MLD_HOP_BY_HOP.length, ipv6AddressSum(source, destination));
  return frame;
}
