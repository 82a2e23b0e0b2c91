/**
 * keepalived 2.2.7's own words, one formatter a message, so that the wording stands in one place.
 *
 * Operators search their logs for these lines; tests compare them with recordings.
 */

import type { DurationUs } from '../base/time.ts';
import { formatSeconds } from '../base/time.ts';
import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import type { TrailerFault } from './auth-hmac.ts';

/** Milliseconds as keepalived prints intervals, cut off. */
function milliseconds(duration: DurationUs): number {
  return Math.trunc(duration / 1000);
}

/** Lines about one instance. */
export const instanceText = {
  timerExpired: (n: string) => `(${n}) timer expired - reverting to backup`,
  timeout: (n: string) => `(${n}) Receive advertisement timeout`,
  enteringMaster: (n: string) => `(${n}) Entering MASTER STATE`,
  entering: (n: string, state: string) => `(${n}) Entering ${state} STATE`,
  enteringFault: (n: string) => `(${n}) entering FAULT state`,
  faultNoPeer: (n: string) => `(${n}) Cannot use unicast without any peers - going to fault state`,
  enteringInit: (n: string, state: string) => `(${n}) Entering ${state} STATE (init)`,
  settingVips: (n: string) => `(${n}) setting VIPs.`,
  interfaceDown: (n: string, name: string) => `(${n}) interface ${name} is down`,
  removingVips: (n: string) => `(${n}) removing VIPs.`,
  settingExcluded: (n: string) => `(${n}) setting E-VIPs.`,
  removingExcluded: (n: string) => `(${n}) removing E-VIPs.`,
  settingRoutes: (n: string) => `(${n}) setting Virtual Routes`,
  removingRoutes: (n: string) => `(${n}) removing Virtual Routes`,
  settingRules: (n: string) => `(${n}) setting Virtual Rules`,
  removingRules: (n: string) => `(${n}) removing Virtual Rules`,
  settingFirewall: (n: string) => `(${n}) setting firewall drop rule`,
  removingFirewall: (n: string) => `(${n}) removing firewall drop rule`,
  sentZero: (n: string) => `(${n}) sent 0 priority`,
  prioritySet: (n: string, priority: number) => `(${n}) Setting effective priority to ${priority}`,
  effectivePriority: (n: string, from: number, to: number) =>
    `(${n}) Changing effective priority from ${from} to ${to}`,
  localInterval: (n: string, from: DurationUs, to: DurationUs) =>
    `(${n}) changing advert interval from ${milliseconds(from)}ms to locally configured ${milliseconds(to)}ms`,
  cannotSend: (n: string, peer: IpAddress) =>
    `(${n}) Cant send advert to ${formatIp(peer)} (Invalid argument)`,
  cannotSendToGroup: (n: string) => `(${n}): send advert error 22 (Invalid argument)`,
  linkCreated: (n: string, what: string, name: string) =>
    `(${n}): Success creating ${what} interface ${name}`,
  vmacRemoved: (n: string, name: string) => `(${n}) Success removing VMAC interface ${name}`,
  faultInterface: (n: string, link: string) =>
    `(${n}): entering FAULT state (interface ${link} down)`,
  faultNoAddress: (n: string, family: number) =>
    `(${n}) entering FAULT state (no IPv${family} address for interface)`,
  bindFailed: (source: IpAddress) =>
    `bind unicast_src ${formatIp(source)} failed 99 - Cannot assign requested address`,
  faultSource: (n: string) => `(${n}): entering FAULT state (src address not configured)`,
  faultScript: (n: string, script: string) =>
    `(${n}): entering FAULT state due to script ${script}`,
  faultFile: (n: string, file: string, status: number) =>
    `(${n}): entering FAULT state (tracked file ${file} has status ${status})`,
  faultProcess: (n: string, process: string) =>
    `(${n}) entering FAULT state (tracked process ${process} quorum not achieved)`,
  fileFault: (n: string, file: string) => `(${n}): tracked file ${file} now FAULT state`,
  fileRecovered: (n: string, file: string) => `(${n}): tracked file ${file} leaving FAULT state`,
  bfd: (n: string, bfd: string, up: boolean) =>
    `VRRP_Instance(${n}) Tracked BFD instance ${bfd} is ${up ? 'UP' : 'DOWN'}`,
  ownArp: (n: string, what: string, address: IpAddress) =>
    `${n}: sending gratuitous ${what} for ${formatIp(address)}`,
} as const;

/** Lines of the receive path. */
export const receiveText = {
  newMaster: (n: string, before: IpAddress, now: IpAddress) =>
    `(${n}) master changed from ${formatIp(before)} to ${formatIp(now)}`,
  lowerDiscarded: (n: string, priority: number, from: IpAddress) =>
    `(${n}) received lower priority (${priority}) advert from ${formatIp(from)} - discarding`,
  lower: (n: string, from: IpAddress, received: number, ours: number, forcing: boolean) =>
    `(${n}) Received advert from ${formatIp(from)} with lower priority ${received}, ours ${ours}${
      forcing ? ', forcing new election' : ''
    }`,
  higher: (n: string, from: IpAddress, received: number, ours: number) =>
    `(${n}) Master received advert from ${formatIp(from)} with higher priority ${received}, ours ${ours}`,
  higherAddress: (n: string, from: IpAddress, received: number) =>
    `(${n}) Master received advert from ${formatIp(from)} with same priority ${received} but higher IP address than ours`,
  masterZero: (n: string) => `(${n}) Master received priority 0 message`,
  backupZero: (n: string) => `(${n}) Backup received priority 0 advertisement`,
  ownAddress: (n: string) =>
    `(${n}) WARNING - equal priority advert received from remote host with our IP address.`,
  twoOwners: (n: string) =>
    `(${n}) CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority`,
  startPreempt: (n: string, delay: DurationUs) =>
    `(${n}) start preempt delay (${formatSeconds(delay)})`,
  stopPreempt: (n: string) => `(${n}) stop preempt delay`,
  intervalByMaster: (n: string, from: DurationUs, to: DurationUs) =>
    `(${n}) advertisement interval updated from ${milliseconds(from)}ms to ${milliseconds(to)}ms by master`,
  ahSync: (n: string) => `(${n}) IPSEC-AH : Syncing seq_num - Increment seq`,
  unknownVrid: (vrid: number, link: string) =>
    `Unknown VRID(${vrid}) received on interface(${link}). ignoring...`,
} as const;

const TRAILER_FAULTS = {
  missing: 'missing authentication trailer',
  malformed: 'malformed authentication trailer',
  stale: 'stale authentication trailer',
  replay: 'replayed authentication trailer',
  'unknown-key': 'unknown authentication key id',
  hmac: 'invalid authentication HMAC',
} as const;

/** Why an advert was refused. */
export const refuseText = {
  length: (n: string, received: number, expected: number) =>
    `(${n}) vrrp packet too ${received > expected ? 'long' : 'short'}, length ${received} and expect ${expected}`,
  ttl: (n: string, ttl: number) => `(${n}) invalid TTL/HL. Received ${ttl} and expect 255`,
  version: (n: string, received: number, expected: number) =>
    `(${n}) wrong version. Received ${received} and expect ${expected}`,
  invalidAuth: (n: string, type: number) => `(${n}) Invalid auth type: ${type}`,
  authMismatch: (n: string, received: number, expected: number) =>
    `(${n}) received a ${received} auth, expecting ${expected}!`,
  password: (n: string) => `(${n}) received an invalid passwd!`,
  ahReplay: (n: string, received: number, local: number) =>
    `(${n}) IPSEC-AH : sequence number ${received} already processed. Packet dropped. Local(${local})`,
  ahSpi: (received: number, expected: number) =>
    `IPSEC AH : invalid IPSEC SPI value. ${received} and expect ${expected}`,
  ahDigest: (n: string) =>
    `(${n}) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !`,
  interval: (n: string, mine: number, received: number) =>
    `(${n}) advertisement interval mismatch mine=${mine} sec rcv'd=${received} sec`,
  intervalV3: (n: string, mine: number, received: number) =>
    `(${n}) advertisement interval mismatch mine=${mine} ms rcv'd=${received} ms`,
  type: (n: string, type: number) => `(${n}) Invalid packet type. ${type} and expect 1`,
  count: (n: string, received: number, expected: number) =>
    `(${n}) received an unexpected ip number count ${received}, expected ${expected}!`,
  ipLength: (n: string, header: number, received: number) =>
    `(${n}) ip_tot_len mismatch against received length. ${header} and received ${received}`,
  /** Words of 2.4 where they are known: the binary has "authentication trailer from" and "unknown authentication key id". */
  trailer: (n: string, fault: 'missing' | TrailerFault) => `(${n}) ${TRAILER_FAULTS[fault]}`,
  checksum: (n: string, version: number) => `(${n}) Invalid VRRPv${version} checksum`,
  cast: (n: string, unicast: boolean) =>
    `(${n}) Expected ${unicast ? 'un' : 'mult'}icast packet but received ${unicast ? 'mult' : 'un'}icast packet`,
  address: (n: string, vrid: number, address: IpAddress) =>
    `(${n}) ip address associated with VRID ${vrid} not present in MASTER advert : ${formatIp(address)}`,
  notPeer: (n: string, from: IpAddress) =>
    `(${n}) unicast source address ${formatIp(from)} not a unicast peer`,
  peerTtl: (n: string, ttl: number, min: number, max: number) =>
    `(${n}) TTL/HL ${ttl} not in range ${min} - ${max}`,
} as const;

/** Gratuitous ARP and unsolicited neighbour advertisements. */
export const garpText = {
  queueing: (n: string, link: string, address: IpAddress) =>
    typeof address === 'number'
      ? `(${n}) Sending/queueing gratuitous ARPs on ${link} for ${formatIp(address)}`
      : `(${n}) Sending/queueing Unsolicited Neighbour Adverts on ${link} for ${formatIp(address)}`,
  sending: (link: string, address: IpAddress) =>
    typeof address === 'number'
      ? `Sending gratuitous ARP on ${link} for ${formatIp(address)}`
      : `Sending unsolicited Neighbour Advert on ${link} for ${formatIp(address)}`,
} as const;

/** Scripts, processes, links, groups. */
export const trackText = {
  scriptReturns: (s: string, status: number) => `Script \`${s}\` now returning ${status}`,
  scriptSucceeded: (s: string) => `VRRP_Script(${s}) succeeded`,
  scriptFailed: (s: string, status: number) =>
    `VRRP_Script(${s}) failed (exited with status ${status})`,
  scriptSignalled: (s: string, signal: number) =>
    `VRRP_Script(${s}) failed (due to signal ${signal})`,
  scriptTimedOut: (s: string) => `VRRP_Script(${s}) timed_out`,
  scriptBusy: (s: string, running: boolean) =>
    `Track script ${s} is ${running ? 'already running' : 'being timed out'}, expect idle - skipping run`,
  scriptKept: (name: string, isWell: boolean) =>
    `VRRP_Script(${name}) considered ${isWell ? 'successful' : 'unsuccessful'} on reload`,
  quorum: (p: string, gained: boolean) =>
    `Quorum ${gained ? 'gained' : 'lost'} for tracked process ${p}`,
  linkDelayed: (name: string, from: number, to: number, delay: DurationUs) =>
    `${name}: Adding flags change from 0x${from.toString(16)} to 0x${to.toString(16)} delay by ${delay}`,
  link: (name: string, up: boolean) => `Netlink reports ${name} ${up ? 'up' : 'down'}`,
  vipRemoved: (address: IpAddress, link: string) =>
    `Netlink reflector reports IP ${formatIp(address)} removed from ${link}`,
  assigned: (address: IpAddress, link: string) =>
    `Assigned address ${formatIp(address)} for interface ${link}`,
  deassigned: (address: IpAddress, link: string) =>
    `Deassigned address ${formatIp(address)} from interface ${link}`,
  sync: (group: string, state: string) =>
    `VRRP_Group(${group}) Syncing instances to ${state} state`,
  syncInit: (group: string, instance: string) =>
    `VRRP_Group(${group}): Syncing ${instance} to FAULT state`,
  startupDelay: (delay: DurationUs) => `Delaying startup for ${Number(delay / 1_000_000)} seconds`,
} as const;
