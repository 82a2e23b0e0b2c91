/**
 * Tells ports over real interfaces when their interface goes down, comes up, is renamed or vanishes, as netlink reports
 * it. An interface is known by its index, so a new name changes nothing but the words.
 */

import { LINUX } from '../../daemon/linux/native/libc.ts';
import type { NetlinkMessage } from '../../daemon/linux/rtnetlink.ts';
import { decodeNetlink } from '../../daemon/linux/rtnetlink.ts';
import type { DescriptorPort } from './descriptor-port.ts';
import { type LinkCalls, readInterface } from './link-calls.ts';

/** What happened to an interface. */
export type LinkChange =
  | { readonly kind: 'renamed'; readonly label: string; readonly to: string }
  | { readonly kind: 'vanished'; readonly label: string }
  | { readonly kind: 'moved'; readonly label: string }
  | { readonly kind: 'carrier'; readonly label: string; readonly up: boolean };

/** RTMGRP_LINK of linux/rtnetlink.h. */
const GROUP_LINK = 1;
const RECEIVE_BYTES = 65_536;

/** Watches the interfaces of some ports; `descriptor` is to be polled with those of the ports. */
export class LinkWatch {
  readonly descriptor: number;
  readonly #calls: LinkCalls;
  readonly #ports = new Map<number, { readonly port: DescriptorPort; name: string }>();
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);
  readonly #onChange: (change: LinkChange) => void;

  constructor(calls: LinkCalls, onChange: (change: LinkChange) => void) {
    this.#calls = calls;
    this.#onChange = onChange;
    this.descriptor = calls.libc.socket(LINUX.AF_NETLINK, LINUX.SOCK_RAW, 0);
    const address = new Uint8Array(12);
    const view = new DataView(address.buffer);
    view.setUint16(0, LINUX.AF_NETLINK, true);
    view.setUint32(8, GROUP_LINK, true);
    calls.libc.bind(this.descriptor, address);
  }

  /** Begins to watch the interface of a port, by its name now. */
  add(port: DescriptorPort): void {
    // What setting the interface up had to say is no news.
    this.drain();
    const socket = this.#calls.libc.socket(LINUX.AF_INET, LINUX.SOCK_DGRAM, 0);
    try {
      const facts = readInterface(this.#calls, socket, port.label);
      this.#ports.set(facts.index, { port, name: port.label });
    } finally {
      this.#calls.close(socket);
    }
  }

  /** Reads what netlink has to say. */
  drain(): void {
    for (;;) {
      const length = this.#calls.libc.receive(this.descriptor, this.#buffer);
      if (length < 0) return;
      for (const message of decodeNetlink(this.#buffer.slice(0, length))) this.#on(message);
    }
  }

  close(): void {
    this.#calls.close(this.descriptor);
  }

  #on(message: NetlinkMessage): void {
    if (message.kind !== 'link') return;
    const { facts } = message;
    const watched = this.#ports.get(facts.index);
    if (watched === undefined) return;
    const { port } = watched;
    if (message.removed) {
      this.#onRemoved(facts.index, port);
      return;
    }
    if (facts.name !== watched.name) {
      watched.name = facts.name;
      this.#onChange({ kind: 'renamed', label: port.label, to: facts.name });
    }
    // A TAP's own signal is ours (TUNSETCARRIER); the other side of it is whether the host has it up.
    const up = port.kind === 'tap' ? facts.up : facts.up && facts.running;
    if (up === port.carrier || port.vanished) return;
    port.setCarrier(up);
    this.#onChange({ kind: 'carrier', label: port.label, up });
  }

  /** A TAP that was moved to another namespace leaves this one, and works on. */
  #onRemoved(index: number, port: DescriptorPort): void {
    this.#ports.delete(index);
    if (port.kind === 'tap' && port.isAlive) {
      // Nobody tells us of its signal over there; what it cannot take is counted.
      port.setCarrier(true);
      this.#onChange({ kind: 'moved', label: port.label });
      return;
    }
    port.vanish();
    this.#onChange({ kind: 'vanished', label: port.label });
  }
}
