/**
 * Rules of entries, thresholds and removed servers that no stored recording would tell broken: each was broken by hand, one at a
 * time, and all other tests passed. Source: net/netfilter/ipvs of Linux 6.1, and drawn recordings of it.
 */

import { describe, expect, it } from 'vitest';
import type { TimeUs } from '../../../../daemon/base/time.ts';
import { type Ipv4Address, ipv4FromNumber } from '../../../../daemon/wire/ipv4-address.ts';
import { parseIpv6 } from '../../../../daemon/wire/ipv6-address.ts';
import { Engine } from '../../../../sim/engine/engine.ts';
import { stateName } from '../../../../sim/kernel/ipvs/connection-life.ts';
import type { IpvsState, PacketFacts, ServiceKey } from '../../../../sim/kernel/ipvs/ipvs-state.ts';
import { makeIpvs } from '../../../../sim/kernel/ipvs/make-ipvs.ts';
import { receiveAnswer, receiveRequest } from '../../../../sim/kernel/ipvs/packet-input.ts';
import {
  addServer,
  deleteServer,
  findServer,
  type ServerOptions,
} from '../../../../sim/kernel/ipvs/real-servers.ts';
import { findService } from '../../../../sim/kernel/ipvs/service-lookup.ts';
import { addService, type ServiceOptions } from '../../../../sim/kernel/ipvs/service-table.ts';
import { KernelClock } from '../../../../sim/kernel/kernel-clock.ts';

const VIP = ipv4FromNumber(0x0a0a0064);
const SECOND_US = 1_000_000;
const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10];
const PLAIN = { scheduler: 'rr', schedulerFlags: 0, onePacket: false };
const server = (number: number) => ({ address: ipv4FromNumber(0x0a140000 + number), port: 80 });
const service = (protocol: number, port: number): ServiceKey => ({
  kind: 'address',
  protocol,
  address: VIP,
  port,
});

interface Laboratory {
  readonly engine: Engine;
  readonly state: IpvsState;
}

function make(): Laboratory {
  const engine = new Engine({ seed: 7 });
  const state = makeIpvs({ clock: new KernelClock(engine, 0), random: () => 0 });
  return { engine, state };
}

/** A service with NAT servers 1, 2, … */
function serve(
  { state }: Laboratory,
  key: ServiceKey,
  servers: readonly (Partial<ServerOptions> | undefined)[],
  options: Partial<ServiceOptions> = {},
): void {
  addService(state, key, { ...PLAIN, ...options });
  for (const [index, more] of servers.entries()) {
    addServer(state, key, server(index + 1), { method: 'nat', weight: 1, ...more });
  }
}

function packet(protocol: number, clientPort: number, port: number, flags = 0): PacketFacts {
  return {
    family: 'inet',
    protocol,
    source: ipv4FromNumber(0x0a320001),
    sourcePort: clientPort,
    destination: VIP,
    destinationPort: port,
    mark: 0,
    tcpFlags: flags,
    length: 40,
  };
}

function ask(state: IpvsState, clientPort: number, flags: number, protocol = 6, port = 80) {
  return receiveRequest(state, packet(protocol, clientPort, port, flags), false);
}

/** A packet of a server's to the client. */
function answer(state: IpvsState, number: number, clientPort: number, flags: number, protocol = 6) {
  const { source, ...rest } = packet(protocol, clientPort, 80, flags);
  receiveAnswer(state, {
    ...rest,
    source: server(number).address,
    sourcePort: 80,
    destination: source,
    destinationPort: clientPort,
  });
}

/** Whom a packet went to, or what was said instead. */
function numberOf(verdict: ReturnType<typeof ask>): number | string {
  return typeof verdict === 'string' ? verdict : Number(verdict.serverAddress) & 0xff;
}

describe('an upper threshold', () => {
  it('alone is free again below three quarters of it, not just below it', () => {
    const lab = make();
    const { state } = lab;
    serve(lab, service(6, 80), [{ upperThreshold: 4 }]);
    for (const port of [1001, 1002, 1003, 1004]) expect(numberOf(ask(state, port, SYN))).toBe(1);
    expect(ask(state, 1005, SYN)).toBe('refuse');
    // One leaves, ten seconds behind its reset; then another.
    answer(state, 1, 1001, SYN | ACK);
    ask(state, 1001, ACK);
    ask(state, 1001, RST);
    lab.engine.runUntil((12 * SECOND_US) as TimeUs);
    expect(ask(state, 1005, SYN)).toBe('refuse');
    answer(state, 1, 1002, SYN | ACK);
    ask(state, 1002, ACK);
    ask(state, 1002, RST);
    lab.engine.runUntil((24 * SECOND_US) as TimeUs);
    expect(numberOf(ask(state, 1005, SYN))).toBe(1);
  });
});

describe('a template', () => {
  it('of UDP is assured by an answer, not by a question', () => {
    const lab = make();
    const { state } = lab;
    serve(lab, service(17, 80), [{}], { persistenceSeconds: 100 });
    ask(state, 1001, 0, 17);
    const template = () => {
      const names: string[] = [];
      state.connections.forEach((one) => {
        if (one.isTemplate) names.push(stateName(one));
      });
      return names;
    };
    expect(template()).toEqual(['NONE']);
    answer(state, 1, 1001, 0, 17);
    expect(template()).toEqual(['ASSURED']);
  });

  it('goes with the last connection of a removed server', () => {
    const lab = make();
    const { state, engine } = lab;
    state.settings.expire_nodest_conn = 1;
    serve(lab, service(6, 80), [{}], { persistenceSeconds: 100 });
    ask(state, 1001, SYN);
    expect(state.connections.count).toBe(2);
    deleteServer(state, service(6, 80), server(1));
    engine.runUntil(SECOND_US as TimeUs);
    expect(state.connections.count).toBe(0);
  });
});

describe('one-packet scheduling', () => {
  it('of a mark leaves TCP alone', () => {
    const lab = make();
    const { state } = lab;
    const key: ServiceKey = { kind: 'mark', mark: 5, family: 'inet' };
    serve(lab, key, [{}], { onePacket: true });
    receiveRequest(state, { ...packet(17, 1001, 80), mark: 5 }, false);
    expect(state.connections.count).toBe(0);
    receiveRequest(state, { ...packet(6, 1001, 80, SYN), mark: 5 }, false);
    expect(state.connections.count).toBe(1);
  });
});

describe('a removed server', () => {
  const REMOVED_AND_IDLE = 121;

  /** Connections that are counted for a server which was away for so long, and added again to a service. */
  function again(seconds: number, key = service(6, 80)): number {
    const lab = make();
    const { state, engine } = lab;
    serve(lab, service(6, 80), [{}]);
    serve(lab, service(6, 81), []);
    ask(state, 1001, SYN);
    answer(state, 1, 1001, SYN | ACK);
    ask(state, 1001, ACK);
    ask(state, 1001, RST);
    engine.runUntil((12 * SECOND_US) as TimeUs);
    deleteServer(state, service(6, 80), server(1));
    engine.runUntil((engine.now + seconds * SECOND_US) as TimeUs);
    addServer(state, key, server(1), { method: 'nat', weight: 1 });
    const back = findServer(findService(state, key) as never, server(1));
    return back?.statistics.connections ?? -1;
  }

  it('that is added again has its counters', () => {
    expect(again(100)).toBe(1);
  });

  it('is forgotten when it has been without connections for two minutes', () => {
    expect(again(REMOVED_AND_IDLE)).toBe(0);
  });

  it('is nobody to another service with the same server', () => {
    expect(again(1, service(6, 81))).toBe(0);
  });

  // TIME_WAIT takes two minutes and what the wheel adds.
  it.each([
    [200, 1],
    [270, 0],
  ])(
    'is idle from its last connection on, not from its removal: after %i s',
    (seconds, counted) => {
      const lab = make();
      const { state, engine } = lab;
      serve(lab, service(6, 80), [{}]);
      ask(state, 1001, SYN);
      answer(state, 1, 1001, SYN | ACK);
      ask(state, 1001, ACK);
      answer(state, 1, 1001, FIN | ACK);
      ask(state, 1001, FIN | ACK);
      deleteServer(state, service(6, 80), server(1));
      engine.runUntil((seconds * SECOND_US) as TimeUs);
      expect(state.connections.count).toBe(0);
      addServer(state, service(6, 80), server(1), { method: 'nat', weight: 1 });
      const back = findServer(findService(state, service(6, 80)) as never, server(1));
      expect(back?.statistics.connections).toBe(counted);
    },
  );

  it('may be of another family through a tunnel only', () => {
    const lab = make();
    const { state } = lab;
    serve(lab, service(6, 80), []);
    const other = { address: parseIpv6('fd20::1') as unknown as Ipv4Address, port: 80 };
    expect(addServer(state, service(6, 80), other, { method: 'dr', weight: 1 })).toBe('invalid');
    expect(addServer(state, service(6, 80), other, { method: 'tun', weight: 1 })).toBeUndefined();
  });
});

describe('a packet of the host itself', () => {
  it("that belongs to an answer's way is not scheduled", () => {
    const lab = make();
    const { state } = lab;
    serve(lab, service(6, 80), [{}]);
    // The host is the server, too: 10.20.0.1:80 asks the virtual address from the port that it serves.
    ask(state, 1001, SYN);
    const own: PacketFacts = {
      ...packet(6, 80, 1001, SYN),
      source: VIP,
      destination: ipv4FromNumber(0x0a320001),
    };
    addService(state, { ...service(6, 1001), address: own.destination } as ServiceKey, PLAIN);
    expect(receiveRequest(state, own, true)).toBe('accept');
    expect(receiveRequest(state, own, false)).toBe('refuse');
  });
});
