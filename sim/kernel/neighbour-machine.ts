/**
 * The life of a neighbour entry: the states and timers of Linux 6.x, shared by ARP and neighbour
 * discovery.
 *
 *   NONE/FAILED -packet-> INCOMPLETE (asks mcast_solicit times) -answer-> REACHABLE
 *   INCOMPLETE  -silence-> FAILED, the senders hear "host unreachable"
 *   INCOMPLETE  -announcement or request of it-> STALE, waiting packets leave (-> DELAY)
 *   REACHABLE   -not confirmed for reachable_time-> STALE, or DELAY when it was used just now
 *   STALE       -packet-> DELAY -delay_first_probe_time-> PROBE (asks ucast_solicit times)
 *   DELAY       -confirmed meanwhile-> REACHABLE
 *   PROBE       -answer-> REACHABLE, -silence-> FAILED
 *   any valid   -another MAC that may override-> STALE (REACHABLE when it was an answer)
 *
 * Source: net/core/neighbour.c (neigh_timer_handler, __neigh_event_send, __neigh_update).
 */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { NeighbourState } from './kernel-api.ts';
import { HZ, makeTimer, ticksOf } from './kernel-clock.ts';
import { drop, type KernelState, type LinkState, voidPaths } from './kernel-state.ts';
import { transmitTo } from './link-output.ts';
import type { NeighbourEntry, NeighbourTable } from './neighbour-state.ts';
import {
  createNeighbour,
  factsOf,
  findNeighbour,
  reachableTicks,
  settingsOf,
} from './neighbour-table.ts';
import { announce } from './netlink.ts';

/**
 * Memory that Linux counts per waiting packet besides its bytes: struct sk_buff, headroom, shared
 * info.
 */
const PACKET_OVERHEAD_BYTES = 256;
const BUFFER_OVERHEAD_BYTES = 320 + 64;
/** Smallest time between two steps of an entry. */
const LEAST_TICKS = HZ / 100;

/** How a message may change an entry. */
export interface UpdateRules {
  /** Another MAC is taken over. */
  readonly override: boolean;
  /** Another MAC is not taken, but a confirmed entry becomes STALE (IPv6). */
  readonly weakOverride?: boolean;
  /** `ip neigh`: anything goes. */
  readonly admin?: boolean;
  /** Sets or clears the router mark (IPv6). */
  readonly router?: boolean;
}

/** The entry of a neighbour, made when missing; `undefined` when the table is full. */
export function neighbourFor(
  kernel: KernelState,
  table: NeighbourTable,
  link: LinkState,
  address: IpAddress,
): NeighbourEntry | undefined {
  const found = findNeighbour(table, link, address);
  if (found !== undefined) return found;
  return createNeighbour(kernel, table, link, address, (entry) =>
    makeTimer(() => onTimer(kernel, entry())),
  );
}

/**
 * Sends a frame (with room for the Ethernet header) to a neighbour, or lets it wait for the MAC.
 */
export function sendToNeighbour(
  kernel: KernelState,
  entry: NeighbourEntry,
  frame: Uint8Array,
): void {
  const { state } = entry;
  if (state === 'REACHABLE' || state === 'PERMANENT' || state === 'NOARP') {
    transmitTo(kernel, entry.link, entry.mac, frame, entry.family);
    return;
  }
  entry.used = kernel.clock.jiffies;
  if (state === 'NONE' || state === 'FAILED') {
    startAsking(kernel, entry, frame);
    return;
  }
  if (state === 'INCOMPLETE') {
    enqueue(kernel, entry, frame);
    return;
  }
  if (state === 'STALE') startDelay(kernel, entry);
  transmitTo(kernel, entry.link, entry.mac, frame, entry.family);
}

/** A protocol above has proof that the neighbour is there (an answer to what was sent to it). */
export function confirmNeighbour(kernel: KernelState, entry: NeighbourEntry): void {
  entry.confirmed = kernel.clock.jiffies;
}

/**
 * What a message (or `ip neigh`) says about a neighbour.
 *
 * `mac` absent keeps the known one. An announcement that changes nothing changes no state.
 */
export function updateNeighbour(
  kernel: KernelState,
  entry: NeighbourEntry,
  mac: MacAddress | undefined,
  proposed: NeighbourState,
  rules: UpdateRules,
): void {
  const old = entry.state;
  const now = kernel.clock.jiffies;
  if (entry.dead) return;
  if (!rules.admin && (old === 'NOARP' || old === 'PERMANENT')) return;
  if (proposed === 'FAILED' || proposed === 'INCOMPLETE') {
    invalidate(kernel, entry, proposed);
    return;
  }
  if (mac === undefined && !isValid(old)) return;
  const offered = mac ?? entry.mac;
  const differs = !isValid(old) || offered !== entry.mac;
  let next: NeighbourState = proposed;
  let adopted = offered;
  if (isConnected(proposed)) entry.confirmed = now;
  if (isValid(old)) {
    if (differs && !rules.override) {
      if (!rules.weakOverride || !isConnected(old)) return;
      adopted = entry.mac;
      next = 'STALE';
    } else if (!differs && proposed === 'STALE' && !rules.admin) {
      next = old as NeighbourState;
    }
  }
  const changesMac = adopted !== entry.mac || !isValid(old);
  const changesRouter = rules.router !== undefined && rules.router !== entry.router;
  if (next !== old || changesMac) entry.updated = now;
  if (next !== old) enter(kernel, entry, next);
  if (changesMac) {
    voidPaths(kernel);
    entry.mac = adopted;
    if (!isConnected(next)) {
      entry.confirmed = now - 2 * ticksOf(settings(entry).base_reachable_time_ms * 1000);
    }
  }
  if (changesRouter) entry.router = rules.router === true;
  if (!isValid(old)) releaseQueue(kernel, entry);
  if (next !== old || changesMac || changesRouter) notify(kernel, entry);
}

/** `ip neigh flush` and `ip neigh del`: Linux lets the entry fail, says so, and removes it then. */
export function failNeighbour(kernel: KernelState, entry: NeighbourEntry): void {
  invalidate(kernel, entry, 'FAILED');
}

/** Whether packets may be sent to the MAC of an entry in that state. */
export function isValid(state: NeighbourEntry['state']): boolean {
  return state !== 'NONE' && state !== 'INCOMPLETE' && state !== 'FAILED';
}

function onTimer(kernel: KernelState, entry: NeighbourEntry): void {
  switch (entry.state) {
    case 'REACHABLE':
      onReachableTimer(kernel, entry);
      return;
    case 'DELAY':
      onDelayTimer(kernel, entry);
      return;
    case 'INCOMPLETE':
    case 'PROBE':
      onRetransmitTimer(kernel, entry);
      return;
    default:
      return;
  }
}

function onReachableTimer(kernel: KernelState, entry: NeighbourEntry): void {
  const now = kernel.clock.jiffies;
  const confirmedUntil = entry.confirmed + reachableTicks(kernel, entry.table, entry.link);
  const delay = settings(entry).delay_first_probe_time * HZ;
  if (now <= confirmedUntil) {
    arm(kernel, entry, confirmedUntil - now);
  } else if (now <= entry.used + delay) {
    entry.state = 'DELAY';
    entry.updated = now;
    arm(kernel, entry, delay);
  } else {
    entry.state = 'STALE';
    entry.updated = now;
    notify(kernel, entry);
  }
}

function onDelayTimer(kernel: KernelState, entry: NeighbourEntry): void {
  const now = kernel.clock.jiffies;
  entry.updated = now;
  if (now <= entry.confirmed + settings(entry).delay_first_probe_time * HZ) {
    entry.state = 'REACHABLE';
    arm(kernel, entry, entry.confirmed + reachableTicks(kernel, entry.table, entry.link) - now);
    notify(kernel, entry);
    return;
  }
  entry.state = 'PROBE';
  entry.probes = 0;
  if (entry.probes >= probeLimit(entry)) {
    invalidate(kernel, entry, 'FAILED');
    return;
  }
  arm(kernel, entry, retransmitTicks(entry));
  solicit(kernel, entry);
  // Linux tells listeners after the request is out, and the answer is never that fast.
  notify(kernel, entry);
}

function onRetransmitTimer(kernel: KernelState, entry: NeighbourEntry): void {
  if (entry.probes >= probeLimit(entry)) {
    invalidate(kernel, entry, 'FAILED');
    return;
  }
  arm(kernel, entry, retransmitTicks(entry));
  solicit(kernel, entry);
}

function startAsking(kernel: KernelState, entry: NeighbourEntry, frame: Uint8Array): void {
  const { mcast_solicit, app_solicit, ucast_solicit } = settings(entry);
  entry.updated = kernel.clock.jiffies;
  if (mcast_solicit + app_solicit === 0) {
    entry.state = 'FAILED';
    drop(kernel, 'neighbour:failed');
    return;
  }
  entry.probes = ucast_solicit;
  entry.state = 'INCOMPLETE';
  arm(kernel, entry, retransmitTicks(entry));
  enqueue(kernel, entry, frame);
  solicit(kernel, entry);
}

function startDelay(kernel: KernelState, entry: NeighbourEntry): void {
  entry.state = 'DELAY';
  entry.updated = kernel.clock.jiffies;
  arm(kernel, entry, settings(entry).delay_first_probe_time * HZ);
}

function enter(kernel: KernelState, entry: NeighbourEntry, next: NeighbourState): void {
  kernel.clock.cancel(entry.timer);
  if (next === 'PROBE') entry.probes = 0;
  entry.state = next;
  if (next === 'REACHABLE') arm(kernel, entry, reachableTicks(kernel, entry.table, entry.link));
  else if (next === 'DELAY' || next === 'PROBE') arm(kernel, entry, 0);
}

/** The entry is of no use any more: senders of waiting packets hear of it. */
function invalidate(
  kernel: KernelState,
  entry: NeighbourEntry,
  next: 'FAILED' | 'INCOMPLETE',
): void {
  const old = entry.state;
  kernel.clock.cancel(entry.timer);
  entry.state = next;
  entry.updated = kernel.clock.jiffies;
  const wasAsking = old === 'INCOMPLETE' || old === 'PROBE';
  const waiting = entry.queue.splice(0);
  entry.queueBytes = 0;
  for (const frame of waiting) {
    if (wasAsking && next === 'FAILED') kernel.ops.neighbourUnreachable(entry, frame);
    drop(kernel, 'neighbour:failed');
  }
  if (isValid(old) || wasAsking) notify(kernel, entry);
}

function enqueue(kernel: KernelState, entry: NeighbourEntry, frame: Uint8Array): void {
  const bytes = memoryOf(frame);
  const limit = settings(entry).unres_qlen_bytes;
  while (entry.queueBytes + bytes > limit) {
    const oldest = entry.queue.shift();
    if (oldest === undefined) break;
    entry.queueBytes -= memoryOf(oldest);
    drop(kernel, 'neighbour:queue-full');
  }
  entry.queue.push(frame);
  entry.queueBytes += bytes;
}

function releaseQueue(kernel: KernelState, entry: NeighbourEntry): void {
  const waiting = entry.queue.splice(0);
  entry.queueBytes = 0;
  for (const frame of waiting) sendToNeighbour(kernel, entry, frame);
}

function solicit(kernel: KernelState, entry: NeighbourEntry): void {
  kernel.ops.solicit(entry, entry.queue.at(-1));
  entry.probes++;
}

function notify(kernel: KernelState, entry: NeighbourEntry): void {
  const facts = factsOf(entry);
  if (facts !== undefined) announce(kernel, { kind: 'neighbour-changed', neighbour: facts });
}

function arm(kernel: KernelState, entry: NeighbourEntry, ticks: number): void {
  kernel.clock.armTicks(entry.timer, ticks);
}

function settings(entry: NeighbourEntry): ReturnType<typeof settingsOf> {
  return settingsOf(entry.table, entry.link);
}

function retransmitTicks(entry: NeighbourEntry): number {
  return Math.max(ticksOf(settings(entry).retrans_time_ms * 1000), LEAST_TICKS);
}

function probeLimit(entry: NeighbourEntry): number {
  const { ucast_solicit, app_solicit, mcast_solicit, mcast_resolicit } = settings(entry);
  return ucast_solicit + app_solicit + (entry.state === 'PROBE' ? mcast_resolicit : mcast_solicit);
}

function isConnected(state: NeighbourEntry['state']): boolean {
  return state === 'REACHABLE' || state === 'PERMANENT' || state === 'NOARP';
}

/** Linux' truesize of a packet: its buffer comes from power-of-two slabs. */
function memoryOf(frame: Uint8Array): number {
  let slab = 512;
  while (slab < frame.length + BUFFER_OVERHEAD_BYTES) slab *= 2;
  return slab + PACKET_OVERHEAD_BYTES;
}
