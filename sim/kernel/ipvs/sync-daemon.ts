/**
 * The synchronisation daemon of a director: a master collects announcements and sends them two to three
 * seconds after the first of them (it looks about once a second from its start on) or when a datagram is full; a
 * backup listens and fills its own table. Source: net/netfilter/ipvs/ip_vs_sync.c; forwarding/sync-daemon of the recordings.
 */

import { familyOf, type IpAddress } from '../../../daemon/wire/ip-address.ts';
import { ipv4FromNumber } from '../../../daemon/wire/ipv4-address.ts';
import { joinGroupOn, leaveGroupOn } from '../group-machine.ts';
import { IGMP } from '../igmp-host.ts';
import { HZ, makeTimer } from '../kernel-clock.ts';
import type { KernelState } from '../kernel-state.ts';
import { MLD } from '../mld-host.ts';
import { openUdpSocket } from '../udp-sockets.ts';
import type { Connection } from './connection.ts';
import { bucketOf } from './connection-table.ts';
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
const SYNC_GROUP: IpAddress = ipv4FromNumber(0xe0000051);
const SYNC_PORT = 8848;
/** IPVS_SYNC_CHECK_PERIOD; the timer wheel's second level rounds it to the next eighth tick. */
const CHECK_PERIOD_TICKS = HZ;
const WHEEL_STEP_TICKS = 8;
/** IPVS_SYNC_FLUSH_TIME, µs. */
const FLUSH_AGE_US = 2_000_000;
const IPV4_AND_UDP_LENGTH = 28;
const IPV6_AND_UDP_LENGTH = 48;
const ETHERNET_MTU = 1500;
const DATAGRAM_MAX = 65_535;
/** IPVS_SYNC_PORTS_MAX. */
const THREADS_MAX = 64;
/** A backup's buffer is never smaller, whatever was asked for. */
const BACKUP_LENGTH_MIN = 1024;

/** Which half of the daemon. */
export type SyncRole = 'master' | 'backup';

/** How to start one half; what is absent has ipvsadm's defaults. */
export interface SyncOptions {
  readonly role: SyncRole;
  readonly link: string;
  /** Datagrams of another id are not heard; 0 hears all. */
  readonly syncId: number;
  /** `--sync-maxlen`: most octets of a datagram's payload. */
  readonly maxLength?: number;
  /** `--mcast-group`, of either family. */
  readonly group?: IpAddress;
  readonly port?: number;
  readonly ttl?: number;
}

/** One running half. */
export interface SyncDaemon extends Required<SyncOptions> {
  readonly stop: () => void;
}

/** Starts one half on a link; `undefined` when there is no such link. */
export function startSyncDaemon(
  kernel: KernelState,
  ipvs: IpvsState,
  options: SyncOptions,
): SyncDaemon | undefined {
  const link = kernel.linksByName.get(options.link);
  if (link === undefined) return undefined;
  const { group = SYNC_GROUP, port = SYNC_PORT, ttl = 1 } = options;
  const maxLength = lengthFor(options, group, link.mtu);
  const settings = { ...options, group, port, ttl, maxLength };
  const stop =
    options.role === 'master'
      ? startMaster(kernel, ipvs, settings)
      : startBackup(kernel, ipvs, settings);
  return stop === undefined ? undefined : { ...settings, stop };
}

/** Source: ip_vs_sync.c, start_sync_thread: a master's default is that of Ethernet on every link. */
function lengthFor(options: SyncOptions, group: IpAddress, mtu: number): number {
  const headers = familyOf(group) === 'inet' ? IPV4_AND_UDP_LENGTH : IPV6_AND_UDP_LENGTH;
  const isBackup = options.role === 'backup';
  const { maxLength } = options;
  if (maxLength === undefined || maxLength === 0) {
    const largest = Math.min(Math.max(mtu, ETHERNET_MTU), DATAGRAM_MAX);
    return (isBackup ? largest : ETHERNET_MTU) - headers;
  }
  const least = isBackup ? BACKUP_LENGTH_MIN : 1;
  return Math.min(Math.max(maxLength, least), DATAGRAM_MAX - headers);
}

/** One thread a port; a connection is announced by always the same. Source: select_master_thread_id. */
function startMaster(
  kernel: KernelState,
  ipvs: IpvsState,
  options: Required<SyncOptions>,
): (() => void) | undefined {
  const threads: MasterThread[] = [];
  for (const port of portsOf(ipvs, options)) {
    const thread = startThread(kernel, { ...options, port });
    if (thread === undefined) return undefined;
    threads.push(thread);
  }
  const add = (connection: Connection): void => {
    threads[bucketOf(connection, threads.length)]?.add(syncEntryOf(connection));
  };
  ipvs.onPacketIn = (connection, packets) => announce(ipvs, connection, packets, add);
  return () => {
    ipvs.onPacketIn = undefined;
    for (const thread of threads) thread.stop();
  };
}

/** The ports of the threads that `sync_ports` asks for when the daemon starts. */
function portsOf(ipvs: IpvsState, { port }: { readonly port: number }): readonly number[] {
  const count = Math.min(ipvs.settings.sync_ports, THREADS_MAX);
  return Array.from({ length: count }, (_, nth) => port + nth);
}

/** A thread of the master: what it is told of waits for a datagram of its own. */
interface MasterThread {
  add(entry: SyncEntry): void;
  stop(): void;
}

function startThread(
  kernel: KernelState,
  options: Required<SyncOptions>,
): MasterThread | undefined {
  const socket = openUdpSocket(kernel, {
    family: familyOf(options.group),
    link: options.link,
    multicastTtl: options.ttl,
    mayBeCut: true,
    onDatagram: () => {},
  });
  if (typeof socket === 'string') return undefined;
  let entries: SyncEntry[] = [];
  let length = SYNC_HEADER_LENGTH;
  let firstUs = 0;
  const send = (): void => {
    if (entries.length > 0) {
      socket.send(encodeSync(options.syncId, entries), options.group, options.port);
    }
    entries = [];
    length = SYNC_HEADER_LENGTH;
  };
  const begin = kernel.clock.wheelExpiryUs(CHECK_PERIOD_TICKS);
  const timer = makeTimer(() => {
    if (entries.length > 0 && kernel.clock.now - firstUs >= FLUSH_AGE_US) send();
    if (entries.length > 0) kernel.clock.arm(timer, nextCheck(begin, kernel.clock.now));
  });
  const add = (entry: SyncEntry): void => {
    const more = entryLength(entry);
    if (length + more > options.maxLength || entries.length === SYNC_ENTRIES_MAX) send();
    if (entries.length === 0) {
      firstUs = kernel.clock.now;
      if (timer.place < 0) kernel.clock.arm(timer, nextCheck(begin, firstUs));
    }
    entries.push(entry);
    length += more;
  };
  return {
    add,
    stop() {
      kernel.clock.cancel(timer);
      send();
      socket.close();
    },
  };
}

/** The thread sleeps for a second again and again; ours keeps that rhythm only while something waits. */
function nextCheck(begin: number, now: number): number {
  if (now < begin) return begin;
  const steps = Math.floor(CHECK_PERIOD_TICKS / WHEEL_STEP_TICKS) + 1;
  const period = (steps * WHEEL_STEP_TICKS * 1_000_000) / HZ;
  return begin + (Math.floor((now - begin) / period) + 1) * period;
}

/** A connection, then the template that controls it. */
function announce(
  ipvs: IpvsState,
  connection: Connection,
  packets: number,
  add: (connection: Connection) => void,
): void {
  if (isAnnouncementDue(ipvs, connection, packets)) add(connection);
  const template = connection.control;
  if (template === undefined) return;
  template.inPackets++;
  if (isAnnouncementDue(ipvs, template, template.inPackets)) add(template);
}

function startBackup(
  kernel: KernelState,
  ipvs: IpvsState,
  options: Required<SyncOptions>,
): (() => void) | undefined {
  const { group } = options;
  const link = kernel.linksByName.get(options.link);
  const sockets = portsOf(ipvs, options).map((port) =>
    openUdpSocket(kernel, {
      family: familyOf(group),
      port,
      link: options.link,
      onDatagram: ({ payload }) => {
        const entries = decodeSync(payload, options.syncId) ?? [];
        for (const entry of entries) acceptSyncEntry(ipvs, entry);
      },
    }),
  );
  const open = sockets.filter((socket) => typeof socket !== 'string');
  const close = (): void => {
    for (const socket of open) socket.close();
  };
  if (open.length < sockets.length || link === undefined) {
    close();
    return undefined;
  }
  const membership = familyOf(group) === 'inet' ? IGMP : MLD;
  joinGroupOn(kernel, membership, link, group);
  ipvs.isSyncBackup = true;
  return () => {
    ipvs.isSyncBackup = false;
    if (kernel.linksByName.get(options.link) === link) {
      leaveGroupOn(kernel, membership, link, group);
    }
    close();
  };
}
