/**
 * Files of `/proc/net` that show the kernel's IPVS, in the kernel's own hexadecimal form. They are made when
 * they are read. Source: net/netfilter/ipvs/ip_vs_ctl.c and ip_vs_conn.c; forwarding/cli of the recordings.
 */

import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import type { ConnectionFacts, IpvsApi } from '../kernel/ipvs/ipvs-api.ts';
import {
  CONNECTION_TABLE_SIZE,
  type RealServer,
  type VirtualService,
} from '../kernel/ipvs/ipvs-state.ts';
import { type Counters, shownCounters, shownRates } from '../kernel/ipvs/statistics.ts';
import { HZ } from '../kernel/kernel-clock.ts';

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [0, 'IP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);
const METHODS = { nat: 'Masq', dr: 'Route', tun: 'Tunnel' } as const;

/** The text of such a file; `undefined` for every other path. */
export function procFile(path: string, ipvs: IpvsApi): string | undefined {
  switch (path) {
    case '/proc/net/ip_vs':
      return tableText(ipvs);
    case '/proc/net/ip_vs_conn':
      return connectionsText(ipvs.connections());
    case '/proc/net/ip_vs_stats':
      return statisticsText(ipvs);
    default:
      return undefined;
  }
}

function tableText(ipvs: IpvsApi): string {
  const lines = ipvs.services().flatMap((service) => [serviceText(service), ...servers(service)]);
  return [
    `IP Virtual Server version 1.2.1 (size=${CONNECTION_TABLE_SIZE})`,
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn',
    ...lines,
    '',
  ].join('\n');
}

function serviceText(service: VirtualService): string {
  const { key, scheduler } = service;
  const onePacket = service.onePacket ? 'ops ' : '';
  const protocol = key.kind === 'mark' ? '' : (PROTOCOLS.get(key.protocol) ?? '');
  // The blanks are the kernel's: one service of IPv4 has one more than the others.
  const head =
    key.kind === 'mark'
      ? `FWM  ${hex(key.mark, 8)} ${scheduler.name} ${onePacket}`
      : service.family === 'inet6'
        ? `${protocol}  ${endpoint(key.address, key.port)} ${scheduler.name} `
        : `${protocol}  ${endpoint(key.address, key.port)} ${scheduler.name} ${onePacket} `;
  if (!service.persistent) return head;
  const ticks = service.persistenceSeconds * HZ;
  const mask = service.family === 'inet' ? service.persistenceMask : prefixAsShown(service);
  return `${head}persistent ${ticks} ${hex(mask, 8)}`;
}

/** The kernel shows the length in network order. */
function prefixAsShown({ persistencePrefix }: VirtualService): number {
  return (persistencePrefix << 24) >>> 0;
}

function servers(service: VirtualService): string[] {
  const lines: string[] = [];
  let server: RealServer | undefined = service.first;
  for (; server !== undefined; server = server.next) {
    const numbers = [
      METHODS[server.method].padEnd(7),
      String(server.weight).padEnd(6),
      String(server.activeConnections).padEnd(10),
      String(server.inactiveConnections).padEnd(10),
    ];
    lines.push(`  -> ${endpoint(server.address, server.port)}      ${numbers.join(' ')}`);
  }
  return lines;
}

function connectionsText(connections: readonly ConnectionFacts[]): string {
  const lines = connections.map((each) =>
    [
      (PROTOCOLS.get(each.protocol) ?? '').padEnd(3),
      `${address(each.client)} ${hex(each.clientPort, 4)}`,
      `${address(each.virtualAddress)} ${hex(each.virtualPort, 4)}`,
      `${address(each.serverAddress)} ${hex(each.serverPort, 4)}`,
      each.state.padEnd(11),
      String(each.expiresSeconds).padStart(7),
    ].join(' '),
  );
  const title = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData';
  return `${[title, ...lines].join('\n')}\n`;
}

function statisticsText(ipvs: IpvsApi): string {
  const row = ({ connections, inPackets, outPackets, inBytes, outBytes }: Counters): string => {
    const short = [connections, inPackets, outPackets].map((value) => hex(value, 0).padStart(8));
    const long = [inBytes, outBytes].map((value) => hex(value, 0).padStart(16));
    return [...short, ...long].join(' ');
  };
  return [
    '   Total Incoming Outgoing         Incoming         Outgoing',
    '   Conns  Packets  Packets            Bytes            Bytes',
    row(shownCounters(ipvs.totals())),
    '',
    ' Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s',
    row(shownRates(ipvs.totals())),
    '',
  ].join('\n');
}

function endpoint(of: IpAddress, port: number): string {
  return `${address(of)}:${hex(port, 4)}`;
}

function address(of: IpAddress): string {
  return typeof of === 'number' ? hex(of, 8) : `[${formatIp(of)}]`;
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, '0');
}
