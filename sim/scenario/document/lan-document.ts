/** The types of `lan` of a scenario. Generated: UPDATE_GOLDEN=1 writes it. */

import type { Duration } from './duration.ts';

/** An address with a label. */
export interface LanAddress {
  /** An address with its prefix length. */
  readonly address: string;
  /** Label shown by `ip addr`, such as 'eth0:1': an alias. */
  readonly label?: string;
}

/** A card with more than an address. */
export interface LanNic {
  /** Addresses, the primary one first. */
  readonly address?: string | LanAddress | readonly (string | LanAddress)[];
  /** MAC address; by default made of the order of hosts and cards. */
  readonly mac?: string;
  /** Largest payload in bytes; 1500 by default. */
  readonly mtu?: number;
}

/** keepalived with more than a file. */
export interface LanKeepalived {
  /** Path of the keepalived.conf. */
  readonly config?: string;
  /** Whether the unit starts at boot; true by default. */
  readonly enabled?: boolean;
  /** What keepalived's option -i says, for @conditions. */
  readonly 'config-id'?: string;
}

/** A page with more than its text. */
export interface LanPage {
  /** The page. */
  readonly body?: string;
  /** HTTP status; 200 by default. */
  readonly status?: number;
  /** Where a redirect leads; its status is 302 by default. */
  readonly location?: string;
}

/** A web server. */
export interface LanHttp {
  /** Name of the process, as `pidof` finds it. */
  readonly name?: string;
  /** Address to bind; all by default. */
  readonly address?: string;
  /** TCP port; 80 by default, 443 with tls. */
  readonly port?: number;
  /** Speaks TLS, with such a certificate ('none': its handshake fails); plain by default. */
  readonly tls?: 'trusted' | 'self-signed' | 'expired' | 'other-name' | 'none';
  /** The page it answers with, for every path that `pages` does not name. */
  readonly body?: string;
  /** HTTP status; 200 by default. */
  readonly status?: number;
  /** Pages by path. */
  readonly pages?: Readonly<Record<string, string | LanPage>>;
  /** From request to answer; 0s by default. */
  readonly delay?: Duration;
  /** Requests are read and never answered. */
  readonly hang?: boolean;
  /** Requests are answered with a TCP reset. */
  readonly reset?: boolean;
}

/** A web server whose process and unit are called nginx. */
export interface LanNginx {
  /** Address to bind; all by default. */
  readonly address?: string;
  /** TCP port; 80 by default, 443 with tls. */
  readonly port?: number;
  /** Speaks TLS, with such a certificate ('none': its handshake fails); plain by default. */
  readonly tls?: 'trusted' | 'self-signed' | 'expired' | 'other-name' | 'none';
  /** The page it answers with, for every path that `pages` does not name. */
  readonly body?: string;
  /** HTTP status; 200 by default. */
  readonly status?: number;
  /** Pages by path. */
  readonly pages?: Readonly<Record<string, string | LanPage>>;
  /** From request to answer; 0s by default. */
  readonly delay?: Duration;
  /** Requests are read and never answered. */
  readonly hang?: boolean;
  /** Requests are answered with a TCP reset. */
  readonly reset?: boolean;
}

/** Where requests of a prefix go. */
export interface LanRoutes {
  /** Beginning of the paths that go there. */
  readonly prefix: string;
  /** Back ends, asked in turn. */
  readonly to: string | readonly string[];
}

/** A reverse proxy, as nginx is one. */
export interface LanProxy {
  /** Name of the process, as `pidof` finds it. */
  readonly name?: string;
  /** Address to bind; all by default. */
  readonly address?: string;
  /** TCP port; 80 by default, 443 with tls. */
  readonly port?: number;
  /** Speaks TLS, with such a certificate ('none': its handshake fails); plain by default. */
  readonly tls?: 'trusted' | 'self-signed' | 'expired' | 'other-name' | 'none';
  /** Where requests go; the longest prefix decides. */
  readonly routes: readonly LanRoutes[];
  /** Longest wait for a back end; 60s by default. */
  readonly timeout?: Duration;
}

/** A server that sends bytes back. */
export interface LanTcpEcho {
  /** Name of the process, as `pidof` finds it. */
  readonly name?: string;
  /** Address to bind; all by default. */
  readonly address?: string;
  /** TCP port; 7 by default. */
  readonly port?: number;
  /** A text that it says instead, so that one knows who answers. */
  readonly body?: string;
}

/** A name server for A and AAAA records. */
export interface LanDns {
  /** Name of the process, as `pidof` finds it. */
  readonly name?: string;
  /** Address to bind; all by default. */
  readonly address?: string;
  /** UDP port; 53 by default. */
  readonly port?: number;
  /** Names that it knows, besides those of its host. */
  readonly records?: Readonly<Record<string, string | readonly string[]>>;
}

/** A mail server that keeps what it gets in /var/mail. */
export interface LanSmtp {
  /** Name of the process, as `pidof` finds it. */
  readonly name?: string;
  /** Address to bind; all by default. */
  readonly address?: string;
  /** TCP port; 25 by default. */
  readonly port?: number;
  /** Every recipient is refused. */
  readonly refuse?: boolean;
}

/** A server that sends datagrams back. */
export interface LanUdpEcho {
  /** Name of the process, as `pidof` finds it. */
  readonly name?: string;
  /** Address to bind; all by default. */
  readonly address?: string;
  /** A text that it says instead, so that one knows who answers. */
  readonly body?: string;
  /** UDP port; 7 by default. */
  readonly port?: number;
}

/** A process that only runs. */
export interface LanProcess {
  /** Name of the process, as `pidof` finds it. */
  readonly name: string;
  /** Its whole command line; the name in /usr/sbin by default. */
  readonly command?: string;
}

/** One program: a mapping with one key, the kind of program. */
export interface LanPrograms {
  /** A web server. */
  readonly http?: LanHttp;
  /** A web server whose process and unit are called nginx. */
  readonly nginx?: LanNginx;
  /** A reverse proxy, as nginx is one. */
  readonly proxy?: LanProxy;
  /** A server that sends bytes back. */
  readonly 'tcp-echo'?: LanTcpEcho;
  /** A name server for A and AAAA records. */
  readonly dns?: LanDns;
  /** A mail server that keeps what it gets in /var/mail. */
  readonly smtp?: LanSmtp;
  /** A server that sends datagrams back. */
  readonly 'udp-echo'?: LanUdpEcho;
  /** A process that only runs. */
  readonly process?: LanProcess;
}

/** A static route. */
export interface LanRoutes2 {
  /** 'default' or a prefix. */
  readonly to: string;
  /** The gateway. */
  readonly via?: string;
  /** The interface. */
  readonly dev?: string;
}

/** A file written out here. */
export interface LanFile {
  /** The text of the file. */
  readonly content: string;
}

/** What a script answers, and how long it takes. */
export interface LanScript {
  /** Exit code, or 'hang': it never ends by itself. */
  readonly exit: number | 'hang';
  /** How long it takes; 1ms by default. */
  readonly after?: Duration;
}

/** How the host boots and looks after its network. */
export interface LanBoot {
  /** 'ifdown': network scripts drop alias addresses with the carrier. */
  readonly 'on-carrier-loss'?: 'keep' | 'ifdown';
  /**
   * Run at each boot, when the network is configured and before units start: iptables (marks,
   * drops), ip rule, ip route.
   */
  readonly commands?: readonly string[];
}

/** A host. */
export interface LanHost {
  /** Network cards by name, in order. */
  readonly nics?: Readonly<Record<string, string | LanNic | readonly (string | LanAddress)[]>>;
  /** keepalived: path of its configuration, or a mapping with more. */
  readonly keepalived?: string | LanKeepalived;
  /** Programs started at boot. */
  readonly programs?: readonly LanPrograms[];
  /** Kernel settings at boot, in dotted form. */
  readonly sysctl?: Readonly<Record<string, string | number>>;
  /**
   * More addresses at boot, by interface: lo too, and tunl0, sit0, gre0 or ip6tnl0, which are
   * loaded and brought up (real servers in TUN mode).
   */
  readonly addresses?:
    | Readonly<Record<string, string
    | LanAddress
    | readonly (string
    | LanAddress)[]>>;
  /** Static routes at boot. */
  readonly routes?: readonly LanRoutes2[];
  /** Files of the host, by absolute path. */
  readonly files?: Readonly<Record<string, string | LanFile>>;
  /** Units of systemd that start at boot, besides keepalived. */
  readonly units?: readonly string[];
  /** What the scripts of keepalived.conf answer, by name of vrrp_script or by path. */
  readonly scripts?: Readonly<Record<string, LanScript>>;
  /** Names this host resolves, as in /etc/hosts. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** From power-on until units start; 0s by default. */
  readonly 'boot-time'?: Duration;
  /** How the host boots and looks after its network. */
  readonly boot?: LanBoot;
  /** 'off': the host is not powered at t=0. */
  readonly power?: 'on' | 'off';
}

/** A mirror port. */
export interface LanMirror {
  /** The port that gets the copies. */
  readonly port: string;
  /** The ports whose traffic is copied, or 'all'. */
  readonly of: 'all' | readonly string[];
}

/** A switch. */
export interface LanSwitche {
  /** 'switch' by default. */
  readonly kind?: 'switch' | 'hub';
  /** How long a learned MAC is kept; 300s by default. */
  readonly ageing?: Duration;
  /** Mirror ports. */
  readonly mirror?: LanMirror | readonly LanMirror[];
  /** From carrier to forwarding (spanning tree); 0s. */
  readonly 'forward-delay'?: Duration;
  /** Multicast only to ports that joined; false. */
  readonly 'multicast-snooping'?: boolean;
  /** Whether the switch asks for memberships; false. */
  readonly querier?: boolean;
  /**
   * 224.0.0.0/24 and ff02::/16 (VRRP's groups are there) with multicast-snooping: 'flood' by
   * default.
   */
  readonly 'link-local-groups'?: 'flood' | 'snoop';
  /** Most source MACs that a port accepts. */
  readonly 'macs-per-port'?: number;
  /**
   * Frames to MACs that no port is known for; 'flood' by default, a hypervisor's switch drops them.
   */
  readonly 'unknown-unicast'?: 'flood' | 'drop';
}

/** A cable with more than its two ends. */
export interface LanCables {
  /** The two ports. */
  readonly endpoints: readonly string[];
  /** Propagation delay; 10us by default. */
  readonly delay?: Duration;
  /** Line rate; unlimited by default. */
  readonly rate?: string;
  /** Frames that wait for the line; 1000 by default. */
  readonly queue?: number;
}

/** The LAN before the run begins. */
export interface Lan {
  /** The hosts by name, in order. */
  readonly hosts: Readonly<Record<string, LanHost>>;
  /** The switches and hubs by name. */
  readonly switches?: Readonly<Record<string, unknown | LanSwitche>>;
  /** The cables. */
  readonly cables?: readonly (readonly string[] | LanCables)[];
}
