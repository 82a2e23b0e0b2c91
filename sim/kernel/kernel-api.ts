/**
 * What programs, shells and the daemon's machine may ask of one host's Linux. The kernel model
 * knows nothing of keepalived: it is Linux with its defaults. A power-off throws the whole kernel
 * away; a boot makes a new one.
 *
 * All calls run to completion and never call back before they return, except where said.
 */

import type { AddressScope } from '../../daemon/wire/address-scope.ts';
import type { IpAddress, IpFamily, IpPrefix } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Port } from '../lan/port.ts';
import type { FirewallRule } from './firewall-state.ts';
import type { FouPort } from './fou-ports.ts';
import type { IpvsApi } from './ipvs/ipvs-api.ts';
import type {
  PacketOptions,
  PacketSocket,
  RawOptions,
  RawSocket,
  SocketError,
  TcpConnectOptions,
  TcpListener,
  TcpListenOptions,
  TcpSocket,
  TcpSocketFacts,
  UdpOptions,
  UdpSocket,
} from './socket-api.ts';

/** One host's Linux kernel. */
export interface KernelApi {
  /** Name of the host, for events and random streams. */
  readonly node: string;

  /**
   * Adds an Ethernet interface on a port, switched off, without addresses. `lo` is always there,
   * up, 127.0.0.1/8 and ::1/128.
   */
  addEthernet(options: {
    readonly name: string;
    readonly mac: MacAddress;
    readonly mtu: number;
    readonly port: Port;
  }): void;
  /**
   * `ip link add … type macvlan|ipvlan|vlan`; `false` when the name is taken or the base is
   * missing.
   */
  addVirtualLink(options: VirtualLinkOptions): boolean;
  /** `modprobe` of a tunnel module: tunl0, sit0, gre0 or ip6tnl0, down. `false`: no such, or there. */
  addTunnelLink(name: string): boolean;
  /** `ip link add NAME type dummy`: a card without a wire, down. `false`: the name is taken. */
  addDummyLink(name: string): boolean;
  /** `ip fou add`: a UDP port whose datagrams are packets of a tunnel. */
  addFouPort(port: FouPort): 'ok' | 'taken';
  deleteFouPort(which: Omit<FouPort, 'protocol'>): boolean;
  fouPorts(): readonly FouPort[];
  deleteLink(name: string): boolean;
  /** `ip link set NAME up|down`. Down drops the routes and (IPv6) addresses as Linux does. */
  setLinkUp(name: string, up: boolean): boolean;
  /** Index order. Live objects: their fields change, their identity is kept. */
  links(): readonly Link[];
  link(name: string): Link | undefined;

  addAddress(link: string, address: NewAddress): 'ok' | 'exists' | 'no-device' | 'invalid';
  deleteAddress(link: string, address: IpPrefix): boolean;
  /**
   * Whether the host accepts packets to that address now (any interface, Linux' weak host model).
   */
  isLocalAddress(address: IpAddress): boolean;

  routes(family: IpFamily, table?: string): readonly Route[];
  addRoute(route: Route, how: 'add' | 'append' | 'replace'): 'ok' | 'exists' | 'unreachable';
  deleteRoute(match: Partial<Route> & { readonly family: IpFamily }): boolean;
  /** `ip route get`: way and source address of a packet, bound to `oif` as a link-local one must be. */
  routeTo(destination: IpAddress, from?: IpAddress, oif?: string): RouteChoice | undefined;
  /** What connect(2) says where `routeTo` finds no way. */
  routeError(destination: IpAddress, from?: IpAddress, oif?: string): SocketError | undefined;
  rules(family: IpFamily): readonly PolicyRule[];
  addRule(rule: PolicyRule): 'ok' | 'exists';
  deleteRule(rule: PolicyRule): boolean;

  neighbours(): readonly NeighbourFacts[];
  /** `ip neigh add … nud permanent|…`. */
  setNeighbour(link: string, address: IpAddress, mac: MacAddress, state: NeighbourState): void;
  deleteNeighbour(link: string, address: IpAddress): boolean;
  /**
   * A program has heard from its peer (MSG_CONFIRM): the neighbour of the next hop counts as
   * confirmed. `ping -6` of iputils does so with every answer, its IPv4 side does not (recordings
   * S13 and S01).
   */
  confirmNeighbour(destination: IpAddress): void;
  /**
   * `ip neigh flush`: all but PERMANENT and NOARP entries; `which` narrows it. Returns how many.
   */
  flushNeighbours(which?: { readonly link?: string; readonly address?: IpAddress }): number;

  /**
   * Value of a sysctl in dotted form (`net.ipv4.conf.all.arp_ignore`, `net.ipv4.conf.eth0/1.…` for
   * names with dots).
   */
  sysctl(name: string): string | undefined;
  /** `false` when there is no such sysctl or the value is refused. */
  setSysctl(name: string, value: string): boolean;
  sysctlNames(): readonly string[];

  /** Opens a UDP socket; `undefined` with the reason as Linux' errno name when it cannot. */
  openUdp(options: UdpOptions): UdpSocket | SocketError;
  /** Listens for TCP connections (socket, bind, listen); the errno's name when it cannot. */
  listenTcp(options: TcpListenOptions): TcpListener | SocketError;
  /**
   * Opens a TCP connection; what becomes of it is told to the handlers, never before the call
   * returns.
   */
  connectTcp(options: TcpConnectOptions): TcpSocket | SocketError;
  /**
   * All TCP sockets as `ss -ant` lists them: listeners first, then connections in order of opening.
   */
  tcpSockets(): readonly TcpSocketFacts[];
  /** A raw IP socket: hears a copy of every packet of `protocol` that is for this host. */
  openRaw(options: RawOptions): RawSocket | SocketError;
  /**
   * An AF_PACKET socket: hears frames of one or all links, both ways. Programs like tcpdump use it.
   */
  openPacket(options: PacketOptions): PacketSocket;
  /**
   * Sends an IP packet whose header the caller wrote (IP_HDRINCL); routed unless `link` is given. It is copied. `mayBeCut` is for
   * programs whose header is really the kernel's: an IPv4 packet without DF is then cut when it does not fit.
   */
  sendIp(packet: Uint8Array, link?: string, mayBeCut?: boolean): SocketError | undefined;
  /** Sends a whole Ethernet frame through a link. */
  sendFrame(link: string, frame: Uint8Array): SocketError | undefined;
  /** IGMP or MLD membership, counted per link; the first join and the last leave make reports. */
  joinGroup(link: string, group: IpAddress): void;
  leaveGroup(link: string, group: IpAddress): void;

  /**
   * Drops packets as a rule of nftables or iptables would. Returns a handle for
   * `deleteFirewallRule`.
   */
  addFirewallRule(rule: FirewallRule): number;
  deleteFirewallRule(handle: number): void;
  /** Deletes a rule that `firewallRules` handed out. */
  removeFirewallRule(rule: FirewallRule): void;
  firewallRules(): readonly FirewallRule[];

  /** The IPVS data plane, as `ipvsadm` and keepalived see it. */
  readonly ipvs: IpvsApi;

  /** Calls `listener` after each change (netlink multicast groups). Returns how to unsubscribe. */
  onNetlink(listener: (event: NetlinkEvent) => void): () => void;
  /** Why packets were dropped, counted by reason. */
  dropCounters(): ReadonlyMap<string, number>;
  /** Makes the kernel inert for good: power is off. It sends nothing and hears nothing any more. */
  halt(): void;
  /**
   * A paused machine hears nothing and its timers stand still; frames queue up to the NIC's ring
   * (256) and are heard on resume.
   */
  setFrozen(frozen: boolean): void;
}

/** What `ip link add` takes for links that stand on another. */
export type VirtualLinkOptions =
  | {
      readonly kind: 'macvlan';
      readonly name: string;
      readonly base: string;
      readonly mac: MacAddress;
      readonly mode: 'private' | 'bridge';
    }
  | {
      readonly kind: 'ipvlan';
      readonly name: string;
      readonly base: string;
      readonly mode: 'bridge' | 'private' | 'vepa';
    }
  | {
      readonly kind: 'vlan';
      readonly name: string;
      readonly base: string;
      readonly vlanId: number;
    };

/** One interface. */
export interface Link {
  readonly name: string;
  readonly index: number;
  readonly kind: 'ethernet' | 'loopback' | 'macvlan' | 'ipvlan' | 'vlan' | 'tunnel' | 'dummy';
  readonly base?: string;
  readonly mac: MacAddress;
  readonly mtu: number;
  /** IFF_UP. */
  readonly up: boolean;
  /** A signal is there (IFF_LOWER_UP); `running` in netlink's sense is up and carrier. */
  readonly carrier: boolean;
  readonly addresses: readonly LinkAddress[];
  readonly counters: LinkCounters;
}

/** One address of a link, in the kernel's order. */
export interface LinkAddress extends IpPrefix {
  readonly scope: AddressScope;
  readonly label: string;
  readonly broadcast?: IpAddress;
  readonly peer?: IpAddress;
  readonly secondary: boolean;
  readonly tentative: boolean;
  readonly deprecated: boolean;
  readonly noPrefixRoute: boolean;
}

/** What `addAddress` takes; the rest as in `ip address add`. */
export interface NewAddress extends IpPrefix {
  readonly scope?: AddressScope;
  readonly label?: string;
  readonly broadcast?: IpAddress;
  readonly peer?: IpAddress;
  readonly noDad?: boolean;
  readonly noPrefixRoute?: boolean;
  readonly deprecated?: boolean;
}

/** Frames and bytes of a link, as `ip -s link`. */
export interface LinkCounters {
  rxPackets: number;
  rxBytes: number;
  rxDropped: number;
  txPackets: number;
  txBytes: number;
  txDropped: number;
}

/** One entry of a routing table. */
export interface Route {
  readonly family: IpFamily;
  readonly destination: IpPrefix;
  readonly table: string;
  readonly type: 'unicast' | 'local' | 'broadcast' | 'blackhole' | 'unreachable' | 'prohibit';
  readonly link?: string;
  readonly gateway?: IpAddress;
  readonly source?: IpAddress;
  readonly scope: AddressScope;
  readonly metric: number;
  /** `kernel`, `boot`, `static`, `keepalived`, as in /etc/iproute2/rt_protos. */
  readonly protocol: string;
  readonly onLink?: boolean;
}

/** The result of a routing decision. */
export interface RouteChoice {
  readonly link: string;
  readonly source: IpAddress;
  readonly nextHop: IpAddress;
  readonly local: boolean;
  /** Octets of the largest packet that fits the way, as far as is known. */
  readonly mtu: number;
}

/** One rule of policy routing. */
export interface PolicyRule {
  readonly family: IpFamily;
  readonly priority: number;
  readonly from?: IpPrefix;
  readonly to?: IpPrefix;
  readonly inputLink?: string;
  readonly outputLink?: string;
  readonly mark?: number;
  readonly table: string;
}

/** Linux' neighbour states (NUD_*). */
export type NeighbourState =
  | 'INCOMPLETE'
  | 'REACHABLE'
  | 'STALE'
  | 'DELAY'
  | 'PROBE'
  | 'FAILED'
  | 'NOARP'
  | 'PERMANENT';

/** One line of `ip neigh`. */
export interface NeighbourFacts {
  readonly link: string;
  readonly address: IpAddress;
  readonly mac?: MacAddress;
  readonly state: NeighbourState;
  readonly router: boolean;
}

/** Changes that netlink announces. */
export type NetlinkEvent =
  | { readonly kind: 'link-changed' | 'link-removed'; readonly link: string }
  | {
      readonly kind: 'address-added' | 'address-removed';
      readonly link: string;
      readonly address: LinkAddress;
    }
  | { readonly kind: 'route-added' | 'route-removed'; readonly route: Route }
  | { readonly kind: 'rule-removed'; readonly rule: PolicyRule }
  | {
      readonly kind: 'neighbour-changed' | 'neighbour-removed';
      readonly neighbour: NeighbourFacts;
    };
