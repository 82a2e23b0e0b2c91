/**
 * What the headers of one frame say, read once. A switch hands one flooded buffer to a hundred hosts, and each of them
 * would check the same IP header; the sum over it alone was a tenth of an idle VRRP LAN. Frames are never written to
 * once they were sent, so the identity of the buffer says that nothing has changed.
 *
 * Numbers are kept signed, as 32 bits: a larger one would be a heap object of its own.
 */

import { ARP_LENGTH, ARP_REQUEST, readArpOperation } from '../../daemon/wire/arp.ts';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  readEtherType,
} from '../../daemon/wire/ethernet.ts';
import {
  checkIpv4Header,
  IPV4_HEADER_LENGTH,
  ipv4HeaderLength,
  isIpv4Fragment,
  readIpv4Protocol,
  readIpv4TotalLength,
} from '../../daemon/wire/ipv4.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const SOURCE_AT = IP_AT + 12;
const DESTINATION_AT = IP_AT + 16;
const ARP_AT = ETHERNET_HEADER_LENGTH;
const ARP_SENDER_AT = ARP_AT + 14;
const ARP_TARGET_AT = ARP_AT + 24;
const LOOPBACK_OCTET = 127;
/** Class D and above: no source of a packet. */
const FIRST_GROUP_OCTET = 224;

/** What a frame carries, as far as a short way may exist for it. */
type FrameKind = 'ipv4' | 'arp-request' | 'other';

/** The headers of one frame. */
export class FrameFacts {
  /** The frame that the rest is about. */
  frame: Uint8Array | undefined;
  /** `ipv4` is a sound, whole packet of an ordinary source, `arp-request` a broadcast; of others nothing else is set. */
  kind: FrameKind = 'other';
  /** The destination MAC: 16 bits, and 32 signed. */
  macHigh = 0;
  macLow = 0;
  /** The addresses, signed; of ARP those of sender and target. */
  source = 0;
  destination = 0;
  protocol = 0;
  /** Where the payload begins and the packet ends. */
  payloadAt = 0;
  end = 0;

  /** Reads `frame` unless it is the one that was read last, and says what it carries. */
  read(frame: Uint8Array): FrameKind {
    if (frame !== this.frame) {
      this.frame = frame;
      this.kind = kindOf(frame);
      if (this.kind === 'ipv4') this.#readIpv4(frame);
      else if (this.kind === 'arp-request') this.#readArp(frame);
    }
    return this.kind;
  }

  #readArp(frame: Uint8Array): void {
    this.source = readInt32(frame, ARP_SENDER_AT);
    this.destination = readInt32(frame, ARP_TARGET_AT);
  }

  #readIpv4(frame: Uint8Array): void {
    this.macHigh = ((frame[0] as number) << 8) | (frame[1] as number);
    this.macLow = readInt32(frame, 2);
    this.source = readInt32(frame, SOURCE_AT);
    this.destination = readInt32(frame, DESTINATION_AT);
    this.protocol = readIpv4Protocol(frame, IP_AT);
    this.payloadAt = IP_AT + ipv4HeaderLength(frame, IP_AT);
    this.end = IP_AT + readIpv4TotalLength(frame, IP_AT);
  }
}

function kindOf(frame: Uint8Array): FrameKind {
  if (isPlainIpv4(frame)) return 'ipv4';
  return isBroadcastArpRequest(frame) ? 'arp-request' : 'other';
}

/** Whether a packet needs none of the rarer decisions: martians, fragments, errors of the header. */
function isPlainIpv4(frame: Uint8Array): boolean {
  if (frame.length < IP_AT + IPV4_HEADER_LENGTH) return false;
  if (readEtherType(frame) !== ETHERTYPE_IPV4) return false;
  const top = frame[SOURCE_AT] as number;
  if (top === 0 || top === LOOPBACK_OCTET || top >= FIRST_GROUP_OCTET) return false;
  return checkIpv4Header(frame, IP_AT, frame.length) === undefined && !isIpv4Fragment(frame, IP_AT);
}

function isBroadcastArpRequest(frame: Uint8Array): boolean {
  if (frame.length < ARP_AT + ARP_LENGTH || readEtherType(frame) !== ETHERTYPE_ARP) return false;
  if (readInt32(frame, 0) !== -1 || frame[4] !== 0xff || frame[5] !== 0xff) return false;
  return readArpOperation(frame, ARP_AT) === ARP_REQUEST;
}

/** Four octets as a signed number. */
function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
