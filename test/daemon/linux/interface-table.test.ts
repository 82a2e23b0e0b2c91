import { describe, expect, test } from 'vitest';
import { InterfaceTable } from '../../../daemon/linux/interface-table.ts';
import { decodeNetlink } from '../../../daemon/linux/rtnetlink.ts';
import { parseIpv4 } from '../../../daemon/wire/ipv4-address.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const UP = 0x1;
const RUNNING = 0x40;

function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3);
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, 4);
  return bytes;
}

function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, body]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function link(type: number, options: { index: number; name: string; flags: number }): Buffer {
  const body = Buffer.alloc(16);
  body.writeInt32LE(options.index, 4);
  body.writeUInt32LE(options.flags, 8);
  const attributes = [
    attribute(3, Buffer.from(`${options.name}\0`)),
    attribute(1, Buffer.from('020000000011', 'hex')),
    attribute(4, u32(1500)),
  ];
  return message(type, Buffer.concat([body, ...attributes]));
}

function address(
  type: number,
  options: { index: number; ip: string; secondary?: boolean },
): Buffer {
  const body = Buffer.alloc(8);
  body.set([2, 24, 0, 0]);
  body.writeInt32LE(options.index, 4);
  const ip = Buffer.from(options.ip.split('.').map(Number));
  const attributes = [
    attribute(1, ip),
    attribute(2, ip),
    attribute(3, Buffer.from('eth0:1\0')),
    attribute(8, u32(options.secondary ? 1 : 0)),
  ];
  return message(type, Buffer.concat([body, ...attributes]));
}

function apply(table: InterfaceTable, ...messages: readonly Buffer[]): string[] {
  return decodeNetlink(Buffer.concat(messages))
    .flatMap((one) => table.apply(one))
    .map((event) => `${event.kind} ${'interface' in event ? event.interface : ''}`);
}

describe('interfaces from netlink', () => {
  test('a link with addresses reads as facts, in the order of the kernel', () => {
    const table = new InterfaceTable();
    apply(
      table,
      link(RTM_NEWLINK, { index: 2, name: 'eth0', flags: UP | RUNNING | 0x1000 }),
      address(RTM_NEWADDR, { index: 2, ip: '10.0.0.1' }),
      address(RTM_NEWADDR, { index: 2, ip: '10.0.0.2', secondary: true }),
    );
    expect(table.named('eth0')).toMatchObject({
      index: 2,
      mac: 0x020000000011,
      mtu: 1500,
      up: true,
      running: true,
      multicast: true,
      loopback: false,
      kind: 'physical',
      addresses: [
        { address: parseIpv4('10.0.0.1'), length: 24, secondary: false, label: 'eth0:1' },
        { address: parseIpv4('10.0.0.2'), length: 24, secondary: true },
      ],
    });
  });

  test('each change is one event, a repetition is none', () => {
    const table = new InterfaceTable();
    const up = link(RTM_NEWLINK, { index: 2, name: 'eth0', flags: UP | RUNNING });
    const noCarrier = link(RTM_NEWLINK, { index: 2, name: 'eth0', flags: UP });
    const own = address(RTM_NEWADDR, { index: 2, ip: '10.0.0.1' });
    expect(apply(table, up)).toEqual(['link-changed eth0']);
    expect(apply(table, up)).toEqual([]);
    expect(apply(table, noCarrier)).toEqual(['link-changed eth0']);
    expect(apply(table, own, own)).toEqual(['address-added eth0']);
    const gone = address(RTM_DELADDR, { index: 2, ip: '10.0.0.1' });
    expect(apply(table, gone, gone)).toEqual(['address-removed eth0']);
    const removed = link(RTM_DELLINK, { index: 2, name: 'eth0', flags: 0 });
    expect(apply(table, removed, removed)).toEqual(['link-removed eth0']);
    expect(table.interfaces()).toEqual([]);
  });

  test('a renamed link is one that goes and one that comes', () => {
    const table = new InterfaceTable();
    apply(table, link(RTM_NEWLINK, { index: 2, name: 'eth0', flags: UP }));
    apply(table, address(RTM_NEWADDR, { index: 2, ip: '10.0.0.1' }));
    const renamed = link(RTM_NEWLINK, { index: 2, name: 'lan', flags: UP });
    // Its address comes along, and netlink says nothing of it.
    const events = ['link-removed eth0', 'link-changed lan', 'address-added lan'];
    expect(apply(table, renamed)).toEqual(events);
  });

  test('after an overrun only the differences to the new dump are told', () => {
    const table = new InterfaceTable();
    const two = link(RTM_NEWLINK, { index: 2, name: 'eth0', flags: UP });
    const three = link(RTM_NEWLINK, { index: 3, name: 'eth1', flags: UP });
    const first = address(RTM_NEWADDR, { index: 2, ip: '10.0.0.1' });
    const second = address(RTM_NEWADDR, { index: 2, ip: '10.0.0.2' });
    apply(table, two, three, first);
    const dump = decodeNetlink(Buffer.concat([two, second]));
    const events = table.resynchronise(dump).map((event) => event.kind);
    expect(events).toEqual(['address-removed', 'link-removed', 'address-added']);
  });

  test('cut-off, empty and random datagrams never throw', () => {
    const whole = link(RTM_NEWLINK, { index: 2, name: 'eth0', flags: UP });
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeNetlink(whole.subarray(0, length))).not.toThrow();
      const cut = Buffer.from(whole.subarray(0, length));
      if (length >= 4) cut.writeUInt32LE(length, 0);
      expect(() => decodeNetlink(cut)).not.toThrow();
    }
    let state = 1;
    const noise = Buffer.alloc(4096);
    for (let at = 0; at < noise.length; at++) {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      noise[at] = state >>> 16;
    }
    for (let at = 0; at + 64 < noise.length; at += 16) {
      const piece = Buffer.from(noise.subarray(at, at + 64));
      piece.writeUInt32LE(64, 0);
      piece.writeUInt16LE(16 + (at % 12), 4);
      expect(() => decodeNetlink(piece)).not.toThrow();
    }
  });
});
