/**
 * One traffic of pings: sends requests at a steady pace from a host's kernel and keeps the outcome
 * of every one. It is no program of the host (it survives a reboot, waiting while its host is off),
 * but its packets are ordinary ones.
 */

import { type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from '../../../daemon/wire/ipv4.ts';
import { ANY_IPV4 } from '../../../daemon/wire/ipv4-address.ts';
import { type MacAddress, readMac } from '../../../daemon/wire/mac-address.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { holdersOf, hostOfMac, ownerOfCard } from '../expectations/world.ts';
import type { TrafficSpec } from '../scenario.ts';
import { type Asked, answeredSequence, EchoConversation } from './echo-packet.ts';
import { Pace } from './pace.ts';
import { RequestBook, type RunningTraffic } from './request-book.ts';

/** An Ethernet source address lies that far before the IP header. */
const SOURCE_MAC_BEFORE_IP = 8;

/** Starts it; what it keeps of its requests is the answer. */
export function startPinger(lan: LivingLan, spec: TrafficSpec, identifier: number): RunningTraffic {
  const book = new RequestBook(lan, spec, 1);
  const pinger = new Pinger(lan, spec, book, identifier);
  new Pace(lan, spec, book, (kernel, sequence) => pinger.request(kernel, sequence));
  return book;
}

class Pinger {
  readonly #lan: LivingLan;
  readonly #spec: TrafficSpec;
  readonly #book: RequestBook;
  readonly #asked: Asked;
  #kernel: KernelApi | undefined;
  #lastMac: MacAddress | undefined;
  #lastOwner: string | undefined;
  #conversation: { readonly source: IpAddress; readonly with: EchoConversation } | undefined;

  constructor(lan: LivingLan, spec: TrafficSpec, book: RequestBook, identifier: number) {
    this.#lan = lan;
    this.#spec = spec;
    this.#book = book;
    this.#asked = { address: spec.to, identifier };
  }

  request(kernel: KernelApi, sequence: number): void {
    this.#listenOn(kernel);
    // An IPv4 source is filled in on the way out (IP_HDRINCL); over IPv6 it is part of the checksum.
    const { to } = this.#spec;
    const source = isIpv4(to) ? ANY_IPV4 : kernel.routeTo(to)?.source;
    if (source === undefined) return;
    kernel.sendIp(this.#conversationFrom(source).request(sequence & 0xffff));
  }

  #conversationFrom(source: IpAddress): EchoConversation {
    if (this.#conversation?.source !== source) {
      const { to: destination, size } = this.#spec;
      const { identifier } = this.#asked;
      const conversation = new EchoConversation({ source, destination, identifier, size });
      this.#conversation = { source, with: conversation };
    }
    return this.#conversation.with;
  }

  #listenOn(kernel: KernelApi): void {
    if (this.#kernel === kernel) return;
    this.#kernel = kernel;
    const inet = isIpv4(this.#spec.to);
    const socket = kernel.openRaw({
      family: inet ? 'inet' : 'inet6',
      protocol: inet ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
      onPacket: (bytes, at) => {
        if (this.#kernel === kernel) this.#onPacket(bytes, at);
      },
    });
    if (typeof socket === 'string') throw new Error(`${this.#spec.name}: raw socket: ${socket}`);
  }

  #onPacket(bytes: Uint8Array, at: number): void {
    const low = answeredSequence(bytes, at, this.#asked);
    if (low === undefined) return;
    const sequence = this.#fullSequence(low);
    if (sequence === undefined || !this.#book.isOpen(sequence)) return;
    this.#book.answer(sequence, this.#responder(bytes, at));
  }

  /**
   * Who answered: the host whose MAC address the answer came from, if it holds the address; else (a
   * router in between) the only live holder.
   */
  #responder(bytes: Uint8Array, at: number): string | undefined {
    const address = this.#asked.address;
    const from = at >= SOURCE_MAC_BEFORE_IP ? readMac(bytes, at - SOURCE_MAC_BEFORE_IP) : undefined;
    const sender = from === undefined ? undefined : this.#hostOf(from);
    if (sender !== undefined) {
      if (this.#lan.hosts.get(sender)?.kernel?.isLocalAddress(address) === true) return sender;
    }
    const holders = holdersOf(this.#lan, address);
    return holders.length === 1 ? holders[0] : undefined;
  }

  /** Cards keep their MAC addresses, so the last one is remembered; virtual ones move. */
  #hostOf(mac: MacAddress): string | undefined {
    if (mac !== this.#lastMac) {
      this.#lastMac = mac;
      this.#lastOwner = ownerOfCard(this.#lan, mac);
    }
    return this.#lastOwner ?? hostOfMac(this.#lan, mac);
  }

  /** The newest sent request with these low 16 bits. */
  #fullSequence(low: number): number | undefined {
    const newest = this.#book.sentAt.length - 1;
    const candidate = newest - ((newest - low) & 0xffff);
    return candidate >= 0 ? candidate : undefined;
  }
}
