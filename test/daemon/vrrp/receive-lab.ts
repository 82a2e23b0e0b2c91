/** Adverts made by hand and hosts that receive them, for tests of the receive path. */

import { expect } from 'vitest';
import { seconds } from '../../../daemon/base/time.ts';
import type { Command } from '../../../daemon/core/commands.ts';
import { buildAdvert } from '../../../daemon/vrrp/advert.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { newInstance } from '../../../daemon/vrrp/vrrp-machine.ts';
import { internetChecksum } from '../../../daemon/wire/checksum.ts';
import { type FakeHost, FakeLan, s } from '../core/fake-system.ts';
import { instance, ip, vrrp } from './config-fixture.ts';

/** Changes a packet before it is delivered. */
export type Edit = (packet: Uint8Array) => unknown;

/** An advert of 192.168.100.12 as `config` would send it, then edited. */
export function advert(
  options: {
    readonly config?: Partial<VrrpInstanceConfig>;
    readonly priority?: number;
    readonly from?: string;
    readonly to?: string;
    readonly edit?: Edit;
    /** Of AH. */
    readonly sequence?: number;
  } = {},
): Uint8Array {
  const sender = newInstance(instance(options.config), 0 as never);
  sender.packetId = 1;
  sender.ahSequence = options.sequence ?? 0;
  const packet = buildAdvert(sender, {
    priority: options.priority ?? 150,
    source: ip(options.from ?? '192.168.100.12'),
    destination: ip(options.to ?? '224.0.0.18'),
  });
  options.edit?.(packet);
  return packet;
}

/** Makes the VRRP checksum right again after an edit. */
export function fix(packet: Uint8Array): void {
  packet[26] = 0;
  packet[27] = 0;
  const sum = internetChecksum(packet, 20, packet.length - 20);
  packet[26] = sum >>> 8;
  packet[27] = sum & 0xff;
}

/** Sets one octet. */
export function put(at: number, value: number): Edit {
  return (packet) => packet.fill(value, at, at + 1);
}

/** Flips the lowest bit of one octet. */
export function flip(at: number): Edit {
  return (packet) => packet.fill((packet[at] as number) ^ 1, at, at + 1);
}

/** Sets one octet and makes the checksum right again. */
export function set(at: number, value: number): Edit {
  return (packet) => {
    packet[at] = value;
    fix(packet);
  };
}

/** A host in BACKUP (priority 100, at 1 s) or MASTER (at 5 s). */
export function host(
  state: 'BACKUP' | 'MASTER',
  config: Partial<VrrpInstanceConfig> = {},
): FakeHost {
  const lan = new FakeLan();
  const one = lan.host('n1', 11);
  one.start(vrrp({ instances: [instance(config)] }));
  const interval = config.advertInterval ?? seconds(1);
  lan.run(state === 'BACKUP' ? s(1) : 5 * interval);
  expect(one.states()).toBe(`VI_1=${state}`);
  return one;
}

/** What the packet makes the host do. */
export function receive(one: FakeHost, packet: Uint8Array): readonly Command[] {
  const before = one.commands.length;
  one.event({ kind: 'vrrp-packet', interface: 'eth0', packet, at: 0 });
  return one.commands.slice(before);
}

/** The log lines among commands. */
export function texts(commands: readonly Command[]): string[] {
  return commands.flatMap((c) => (c.kind === 'log' ? [c.text] : []));
}

/** When the first instance's timer runs out. */
export function timer(one: FakeHost): number | undefined {
  return one.daemon?.status().instances[0]?.timerDueAt;
}
