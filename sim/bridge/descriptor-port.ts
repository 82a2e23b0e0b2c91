/**
 * A port over a descriptor that carries one frame a read and a write: TAP and AF_PACKET. Reads are direct and into one
 * buffer; each frame is copied once, since it is given away and may live as long as the run.
 */

import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import type { PortId, PortReceiver } from '../lan/port.ts';
import { BATCH_FRAME_MAX, type BatchRing, type WriteListener } from './batch-ring.ts';
import { ERRNO, type LinkCalls } from './link-calls.ts';
import { type OffloadedFrame, undoOffload, VIRTIO_HEADER_LENGTH } from './offload.ts';
import {
  FRAME_LENGTH_MIN,
  newCounters,
  type OutsideKind,
  type OutsidePort,
} from './outside-port.ts';
import { VlanReader, withVlanTag } from './vlan-reader.ts';

/** Longest read: a segment that was left to hardware has up to 64 KiB, and its headers. */
const READ_LENGTH_MAX = 65_536 + 256;

/** Room for the header and two tags. */
const BATCH_MTU_MAX = BATCH_FRAME_MAX - 32;

/** What a descriptor port is made of. */
export interface DescriptorPortOptions {
  readonly calls: LinkCalls;
  readonly kind: OutsideKind;
  readonly id: PortId;
  readonly label: string;
  readonly mac: MacAddress;
  readonly mtu: number;
  readonly carrier: boolean;
  /** Read from here. */
  readonly descriptor: number;
  /** Written to here; may be the same. */
  readonly outDescriptor: number;
  /**
   * A packet socket: frames come behind a virtio header that tells what was left to hardware, and VLAN tags beside them.
   */
  readonly isPacketSocket: boolean;
  /** Tells the real side whether the twin's end has a signal. */
  readonly onEnabled?: (enabled: boolean) => void;
  /** Whether the interface behind the descriptor still exists; absent: reading tells. */
  readonly isAlive?: () => boolean;
}

/** The port; see the head of the file. */
export class DescriptorPort implements OutsidePort, WriteListener {
  readonly kind: OutsideKind;
  readonly id: PortId;
  readonly label: string;
  readonly mac: MacAddress;
  readonly mtu: number;
  readonly descriptor: number;
  readonly counters = newCounters();
  carrier: boolean;
  /** The interface is gone for good: nothing is read or written any more. */
  vanished = false;
  onArrival?: () => void;
  readonly #options: DescriptorPortOptions;
  readonly #calls: LinkCalls;
  readonly #buffer = new Uint8Array(READ_LENGTH_MAX);
  readonly #vlan: VlanReader | undefined;
  readonly #pieces: OffloadedFrame = { frames: [], wasOffloaded: false };
  #receiver: PortReceiver | undefined;
  #pendingCarrier: boolean[] = [];
  /** Frames are no longer than a batch takes, and the descriptor can be asked not to wait. */
  #batches: boolean;
  #closed = false;

  constructor(options: DescriptorPortOptions) {
    this.#options = options;
    this.#calls = options.calls;
    this.kind = options.kind;
    this.id = options.id;
    this.label = options.label;
    this.mac = options.mac;
    this.mtu = options.mtu;
    this.carrier = options.carrier;
    this.#batches = options.mtu <= BATCH_MTU_MAX;
    this.descriptor = options.descriptor;
    this.#vlan = options.isPacketSocket
      ? new VlanReader(options.calls.libc, options.descriptor, this.#buffer)
      : undefined;
  }

  attach(receiver: PortReceiver): void {
    this.#receiver = receiver;
  }

  send(frame: Uint8Array): void {
    if (!this.carrier || this.#closed) {
      this.counters.refused++;
      return;
    }
    const { outDescriptor } = this.#options;
    const ring = this.#calls.ring;
    if (ring?.isCollecting === true && this.#batches && frame.length <= BATCH_FRAME_MAX) {
      ring.write(outDescriptor, frame, this);
      return;
    }
    ring?.flush();
    this.#noteSent(this.#calls.write(outDescriptor, frame, frame.length));
  }

  onWritten(result: number, frame: Uint8Array): void {
    if (result === -ERRNO.EOPNOTSUPP) {
      this.#batches = false;
      this.send(frame);
    } else this.#noteSent(result);
  }

  #noteSent(result: number): void {
    if (result >= 0) this.counters.sent++;
    else {
      this.counters.refused++;
      if (result === -ERRNO.EBADFD || result === -ERRNO.ENODEV) this.vanish();
    }
  }

  setEnabled(enabled: boolean): void {
    this.#options.onEnabled?.(enabled);
  }

  drain(budget: number): boolean {
    if (this.#pendingCarrier.length > 0) {
      for (const up of this.#pendingCarrier.splice(0)) this.#receiver?.onCarrier(up);
    }
    if (this.#closed || this.vanished) return false;
    const vlan = this.#vlan;
    const ring = this.#calls.ring;
    if (budget > 1 && vlan === undefined && ring !== undefined && this.#batches) {
      return this.#drainBatch(ring, budget);
    }
    for (let left = budget; left > 0; left--) {
      const length =
        vlan === undefined
          ? this.#calls.read(this.descriptor, this.#buffer, READ_LENGTH_MAX)
          : vlan.read();
      if (length <= 0) return this.#onReadFailure(-length);
      if (vlan === undefined) this.#take(this.#buffer.subarray(0, length));
      else this.#takeOffloaded(length, vlan.tag);
    }
    return true;
  }

  /** The signal of the real side came or went; the receiver hears of it at the next `drain`. */
  setCarrier(up: boolean): void {
    if (this.carrier === up || this.vanished) return;
    this.carrier = up;
    this.#pendingCarrier.push(up);
    this.onArrival?.();
    // What lay in the queue of an interface without a signal was lost there.
    if (!up) while (this.#calls.read(this.descriptor, this.#buffer, READ_LENGTH_MAX) > 0);
  }

  /** Whether there is still an interface behind the descriptor. */
  get isAlive(): boolean {
    return !this.vanished && (this.#options.isAlive?.() ?? true);
  }

  /** The interface is gone: no signal any more, for good. */
  vanish(): void {
    this.setCarrier(false);
    this.vanished = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#calls.close(this.descriptor);
    if (this.#options.outDescriptor !== this.descriptor) {
      this.#calls.close(this.#options.outDescriptor);
    }
  }

  #drainBatch(ring: BatchRing, budget: number): boolean {
    const count = ring.read(this.descriptor, budget);
    let last = 0;
    for (let slot = 0; slot < count; slot++) {
      last = ring.results[slot] as number;
      // A frame that fills its slot may have been cut: the MTU was raised behind our back.
      if (last >= BATCH_FRAME_MAX) {
        this.#batches = false;
        this.counters.malformed++;
      } else if (last > 0) this.#take(ring.frame(slot, last));
    }
    if (last === -ERRNO.EOPNOTSUPP) {
      this.#batches = false;
      return true;
    }
    return last > 0 || this.#onReadFailure(-last);
  }

  #take(bytes: Uint8Array): void {
    const length = bytes.length;
    if (length < FRAME_LENGTH_MIN) {
      this.counters.malformed++;
      return;
    }
    const frame = newFrame(length);
    frame.set(bytes);
    this.counters.received++;
    this.#receiver?.onFrame(frame);
  }

  #takeOffloaded(length: number, tag: number): void {
    if (length < VIRTIO_HEADER_LENGTH + FRAME_LENGTH_MIN) {
      this.counters.malformed++;
      return;
    }
    const pieces = undoOffload(this.#buffer.subarray(0, length), this.#pieces);
    if (pieces.wasOffloaded) this.counters.offloaded++;
    if (pieces.frames.length > 1) this.counters.segmented++;
    for (const frame of pieces.frames) {
      this.counters.received++;
      this.#receiver?.onFrame(tag === 0 ? frame : withVlanTag(frame, tag));
    }
  }

  /** Nothing there; or the interface is down for now (a packet socket says so once), or gone. */
  #onReadFailure(errno: number): boolean {
    if (errno === ERRNO.EBADFD || errno === ERRNO.ENODEV) this.vanish();
    return false;
  }
}
