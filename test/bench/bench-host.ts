/**
 * What the UDP workloads need of a host. Two kinds: a real kernel model with ARP (`kernel-host.ts`), and a bare
 * sender of ready-made frames that shows what cables, switches and engine cost alone.
 */

import { readMac } from '../../daemon/wire/mac-address.ts';
import { newFrame } from '../../sim/lan/frame-memory.ts';
import type { Port } from '../../sim/lan/port.ts';
import type { BenchLan } from './bench-lan.ts';

/** One end of UDP conversations. */
export interface BenchHost {
  /** Opens a port and calls `onDatagram` for each datagram; `reply` sends the same payload back. */
  listen(port: number, onDatagram: (reply: () => void) => void): void;
  /** A sender of `payload` to one destination. */
  sender(to: number, port: number, payload: Uint8Array, onReply: () => void): () => void;
}

/** Makes host number `index` at a port. */
export type HostMaker = (lan: BenchLan, index: number, port: Port) => BenchHost;

const HEADERS_LENGTH = 42;

/** A bare host: knows every MAC beforehand, copies the payload into a fresh frame, has no checksums. */
export const makeBareHost: HostMaker = (lan, _index, port) => {
  let onFrame = (_frame: Uint8Array) => {};
  const own = macBytes(port);
  const ownMac = readMac(own, 0);
  port.attach({
    onFrame(frame) {
      if (readMac(frame, 0) === ownMac) onFrame(frame);
    },
    onCarrier: () => {},
  });
  const makeFrame = (to: Uint8Array, payload: Uint8Array) => {
    const frame = newFrame(HEADERS_LENGTH + payload.length);
    frame.set(to);
    frame.set(own, 6);
    frame.set(payload, HEADERS_LENGTH);
    return frame;
  };
  // Everybody says a word first: without ARP the switches would not know who only listens.
  port.send(makeFrame(new Uint8Array(6).fill(0xff), new Uint8Array(18)));
  return {
    listen(_port, onDatagram) {
      onFrame = (frame) => {
        onDatagram(() =>
          port.send(makeFrame(frame.subarray(6, 12), frame.subarray(HEADERS_LENGTH))),
        );
      };
    },
    sender(to, _port, payload, onReply) {
      const nic = lan.nics[to];
      if (nic === undefined) throw new Error(`no host ${to}`);
      const destination = macBytes(nic);
      onFrame = onReply;
      return () => port.send(makeFrame(destination, payload));
    },
  };
};

function macBytes(port: Port): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(port.mac / 256 ** (5 - i)) % 256;
  return bytes;
}
