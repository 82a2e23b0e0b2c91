/**
 * Collects frames with their time for packet lists and pcap files. A capture listens; it changes neither what happens
 * nor in which order, so a run has the same hash with and without it. It keeps at most what it was told and
 * counts the rest. Writing files is the business of `sim/report`.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { CableApi, FrameChange, LossReason } from './lan-api.ts';
import type { Port, PortId, PortReceiver } from './port.ts';

/** One captured frame. */
export interface CapturedFrame {
  readonly at: TimeUs;
  /** On a cable the sending end; at a port that port. */
  readonly port: PortId;
  /** `out`: the port's device sent it; `in`: it came in. Cables know only `out`, of either end. */
  readonly direction: 'in' | 'out';
  readonly frame: Uint8Array;
  /** Why it never arrived. */
  readonly lost?: LossReason;
  readonly change?: FrameChange;
}

/** What a capture keeps before it only counts. */
export interface CaptureLimits {
  readonly framesMax: number;
  readonly bytesMax: number;
}

/** A million frames, 256 MiB: about ten minutes of a busy LAN of pings and adverts. */
const CAPTURE_LIMITS_DEFAULT: CaptureLimits = {
  framesMax: 1_000_000,
  bytesMax: 0x1000_0000,
};

/** A place for captured frames; several cables and ports may share one. */
export class Capture {
  readonly frames: CapturedFrame[] = [];
  /** Frames seen after a limit was reached. */
  omitted = 0;
  readonly #limits: CaptureLimits;
  #bytes = 0;

  constructor(limits: CaptureLimits = CAPTURE_LIMITS_DEFAULT) {
    this.#limits = limits;
  }

  /** Whether a limit was reached: what follows is counted only, so the capture has no holes but an end. */
  get full(): boolean {
    return this.omitted > 0;
  }

  /** Adds one frame, or counts it. */
  add(captured: CapturedFrame): void {
    const fits =
      this.frames.length < this.#limits.framesMax &&
      this.#bytes + captured.frame.length <= this.#limits.bytesMax;
    if (this.full || !fits) {
      this.omitted++;
      return;
    }
    this.#bytes += captured.frame.length;
    this.frames.push(captured);
  }

  /** Corrects a frame that was on its way when the carrier went. */
  markLost(
    captured: { readonly port: PortId; readonly frame: Uint8Array },
    lost: LossReason,
  ): boolean {
    for (let i = this.frames.length - 1; i >= 0; i--) {
      const known = this.frames[i];
      if (known?.frame !== captured.frame || known.port !== captured.port) continue;
      this.frames[i] = { ...known, lost };
      return true;
    }
    return false;
  }
}

/** Captures both directions of a cable, at the moment of sending. Returns how to stop. */
export function captureCable(cable: CableApi, capture: Capture): () => void {
  return cable.tap(({ at, from, frame, lost, change, late }) => {
    if (late === true && lost !== undefined && capture.markLost({ port: from, frame }, lost))
      return;
    capture.add({
      at,
      port: from,
      direction: 'out',
      frame,
      ...(lost === undefined ? {} : { lost }),
      ...(change === undefined ? {} : { change }),
    });
  });
}

/**
 * A port around a port: the device behind it works as before, and what it sends and hears is captured, as tcpdump
 * on that NIC would see it. Frames sent without a carrier are captured as lost.
 */
export function capturePort(port: Port, capture: Capture, now: () => TimeUs): Port {
  const note = (direction: 'in' | 'out', frame: Uint8Array) => {
    const dark = direction === 'out' && !port.carrier;
    const lost = dark ? { lost: 'no-carrier' as const } : {};
    capture.add({ at: now(), port: port.id, direction, frame, ...lost });
  };
  return {
    id: port.id,
    mac: port.mac,
    mtu: port.mtu,
    get carrier() {
      return port.carrier;
    },
    send(frame) {
      note('out', frame);
      port.send(frame);
    },
    attach(receiver: PortReceiver) {
      port.attach({
        onFrame(frame) {
          note('in', frame);
          receiver.onFrame(frame);
        },
        onCarrier: (up) => receiver.onCarrier(up),
      });
    },
    setEnabled: (enabled) => port.setEnabled?.(enabled),
  };
}
