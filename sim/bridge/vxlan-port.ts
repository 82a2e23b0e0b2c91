/**
 * A VXLAN tunnel as a port: Ethernet frames in UDP to one peer. Needs no native code, no privilege and no TAP; the peer
 * may be a Linux interface (`ip link add … type vxlan`), a switch, containerlab or another lantwin. Only the
 * peer's datagrams are taken in. Read RFC 7348.
 */

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { macFromNumber } from '../../daemon/wire/mac-address.ts';
import {
  decodeVxlan,
  encodeVxlan,
  VXLAN_HEADER_LENGTH,
  VXLAN_PORT,
} from '../../daemon/wire/vxlan.ts';
import { newFrame } from '../lan/frame-memory.ts';
import type { PortReceiver } from '../lan/port.ts';
import { type PortId, portId } from '../lan/port.ts';
import { BridgeError, reasonOf } from './bridge-error.ts';
import { FRAME_LENGTH_MIN, newCounters, type OutsidePort } from './outside-port.ts';

/** Outer IPv6, UDP and VXLAN headers and the inner Ethernet header take 70 of a path's 1500 octets. */
const MTU_DEFAULT = 1500;
/** Frames that wait for the bridge before more are refused. */
const QUEUE_MAX = 4096;
const FRAME_LENGTH_MAX = 65_000;

/** What a tunnel is. */
export interface VxlanOptions {
  /** Address of the peer. */
  readonly peer: string;
  /** UDP port of the peer; 4789 by default. */
  readonly peerPort?: number;
  /** UDP port here; the peer's by default, 0 for any. */
  readonly listenPort?: number;
  /** Local address; all by default. */
  readonly listenAddress?: string;
  /** Number of the network, 24 bits. */
  readonly vni: number;
  readonly mtu?: number;
}

/** Opens a tunnel. Fails: `BridgeError` when the UDP port is taken or the address is not ours. */
export async function openVxlan(options: VxlanOptions): Promise<VxlanPort> {
  const socket = createSocket({ type: isIPv6(options.peer) ? 'udp6' : 'udp4' });
  const port = options.listenPort ?? options.peerPort ?? VXLAN_PORT;
  const address = options.listenAddress;
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) => {
      socket.close();
      const why = `cannot listen on UDP port ${port} for VXLAN: ${reasonOf(cause)}`;
      reject(new BridgeError(`${why} (another one: listen=PORT)`, { cause }));
    };
    socket.once('error', fail);
    socket.bind({ port, ...(address === undefined ? {} : { address }) }, () => {
      socket.off('error', fail);
      resolve();
    });
  });
  return new VxlanPort(socket, options);
}

/** One tunnel; see the head of the file. */
class VxlanPort implements OutsidePort {
  readonly kind = 'vxlan';
  readonly id: PortId;
  readonly label: string;
  /** A tunnel has no station address of its own. */
  readonly mac = macFromNumber(0);
  readonly mtu: number;
  readonly counters = newCounters();
  /** UDP port that it listens on. */
  readonly listenPort: number;
  carrier = true;
  onArrival?: () => void;
  readonly #socket: Socket;
  readonly #options: VxlanOptions;
  readonly #peerPort: number;
  #queue: Uint8Array[] = [];
  #pendingCarrier: boolean[] = [];
  #receiver: PortReceiver | undefined;
  #closed = false;

  constructor(socket: Socket, options: VxlanOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#peerPort = options.peerPort ?? VXLAN_PORT;
    this.label = `vxlan-${options.vni}`;
    this.id = portId(this.label, this.label);
    this.mtu = options.mtu ?? MTU_DEFAULT;
    this.listenPort = socket.address().port;
    socket.on('message', (datagram, from) => {
      const known = from.address === options.peer && from.port >= 0;
      if (known) this.#onDatagram(datagram);
      else this.counters.foreign++;
    });
    // ICMP errors of the path; the tunnel stays.
    socket.on('error', () => this.counters.refused++);
  }

  attach(receiver: PortReceiver): void {
    this.#receiver = receiver;
  }

  send(frame: Uint8Array): void {
    if (!this.carrier || this.#closed) {
      this.counters.refused++;
      return;
    }
    const datagram = new Uint8Array(VXLAN_HEADER_LENGTH + frame.length);
    const at = encodeVxlan({ vni: this.#options.vni }, datagram, 0);
    datagram.set(frame, at);
    this.#socket.send(datagram, this.#peerPort, this.#options.peer, (error) => {
      if (error === null) this.counters.sent++;
      else this.counters.refused++;
    });
  }

  /** A tunnel is cut by hand only: UDP knows no signal. */
  setCarrier(up: boolean): void {
    if (this.carrier === up) return;
    this.carrier = up;
    this.#queue = [];
    this.#pendingCarrier.push(up);
    this.onArrival?.();
  }

  drain(budget: number): boolean {
    for (const up of this.#pendingCarrier.splice(0)) this.#receiver?.onCarrier(up);
    for (const frame of this.#queue.splice(0, budget)) this.#receiver?.onFrame(frame);
    return this.#queue.length > 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Datagrams that were handed over are sent first; closing at once would drop them.
    setImmediate(() => this.#socket.close());
  }

  #onDatagram(datagram: Uint8Array): void {
    const header = decodeVxlan(datagram, 0, datagram.length);
    const length = datagram.length - VXLAN_HEADER_LENGTH;
    if (typeof header === 'string' || length < FRAME_LENGTH_MIN || length > FRAME_LENGTH_MAX) {
      this.counters.malformed++;
      return;
    }
    if (header.vni !== this.#options.vni || !this.carrier) {
      this.counters.foreign++;
      return;
    }
    if (this.#queue.length >= QUEUE_MAX) {
      this.counters.refused++;
      return;
    }
    const frame = newFrame(length);
    frame.set(datagram.subarray(VXLAN_HEADER_LENGTH));
    this.counters.received++;
    this.#queue.push(frame);
    this.onArrival?.();
  }
}
