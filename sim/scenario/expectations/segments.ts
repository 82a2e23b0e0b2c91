/**
 * Which ports can hear each other: the connected layer 2 segments at this moment. Cables that are
 * pulled or dead in both directions, switches without power and ports that are off or blocked
 * divide; a cable that is dead in one direction connects, since frames still cross it.
 */

import type { Impairments } from '../../lan/lan-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';

/** A name for the segment of every port; two ports with one name can hear each other. */
export class Segments {
  readonly #parent = new Map<string, string>();

  /** `sound`: only by cables without any impairment, in both directions. */
  constructor(lan: LivingLan, options: { readonly sound: boolean } = { sound: false }) {
    for (const found of lan.switches.values()) {
      if (!found.powered) continue;
      for (const port of found.ports) {
        if (!port.up || !port.forwarding || port.detached) continue;
        this.#join(`switch ${found.name}`, `${found.name}:${port.name}`);
      }
    }
    for (const cable of lan.cables) {
      const { aToB, bToA } = cable.impairments;
      const isDead = aToB.muted === true && bToA.muted === true;
      if (options.sound && !(isSound(aToB) && isSound(bToA))) continue;
      if (cable.plugged && !isDead) this.#join(cable.a.id, cable.b.id);
    }
  }

  /** The segment of `NODE:PORT`. */
  of(port: string): string {
    return this.#root(port);
  }

  #join(a: string, b: string): void {
    const [first, second] = [this.#root(a), this.#root(b)];
    if (first !== second) this.#parent.set(second, first);
  }

  #root(port: string): string {
    let root = port;
    for (;;) {
      const above = this.#parent.get(root);
      if (above === undefined) return root;
      root = above;
    }
  }
}

function isSound(impairments: Impairments): boolean {
  return Object.values(impairments).every((value) => isNothing(value));
}

function isNothing(value: Impairments[keyof Impairments]): boolean {
  return typeof value === 'object' ? value.numerator === 0 : !value;
}
