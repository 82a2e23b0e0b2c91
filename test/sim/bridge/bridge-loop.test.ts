/** The loop of a bridge on a machine whose clock and system calls are played: who has a turn when, and how often it wakes. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { DurationUs } from '../../../daemon/base/time.ts';
import type { MacAddress } from '../../../daemon/wire/mac-address.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { Bridge, type BridgeWord } from '../../../sim/bridge/bridge.ts';
import { BridgeLoop } from '../../../sim/bridge/bridge-loop.ts';
import { DescriptorPort } from '../../../sim/bridge/descriptor-port.ts';
import type { LinkCalls } from '../../../sim/bridge/link-calls.ts';
import { RateLimit } from '../../../sim/bridge/rate-limit.ts';
import { VrrpGuard } from '../../../sim/bridge/vrrp-guard.ts';
import { portId } from '../../../sim/lan/port.ts';
import { loadScenario } from '../../../sim/scenario/load-scenario.ts';
import { startRun } from '../../../sim/scenario/run.ts';
import { markedFrame } from '../lan/port-contract.ts';

const [A, B, NODE] = [10, 11, 12];
const SECOND = 1_000_000;

/** Queues behind descriptors; a call costs 5 µs, a poll that finds nothing its whole wait. */
class PlayedMachine {
  nowUs = 0;
  polls = 0;
  readonly sent: { readonly to: number; readonly at: number }[] = [];
  readonly queues = new Map<number, Uint8Array[]>([
    [A, []],
    [B, []],
  ]);
  /** Node has something to do. */
  isNodeReady = false;
  onPoll: () => void = () => {};

  readonly calls: LinkCalls = {
    poll: (table, count, timeoutUs) => {
      this.polls++;
      this.onPoll();
      const view = new DataView(table.buffer, table.byteOffset);
      let ready = 0;
      for (let slot = 0; slot < count; slot++) {
        const descriptor = view.getInt32(slot * 8, true);
        const has =
          descriptor === NODE ? this.isNodeReady : (this.queues.get(descriptor) ?? []).length > 0;
        view.setInt16(slot * 8 + 6, has ? 1 : 0, true);
        if (has) ready++;
      }
      this.nowUs += ready > 0 ? 5 : Math.max(5, timeoutUs);
      return ready;
    },
    read: (descriptor, into) => {
      this.nowUs += 5;
      const frame = this.queues.get(descriptor)?.shift();
      if (frame === undefined) return -11;
      into.set(frame);
      return frame.length;
    },
    write: (descriptor, _bytes, length) => {
      this.nowUs += 5;
      this.sent.push({ to: descriptor, at: this.nowUs });
      return length;
    },
    close: () => {},
    // Not used by a loop.
    libc: undefined as never,
    interfaceRequest: () => {},
    intRequest: () => {},
    socketPair: () => [-1, -1],
  };

  arrive(descriptor: number, count: number): void {
    for (let i = 0; i < count; i++) this.queues.get(descriptor)?.push(markedFrame(i & 0xff));
  }
}

function loopOn(machine: PlayedMachine, nodeLoop: number | undefined): BridgeLoop {
  const outside = ['a', 'b'].map((name, index) => ({ name, port: `sw1:${index + 1}` }));
  const { scenario } = loadScenario({
    file: 'x.twin.yml',
    bytes: encodeUtf8('name: x\nlan: { switches: { sw1: {} }, hosts: {} }\n'),
    readFile: () => undefined,
    outside,
  });
  if (scenario === undefined) throw new Error('the scenario is not readable');
  const { calls } = machine;
  const ports = outside.map(({ name }, index) => {
    const descriptor = index === 0 ? A : B;
    const port = new DescriptorPort({
      calls,
      kind: 'tap',
      id: portId(name, name),
      label: name,
      mac: 2 as MacAddress,
      mtu: 1500,
      carrier: true,
      descriptor,
      outDescriptor: descriptor,
      isPacketSocket: false,
    });
    return { node: name, port, limit: new RateLimit({ rate: 1e9, groupRate: 1e9 }) };
  });
  return new BridgeLoop({
    run: startRun(scenario),
    ports,
    calls,
    guard: new VrrpGuard({ join: new Set(), listen: 0 as DurationUs, onWord: () => {} }),
    clock: () => machine.nowUs,
    onLate: () => {},
    onStop: () => {},
    ...(nodeLoop === undefined ? {} : { nodeLoop }),
  });
}

describe('the loop of a bridge', () => {
  test.each([NODE, undefined])('sleeps while nothing happens (Node polled: %s)', async (node) => {
    const machine = new PlayedMachine();
    await loopOn(machine, node).run(SECOND);
    // The longest wait is 20 ms.
    expect(machine.polls).toBeGreaterThanOrEqual(50);
    expect(machine.polls).toBeLessThanOrEqual(55);
  });

  test('hands on a frame before it looks for the next one, and a queue in batches', async () => {
    const machine = new PlayedMachine();
    const loop = loopOn(machine, NODE);
    machine.arrive(A, 1);
    loop.turn();
    // poll, read, write; a second read would find nothing and cost the frame its time.
    expect(machine.sent).toEqual([{ to: B, at: 15 }]);
    loop.turn(machine.nowUs + 1000);
    machine.arrive(A, 1000);
    const before = machine.polls;
    while (machine.sent.length < 1001) loop.turn();
    expect(machine.polls - before).toBeLessThan(15);
  });

  test.each([NODE, undefined])(
    'a flood of frames does not starve Node (polled: %s)',
    async (node) => {
      const machine = new PlayedMachine();
      const loop = loopOn(machine, node);
      // Always something to read, from both sides.
      machine.onPoll = () => {
        if ((machine.queues.get(A)?.length ?? 0) < 200) {
          machine.arrive(A, 200);
          machine.arrive(B, 200);
        }
      };
      let turnsOfNode = 0;
      const count = (): void => {
        turnsOfNode++;
        if (machine.nowUs < SECOND) setImmediate(count);
      };
      setImmediate(count);
      await loop.run(SECOND);
      // At least every 20 ms, though the LAN is never idle.
      expect(turnsOfNode).toBeGreaterThanOrEqual(30);
    },
  );

  test('Node that has something to do gets its turn after 4 ms of frames, at once without', async () => {
    const machine = new PlayedMachine();
    const loop = loopOn(machine, NODE);
    const turns: number[] = [];
    machine.onPoll = () => {
      if (machine.nowUs < 100_000) machine.arrive(A, 2);
      if (machine.isNodeReady) return;
      machine.isNodeReady = true;
      const since = machine.nowUs;
      setImmediate(() => {
        turns.push(machine.nowUs - since);
        machine.isNodeReady = false;
      });
    };
    await loop.run(200_000);
    const worst = Math.max(...turns);
    expect(turns.length).toBeGreaterThan(40);
    expect(worst).toBeGreaterThan(3_000);
    expect(worst).toBeLessThan(6_000);
    expect(turns.at(-1)).toBeLessThan(100);
  });
});

describe('a step of the wall clock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('changes nothing: neither the pace nor what a bridge says', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const words: BridgeWord[] = [];
    const vxlan = { peer: '127.0.0.1', peerPort: 9, listenPort: 0, vni: 1 };
    const bridge = await Bridge.open({
      wishes: [{ kind: 'vxlan', at: 'sw1:1', node: 'out', vxlan }],
      application: 'test',
      onWord: (word) => words.push(word),
    });
    const { scenario } = loadScenario({
      file: 'x.twin.yml',
      bytes: encodeUtf8('name: x\nlan: { switches: { sw1: {} }, hosts: {} }\n'),
      readFile: () => undefined,
      outside: [{ name: 'out', port: 'sw1:1' }],
    });
    if (scenario === undefined) throw new Error('the scenario is not readable');
    const run = startRun(scenario);
    bridge.join(run);
    const begin = performance.now();
    let step = 0;
    const timer = setInterval(() => {
      // A day ahead, two days back, and so on.
      vi.setSystemTime(Date.now() + (step++ % 2 === 0 ? 86_400_000 : -172_800_000));
    }, 50);
    try {
      await bridge.run(500_000 as DurationUs);
    } finally {
      clearInterval(timer);
      bridge.close();
    }
    const tookMs = performance.now() - begin;
    expect(step).toBeGreaterThan(1);
    expect(run.engine.now).toBeGreaterThanOrEqual(500_000);
    expect(tookMs).toBeGreaterThanOrEqual(499);
    // A busy machine may be late, and says so; that the process stood still would be wrong.
    expect(words.filter(({ kind }) => kind !== 'late')).toEqual([]);
  });
});
