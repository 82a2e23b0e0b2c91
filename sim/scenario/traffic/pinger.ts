/**
 * One traffic of pings: sends requests at a steady pace from a host's kernel and keeps the outcome
 * of every one. It is no program of the host (it survives a reboot, waiting while its host is off),
 * but its packets are ordinary ones.
 */

import { randomBelow } from '../../../daemon/base/random.ts';
import { type DurationUs, elapsed, later, type TimeUs } from '../../../daemon/base/time.ts';
import { type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from '../../../daemon/wire/ipv4.ts';
import { type MacAddress, readMac } from '../../../daemon/wire/mac-address.ts';
import type { EventTarget } from '../../engine/event-queue.ts';
import { Wakeup } from '../../engine/wakeup.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { holdersOf, hostOfMac } from '../expectations/world.ts';
import type { ScenarioRunEvent } from '../run-events.ts';
import type { TrafficSpec } from '../scenario.ts';
import { echoReply4, echoReply6, echoRequest } from './echo-packet.ts';

/** An Ethernet source address lies that far before the IP header. */
const SOURCE_MAC_BEFORE_IP = 8;
/** Most requests that are remembered; a run that sends more stops sending and says so. */
const REQUEST_LIMIT = 5_000_000;

/** One answer: when, to which request, and by whom as far as it shows. */
export interface Answer {
  readonly at: TimeUs;
  readonly sequence: number;
  readonly by: string | undefined;
}

/** A running traffic; see the head of the file. */
export class Pinger implements EventTarget {
  readonly spec: TrafficSpec;
  /** By sequence number, from 0. */
  readonly sentAt: TimeUs[] = [];
  readonly answers: Answer[] = [];
  readonly #answered: boolean[] = [];
  readonly #lan: LivingLan;
  readonly #identifier: number;
  readonly #timeouts: Wakeup;
  #kernel: KernelApi | undefined;
  #nextToJudge = 0;
  #newestAnswer = -1;
  #alive = false;
  #lastBy: string | undefined;

  constructor(lan: LivingLan, spec: TrafficSpec, identifier: number) {
    this.#lan = lan;
    this.spec = spec;
    this.#identifier = identifier;
    this.#timeouts = new Wakeup(lan.engine, (now) => this.#judgeTimeouts(now));
    const phase =
      lan.spec.jitter === 'none'
        ? 0
        : randomBelow(lan.engine.streams.named(`traffic/${spec.name}`), spec.every);
    lan.engine.schedule(later(spec.start, phase as DurationUs), this, 0, undefined);
  }

  /** Whether it is answered: the newest request that had its time was. */
  get alive(): boolean {
    return this.#alive;
  }

  /** How many requests had their time and got no answer. */
  get lost(): number {
    let lost = 0;
    for (let i = 0; i < this.#nextToJudge; i++) if (this.#answered[i] !== true) lost++;
    return lost;
  }

  /** Sends one request; the engine calls it. */
  onEvent(now: TimeUs): void {
    if (this.spec.stop !== undefined && now > this.spec.stop) return;
    if (this.sentAt.length >= REQUEST_LIMIT) return;
    this.#lan.engine.scheduleAfter(this.spec.every, this, 0, undefined);
    const host = this.#lan.hosts.get(this.spec.from);
    if (host?.power !== 'on' || host.kernel === undefined) return;
    this.#listenOn(host.kernel);
    const sequence = this.sentAt.length;
    this.sentAt.push(now);
    this.#answered.push(false);
    this.#armTimeout();
    const source = host.kernel.routeTo(this.spec.to)?.source;
    if (source === undefined) return;
    const echo = { identifier: this.#identifier, sequence: sequence & 0xffff };
    const { to: destination, size } = this.spec;
    host.kernel.sendIp(echoRequest({ source, destination, echo, size }));
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
    if (sequence === undefined || this.#answered[sequence] === true) return;
    const from = at >= SOURCE_MAC_BEFORE_IP ? readMac(bytes, at - SOURCE_MAC_BEFORE_IP) : undefined;
    this.#onAnswer(sequence, responder(this.#lan, this.spec.to, from));
  }

  /** The newest sent request with these low 16 bits. */
  #fullSequence(low: number): number | undefined {
    const newest = this.sentAt.length - 1;
    const candidate = newest - ((newest - low) & 0xffff);
    return candidate >= 0 ? candidate : undefined;
  }

  #onAnswer(sequence: number, by: string | undefined): void {
    const now = this.#lan.engine.now;
    const before = this.answers.at(-1);
    this.#answered[sequence] = true;
    this.answers.push({ at: now, sequence, by });
    this.#lan.engine.log.mixNumber(now);
    const wasAlive = this.#alive;
    const isNewest = sequence >= this.#nextToJudge || before === undefined;
    this.#alive = wasAlive || isNewest;
    const who = by === undefined ? {} : { by };
    if (before === undefined) this.#record({ change: 'first-answer', ...who });
    else if (!wasAlive && this.#alive) {
      const outage = elapsed(before.at, now);
      this.#record({ change: 'answered-again', ...who, outage, lost: this.#gapBefore(sequence) });
    } else if (by !== undefined && by !== this.#lastBy) this.#record({ change: 'answered-by', by });
    if (by !== undefined) this.#lastBy = by;
    this.#newestAnswer = Math.max(this.#newestAnswer, sequence);
  }

  /** Requests between the newest answered one and this one that have no answer. */
  #gapBefore(sequence: number): number {
    let gap = 0;
    for (let i = this.#newestAnswer + 1; i < sequence; i++) if (this.#answered[i] !== true) gap++;
    return gap;
  }

  #armTimeout(): void {
    const sent = this.sentAt[this.#nextToJudge];
    if (sent !== undefined) this.#timeouts.moveTo(later(sent, this.spec.timeout));
  }

  #judgeTimeouts(now: TimeUs): void {
    for (;;) {
      const sent = this.sentAt[this.#nextToJudge];
      if (sent === undefined || later(sent, this.spec.timeout) > now) break;
      const sequence = this.#nextToJudge++;
      if (this.#answered[sequence] === true) continue;
      if (this.#alive && this.#newestAnswer < sequence) {
        this.#alive = false;
        this.#record({ change: 'lost' });
      }
    }
    this.#armTimeout();
  }

  #record(change: Change): void {
    const { engine } = this.#lan;
    engine.log.record<ScenarioRunEvent>({
      at: engine.now,
      node: this.spec.from,
      kind: 'traffic',
      traffic: this.spec.name,
      ...change,
    });
  }
}

type Change =
  | { readonly change: 'first-answer'; readonly by?: string }
  | {
      readonly change: 'answered-again';
      readonly by?: string;
      readonly outage: DurationUs;
      readonly lost: number;
    }
  | { readonly change: 'answered-by'; readonly by: string }
  | { readonly change: 'lost' };

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
