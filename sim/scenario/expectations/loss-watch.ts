/**
 * Which connections a director loses, seen on the cables of the hosts: a director that does not know a
 * connection in progress answers the client's next segment with a reset of its own. Whether it had been told of
 * that connection is seen there too: in the datagrams of the other director's sync daemon that reached it.
 * Only there when an invariant asks for it. What a director decides inside is not looked at.
 */

import type { TimeUs } from '../../../daemon/base/time.ts';
import { ETHERNET_HEADER_LENGTH, readEtherType } from '../../../daemon/wire/ethernet.ts';
import { formatIp, type IpAddress } from '../../../daemon/wire/ip-address.ts';
import {
  ipv4HeaderLength,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
} from '../../../daemon/wire/ipv4.ts';
import { readIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import { readTcpFlags, TCP_ACK, TCP_RST, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import {
  readDestinationPort,
  readSourcePort,
  UDP_HEADER_LENGTH,
} from '../../../daemon/wire/udp.ts';
import type { HostApi } from '../../host/host-api.ts';
import { decodeSync, SYNC_FLAG_TEMPLATE, type SyncEntry } from '../../kernel/ipvs/sync-wire.ts';
import { STATE_ESTABLISHED } from '../../kernel/ipvs/tcp-states.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { isLive } from './world.ts';

/** One connection that a director reset. */
export interface LostConnection {
  readonly at: TimeUs;
  readonly director: string;
  /** The client's end and the service's, as text. */
  readonly client: string;
  readonly service: string;
  /** When the director was last told of it; `undefined`: never, so nobody has promised anything. */
  readonly toldAt: TimeUs | undefined;
}

/** What a director was told of a connection, in which life of its kernel. */
interface Told {
  readonly at: TimeUs;
  readonly kernel: KernelApi;
  readonly isEstablished: boolean;
  readonly timeoutUs: number;
}

/** The ends of a packet with ports; `at` is where TCP or UDP begins. */
interface Ends {
  readonly protocol: number;
  readonly at: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Losses are remembered up to that many; more tell nothing new. */
const LOSSES_MAX = 10_000;
/** With options of IP and without those of TCP, this many octets are always there. */
const SHORTEST = ETHERNET_HEADER_LENGTH + 20 + UDP_HEADER_LENGTH;
const IPV6_HEADER_LENGTH = 40;
const SECOND_US = 1_000_000;

/** Keeps the connections that were lost; see the head of the file. */
export class LossWatch {
  readonly losses: LostConnection[] = [];
  /** By director, then by client and service. */
  readonly #told = new Map<string, Map<string, Told>>();
  readonly #lost = new Set<string>();
  readonly #lan: LivingLan;
  readonly #onChange: () => void;

  constructor(lan: LivingLan, onChange: () => void) {
    this.#lan = lan;
    this.#onChange = onChange;
    for (const cable of lan.cables) {
      for (const end of [cable.a, cable.b]) {
        const host = lan.hosts.get(end.id.slice(0, end.id.indexOf(':')));
        if (host === undefined) continue;
        cable.tap(({ from, frame, lost, late, change }) => {
          if (lost !== undefined || late === true || change === 'corrupted') return;
          if (from === end.id) this.#onSent(frame, host);
          else this.#onReceived(frame, host);
        });
      }
    }
  }

  #onSent(frame: Uint8Array, host: HostApi): void {
    const ends = endsOf(frame);
    if (ends?.protocol !== PROTOCOL_TCP) return;
    const flags = readTcpFlags(frame, ends.at) & (TCP_SYN | TCP_RST | TCP_ACK);
    if (flags === TCP_SYN) this.#begins(keyOf(ends));
    // The answer to a SYN is a reset with ACK; one without it answers a connection in progress.
    else if (flags === TCP_RST) this.#onReset(ends, host);
  }

  /** A client's port is used anew: what was told of it before is of another connection. */
  #begins(key: string): void {
    for (const told of this.#told.values()) told.delete(key);
    for (const host of this.#told.keys()) this.#lost.delete(`${host} ${key}`);
  }

  #onReset(ends: Ends, host: HostApi): void {
    const { kernel } = host;
    const { source: address, sourcePort: port } = ends;
    if (kernel === undefined || this.losses.length >= LOSSES_MAX) return;
    const key = { kind: 'address', protocol: PROTOCOL_TCP, address, port } as const;
    if (kernel.ipvs.service(key) === undefined || isKnown(kernel, ends)) return;
    const client = endText(ends.destination, ends.destinationPort);
    const service = endText(address, port);
    const told = this.#told.get(host.name)?.get(`${client} ${service}`);
    const at = this.#lan.engine.now;
    const isValid = told?.kernel === kernel && at < told.at + told.timeoutUs;
    if (isValid && !told.isEstablished) return;
    const which = `${host.name} ${client} ${service}`;
    if (this.#lost.has(which)) return;
    this.#lost.add(which);
    const toldAt = isValid ? told.at : undefined;
    this.losses.push({ at, director: host.name, client, service, toldAt });
    this.#onChange();
  }

  #onReceived(frame: Uint8Array, host: HostApi): void {
    if ((frame[0] as number) % 2 === 0 || !isLive(host)) return;
    const ends = endsOf(frame);
    const { kernel } = host;
    if (ends?.protocol !== PROTOCOL_UDP || kernel === undefined || !listens(host, kernel)) return;
    const end = ends.at + ((frame[ends.at + 4] as number) << 8) + (frame[ends.at + 5] as number);
    const payload = frame.subarray(ends.at + UDP_HEADER_LENGTH, end);
    const syncId = kernel.ipvs.daemons().find((one) => one.role === 'backup')?.syncId ?? 0;
    for (const entry of decodeSync(payload, syncId) ?? []) this.#onEntry(entry, host, kernel);
  }

  #onEntry(entry: SyncEntry, host: HostApi, kernel: KernelApi): void {
    if (entry.protocol !== PROTOCOL_TCP || (entry.flags & SYNC_FLAG_TEMPLATE) !== 0) return;
    const client = endText(entry.client, entry.clientPort);
    const service = endText(entry.virtualAddress, entry.virtualPort);
    const told = this.#told.get(host.name) ?? new Map<string, Told>();
    this.#told.set(host.name, told);
    told.set(`${client} ${service}`, {
      at: this.#lan.engine.now,
      kernel,
      isEstablished: entry.state === STATE_ESTABLISHED,
      timeoutUs: entry.timeoutSeconds * SECOND_US,
    });
  }
}

/**
 * Whether a host has to listen to announcements: its keepalived is BACKUP and balances. That its kernel's backup
 * daemon really runs is what is judged; only a host that is master itself cannot hear.
 */
function listens(host: HostApi, kernel: KernelApi): boolean {
  if (kernel.ipvs.services().length === 0) return false;
  if (kernel.ipvs.daemons().some((one) => one.role === 'master')) return false;
  return host.keepalived()?.instances.some((one) => one.state === 'BACKUP') ?? false;
}

/** With NAT a real server's own resets pass through a director that knows the connection. */
function isKnown(kernel: KernelApi, ends: Ends): boolean {
  return kernel.ipvs
    .connections()
    .some(
      (one) =>
        one.clientPort === ends.destinationPort &&
        one.client === ends.destination &&
        one.virtualPort === ends.sourcePort &&
        one.virtualAddress === ends.source,
    );
}

function endsOf(frame: Uint8Array): Ends | undefined {
  if (frame.length < SHORTEST) return undefined;
  const type = readEtherType(frame);
  const ip = ETHERNET_HEADER_LENGTH;
  if (type === 0x0800) {
    const protocol = readIpv4Protocol(frame, ip);
    const at = ip + ipv4HeaderLength(frame, ip);
    return withPorts(frame, {
      protocol,
      at,
      source: readIpv4Source(frame, ip),
      destination: readIpv4Destination(frame, ip),
    });
  }
  if (type !== 0x86dd || frame.length < ip + IPV6_HEADER_LENGTH) return undefined;
  return withPorts(frame, {
    protocol: frame[ip + 6] as number,
    at: ip + IPV6_HEADER_LENGTH,
    source: readIpv6(frame, ip + 8),
    destination: readIpv6(frame, ip + 24),
  });
}

/** TCP and UDP have their ports at the same place. */
function withPorts(
  frame: Uint8Array,
  ends: Omit<Ends, 'sourcePort' | 'destinationPort'>,
): Ends | undefined {
  const { protocol, at } = ends;
  const length = protocol === PROTOCOL_TCP ? 20 : UDP_HEADER_LENGTH;
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return undefined;
  if (frame.length < at + length) return undefined;
  const sourcePort = readSourcePort(frame, at);
  return { ...ends, sourcePort, destinationPort: readDestinationPort(frame, at) };
}

function keyOf(ends: Ends): string {
  const client = endText(ends.source, ends.sourcePort);
  return `${client} ${endText(ends.destination, ends.destinationPort)}`;
}

function endText(address: IpAddress, port: number): string {
  const text = formatIp(address);
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}
