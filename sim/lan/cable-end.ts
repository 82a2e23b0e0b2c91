/**
 * One end of a cable, and with it the direction away from that end. An unimpaired cable without a rate
 * costs one engine event per frame and no allocation; everything else (rate, queue, losses, listeners) is
 * decided at the moment of sending, by arithmetic, so that it costs one event as well.
 * Plugging and power of both ends together are the business of `cable.ts`.
 */

import { present } from '../../daemon/base/assert.ts';
import { type RandomSource, randomBelow } from '../../daemon/base/random.ts';
import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventHandle, EventTarget } from '../engine/event-queue.ts';
import type {
  CableListener,
  FrameChange,
  Impairments,
  LossReason,
  Probability,
} from './lan-api.ts';
import { LineRate } from './line-rate.ts';
import type { Port, PortId, PortReceiver } from './port.ts';

/** Ethernet's header; the MTU does not count it. */
const ETHERNET_HEADER_LENGTH = 14;
const VLAN_TAG_LENGTH = 4;
const TPID_VLAN = 0x8100;
const TPID_SERVICE_VLAN = 0x88a8;

/**
 * How long a frame chosen for reordering waits for a later one that overtakes it, µs. Without a bound the
 * last frame of a conversation would never arrive.
 */
const REORDER_HOLD_US = 10_000;

/** What an end needs to know; `cable.ts` makes both. */
export interface CableEndOptions {
  readonly engine: Engine;
  readonly id: PortId;
  readonly mac: MacAddress;
  readonly mtu: number;
  /** Longest payload that both ends take, so that a frame is lost where it is too long for the far end. */
  readonly payloadMax: number;
  readonly delay: DurationUs;
  readonly rateBitsPerSecond: number | undefined;
  readonly queueFrames: number;
  readonly random: RandomSource;
  /** Number of this direction in the run's hash; `undefined` when frames are not hashed. */
  readonly traceNumber: number | undefined;
  /** Called when this end's device goes dark or lights up (power, port off). */
  readonly onLight: () => void;
  /** Listeners of the whole cable, shared by both ends. */
  readonly listeners: readonly CableListener[];
}

/** The port at one end of a cable; see the head of the file. */
export class CableEnd implements Port, EventTarget {
  // What every frame needs comes first, so that it lies in few lines of the processor's cache.
  /** Grows with each loss of the carrier: what was on the way then never arrives. */
  epoch = 1;
  /** Frames that reached the far end. */
  delivered = 0;
  /** Who hears what is sent here. */
  #farReceiver: PortReceiver | undefined;
  #fast = false;
  /** Longest untagged frame. */
  readonly lengthMax: number;
  /**
   * Delay of a direction in which no chance is at work; -1 otherwise. A switch may then deliver one flood to
   * many such ends by one event: `noteSent` now, `arrive` after that delay, counted from what `line` says.
   */
  plainDelayUs: number;
  /** Sending takes time; absent on cables without a rate. */
  readonly line: LineRate | undefined;
  readonly #engine: Engine;
  carrier = false;
  readonly id: PortId;
  readonly mac: MacAddress;
  readonly mtu: number;
  /** Why `carrier` is away, for the count of lost frames. */
  darkReason: 'unplugged' | 'no-carrier' = 'no-carrier';
  /** Why the carrier last went away, for frames that were on their way then. */
  lastDarkReason: 'unplugged' | 'no-carrier' = 'no-carrier';
  /** Frames that did not reach the far end, by reason. */
  readonly lost = new Map<LossReason, number>();
  /** Told when `plainDelayUs`, `carrier` or listeners change; a switch keeps its plans of floods by it. */
  onShapeChange: (() => void) | undefined;
  impairments: Impairments = {};
  readonly #options: CableEndOptions;
  #peer: CableEnd | undefined;
  /** Who hears what the far end sends. */
  #receiver: PortReceiver | undefined;
  #powered = true;
  #enabled = true;
  #lastArrival = 0;
  #held: Uint8Array | undefined;
  #heldRelease: EventHandle = 0;

  constructor(options: CableEndOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.id = options.id;
    this.mac = options.mac;
    this.mtu = options.mtu;
    this.lengthMax = options.payloadMax + ETHERNET_HEADER_LENGTH;
    const rate = options.rateBitsPerSecond;
    this.line = rate === undefined ? undefined : new LineRate(rate, options.queueFrames);
    this.plainDelayUs = options.delay;
  }

  /** Whether the device has power and its transmitter is on. */
  get light(): boolean {
    return this.#powered && this.#enabled;
  }

  /** Whether someone must hear of every frame, or it is hashed. */
  get watched(): boolean {
    return this.#options.listeners.length > 0 || this.#options.traceNumber !== undefined;
  }

  attach(receiver: PortReceiver): void {
    this.#receiver = receiver;
    if (this.#peer !== undefined) this.#peer.#farReceiver = receiver;
  }

  send(frame: Uint8Array): void {
    if (!this.#fast || frame.length > this.lengthMax) {
      this.#sendWatched(frame);
      return;
    }
    const line = this.line;
    const now = this.#engine.now;
    const sentAt = line === undefined ? now : line.take(now, frame.length);
    if (sentAt < 0) this.#lose(frame, 'queue-full');
    else this.#engine.post((sentAt + this.plainDelayUs) as TimeUs, this, this.epoch, frame);
  }

  setEnabled(enabled: boolean): void {
    if (this.#enabled === enabled) return;
    this.#enabled = enabled;
    this.#options.onLight();
  }

  /** Power of the device at this end. */
  setPowered(powered: boolean): void {
    if (this.#powered === powered) return;
    this.#powered = powered;
    this.#options.onLight();
  }

  /** Joins two ends; once, by the cable. */
  connect(peer: CableEnd): void {
    this.#peer = peer;
  }

  /** The signal came or went; the device hears of it by an event of its own, at the same time. */
  setCarrier(up: boolean): void {
    this.carrier = up;
    if (!up) this.#forgetFramesOnTheWay();
    this.refreshShape();
    this.#engine.schedule(this.#engine.now, this, up ? 1 : 0, undefined);
  }

  /** Lights the cable at its creation, when nobody is there to hear of it. */
  startLit(): void {
    this.carrier = true;
    this.refreshShape();
  }

  /** Works out anew which path frames take, after any change of carrier, impairments or listeners. */
  refreshShape(): void {
    const { delay } = this.#options;
    const plain = !isDrawing(this.impairments);
    this.plainDelayUs = plain ? delay + (this.impairments.extraDelay ?? 0) : -1;
    this.#fast = plain && this.carrier && !this.watched;
    this.onShapeChange?.();
  }

  /** A frame (payload) or a change of the carrier (no payload) is due; `code` is the epoch or the new state. */
  onEvent(_now: TimeUs, code: number, payload: unknown): void {
    if (payload === undefined) this.#receiver?.onCarrier(code === 1);
    else if (payload === RELEASE_HELD) this.#releaseHeld(this.#engine.now);
    else this.arrive(payload as Uint8Array, code);
  }

  /** Hands a frame to the far end's device, unless the carrier was lost since `epoch`. */
  arrive(frame: Uint8Array, epoch: number): void {
    if (epoch !== this.epoch) {
      this.#lose(frame, this.lastDarkReason, true);
      return;
    }
    this.delivered++;
    this.#farReceiver?.onFrame(frame);
  }

  /** Tells listeners and the run's hash of a frame that a switch delivers by an event of its own. */
  noteSent(frame: Uint8Array, arrivesAt: TimeUs): void {
    const { traceNumber, listeners } = this.#options;
    if (listeners.length > 0) this.#tell(frame, { arrivesAt });
    else if (traceNumber !== undefined) {
      this.#engine.log.mixFrame(this.#engine.now, traceNumber, frame, '');
    }
  }

  /** Sends a frame for which a switch has already asked the line: -1 when its queue was full. */
  sendTaken(frame: Uint8Array, sentAt: number): void {
    if (sentAt < 0) {
      this.#lose(frame, 'queue-full');
      return;
    }
    const arrivesAt = (sentAt + this.plainDelayUs) as TimeUs;
    if (this.watched) this.#tell(frame, { arrivesAt });
    this.#engine.post(arrivesAt, this, this.epoch, frame);
  }

  #sendWatched(frame: Uint8Array): void {
    const arrival = this.#arrivalOf(frame);
    if (typeof arrival === 'string') {
      this.#lose(frame, arrival);
      return;
    }
    if (this.plainDelayUs >= 0) {
      this.#tell(frame, { arrivesAt: arrival as TimeUs });
      this.#engine.post(arrival as TimeUs, this, this.epoch, frame);
    } else {
      this.#sendImpaired(frame, arrival);
    }
  }

  /** When the last bit arrives at the far end, or why it never does. */
  #arrivalOf(frame: Uint8Array): number | LossReason {
    if (!this.carrier) return this.darkReason;
    if (frame.length > this.lengthMax && !isTaggedWithin(frame, this.lengthMax)) return 'too-long';
    const now = this.#engine.now;
    const { muted, loss, extraDelay } = this.impairments;
    let sentAt: number = now;
    if (this.line !== undefined) {
      sentAt = this.line.take(now, frame.length);
      if (sentAt < 0) return 'queue-full';
    }
    if (muted === true) return 'muted';
    if (this.#happens(loss)) return 'loss';
    return sentAt + this.#options.delay + (extraDelay ?? 0);
  }

  #sendImpaired(sent: Uint8Array, earliest: number): void {
    const { jitter, reorder, corrupt, duplicate } = this.impairments;
    let arrival = earliest;
    if (jitter !== undefined && jitter > 0) {
      arrival += randomBelow(this.#options.random, jitter + 1);
    }
    if (reorder === undefined && arrival < this.#lastArrival) arrival = this.#lastArrival;
    this.#lastArrival = arrival;
    const corrupted = this.#happens(corrupt);
    const frame = corrupted ? this.#withOneBitFlipped(sent) : sent;
    const twice = this.#happens(duplicate);
    const heldBack = this.#held === undefined && this.#happens(reorder);
    const change = corrupted
      ? 'corrupted'
      : twice
        ? 'duplicated'
        : heldBack
          ? 'reordered'
          : undefined;
    this.#tell(sent, { arrivesAt: arrival as TimeUs, ...(change === undefined ? {} : { change }) });
    if (heldBack) {
      this.#hold(frame, arrival);
      return;
    }
    this.#engine.schedule(arrival as TimeUs, this, this.epoch, frame);
    if (twice) this.#engine.schedule(arrival as TimeUs, this, this.epoch, frame);
    if (this.#held !== undefined) this.#releaseHeld(arrival);
  }

  /** Keeps a frame until the next one has passed it, or for `REORDER_HOLD_US`. */
  #hold(frame: Uint8Array, arrival: number): void {
    this.#held = frame;
    const release = (arrival + REORDER_HOLD_US) as TimeUs;
    this.#heldRelease = this.#engine.schedule(release, this, this.epoch, RELEASE_HELD);
  }

  #releaseHeld(arrival: number): void {
    const frame = this.#held;
    if (frame === undefined) return;
    this.#held = undefined;
    this.#engine.cancel(this.#heldRelease);
    this.#engine.schedule(arrival as TimeUs, this, this.epoch, frame);
  }

  #forgetFramesOnTheWay(): void {
    this.epoch = (this.epoch + 1) | 0;
    this.lastDarkReason = this.darkReason;
    this.#lastArrival = 0;
    this.line?.clear();
    if (this.#held !== undefined) this.#lose(this.#held, this.darkReason, true);
    this.#held = undefined;
    this.#engine.cancel(this.#heldRelease);
  }

  #withOneBitFlipped(frame: Uint8Array): Uint8Array {
    const copy = frame.slice();
    const bit = randomBelow(this.#options.random, frame.length * 8);
    copy[bit >> 3] = present(copy[bit >> 3], 'a bit inside the frame') ^ (1 << (bit & 7));
    return copy;
  }

  #happens(chance: Probability | undefined): boolean {
    if (chance === undefined || chance.numerator === 0) return false;
    return randomBelow(this.#options.random, chance.denominator) < chance.numerator;
  }

  #lose(frame: Uint8Array, reason: LossReason, late = false): void {
    this.lost.set(reason, (this.lost.get(reason) ?? 0) + 1);
    this.#tell(frame, late ? { lost: reason, late } : { lost: reason });
  }

  #tell(
    frame: Uint8Array,
    fate: {
      readonly lost?: LossReason;
      readonly arrivesAt?: TimeUs;
      readonly change?: FrameChange;
      readonly late?: true;
    },
  ): void {
    const { traceNumber, listeners } = this.#options;
    if (traceNumber !== undefined) {
      this.#engine.log.mixFrame(this.#engine.now, traceNumber, frame, fate.lost ?? '');
    }
    for (const listener of listeners) {
      listener({ at: this.#engine.now, from: this.id, frame, ...fate });
    }
  }
}

/** Payload of the event that ends a reordered frame's wait. */
const RELEASE_HELD = Symbol('release-held');

/** Whether frames of this direction need a decision each. */
function isDrawing(impairments: Impairments): boolean {
  const { muted, loss, corrupt, duplicate, reorder, jitter } = impairments;
  return (
    muted === true ||
    loss !== undefined ||
    corrupt !== undefined ||
    duplicate !== undefined ||
    reorder !== undefined ||
    (jitter !== undefined && jitter > 0)
  );
}

/** A VLAN tag is not counted by the MTU, as on every NIC of the last twenty years. */
function isTaggedWithin(frame: Uint8Array, lengthMax: number): boolean {
  const type = ((frame[12] as number) << 8) | (frame[13] as number);
  const tagged = type === TPID_VLAN || type === TPID_SERVICE_VLAN;
  return tagged && frame.length <= lengthMax + VLAN_TAG_LENGTH;
}
