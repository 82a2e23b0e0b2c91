/**
 * VRRP's way to the wire: the receivers that 'vrrp-open' asks for, a sender per interface and family, and the
 * frames of gratuitous ARP. Packets reach a receiver only when they were sent to its group or to its own
 * address, as keepalived's sockets are bound.
 */

import type { CommandId, SendCommand, VrrpSocketCommand } from '../core/commands.ts';
import type { VrrpPacketEvent } from '../core/events.ts';
import type { IpAddress, IpFamily } from '../wire/ip-address.ts';
import type { Ipv4Address } from '../wire/ipv4-address.ts';
import type { Ipv6Address } from '../wire/ipv6-address.ts';
import type { InterfaceTable } from './interface-table.ts';
import type { DescriptorPoller } from './native/descriptor-poller.ts';
import { LINUX, type Libc } from './native/libc.ts';
import { type FrameSender, openFrameSender, openIpv6Receiver } from './native/packet-socket.ts';
import {
  destinationOf,
  loadRawSocketPackage,
  openRawReceiver,
  openRawSender,
  type RawDriver,
  type RawSender,
} from './native/raw-ip-socket.ts';
import { ipv6Membership } from './native/socket-address.ts';

/** Octets of an IPv4 and of an IPv6 header. */
const IPV4_HEADER_LENGTH = 20;
const IPV6_HEADER_LENGTH = 40;

type OpenCommand = Extract<VrrpSocketCommand, { kind: 'vrrp-open' }>;

/** What the transport stands on. */
export interface VrrpTransportOptions {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly table: InterfaceTable;
  readonly driver?: RawDriver;
  readonly onPacket: (event: VrrpPacketEvent) => void;
  readonly onError: (text: string) => void;
}

/** Sockets of VRRP on a real host. */
export class VrrpTransport {
  readonly #options: VrrpTransportOptions;
  readonly #rawSockets: ReturnType<typeof loadRawSocketPackage>;
  readonly #receivers = new Map<CommandId, () => void>();
  readonly #senders = new Map<string, RawSender>();
  #frames: FrameSender | undefined;

  constructor(options: VrrpTransportOptions) {
    this.#options = options;
    this.#rawSockets = options.driver === 'koffi' ? undefined : loadRawSocketPackage();
  }

  /** Which driver serves IPv4, for `doctor` and the log. */
  get driver(): RawDriver {
    return this.#rawSockets === undefined ? 'koffi' : 'raw-socket';
  }

  /** Opens or closes a receiver; a failure is text for 'command-failed'. */
  carryOut(command: VrrpSocketCommand): string | undefined {
    if (command.kind === 'vrrp-close') {
      this.#receivers.get(command.id)?.();
      this.#receivers.delete(command.id);
      return undefined;
    }
    const facts = this.#options.table.named(command.interface);
    if (facts === undefined) return `no interface ${command.interface}`;
    try {
      this.#receivers.set(command.id, this.#openReceiver(command, facts.index));
      // The first advert of a takeover must not wait for sockets to be made (measured: 1.8 ms).
      this.#sender(command.family, command.interface, facts.index);
      this.#frames ??= openFrameSender(this.#options.libc);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Sends one packet or frame; `onDone` follows when the kernel has taken or refused it. */
  send(command: SendCommand, onDone: (failure: string | undefined) => void): void {
    const facts = this.#options.table.named(command.interface);
    if (facts === undefined) {
      onDone(`no interface ${command.interface}`);
      return;
    }
    try {
      if (command.kind === 'frame-send') {
        this.#frames ??= openFrameSender(this.#options.libc);
        this.#frames.send(facts.index, command.frame);
        onDone(undefined);
      } else {
        const family = (command.packet[0] ?? 0) >> 4 === 4 ? 'inet' : 'inet6';
        this.#sender(family, command.interface, facts.index).send(command.packet, onDone);
      }
    } catch (error) {
      onDone(error instanceof Error ? error.message : String(error));
    }
  }

  /** Closes every socket. */
  close(): void {
    for (const close of this.#receivers.values()) close();
    for (const sender of this.#senders.values()) sender.close();
    this.#frames?.close();
    this.#receivers.clear();
    this.#senders.clear();
    this.#frames = undefined;
  }

  #openReceiver(command: OpenCommand, interfaceIndex: number): () => void {
    const { libc, poller, onError } = this.#options;
    const wanted = command.group ?? command.unicastTo;
    const event = { kind: 'vrrp-packet' as const, interface: command.interface, at: 0 };
    const onPacket = (packet: Uint8Array): void => {
      if (!isFor(packet, command.family, wanted)) return;
      this.#options.onPacket({ ...event, packet });
    };
    if (command.family === 'inet') {
      return openRawReceiver(this.#rawSockets, {
        libc,
        poller,
        interface: command.interface,
        interfaceIndex,
        protocol: command.protocol,
        group: command.group as Ipv4Address | undefined,
        onPacket,
        onError,
      });
    }
    const { protocol } = command;
    const closeReceiver = openIpv6Receiver({ libc, poller, interfaceIndex, protocol, onPacket });
    if (command.group === undefined) return closeReceiver;
    const member = joinIpv6(libc, command.group as Ipv6Address, interfaceIndex);
    return () => {
      closeReceiver();
      libc.close(member);
    };
  }

  #sender(family: IpFamily, name: string, interfaceIndex: number): RawSender {
    // The index is part of the key: an interface that was made anew needs a new socket.
    const key = `${family} ${name} ${interfaceIndex}`;
    const known = this.#senders.get(key);
    if (known !== undefined) return known;
    const { libc, poller, onError } = this.#options;
    const place = { libc, poller, interface: name, interfaceIndex, onError };
    const sender = openRawSender(this.#rawSockets, family, place);
    this.#senders.set(key, sender);
    return sender;
  }
}

/** A socket whose only purpose is its membership (MLD). */
function joinIpv6(libc: Libc, group: Ipv6Address, interfaceIndex: number): number {
  const descriptor = libc.socket(LINUX.AF_INET6, LINUX.SOCK_DGRAM, 0);
  const membership = ipv6Membership(group, interfaceIndex);
  libc.setOption(descriptor, LINUX.IPPROTO_IPV6, LINUX.IPV6_JOIN_GROUP, membership);
  return descriptor;
}

function isFor(packet: Uint8Array, family: IpFamily, wanted: IpAddress | undefined): boolean {
  const headerLength = family === 'inet' ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
  if (packet.length < headerLength) return false;
  return wanted === undefined || destinationOf(packet) === wanted;
}
