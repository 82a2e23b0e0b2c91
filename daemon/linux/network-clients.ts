/**
 * UDP, ICMP echo and name look-ups for checkers, and TCP and TLS through `stream-clients.ts`. UDP is node's own, on a socket
 * made here where the file asks for `fwmark` or `bind_if`; ICMP echo goes through a raw socket of koffi, and leaves as
 * the host routes it whatever the file says, as keepalived's PING_CHECK does.
 */

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import type {
  CommandId,
  DatagramCommand,
  ResolveCommand,
  StreamCommand,
} from '../core/commands.ts';
import type { NetworkFailure, SystemEvent } from '../core/events.ts';
import { type IpAddress, parseIp } from '../wire/ip-address.ts';
import { readIpv4 } from '../wire/ipv4-address.ts';
import { BindError, needsOwnWay, openUdp, placeOf } from './native/bound-socket.ts';
import type { DescriptorPoller } from './native/descriptor-poller.ts';
import { LINUX, type Libc } from './native/libc.ts';
import { watchPackets } from './native/packet-socket.ts';
import { socketAddress } from './native/socket-address.ts';
import { type HeardDatagram, listenUdp } from './native/udp-listener.ts';
import { failureOf, hostText } from './node-socket-words.ts';
import { StreamClients } from './stream-clients.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

type DatagramOpen = Extract<DatagramCommand, { kind: 'datagram-open' }>;

/** What clients stand on. */
export interface NetworkClientsOptions {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly deliver: (event: SystemEvent) => void;
  /** Number of an interface, 0 when there is none of that name. */
  readonly interfaceIndex: (name: string) => number;
  /** What keeps a checker from its mark, device or address. */
  readonly log: (text: string) => void;
}

interface OpenDatagram {
  send(bytes: Uint8Array, to: { readonly address: IpAddress; readonly port: number }): void;
  close(): void;
  readonly remote: { readonly address: IpAddress; readonly port: number } | undefined;
}

/** Sockets of the checkers and of mail. */
export class NetworkClients {
  readonly #options: NetworkClientsOptions;
  readonly #streams: StreamClients;
  readonly #datagrams = new Map<CommandId, OpenDatagram>();

  constructor(options: NetworkClientsOptions) {
    this.#options = options;
    this.#streams = new StreamClients(options);
  }

  /** Carries a TCP or TLS command out. */
  stream(command: StreamCommand): void {
    this.#streams.carryOut(command);
  }

  /** Carries a UDP or ICMP command out. */
  datagram(command: DatagramCommand): void {
    if (command.kind === 'datagram-open') {
      this.#openDatagram(command);
      return;
    }
    const open = this.#datagrams.get(command.id);
    if (open === undefined) return;
    if (command.kind === 'datagram-close') {
      this.#datagrams.delete(command.id);
      open.close();
      return;
    }
    const to = command.to ?? open.remote;
    if (to === undefined) this.#datagramFailed(command.id, 'unreachable');
    else open.send(command.bytes, to);
  }

  /** Looks a name up as the host is configured to (files, DNS); no address is an empty answer. */
  resolve(command: ResolveCommand): void {
    lookup(command.name, { all: true }, (error, found) => {
      const texts = error === null ? found.map((entry) => entry.address) : [];
      const addresses = texts.map(parseIp).filter((address) => address !== undefined);
      this.#options.deliver({ kind: 'resolved', id: command.id, addresses });
    });
  }

  /** Closes everything without further events. */
  close(): void {
    this.#streams.close();
    for (const open of this.#datagrams.values()) open.close();
    this.#datagrams.clear();
  }

  #openDatagram(command: DatagramOpen): void {
    try {
      const open = this.#open(command);
      this.#datagrams.set(command.id, open);
    } catch (error) {
      if (error instanceof BindError) this.#options.log(error.message);
      this.#datagramFailed(command.id, 'no-resource');
    }
  }

  #open(command: DatagramOpen): OpenDatagram {
    if (command.protocol === 'icmp-echo') return this.#openEcho(command);
    return command.wantsTtl === true ? this.#openListener(command) : this.#openUdp(command);
  }

  /** A socket that only listens, on all addresses. */
  #openListener(command: DatagramOpen): OpenDatagram {
    const { id, family, local } = command;
    const { libc, poller, deliver } = this.#options;
    const onDatagram = (datagram: HeardDatagram) =>
      deliver({ kind: 'datagram-received', id, ...datagram });
    const close = listenUdp({ libc, poller, family, port: local?.port ?? 0, onDatagram });
    const send = () => this.#datagramFailed(id, 'no-resource');
    return { remote: undefined, send, close };
  }

  #openUdp(command: DatagramOpen): OpenDatagram {
    const { id, remote } = command;
    // First, since it may fail.
    const own = this.#ownUdp(command);
    const socket: DatagramSocket = createSocket(command.family === 'inet' ? 'udp4' : 'udp6');
    socket.on('error', (error) => this.#datagramFailed(id, failureOf(error)));
    socket.on('message', (bytes, from) => {
      const address = parseIp(from.address.replace(/%.*$/, ''));
      if (address === undefined) return;
      // node hides the TTL of what it received; 255 would be a claim, 0 says "not known".
      const event = { kind: 'datagram-received' as const, id, bytes, ttl: 0 };
      this.#options.deliver({ ...event, from: { address, port: from.port } });
    });
    const ready = new Promise<void>((resolve) => socket.once('listening', resolve));
    socket.bind(own ?? localOf(command));
    const connected = ready.then(() => {
      if (command.ttl !== undefined) socket.setTTL(command.ttl);
      if (remote === undefined) return;
      // Connected: refusals (ICMP port unreachable) come back as errors.
      return new Promise<void>((resolve) => {
        socket.connect(remote.port, hostText(remote.address, command.interface), () => resolve());
      });
    });
    return {
      remote,
      send: (bytes, to) => {
        void connected.then(() => {
          if (!this.#datagrams.has(id)) return;
          if (remote !== undefined) socket.send(bytes);
          else socket.send(bytes, to.port, hostText(to.address, command.interface));
        });
      },
      close: () => {
        socket.removeAllListeners('error');
        socket.on('error', () => {});
        socket.close();
      },
    };
  }

  /** The descriptor of a UDP socket with a mark or a device; `undefined`: node's own will do. */
  #ownUdp(command: DatagramOpen): { readonly fd: number } | undefined {
    const { remote } = command;
    if (remote === undefined) return undefined;
    const place = placeOf({ ...command, remote, interfaceIndex: this.#options.interfaceIndex });
    return needsOwnWay(place) ? { fd: openUdp(this.#options.libc, place) } : undefined;
  }

  #openEcho(command: DatagramOpen): OpenDatagram {
    const { libc, poller, deliver } = this.#options;
    const { id, remote } = command;
    const isInet = command.family === 'inet';
    const descriptor = libc.socket(
      isInet ? LINUX.AF_INET : LINUX.AF_INET6,
      LINUX.SOCK_RAW,
      isInet ? IPPROTO_ICMP : IPPROTO_ICMPV6,
    );
    watchPackets({
      libc,
      poller,
      descriptor,
      onPacket: (packet) => {
        // IPv4 comes with its header; IPv6 without, and then the peer is who we asked.
        const headerLength = isInet ? ((packet[0] ?? 0) & 0xf) * 4 : 0;
        const from = isInet ? sourceOf(packet) : remote?.address;
        if (from === undefined) return;
        const bytes = packet.slice(headerLength);
        const ttl = isInet ? (packet[8] ?? 0) : 0;
        deliver({ kind: 'datagram-received', id, bytes, from: { address: from, port: 0 }, ttl });
      },
    });
    return {
      remote,
      send: (bytes, to) => {
        const sent = libc.send(descriptor, bytes, socketAddress(to.address, 0));
        if (sent < 0) this.#datagramFailed(id, 'unreachable');
      },
      close: () => poller.release(descriptor),
    };
  }

  #datagramFailed(id: CommandId, failure: NetworkFailure): void {
    this.#options.deliver({ kind: 'datagram-failed', id, failure });
  }
}

function localOf({ local, interface: device }: DatagramOpen) {
  const port = local?.port ?? 0;
  return local?.address === undefined
    ? { port }
    : { port, address: hostText(local.address, device) };
}

function sourceOf(packet: Uint8Array): IpAddress | undefined {
  return packet.length < 20 ? undefined : readIpv4(packet, 12);
}
