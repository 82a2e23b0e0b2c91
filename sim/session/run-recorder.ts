/**
 * Listens to one run for those who look at it: frames on all cables, moments to step and jump to, when something changed
 * last, what broke which cable. It draws no chance and schedules nothing, so a run is the same with and without it, and
 * a replay records the same again.
 */

import { formatIp } from '../../daemon/wire/ip-address.ts';
import { findAdvert } from '../../daemon/wire/vrrp-sight.ts';
import type { RunEvent } from '../engine/run-log.ts';
import type { HostRunEvent } from '../host/host-events.ts';
import type { CableApi, LanRunEvent } from '../lan/lan-api.ts';
import type { ScenarioRun } from '../scenario/run.ts';
import { LaneRecorder } from './lane-recorder.ts';
import { type PacketRecord, PacketStore } from './packet-store.ts';
import { isAdvert } from './packet-tree-vrrp.ts';
import { LIMITS } from './protocol.ts';

/** A moment of a run to which one can come back: after that many engine events. */
export interface Position {
  readonly at: number;
  readonly events: number;
}

/** Kinds of moments. */
export type MomentKind = 'event' | 'advert' | 'failover';

/** Frames lost late, remembered until everybody was told. */
const CHANGED_MAX = 1000;

/** The recorder of one run; see the head of the file. */
export class RunRecorder {
  readonly run: ScenarioRun;
  readonly packets: PacketStore;
  readonly lanes: LaneRecorder;
  /** Frames whose loss was told later, newest last; `lateCount` counts all. */
  readonly late: PacketRecord[] = [];
  lateCount = 0;
  /** When a node or cable changed last, by name. */
  readonly changedAt = new Map<string, number>();
  /** When an address (`HOST LINK PREFIX`) or a neighbour (`HOST LINK ADDRESS`) changed last. */
  readonly cellChangedAt = new Map<string, number>();
  readonly #moments: Readonly<Record<MomentKind, Position[]>> = {
    event: [],
    advert: [],
    failover: [],
  };
  /** Per cable: the event that took its carrier, or made it lose frames. */
  readonly #faults = new Map<number, number>();
  /** Nodes that stand for real networks. */
  readonly #outside: ReadonlySet<string>;
  #eventIndex = 0;

  constructor(run: ScenarioRun, packetsMax: number = LIMITS.packetsMax) {
    this.run = run;
    this.packets = new PacketStore(packetsMax);
    this.lanes = new LaneRecorder(run);
    this.#outside = new Set((run.scenario.lan.outside ?? []).map(({ name }) => name));
    // What building the LAN recorded was before anybody could listen.
    for (const event of run.engine.log.events) this.#onEvent(event);
    run.engine.log.listen((event) => this.#onEvent(event));
    for (const [index, cable] of run.lan.cables.entries()) this.#tap(index, cable);
  }

  /** The first moment of a kind after a position. */
  next(kind: MomentKind, than: Position): Position | undefined {
    return this.#moments[kind][firstAfter(this.#moments[kind], than.events)];
  }

  /** The last moment of a kind before a position. */
  previous(kind: MomentKind, than: Position): Position | undefined {
    const list = this.#moments[kind];
    let index = firstAfter(list, than.events) - 1;
    while (index >= 0 && !isBefore(list[index] as Position, than)) index--;
    return list[index];
  }

  /** How many moments of a kind there were. */
  count(kind: MomentKind): number {
    return this.#moments[kind].length;
  }

  /** All failovers, for marks. */
  get failovers(): readonly Position[] {
    return this.#moments.failover;
  }

  #tap(index: number, cable: CableApi): void {
    cable.tap(({ at, from, frame, lost, change, arrivesAt, late }) => {
      const fromEnd = from === cable.a.id ? 'a' : 'b';
      const cause = lost === undefined ? undefined : this.#faults.get(index);
      if (late === true && lost !== undefined) {
        const record = this.packets.markLost({ frame, cable: index, fromEnd }, lost, cause);
        if (record !== undefined) {
          this.#noteLate(record);
          return;
        }
      }
      this.packets.add({
        at,
        cable: index,
        fromEnd,
        frame,
        ...(lost === undefined ? {} : { lost }),
        ...(cause === undefined ? {} : { cause }),
        ...(change === undefined ? {} : { change }),
        ...(arrivesAt === undefined ? {} : { arrivesAt }),
      });
      this.#moment('event');
      const isFirstHop = this.run.lan.hosts.has(nodeOf(from));
      if (isFirstHop && isAdvert(frame)) this.#moment('advert');
      if (this.#outside.size > 0)
        this.#lookOutside({ at, cable, from, frame, isLost: lost !== undefined });
    });
  }

  /** What the lanes learn of real routers from a frame on a cable to the outside. */
  #lookOutside(sent: {
    readonly at: number;
    readonly cable: CableApi;
    readonly from: string;
    readonly frame: Uint8Array;
    readonly isLost: boolean;
  }): void {
    this.lanes.passTo(sent.at);
    const { a, b } = sent.cable;
    const node = [a.id, b.id].map(nodeOf).find((one) => this.#outside.has(one));
    if (node === undefined || sent.isLost || !isAdvert(sent.frame)) return;
    const advert = findAdvert(sent.frame);
    if (advert === undefined) return;
    if (nodeOf(sent.from) === node) this.lanes.onOutsideAdvert(sent.at, node, advert);
    else this.lanes.onAdvertOut(sent.at, node, advert);
  }

  #noteLate(record: PacketRecord): void {
    this.late.push(record);
    this.lateCount++;
    if (this.late.length > CHANGED_MAX * 2) this.late.splice(0, CHANGED_MAX);
  }

  #moment(kind: MomentKind): void {
    const { now, eventCount } = this.run.engine;
    const list = this.#moments[kind];
    if (list.at(-1)?.events !== eventCount) list.push({ at: now, events: eventCount });
  }

  #onEvent(event: RunEvent): void {
    const index = this.#eventIndex++;
    const known = event as LanRunEvent | HostRunEvent;
    this.#moment('event');
    if (known.kind !== 'journal' && known.kind !== 'fifo') {
      this.changedAt.set(event.node, event.at);
    }
    switch (known.kind) {
      case 'address':
        this.cellChangedAt.set(`${known.node} ${known.link} ${known.prefix}`, known.at);
        break;
      case 'neighbour': {
        const { link, address } = known.neighbour;
        this.cellChangedAt.set(`${known.node} ${link} ${formatIp(address)}`, known.at);
        break;
      }
      case 'cable':
        if (known.change === 'unplugged' || known.change === 'impaired') {
          this.#breakCables(index, (cable) => cable.name === known.node);
        }
        break;
      case 'carrier':
        this.#onCarrier(known.port, known.at);
        break;
      case 'power':
        if (known.state === 'off') this.#breakCables(index, (cable) => isAt(cable, known.node));
        break;
      case 'switch':
        this.#onSwitch(known, index);
        break;
      case 'link':
        if (!known.up) {
          this.#breakCables(index, (cable) => isAt(cable, `${known.node}:${known.link}`));
        }
        break;
      case 'daemon':
        if (known.report.kind === 'vrrp-state' && known.report.to === 'MASTER') {
          this.#moment('failover');
        }
        break;
      default:
    }
    this.lanes.onEvent(event, index);
  }

  #onSwitch(event: LanRunEvent & { readonly kind: 'switch' }, index: number): void {
    if (event.change === 'powered-off')
      this.#breakCables(index, (cable) => isAt(cable, event.node));
    else if (event.change === 'port-down') {
      this.#breakCables(index, (cable) => isAt(cable, `${event.node}:${event.port}`));
    }
  }

  /** A cable's own row changes with the light at its ends. */
  #onCarrier(port: string, at: number): void {
    for (const cable of this.run.lan.cables) {
      if (cable.a.id === port || cable.b.id === port) this.changedAt.set(cable.name, at);
    }
  }

  #breakCables(event: number, match: (cable: CableApi) => boolean): void {
    for (const [index, cable] of this.run.lan.cables.entries()) {
      if (match(cable)) this.#faults.set(index, event);
    }
  }
}

/** The node of `srv-1:eth1`. */
export function nodeOf(port: string): string {
  const colon = port.indexOf(':');
  return colon < 0 ? port : port.slice(0, colon);
}

/** Whether a cable ends at a node (`srv-1`) or a port (`srv-1:eth1`). */
function isAt(cable: CableApi, place: string): boolean {
  return [cable.a.id, cable.b.id].some((id) => id === place || nodeOf(id) === place);
}

/** Index of the first position with more events than that. */
function firstAfter(list: readonly Position[], events: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Position).events > events) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether one position comes before another on the same branch. */
export function isBefore(one: Position, other: Position): boolean {
  return one.events < other.events || (one.events === other.events && one.at < other.at);
}
