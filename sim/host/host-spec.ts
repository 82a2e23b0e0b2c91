/**
 * A machine as plain data: its boot configuration, as a scenario file says it. Part of the
 * `LanSpec` of `sim/topology`; it lives here because machines know nothing of topologies.
 */

import type { DurationUs } from '../../daemon/base/time.ts';
import type { IpAddress, IpPrefix } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { ScriptAnswer } from './host-api.ts';

/** One machine with its boot configuration. */
export interface HostSpec {
  readonly name: string;
  readonly nics: readonly NicSpec[];
  readonly sysctl: readonly (readonly [name: string, value: string])[];
  readonly routes: readonly {
    readonly destination: IpPrefix;
    readonly via?: IpAddress;
    readonly link?: string;
  }[];
  /** Absolute path on the host to content; `/etc/keepalived/keepalived.conf` among them. */
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[];
  /** Units of systemd that start at boot. */
  readonly enabledUnits: readonly string[];
  readonly programs: readonly ProgramSpec[];
  readonly scripts: readonly (readonly [name: string, answer: ScriptAnswer])[];
  /** Host names to addresses, as /etc/hosts. */
  readonly names: readonly (readonly [name: string, address: IpAddress])[];
  readonly bootTime: DurationUs;
  /**
   * `ifdown`: network scripts take addresses that are not the interface's first away with the
   * carrier.
   */
  readonly onCarrierLoss: 'keep' | 'ifdown';
  /** Command lines that run once at boot, when the network is configured and before units start. */
  readonly bootCommands?: readonly string[];
  /** Off at t=0. */
  readonly startsOff: boolean;
  /** Phase of the kernel's ticks at t=0, µs; by default drawn at each boot. A replay of a recording sets it. */
  readonly tickPhaseUs?: number;
  /** Added to `lo` at boot, behind 127.0.0.1/8 (web servers behind a director in DR mode). */
  readonly loopbackAddresses?: readonly NicAddressSpec[];
  /** Tunnel devices that the boot configuration loads and brings up, with their addresses (servers in TUN mode). */
  readonly tunnels?: readonly {
    readonly name: string;
    readonly addresses: readonly NicAddressSpec[];
  }[];
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
