/**
 * The load balancer's wishes as ipvsadm's words: one service of the configuration is one or, with a group,
 * several of the kernel. Source: ipvsadm(8); `ipvsadm -Sn` of the recordings.
 */

import { unreachable } from '../base/assert.ts';
import type { DurationUs } from '../base/time.ts';
import { formatIp, type IpAddress, isIpv4 } from '../wire/ip-address.ts';
import { parseIpv4 } from '../wire/ipv4-address.ts';
import { parseIpv6 } from '../wire/ipv6-address.ts';
import type {
  ForwardingMethod,
  RealServerConfig,
  VirtualServerConfig,
  VirtualServerGroup,
} from './lvs-config.ts';

/** Most services of one range: the last octet's count, or a bound on IPv6's 16 bits. */
const RANGE_MAX = 65_536;
/** Largest weight of the kernel. Source: ipvsadm's own limit. */
export const WEIGHT_MAX = 65_535;

/** How ipvsadm names one service: `-t 10.0.0.1:80`, `-f 5`. */
export interface KernelService {
  readonly words: readonly string[];
  /** Forward mark services take servers without a port. */
  readonly marked: boolean;
}

/** The kernel's services of one virtual server, in the order of its group. */
export function kernelServices(
  config: VirtualServerConfig,
  groups: readonly VirtualServerGroup[],
): readonly KernelService[] {
  const { key } = config;
  switch (key.kind) {
    case 'fwmark':
      return [markService(key.mark, config.family)];
    case 'address':
      return [addressService(config, key.address, key.port)];
    case 'group': {
      const members = groups.find((group) => group.name === key.group)?.members ?? [];
      return members.flatMap((member) =>
        member.kind === 'fwmark'
          ? [markService(member.mark, member.family ?? config.family)]
          : rangeOf(member.first, member.count).map((address) =>
              addressService(config, address, member.port),
            ),
      );
    }
    default:
      return unreachable(key);
  }
}

function markService(mark: number, family: 'inet' | 'inet6'): KernelService {
  // ipvsadm wants -6 behind the mark.
  const words = ['-f', String(mark), ...(family === 'inet6' ? ['-6'] : [])];
  return { words, marked: true };
}

function addressService(
  config: VirtualServerConfig,
  address: IpAddress,
  port: number,
): KernelService {
  const flag = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' }[config.protocol ?? 'TCP'];
  return { words: [flag, endText(address, port)], marked: false };
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`. */
export function endText(address: IpAddress, port: number): string {
  return isIpv4(address) ? `${formatIp(address)}:${port}` : `[${formatIp(address)}]:${port}`;
}

function rangeOf(first: IpAddress, count: number): readonly IpAddress[] {
  const addresses: IpAddress[] = [];
  for (let i = 0; i < Math.min(count, RANGE_MAX); i++) {
    const address = isIpv4(first) ? nextIpv4(first, i) : nextIpv6(first, i);
    if (address !== undefined) addresses.push(address);
  }
  return addresses;
}

function nextIpv4(first: number, by: number): IpAddress | undefined {
  const value = first + by;
  return parseIpv4([24, 16, 8, 0].map((bits) => (value >>> bits) & 0xff).join('.'));
}

function nextIpv6(first: bigint, by: number): IpAddress | undefined {
  const digits = (first + BigInt(by)).toString(16).padStart(32, '0');
  return parseIpv6((digits.match(/.{4}/g) ?? []).join(':'));
}

/** `-A` or `-E` with all that describes the service. */
export function serviceWords(
  command: '-A' | '-E',
  service: KernelService,
  config: VirtualServerConfig,
): readonly string[] {
  const words = [command, ...service.words, '-s', config.scheduler];
  const { persistence, schedulerFlags } = config;
  if (persistence !== undefined) {
    words.push('-p', String(wholeSeconds(persistence.timeout)));
    const whole = config.family === 'inet6' ? 128 : 32;
    // keepalived 2.2.7 forgets the granularity of a group's services.
    const isGroup = config.key.kind === 'group';
    if (persistence.granularity !== whole && !isGroup)
      words.push('-M', maskText(config, persistence));
    if (persistence.engine !== undefined) words.push('--pe', persistence.engine);
  }
  if (config.onePacket) words.push('-o');
  const flags = flagNames(config.scheduler, schedulerFlags);
  if (flags.length > 0) words.push('-b', flags.join(','));
  return words;
}

function maskText(
  config: VirtualServerConfig,
  persistence: { readonly granularity: number },
): string {
  const bits = persistence.granularity;
  if (config.family === 'inet6') return String(bits);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 0xff).join('.');
}

function flagNames(
  scheduler: string,
  flags: VirtualServerConfig['schedulerFlags'],
): readonly string[] {
  const named = scheduler === 'sh' || scheduler === 'mh';
  const names: string[] = [];
  if (flags.fallback) names.push(named ? `${scheduler}-fallback` : 'flag-1');
  if (flags.port) names.push(named ? `${scheduler}-port` : 'flag-2');
  if (flags.flag3) names.push('flag-3');
  return names;
}

function wholeSeconds(duration: DurationUs): number {
  return Math.max(1, Math.round(duration / 1_000_000));
}

/** A real server or sorry server as the kernel sees it. */
export interface Destination {
  readonly address: IpAddress;
  readonly port: number;
  readonly method: ForwardingMethod;
  readonly upperThreshold?: RealServerConfig['upperThreshold'];
  readonly lowerThreshold?: RealServerConfig['lowerThreshold'];
}

/** `-a` or `-e` with all that describes the server. */
export function serverWords(
  command: '-a' | '-e',
  service: KernelService,
  server: Destination,
  weight: number,
): readonly string[] {
  const words = [command, ...service.words, '-r', destinationText(service, server)];
  words.push(...methodWords(server.method), '-w', String(kernelWeight(weight)));
  if ((server.upperThreshold ?? 0) > 0) words.push('-x', String(server.upperThreshold));
  if ((server.lowerThreshold ?? 0) > 0) words.push('-y', String(server.lowerThreshold));
  return words;
}

/** `-d` of a server. */
export function removeServerWords(service: KernelService, server: Destination): readonly string[] {
  return ['-d', ...service.words, '-r', destinationText(service, server)];
}

/** With a mark a server has no port of its own, unless NAT is to change it. Seen with 2.2.7. */
function destinationText(service: KernelService, server: Destination): string {
  const hasPort = !service.marked || server.method.kind === 'NAT';
  return endText(server.address, hasPort ? server.port : 0);
}

/** What the kernel takes: 0 to 65535. */
export function kernelWeight(weight: number): number {
  return Math.min(WEIGHT_MAX, Math.max(0, weight));
}

function methodWords(method: ForwardingMethod): readonly string[] {
  if (method.kind === 'NAT') return ['-m'];
  if (method.kind === 'DR') return ['-g'];
  const { encapsulation } = method;
  if (encapsulation === undefined || encapsulation.type === 'ipip') return ['-i'];
  const words = ['-i', '--tun-type', encapsulation.type];
  if (encapsulation.port !== undefined) words.push('--tun-port', String(encapsulation.port));
  if (encapsulation.checksum !== undefined) words.push(`--tun-${encapsulation.checksum}`);
  return words;
}
