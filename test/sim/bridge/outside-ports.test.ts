/** Ports to the outside that need no privilege: VXLAN over the loopback interface, and recorded captures. */

import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { durationUs, timeUs } from '../../../daemon/base/time.ts';
import { BridgeError } from '../../../sim/bridge/bridge-error.ts';
import { openPcapPort, PcapPort } from '../../../sim/bridge/pcap-port.ts';
import { openVxlan } from '../../../sim/bridge/vxlan-port.ts';
import type { Port, PortReceiver } from '../../../sim/lan/port.ts';
import { portId } from '../../../sim/lan/port.ts';
import { writePcapng } from '../../../sim/report/pcapng-write.ts';
import { Ear, itKeepsThePortContract, markedFrame, type PortPair } from '../lan/port-contract.ts';

describe('vxlan port', () => {
  itKeepsThePortContract(vxlanPair);

  it('takes in datagrams of its peer and network only, and counts the others', async () => {
    const port = await openVxlan({ peer: '127.0.0.2', peerPort: 9, listenPort: 0, vni: 7 });
    const ear = new Ear();
    port.attach(ear);
    const stranger = createSocket('udp4');
    const send = (bytes: Uint8Array, from: typeof stranger) =>
      new Promise((done) => from.send(bytes, port.listenPort, '127.0.0.1', done));
    await send(datagram(7, markedFrame(1)), stranger);
    const peer = createSocket('udp4');
    await new Promise<void>((done) => peer.bind(0, '127.0.0.2', () => done()));
    await send(datagram(8, markedFrame(2)), peer);
    await send(Uint8Array.of(8, 0, 0), peer);
    await send(datagram(7, new Uint8Array(13)), peer);
    await send(datagram(7, markedFrame(3)), peer);
    await sleep(100);
    port.drain(10);
    expect(ear.frames.map((frame) => frame[59])).toEqual([3]);
    expect(port.counters).toMatchObject({ received: 1, foreign: 2, malformed: 2 });
    for (const one of [stranger, peer]) one.close();
    port.close();
  });

  it('says which port is taken and how to take another', async () => {
    const first = await openVxlan({ peer: '127.0.0.1', listenPort: 0, vni: 1 });
    const again = openVxlan({ peer: '127.0.0.1', listenPort: first.listenPort, vni: 1 });
    await expect(again).rejects.toThrow(/cannot listen on UDP port \d+ .*listen=PORT/);
    await expect(again).rejects.toBeInstanceOf(BridgeError);
    first.close();
  });
});

describe('pcap port', () => {
  itKeepsThePortContract(pcapPair);

  it('gives the frames of a capture at their times, counted from the first', () => {
    let now = 0;
    const frames = [0, 1_000, 5_000].map((at, index) => ({
      at: timeUs(at),
      frame: markedFrame(index),
      interfaceIndex: 0,
    }));
    const bytes = writePcapng({
      epochUs: 1_767_225_600_000_000,
      application: 'test',
      interfaces: [{ name: 'x' }],
      frames,
    });
    const port = openPcapPort({ name: 'x', bytes, startsAfter: durationUs(10), now: () => now });
    const ear = new Ear();
    port.attach(ear);
    const heard = [9, 10, 1_009, 1_010, 9_000].map((at) => {
      now = at;
      port.drain(10);
      return ear.frames.length;
    });
    expect(heard).toEqual([0, 1, 1, 2, 3]);
    expect(port.nextDueUs()).toBeUndefined();
  });

  it('refuses what is no capture of Ethernet', () => {
    const open = (bytes: Uint8Array) => () =>
      openPcapPort({ name: 'x.pcap', bytes, startsAfter: durationUs(0), now: () => 0 });
    expect(open(Uint8Array.of(1, 2, 3))).toThrow('x.pcap: cannot read the capture');
  });
});

async function vxlanPair(): Promise<PortPair> {
  const a = await openVxlan({ peer: '127.0.0.1', peerPort: 1, listenPort: 0, vni: 42 });
  const b = await openVxlan({
    peer: '127.0.0.1',
    peerPort: a.listenPort,
    listenPort: 0,
    vni: 42,
  });
  a.close();
  const near = await openVxlan({
    peer: '127.0.0.1',
    peerPort: b.listenPort,
    listenPort: await closedPort(a.listenPort),
    vni: 42,
  });
  return {
    a: near,
    b,
    isRealWire: true,
    setConnected: (on) => {
      near.setCarrier(on);
      b.setCarrier(on);
    },
    settle: async () => {
      for (let round = 0; round < 5; round++) {
        await sleep(10);
        near.drain(100);
        b.drain(100);
      }
    },
    close: () => {
      near.close();
      b.close();
    },
  };
}

/** A port whose socket closes at the next turn of the event loop. */
async function closedPort(port: number): Promise<number> {
  await sleep(20);
  return port;
}

function datagram(vni: number, frame: Uint8Array): Uint8Array {
  const head = Uint8Array.of(8, 0, 0, 0, vni >> 16, (vni >> 8) & 255, vni & 255, 0);
  const bytes = new Uint8Array(head.length + frame.length);
  bytes.set(head);
  bytes.set(frame, head.length);
  return bytes;
}

/** A capture that grows while it is replayed; its far end writes into it and hears what is sent. */
function pcapPair(): PortPair {
  let now = 0;
  const options = { name: 'live.pcap', bytes: new Uint8Array(0), startsAfter: durationUs(0) };
  const a = new PcapPort({ ...options, now: () => now }, []);
  const sent: Uint8Array[] = [];
  a.onSent = (frame) => sent.push(frame);
  let receiver: PortReceiver | undefined;
  const carrierChanges: boolean[] = [];
  const b: Port = {
    id: portId('far', 'end'),
    mac: a.mac,
    mtu: a.mtu,
    get carrier() {
      return a.carrier;
    },
    send: (bytes) => {
      if (a.carrier) {
        a.append({ timeUs: ++now, bytes, originalLength: bytes.length, interfaceIndex: 0 });
      }
    },
    attach: (next) => {
      receiver = next;
    },
  };
  return {
    a,
    b,
    setConnected: (on) => {
      a.setCarrier(on);
      sent.length = 0;
      carrierChanges.push(on);
    },
    settle: () => {
      for (const on of carrierChanges.splice(0)) receiver?.onCarrier(on);
      // Whoever answers within onFrame makes more to deliver.
      for (let round = 0; round < 3; round++) {
        for (const frame of sent.splice(0)) receiver?.onFrame(frame);
        a.drain(100);
      }
    },
  };
}
