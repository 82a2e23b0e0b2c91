/**
 * TCP, TLS, UDP and name look-ups for checkers and mail, over node's own sockets. ICMP echo goes through a raw
 * socket of koffi. Every open socket ends in exactly one of closed and failed.
 *
 * Left out, since node cannot set them: SO_MARK and SO_BINDTODEVICE of TCP; a checker with `fwmark` or
 * `bind_if` to a link-local address works through the scope of the address, others are routed as usual.
 */

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type {
  CommandId,
  DatagramCommand,
  ResolveCommand,
  StreamCommand,
} from '../core/commands.ts';
import type { NetworkFailure, SystemEvent } from '../core/events.ts';
import { formatIp, type IpAddress, isIpv4, parseIp } from '../wire/ip-address.ts';
import { readIpv4 } from '../wire/ipv4-address.ts';
import { isLinkLocalIpv6 } from '../wire/ipv6-address.ts';
import type { DescriptorPoller } from './native/descriptor-poller.ts';
import { LINUX, type Libc } from './native/libc.ts';
import { watchPackets } from './native/packet-socket.ts';
import { socketAddress } from './native/socket-address.ts';
import { type HeardDatagram, listenUdp } from './native/udp-listener.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

type StreamOpen = Extract<StreamCommand, { kind: 'stream-open' }>;
type DatagramOpen = Extract<DatagramCommand, { kind: 'datagram-open' }>;

/** What clients stand on. */
export interface NetworkClientsOptions {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly deliver: (event: SystemEvent) => void;
}

interface OpenDatagram {
  send(bytes: Uint8Array, to: { readonly address: IpAddress; readonly port: number }): void;
  close(): void;
  readonly remote: { readonly address: IpAddress; readonly port: number } | undefined;
}

/** Sockets of the checkers and of mail. */
export class NetworkClients {
  readonly #options: NetworkClientsOptions;
  readonly #streams = new Map<CommandId, Socket>();
  readonly #datagrams = new Map<CommandId, OpenDatagram>();

  constructor(options: NetworkClientsOptions) {
    this.#options = options;
  }

  /** Carries a TCP or TLS command out. */
  stream(command: StreamCommand): void {
    if (command.kind === 'stream-open') {
      this.#openStream(command);
      return;
    }
    const socket = this.#streams.get(command.id);
    if (socket === undefined) return;
    if (command.kind === 'stream-send') {
      socket.write(command.bytes);
    } else {
      this.#streams.delete(command.id);
      socket.removeAllListeners();
      socket.on('error', () => {});
      if (command.abort) socket.resetAndDestroy();
      else socket.end();
    }
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
    for (const socket of this.#streams.values()) {
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
    }
    for (const open of this.#datagrams.values()) open.close();
    this.#streams.clear();
    this.#datagrams.clear();
  }

  #openStream(command: StreamOpen): void {
    const { id } = command;
    const { deliver } = this.#options;
    const target = {
      host: hostText(command.address, command.interface),
      port: command.port,
      ...(command.from?.address === undefined
        ? {}
        : { localAddress: formatIp(command.from.address) }),
      ...(command.from?.port === undefined ? {} : { localPort: command.from.port }),
    };
    // Checkers look at what the server says, not at who signed it; keepalived does not verify either.
    const socket =
      command.tls === undefined
        ? connect(target)
        : connectTls({
            ...target,
            rejectUnauthorized: false,
            ...(command.tls.serverName === undefined ? {} : { servername: command.tls.serverName }),
          });
    this.#streams.set(id, socket);
    const connected = command.tls === undefined ? 'connect' : 'secureConnect';
    socket.on(connected, () => deliver({ kind: 'stream-connected', id }));
    socket.on('data', (bytes: Buffer) => deliver({ kind: 'stream-data', id, bytes }));
    socket.on('end', () => {
      if (this.#streams.delete(id)) deliver({ kind: 'stream-closed', id });
    });
    socket.on('error', (error) => {
      if (!this.#streams.delete(id)) return;
      deliver({ kind: 'stream-failed', id, failure: failureOf(error) });
    });
    socket.on('close', () => {
      if (this.#streams.delete(id)) deliver({ kind: 'stream-closed', id });
    });
  }

  #openDatagram(command: DatagramOpen): void {
    try {
      const open = this.#open(command);
      this.#datagrams.set(command.id, open);
    } catch {
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
    socket.bind({
      port: command.local?.port ?? 0,
      ...(command.local?.address === undefined
        ? {}
        : { address: hostText(command.local.address, command.interface) }),
    });
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

function sourceOf(packet: Uint8Array): IpAddress | undefined {
  return packet.length < 20 ? undefined : readIpv4(packet, 12);
}

function hostText(address: IpAddress, device: string | undefined): string {
  const text = formatIp(address);
  const needsScope = !isIpv4(address) && isLinkLocalIpv6(address) && device !== undefined;
  return needsScope ? `${text}%${device}` : text;
}

/** The closed set of failures for what node calls them. */
export function failureOf(error: Error & { readonly code?: string }): NetworkFailure {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'ETIMEDOUT':
      return 'timed-out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
      return 'unreachable';
    case 'EADDRNOTAVAIL':
    case 'EADDRINUSE':
    case 'EMFILE':
    case 'ENOBUFS':
    case 'EACCES':
    case 'EPERM':
      return 'no-resource';
    default:
      return error.code?.startsWith('ERR_SSL') || error.code?.startsWith('ERR_TLS')
        ? 'bad-certificate'
        : 'reset';
  }
}
