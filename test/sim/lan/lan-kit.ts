/** Small LANs for tests: stations that remember what they heard, on cables of 1 µs. */

import { durationUs, timeUs } from '../../../daemon/base/time.ts';
import { type MacAddress, macFromNumber, writeMac } from '../../../daemon/wire/mac-address.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import { type Cable, type CableOptions, createCable } from '../../../sim/lan/cable.ts';
import { portId } from '../../../sim/lan/port.ts';
import { Switch } from '../../../sim/lan/switch.ts';
import { AGEING_DEFAULT_US, type SwitchOptions } from '../../../sim/lan/switch-options.ts';
import { Ear } from './port-contract.ts';

export const BROADCAST = macFromNumber(0xffffffffffff);

/** 02:00:00:00:00:NN. */
export function stationMac(number: number): MacAddress {
  return macFromNumber(0x020000000000 + number);
}

/** A frame of an experimental type from one address to another; `mark` is its first payload byte. */
export function frameTo(to: MacAddress, from: MacAddress, mark = 0, length = 60): Uint8Array {
  const frame = new Uint8Array(length);
  writeMac(to, frame, 0);
  writeMac(from, frame, 6);
  frame[12] = 0x88;
  frame[13] = 0xb5;
  frame[14] = mark;
  return frame;
}

/** A cable with plain defaults. */
export function layCable(
  engine: Engine,
  name: string,
  change: Partial<CableOptions> = {},
  ends: readonly [string, string] = ['a:eth0', 'b:eth0'],
): Cable {
  const end = (id: string, mac: number) => {
    const [node = '', port = ''] = id.split(':');
    return { id: portId(node, port), mac: stationMac(mac), mtu: 1500 };
  };
  return createCable(engine, {
    name,
    a: end(ends[0], 1),
    b: end(ends[1], 2),
    delay: durationUs(1),
    queueFrames: 100,
    random: engine.streams.named(`cable:${name}`),
    ...change,
  });
}

/** A switch with plain defaults. */
export function makeSwitch(
  engine: Engine,
  name = 'sw1',
  change: Partial<SwitchOptions> = {},
): Switch {
  return new Switch(engine, {
    name,
    kind: 'switch',
    mac: macFromNumber(0x02ff00000001),
    ageing: AGEING_DEFAULT_US,
    forwardDelay: durationUs(0),
    multicastSnooping: false,
    querier: false,
    linkLocalGroups: 'flood',
    mirrors: [],
    ...change,
  });
}

/** A host's NIC without a host. */
export interface Station {
  readonly mac: MacAddress;
  readonly cable: Cable;
  readonly ear: Ear;
  send(to: MacAddress, mark?: number): void;
  /** Marks of the frames heard since the last call. */
  heard(): number[];
}

/** One switch with stations on ports 1, 2, 3 …; frames settle by `run`. */
export class StarLan {
  readonly engine: Engine;
  readonly sw: Switch;
  readonly stations: Station[] = [];

  constructor(count: number, change: Partial<SwitchOptions> = {}, seed = 1) {
    this.engine = new Engine({ seed });
    this.sw = makeSwitch(this.engine, 'sw1', change);
    for (let number = 1; number <= count; number++) this.addStation(number);
  }

  addStation(number: number, change: Partial<CableOptions> = {}): Station {
    const ends: [string, string] = [`h${number}:eth0`, `sw1:${number}`];
    const cable = layCable(this.engine, `h${number}-sw1`, change, ends);
    this.sw.connect(String(number), cable.b);
    const ear = new Ear();
    cable.a.attach(ear);
    const mac = stationMac(number);
    const station: Station = {
      mac,
      cable,
      ear,
      send: (to, mark = 0) => cable.a.send(frameTo(to, mac, mark)),
      heard: () => ear.frames.splice(0).map((frame) => frame[14] as number),
    };
    this.stations.push(station);
    return station;
  }

  station(number: number): Station {
    const station = this.stations[number - 1];
    if (station === undefined) throw new Error(`no station ${number}`);
    return station;
  }

  /** Lets `us` microseconds pass. */
  run(us = 1000): void {
    this.engine.runUntil(timeUs(this.engine.now + us));
  }

  /** What each station heard since the last call. */
  heard(): number[][] {
    return this.stations.map((station) => station.heard());
  }
}
