/**
 * What ipvsadm 1.31 prints: the table in its views, `-S`, connections, timeouts, daemons. Widths and spaces
 * are the recorded ones (forwarding/cli of the recordings), trailing spaces included.
 */

import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { formatIpv4, ipv4FromNumber } from '../../daemon/wire/ipv4-address.ts';
import type { ConnectionFacts, IpvsApi } from '../kernel/ipvs/ipvs-api.ts';
import {
  CONNECTION_TABLE_SIZE,
  type RealServer,
  type VirtualService,
} from '../kernel/ipvs/ipvs-state.ts';
import { type Counters, shownCounters, shownRates } from '../kernel/ipvs/statistics.ts';
import { serviceName } from './service-names.ts';

/** How to print. */
export interface ListForm {
  readonly numeric: boolean;
  readonly view: 'plain' | 'stats' | 'rate' | 'thresholds' | 'persistent' | 'tunnels';
  readonly exact: boolean;
  readonly sorted: boolean;
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'IP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);
const METHOD_WORDS = { nat: 'Masq', dr: 'Route', tun: 'Tunnel' } as const;
const METHOD_LETTERS = { nat: '-m', dr: '-g', tun: '-i' } as const;
const CHECKSUM_SIGNS = { none: '-c', full: '+c', remote: 'r+c' } as const;
const CHECKSUM_WORDS = { none: 'nocsum', full: 'csum', remote: 'remcsum' } as const;
const FLAG_BITS = [1, 2, 4];
const ALL_ONES = 0xffffffff;

/** The whole table with its title. */
export function listTable(ipvs: IpvsApi, form: ListForm): string {
  const title = `IP Virtual Server version 1.2.1 (size=${CONNECTION_TABLE_SIZE})\n`;
  return title + listServices(servicesInOrder(ipvs, form), form);
}

/** Some services under the column heads. */
export function listServices(services: readonly VirtualService[], form: ListForm): string {
  const lines = services.flatMap((service) => [
    serviceLine(service, form),
    ...serversInOrder(service, form.sorted).map((server) =>
      serverLine(server, form, service.protocol),
    ),
  ]);
  return heads(form) + lines.map((line) => `${line}\n`).join('');
}

/** What `-S` prints and `-R` reads. */
export function saveTable(ipvs: IpvsApi, numeric: boolean): string {
  const form: ListForm = { numeric, view: 'plain', exact: false, sorted: true };
  const lines = servicesInOrder(ipvs, form).flatMap((service) => {
    const name = serviceOption(service, numeric);
    return [
      `-A ${name} -s ${service.scheduler.name}${serviceWords(service)}`,
      ...serversInOrder(service, true).map((server) => {
        const place = endpoint(server.address, server.port, {
          numeric,
          protocol: service.protocol,
        });
        return `-a ${name} -r ${place} ${serverWords(server)}`;
      }),
    ];
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** `-Lc`. */
export function listConnections(
  connections: readonly ConnectionFacts[],
  numeric: boolean,
  withEngine = false,
): string {
  const engine = withEngine ? '        pe name          pe_data' : '';
  const title =
    'IPVS connection entries\n' +
    `pro expire state       source             virtual            destination${engine}\n`;
  return title + connections.map((each) => `${connectionLine(each, numeric)}\n`).join('');
}

/** `-L --daemon`. */
export function listDaemons(ipvs: IpvsApi): string {
  return ipvs
    .daemons()
    .map(
      (daemon) =>
        `${daemon.role} sync daemon (mcast=${daemon.link}, syncid=${daemon.syncId}, ` +
        `maxlen=${daemon.maxLength}, group=${formatIp(daemon.group)}, port=${daemon.port}, ` +
        `ttl=${daemon.ttl})\n`,
    )
    .join('');
}

function heads(form: ListForm): string {
  switch (form.view) {
    case 'plain':
      return (
        'Prot LocalAddress:Port Scheduler Flags\n' +
        '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n'
      );
    case 'tunnels':
      return (
        'Prot LocalAddress:Port Scheduler Flags\n' +
        '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n'
      );
    case 'stats':
      return (
        'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n' +
        '  -> RemoteAddress:Port\n'
      );
    case 'rate':
      return (
        'Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n' +
        '  -> RemoteAddress:Port\n'
      );
    case 'thresholds':
      return (
        'Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n' +
        '  -> RemoteAddress:Port\n'
      );
    case 'persistent':
      return (
        'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n' +
        '  -> RemoteAddress:Port\n'
      );
  }
}

function serviceLine(service: VirtualService, form: ListForm): string {
  const name = serviceTitle(service, form.numeric);
  if (form.view === 'stats' || form.view === 'rate') {
    return name.padEnd(33) + numbersOf(service, form);
  }
  const flags = flagNames(service);
  return (
    `${name} ${service.scheduler.name}` +
    (flags === '' ? '' : ` (${flags})`) +
    persistenceText(service) +
    (service.persistent ? engineText(service, ' pe') : '') +
    (service.onePacket ? ' ops' : '')
  );
}

function persistenceText(service: VirtualService): string {
  if (!service.persistent) return '';
  const mask = maskText(service);
  return ` persistent ${service.persistenceSeconds}${mask === '' ? '' : ` mask ${mask}`}`;
}

/** Nothing when every client has its own template. */
function maskText(service: VirtualService): string {
  const prefix = service.persistencePrefix;
  if (service.family === 'inet6') return prefix === 128 ? '' : String(prefix);
  const mask = service.persistenceMask;
  return mask === ALL_ONES ? '' : formatIpv4(ipv4FromNumber(mask));
}

function serverLine(server: RealServer, form: ListForm, protocol: number): string {
  const place = `  -> ${endpoint(server.address, server.port, { numeric: form.numeric, protocol }).padEnd(28)}`;
  const active = String(server.activeConnections).padEnd(10);
  const inactive = String(server.inactiveConnections).padEnd(10);
  switch (form.view) {
    case 'stats':
    case 'rate':
      return place + numbersOf(server, form);
    case 'thresholds': {
      const upper = String(server.upperThreshold).padEnd(10);
      const lower = String(server.lowerThreshold).padEnd(10);
      return `${place} ${upper} ${lower} ${active} ${inactive}`;
    }
    case 'persistent': {
      const weight = String(server.weight).padEnd(9);
      const persistent = String(server.persistentConnections).padEnd(11);
      return `${place} ${weight} ${persistent} ${active} ${inactive}`;
    }
    default: {
      const method = METHOD_WORDS[server.method].padEnd(7);
      const tunnel = form.view === 'tunnels' ? `${tunnelText(server).padEnd(13)} ` : '';
      const weight = String(server.weight).padEnd(6);
      return `${place} ${method} ${tunnel}${weight} ${active} ${inactive}`;
    }
  }
}

function tunnelText(server: RealServer): string {
  if (server.method !== 'tun') return 'n/a';
  if (server.tunnel === 'ipip') return 'ipip';
  const port = server.tunnel === 'gue' ? `:${server.tunnelPort}` : '';
  return `${server.tunnel}${port}:${CHECKSUM_SIGNS[server.tunnelChecksum]}`;
}

function numbersOf(of: Pick<VirtualService, 'statistics'>, form: ListForm): string {
  const counters: Counters =
    form.view === 'rate' ? shownRates(of.statistics) : shownCounters(of.statistics);
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters;
  return [connections, inPackets, outPackets, inBytes, outBytes]
    .map((value) => largeNumber(value, form.exact))
    .join('');
}

/** From 100 million on with a unit, unless `--exact`. */
function largeNumber(value: number, exact: boolean): string {
  if (exact) return String(value).padStart(Math.max(9, String(value).length + 1));
  if (value < 1e8) return String(value).padStart(9);
  const units: readonly (readonly [number, number, string])[] = [
    [1e9, 1e3, 'K'],
    [1e11, 1e6, 'M'],
    [1e14, 1e9, 'G'],
  ];
  const [, divisor, unit] = units.find(([limit]) => value < limit) ?? [0, 1e12, 'T'];
  return String(Math.floor(value / divisor)).padStart(8) + unit;
}

function serviceTitle(service: VirtualService, numeric: boolean): string {
  const { key } = service;
  if (key.kind === 'mark') return `FWM  ${key.mark | 0}${key.family === 'inet6' ? ' IPv6' : ''}`;
  const protocol = (PROTOCOL_NAMES.get(key.protocol) ?? '').padEnd(4);
  return `${protocol} ${endpoint(key.address, key.port, { numeric, protocol: key.protocol })}`;
}

function serviceOption(service: VirtualService, numeric: boolean): string {
  const { key } = service;
  if (key.kind === 'mark') return `-f ${key.mark | 0}${key.family === 'inet6' ? ' -6' : ''}`;
  const option = key.protocol === 6 ? '-t' : key.protocol === 17 ? '-u' : '--sctp-service';
  return `${option} ${endpoint(key.address, key.port, { numeric, protocol: key.protocol })}`;
}

function serviceWords(service: VirtualService): string {
  const flags = flagNames(service);
  const mask = maskText(service);
  const persistence = service.persistent
    ? ` -p ${service.persistenceSeconds}${mask === '' ? '' : ` -M ${mask}`}`
    : '';
  return (
    persistence +
    engineText(service, ' --pe') +
    (service.onePacket ? ' -o' : '') +
    (flags === '' ? '' : ` -b ${flags}`)
  );
}

function engineText({ persistenceEngine: engine }: VirtualService, word: string): string {
  return engine === undefined ? '' : `${word} ${engine}`;
}

function serverWords(server: RealServer): string {
  // ipvsadm 1.31 does not save thresholds (recorded).
  const checksum =
    server.tunnel === 'ipip' ? '' : ` --tun-${CHECKSUM_WORDS[server.tunnelChecksum]}`;
  const port = (server.tunnel === 'gue' ? ` --tun-port ${server.tunnelPort}` : '') + checksum;
  const tunnel = server.method === 'tun' ? ` --tun-type ${server.tunnel}${port}` : '';
  return `${METHOD_LETTERS[server.method]} -w ${server.weight}${tunnel}`;
}

function flagNames(service: VirtualService): string {
  const { name } = service.scheduler;
  const isHash = name === 'sh' || name === 'mh';
  const names = isHash
    ? [`${name}-fallback`, `${name}-port`]
    : FLAG_BITS.map((_bit, index) => `flag-${index + 1}`);
  return names
    .filter((_name, index) => (service.schedulerFlags & (FLAG_BITS[index] ?? 0)) !== 0)
    .join(',');
}

function connectionLine(connection: ConnectionFacts, numeric: boolean): string {
  const protocol = (PROTOCOL_NAMES.get(connection.protocol) ?? '').padEnd(3);
  const { expiresSeconds: left } = connection;
  const minutes = String(Math.floor(left / 60)).padStart(2, '0');
  const seconds = String(left % 60).padStart(2, '0');
  const how = { numeric, protocol: connection.protocol };
  const client = endpoint(connection.client, connection.clientPort, how).padEnd(18);
  const virtual = endpoint(connection.virtualAddress, connection.virtualPort, how).padEnd(18);
  const server = endpoint(connection.serverAddress, connection.serverPort, how);
  const state = connection.state.padEnd(11);
  return `${protocol} ${minutes}:${seconds}  ${state} ${client} ${virtual} ${server}`;
}

function endpoint(
  address: IpAddress,
  port: number,
  how: { readonly numeric: boolean; readonly protocol: number },
): string {
  const { numeric } = how;
  const text = formatIp(address);
  const isSelf = !numeric && (text === '127.0.0.1' || text === '::1');
  const host = isSelf ? 'localhost' : typeof address === 'number' ? text : `[${text}]`;
  return `${host}:${numeric || how.protocol === 0 ? port : serviceName(port, how.protocol === 17 ? 'udp' : 'tcp')}`;
}

/** By mark, family, protocol, address and port, unless the kernel's own order is wanted. */
function servicesInOrder(ipvs: IpvsApi, form: ListForm): VirtualService[] {
  const services = [...ipvs.services()];
  if (!form.sorted) return services;
  return services.sort(
    (a, b) =>
      // As numbers with a sign, so that the largest marks stand in front of all.
      (a.mark | 0) - (b.mark | 0) ||
      (a.family === b.family ? 0 : a.family === 'inet' ? -1 : 1) ||
      a.protocol - b.protocol ||
      compareAddresses(addressOf(a), addressOf(b)) ||
      a.port - b.port,
  );
}

function addressOf(service: VirtualService): IpAddress | undefined {
  return service.key.kind === 'address' ? service.key.address : undefined;
}

function serversInOrder(service: VirtualService, sorted: boolean): RealServer[] {
  const servers: RealServer[] = [];
  for (let server = service.first; server !== undefined; server = server.next) {
    servers.push(server);
  }
  if (!sorted) return servers;
  return servers.sort(compareServers);
}

/**
 * Of two families the first four octets are compared, as a difference with a sign: fd00:: stands before 10.0.0.0 and 2001:: behind
 * (libipvs.c, ipvs_cmp_dests; recorded).
 */
function compareServers(a: RealServer, b: RealServer): number {
  if (a.family === b.family) return compareAddresses(a.address, b.address) || a.port - b.port;
  return (firstWord(a.address) - firstWord(b.address)) | 0;
}

function firstWord(address: IpAddress): number {
  return typeof address === 'number' ? address : Number(address >> 96n);
}

function compareAddresses(a: IpAddress | undefined, b: IpAddress | undefined): number {
  if (a === undefined || b === undefined || a === b) return 0;
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : 1;
}
