/**
 * How a director defends itself against floods: `drop_packet` loses every so many new connections, `drop_entry` forgets entries
 * that look idle, `secure_tcp` believes a handshake only when the client has answered. Each is a mode: 0 never, 3 always; with 1 and 2
 * it waits until memory falls below `amemthresh` pages. A virtual host's memory never does, so 2 goes back to 1 and nothing more.
 * Source: net/netfilter/ipvs/ip_vs_ctl.c (update_defense_level), ip_vs_conn.c (ip_vs_random_dropentry) of Linux 6.1.
 */

import { HZ, type KernelTimer, makeTimer } from '../kernel-clock.ts';
import type { KernelState } from '../kernel-state.ts';
import type { Connection } from './connection.ts';
import { endConnection, PROTOCOL_TCP } from './connection-life.ts';
import { bucketOf } from './connection-table.ts';
import { CONNECTION_TABLE_SIZE, type IpvsState } from './ipvs-state.ts';
import { STATE_ESTABLISHED, STATE_SYN_RECV, STATE_SYNACK } from './tcp-states.ts';

/** DEFENSE_TIMER_PERIOD. */
const PERIOD_US = 1_000_000;
/** Of so many buckets of the table one is looked into each second, on average. */
const BUCKETS_SHARE = 32;
/** An entry is not idle before that. */
const IDLE_TICKS = 60 * HZ;
/** An entry that has had more packets is in use. */
const PACKETS_MAX = 8;
const MODE_WAITING = 1;
const MODE_ACTIVE = 2;
const MODE_ALWAYS = 3;

const MODES = ['ipv4.vs.drop_entry', 'ipv4.vs.drop_packet', 'ipv4.vs.secure_tcp'] as const;

/** What is in force now. A mode counts at once (recording drop_packet-3), a rate from the next second on. */
export interface LoadDefence {
  /** Every so many new connections are lost; 0: none. */
  dropRate: number;
  dropCounter: number;
  /** The states of TCP follow the stricter tables. */
  isSecure: boolean;
  /** By packets of an entry: how many such idle ones are spared until the next is dropped. */
  readonly spared: number[];
  timer: KernelTimer | undefined;
}

/** Nothing to fear. */
export function makeLoadDefence(): LoadDefence {
  const spared = new Array(PACKETS_MAX + 1).fill(0);
  return { dropRate: 0, dropCounter: 0, isSecure: false, spared, timer: undefined };
}

/** A sysctl was written, named without `ipv4.vs.`. Source: proc_do_defense_mode. */
export function heedDefence(kernel: KernelState, ipvs: IpvsState, key: string): void {
  if (MODES.some((mode) => mode === `ipv4.vs.${key}`)) setLevels(kernel, ipvs);
  armDefence(kernel, ipvs);
}

function armDefence(kernel: KernelState, ipvs: IpvsState): void {
  const { defence } = ipvs;
  defence.timer ??= makeTimer(() => supervise(kernel, ipvs));
  const seconds = Math.floor(kernel.clock.now / PERIOD_US) + 1;
  kernel.clock.arm(defence.timer, seconds * PERIOD_US);
}

/** Whether a new connection's first packet is lost. Source: ip_vs_todrop. */
export function mustShed({ defence }: IpvsState): boolean {
  if (defence.dropRate === 0 || --defence.dropCounter > 0) return false;
  defence.dropCounter = defence.dropRate;
  return true;
}

function supervise(kernel: KernelState, ipvs: IpvsState): void {
  setLevels(kernel, ipvs);
  if (kernel.settings['ipv4.vs.drop_entry'] !== MODE_ALWAYS) return;
  dropIdleEntries(ipvs);
  armDefence(kernel, ipvs);
}

/** Source: update_defense_level. */
function setLevels(kernel: KernelState, ipvs: IpvsState): void {
  const { defence } = ipvs;
  const { settings } = kernel;
  for (const name of MODES) if (settings[name] === MODE_ACTIVE) settings[name] = MODE_WAITING;
  const isShedding = settings['ipv4.vs.drop_packet'] === MODE_ALWAYS;
  defence.dropRate = isShedding ? settings['ipv4.vs.am_droprate'] : 0;
  defence.isSecure = settings['ipv4.vs.secure_tcp'] === MODE_ALWAYS;
}

function dropIdleEntries(ipvs: IpvsState): void {
  const looked = new Set<number>();
  for (let left = CONNECTION_TABLE_SIZE / BUCKETS_SHARE; left > 0; left--) {
    looked.add(ipvs.random() % CONNECTION_TABLE_SIZE);
  }
  ipvs.connections.forEach((connection) => {
    if (looked.has(bucketOf(connection, CONNECTION_TABLE_SIZE))) dropIfIdle(ipvs, connection);
  });
}

function dropIfIdle(ipvs: IpvsState, connection: Connection): void {
  if (!connection.isHashed || connection.controlled > 0 || !isDroppable(ipvs, connection)) return;
  const template = connection.control;
  endConnection(ipvs, connection);
  if (template !== undefined && template.controlled === 0 && !template.isAssured) {
    endConnection(ipvs, template);
  }
}

function isDroppable(ipvs: IpvsState, connection: Connection): boolean {
  if (connection.isTemplate) return !connection.isAssured;
  if (connection.protocol !== PROTOCOL_TCP) return isIdle(ipvs, connection);
  const { state } = connection;
  if (state === STATE_SYN_RECV || state === STATE_SYNACK) return true;
  return state === STATE_ESTABLISHED && isIdle(ipvs, connection);
}

/** Source: todrop_entry. */
function isIdle(ipvs: IpvsState, connection: Connection): boolean {
  const lastUs = connection.expiryUs - (connection.timeoutTicks * 1_000_000) / HZ;
  if (ipvs.clock.now - lastUs < (IDLE_TICKS * 1_000_000) / HZ) return false;
  const packets = connection.inPackets;
  const { spared } = ipvs.defence;
  if (packets === 0 || packets > PACKETS_MAX) return false;
  spared[packets] = (spared[packets] ?? 0) - 1;
  if ((spared[packets] ?? 0) > 0) return false;
  spared[packets] = packets;
  return true;
}
