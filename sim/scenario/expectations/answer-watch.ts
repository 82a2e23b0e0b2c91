/**
 * Who answers ARP requests for an address, seen on the cables of the hosts. Only there when an
 * invariant asks for it. Two hosts answer "at once" when their answers to one asker are less than a
 * second apart.
 */

import { elapsed, seconds, type TimeUs } from '../../../daemon/base/time.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import type { Engine } from '../../engine/engine.ts';
import type { LivingLan } from '../../topology/living-lan.ts';

const TOGETHER = seconds(1);
/** Code of the event that begins the watch. */
const BEGIN = 1;

/** Keeps who answered lately for each watched address. */
export class AnswerWatch {
  readonly #answers = new Map<IpAddress, Map<string, { asker: number; at: TimeUs }>>();
  readonly #lan: LivingLan;
  readonly #engine: Engine;
  readonly #onChange: () => void;

  /** `from`: nobody asks before that moment; cables that are not watched are faster. */
  constructor(
    lan: LivingLan,
    options: {
      readonly addresses: readonly IpAddress[];
      readonly from: TimeUs;
      readonly onChange: () => void;
    },
  ) {
    this.#lan = lan;
    this.#engine = lan.engine;
    this.#onChange = options.onChange;
    for (const address of options.addresses) this.#answers.set(address, new Map());
    const begin = options.from - TOGETHER;
    if (begin <= 0) this.#tapCables();
    else lan.engine.schedule(begin as TimeUs, this, BEGIN, undefined);
  }

  #tapCables(): void {
    const lan = this.#lan;
    for (const cable of lan.cables) {
      for (const end of [cable.a, cable.b]) {
        const host = end.id.slice(0, end.id.indexOf(':'));
        if (!lan.hosts.has(host)) continue;
        cable.tap((event) => {
          if (event.from === end.id && event.late !== true) this.#onFrame(event.frame, host);
        });
      }
    }
  }

  /** The hosts whose answers to the last asker came together. */
  answerers(address: IpAddress): readonly string[] {
    const answers = this.#answers.get(address) ?? new Map();
    const now = this.#engine.now;
    const recent = [...answers].filter(([, answer]) => elapsed(answer.at, now) < TOGETHER);
    const newest = recent.at(-1)?.[1].asker;
    return recent.filter(([, answer]) => answer.asker === newest).map(([host]) => host);
  }

  /** An answer has grown old, or the watch begins. */
  onEvent(_now: TimeUs, code: number): void {
    if (code === BEGIN) this.#tapCables();
    else this.#onChange();
  }

  /**
   * ARP replies to one station (RFC 826: operation 2 at octet 20, sender's address at 28, target's
   * at 38).
   */
  #onFrame(frame: Uint8Array, host: string): void {
    if (frame.length < 42 || frame[12] !== 0x08 || frame[13] !== 0x06 || frame[21] !== 2) return;
    const address = readIpv4(frame, 28);
    const asker = readIpv4(frame, 38);
    const answers = this.#answers.get(address);
    if (answers === undefined || asker === address) return;
    answers.delete(host);
    answers.set(host, { asker, at: this.#engine.now });
    this.#engine.scheduleAfter(TOGETHER, this, 0, undefined);
    this.#onChange();
  }
}
