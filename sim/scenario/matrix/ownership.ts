/**
 * Who held which address when: a listener on the run log that asks the living LAN after every event
 * that may have moved an address.
 */

import type { TimeUs } from '../../../daemon/base/time.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { holdersOf } from '../expectations/world.ts';

/** One stretch of time with the same holders. */
export interface Holding {
  readonly from: TimeUs;
  readonly to: TimeUs;
  readonly hosts: readonly string[];
}

const TOUCHING = new Set(['address', 'power', 'link', 'program', 'daemon', 'carrier', 'cable']);

/** Watches some addresses from the start of a run. */
export class OwnershipWatch {
  readonly #lan: LivingLan;
  readonly #changes = new Map<IpAddress, { at: TimeUs; hosts: readonly string[] }[]>();

  constructor(lan: LivingLan, addresses: readonly IpAddress[]) {
    this.#lan = lan;
    for (const address of addresses) this.#changes.set(address, []);
    lan.engine.log.listen((event) => {
      if (TOUCHING.has(event.kind)) this.#look();
    });
  }

  /** The stretches of an address between two moments; what came and went in an instant is left out. */
  holdings(address: IpAddress, from: TimeUs, to: TimeUs): readonly Holding[] {
    this.#look();
    const changes = this.#changes.get(address) ?? [];
    const stretches = changes.map((change, index) => ({
      from: Math.max(change.at, from) as TimeUs,
      to: Math.min(changes[index + 1]?.at ?? to, to) as TimeUs,
      hosts: change.hosts,
    }));
    const real = stretches.filter((one) => one.to > one.from);
    const merged: Holding[] = [];
    for (const one of real) {
      const before = merged.at(-1);
      if (before !== undefined && sameHosts(before.hosts, one.hosts)) {
        merged[merged.length - 1] = { ...before, to: one.to };
      } else merged.push(one);
    }
    return merged;
  }

  #look(): void {
    const at = this.#lan.engine.now;
    for (const [address, changes] of this.#changes) {
      const hosts = holdersOf(this.#lan, address);
      const last = changes.at(-1);
      if (last !== undefined && sameHosts(last.hosts, hosts)) continue;
      if (last?.at === at) last.hosts = hosts;
      else changes.push({ at, hosts });
    }
  }
}

function sameHosts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((host, index) => host === b[index]);
}
