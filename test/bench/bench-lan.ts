/**
 * The LANs of the workloads: switches and cables as in ns-3's programs (`peers/ns3/lan.h`): 1 Gbit/s, 1 µs. Who sits at
 * the cables' ends is the workload's business.
 */

import { durationUs, timeUs } from '../../daemon/base/time.ts';
import { type MacAddress, macFromNumber } from '../../daemon/wire/mac-address.ts';
import { Engine } from '../../sim/engine/engine.ts';
import { type Cable, createCable } from '../../sim/lan/cable.ts';
import type { CableEnd } from '../../sim/lan/cable-end.ts';
import { type PortId, portId } from '../../sim/lan/port.ts';
import { Switch } from '../../sim/lan/switch.ts';
import { AGEING_DEFAULT_US } from '../../sim/lan/switch-options.ts';
import type { BenchCounts } from './bench-result.ts';

const RATE = 1_000_000_000;
const DELAY = durationUs(1);
/**
 * Linux' txqueuelen. With ns-3's 100 a server's thousand probes of one tick, which ns-3 never sends,
 * lose 796 of a thousand, and it asks by broadcast instead.
 */
const QUEUE_FRAMES = 1000;

/** Switches, cables, and free ends for hosts. */
export class BenchLan {
  readonly engine: Engine;
  readonly switches: Switch[] = [];
  readonly #cables: Cable[] = [];
  /** The host's end of each host's cable. */
  readonly nics: CableEnd[] = [];
  #macs = 0;

  constructor(seed: number) {
    this.engine = new Engine({ seed });
  }

  addSwitches(count: number): void {
    for (let i = 0; i < count; i++) {
      const sw = new Switch(this.engine, {
        name: `sw${this.switches.length}`,
        kind: 'switch',
        mac: this.#nextMac(),
        ageing: AGEING_DEFAULT_US,
        forwardDelay: durationUs(0),
        multicastSnooping: false,
        querier: false,
        linkLocalGroups: 'flood',
        mirrors: [],
      });
      this.switches.push(sw);
    }
  }

  /** A cable between two switches. */
  trunk(from: number, to: number): void {
    const [a, b] = [`to${to}`, `to${from}`];
    const cable = this.#cable(portId(`sw${from}`, a), portId(`sw${to}`, b));
    this.switches[from]?.connect(a, cable.a);
    this.switches[to]?.connect(b, cable.b);
  }

  /** A cable for one more host; its end is the NIC. */
  addHost(atSwitch: number): CableEnd {
    const number = this.nics.length;
    const cable = this.#cable(portId(`h${number}`, 'eth0'), portId(`sw${atSwitch}`, `h${number}`));
    this.switches[atSwitch]?.connect(`h${number}`, cable.b);
    this.nics.push(cable.a);
    return cable.a;
  }

  /** Lets so many seconds of virtual time pass. */
  runSeconds(seconds: number): void {
    this.engine.runUntil(timeUs(seconds * 1_000_000));
  }

  /** What happened so far; `messages` is the workload's own count. */
  counts(messages: number): BenchCounts {
    let linkFrames = 0;
    let hostFrames = 0;
    const nics = new Set(this.nics);
    for (const { a, b } of this.#cables) {
      linkFrames += a.delivered + b.delivered;
      if (nics.has(a)) hostFrames += b.delivered;
    }
    return { events: this.engine.eventCount, linkFrames, hostFrames, messages };
  }

  #cable(a: PortId, b: PortId): Cable {
    const name = `${a}-${b}`;
    const cable = createCable(this.engine, {
      name,
      a: { id: a, mac: this.#nextMac(), mtu: 1500 },
      b: { id: b, mac: this.#nextMac(), mtu: 1500 },
      delay: DELAY,
      rateBitsPerSecond: RATE,
      queueFrames: QUEUE_FRAMES,
      random: this.engine.streams.named(`cable:${name}`),
    });
    this.#cables.push(cable);
    return cable;
  }

  #nextMac(): MacAddress {
    return macFromNumber(0x020000000000 + ++this.#macs);
  }
}
