/**
 * A cable: two ends that share one fate. Its carrier needs the plug, and light from both ends (power, port not
 * switched off). Three faults that users need told apart: unplugged (both ends lose the carrier and hear of
 * it), silently dead (`muted`: the carrier stays), dead in one direction (`muted` on one side).
 *
 * A change of the carrier is true at once (`port.carrier`, and frames sent from then on are lost), but the devices
 * hear of it by an event at the same time, behind whatever runs now: calls run to completion.
 */

import type { RandomSource } from '../../daemon/base/random.ts';
import type { DurationUs } from '../../daemon/base/time.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Engine } from '../engine/engine.ts';
import { CableEnd } from './cable-end.ts';
import type { CableApi, CableListener, Direction, Impairments, LanRunEvent } from './lan-api.ts';
import type { PortId } from './port.ts';

/** One end as `createCable` takes it. */
export interface CableEndSpec {
  readonly id: PortId;
  readonly mac: MacAddress;
  readonly mtu: number;
  /** Whether its device has power at the start; default true. */
  readonly powered?: boolean;
}

/** What `createCable` takes. */
export interface CableOptions {
  /** `srv-1:eth1-sw1:1`. */
  readonly name: string;
  readonly a: CableEndSpec;
  readonly b: CableEndSpec;
  /** Of the line itself, without sending time. */
  readonly delay: DurationUs;
  /** Absent: frames take no time to send and never wait. */
  readonly rateBitsPerSecond?: number;
  /** Frames that wait for the line, per direction, before more are dropped; means nothing without a rate. */
  readonly queueFrames: number;
  /** The cable's own stream: losses, jitter and the like. */
  readonly random: RandomSource;
  /**
   * Adds every frame to the run's hash, under this number (which must be the cable's own, and below 2^30).
   * Absent: frames show in the hash only by what they do.
   */
  readonly traceNumber?: number;
}

/** Lays a cable; it is plugged in and unimpaired. */
export function createCable(engine: Engine, options: CableOptions): Cable {
  return new Cable(engine, options);
}

/** A cable; see the head of the file. */
export class Cable implements CableApi {
  readonly name: string;
  readonly a: CableEnd;
  readonly b: CableEnd;
  readonly #engine: Engine;
  readonly #listeners: CableListener[] = [];
  #plugged = true;

  constructor(engine: Engine, options: CableOptions) {
    this.name = options.name;
    this.#engine = engine;
    this.a = this.#makeEnd(options, options.a, 0);
    this.b = this.#makeEnd(options, options.b, 1);
    this.a.connect(this.b);
    this.b.connect(this.a);
    if (options.a.powered === false) this.a.setPowered(false);
    if (options.b.powered === false) this.b.setPowered(false);
    for (const end of [this.a, this.b]) {
      if (this.a.light && this.b.light) end.startLit();
      else end.refreshShape();
    }
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  get impairments(): { readonly aToB: Impairments; readonly bToA: Impairments } {
    return { aToB: this.a.impairments, bToA: this.b.impairments };
  }

  unplug(): void {
    if (!this.#plugged) return;
    this.#plugged = false;
    this.#record({ kind: 'cable', change: 'unplugged', detail: '' });
    this.#refreshCarrier();
  }

  replug(): void {
    if (this.#plugged) return;
    this.#plugged = true;
    this.#record({ kind: 'cable', change: 'replugged', detail: '' });
    this.#refreshCarrier();
  }

  impair(
    direction: Direction,
    change: { readonly [K in keyof Impairments]: Impairments[K] | undefined },
  ): void {
    if (direction !== 'b-to-a') this.#impairEnd(this.a, change);
    if (direction !== 'a-to-b') this.#impairEnd(this.b, change);
    const healthy = isHealthy(this.a.impairments) && isHealthy(this.b.impairments);
    const detail = `${direction} ${describe(change)}`;
    this.#record({ kind: 'cable', change: healthy ? 'healed' : 'impaired', detail });
  }

  setEndPower(end: 'a' | 'b', powered: boolean): void {
    (end === 'a' ? this.a : this.b).setPowered(powered);
  }

  tap(listener: CableListener): () => void {
    // Wrapped, so that one listener may be added twice and each is taken out by its own hand.
    const entry: CableListener = (event) => listener(event);
    this.#listeners.push(entry);
    this.#refreshShapes();
    return () => {
      const at = this.#listeners.indexOf(entry);
      if (at >= 0) this.#listeners.splice(at, 1);
      this.#refreshShapes();
    };
  }

  #makeEnd(options: CableOptions, spec: CableEndSpec, number: 0 | 1): CableEnd {
    const { traceNumber } = options;
    return new CableEnd({
      engine: this.#engine,
      id: spec.id,
      mac: spec.mac,
      mtu: spec.mtu,
      payloadMax: Math.min(options.a.mtu, options.b.mtu),
      delay: options.delay,
      rateBitsPerSecond: options.rateBitsPerSecond,
      queueFrames: options.queueFrames,
      random: options.random,
      traceNumber: traceNumber === undefined ? undefined : traceNumber * 2 + number,
      onLight: () => this.#refreshCarrier(),
      listeners: this.#listeners,
    });
  }

  #impairEnd(
    end: CableEnd,
    change: { readonly [K in keyof Impairments]: Impairments[K] | undefined },
  ): void {
    const kept = Object.entries({ ...end.impairments, ...change });
    end.impairments = Object.fromEntries(kept.filter(([, value]) => value !== undefined));
    end.refreshShape();
  }

  #refreshShapes(): void {
    this.a.refreshShape();
    this.b.refreshShape();
  }

  #refreshCarrier(): void {
    // During construction the far end does not exist yet, and nobody listens.
    if (this.a === undefined || this.b === undefined) return;
    const up = this.#plugged && this.a.light && this.b.light;
    for (const end of [this.a, this.b]) {
      end.darkReason = this.#plugged ? 'no-carrier' : 'unplugged';
    }
    if (this.a.carrier === up) return;
    for (const end of [this.a, this.b]) {
      end.setCarrier(up);
      this.#record({ kind: 'carrier', port: end.id, up }, nodeOf(end.id));
    }
  }

  #record(
    event:
      | { kind: 'cable'; change: 'unplugged' | 'replugged' | 'impaired' | 'healed'; detail: string }
      | { kind: 'carrier'; port: string; up: boolean },
    node = this.name,
  ): void {
    const full: LanRunEvent = { at: this.#engine.now, node, ...event };
    this.#engine.log.record(full);
  }
}

function nodeOf(id: PortId): string {
  const colon = id.indexOf(':');
  return colon < 0 ? id : id.slice(0, colon);
}

function isHealthy(impairments: Impairments): boolean {
  return Object.values(impairments).every((value) => value === false || value === 0);
}

/** `loss 1/100, jitter 2000 us`: what a change says, in the order in which it was written. */
function describe(
  change: { readonly [K in keyof Impairments]: Impairments[K] | undefined },
): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === false) parts.push(`${name} off`);
    else if (value === true) parts.push(name);
    else if (typeof value === 'number') parts.push(`${name} ${value} us`);
    else parts.push(`${name} ${value.numerator}/${value.denominator}`);
  }
  return parts.join(', ');
}
