/**
 * What the daemon tells its machine to do. Commands are plain values, carried out in order, each before the
 * next. A command that can fail or answers carries an `id`; the machine then sends a `SystemEvent` with the
 * same id. Commands without an id are fire and forget: their failure is the machine's log line.
 *
 * Source: what keepalived 2.2.7 does through netlink, setsockopt, sendmsg, nftables, IPVS and fork.
 */

import type { StreamAction } from '../check/check-actions.ts';
import type {
  AddressAction,
  LinkAction,
  ScriptAction,
  SocketAction,
} from '../vrrp/vrrp-actions.ts';
import type { IpAddress, IpFamily } from '../wire/ip-address.ts';
import type { DaemonReport } from './reports.ts';

/** Ties an answer to its question; unique within one daemon. */
export type CommandId = number;

/** Everything a daemon can ask for. */
export type Command =
  | AddressCommand
  | RouteCommand
  | RuleCommand
  | LinkCommand
  | FirewallCommand
  | SysctlCommand
  | VrrpSocketCommand
  | SendCommand
  | StreamCommand
  | DatagramCommand
  | ResolveCommand
  | ScriptCommand
  | IpvsCommand
  | OutputCommand
  | ExitCommand;

/** `ip address add|del`. Fails with 'command-failed'; an address already there is not a failure. */
export interface AddressCommand {
  readonly kind: 'address-add' | 'address-delete';
  readonly id: CommandId;
  readonly address: AddressSpec;
}

/** An address as `ip address` takes it. */
export type AddressSpec = AddressAction;

/** `ip route add|del|append`; the words are those of ip-route(8), checked by the configuration reader. */
export interface RouteCommand {
  readonly kind: 'route-add' | 'route-append' | 'route-delete';
  readonly id: CommandId;
  readonly family: IpFamily;
  readonly words: readonly string[];
}

/** `ip rule add|del`; the words are those of ip-rule(8). */
export interface RuleCommand {
  readonly kind: 'rule-add' | 'rule-delete';
  readonly id: CommandId;
  readonly family: IpFamily;
  readonly words: readonly string[];
}

/** Interfaces the daemon makes for virtual MACs. */
export type LinkCommand = LinkAction;

/**
 * Firewall rules of the daemon's own table. `drop-address`: packets to and from the address are dropped,
 * in and out, except neighbour discovery (no_accept, strict). `igmp-on-base`: IGMP and MLD of a VMAC leave
 * through its base interface.
 */
export interface FirewallCommand {
  readonly kind: 'firewall-add' | 'firewall-delete';
  readonly rule:
    | { readonly kind: 'drop-address'; readonly address: IpAddress; readonly interface?: string }
    | { readonly kind: 'igmp-on-base'; readonly interface: string; readonly base: string };
}

/** Writes a sysctl in dotted form. */
export interface SysctlCommand {
  readonly kind: 'sysctl-write';
  readonly name: string;
  readonly value: string;
}

/**
 * The raw sockets for VRRP: one per interface, family and way of addressing, as keepalived's socket pool.
 * From `vrrp-open` on the machine delivers 'vrrp-packet' events. With a `group` it joins (IGMP/MLD).
 */
export type VrrpSocketCommand = SocketAction;

/** Packets and frames on their way out; both are given away and never written again. */
export type SendCommand =
  | {
      /** A whole IP packet, header included; the machine fills the Ethernet header. */
      readonly kind: 'ip-send';
      readonly interface: string;
      readonly packet: Uint8Array;
    }
  | {
      /** A whole Ethernet frame: gratuitous ARP, unsolicited neighbour advertisement. */
      readonly kind: 'frame-send';
      readonly interface: string;
      readonly frame: Uint8Array;
    };

/** TCP and TLS for checkers and mail. Answers: 'stream-connected', '-data', '-closed', '-failed'. */
export type StreamCommand = StreamAction;

/** UDP and ICMP echo for checkers, UDP for BFD. Answers: 'datagram-received', 'datagram-failed'. */
export type DatagramCommand =
  | {
      readonly kind: 'datagram-open';
      readonly id: CommandId;
      readonly protocol: 'udp' | 'icmp-echo';
      readonly family: IpFamily;
      readonly remote?: { readonly address: IpAddress; readonly port: number };
      readonly local?: { readonly address?: IpAddress; readonly port?: number };
      readonly interface?: string;
      /** Firewall mark of what is sent. */
      readonly mark?: number;
      /** TTL or hop limit of what is sent; the machine's default without. */
      readonly ttl?: number;
      /** A socket that only listens, and whose events tell the TTL; others may say 0, "not known". */
      readonly wantsTtl?: boolean;
    }
  | {
      readonly kind: 'datagram-send';
      readonly id: CommandId;
      readonly bytes: Uint8Array;
      readonly to?: { readonly address: IpAddress; readonly port: number };
    }
  | { readonly kind: 'datagram-close'; readonly id: CommandId };

/** Looks a host name up. Answer: 'resolved'. */
export interface ResolveCommand {
  readonly kind: 'resolve';
  readonly id: CommandId;
  readonly name: string;
}

/** Runs a script; answer: 'script-exited'. The machine applies the rules of script security. */
export type ScriptCommand = ScriptAction;

/** One ipvsadm call, in its vocabulary. Answer: 'command-failed' on error. */
export interface IpvsCommand {
  readonly kind: 'ipvs';
  readonly id: CommandId;
  readonly words: readonly string[];
  /** keepalived does not tell when the kernel refuses this one. */
  readonly mayFail?: true;
}

/** What the outside sees of the daemon: log, FIFO, dumps, mails, and the typed report for the run log. */
export type OutputCommand =
  | {
      readonly kind: 'log';
      /** Which of keepalived's processes would say it. */
      readonly process: 'parent' | 'vrrp' | 'checkers' | 'bfd';
      readonly level: 'error' | 'warning' | 'notice' | 'info' | 'debug';
      readonly text: string;
    }
  | { readonly kind: 'fifo-write'; readonly path: string; readonly line: string }
  | { readonly kind: 'file-write'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: 'report'; readonly report: DaemonReport };

/** The last command of a daemon's life. */
export interface ExitCommand {
  readonly kind: 'exit';
  readonly code: number;
}

/**
 * Returned for a packet that concerns no instance: nothing is to be done and no timer has moved, so the machine need
 * not even ask for the next deadline. On a LAN of many routers most packets are of this kind.
 */
export const UNCONCERNED: readonly Command[] = Object.freeze([]);

/**
 * The same for a packet whose VRID no instance has on that interface, and of which no log line tells. The answer stays
 * so until the daemon is started anew or told to reload: a machine may remember it.
 */
export const UNKNOWN_VRID: readonly Command[] = Object.freeze([]);
