/**
 * A received packet: find whom it concerns, then hand it to the state's own rules.
 *
 * Most packets on a busy LAN concern no instance here. The way to that verdict allocates nothing
 * and reads four octets: IP version, protocol, header length, VRID. What reaches an instance
 * restarts its timer afterwards, even when it was refused, unless a MASTER has lower_prio_no_advert
 * (recording S12a): for a BACKUP the restart after a refusal changes nothing, since it ignored the
 * advert with the time that was left.
 */

import type { TimeUs } from '../base/time.ts';
import { AH_HEADER_LENGTH } from '../wire/ah.ts';
import type { IpAddress } from '../wire/ip-address.ts';
import { readIpv4 } from '../wire/ipv4-address.ts';
import { readIpv6 } from '../wire/ipv6-address.ts';
import { VRRP_HEADER_LENGTH } from '../wire/vrrp-header.ts';
import { receiveText } from './log-text.ts';
import { receiveInBackup } from './receive-backup.ts';
import { receiveInMaster } from './receive-master.ts';
import type { ReceivedPacket } from './received-packet.ts';
import { syncAfter } from './sync-group.ts';
import { OWNER_PRIORITY, restartTimer } from './timers.ts';
import {
  type Instance,
  isUnicast,
  log,
  transmitInterface,
  type VrrpMachine,
} from './vrrp-machine.ts';

const PROTOCOL_VRRP = 112;
const PROTOCOL_AH = 51;
const IPV6_HEADER_LENGTH = 40;
const TABLE = 256;
const TABLES = 3;

/** Which of an interface's tables an instance stands in: IPv4 VRRP, IPv4 AH, IPv6. */
function tableOf(instance: Instance): number {
  if (instance.config.family === 'inet6') return 2;
  return instance.config.authentication?.type === 'AH' ? 1 : 0;
}

/** Builds the tables by which packets find their instance. */
export function indexInstances(machine: VrrpMachine): void {
  machine.byVrid.clear();
  for (const instance of machine.instances) {
    instance.sibling = undefined;
    const name = receiveInterface(machine, instance);
    let table = machine.byVrid.get(name);
    if (table === undefined) {
      table = new Array<Instance | undefined>(TABLE * TABLES).fill(undefined);
      machine.byVrid.set(name, table);
    }
    const slot = tableOf(instance) * TABLE + instance.config.vrid;
    instance.sibling = table[slot];
    table[slot] = instance;
  }
}

/** Where packets for the instance are heard; `*` for a unicast instance without an interface. */
export function receiveInterface(_machine: VrrpMachine, instance: Instance): string {
  const name = transmitInterface(instance.config);
  return name === '' ? '*' : name;
}

/** Whether anybody here cares for the packet; the first and by far most frequent question. */
export function findInstance(
  machine: VrrpMachine,
  interfaceName: string,
  packet: Uint8Array,
  at: number,
): Instance | undefined {
  const table = machine.byVrid.get(interfaceName) ?? machine.byVrid.get('*');
  if (table === undefined) return undefined;
  const first = packet[at] as number;
  if (first >>> 4 === 6) {
    const vrid = packet[at + IPV6_HEADER_LENGTH + 1];
    return vrid === undefined ? undefined : table[2 * TABLE + vrid];
  }
  const headerLength = (first & 0x0f) << 2;
  const isAh = packet[at + 9] === PROTOCOL_AH;
  const vrid = packet[at + headerLength + (isAh ? AH_HEADER_LENGTH : 0) + 1];
  if (vrid === undefined) return undefined;
  return table[(isAh ? TABLE : 0) + vrid];
}

/** Handles a packet for `found` (and its sibling on the same socket path). */
export function receivePacket(
  machine: VrrpMachine,
  found: Instance,
  where: { readonly packet: Uint8Array; readonly at: number },
  now: TimeUs,
): void {
  const received = takeApart(where.packet, where.at);
  if (received === undefined) return;
  for (let instance: Instance | undefined = found; instance; instance = instance.sibling) {
    if (instance.sibling !== undefined || instance !== found) {
      if (!isFor(instance, received)) continue;
    }
    receiveFor(machine, instance, received, now);
  }
}

/** The line of log_unknown_vrids. */
export function logUnknown(
  machine: VrrpMachine,
  interfaceName: string,
  where: { readonly packet: Uint8Array; readonly at: number },
): void {
  const received = takeApart(where.packet, where.at);
  if (received === undefined) return;
  const vrid = received.bytes[received.vrrpAt + 1] as number;
  log(machine, receiveText.unknownVrid(vrid, interfaceName));
}

function receiveFor(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  now: TimeUs,
): void {
  const from = instance.state;
  if (instance.config.ownerIgnoreAdverts && instance.basePriority === OWNER_PRIORITY) return;
  if (isDeafInDelay(machine, now)) return;
  if (from === 'BACKUP') receiveInBackup(machine, instance, packet, now);
  else if (from === 'MASTER') receiveInMaster(machine, instance, packet, now);
  else return;
  syncAfter(machine, instance, { from, now });
  const keepsAdvertTimer = instance.state === 'MASTER' && instance.config.lowerPriorityNoAdvert;
  if (!keepsAdvertTimer) restartTimer(machine, instance, now);
}

/** Until the end of vrrp_startup_delay; an owner that is MASTER already does not answer either. */
function isDeafInDelay(machine: VrrpMachine, now: TimeUs): boolean {
  const until = machine.startupDelayUntil;
  return machine.settings.ignoresAdvertsInDelay && until !== undefined && now < until;
}

/** With a unicast and a multicast instance of one VRID each hears its own kind only. */
function isFor(instance: Instance, packet: ReceivedPacket): boolean {
  const { destination } = packet;
  const isMulticast =
    typeof destination === 'number' ? destination >>> 28 === 0xe : destination >> 120n === 0xffn;
  return isMulticast !== isUnicast(instance.config);
}

function takeApart(bytes: Uint8Array, at: number): ReceivedPacket | undefined {
  const end = bytes.length;
  const isInet = (bytes[at] as number) >>> 4 === 4;
  if (!isInet) return takeApart6(bytes, at, end);
  const headerLength = ((bytes[at] as number) & 0x0f) << 2;
  const isAh = bytes[at + 9] === PROTOCOL_AH;
  const ahAt = isAh ? at + headerLength : undefined;
  const vrrpAt = at + headerLength + (isAh ? AH_HEADER_LENGTH : 0);
  if (end - vrrpAt < VRRP_HEADER_LENGTH) return undefined;
  const claimed = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  const claimedEnd = at + claimed;
  return {
    bytes,
    at,
    ahAt,
    vrrpAt,
    // A frame shorter than 60 octets is padded; the kernel cuts that off before the daemon reads.
    end: Math.min(claimedEnd, end),
    source: readIpv4(bytes, at + 12),
    destination: readIpv4(bytes, at + 16),
    ttl: bytes[at + 8] as number,
    claimedEnd,
  };
}

function takeApart6(bytes: Uint8Array, at: number, end: number): ReceivedPacket | undefined {
  const vrrpAt = at + IPV6_HEADER_LENGTH;
  if (end - vrrpAt < VRRP_HEADER_LENGTH || bytes[at + 6] !== PROTOCOL_VRRP) return undefined;
  const claimedEnd = vrrpAt + (((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number));
  return {
    bytes,
    at,
    ahAt: undefined,
    vrrpAt,
    end: Math.min(claimedEnd, end),
    source: readIpv6(bytes, at + 8) as IpAddress,
    destination: readIpv6(bytes, at + 24) as IpAddress,
    ttl: bytes[at + 7] as number,
    claimedEnd,
  };
}
