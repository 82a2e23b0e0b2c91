/**
 * One entry of the connection table: who talks to which real server, in which state, until when. Templates
 * of persistence are entries too, with client port 0. Source: include/net/ip_vs.h, struct ip_vs_conn.
 */

import type { IpAddress, IpFamily } from '../../../daemon/wire/ip-address.ts';
import type { KernelTimer } from '../kernel-clock.ts';
import type { ForwardMethod, RealServer } from './ipvs-state.ts';

/** The port that a voided template shows. */
export const VOIDED_PORT = 0xffff;

/** A connection or a template. */
export interface Connection {
  readonly family: IpFamily;
  /** 0 of a template of a service by mark, whose `virtualAddress` is then the mark. */
  readonly protocol: number;
  readonly client: IpAddress;
  clientPort: number;
  readonly virtualAddress: IpAddress;
  virtualPort: number;
  readonly serverAddress: IpAddress;
  serverPort: number;
  readonly mark: number;
  /** `undefined` for a synchronised connection whose server is unknown here. */
  server: RealServer | undefined;
  method: ForwardMethod;
  readonly isTemplate: boolean;
  /** One datagram, then gone (`--ops`); never in the table. */
  readonly isOnePacket: boolean;
  /** Counted as inactive. */
  isInactive: boolean;
  /** Answers do not pass here (DR, TUN), or have not yet. */
  isWithoutOutput: boolean;
  /** Came from a sync master. */
  isSynchronised: boolean;
  /** A template with an established connection. */
  isAssured: boolean;
  /** Place in `TCP_STATES` for TCP; 0 otherwise. */
  state: number;
  /** Lifetime after a packet, in ticks. */
  timeoutTicks: number;
  /** When the kernel's timer wheel will fire, in kernel time. */
  expiryUs: number;
  /** What /proc shows the rest of: the tick that the lifetime ends at. */
  expiryTick: number;
  readonly timer: KernelTimer;
  /** The template that controls this connection. */
  control: Connection | undefined;
  /** How many connections this template controls. */
  controlled: number;
  /** It has let timers of the same moment go first; see `onTimer`. */
  hasYielded: boolean;
  inPackets: number;
  /** State and time of the last announcement of the sync daemon. */
  announcedState: number;
  announcedUntilTick: number;
  /** In the hash table. */
  isHashed: boolean;
  nextInBucket: Connection | undefined;
  previousInBucket: Connection | undefined;
  nextInOrder: Connection | undefined;
  previousInOrder: Connection | undefined;
}
