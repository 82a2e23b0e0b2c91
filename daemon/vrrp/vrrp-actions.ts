/**
 * What the VRRP machine wants done, and the few facts it reads of its host.
 *
 * The machine decides, it never acts: each decision appends actions to a list that `daemon/core`
 * passes on as commands. The shapes are those of `core/commands.ts`, so the compiler checks that
 * every action is a command; the types stand here because `vrrp` may not look upwards at `core`.
 */

import type { DurationUs, TimeUs } from '../base/time.ts';
import type { AddressScope } from '../wire/address-scope.ts';
import type { IpAddress, IpFamily, IpPrefix } from '../wire/ip-address.ts';
import type { MacAddress } from '../wire/mac-address.ts';
import type { VrrpState } from './vrrp-state.ts';

/** An address as `ip address` takes it; `AddressSpec` of `core/commands.ts` is the same. */
export interface AddressAction {
  readonly interface: string;
  readonly address: IpAddress;
  readonly length: number;
  readonly scope: AddressScope;
  readonly label?: string;
  readonly broadcast?: IpAddress;
  readonly peer?: IpAddress;
  readonly noDad?: boolean;
  readonly home?: boolean;
  readonly manageTemporary?: boolean;
  readonly noPrefixRoute?: boolean;
  readonly autojoin?: boolean;
  /** Seconds; 0 marks an IPv6 address deprecated. */
  readonly preferredLifetimeSeconds?: number;
}

/** Everything the VRRP machine can ask for; a subset of `Command`. */
export type VrrpAction =
  | {
      readonly kind: 'log';
      readonly process: 'vrrp';
      readonly level: 'info';
      readonly text: string;
    }
  | { readonly kind: 'ip-send'; readonly interface: string; readonly packet: Uint8Array }
  | { readonly kind: 'frame-send'; readonly interface: string; readonly frame: Uint8Array }
  | {
      readonly kind: 'address-add' | 'address-delete';
      readonly id: number;
      readonly address: AddressAction;
    }
  | {
      readonly kind: 'route-add' | 'route-append' | 'route-delete' | 'rule-add' | 'rule-delete';
      readonly id: number;
      readonly family: IpFamily;
      readonly words: readonly string[];
    }
  | {
      readonly kind: 'firewall-add' | 'firewall-delete';
      readonly rule:
        | {
            readonly kind: 'drop-address';
            readonly address: IpAddress;
            readonly interface?: string;
          }
        | { readonly kind: 'igmp-on-base'; readonly interface: string; readonly base: string };
    }
  | { readonly kind: 'sysctl-write'; readonly name: string; readonly value: string }
  | LinkAction
  | SocketAction
  | ScriptAction
  | { readonly kind: 'fifo-write'; readonly path: string; readonly line: string }
  | { readonly kind: 'file-write'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: 'report'; readonly report: VrrpReport };

/** Interfaces for virtual MACs. */
export type LinkAction =
  | {
      readonly kind: 'link-add';
      readonly id: number;
      readonly name: string;
      readonly base: string;
      readonly type:
        | { readonly kind: 'macvlan'; readonly mac: MacAddress; readonly mode: 'private' }
        | { readonly kind: 'ipvlan'; readonly mode: 'bridge' | 'private' | 'vepa' };
    }
  | { readonly kind: 'link-delete' | 'link-up'; readonly id: number; readonly name: string };

/** Raw sockets for VRRP. */
export type SocketAction =
  | {
      readonly kind: 'vrrp-open';
      readonly id: number;
      readonly interface: string;
      readonly family: IpFamily;
      /** 112, or 51 with AH. */
      readonly protocol: 112 | 51;
      readonly group?: IpAddress;
      /** Own address that unicast packets must be sent to. */
      readonly unicastTo?: IpAddress;
    }
  | { readonly kind: 'vrrp-close'; readonly id: number };

/** Scripts of checks and notifications. */
export type ScriptAction =
  | {
      readonly kind: 'script-run';
      readonly id: number;
      /** The argument vector; never a shell. */
      readonly arguments: readonly string[];
      readonly user?: string;
      readonly group?: string;
      /** What for: a check is answered by the scenario, a notification is recorded. */
      readonly purpose: 'check' | 'notify' | 'lifecycle';
      /** Name of the vrrp_script or of the instance or group that the notification is about. */
      readonly subject: string;
      readonly limit?: DurationUs;
    }
  | { readonly kind: 'script-signal'; readonly id: number; readonly signal: 'TERM' | 'KILL' };

/** Typed facts for the run log; `DaemonReport` of `core/reports.ts` is these and a few more. */
export type VrrpReport =
  | {
      readonly kind: 'vrrp-state';
      readonly instance: string;
      readonly vrid: number;
      readonly interface: string;
      readonly from: VrrpState;
      readonly to: VrrpState;
      readonly priority: number;
      /** Why, as a short fixed word: 'startup', 'advert-timeout', 'higher-priority', 'script', … */
      readonly cause: string;
    }
  | { readonly kind: 'group-state'; readonly group: string; readonly to: VrrpState }
  | {
      readonly kind: 'priority';
      readonly instance: string;
      readonly vrid: number;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: 'advert-refused';
      readonly instance: string;
      readonly vrid: number;
      readonly source: IpAddress;
      readonly reason: string;
    }
  | {
      readonly kind: 'notification';
      readonly scope: 'INSTANCE' | 'GROUP';
      readonly name: string;
      readonly state: string;
      readonly priority: number;
    }
  | {
      readonly kind: 'mail';
      readonly to: readonly string[];
      readonly subject: string;
      readonly body: string;
    };

/** What the machine reads of an interface; `InterfaceFacts` of `core/system.ts` has it all. */
export interface InterfaceView {
  readonly name: string;
  readonly index: number;
  readonly mac: MacAddress;
  readonly mtu: number;
  /** IFF_UP: switched on by the administrator. */
  readonly up: boolean;
  /** IFF_RUNNING: it has a carrier (and is up). */
  readonly running: boolean;
  readonly loopback: boolean;
  /** What kind of link: `physical` covers ethernet, bridge and bond alike. */
  readonly kind: 'physical' | 'macvlan' | 'ipvlan' | 'vlan' | 'loopback';
  /** Name of the interface that a macvlan, ipvlan or vlan stands on. */
  readonly base?: string;
  readonly addresses: readonly AddressView[];
}

/** What the machine reads of an address. */
export interface AddressView extends IpPrefix {
  readonly scope: AddressScope;
  /** A later address of the same subnet: goes with its primary unless promote_secondaries is set. */
  readonly secondary: boolean;
  /** Duplicate address detection of IPv6 is still running. */
  readonly tentative?: boolean;
}

/** What the machine reads of a process. */
export interface ProcessView {
  readonly pid: number;
  readonly name: string;
  readonly arguments: readonly string[];
}

/** The part of `System` that the VRRP machine uses. */
export interface VrrpHost {
  interfaces(): readonly InterfaceView[];
  interfaceNamed(name: string): InterfaceView | undefined;
  readFile(path: string): Uint8Array | undefined;
  processes(): readonly ProcessView[];
  sysctl(name: string): string | undefined;
  /** How long ago it was booted, in µs. */
  uptimeUs?(now: TimeUs): number;
  /** Its wall clock, in µs since 1970. */
  wallClockUs(now: TimeUs): number;
}
