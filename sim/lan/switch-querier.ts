/**
 * When a snooping switch that is a querier asks for members: RFC 2236's timers, which
 * RFC 2710 has too, over the frames of `group-query.ts`.
 * It asks from power-on to power-off; there is no election of one querier among several.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import {
  LAST_MEMBER_QUERY_INTERVAL_US,
  makeQuery,
  QUERY_INTERVAL_US,
  STARTUP_QUERY_COUNT,
  STARTUP_QUERY_INTERVAL_US,
} from './group-query.ts';

/** Codes of its events. */
const GENERAL_QUERY = 1;
const GROUP_QUERY = 2;

/** See the head of the file. */
export class SwitchQuerier implements EventTarget {
  readonly #engine: Engine;
  /** The switch's own address. */
  readonly #mac: MacAddress;
  /** Sends a query out of every port. */
  readonly #send: (query: Uint8Array) => void;
  #running = false;
  /** Grows with each start; general queries of an earlier life are void. */
  #life = 0;

  constructor(engine: Engine, mac: MacAddress, send: (query: Uint8Array) => void) {
    this.#engine = engine;
    this.#mac = mac;
    this.#send = send;
  }

  start(): void {
    this.#running = true;
    this.#life++;
    const payload = { life: this.#life, sent: 0 };
    this.#engine.schedule(this.#engine.now, this, GENERAL_QUERY, payload);
  }

  stop(): void {
    this.#running = false;
  }

  /** Asks twice whether anybody else still wants a group that somebody left. */
  askLastMembers(groups: readonly IpAddress[]): void {
    const again = LAST_MEMBER_QUERY_INTERVAL_US as DurationUs;
    for (const group of groups) {
      this.#engine.schedule(this.#engine.now, this, GROUP_QUERY, group);
      this.#engine.scheduleAfter(again, this, GROUP_QUERY, group);
    }
  }

  onEvent(now: TimeUs, code: number, payload: unknown): void {
    if (!this.#running) return;
    if (code === GROUP_QUERY) {
      this.#send(makeQuery(this.#mac, payload as IpAddress));
      return;
    }
    const { life, sent } = payload as { readonly life: number; readonly sent: number };
    if (life === this.#life) this.#sendGeneralQuery(now, sent);
  }

  #sendGeneralQuery(now: TimeUs, sent: number): void {
    for (const all of ['all-inet', 'all-inet6'] as const) this.#send(makeQuery(this.#mac, all));
    const interval = sent + 1 < STARTUP_QUERY_COUNT ? STARTUP_QUERY_INTERVAL_US : QUERY_INTERVAL_US;
    const payload = { life: this.#life, sent: sent + 1 };
    this.#engine.schedule((now + interval) as TimeUs, this, GENERAL_QUERY, payload);
  }
}
