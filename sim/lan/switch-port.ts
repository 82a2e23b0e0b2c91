/**
 * One port of a switch: what was switched off, blocked or detached on it, and whether frames may pass. It hears
 * its cable and hands everything to its switch. Knows nothing of addresses.
 */

import type { EventHandle } from '../engine/event-queue.ts';
import { CableEnd } from './cable-end.ts';
import type { SwitchPortFacts } from './lan-api.ts';
import type { MacEntry } from './mac-table.ts';
import type { Port, PortReceiver } from './port.ts';

/** What a port tells its switch. */
export interface SwitchPortOwner {
  /** A frame came in on an open port. */
  receive(port: SwitchPort, frame: Uint8Array): void;
  /** The signal at the port came or went. */
  carrierChanged(port: SwitchPort, up: boolean): void;
  /** Plans of floods over this port hold no longer. */
  shapeChanged(): void;
}

/** A port of a switch; see the head of the file. */
export class SwitchPort implements PortReceiver {
  // What every frame needs comes first, so that it lies in few lines of the processor's cache.
  /** Whether frames pass; kept by `refresh`. */
  open = false;
  /** What is plugged in; `undefined` while nothing is. */
  line: Port | undefined;
  /** The source address of the last frame: a host's port nearly always sees the same one. */
  lastSource: MacEntry<SwitchPort> | undefined;
  readonly #owner: SwitchPortOwner;
  readonly index: number;
  /** Frames that came in and were not forwarded: port shut, or one MAC too many. */
  dropped = 0;
  readonly name: string;
  up = true;
  forwarding = true;
  detached = false;
  multicastDelivered = true;
  /** Copies of other ports' frames leave here, and nothing else does. */
  readonly isMirror: boolean;
  /** Spanning tree still keeps the port shut after the carrier came. */
  waiting = false;
  waitingEnds: EventHandle = 0;
  /** A source MAC was refused; reported once. */
  macLimitReported = false;

  constructor(
    owner: SwitchPortOwner,
    options: { readonly name: string; readonly index: number; readonly isMirror: boolean },
  ) {
    this.#owner = owner;
    this.name = options.name;
    this.index = options.index;
    this.isMirror = options.isMirror;
  }

  /** Plugs a line in, and keeps it dark when the switch or the port is off. */
  plugIn(line: Port, powered: boolean): void {
    this.line = line;
    if (line instanceof CableEnd) line.onShapeChange = () => this.#owner.shapeChanged();
    line.attach(this);
    this.applyLight(powered);
  }

  /** Lights the line or turns it dark, as power and the port's own switch say. */
  applyLight(powered: boolean): void {
    const line = this.line;
    if (line instanceof CableEnd) line.setPowered(powered);
    line?.setEnabled?.(this.up);
  }

  /** Works out anew whether frames pass. */
  refresh(powered: boolean): void {
    this.open =
      powered && this.up && this.forwarding && !this.detached && !this.isMirror && !this.waiting;
  }

  onFrame(frame: Uint8Array): void {
    if (this.open) this.#owner.receive(this, frame);
    else this.dropped++;
  }

  onCarrier(up: boolean): void {
    this.#owner.carrierChanged(this, up);
  }

  /** What steps and the browser see. */
  facts(): SwitchPortFacts {
    return {
      name: this.name,
      up: this.up,
      carrier: this.line?.carrier ?? false,
      forwarding: this.forwarding && !this.waiting,
      detached: this.detached,
      multicastDelivered: this.multicastDelivered,
    };
  }
}
