/**
 * One traffic of pings: sends requests at a steady pace from a host's kernel and keeps the outcome
 * of every one. It is no program of the host (it survives a reboot, waiting while its host is off),
 * but its packets are ordinary ones.
 */

import type { TimeUs } from '../../../daemon/base/time.ts';
import { type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from '../../../daemon/wire/ipv4.ts';
import { type MacAddress, readMac } from '../../../daemon/wire/mac-address.ts';
import type { EventTarget } from '../../engine/event-queue.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { holdersOf, hostOfMac } from '../expectations/world.ts';
import type { TrafficSpec } from '../scenario.ts';
import { EchoConversation, echoReply4, echoReply6 } from './echo-packet.ts';
import {
  type Answer,
  REQUEST_LIMIT,
  RequestBook,
  type RunningTraffic,
  scheduleFirst,
} from './request-book.ts';

/** An Ethernet source address lies that far before the IP header. */
const SOURCE_MAC_BEFORE_IP = 8;
/** A running traffic; see the head of the file. */
export class Pinger implements EventTarget, RunningTraffic {
  readonly spec: TrafficSpec;
  readonly #lan: LivingLan;
  readonly #identifier: number;
  readonly #book: RequestBook;
  #kernel: KernelApi | undefined;
  #conversation: { readonly source: IpAddress; readonly with: EchoConversation } | undefined;

  constructor(lan: LivingLan, spec: TrafficSpec, identifier: number) {
    this.#lan = lan;
    this.spec = spec;
    this.#identifier = identifier;
    this.#book = new RequestBook(lan, spec, 1);
    scheduleFirst(lan, spec, this);
  }

  get sentAt(): readonly TimeUs[] {
    return this.#book.sentAt;
  }

  get answers(): readonly Answer[] {
    return this.#book.answers;
  }

  get alive(): boolean {
    return this.#book.alive;
  }

  get lost(): number {
    return this.#book.lost;
  }

  get failures(): ReadonlyMap<string, number> {
    return this.#book.failures;
  }

  lostRequests(end: TimeUs): readonly TimeUs[] {
    return this.#book.lostRequests(end);
  }

  /** Sends one request; the engine calls it. */
  onEvent(now: TimeUs): void {
    if (this.spec.stop !== undefined && now > this.spec.stop) return;
    if (this.sentAt.length >= REQUEST_LIMIT) return;
    this.#lan.engine.scheduleAfter(this.spec.every, this, 0, undefined);
    const host = this.#lan.hosts.get(this.spec.from);
    if (host?.power !== 'on' || host.kernel === undefined) return;
    this.#listenOn(host.kernel);
    const sequence = this.#book.send(now);
    const source = host.kernel.routeTo(this.spec.to)?.source;
    if (source === undefined) return;
    host.kernel.sendIp(this.#conversationFrom(source).request(sequence & 0xffff));
  }

  #conversationFrom(source: IpAddress): EchoConversation {
    if (this.#conversation?.source !== source) {
      const { to: destination, size } = this.spec;
      const identifier = this.#identifier;
      const conversation = new EchoConversation({ source, destination, identifier, size });
      this.#conversation = { source, with: conversation };
    }
    return this.#conversation.with;
  }

  #listenOn(kernel: KernelApi): void {
    if (this.#kernel === kernel) return;
    this.#kernel = kernel;
    const inet = isIpv4(this.spec.to);
    const socket = kernel.openRaw({
      family: inet ? 'inet' : 'inet6',
      protocol: inet ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
      onPacket: (bytes, at) => {
        if (this.#kernel === kernel) this.#onPacket(bytes, at);
      },
    });
    if (typeof socket === 'string') throw new Error(`${this.spec.name}: raw socket: ${socket}`);
  }

  #onPacket(bytes: Uint8Array, at: number): void {
    const reply = isIpv4(this.spec.to) ? echoReply4(bytes, at) : echoReply6(bytes, at);
    if (reply === undefined || reply.identifier !== this.#identifier) return;
    if (reply.source !== this.spec.to) return;
    const sequence = this.#fullSequence(reply.sequence);
    if (sequence === undefined || !this.#book.isOpen(sequence)) return;
    const from = at >= SOURCE_MAC_BEFORE_IP ? readMac(bytes, at - SOURCE_MAC_BEFORE_IP) : undefined;
    this.#book.answer(sequence, responder(this.#lan, this.spec.to, from));
  }

  /** The newest sent request with these low 16 bits. */
  #fullSequence(low: number): number | undefined {
    const newest = this.sentAt.length - 1;
    const candidate = newest - ((newest - low) & 0xffff);
    return candidate >= 0 ? candidate : undefined;
  }
}

/**
 * Who answered: the host whose MAC address the answer came from, if it holds the address; else (a
 * router in between) the only live holder.
 */
function responder(
  lan: LivingLan,
  address: IpAddress,
  from: MacAddress | undefined,
): string | undefined {
  const sender = from === undefined ? undefined : hostOfMac(lan, from);
  const isLocal = sender !== undefined && lan.hosts.get(sender)?.kernel?.isLocalAddress(address);
  if (isLocal === true) return sender;
  const holders = holdersOf(lan, address);
  return holders.length === 1 ? holders[0] : undefined;
}
