/**
 * A director with the addresses and MACs of the recordings under `ipvs/forwarding`, on two fake ports: what
 * the recorded clients and servers sent goes in at the recorded moments, what the director sends is kept.
 */

import { readFileSync } from 'node:fs';
import type { TimeUs } from '../../daemon/base/time.ts';
import { parseIp, parsePrefix } from '../../daemon/wire/ip-address.ts';
import { formatMac, parseMac, readMac } from '../../daemon/wire/mac-address.ts';
import { Engine } from '../../sim/engine/engine.ts';
import { resolveNothing, runIpvsadm } from '../../sim/host/ipvsadm-run.ts';
import { createKernel, type Kernel } from '../../sim/kernel/kernel.ts';
import { type Port, type PortReceiver, portId } from '../../sim/lan/port.ts';
import { readCapture } from '../../sim/report/pcap-read.ts';

const DIRECTOR_MACS: readonly string[] = ['02:00:00:00:0a:fe', '02:00:00:00:0b:fe'];

/** A frame at one of the director's two ports. */
export interface PortFrame {
  readonly atUs: number;
  readonly nic: 'eth0' | 'eth1';
  readonly frame: Uint8Array;
}

/** The director, its two ears, and what it has sent. */
export interface Director {
  readonly engine: Engine;
  readonly kernel: Kernel;
  readonly sent: PortFrame[];
  receive(nic: 'eth0' | 'eth1', frame: Uint8Array): void;
  ipvsadm(line: string): string;
}

type NicAddress = readonly [nic: 'eth0' | 'eth1', prefix: string];

/** Those of the recordings under `forwarding`: 10.10.0.254 and the VIP on eth0, 10.20.0.254 on eth1. */
const RECORDED_ADDRESSES: readonly NicAddress[] = [
  ['eth0', '10.10.0.254/24'],
  ['eth0', '10.10.0.100/32'],
  ['eth1', '10.20.0.254/24'],
];

/** Makes the director; IPv6 is off when none of its addresses is of that family. */
export function makeDirector(addresses = RECORDED_ADDRESSES): Director {
  const engine = new Engine({ seed: 1 });
  const kernel = createKernel({ engine, node: 'director' });
  const sent: PortFrame[] = [];
  const ears = new Map<string, PortReceiver>();
  for (const [index, nic] of (['eth0', 'eth1'] as const).entries()) {
    const own = mac(DIRECTOR_MACS[index] as string);
    const port: Port = {
      id: portId('director', nic),
      mac: own,
      mtu: 1500,
      carrier: true,
      send: (frame) => void sent.push({ atUs: engine.now, nic, frame }),
      attach: (receiver) => void ears.set(nic, receiver),
    };
    kernel.addEthernet({ name: nic, mac: own, mtu: 1500, port });
    kernel.setLinkUp(nic, true);
  }
  const hasIpv6 = addresses.some(([, text]) => text.includes(':'));
  kernel.setSysctl('net.ipv6.conf.all.disable_ipv6', hasIpv6 ? '0' : '1');
  kernel.setSysctl('net.ipv4.ip_forward', '1');
  kernel.setSysctl('net.ipv4.conf.all.send_redirects', '0');
  kernel.setSysctl('net.ipv4.conf.eth0.send_redirects', '0');
  for (const [nic, text] of addresses) {
    const prefix = parsePrefix(text);
    if (prefix !== undefined) kernel.addAddress(nic, { ...prefix, noDad: true });
  }
  return {
    engine,
    kernel,
    sent,
    receive: (nic, frame) => ears.get(nic)?.onFrame(frame),
    ipvsadm(line) {
      const words = line.split(' ');
      const result = runIpvsadm(kernel.ipvs, words, { stdin: '', resolve: resolveNothing });
      if (result.code !== 0) throw new Error(`ipvsadm ${line}: ${result.err}`);
      return result.out;
    },
  };
}

/** Adds neighbours that never change. */
export function setNeighbours(director: Director, list: readonly (readonly [string, string])[]) {
  for (const [address, text] of list) {
    const ip = parseIp(address);
    const nic = address.startsWith('10.20.') ? 'eth1' : 'eth0';
    if (ip !== undefined) director.kernel.setNeighbour(nic, ip, mac(text), 'PERMANENT');
  }
}

/** Reads the captures of the director's ports, merged by time from the first frame on. */
export function readPortFrames(
  files: readonly (readonly ['eth0' | 'eth1', string])[],
): PortFrame[] {
  const frames = files.flatMap(([nic, file]) =>
    readCapture(readFileSync(file)).packets.map((packet) => ({
      atUs: packet.timeUs,
      nic,
      frame: packet.bytes,
    })),
  );
  frames.sort((a, b) => a.atUs - b.atUs);
  const first = frames[0]?.atUs ?? 0;
  return frames.map((each) => ({ ...each, atUs: each.atUs - first }));
}

/** Whether the director itself sent the frame. */
export function isFromDirector(frame: Uint8Array): boolean {
  return DIRECTOR_MACS.includes(formatMac(readMac(frame, 6)));
}

/** Feeds what others sent, with commands in between (µs since the first frame). */
export function play(
  director: Director,
  frames: readonly PortFrame[],
  commands: readonly (readonly [number, string])[] = [],
  afterwardsUs = 500_000,
): void {
  const waiting = [...commands];
  const runTo = (atUs: number): void => void director.engine.runUntil((START_US + atUs) as TimeUs);
  for (const each of frames) {
    while (waiting[0] !== undefined && waiting[0][0] <= each.atUs) {
      const [at, line] = waiting.shift() as readonly [number, string];
      runTo(at);
      director.ipvsadm(line);
    }
    if (isFromDirector(each.frame)) continue;
    runTo(each.atUs);
    director.receive(each.nic, each.frame);
  }
  const last = frames.at(-1)?.atUs ?? 0;
  runTo(last + afterwardsUs);
}

/** Recordings begin a second after the machine, so that a first tick and group reports are over. */
const START_US = 1_000_000;

function mac(text: string) {
  const value = parseMac(text);
  if (value === undefined) throw new Error(text);
  return value;
}
