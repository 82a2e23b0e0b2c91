/**
 * The synchronisation daemon of a director: a master collects announcements and sends them two to three
 * seconds after the first of them (it looks once a second) or when a datagram is full; a backup listens and
 * fills its own table. Source: net/netfilter/ipvs/ip_vs_sync.c; forwarding/sync-daemon of the recordings.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { ipv4FromNumber } from '../../../daemon/wire/ipv4-address.ts';
import { joinGroupOn, leaveGroupOn } from '../group-machine.ts';
import { IGMP } from '../igmp-host.ts';
import type { UdpSocket } from '../kernel-api.ts';
import { makeTimer } from '../kernel-clock.ts';
import type { KernelState } from '../kernel-state.ts';
import { openUdpSocket } from '../udp-sockets.ts';
import type { Connection } from './connection.ts';
import type { IpvsState } from './ipvs-state.ts';
import { acceptSyncEntry, isAnnouncementDue, syncEntryOf } from './sync-decisions.ts';
import {
  decodeSync,
  encodeSync,
  entryLength,
  SYNC_ENTRIES_MAX,
  SYNC_HEADER_LENGTH,
  type SyncEntry,
} from './sync-wire.ts';

/** 224.0.0.81 and its port. */
export const SYNC_GROUP: IpAddress = ipv4FromNumber(0xe0000051);
export const SYNC_PORT = 8848;
const SECOND_US = 1_000_000;
/** IPVS_SYNC_CHECK_PERIOD and IPVS_SYNC_FLUSH_TIME. */
const CHECK_PERIOD_US = SECOND_US;
const FLUSH_AGE_US = 2 * SECOND_US;
const IP_AND_UDP_LENGTH = 28;

/** Which half of the daemon. */
export type SyncRole = 'master' | 'backup';

/** One running half. */
export interface SyncDaemon {
  readonly role: SyncRole;
  readonly link: string;
  readonly syncId: number;
  /** Most octets of a datagram's payload. */
  readonly maxLength: number;
  readonly stop: () => void;
}

/** Starts one half on a link; `undefined` when there is no such link. */
export function startSyncDaemon(
  kernel: KernelState,
  ipvs: IpvsState,
  options: { readonly role: SyncRole; readonly link: string; readonly syncId: number },
): SyncDaemon | undefined {
  const link = kernel.linksByName.get(options.link);
  if (link === undefined) return undefined;
  const maxLength = link.mtu - IP_AND_UDP_LENGTH;
  const stop =
    options.role === 'master'
      ? startMaster(kernel, ipvs, { ...options, maxLength })
      : startBackup(kernel, ipvs, options);
  return stop === undefined ? undefined : { ...options, maxLength, stop };
}

function startMaster(
  kernel: KernelState,
  ipvs: IpvsState,
  options: { readonly link: string; readonly syncId: number; readonly maxLength: number },
): (() => void) | undefined {
  const socket = openUdpSocket(kernel, {
    family: 'inet',
    link: options.link,
    onDatagram: () => {},
  });
  if (typeof socket === 'string') return undefined;
  let entries: SyncEntry[] = [];
  let length = SYNC_HEADER_LENGTH;
  let firstUs = 0;
  const send = (): void => {
    if (entries.length > 0) sendEntries(socket, options.syncId, entries);
    entries = [];
    length = SYNC_HEADER_LENGTH;
  };
  const timer = makeTimer(() => {
    if (entries.length > 0 && kernel.clock.now - firstUs >= FLUSH_AGE_US) send();
    if (entries.length > 0) kernel.clock.arm(timer, nextCheck(kernel.clock.now));
  });
  const add = (entry: SyncEntry): void => {
    const more = entryLength(entry);
    if (length + more > options.maxLength || entries.length === SYNC_ENTRIES_MAX) send();
    if (entries.length === 0) {
      firstUs = kernel.clock.now;
      if (timer.place < 0) kernel.clock.arm(timer, nextCheck(firstUs));
    }
    entries.push(entry);
    length += more;
  };
  ipvs.onPacketIn = (connection, packets) => announce(ipvs, connection, packets, add);
  return () => {
    ipvs.onPacketIn = undefined;
    kernel.clock.cancel(timer);
    send();
    socket.close();
  };
}

function sendEntries(socket: UdpSocket, syncId: number, entries: readonly SyncEntry[]): void {
  socket.send(encodeSync(syncId, entries), SYNC_GROUP, SYNC_PORT);
}

/** The thread looks once a second; ours keeps that rhythm only while something waits. */
function nextCheck(now: number): number {
  return (Math.floor(now / CHECK_PERIOD_US) + 1) * CHECK_PERIOD_US;
}

/** A connection, then the template that controls it. */
function announce(
  ipvs: IpvsState,
  connection: Connection,
  packets: number,
  add: (entry: SyncEntry) => void,
): void {
  if (isAnnouncementDue(ipvs, connection, packets)) add(syncEntryOf(connection));
  const template = connection.control;
  if (template === undefined) return;
  template.inPackets++;
  if (isAnnouncementDue(ipvs, template, template.inPackets)) add(syncEntryOf(template));
}

function startBackup(
  kernel: KernelState,
  ipvs: IpvsState,
  options: { readonly link: string; readonly syncId: number },
): (() => void) | undefined {
  const link = kernel.linksByName.get(options.link);
  const socket = openUdpSocket(kernel, {
    family: 'inet',
    port: SYNC_PORT,
    link: options.link,
    onDatagram: ({ payload }) => {
      const entries = decodeSync(payload, options.syncId) ?? [];
      for (const entry of entries) acceptSyncEntry(ipvs, entry);
    },
  });
  if (typeof socket === 'string' || link === undefined) return undefined;
  joinGroupOn(kernel, IGMP, link, SYNC_GROUP);
  ipvs.isSyncBackup = true;
  return () => {
    ipvs.isSyncBackup = false;
    if (kernel.linksByName.get(options.link) === link) {
      leaveGroupOn(kernel, IGMP, link, SYNC_GROUP);
    }
    socket.close();
  };
}
