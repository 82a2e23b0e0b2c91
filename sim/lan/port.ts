/**
 * Where a device meets a cable. A port is one end of a link: what is handed to `send` comes out at the far end
 * as a later event, or not at all. Capture, logging and faults are ports around ports; TAP is one more port.
 */

import type { MacAddress } from '../../daemon/wire/mac-address.ts';

declare const portBrand: unique symbol;

/** Names a port in captures and reports: `srv-1:eth1`, `sw1:3`. */
export type PortId = string & { readonly [portBrand]: true };

/** Makes a port's name of a node and an interface or port number. */
export function portId(node: string, name: string): PortId {
  return `${node}:${name}` as PortId;
}

/** One end of a link as its device sees it. */
export interface Port {
  readonly id: PortId;
  readonly mac: MacAddress;
  /** Bytes of payload that a frame may carry. */
  readonly mtu: number;
  /** Whether the device sees a signal. */
  readonly carrier: boolean;
  /**
   * Gives a frame away: without FCS, never written again by anybody, so a switch floods one buffer to all
   * its ports. Delivery is always a later event. Without a carrier the frame is counted and lost.
   */
  send(frame: Uint8Array): void;
  /**
   * Sets who hears the frames and the carrier changes of this end. A machine that boots anew attaches its new
   * kernel, which takes the place of the old one. Nothing is called back: read `carrier` for the state now.
   */
  attach(receiver: PortReceiver): void;
  /**
   * Switches the transmitter of this end: a link that is set down (`ip link set … down`) takes the carrier from both
   * ends. On at first; a port without it keeps its carrier.
   */
  setEnabled?(enabled: boolean): void;
}

/** A device's ear at a port. */
export interface PortReceiver {
  /** A frame came in; it is shared with others and never written to. */
  onFrame(frame: Uint8Array): void;
  /** The signal came or went. */
  onCarrier(up: boolean): void;
}
