/** Which service takes a packet, what a backup takes over, and whom lblcr lets go; each rule was broken by hand, and all other tests passed. */

import { describe, expect, it } from 'vitest';
import type { TimeUs } from '../../../../daemon/base/time.ts';
import { type Ipv4Address, ipv4FromNumber } from '../../../../daemon/wire/ipv4-address.ts';
import { Engine } from '../../../../sim/engine/engine.ts';
import type { PacketFacts, ServiceKey } from '../../../../sim/kernel/ipvs/ipvs-state.ts';
import { makeIpvs } from '../../../../sim/kernel/ipvs/make-ipvs.ts';
import { receiveRequest } from '../../../../sim/kernel/ipvs/packet-input.ts';
import { addServer, findServer } from '../../../../sim/kernel/ipvs/real-servers.ts';
import { findService, serviceFor } from '../../../../sim/kernel/ipvs/service-lookup.ts';
import { addService } from '../../../../sim/kernel/ipvs/service-table.ts';
import { acceptSyncEntry, syncEntryOf } from '../../../../sim/kernel/ipvs/sync-decisions.ts';
import { SYNC_FLAG_INACTIVE } from '../../../../sim/kernel/ipvs/sync-wire.ts';
import { KernelClock } from '../../../../sim/kernel/kernel-clock.ts';

const VIP = ipv4FromNumber(0x0a0a0064);
const SYN = 0x02;
const PLAIN = { scheduler: 'rr', schedulerFlags: 0, onePacket: false };
const onPort = (port: number): ServiceKey => ({
  kind: 'address',
  protocol: 6,
  address: VIP,
  port,
});
const serverAt = (number: number) => ({ address: ipv4FromNumber(0x0a140000 + number), port: 80 });

function make() {
  const engine = new Engine({ seed: 7 });
  return { engine, state: makeIpvs({ clock: new KernelClock(engine, 0), random: () => 0 }) };
}

const packetTo = (destinationPort: number, mark = 0): PacketFacts => ({
  family: 'inet',
  protocol: 6,
  source: ipv4FromNumber(0x0a320001),
  sourcePort: 1001,
  destination: VIP,
  destinationPort,
  mark,
  tcpFlags: SYN,
  length: 40,
});

describe('a packet', () => {
  it('with a mark is for the service of its own family', () => {
    const { state } = make();
    for (const family of ['inet6', 'inet'] as const)
      addService(state, { kind: 'mark', mark: 7, family }, PLAIN);
    expect(serviceFor(state, packetTo(80, 7))?.family).toBe('inet');
  });

  it('for a port from 1024 on, or 20, may belong to FTP', () => {
    const { state } = make();
    addService(state, onPort(21), { ...PLAIN, persistenceSeconds: 100 });
    const taken = [20, 22, 1023, 1024, 1999].filter(
      (port) => serviceFor(state, packetTo(port)) !== undefined,
    );
    expect(taken).toEqual([20, 1024, 1999]);
  });
});

describe('a backup that hears of a connection at another server', () => {
  it.each([
    ['active', 0, 2],
    ['inactive', SYNC_FLAG_INACTIVE, 1],
  ])('which is %s there: %#', (_, flag, expected) => {
    const { state, engine } = make();
    addService(state, onPort(80), PLAIN);
    addServer(state, onPort(80), serverAt(1), { method: 'nat', weight: 1 });
    const connection = receiveRequest(state, packetTo(80), false);
    if (typeof connection === 'string') throw new Error(connection);
    const moved = { ...syncEntryOf(connection), serverAddress: serverAt(2).address, flags: flag };
    acceptSyncEntry(state, moved);
    engine.runUntil(1_000_000 as TimeUs);
    const found = state.connections.findForRequest(packetTo(80));
    expect(Number(found?.serverAddress as Ipv4Address) & 0xff).toBe(expected);
  });
});

describe('lblcr', () => {
  it('lets the most loaded server of a set go when the set has not changed for long', () => {
    const { state, engine } = make();
    state.settings.lblcr_expiration = 1;
    addService(state, onPort(80), { ...PLAIN, scheduler: 'lblcr' });
    for (const [number, weight] of [
      [1, 1],
      [2, 10],
    ] as const)
      addServer(state, onPort(80), serverAt(number), { method: 'nat', weight });
    const service = findService(state, onPort(80));
    const [one, two] = [1, 2].map((number) => service && findServer(service, serverAt(number)));
    if (service === undefined || one === undefined || two === undefined) throw new Error('no one');
    const pick = (active: readonly [number, number]) => {
      [one.activeConnections, two.activeConnections] = active;
      return service.scheduler.schedule(packetTo(80));
    };
    expect(pick([0, 5])).toBe(one);
    // Busy, while the other stands half empty: both are in the set from now on.
    expect(pick([2, 4])).toBe(two);
    engine.runUntil(3_000_000 as TimeUs);
    expect(pick([2, 4])).toBe(two);
    // Had the other one gone, the set would be left with this.
    expect(pick([0, 4])).toBe(two);
  });
});
