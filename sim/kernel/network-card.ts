/**
 * Where a cable ends in a kernel: frames go up, and the signal is followed. What the short way of a frame needs
 * (`input-path.ts`) lies here in one object, since each further object costs a thousand hosts a miss of the cache.
 */

import type { PortReceiver } from '../lan/port.ts';
import type { Card } from './input-path.ts';
import type { LinkCounters } from './kernel-api.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import { receiveFromWire } from './link-input.ts';
import { setCarrier } from './link-table.ts';
import type { ArpPath, InputPath } from './route-state.ts';

/** What a port's cable sees of the kernel. */
export class NetworkCard implements PortReceiver, Card {
  readonly hostPath: InputPath;
  readonly groupPath: InputPath;
  readonly arpPath: ArpPath;
  readonly counters: LinkCounters;
  readonly kernel: KernelState;
  readonly link: LinkState;
  readonly name: string;

  constructor(kernel: KernelState, link: LinkState) {
    this.hostPath = link.hostPath;
    this.groupPath = link.groupPath;
    this.arpPath = link.arpPath;
    this.counters = link.counters;
    this.kernel = kernel;
    this.link = link;
    this.name = link.name;
  }

  onFrame(frame: Uint8Array): void {
    receiveFromWire(this, frame);
  }

  onCarrier(): void {
    followCarrier(this.kernel, this.link);
  }
}

/** A frozen machine sees the signal as it is when it wakes up. */
export function followCarrier(kernel: KernelState, link: LinkState): void {
  if (kernel.halted || kernel.frozen || link.port === undefined) return;
  setCarrier(kernel, link, link.port.carrier);
}
