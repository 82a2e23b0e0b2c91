/** Open sockets of one kernel. */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { OutputPaths } from './output-path.ts';
import type { PacketOptions, RawOptions, UdpOptions } from './socket-api.ts';

/** A bound UDP socket. */
export interface UdpSocketState extends OutputPaths {
  readonly options: UdpOptions;
  /** `undefined` is any address. */
  readonly bound: IpAddress | undefined;
  readonly port: number;
  open: boolean;
}

/** An AF_PACKET socket. */
export interface PacketSocketState {
  readonly options: PacketOptions;
}

/** A raw socket. */
export interface RawSocketState {
  readonly options: RawOptions;
}

/** All of them, in order of opening. */
export interface SocketState {
  /** By port, both families. */
  readonly udp: Map<number, UdpSocketState[]>;
  /** By protocol, both families. */
  readonly raw: Map<number, readonly RawSocketState[]>;
  readonly packet: PacketSocketState[];
  nextEphemeral: number;
}
