/**
 * The BFD control packet of 24 octets, without authentication section.
 *
 * The decoder takes any packet whose length is believable; what RFC 5880 section 6.8.6 says about its
 * contents is judged by `daemon/bfd/packet-checks.ts`, as keepalived does. Read RFC 5880 section 4.1.
 */

import { readUint32, writeUint32 } from './integers.ts';

const VERSION_AND_DIAGNOSTIC = 0;
const STATE_AND_FLAGS = 1;
const DETECT_MULTIPLIER = 2;
const LENGTH = 3;
const MY_DISCRIMINATOR = 4;
const YOUR_DISCRIMINATOR = 8;
const DESIRED_MIN_TX = 12;
const REQUIRED_MIN_RX = 16;
const REQUIRED_MIN_ECHO_RX = 20;

/** Octets of a packet without authentication. */
export const BFD_PACKET_LENGTH = 24;

/** UDP port of control packets of one hop. Source: RFC 5881 section 4. */
export const BFD_CONTROL_PORT = 3784;

/** UDP port of control packets over several hops. Source: RFC 5883 section 5. */
export const BFD_MULTIHOP_PORT = 4784;

/** Least UDP source port. Source: RFC 5881 section 4. */
export const BFD_SOURCE_PORT_LEAST = 49_152;

const POLL = 0x20;
const FINAL = 0x10;
const CONTROL_PLANE_INDEPENDENT = 0x08;
const AUTHENTICATION = 0x04;
const DEMAND = 0x02;
const MULTIPOINT = 0x01;

/** Session states by their number on the wire. */
const STATES = ['AdminDown', 'Down', 'Init', 'Up'] as const;

/** State of a session. */
export type BfdState = (typeof STATES)[number];

/** One control packet. Units: intervals in µs, as on the wire. */
export interface BfdPacket {
  readonly version: number;
  /** Why the sender's session left Up last; 5 bits. */
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly poll: boolean;
  readonly final: boolean;
  readonly controlPlaneIndependent: boolean;
  readonly authenticated: boolean;
  readonly demand: boolean;
  readonly multipoint: boolean;
  readonly detectMultiplier: number;
  /** What the sender says the packet is long; `BFD_PACKET_LENGTH` without authentication. */
  readonly length: number;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
  readonly desiredMinTx: number;
  readonly requiredMinRx: number;
  readonly requiredMinEchoRx: number;
}

/** Why a packet was not understood. */
export type BfdDropReason = 'bfd:truncated' | 'bfd:bad-length';

/**
 * The packet from `at` to `end`. Fails: 'bfd:truncated' below 24 octets, 'bfd:bad-length' when its
 * length field differs from what came. Differs: RFC 5880 section 6.8.6 allows octets behind the
 * packet; keepalived does not, so we do not.
 */
export function decodeBfd(bytes: Uint8Array, at: number, end: number): BfdPacket | BfdDropReason {
  if (end - at < BFD_PACKET_LENGTH) return 'bfd:truncated';
  const length = bytes[at + LENGTH] as number;
  if (length !== end - at) return 'bfd:bad-length';
  const first = bytes[at + VERSION_AND_DIAGNOSTIC] as number;
  const second = bytes[at + STATE_AND_FLAGS] as number;
  return {
    version: first >>> 5,
    diagnostic: first & 0x1f,
    state: STATES[second >>> 6] as BfdState,
    poll: (second & POLL) !== 0,
    final: (second & FINAL) !== 0,
    controlPlaneIndependent: (second & CONTROL_PLANE_INDEPENDENT) !== 0,
    authenticated: (second & AUTHENTICATION) !== 0,
    demand: (second & DEMAND) !== 0,
    multipoint: (second & MULTIPOINT) !== 0,
    detectMultiplier: bytes[at + DETECT_MULTIPLIER] as number,
    length,
    myDiscriminator: readUint32(bytes, at + MY_DISCRIMINATOR),
    yourDiscriminator: readUint32(bytes, at + YOUR_DISCRIMINATOR),
    desiredMinTx: readUint32(bytes, at + DESIRED_MIN_TX),
    requiredMinRx: readUint32(bytes, at + REQUIRED_MIN_RX),
    requiredMinEchoRx: readUint32(bytes, at + REQUIRED_MIN_ECHO_RX),
  };
}

/** Writes the 24 octets at `at` and returns the offset behind them; an authentication section is the caller's. */
export function encodeBfd(packet: BfdPacket, bytes: Uint8Array, at: number): number {
  bytes[at + VERSION_AND_DIAGNOSTIC] = ((packet.version & 7) << 5) | (packet.diagnostic & 0x1f);
  bytes[at + STATE_AND_FLAGS] =
    (STATES.indexOf(packet.state) << 6) |
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.controlPlaneIndependent ? CONTROL_PLANE_INDEPENDENT : 0) |
    (packet.authenticated ? AUTHENTICATION : 0) |
    (packet.demand ? DEMAND : 0) |
    (packet.multipoint ? MULTIPOINT : 0);
  bytes[at + DETECT_MULTIPLIER] = packet.detectMultiplier;
  bytes[at + LENGTH] = packet.length;
  writeUint32(packet.myDiscriminator, bytes, at + MY_DISCRIMINATOR);
  writeUint32(packet.yourDiscriminator, bytes, at + YOUR_DISCRIMINATOR);
  writeUint32(packet.desiredMinTx, bytes, at + DESIRED_MIN_TX);
  writeUint32(packet.requiredMinRx, bytes, at + REQUIRED_MIN_RX);
  writeUint32(packet.requiredMinEchoRx, bytes, at + REQUIRED_MIN_ECHO_RX);
  return at + BFD_PACKET_LENGTH;
}
