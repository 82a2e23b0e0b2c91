/**
 * A learning switch, or a hub: the same box without a memory. Frames are handed on in the moment in which
 * they come in (no processing delay), as the very same buffer; a flood costs one engine event, see `flood-plan.ts`.
 * VLAN tags pass through unread. There is no spanning tree protocol: blocked ports and the delay before
 * forwarding are set from outside, loops are kept finite by `storm-guard.ts`. Read IEEE 802.1D section 7.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import { readGroupMessage } from './group-message.ts';
import type { ForwardingEntry, LanRunEvent, SwitchApi, SwitchPortFacts } from './lan-api.ts';
import { type MacEntry, MacTable } from './mac-table.ts';
import { type GroupMembers, MulticastSnooping } from './multicast-snooping.ts';
import type { Port } from './port.ts';
import { StormGuard } from './storm-guard.ts';
import { type PlanKey, SwitchFloods } from './switch-floods.ts';
import { isReserved, lowWord, macOf } from './switch-frames.ts';
import type { SwitchOptions } from './switch-options.ts';
import { SwitchPort, type SwitchPortOwner } from './switch-port.ts';
import { SwitchQuerier } from './switch-querier.ts';

/** An ageing time beyond every run. */
const NEVER = Number.MAX_SAFE_INTEGER as DurationUs;

const NO_MEMBERS: GroupMembers = { ports: new Set(), validUntil: 0 };

/** Code of the switch's own event. */
const FORWARD_DELAY_OVER = 1;

/** A switch or hub; see the head of the file. */
export class Switch implements SwitchApi, SwitchPortOwner, EventTarget {
  readonly name: string;
  readonly kind: 'switch' | 'hub';
  readonly #engine: Engine;
  readonly #options: SwitchOptions;
  readonly #ports = new Map<string, SwitchPort>();
  readonly #list: SwitchPort[] = [];
  readonly #table: MacTable<SwitchPort>;
  readonly #guard = new StormGuard();
  readonly #snooping: MulticastSnooping | undefined;
  readonly #floods: SwitchFloods;
  readonly #querier: SwitchQuerier | undefined;
  #powered = true;

  constructor(engine: Engine, options: SwitchOptions) {
    this.#engine = engine;
    this.#options = options;
    this.name = options.name;
    this.kind = options.kind;
    this.#table = new MacTable(options.dropsUnknown ? NEVER : options.ageing);
    this.#snooping = options.multicastSnooping ? new MulticastSnooping() : undefined;
    this.#floods = new SwitchFloods(engine, this.#list, this.#snooping, options.linkLocalGroups);
    for (const mirror of options.mirrors) this.#portNamed(mirror.port);
    if (options.multicastSnooping && options.querier) {
      const send = (query: Uint8Array) => this.#floods.plan('multicast').send(engine, query, -1);
      this.#querier = new SwitchQuerier(engine, options.mac, send);
      this.#querier.start();
    }
  }

  /** Plugs a line into a port. */
  connect(name: string, line: Port): void {
    const port = this.#portNamed(name);
    port.plugIn(line, this.#powered);
    if (line.carrier) this.#beginForwardDelay(port);
    this.shapeChanged();
  }

  get powered(): boolean {
    return this.#powered;
  }

  get ports(): readonly SwitchPortFacts[] {
    return this.#list.map((port) => port.facts());
  }

  /** Frames that were dropped because they went round in a loop. */
  get stormDrops(): number {
    return this.#guard.dropped;
  }

  /** Frames that came in and were not forwarded because the port was shut or one MAC too many. */
  get refusedFrames(): number {
    return this.#list.reduce((sum, port) => sum + port.dropped, 0);
  }

  table(): readonly ForwardingEntry[] {
    return this.#table.entries(this.#engine.now).map((entry) => ({
      mac: macOf(entry),
      port: entry.port?.name ?? '',
      learnedAt: entry.learnedAt,
      lastSeenAt: entry.lastSeenAt,
    }));
  }

  setPower(on: boolean): void {
    if (this.#powered === on) return;
    this.#powered = on;
    this.#record({ kind: 'switch', change: on ? 'powered-on' : 'powered-off' });
    this.#table.removeWhere(() => true);
    this.#snooping?.clear();
    for (const port of this.#list) {
      port.applyLight(on);
      port.refresh(on);
    }
    this.#portsChanged();
    if (on) this.#querier?.start();
    else this.#querier?.stop();
  }

  setPortUp(name: string, up: boolean): void {
    const port = this.#portNamed(name);
    if (port.up === up) return;
    port.up = up;
    this.#record({ kind: 'switch', change: up ? 'port-up' : 'port-down', port: name });
    port.applyLight(this.#powered);
    this.#portChanged(port);
  }

  setPortForwarding(name: string, forwarding: boolean): void {
    const port = this.#portNamed(name);
    if (port.forwarding === forwarding && !port.waiting) return;
    port.forwarding = forwarding;
    if (forwarding) this.#endForwardDelay(port);
    const change = forwarding ? 'port-forwarding' : 'port-blocked';
    this.#record({ kind: 'switch', change, port: name });
    this.#portChanged(port);
  }

  setPortDetached(name: string, detached: boolean): void {
    const port = this.#portNamed(name);
    if (port.detached === detached) return;
    port.detached = detached;
    const change = detached ? 'port-detached' : 'port-attached';
    this.#record({ kind: 'switch', change, port: name });
    if (detached) this.#forgetPort(port);
    else if (port.line?.carrier === true) this.#beginForwardDelay(port);
    this.#portChanged(port);
  }

  setMulticastDelivery(name: string, delivered: boolean): void {
    const port = this.#portNamed(name);
    if (port.multicastDelivered === delivered) return;
    port.multicastDelivered = delivered;
    const change = delivered ? 'multicast-delivered' : 'multicast-blocked';
    this.#record({ kind: 'switch', change, port: name });
    this.shapeChanged();
  }

  flushTable(): void {
    this.#table.removeWhere(() => true);
    this.#record({ kind: 'switch', change: 'table-flushed' });
  }

  receive(port: SwitchPort, frame: Uint8Array): void {
    if (frame.length < 14) {
      port.dropped++;
      return;
    }
    if (this.kind === 'hub') {
      this.#flood(port, frame, 'all');
      return;
    }
    if (isReserved(frame) || !this.#learn(port, frame)) {
      port.dropped++;
      return;
    }
    if (((frame[0] as number) & 1) === 1) this.#forwardGroup(port, frame);
    else this.#forwardToOne(port, frame);
  }

  carrierChanged(port: SwitchPort, up: boolean): void {
    if (up) {
      this.#beginForwardDelay(port);
    } else {
      this.#endForwardDelay(port);
      this.#forgetPort(port);
    }
    this.#portChanged(port);
  }

  shapeChanged(): void {
    this.#floods.clear();
  }

  /** The forward delay of a port is over; there is no other event of the switch itself. */
  onEvent(_now: TimeUs, _code: number, payload: unknown): void {
    const port = payload as SwitchPort;
    port.waiting = false;
    port.waitingEnds = 0;
    this.#record({ kind: 'switch', change: 'port-forwarding', port: port.name });
    this.#portChanged(port);
  }

  /** Learns the sender; `false` when its frame must be dropped. */
  #learn(port: SwitchPort, frame: Uint8Array): boolean {
    const high = ((frame[6] as number) << 8) | (frame[7] as number);
    const low = lowWord(frame, 8);
    const now = this.#engine.now;
    const last = port.lastSource;
    if (last !== undefined && last.low === low && last.high === high && last.port === port) {
      if (!this.#table.isAged(last, now)) {
        last.lastSeenAt = now;
        return true;
      }
    }
    // A group address, or none at all, is no sender (Linux: is_valid_ether_addr).
    if ((high & 0x100) !== 0 || (high === 0 && low === 0)) return false;
    const entry = this.#table.find(high, low, now);
    if (entry === undefined || entry.port !== port) {
      if (!this.#admitsMac(port)) return false;
    }
    if (entry === undefined) {
      port.lastSource = this.#table.add(high, low, port, now);
      return true;
    }
    if (entry.port !== port) this.#move(entry, port);
    entry.lastSeenAt = now;
    port.lastSource = entry;
    return true;
  }

  #move(entry: MacEntry<SwitchPort>, to: SwitchPort): void {
    const from = entry.port?.name ?? '';
    entry.port = to;
    entry.learnedAt = this.#engine.now;
    // A loop tears the table with every round; the storm was reported, its moves are not.
    if (this.#guard.stormy) return;
    this.#record({ kind: 'mac-moved', mac: macOf(entry), from, to: to.name });
  }

  /** Port security: whether the port may speak for one more address. */
  #admitsMac(port: SwitchPort): boolean {
    const most = this.#options.macsPerPort;
    if (most === undefined) return true;
    const now = this.#engine.now;
    const known = this.#table.count((e) => e.port === port && !this.#table.isAged(e, now));
    if (known < most) return true;
    if (!port.macLimitReported) {
      port.macLimitReported = true;
      this.#record({ kind: 'switch', change: 'mac-limit', port: port.name });
    }
    return false;
  }

  #forwardToOne(port: SwitchPort, frame: Uint8Array): void {
    const high = ((frame[0] as number) << 8) | (frame[1] as number);
    const entry = this.#table.find(high, lowWord(frame, 2), this.#engine.now);
    if (entry === undefined) {
      if (this.#options.dropsUnknown) port.dropped++;
      else this.#flood(port, frame, 'all');
      return;
    }
    const to = entry.port;
    if (to === undefined || to === port) return;
    if (this.#guard.stormy && !this.#guard.admit(frame, this.#engine.now)) return;
    if (to.open) to.line?.send(frame);
    if (this.#options.mirrors.length > 0) this.#mirror(port, frame, (leg) => leg === to);
  }

  #forwardGroup(port: SwitchPort, frame: Uint8Array): void {
    const broadcast = frame[0] === 0xff;
    if (broadcast) {
      this.#flood(port, frame, 'all');
      return;
    }
    const snooping = this.#snooping;
    const message = snooping === undefined ? undefined : readGroupMessage(frame);
    if (snooping === undefined || message === undefined) {
      this.#flood(port, frame, 'multicast');
      return;
    }
    if (message.kind === 'data') {
      this.#flood(port, frame, this.#floods.keyOfGroup(snooping, message.group));
      return;
    }
    snooping.learn(message, port.index, this.#engine.now);
    this.shapeChanged();
    if (message.kind === 'query') {
      this.#flood(port, frame, 'multicast');
      return;
    }
    if (message.left.length > 0) this.#querier?.askLastMembers(message.left);
    this.#forwardReport(port, frame, message.family);
  }

  /** Reports go where queriers are (RFC 4541 2.1.1.1); with none known they are flooded. */
  #forwardReport(port: SwitchPort, frame: Uint8Array, family: IpFamily): void {
    const { ports } = this.#snooping?.queriers(family, this.#engine.now) ?? NO_MEMBERS;
    if (ports.size > 0) {
      for (const index of ports) {
        const to = this.#list[index];
        if (to !== port && to?.open === true) to.line?.send(frame);
      }
    } else if (!this.#options.querier) {
      this.#flood(port, frame, 'multicast');
    }
  }

  #flood(port: SwitchPort, frame: Uint8Array, planKey: PlanKey): void {
    const reported = this.#guard.stormy;
    if (!this.#guard.admit(frame, this.#engine.now)) {
      const detail = `a frame went round in a loop and came in on port ${port.name}`;
      if (!reported) this.#record({ kind: 'storm', detail });
      return;
    }
    this.#floods.plan(planKey).send(this.#engine, frame, port.index);
    if (this.#options.mirrors.length > 0) this.#mirror(port, frame, (leg) => leg.open);
  }

  /** One copy of a frame for each mirror port that watches its way in or one of its ways out. */
  #mirror(from: SwitchPort, frame: Uint8Array, leaves: (port: SwitchPort) => boolean): void {
    for (const { port: name, of } of this.#options.mirrors) {
      const copied = this.#list.some(
        (port) =>
          (of === 'all' || of.includes(port.name)) &&
          (port === from || (port.name !== name && leaves(port))),
      );
      const mirror = this.#portNamed(name);
      if (copied && mirror.up && this.#powered) mirror.line?.send(frame);
    }
  }

  #portNamed(name: string): SwitchPort {
    let port = this.#ports.get(name);
    if (port === undefined) {
      const isMirror = this.#options.mirrors.some((mirror) => mirror.port === name);
      port = new SwitchPort(this, { name, index: this.#list.length, isMirror });
      port.refresh(this.#powered);
      this.#ports.set(name, port);
      this.#list.push(port);
    }
    return port;
  }

  #beginForwardDelay(port: SwitchPort): void {
    const { forwardDelay } = this.#options;
    if (forwardDelay <= 0) return;
    this.#engine.cancel(port.waitingEnds);
    port.waiting = true;
    port.refresh(this.#powered);
    port.waitingEnds = this.#engine.scheduleAfter(forwardDelay, this, FORWARD_DELAY_OVER, port);
  }

  #endForwardDelay(port: SwitchPort): void {
    this.#engine.cancel(port.waitingEnds);
    port.waitingEnds = 0;
    port.waiting = false;
  }

  #forgetPort(port: SwitchPort): void {
    this.#table.removeWhere((entry) => entry.port === port);
    this.#snooping?.forgetPort(port.index);
    port.lastSource = undefined;
    port.macLimitReported = false;
  }

  #portChanged(port: SwitchPort): void {
    port.refresh(this.#powered);
    this.#portsChanged();
  }

  #portsChanged(): void {
    this.#guard.reset();
    this.shapeChanged();
  }

  #record(event: DistributiveOmit<LanRunEvent, 'at' | 'node'>): void {
    this.#engine.log.record({ at: this.#engine.now, node: this.name, ...event });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
