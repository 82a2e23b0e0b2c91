/**
 * The settings that Linux keeps per interface: net.ipv4.conf, net.ipv6.conf and the neighbour
 * parameters, each with its default and the range that a write must keep to. `all` and `default`
 * are settings of the same shape.
 * Source: Documentation/networking/ip-sysctl.rst, net/ipv4/devinet.c, net/core/neighbour.c of Linux
 * 6.x.
 */

/** One setting: name, default, least and greatest value. */
export type SettingSpec<K extends string> = readonly [
  name: K,
  value: number,
  min: number,
  max: number,
];

const INT_MAX = 0x7fff_ffff;

function specs<K extends string>(...list: readonly SettingSpec<K>[]): readonly SettingSpec<K>[] {
  return list;
}

/** net.ipv4.conf.*; in the order in which `sysctl -a` lists them. */
export const IPV4_SETTINGS = specs(
  ['accept_local', 0, 0, INT_MAX],
  ['accept_redirects', 1, 0, INT_MAX],
  ['accept_source_route', 0, 0, INT_MAX],
  ['arp_accept', 0, 0, 2],
  ['arp_announce', 0, -INT_MAX, INT_MAX],
  ['arp_evict_nocarrier', 1, 0, 1],
  ['arp_filter', 0, -INT_MAX, INT_MAX],
  ['arp_ignore', 0, -INT_MAX, INT_MAX],
  ['arp_notify', 0, -INT_MAX, INT_MAX],
  ['bc_forwarding', 0, 0, INT_MAX],
  ['bootp_relay', 0, 0, INT_MAX],
  ['disable_policy', 0, 0, INT_MAX],
  ['disable_xfrm', 0, 0, INT_MAX],
  ['drop_gratuitous_arp', 0, 0, INT_MAX],
  ['drop_unicast_in_l2_multicast', 0, 0, INT_MAX],
  ['force_igmp_version', 0, 0, 3],
  ['forwarding', 0, 0, INT_MAX],
  ['igmpv2_unsolicited_report_interval', 10_000, 0, INT_MAX],
  ['igmpv3_unsolicited_report_interval', 1000, 0, INT_MAX],
  ['ignore_routes_with_linkdown', 0, 0, INT_MAX],
  ['log_martians', 0, 0, INT_MAX],
  ['mc_forwarding', 0, 0, INT_MAX],
  ['medium_id', 0, -INT_MAX, INT_MAX],
  ['promote_secondaries', 0, 0, INT_MAX],
  ['proxy_arp', 0, 0, INT_MAX],
  ['proxy_arp_pvlan', 0, 0, INT_MAX],
  ['route_localnet', 0, 0, INT_MAX],
  ['rp_filter', 0, 0, INT_MAX],
  ['secure_redirects', 1, 0, INT_MAX],
  ['send_redirects', 1, 0, INT_MAX],
  ['shared_media', 1, 0, INT_MAX],
  ['src_valid_mark', 0, 0, INT_MAX],
  ['tag', 0, -INT_MAX, INT_MAX],
);

/** net.ipv6.conf.*; those that this model or keepalived knows. */
export const IPV6_SETTINGS = specs(
  ['accept_dad', 1, -INT_MAX, INT_MAX],
  ['accept_ra', 1, -INT_MAX, INT_MAX],
  ['accept_redirects', 1, 0, INT_MAX],
  ['addr_gen_mode', 0, 0, 3],
  ['autoconf', 1, 0, INT_MAX],
  ['dad_transmits', 1, 0, INT_MAX],
  ['disable_ipv6', 0, 0, 1],
  ['force_mld_version', 0, 0, 2],
  ['forwarding', 0, 0, INT_MAX],
  ['hop_limit', 64, 1, 255],
  ['keep_addr_on_down', 0, -1, 1],
  ['mldv1_unsolicited_report_interval', 10_000, 0, INT_MAX],
  ['mldv2_unsolicited_report_interval', 1000, 0, INT_MAX],
  ['mtu', 1500, 1280, 65535],
  ['ndisc_notify', 0, 0, 1],
  ['optimistic_dad', 0, 0, 1],
  ['proxy_ndp', 0, 0, INT_MAX],
  ['use_tempaddr', 0, -INT_MAX, INT_MAX],
);

/**
 * net.ipv4.neigh.* and net.ipv6.neigh.*; times in the unit of the sysctl (seconds, ms, or 1/100 s).
 */
export const NEIGHBOUR_SETTINGS = specs(
  ['anycast_delay', 100, 0, INT_MAX],
  ['app_solicit', 0, 0, INT_MAX],
  ['base_reachable_time_ms', 30_000, 0, INT_MAX],
  ['delay_first_probe_time', 5, 0, INT_MAX],
  ['gc_stale_time', 60, 0, INT_MAX],
  ['interval_probe_time_ms', 5000, 1, INT_MAX],
  ['locktime', 100, 0, INT_MAX],
  ['mcast_resolicit', 0, 0, INT_MAX],
  ['mcast_solicit', 3, 0, INT_MAX],
  ['proxy_delay', 80, 0, INT_MAX],
  ['proxy_qlen', 64, 0, INT_MAX],
  ['retrans_time_ms', 1000, 0, INT_MAX],
  ['ucast_solicit', 3, 0, INT_MAX],
  ['unres_qlen_bytes', 212_992, 0, INT_MAX],
);

type SettingNames<T extends readonly SettingSpec<string>[]> = T[number][0];

/** Values of net.ipv4.conf.X. */
export type Ipv4Settings = Record<SettingNames<typeof IPV4_SETTINGS>, number>;
/** Values of net.ipv6.conf.X. */
export type Ipv6Settings = Record<SettingNames<typeof IPV6_SETTINGS>, number>;
/** Values of net.ipvN.neigh.X. */
export type NeighbourSettings = Record<SettingNames<typeof NEIGHBOUR_SETTINGS>, number>;

/**
 * Settings at their defaults. These stand on a prototype that all of the same list share, and an object holds what somebody wrote:
 * a host has ten such objects and some two hundred values, of which scarcely any is ever written.
 */
export function defaultSettings<K extends string>(
  list: readonly SettingSpec<K>[],
): Record<K, number> {
  return Object.create(defaultsOf(list)) as Record<K, number>;
}

/** Settings of a new interface: what `from` says now. */
export function copySettings<T extends Record<string, number>>(from: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(from) as object) as T, from);
}

/**
 * Settings of net.ipv6.neigh.default: as IPv4's, but ND has no lock time. Source: net/ipv6/ndisc.c.
 */
export function defaultNdSettings(): NeighbourSettings {
  return defaultSettings(ND_SETTINGS);
}

const ND_SETTINGS = NEIGHBOUR_SETTINGS.map((spec) =>
  spec[0] === 'locktime' ? (['locktime', 0, 0, INT_MAX] as const) : spec,
);

const prototypes = new Map<readonly SettingSpec<string>[], object>();

function defaultsOf(list: readonly SettingSpec<string>[]): object {
  let defaults = prototypes.get(list);
  if (defaults === undefined) {
    defaults = Object.fromEntries(list.map(([name, value]) => [name, value]));
    prototypes.set(list, defaults);
  }
  return defaults;
}
