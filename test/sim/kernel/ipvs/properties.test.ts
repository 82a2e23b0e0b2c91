import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimeUs } from '../../../../daemon/base/time.ts';
import { ipv4FromNumber } from '../../../../daemon/wire/ipv4-address.ts';
import { Engine } from '../../../../sim/engine/engine.ts';
import type { IpvsState, PacketFacts, ServiceKey } from '../../../../sim/kernel/ipvs/ipvs-state.ts';
import { makeIpvs } from '../../../../sim/kernel/ipvs/make-ipvs.ts';
import { receiveAnswer, receiveRequest } from '../../../../sim/kernel/ipvs/packet-input.ts';
import { addServer, deleteServer, editServer } from '../../../../sim/kernel/ipvs/real-servers.ts';
import { addService, deleteService } from '../../../../sim/kernel/ipvs/service-table.ts';
import { KernelClock } from '../../../../sim/kernel/kernel-clock.ts';

const VIP = ipv4FromNumber(0x0a0a0064);
const KEY: ServiceKey = { kind: 'address', protocol: 6, address: VIP, port: 80 };
const SCHEDULERS = 'rr wrr lc wlc sed nq dh sh mh fo ovf lblc lblcr twos'.split(' ');
const FLAGS = [0x02, 0x02, 0x02, 0x10, 0x11, 0x14, 0x04, 0];
const DAY_US = 86_400_000_000;

const operation = fc.oneof(
  fc.record({
    kind: fc.constant('segment' as const),
    client: fc.nat(30),
    flags: fc.constantFrom(...FLAGS),
    isAnswer: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('server' as const),
    server: fc.nat(5),
    change: fc.constantFrom('add', 'add', 'edit', 'delete'),
    weight: fc.nat(4),
    upper: fc.nat(6),
  }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(200) }),
);
const runs = fc.record({
  scheduler: fc.constantFrom(...SCHEDULERS),
  flags: fc.nat(7),
  persistence: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
  method: fc.constantFrom('nat' as const, 'dr' as const),
  expireNodest: fc.nat(1),
  // Without a size fast-check makes arrays of ten at most, and hardly a connection comes about.
  operations: fc.array(operation, { maxLength: 120, size: 'max' }),
});

describe('IPVS under random traffic and changes', () => {
  it('every segment has one verdict, counters stay true, and all entries end (seed 88)', () => {
    let connections = 0;
    fc.assert(
      fc.property(runs, (run) => {
        const engine = new Engine({ seed: 1 });
        const random = engine.streams.named('test');
        const clock = new KernelClock(engine, 0);
        const state = makeIpvs({ clock, random: () => random.uint32() });
        state.settings.expire_nodest_conn = run.expireNodest;
        const persistence =
          run.persistence === undefined ? {} : { persistenceSeconds: run.persistence };
        const { scheduler, flags: schedulerFlags } = run;
        addService(state, KEY, { scheduler, schedulerFlags, onePacket: false, ...persistence });
        let now = 0;
        for (const each of run.operations) {
          if (each.kind === 'segment') judgeSegment(state, each);
          else if (each.kind === 'server') changeServer(state, each, run.method);
          else {
            now += each.seconds * 1_000_000;
            engine.runUntil(now as TimeUs);
          }
          checkCounters(state);
        }
        connections += state.statistics.connections;
        deleteService(state, KEY);
        engine.runUntil((now + DAY_US) as TimeUs);
        expect(state.connections.count).toBe(0);
        for (const server of state.trash) {
          expect([server.references, server.activeConnections]).toEqual([0, 0]);
          expect([server.inactiveConnections, server.persistentConnections]).toEqual([0, 0]);
        }
      }),
      { numRuns: 300, seed: 88 },
    );
    // What was judged is something.
    expect(connections).toBeGreaterThan(500);
  });
});

function judgeSegment(
  state: IpvsState,
  segment: { readonly client: number; readonly flags: number; readonly isAnswer: boolean },
): void {
  const source = ipv4FromNumber(0x0a320000 + segment.client);
  const packet: PacketFacts = {
    family: 'inet',
    protocol: 6,
    source,
    sourcePort: 1024 + segment.client,
    destination: VIP,
    destinationPort: 80,
    mark: 0,
    tcpFlags: segment.flags,
    length: 40,
  };
  if (segment.isAnswer) {
    const connection = state.connections.findForRequest(packet);
    if (connection === undefined || connection.method !== 'nat') return;
    const answer: PacketFacts = {
      ...packet,
      source: connection.serverAddress,
      sourcePort: connection.serverPort,
      destination: source,
      destinationPort: packet.sourcePort,
    };
    expect(receiveAnswer(state, answer)).toBe(connection);
    return;
  }
  const before = state.statistics.connections;
  const verdict = receiveRequest(state, packet, false);
  if (typeof verdict === 'string') {
    expect(state.statistics.connections).toBe(before);
    const isSyn = (segment.flags & 0x02) !== 0;
    if (isSyn) expect(['refuse', 'drop']).toContain(verdict);
    return;
  }
  expect(verdict.client).toBe(source);
  expect(verdict.server?.available).toBe(true);
  expect(state.connections.findForRequest(packet)).toBe(verdict);
}

function changeServer(
  state: IpvsState,
  each: {
    readonly server: number;
    readonly change: string;
    readonly weight: number;
    readonly upper: number;
  },
  method: 'nat' | 'dr',
): void {
  const which = { address: ipv4FromNumber(0x0a140001 + each.server), port: 80 };
  const options = { method, weight: each.weight, upperThreshold: each.upper };
  if (each.change === 'add') addServer(state, KEY, which, options);
  else if (each.change === 'edit') editServer(state, KEY, which, options);
  else deleteServer(state, KEY, which);
}

/** What the table says, counted anew, is what the servers say. */
function checkCounters(state: IpvsState): void {
  const counted = new Map<unknown, { active: number; inactive: number; templates: number }>();
  state.connections.forEach((connection) => {
    const { server } = connection;
    const count = counted.get(server) ?? { active: 0, inactive: 0, templates: 0 };
    counted.set(server, count);
    if (connection.isTemplate) count.templates++;
    else if (connection.isInactive) count.inactive++;
    else count.active++;
  });
  const listed = [...state.trash];
  let server = state.services[0]?.first;
  for (; server !== undefined; server = server.next) listed.push(server);
  for (const each of listed) {
    const count = counted.get(each) ?? { active: 0, inactive: 0, templates: 0 };
    expect(each.activeConnections).toBe(count.active);
    expect(each.inactiveConnections).toBe(count.inactive);
    expect(each.persistentConnections).toBe(count.templates);
    expect(each.references).toBe(count.active + count.inactive + count.templates);
  }
}
