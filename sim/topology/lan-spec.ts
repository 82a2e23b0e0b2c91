/**
 * A LAN as plain data: what `sim/scenario` reads out of a file and `sim/topology/build-lan.ts` brings to life. Defaults
 * are filled in by the reader, positions of errors stay with it.
 */

import type { DurationUs } from '../../daemon/base/time.ts';
import type { IpAddress, IpPrefix } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { ScriptAnswer } from '../host/host-api.ts';

/** Everything that stands on the floor before a run begins. */
export interface LanSpec {
  readonly hosts: readonly HostSpec[];
  readonly switches: readonly SwitchSpec[];
  readonly cables: readonly CableSpec[];
  /** Wall clock at t=0, µs since 1970-01-01 UTC. */
  readonly epochUs: number;
  /** `none`: daemons start and traffic begins exactly when told. */
  readonly jitter: 'seeded' | 'none';
  readonly keepalivedVersion: string;
}

/** One machine with its boot configuration. */
export interface HostSpec {
  readonly name: string;
  readonly nics: readonly NicSpec[];
  readonly sysctl: readonly (readonly [name: string, value: string])[];
  readonly routes: readonly { readonly destination: IpPrefix; readonly via?: IpAddress; readonly link?: string }[];
  /** Absolute path on the host to content; `/etc/keepalived/keepalived.conf` among them. */
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[];
  /** Units of systemd that start at boot. */
  readonly enabledUnits: readonly string[];
  readonly programs: readonly ProgramSpec[];
  readonly scripts: readonly (readonly [name: string, answer: ScriptAnswer])[];
  /** Host names to addresses, as /etc/hosts. */
  readonly names: readonly (readonly [name: string, address: IpAddress])[];
  readonly bootTime: DurationUs;
  /** `ifdown`: network scripts take addresses that are not the interface's first away with the carrier. */
  readonly onCarrierLoss: 'keep' | 'ifdown';
  /** Off at t=0. */
  readonly startsOff: boolean;
  /** What `-i` of keepalived would say; default the first label of the name. */
  readonly configId?: string;
}

/** One network card. */
export interface NicSpec {
  readonly name: string;
  readonly mac: MacAddress;
  readonly mtu: number;
  /** First the primary one, then aliases in order. */
  readonly addresses: readonly NicAddressSpec[];
}

/** One address of the boot configuration; a label such as `eth0:1` makes an alias. */
export interface NicAddressSpec extends IpPrefix {
  readonly label?: string;
}

/** A program started at boot; the options are the program's own and were checked by the reader. */
export interface ProgramSpec {
  readonly kind: string;
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
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
  /** Most source MACs that a port accepts; absent: any. */
  readonly macsPerPort?: number;
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
