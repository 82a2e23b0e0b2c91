/**
 * A recorded capture as a port: its frames come in at the times they have in the capture, counted from the first one;
 * what the LAN sends back is counted and goes nowhere. Needs no privilege and no native code.
 */

import type { DurationUs } from '../../daemon/base/time.ts';
import { macFromNumber } from '../../daemon/wire/mac-address.ts';
import type { PortReceiver } from '../lan/port.ts';
import { type PortId, portId } from '../lan/port.ts';
import { type CapturedPacket, LINK_TYPE_ETHERNET } from '../report/capture-file.ts';
import { readCapture } from '../report/pcap-read.ts';
import { BridgeError } from './bridge-error.ts';
import { FRAME_LENGTH_MIN, newCounters, type OutsidePort } from './outside-port.ts';

/** Any frame passes, as through a switch. */
const MTU = 9216;

/** What is replayed. */
export interface PcapPortOptions {
  /** Name of the port: the file's. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** When the first frame comes, on the bridge's clock. */
  readonly startsAfter: DurationUs;
  /** The bridge's clock, µs. */
  readonly now: () => number;
}

/** Opens a capture. Fails: `BridgeError` when it is none, or holds no Ethernet frames. */
export function openPcapPort(options: PcapPortOptions): PcapPort {
  const { buffer, byteOffset, byteLength } = options.bytes;
  // A Buffer of Node would cut frames that share their memory; plain arrays copy.
  const capture = readCapture(new Uint8Array(buffer, byteOffset, byteLength));
  if (capture.problem !== undefined && capture.packets.length === 0) {
    throw new BridgeError(`${options.name}: cannot read the capture (${capture.problem})`);
  }
  const frames = capture.packets.filter(
    (packet) => capture.interfaces[packet.interfaceIndex]?.linkType === LINK_TYPE_ETHERNET,
  );
  if (frames.length === 0) throw new BridgeError(`${options.name}: holds no Ethernet frames`);
  return new PcapPort(options, frames);
}

/** One capture; see the head of the file. */
export class PcapPort implements OutsidePort {
  readonly kind = 'pcap';
  readonly id: PortId;
  readonly label: string;
  readonly mac = macFromNumber(0);
  readonly mtu = MTU;
  readonly counters = newCounters();
  carrier = true;
  /** What was sent into it, for those who compare. */
  onSent: ((frame: Uint8Array) => void) | undefined;
  readonly #options: PcapPortOptions;
  readonly #frames: CapturedPacket[];
  #firstAt: number | undefined;
  #next = 0;
  #receiver: PortReceiver | undefined;
  #pendingCarrier: boolean[] = [];

  constructor(options: PcapPortOptions, frames: CapturedPacket[]) {
    this.#options = options;
    this.#frames = frames;
    this.#firstAt = frames[0]?.timeUs;
    this.label = options.name;
    this.id = portId(options.name, options.name);
  }

  attach(receiver: PortReceiver): void {
    this.#receiver = receiver;
  }

  send(frame: Uint8Array): void {
    if (!this.carrier) {
      this.counters.refused++;
      return;
    }
    this.counters.sent++;
    this.onSent?.(frame);
  }

  /** Takes the recording off the line; frames that are due meanwhile are lost. */
  setCarrier(up: boolean): void {
    if (this.carrier === up) return;
    this.#skipDue();
    this.carrier = up;
    this.#pendingCarrier.push(up);
  }

  drain(budget: number): boolean {
    for (const up of this.#pendingCarrier.splice(0)) this.#receiver?.onCarrier(up);
    if (!this.carrier) this.#skipDue();
    for (let left = budget; left > 0; left--) {
      const due = this.nextDueUs();
      if (due === undefined || due > this.#options.now()) return false;
      const { bytes } = this.#frames[this.#next++] as CapturedPacket;
      if (bytes.length < FRAME_LENGTH_MIN) {
        this.counters.malformed++;
        continue;
      }
      this.counters.received++;
      this.#receiver?.onFrame(bytes);
    }
    return true;
  }

  nextDueUs(): number | undefined {
    const next = this.#frames[this.#next];
    return next === undefined
      ? undefined
      : next.timeUs - (this.#firstAt ?? 0) + this.#options.startsAfter;
  }

  /** Adds a frame to the end of the recording, while it is being made. */
  append(packet: CapturedPacket): void {
    this.#firstAt ??= packet.timeUs;
    this.#frames.push(packet);
  }

  close(): void {
    this.#next = this.#frames.length;
  }

  #skipDue(): void {
    for (;;) {
      const due = this.nextDueUs();
      if (due === undefined || due > this.#options.now()) return;
      this.#next++;
      this.counters.refused++;
    }
  }
}
