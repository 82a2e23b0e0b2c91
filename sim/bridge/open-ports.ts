/** Opens the ports that a command line asks for; what was opened before a failure is closed again. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { NO_DURATION } from '../../daemon/base/time.ts';
import { BridgeError, reasonOf } from './bridge-error.ts';
import type { DescriptorPort } from './descriptor-port.ts';
import { type LinkCalls, loadLinkCalls } from './link-calls.ts';
import { type LinkChange, LinkWatch } from './link-watch.ts';
import type { OutsidePort } from './outside-port.ts';
import { openPacketPort } from './packet-port.ts';
import { openPcapPort } from './pcap-port.ts';
import { openTap, type TapOptions } from './tap-port.ts';
import { openVxlan, type VxlanOptions } from './vxlan-port.ts';
import { warmUp } from './warm-up.ts';

/** One port of the LAN and the real network that it is joined to. */
export type PortWish = {
  /** The port of the LAN, `sw1:8`. */
  readonly at: string;
  /** Name of the node that stands for the outside; the interface's own where there is one. */
  readonly node: string;
} & (
  | { readonly kind: 'tap'; readonly tap: TapOptions }
  | { readonly kind: 'packet'; readonly interface: string }
  | { readonly kind: 'vxlan'; readonly vxlan: VxlanOptions }
  | { readonly kind: 'pcap'; readonly file: string }
);

/** Ports that are open. */
export interface OpenPorts {
  /** In the order of the wishes. */
  readonly ports: readonly OutsidePort[];
  /** Absent when no port has a descriptor. */
  readonly calls?: LinkCalls;
  readonly watch?: LinkWatch;
  close(): void;
}

/** Opens all. Fails: `BridgeError`. */
export async function openPorts(
  wishes: readonly PortWish[],
  surroundings: {
    /** µs of the bridge's clock, for captures. */
    readonly now: () => number;
    readonly onChange: (change: LinkChange) => void;
  },
): Promise<OpenPorts> {
  const isNative = wishes.some(({ kind }) => kind === 'tap' || kind === 'packet');
  const calls = isNative ? loadLinkCalls() : undefined;
  if (calls !== undefined) warmUp(calls);
  const watch = calls === undefined ? undefined : new LinkWatch(calls, surroundings.onChange);
  const ports: OutsidePort[] = [];
  const close = (): void => {
    for (const port of ports) port.close();
    watch?.close();
  };
  try {
    for (const wish of wishes) {
      const port = await openPort(wish, calls, surroundings.now);
      ports.push(port);
      if (port.descriptor !== undefined) watch?.add(port as DescriptorPort);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    ports,
    ...(calls === undefined ? {} : { calls }),
    ...(watch === undefined ? {} : { watch }),
    close,
  };
}

async function openPort(
  wish: PortWish,
  calls: LinkCalls | undefined,
  now: () => number,
): Promise<OutsidePort> {
  switch (wish.kind) {
    case 'tap':
      return openTap(calls ?? loadLinkCalls(), wish.tap);
    case 'packet':
      return openPacketPort(calls ?? loadLinkCalls(), wish.interface);
    case 'vxlan':
      return openVxlan(wish.vxlan);
    case 'pcap':
      return openPcapPort({
        name: basename(wish.file),
        bytes: readFile(wish.file),
        startsAfter: NO_DURATION,
        now,
      });
  }
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new BridgeError(`cannot read the capture: ${reasonOf(cause)}`, { cause });
  }
}
