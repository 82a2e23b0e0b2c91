/**
 * Sysctls that belong to the host and not to an interface, with Linux' defaults and ranges.
 * Source: Documentation/networking/ip-sysctl.rst, net/ipv4/sysctl_net_ipv4.c of Linux 6.x.
 */

import { defaultSettings } from './interface-settings.ts';

/** Name below `net.`, default, least and greatest value. */
const INT_MAX = 0x7fff_ffff;

/** All of them, in the order in which `sysctl -a` lists them. */
export const GLOBAL_SETTINGS = [
  ['core.somaxconn', 4096, 1, INT_MAX],
  ['ipv4.icmp_echo_ignore_all', 0, 0, 1],
  ['ipv4.icmp_echo_ignore_broadcasts', 1, 0, 1],
  ['ipv4.icmp_errors_use_inbound_ifaddr', 0, 0, 1],
  ['ipv4.icmp_ignore_bogus_error_responses', 1, 0, 1],
  ['ipv4.icmp_msgs_burst', 50, 0, INT_MAX],
  ['ipv4.icmp_msgs_per_sec', 1000, 0, INT_MAX],
  ['ipv4.icmp_ratelimit', 1000, 0, INT_MAX],
  ['ipv4.icmp_ratemask', 6168, 0, INT_MAX],
  ['ipv4.igmp_link_local_mcast_reports', 1, 0, 1],
  ['ipv4.igmp_max_memberships', 20, 0, INT_MAX],
  ['ipv4.igmp_qrv', 2, 1, INT_MAX],
  ['ipv4.ipfrag_high_thresh', 4_194_304, 0, INT_MAX],
  ['ipv4.ipfrag_time', 30, 0, INT_MAX],
  ['ipv4.ip_default_ttl', 64, 1, 255],
  ['ipv4.ip_forward', 0, 0, 1],
  ['ipv4.ip_no_pmtu_disc', 0, 0, 3],
  ['ipv4.ip_nonlocal_bind', 0, 0, 1],
  ['ipv4.ip_unprivileged_port_start', 1024, 0, 65535],
  ['ipv4.neigh.default.gc_interval', 30, 0, INT_MAX],
  ['ipv4.neigh.default.gc_thresh1', 128, 0, INT_MAX],
  ['ipv4.neigh.default.gc_thresh2', 512, 0, INT_MAX],
  ['ipv4.neigh.default.gc_thresh3', 1024, 0, INT_MAX],
  ['ipv4.tcp_abort_on_overflow', 0, 0, 1],
  ['ipv4.tcp_early_retrans', 3, 0, 4],
  ['ipv4.tcp_fin_timeout', 60, 0, INT_MAX],
  ['ipv4.tcp_keepalive_intvl', 75, 1, 32_767],
  ['ipv4.tcp_keepalive_probes', 9, 1, 127],
  ['ipv4.tcp_keepalive_time', 7200, 1, 32_767],
  ['ipv4.tcp_max_syn_backlog', 512, 1, INT_MAX],
  ['ipv4.tcp_orphan_retries', 0, 0, 255],
  ['ipv4.tcp_retries1', 3, 0, 255],
  ['ipv4.tcp_retries2', 15, 0, 255],
  ['ipv4.tcp_rfc1337', 0, 0, 1],
  ['ipv4.tcp_sack', 1, 0, 1],
  ['ipv4.tcp_slow_start_after_idle', 1, 0, 1],
  // Linux 6.5 and later, whose default is 4; 0 is what older ones do.
  ['ipv4.tcp_syn_linear_timeouts', 0, 0, 127],
  ['ipv4.tcp_syn_retries', 6, 1, 127],
  ['ipv4.tcp_synack_retries', 5, 0, 255],
  ['ipv4.tcp_syncookies', 1, 0, 2],
  ['ipv4.tcp_timestamps', 1, 0, 2],
  ['ipv4.tcp_tw_reuse', 2, 0, 2],
  ['ipv4.tcp_window_scaling', 1, 0, 1],
  ['ipv4.vs.am_droprate', 10, 0, INT_MAX],
  ['ipv4.vs.amemthresh', 1024, 0, INT_MAX],
  ['ipv4.vs.backup_only', 0, 0, 1],
  ['ipv4.vs.cache_bypass', 0, 0, 1],
  ['ipv4.vs.conn_reuse_mode', 1, 0, INT_MAX],
  ['ipv4.vs.conntrack', 0, 0, 1],
  ['ipv4.vs.drop_entry', 0, 0, 3],
  ['ipv4.vs.drop_packet', 0, 0, 3],
  ['ipv4.vs.expire_nodest_conn', 0, 0, 1],
  ['ipv4.vs.expire_quiescent_template', 0, 0, 1],
  ['ipv4.vs.ignore_tunneled', 0, 0, 1],
  ['ipv4.vs.lblc_expiration', 86_400, 0, INT_MAX],
  ['ipv4.vs.lblcr_expiration', 86_400, 0, INT_MAX],
  ['ipv4.vs.nat_icmp_send', 0, 0, 1],
  ['ipv4.vs.pmtu_disc', 1, 0, 1],
  ['ipv4.vs.run_estimation', 1, 0, 1],
  ['ipv4.vs.schedule_icmp', 0, 0, 1],
  ['ipv4.vs.secure_tcp', 0, 0, 3],
  ['ipv4.vs.sloppy_sctp', 0, 0, 1],
  ['ipv4.vs.sloppy_tcp', 0, 0, 1],
  ['ipv4.vs.snat_reroute', 1, 0, 1],
  ['ipv4.vs.sync_persist_mode', 0, 0, 2],
  ['ipv4.vs.sync_ports', 1, 1, INT_MAX],
  // nr_free_buffer_pages() / 32 of a machine with one GiB.
  ['ipv4.vs.sync_qlen_max', 8192, 0, INT_MAX],
  ['ipv4.vs.sync_refresh_period', 0, 0, INT_MAX],
  ['ipv4.vs.sync_retries', 0, 0, 3],
  ['ipv4.vs.sync_sock_size', 0, 0, INT_MAX],
  ['ipv4.vs.sync_version', 1, 0, 1],
  ['ipv6.bindv6only', 0, 0, 1],
  ['ipv6.icmp.echo_ignore_all', 0, 0, 1],
  ['ipv6.icmp.echo_ignore_multicast', 0, 0, 1],
  ['ipv6.icmp.ratelimit', 1000, 0, INT_MAX],
  ['ipv6.ip6frag_high_thresh', 4_194_304, 0, INT_MAX],
  ['ipv6.ip6frag_time', 60, 0, INT_MAX],
  ['ipv6.ip_nonlocal_bind', 0, 0, 1],
  ['ipv6.mld_qrv', 2, 1, INT_MAX],
  ['ipv6.neigh.default.gc_interval', 30, 0, INT_MAX],
  ['ipv6.neigh.default.gc_thresh1', 128, 0, INT_MAX],
  ['ipv6.neigh.default.gc_thresh2', 512, 0, INT_MAX],
  ['ipv6.neigh.default.gc_thresh3', 1024, 0, INT_MAX],
] as const;

/** Names of the settings of the whole host, without `net.` in front. */
export type GlobalSettingName = (typeof GLOBAL_SETTINGS)[number][0];

/** Their values. */
export type GlobalSettings = Record<GlobalSettingName, number>;

/** Every setting at Linux' default. */
export function defaultGlobalSettings(): GlobalSettings {
  return defaultSettings<GlobalSettingName>(GLOBAL_SETTINGS);
}
