/**
 * The daemon's sockets on the virtual kernel: raw sockets for VRRP and UDP or ICMP for checkers. A
 * VRRP packet reaches the daemon by one reused event object, without allocation. Of several sockets
 * on one interface exactly one delivers a packet: the one whose group or own address it is sent to.
 */

import type { CommandId, DatagramCommand, VrrpSocketCommand } from '../../daemon/core/commands.ts';
import type { DatagramEvent, NetworkFailure, VrrpPacketEvent } from '../../daemon/core/events.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type { IcmpSocketError } from '../kernel/icmp-error-names.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { RawSocket, SocketError, UdpSocket } from '../kernel/socket-api.ts';
import { type DaemonEcho, openDaemonEcho } from './daemon-echo.ts';
import { UnknownVrids } from './unknown-vrids.ts';

type OpenVrrp = Extract<VrrpSocketCommand, { kind: 'vrrp-open' }>;
type OpenDatagram = Extract<DatagramCommand, { kind: 'datagram-open' }>;

/** What the daemon's machine wants to hear of sockets. */
export interface SocketEvents {
  /** The event object is reused for the next packet. `true` when the daemon knows nobody with its VRID. */
  onVrrp(event: VrrpPacketEvent): boolean;
  /** Whether a packet that comes now reaches the daemon at once, and is not kept for later. */
  readonly isListening: boolean;
  onDatagram(event: DatagramEvent): void;
}

interface VrrpSocket {
  readonly command: OpenVrrp;
  readonly socket: RawSocket;
  readonly unknown: UnknownVrids;
}

/** All sockets of one daemon. */
export class DaemonSockets {
  readonly #kernel: KernelApi;
  readonly #events: SocketEvents;
  readonly #vrrp = new Map<CommandId, VrrpSocket>();
  readonly #udp = new Map<
    CommandId,
    { readonly command: OpenDatagram; readonly socket: UdpSocket }
  >();
  readonly #echo = new Map<
    CommandId,
    { readonly command: OpenDatagram; readonly socket: DaemonEcho }
  >();
  /** Written for each packet and read at once by the daemon. */
  readonly #packet: { kind: 'vrrp-packet'; interface: string; packet: Uint8Array; at: number } = {
    kind: 'vrrp-packet',
    interface: '',
    packet: new Uint8Array(0),
    at: 0,
  };

  constructor(kernel: KernelApi, events: SocketEvents) {
    this.#kernel = kernel;
    this.#events = events;
  }

  /** Opens a VRRP socket and joins its group; the reason when it cannot. */
  openVrrp(command: OpenVrrp): string | undefined {
    const unknown = new UnknownVrids();
    const socket = this.#kernel.openRaw({
      family: command.family,
      protocol: command.protocol,
      link: command.interface,
      onPacket: (bytes, at, link) => {
        if (unknown.has(bytes, at) && this.#events.isListening) return;
        if (this.#hear(command, bytes, at, link)) unknown.add(bytes, at);
      },
    });
    if (typeof socket === 'string') return socket;
    if (command.group !== undefined) this.#kernel.joinGroup(command.interface, command.group);
    this.#vrrp.set(command.id, { command, socket, unknown });
    return undefined;
  }

  closeVrrp(id: CommandId): void {
    const open = this.#vrrp.get(id);
    if (open === undefined) return;
    this.#vrrp.delete(id);
    const { group } = open.command;
    if (group !== undefined) this.#kernel.leaveGroup(open.command.interface, group);
    open.socket.close();
  }

  /** The daemon reads its configuration again: what it did not know it may know then. */
  forgetUnknownVrids(): void {
    for (const { unknown } of this.#vrrp.values()) unknown.clear();
  }

  /** Opens a UDP or ICMP echo socket. */
  openDatagram(command: OpenDatagram): string | undefined {
    if (command.protocol !== 'udp') return this.#openEcho(command);
    const { local, remote } = command;
    const socket = this.#kernel.openUdp({
      family: command.family,
      ...(local?.address === undefined ? {} : { address: local.address }),
      ...(local?.port === undefined ? {} : { port: local.port }),
      ...(command.interface === undefined ? {} : { link: command.interface }),
      ...(command.mark === undefined ? {} : { mark: command.mark }),
      ...(command.ttl === undefined ? {} : { unicastTtl: command.ttl }),
      onDatagram: (datagram) => {
        const from = { address: datagram.source, port: datagram.sourcePort };
        if (remote !== undefined && (remote.address !== from.address || remote.port !== from.port))
          return;
        const { payload, ttl } = datagram;
        this.#events.onDatagram({
          kind: 'datagram-received',
          id: command.id,
          bytes: payload,
          from,
          ttl,
        });
      },
      // Linux reports ICMP errors to connected sockets; keepalived's checkers set IP_RECVERR on theirs.
      ...(remote === undefined
        ? {}
        : {
            receiveErrors: true,
            onError: (error: IcmpSocketError) => this.#fail(command.id, error),
          }),
    });
    if (typeof socket === 'string') return socket;
    this.#udp.set(command.id, { command, socket });
    return undefined;
  }

  #openEcho(command: OpenDatagram): string | undefined {
    const { id, family, interface: link, ttl } = command;
    const socket = openDaemonEcho({
      kernel: this.#kernel,
      family,
      ...(link === undefined ? {} : { link }),
      ...(ttl === undefined ? {} : { ttl }),
      onMessage: (arrival) =>
        this.#events.onDatagram({
          kind: 'datagram-received',
          id,
          bytes: arrival.bytes,
          from: { address: arrival.from, port: 0 },
          ttl: arrival.ttl,
        }),
    });
    if (typeof socket === 'string') return socket;
    this.#echo.set(id, { command, socket });
    return undefined;
  }

  sendDatagram(command: Extract<DatagramCommand, { kind: 'datagram-send' }>): void {
    const echo = this.#echo.get(command.id);
    const target = command.to ?? echo?.command.remote;
    if (echo !== undefined && target !== undefined) {
      const failed = echo.socket.send(command.bytes, target.address);
      if (failed !== undefined) this.#fail(command.id, failed);
      return;
    }
    const open = this.#udp.get(command.id);
    const to = command.to ?? open?.command.remote;
    if (open === undefined || to === undefined) return;
    const error = open.socket.send(command.bytes, to.address, to.port);
    if (error !== undefined) this.#fail(command.id, error);
  }

  closeDatagram(id: CommandId): void {
    this.#udp.get(id)?.socket.close();
    this.#udp.delete(id);
    this.#echo.get(id)?.socket.close();
    this.#echo.delete(id);
  }

  /** The process is gone: the kernel closes what it had open and leaves its groups. */
  closeAll(): void {
    for (const id of [...this.#vrrp.keys()]) this.closeVrrp(id);
    for (const id of [...this.#udp.keys(), ...this.#echo.keys()]) this.closeDatagram(id);
  }

  /** Whether the daemon said that it does not know the packet's VRID. */
  #hear(command: OpenVrrp, bytes: Uint8Array, at: number, link: string): boolean {
    if (!this.#isFor(command, bytes, at)) return false;
    const event = this.#packet;
    event.interface = link;
    event.packet = bytes;
    event.at = at;
    return this.#events.onVrrp(event);
  }

  /**
   * keepalived binds each socket to its group or, for unicast peers, to its source address: what is
   * sent elsewhere does not reach it (test/reference/traces-own/unicast-mcast). Of sockets that are
   * bound alike the first delivers.
   */
  #isFor(command: OpenVrrp, bytes: Uint8Array, at: number): boolean {
    const bound = command.unicastTo ?? command.group;
    if (bound !== undefined) {
      const destination: IpAddress =
        command.family === 'inet' ? readIpv4(bytes, at + 16) : readIpv6(bytes, at + 24);
      if (destination !== bound) return false;
    }
    if (this.#vrrp.size === 1) return true;
    for (const { command: other } of this.#vrrp.values()) {
      const isSame = (other.unicastTo ?? other.group) === bound;
      if (isSame && isSibling(command, other)) return other === command;
    }
    return true;
  }

  #fail(id: CommandId, error: SocketError | IcmpSocketError): void {
    const failure: NetworkFailure =
      error === 'ECONNREFUSED' ? 'refused' : error === 'EMSGSIZE' ? 'no-resource' : 'unreachable';
    this.#events.onDatagram({ kind: 'datagram-failed', id, failure });
  }
}

function isSibling(a: OpenVrrp, b: OpenVrrp): boolean {
  return a.interface === b.interface && a.family === b.family && a.protocol === b.protocol;
}
