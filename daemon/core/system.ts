/**
 * The seam between the daemon and its machine. The daemon cannot tell which machine it runs on: a virtual
 * host (`sim/host`) or a real Linux host (`daemon/linux`).
 *
 * Facts that are only read come from the getters of `System`. What the daemon wants done are `Command` values,
 * carried out in order, each before the next; what happens to it are `SystemEvent` values. An answer or a
 * failure of a command comes back as a later event with the command's id. Read `commands.ts` and
 * `events.ts` next.
 */

import type { TimeUs } from '../base/time.ts';
import type { ScriptFault } from '../config/parse-context.ts';
import type { AddressView, InterfaceView } from '../vrrp/vrrp-actions.ts';
import type { IpAddress } from '../wire/ip-address.ts';

/** What the daemon may ask its machine at any moment, without side effects. */
export interface System {
  /** Name of the host, as `uname -n` prints it. */
  hostname(): string;
  /** All interfaces in index order. The list and its items are snapshots or live views; never written. */
  interfaces(): readonly InterfaceFacts[];
  /** One interface by name; `undefined` when there is none (yet). */
  interfaceNamed(name: string): InterfaceFacts | undefined;
  /** A whole file, or `undefined` when it cannot be read. */
  readFile(path: string): Uint8Array | undefined;
  /** Paths that match a shell pattern (`*`, `?`, `[]`, csh braces), sorted by name. */
  expandPattern(pattern: string): readonly string[];
  /** Whether `path` is a file that this daemon could execute. */
  isExecutable(path: string): boolean;
  /** Why a script cannot be run, `undefined` when it can; a machine may not know more than `isExecutable`. */
  scriptFault?(path: string): ScriptFault | undefined;
  /** Whether the machine has a user of that name; numbers are no names. */
  hasUser(name: string): boolean;
  /** Whether it has a group of that name; a machine may not know, and then every group is taken to exist. */
  hasGroup?(name: string): boolean;
  /** Processes that run now, for `vrrp_track_process` and `pidof`. */
  processes(): readonly ProcessFacts[];
  /** The current value of a sysctl in dotted form, `undefined` when it does not exist. */
  sysctl(name: string): string | undefined;
  /** What the daemon and its ended children have used of the processor; a machine may not know. */
  processorTime?(): ProcessorTime;
  /** IPVS' time-outs in seconds, for `lvs_timeouts` to bring back; a machine may have none. */
  ipvsTimeouts?(): readonly [tcp: number, tcpFin: number, udp: number] | undefined;
  /** Where relative paths begin; a machine may have only absolute ones. */
  workingDirectory?(): string;
  /** A variable of the daemon's environment; a machine may have none. */
  environment?(name: string): string | undefined;
  /** How long ago the machine was booted, in µs; a machine may not know. */
  uptimeUs?(now: TimeUs): number;
  /** Wall clock of the machine at `now`, in µs since 1970-01-01 UTC; for stamps only, it may jump. */
  wallClockUs(now: TimeUs): number;
}

/** Time on the processor, in µs, as getrusage(2) counts it. */
export interface ProcessorTime {
  readonly userUs: number;
  readonly systemUs: number;
  readonly childrenUserUs: number;
  readonly childrenSystemUs: number;
}

/** One network interface as netlink describes it. */
export interface InterfaceFacts extends InterfaceView {
  readonly multicast: boolean;
  /** In the kernel's order: the first of a family and subnet is its primary address. */
  readonly addresses: readonly InterfaceAddress[];
}

/** One address of an interface. */
export interface InterfaceAddress extends AddressView {
  /** Name shown by `ip addr`; equal to the interface's when not set. */
  readonly label?: string;
  readonly broadcast?: IpAddress;
  readonly peer?: IpAddress;
}

/** One running process. */
export interface ProcessFacts {
  readonly pid: number;
  /** The command name, as in `/proc/PID/comm`. */
  readonly name: string;
  readonly arguments: readonly string[];
}
