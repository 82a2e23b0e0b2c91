import { describe, expect, it } from 'vitest';
import type { TimeUs } from '../../../../daemon/base/time.ts';
import { ipv4FromNumber } from '../../../../daemon/wire/ipv4-address.ts';
import { Engine } from '../../../../sim/engine/engine.ts';
import type { IpvsState, PacketFacts, ServiceKey } from '../../../../sim/kernel/ipvs/ipvs-state.ts';
import { makeIpvs } from '../../../../sim/kernel/ipvs/make-ipvs.ts';
import { receiveRequest } from '../../../../sim/kernel/ipvs/packet-input.ts';
import { addServer, deleteServer } from '../../../../sim/kernel/ipvs/real-servers.ts';
import { addService } from '../../../../sim/kernel/ipvs/service-table.ts';
import { KernelClock } from '../../../../sim/kernel/kernel-clock.ts';

const VIP = ipv4FromNumber(0x0a0a0064);
const SECOND_US = 1_000_000;

function setUp(options: {
  readonly protocol: number;
  readonly scheduler: string;
  readonly weights: readonly number[];
  readonly onePacket?: boolean;
  readonly persistenceSeconds?: number;
}) {
  const engine = new Engine({ seed: 7 });
  const random = engine.streams.named('test');
  const clock = new KernelClock(engine, 0);
  const state = makeIpvs({ clock, random: () => random.uint32() });
  const { protocol, scheduler, onePacket = false } = options;
  const key: ServiceKey = { kind: 'address', protocol, address: VIP, port: 53 };
  const { persistenceSeconds } = options;
  addService(state, key, {
    scheduler,
    schedulerFlags: 0,
    onePacket,
    ...(persistenceSeconds === undefined ? {} : { persistenceSeconds }),
  });
  for (const [index, weight] of options.weights.entries()) {
    const which = { address: ipv4FromNumber(0x0a140001 + index), port: 53 };
    addServer(state, key, which, { method: 'nat', weight });
  }
  return { engine, state, key };
}

/** The last octet of the server that a client's packet goes to. */
function send(state: IpvsState, protocol: number, client: number): number | string {
  const packet: PacketFacts = {
    family: 'inet',
    protocol,
    source: ipv4FromNumber(0x0a320000 + client),
    sourcePort: 1024,
    destination: VIP,
    destinationPort: 53,
    mark: 0,
    tcpFlags: protocol === 6 ? 0x02 : 0,
    length: 40,
  };
  const verdict = receiveRequest(state, packet, false);
  return typeof verdict === 'string' ? verdict : Number(verdict.serverAddress) & 0xff;
}

describe('UDP', () => {
  it('keeps a client on its server for 300 s after its last packet, and counts it inactive', () => {
    const { engine, state } = setUp({ protocol: 17, scheduler: 'rr', weights: [1, 1] });
    const first = send(state, 17, 1);
    expect(send(state, 17, 1)).toBe(first);
    expect(send(state, 17, 2)).not.toBe(first);
    expect(state.connections.count).toBe(2);
    expect(state.services[0]?.first?.inactiveConnections).toBe(1);
    engine.runUntil((299 * SECOND_US) as TimeUs);
    expect(state.connections.count).toBe(2);
    // The timer wheel rounds such a time up to 16.4 s (4096 ticks of 4 ms).
    engine.runUntil((317 * SECOND_US) as TimeUs);
    expect(state.connections.count).toBe(0);
  });

  it('a template of the same lifetime goes with its last connection, not a minute later', () => {
    const { engine, state } = setUp({
      protocol: 17,
      scheduler: 'rr',
      weights: [1, 1],
      persistenceSeconds: 300,
    });
    send(state, 17, 1);
    expect(state.connections.count).toBe(2);
    engine.runUntil((317 * SECOND_US) as TimeUs);
    expect(state.connections.count).toBe(0);
  });

  it('with sed goes to the heaviest server, because nothing is ever active', () => {
    const { state } = setUp({ protocol: 17, scheduler: 'sed', weights: [1, 5, 2] });
    const picks = Array.from({ length: 20 }, (_, client) => send(state, 17, client));
    expect(new Set(picks)).toEqual(new Set([2]));
  });

  it('with --ops schedules each datagram and leaves no entry', () => {
    const options = { protocol: 17, scheduler: 'rr', weights: [1, 1, 1], onePacket: true };
    const { state } = setUp(options);
    const picks = Array.from({ length: 6 }, () => send(state, 17, 1));
    expect(picks).toEqual([3, 2, 1, 3, 2, 1]);
    expect(state.connections.count).toBe(0);
    expect(state.services[0]?.first?.inactiveConnections).toBe(0);
  });
});

describe('twos', () => {
  // proves: scheduler:twos
  it('spreads connections by weight, never to weight 0', () => {
    const { state } = setUp({ protocol: 6, scheduler: 'twos', weights: [1, 3, 0] });
    const counts = new Map<number | string, number>();
    for (let client = 0; client < 4000; client++) {
      const server = send(state, 6, client);
      counts.set(server, (counts.get(server) ?? 0) + 1);
    }
    expect(counts.has(3)).toBe(false);
    // Two draws and the lighter load keep the shares close to 1:3.
    expect((counts.get(2) ?? 0) / 4000).toBeGreaterThan(0.72);
    expect((counts.get(2) ?? 0) / 4000).toBeLessThan(0.78);
  });
});

describe('what happens later than the command or the packet', () => {
  it('expire_nodest_conn ends connections a tick after the removal, unless the server is back', () => {
    const { engine, state, key } = setUp({ protocol: 6, scheduler: 'rr', weights: [1] });
    state.settings.expire_nodest_conn = 1;
    const which = { address: ipv4FromNumber(0x0a140001), port: 53 };
    send(state, 6, 1);
    deleteServer(state, key, which);
    expect(state.connections.count).toBe(1);
    addServer(state, key, which, { method: 'nat', weight: 1 });
    engine.runUntil(SECOND_US as TimeUs);
    expect(state.connections.count).toBe(1);
    deleteServer(state, key, which);
    engine.runUntil((SECOND_US + 3_000) as TimeUs);
    expect(state.connections.count).toBe(1);
    engine.runUntil((SECOND_US + 13_000) as TimeUs);
    expect(state.connections.count).toBe(0);
  });

  it.each(['lblc', 'lblcr'])(
    '%s forgets an address unused for long at its half-hourly check',
    (scheduler) => {
      const { engine, state, key } = setUp({ protocol: 17, scheduler, weights: [1] });
      state.settings.lblc_expiration = 900;
      state.settings.lblcr_expiration = 900;
      expect(send(state, 17, 1)).toBe(1);
      // What is new stands first in the list: who asks anew gets it.
      const which = { address: ipv4FromNumber(0x0a140002), port: 53 };
      addServer(state, key, which, { method: 'nat', weight: 1 });
      // Unused for longer than that, but the check is still to come.
      engine.runUntil((1000 * SECOND_US) as TimeUs);
      expect(send(state, 17, 2)).toBe(1);
      // Thirty rounds of a minute, each late by up to 2 s; used 900 s before, it goes with the second check only.
      engine.runUntil((1860 * SECOND_US) as TimeUs);
      expect(send(state, 17, 3)).toBe(1);
      engine.runUntil((3720 * SECOND_US) as TimeUs);
      expect(send(state, 17, 4)).toBe(2);
    },
  );
});
