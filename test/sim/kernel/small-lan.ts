/**
 * A few kernels on one switch, and the little that tests of the kernel need of programs: ping and
 * keepalived's frames.
 */

import type { DurationUs, TimeUs } from '../../../daemon/base/time.ts';
import { ARP_REQUEST, type ArpPacket, buildArpFrame, decodeArp } from '../../../daemon/wire/arp.ts';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  readDestinationMac,
  readEtherType,
  readSourceMac,
} from '../../../daemon/wire/ethernet.ts';
import { encodeIcmp, type IcmpMessage, icmpLength } from '../../../daemon/wire/icmp.ts';
import {
  formatIp,
  type IpAddress,
  type IpPrefix,
  parseIp,
  parsePrefix,
} from '../../../daemon/wire/ip-address.ts';
import { encodeIpv4Header, NO_OPTIONS } from '../../../daemon/wire/ipv4.ts';
import { formatIpv4, type Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import type { Ipv6Address } from '../../../daemon/wire/ipv6-address.ts';
import {
  BROADCAST_MAC,
  formatMac,
  type MacAddress,
  parseMac,
} from '../../../daemon/wire/mac-address.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import { createKernel, type Kernel } from '../../../sim/kernel/kernel.ts';
import type { NetlinkEvent } from '../../../sim/kernel/kernel-api.ts';
import { type Cable, createCable } from '../../../sim/lan/cable.ts';
import { portId } from '../../../sim/lan/port.ts';
import { Switch } from '../../../sim/lan/switch.ts';
import { AGEING_DEFAULT_US } from '../../../sim/lan/switch-options.ts';

export const mac = (text: string): MacAddress => {
  const value = parseMac(text);
  if (value === undefined) throw new Error(`bad MAC ${text}`);
  return value;
};

export const ip = (text: string): IpAddress => {
  const value = parseIp(text);
  if (value === undefined) throw new Error(`bad address ${text}`);
  return value;
};

export const ip4 = (text: string): Ipv4Address => ip(text) as Ipv4Address;
export const ip6 = (text: string): Ipv6Address => ip(text) as Ipv6Address;

export const prefix = (text: string): IpPrefix => {
  const value = parsePrefix(text);
  if (value === undefined) throw new Error(`bad prefix ${text}`);
  return value;
};

/** A frame as a host gave it to its cable. */
export interface Sent {
  readonly at: number;
  readonly from: string;
  readonly text: string;
  readonly frame: Uint8Array;
}

export interface SmallLan {
  readonly engine: Engine;
  readonly lan: Switch;
  /** Frames as they enter the switch's cables from hosts, as text. */
  readonly frames: Sent[];
  addHost(name: string, options?: HostOptions): Kernel;
  cable(name: string): Cable;
  /** Runs until that moment, in seconds. */
  runTo(seconds: number): void;
  /** Calls `action` at that moment, in seconds. */
  at(seconds: number, action: () => void): void;
}

export interface HostOptions {
  readonly mac?: string;
  readonly address?: string;
  readonly ipv6?: boolean;
  readonly tickPhaseUs?: number;
  readonly nic?: string;
  readonly mtu?: number;
  readonly sysctl?: Readonly<Record<string, string>>;
}

/** A switch without hosts. */
export function makeSmallLan(seed = 1): SmallLan {
  const engine = new Engine({ seed });
  const cables = new Map<string, Cable>();
  const frames: Sent[] = [];
  const lan = new Switch(engine, {
    name: 'sw1',
    kind: 'switch',
    mac: mac('02:ff:00:00:00:01'),
    ageing: AGEING_DEFAULT_US,
    forwardDelay: 0 as DurationUs,
    multicastSnooping: false,
    querier: false,
    linkLocalGroups: 'flood',
    mirrors: [],
  });
  let hosts = 0;
  return {
    engine,
    lan,
    frames,
    addHost(name, options = {}) {
      const number = ++hosts;
      const nic = options.nic ?? 'eth0';
      const own = mac(options.mac ?? `02:00:00:00:00:${String(number).padStart(2, '0')}`);
      const mtu = options.mtu ?? 1500;
      const cable = createCable(engine, {
        name: `${name}-sw1`,
        a: { id: portId(name, nic), mac: own, mtu },
        b: { id: portId('sw1', String(number)), mac: mac('02:ff:00:00:00:01'), mtu },
        delay: 10 as DurationUs,
        queueFrames: 1000,
        random: engine.streams.named(`cable:${name}`),
      });
      lan.connect(String(number), cable.b);
      cables.set(name, cable);
      cable.tap(({ at, from, frame }) => {
        if (from === portId(name, nic))
          frames.push({ at, from: name, text: describe(frame), frame });
      });
      const kernel = createKernel({
        engine,
        node: name,
        ...(options.tickPhaseUs === undefined ? {} : { tickPhaseUs: options.tickPhaseUs }),
      });
      kernel.addEthernet({ name: nic, mac: own, mtu, port: cable.a });
      if (options.ipv6 !== true) kernel.setSysctl('net.ipv6.conf.all.disable_ipv6', '1');
      for (const [key, value] of Object.entries(options.sysctl ?? {})) {
        if (!kernel.setSysctl(key, value)) throw new Error(`sysctl ${key} refused ${value}`);
      }
      kernel.setLinkUp(nic, true);
      if (options.address !== undefined) kernel.addAddress(nic, prefix(options.address));
      return kernel;
    },
    cable(name) {
      const cable = cables.get(name);
      if (cable === undefined) throw new Error(`no cable ${name}`);
      return cable;
    },
    runTo: (seconds) => void engine.runUntil(Math.round(seconds * 1e6) as TimeUs),
    at: (seconds, action) =>
      void engine.schedule(Math.round(seconds * 1e6) as TimeUs, { onEvent: action }, 0, undefined),
  };
}

/** An IPv4 packet with an ICMP message, as ping writes it. */
export function icmpPacket(options: {
  readonly to: Ipv4Address;
  readonly from?: Ipv4Address;
  readonly message: IcmpMessage;
  readonly ttl?: number;
  readonly dontFragment?: boolean;
}): Uint8Array {
  const packet = new Uint8Array(20 + icmpLength(options.message));
  const at = encodeIpv4Header(
    {
      tos: 0,
      totalLength: packet.length,
      identification: 1,
      flags: options.dontFragment === true ? 2 : 0,
      fragmentOffset: 0,
      ttl: options.ttl ?? 64,
      protocol: 1,
      source: options.from ?? (0 as Ipv4Address),
      destination: options.to,
      options: NO_OPTIONS,
    },
    packet,
    0,
  );
  encodeIcmp(options.message, packet, at);
  return packet;
}

export function echoRequest(to: Ipv4Address, sequence: number, size = 56): Uint8Array {
  const payload = new Uint8Array(size);
  return icmpPacket({
    to,
    message: { kind: 'echo-request', identifier: 7, sequence, payload },
  });
}

/** A gratuitous request as keepalived sends it: target MAC ff:ff:ff:ff:ff:ff. */
export function garp(kernel: Kernel, link: string, address: Ipv4Address, as?: MacAddress): void {
  const source = as ?? kernel.link(link)?.mac ?? BROADCAST_MAC;
  kernel.sendFrame(
    link,
    buildArpFrame({
      destination: BROADCAST_MAC,
      source,
      packet: {
        operation: ARP_REQUEST,
        senderHardwareAddress: source,
        senderProtocolAddress: address,
        targetHardwareAddress: BROADCAST_MAC,
        targetProtocolAddress: address,
      },
    }),
  );
}

/** Netlink events about neighbours as `ip monitor neigh` prints them, with the time in seconds. */
export function watchNeighbours(kernel: Kernel, engine: Engine): { at: number; text: string }[] {
  const lines: { at: number; text: string }[] = [];
  kernel.onNetlink((event: NetlinkEvent) => {
    if (event.kind !== 'neighbour-changed' && event.kind !== 'neighbour-removed') return;
    const { address, link, mac: known, state } = event.neighbour;
    const lladdr = known === undefined ? '' : ` lladdr ${formatMac(known)}`;
    const deleted = event.kind === 'neighbour-removed' ? 'Deleted ' : '';
    lines.push({
      at: engine.now / 1e6,
      text: `${deleted}${formatIp(address)} dev ${link}${lladdr} ${state}`,
    });
  });
  return lines;
}

/** One line about a frame: MACs, and what ARP or IP says. */
export function describe(frame: Uint8Array): string {
  const head = `${formatMac(readSourceMac(frame))}>${formatMac(readDestinationMac(frame))}`;
  const type = readEtherType(frame);
  if (type === ETHERTYPE_ARP) {
    const arp = decodeArp(frame, 14, frame.length);
    return typeof arp === 'string' ? `${head} ${arp}` : `${head} ${describeArp(arp)}`;
  }
  if (type === ETHERTYPE_IPV4) {
    const part = (at: number) =>
      formatIpv4(
        ((frame[at] as number) * 0x1000000 +
          (((frame[at + 1] as number) << 16) |
            ((frame[at + 2] as number) << 8) |
            (frame[at + 3] as number))) as Ipv4Address,
      );
    return `${head} ip ${part(26)}>${part(30)} proto ${frame[23]}`;
  }
  return `${head} type ${type.toString(16)}`;
}

function describeArp(arp: ArpPacket): string {
  const sender = formatIpv4(arp.senderProtocolAddress);
  const target = formatIpv4(arp.targetProtocolAddress);
  return arp.operation === ARP_REQUEST
    ? `who-has ${target} tell ${sender}`
    : `reply ${sender} is-at ${formatMac(arp.senderHardwareAddress)}`;
}
