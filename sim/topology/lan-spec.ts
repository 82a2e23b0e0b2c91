/**
 * A LAN as plain data: what `sim/scenario` reads out of a file and `sim/topology/build-lan.ts` brings to life. Defaults
 * are filled in by the reader, positions of errors stay with it.
 */

import type { DurationUs } from '../../daemon/base/time.ts';
import type { HostSpec } from '../host/host-spec.ts';

export type { HostSpec, NicAddressSpec, NicSpec, ProgramSpec } from '../host/host-spec.ts';

/** Everything that stands on the floor before a run begins. */
export interface LanSpec {
  readonly hosts: readonly HostSpec[];
  readonly switches: readonly SwitchSpec[];
  readonly cables: readonly CableSpec[];
  /** Real networks that cables of this LAN lead to; absent: none. */
  readonly outside?: readonly OutsideSpec[];
  /** Wall clock at t=0, µs since 1970-01-01 UTC. */
  readonly epochUs: number;
  /** `none`: daemons start and traffic begins exactly when told. */
  readonly jitter: 'seeded' | 'none';
  readonly keepalivedVersion: string;
}

/** A real network at the far end of a cable: its node and port have one name, that of the interface. */
export interface OutsideSpec {
  readonly name: string;
  /** The port of this LAN that it is joined to. */
  readonly at: PortSpec;
}

/** A switch or hub. */
export interface SwitchSpec {
  readonly name: string;
  readonly kind: 'switch' | 'hub';
  readonly ageing: DurationUs;
  /** Ports on which all traffic of other ports is copied. */
  readonly mirrors: readonly { readonly port: string; readonly of: readonly string[] | 'all' }[];
  /** Time from carrier to forwarding (spanning tree); 0: at once. */
  readonly forwardDelay: DurationUs;
  readonly multicastSnooping: boolean;
  readonly querier: boolean;
  /** 224.0.0.0/24 under snooping: `flood` (RFC 4541; when absent), `snoop` as some switches do. */
  readonly linkLocalGroups?: 'flood' | 'snoop';
  /** Most source MACs that a port accepts; absent: any. */
  readonly macsPerPort?: number;
  /** `drop`: as switches of hypervisors without promiscuous mode; nothing is forgotten there. */
  readonly unknownUnicast?: 'flood' | 'drop';
}

/** A cable between two ports, `NODE:NAME` each. */
export interface CableSpec {
  readonly a: PortSpec;
  readonly b: PortSpec;
  readonly delay: DurationUs;
  readonly rateBitsPerSecond?: number;
  /** Frames that wait for the line before more are dropped. */
  readonly queueFrames: number;
}

/** One end of a cable. */
export interface PortSpec {
  readonly node: string;
  readonly port: string;
}
