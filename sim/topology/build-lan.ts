/**
 * Brings a `LanSpec` to life on an engine: switches, cables, hosts; then power. The spec was
 * checked by its reader; what cannot be here is a bug. Order is fixed by the spec, so that equal
 * specs run equally.
 */

import { assert, present } from '../../daemon/base/assert.ts';
import { type MacAddress, macFromNumber } from '../../daemon/wire/mac-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { HostNic } from '../host/boot.ts';
import { Host } from '../host/host.ts';
import type { ProgramRegistry } from '../host/machine.ts';
import { createKernel } from '../kernel/kernel.ts';
import { type Cable, createCable } from '../lan/cable.ts';
import { type Port, portId } from '../lan/port.ts';
import { Switch } from '../lan/switch.ts';
import { programRegistry } from '../programs/program-registry.ts';
import { runShell } from '../programs/shell/shell.ts';
import type { CableSpec, HostSpec, LanSpec, NicSpec, PortSpec, SwitchSpec } from './lan-spec.ts';
import type { LivingLan } from './living-lan.ts';

/** Payload of a switch port: jumbo frames pass, the cards decide. */
const SWITCH_MTU = 9216;

/** Builds the LAN; hosts that do not start off boot at once (or after their boot time). */
export function buildLan(
  spec: LanSpec,
  engine: Engine,
  /** Other programs than the usual ones: tests put a broken keepalived in here. */
  programs: ProgramRegistry = programRegistry(),
): LivingLan {
  const switches = new Map(
    spec.switches.map((one, i) => [one.name, makeSwitch(one, i, engine)] as const),
  );
  const hostSpecs = new Map(spec.hosts.map((host) => [host.name, host] as const));
  const cables = spec.cables.map((cable, i) =>
    layCable(cable, { engine, hostSpecs, traceNumber: engine.log.hashing ? i + 1 : undefined }),
  );
  const ends = new Map<string, { readonly cable: Cable; readonly end: 'a' | 'b' }>();
  for (const [i, cable] of spec.cables.entries()) {
    const living = present(cables[i], 'every cable of the spec was laid');
    plug(ends, cable.a, { cable: living, end: 'a' });
    plug(ends, cable.b, { cable: living, end: 'b' });
  }
  for (const cable of spec.cables) {
    for (const end of [cable.a, cable.b]) {
      const { cable: living, end: side } = present(ends.get(keyOf(end)), 'every end is plugged in');
      switches.get(end.node)?.connect(end.port, living[side]);
    }
  }
  const hosts = new Map<string, Host>();
  for (const host of spec.hosts) {
    const nics = host.nics.map((nic) =>
      makeNic(host, nic, ends.get(keyOf({ node: host.name, port: nic.name }))),
    );
    const { epochUs, jitter, keepalivedVersion } = spec;
    hosts.set(
      host.name,
      new Host({
        spec: host,
        engine,
        nics,
        epochUs,
        jitter,
        keepalivedVersion,
        programs,
        shell: runShell,
        makeKernel: createKernel,
      }),
    );
  }
  for (const host of spec.hosts) if (!host.startsOff) hosts.get(host.name)?.powerOn();
  return {
    engine,
    spec,
    hosts,
    switches,
    cables,
    cableAt: (node, port) => ends.get(keyOf({ node, port }))?.cable,
  };
}

function makeSwitch(spec: SwitchSpec, index: number, engine: Engine): Switch {
  return new Switch(engine, {
    name: spec.name,
    kind: spec.kind,
    mac: macFromNumber(0x02_00_5e_00_00_00 + index + 1),
    ageing: spec.ageing,
    forwardDelay: spec.forwardDelay,
    multicastSnooping: spec.multicastSnooping,
    querier: spec.querier,
    linkLocalGroups: spec.linkLocalGroups ?? 'flood',
    mirrors: spec.mirrors,
    dropsUnknown: spec.unknownUnicast === 'drop',
    ...(spec.macsPerPort === undefined ? {} : { macsPerPort: spec.macsPerPort }),
  });
}

function layCable(
  spec: CableSpec,
  options: {
    readonly engine: Engine;
    readonly hostSpecs: ReadonlyMap<string, HostSpec>;
    readonly traceNumber: number | undefined;
  },
): Cable {
  const { engine, hostSpecs, traceNumber } = options;
  const name = `${keyOf(spec.a)}-${keyOf(spec.b)}`;
  const end = (port: PortSpec) => {
    const host = hostSpecs.get(port.node);
    const nic = host?.nics.find((card) => card.name === port.port);
    assert(host === undefined || nic !== undefined, `${keyOf(port)} is no network card`);
    return {
      id: portId(port.node, port.port),
      mac: nic?.mac ?? macFromNumber(0),
      mtu: nic?.mtu ?? SWITCH_MTU,
      // A host lights its cards when it boots; those that boot at once have light from the start.
      powered: host === undefined || (!host.startsOff && host.bootTime === 0),
    };
  };
  return createCable(engine, {
    name,
    a: end(spec.a),
    b: end(spec.b),
    delay: spec.delay,
    ...(spec.rateBitsPerSecond === undefined ? {} : { rateBitsPerSecond: spec.rateBitsPerSecond }),
    queueFrames: spec.queueFrames,
    random: engine.streams.named(`cable:${name}`),
    ...(traceNumber === undefined ? {} : { traceNumber }),
  });
}

function makeNic(
  host: HostSpec,
  nic: NicSpec,
  plugged: { readonly cable: Cable; readonly end: 'a' | 'b' } | undefined,
): HostNic {
  if (plugged === undefined) {
    return { spec: nic, port: emptySocket(host, nic), setPower: () => {} };
  }
  const { cable, end } = plugged;
  return { spec: nic, port: cable[end], setPower: (on) => cable.setEndPower(end, on) };
}

/** A card without a cable: never a signal. */
function emptySocket(host: HostSpec, nic: NicSpec): Port {
  const mac: MacAddress = nic.mac;
  return {
    id: portId(host.name, nic.name),
    mac,
    mtu: nic.mtu,
    carrier: false,
    send: () => {},
    attach: () => {},
  };
}

function plug(
  ends: Map<string, { readonly cable: Cable; readonly end: 'a' | 'b' }>,
  at: PortSpec,
  what: { readonly cable: Cable; readonly end: 'a' | 'b' },
): void {
  assert(!ends.has(keyOf(at)), `two cables in ${keyOf(at)}`);
  ends.set(keyOf(at), what);
}

function keyOf(port: PortSpec): string {
  return `${port.node}:${port.port}`;
}
