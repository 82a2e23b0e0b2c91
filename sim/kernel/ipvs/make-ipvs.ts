/** A kernel's IPVS as it is after the module was loaded: no service, Linux' default settings. */

import { makeTimer } from '../kernel-clock.ts';
import { ConnectionTable } from './connection-table.ts';
import type { IpvsClock, IpvsSettings, IpvsState } from './ipvs-state.ts';
import { makeLoadDefence } from './load-defence.ts';
import { endConnectionsWithoutServer } from './real-servers.ts';
import { estimateAll } from './service-table.ts';
import { makeStatistics } from './statistics.ts';

/** An IPVS on that clock; `random` draws 32 bits for the scheduler twos. */
export function makeIpvs(options: {
  readonly clock: IpvsClock;
  readonly random: () => number;
}): IpvsState {
  const state: IpvsState = {
    clock: options.clock,
    random: options.random,
    onPacketIn: undefined,
    onServiceCount: undefined,
    settings: defaultSettings(),
    defence: makeLoadDefence(),
    timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
    services: [],
    servicesByAddress: new Map(),
    servicesByMark: new Map(),
    portZeroServices: 0,
    ftpServices: 0,
    servicesOfIpv4: 0,
    servicesOfIpv6: 0,
    gathersIpv6: false,
    isSyncBackup: false,
    trash: [],
    connections: new ConnectionTable(),
    statistics: makeStatistics(),
    estimatorTimer: makeTimer(() => estimateAll(state)),
    nodestTimer: makeTimer(() => endConnectionsWithoutServer(state)),
  };
  return state;
}

/** Defaults of net.ipv4.vs. Source: net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_control_net_init_sysctl. */
function defaultSettings(): IpvsSettings {
  return {
    conn_reuse_mode: 1,
    expire_nodest_conn: 0,
    expire_quiescent_template: 0,
    sloppy_tcp: 0,
    snat_reroute: 1,
    pmtu_disc: 1,
    backup_only: 0,
    sync_threshold: 3,
    sync_period: 50,
    sync_refresh_period: 0,
    sync_retries: 0,
    sync_persist_mode: 0,
    sync_ports: 1,
    nat_icmp_send: 0,
    schedule_icmp: 0,
    run_estimation: 1,
    lblc_expiration: 86_400,
    lblcr_expiration: 86_400,
  };
}
