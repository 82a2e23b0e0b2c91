/**
 * Who sends VRRP adverts, seen on the cables of the hosts. Only there when an expectation asks for
 * it, since it looks at every frame of these cables.
 */

import { type DurationUs, elapsed, seconds, type TimeUs } from '../../../daemon/base/time.ts';
import type { Engine } from '../../engine/engine.ts';
import type { LivingLan } from '../../topology/living-lan.ts';

/**
 * After that long without an advert nobody counts as sending: three intervals of a second and a
 * skew.
 */
const SILENCE = seconds(4);

const ETHERTYPE_AT = 12;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VRRP = 112;
const AH = 51;

/** Keeps, per VRID, the last advert's sender. */
export class AdvertWatch {
  readonly #last = new Map<number, { readonly host: string; readonly at: TimeUs }>();
  readonly #engine: Engine;
  readonly #onChange: () => void;

  constructor(lan: LivingLan, onChange: () => void) {
    this.#engine = lan.engine;
    this.#onChange = onChange;
    for (const cable of lan.cables) {
      for (const end of [cable.a, cable.b]) {
        const host = end.id.slice(0, end.id.indexOf(':'));
        if (!lan.hosts.has(host)) continue;
        cable.tap((event) => {
          if (event.from !== end.id || event.late === true) return;
          const vrid = vridOf(event.frame);
          if (vrid !== undefined) this.#heard(vrid, host);
        });
      }
    }
  }

  /** The host whose advert was the last, `undefined` when all are silent. */
  senderOf(vrid: number): string | undefined {
    const last = this.#last.get(vrid);
    if (last === undefined || elapsed(last.at, this.#engine.now) >= SILENCE) return undefined;
    return last.host;
  }

  /** The silence may end in a change without any event. */
  onEvent(): void {
    this.#onChange();
  }

  #heard(vrid: number, host: string): void {
    const before = this.senderOf(vrid);
    this.#last.set(vrid, { host, at: this.#engine.now });
    this.#engine.scheduleAfter(SILENCE as DurationUs, this, 0, undefined);
    if (before !== host) this.#onChange();
  }
}

/** The VRID of an advert in an Ethernet frame; `undefined` for anything else. */
function vridOf(frame: Uint8Array): number | undefined {
  const type = ((frame[ETHERTYPE_AT] ?? 0) << 8) | (frame[ETHERTYPE_AT + 1] ?? 0);
  if (type === IPV4) {
    const header = ((frame[14] ?? 0) & 0x0f) * 4;
    const protocol = frame[23];
    if (protocol === VRRP) return frame[14 + header + 1];
    if (protocol !== AH || frame[14 + header] !== VRRP) return undefined;
    const skip = ((frame[14 + header + 1] ?? 0) + 2) * 4;
    return frame[14 + header + skip + 1];
  }
  return type === IPV6 && frame[20] === VRRP ? frame[55] : undefined;
}
