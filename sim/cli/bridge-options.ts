/** The words behind `--tap`, `--packet`, `--vxlan` and `--replay-pcap`: a port of the LAN and what it is joined to. */

import { basename } from 'node:path';
import { parseMac } from '../../daemon/wire/mac-address.ts';
import { VXLAN_PORT } from '../../daemon/wire/vxlan.ts';
import type { PortWish } from '../bridge/open-ports.ts';
import { UsageError } from './exit-codes.ts';

/** Ports as the command line names them. */
export interface PortOptions {
  readonly tap?: readonly string[];
  readonly packet?: readonly string[];
  readonly vxlan?: readonly string[];
  readonly replayPcap?: readonly string[];
}

const VNI_DEFAULT = 1;
const VNI_MAX = 0xff_ffff;
const MTU_MIN = 68;
const MTU_MAX = 65_521;

/** All ports, in the order of the kinds. Fails: `UsageError`. */
export function readPortWishes(options: PortOptions): readonly PortWish[] {
  const wishes = [
    ...(options.tap ?? []).map(readTap),
    ...(options.packet ?? []).map(readPacket),
    ...(options.vxlan ?? []).map(readVxlan),
    ...(options.replayPcap ?? []).map(readPcap),
  ];
  if (wishes.length === 0) {
    throw new UsageError(
      'no port is joined to a real network: --tap sw1:8=tap0, --packet sw1:8=eth1 or --vxlan sw1:8=PEER',
    );
  }
  for (const [index, wish] of wishes.entries()) {
    if (wishes.findIndex((one) => one.node === wish.node) === index) continue;
    throw new UsageError(`'${wish.node}' is named twice, an interface is joined to one port`);
  }
  return wishes;
}

function readTap(text: string): PortWish {
  const { at, what, more } = split('--tap', text, 'sw1:8=tap0');
  const { mac, mtu, ...rest } = more;
  refuseRest('--tap', rest, 'mac, mtu');
  const parsed = mac === undefined ? undefined : parseMac(mac);
  if (mac !== undefined && parsed === undefined) {
    throw new UsageError(`--tap: expected a MAC address such as 02:00:00:00:00:08, read '${mac}'`);
  }
  return {
    kind: 'tap',
    at,
    node: what,
    tap: {
      name: what,
      ...(parsed === undefined ? {} : { mac: parsed }),
      ...(mtu === undefined ? {} : { mtu: readMtu('--tap', mtu) }),
    },
  };
}

function readPacket(text: string): PortWish {
  const { at, what, more } = split('--packet', text, 'sw1:8=eth1');
  refuseRest('--packet', more, 'none');
  return { kind: 'packet', at, node: what, interface: what };
}

function readVxlan(text: string): PortWish {
  const { at, what, more } = split('--vxlan', text, 'sw1:8=192.0.2.7,vni=42');
  const { vni, port, listen, local, mtu, ...rest } = more;
  refuseRest('--vxlan', rest, 'vni, port, listen, local, mtu');
  const number = vni === undefined ? VNI_DEFAULT : whole('--vxlan: vni', vni, VNI_MAX);
  const peerPort = port === undefined ? VXLAN_PORT : whole('--vxlan: port', port, 65_535);
  return {
    kind: 'vxlan',
    at,
    node: `vxlan-${number}`,
    vxlan: {
      peer: what.replace(/^\[(.*)\]$/, '$1'),
      vni: number,
      peerPort,
      ...(listen === undefined ? {} : { listenPort: whole('--vxlan: listen', listen, 65_535) }),
      ...(local === undefined ? {} : { listenAddress: local }),
      ...(mtu === undefined ? {} : { mtu: readMtu('--vxlan', mtu) }),
    },
  };
}

function readPcap(text: string): PortWish {
  const { at, what } = split('--replay-pcap', text, 'sw1:8=capture.pcapng');
  return { kind: 'pcap', at, node: basename(what), file: what };
}

interface Split {
  readonly at: string;
  readonly what: string;
  readonly more: Readonly<Record<string, string>>;
}

/** `sw1:8=tap0,mtu=1400`. */
function split(option: string, text: string, example: string): Split {
  const match = /^([^=,]+:[^=,]+)=([^,]+)((?:,[^=,]+=[^,]*)*)$/.exec(text);
  const [, at, what, rest = ''] = match ?? [];
  if (at === undefined || what === undefined) {
    throw new UsageError(
      `${option}: expected a port and what it is joined to, such as ${example}, read '${text}'`,
    );
  }
  const pairs = rest.split(',').filter((one) => one !== '');
  const more = pairs.map((one) => {
    const [key = '', ...value] = one.split('=');
    return [key, value.join('=')] as const;
  });
  return { at, what, more: Object.fromEntries(more) };
}

function refuseRest(option: string, rest: Readonly<Record<string, string>>, known: string): void {
  const [key] = Object.keys(rest);
  if (key !== undefined)
    throw new UsageError(`${option}: unknown setting '${key}', known: ${known}`);
}

function whole(what: string, text: string, most: number): number {
  const value = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new UsageError(`${what}: expected a whole number up to ${most}, read '${text}'`);
}

function readMtu(option: string, text: string): number {
  const mtu = whole(`${option}: mtu`, text, MTU_MAX);
  if (mtu >= MTU_MIN) return mtu;
  throw new UsageError(`${option}: mtu: expected at least ${MTU_MIN}, read '${text}'`);
}

/** `--join-vrid 51`, repeatable. */
export function readVrids(texts: readonly string[] | undefined): ReadonlySet<number> {
  return new Set(
    (texts ?? []).map((text) => {
      const vrid = whole('--join-vrid', text, 255);
      if (vrid === 0) throw new UsageError('--join-vrid: expected 1 to 255, read 0');
      return vrid;
    }),
  );
}

/** `--rate-limit 5000`: frames a second. */
export function readRate(text: string): number {
  const rate = whole('--rate-limit', text, 10_000_000);
  if (rate > 0) return rate;
  throw new UsageError('--rate-limit: expected at least 1 frame a second, read 0');
}
