/** TAP and AF_PACKET ports on real interfaces: the contract of every port, set-up, faults, and words for people. */

import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { formatMac, parseMac } from '../../daemon/wire/mac-address.ts';
import { BridgeError } from '../../sim/bridge/bridge-error.ts';
import type { DescriptorPort } from '../../sim/bridge/descriptor-port.ts';
import { type LinkCalls, loadLinkCalls } from '../../sim/bridge/link-calls.ts';
import { type LinkChange, LinkWatch } from '../../sim/bridge/link-watch.ts';
import { openPacketPort } from '../../sim/bridge/packet-port.ts';
import { openTap } from '../../sim/bridge/tap-port.ts';
import {
  Ear,
  itKeepsThePortContract,
  markedFrame,
  type PortPair,
} from '../sim/lan/port-contract.ts';
import { enterFreshNamespace, ip } from './fresh-namespace.ts';
import { REPOSITORY, whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi');
let calls: LinkCalls;

beforeAll(() => {
  if (MISSING !== undefined) return;
  enterFreshNamespace();
  calls = loadLinkCalls();
});

describe('tap port', () => itKeepsThePortContract(tapPair, MISSING));
describe('packet port', () => itKeepsThePortContract(packetPair, MISSING));

describe('many frames by one call', () => {
  test('leave and reach a TAP in order, and no kernel thread waits for the rest', (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const { ring } = calls;
    context.skip(ring === undefined, 'this kernel lets us have no io_uring');
    const tap = openTap(calls, { name: 'bt-r' });
    const near = openPacketPort(calls, 'bt-r');
    const marks = Array.from({ length: 100 }, (_, i) => i);
    const ears = [tap, near].map((port) => {
      const ear = new Ear();
      port.attach(ear);
      return () => ear.frames.map((frame) => frame[59]);
    });
    for (const mark of marks) near.send(markedFrame(mark));
    expect(tap.drain(128)).toBe(false);
    expect(ears[0]?.()).toEqual(marks);
    ring?.collect();
    for (const mark of marks) tap.send(markedFrame(mark));
    expect(tap.counters.sent).toBe(0);
    ring?.submit();
    expect(tap.counters.sent).toBe(100);
    near.drain(128);
    expect(ears[1]?.()).toEqual(marks);
    tap.close();
    near.close();
  });
});

describe('a TAP', () => {
  test('gets the MAC and MTU that were asked for, is up, and goes with its descriptor', (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const mac = parseMac('02:00:00:00:be:ef');
    const tap = openTap(calls, { name: 'bt-a', ...(mac === undefined ? {} : { mac }), mtu: 1400 });
    const text = ip('-br link show dev bt-a');
    expect(text).toMatch(/02:00:00:00:be:ef .*UP/);
    expect(formatMac(tap.mac)).toBe('02:00:00:00:be:ef');
    expect(ip('link show dev bt-a')).toContain('mtu 1400');
    tap.setEnabled(false);
    expect(ip('link show dev bt-a')).toContain('NO-CARRIER');
    tap.setEnabled(true);
    tap.close();
    expect(ip('link show')).not.toContain('bt-a');
  });

  test('attaches to one that was made before, which stays', (context) => {
    context.skip(MISSING !== undefined, MISSING);
    ip('tuntap add bt-p mode tap');
    openTap(calls, { name: 'bt-p' }).close();
    expect(ip('link show')).toContain('bt-p');
    ip('link del bt-p');
  });

  test.each([
    ['busy', 'bt-b is in use'],
    ['no TAP', 'exists and is no TAP'],
    ['too long a name', 'longer than 15 characters'],
  ])('%s: says so and what to do', (kind, words) => {
    if (MISSING !== undefined) return;
    const first = openTap(calls, { name: 'bt-b' });
    if (kind === 'no TAP') ip('link add bt-d type bridge');
    const name = { busy: 'bt-b', 'no TAP': 'bt-d', 'too long a name': 'a-name-too-long-for-it' }[
      kind
    ];
    const open = () => openTap(calls, { name: name ?? '' });
    expect(open).toThrow(BridgeError);
    expect(open).toThrow(words);
    first.close();
    if (kind === 'no TAP') ip('link del bt-d');
  });

  test('without privilege: says how to get one and which way needs none', (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const script = `
      import { loadLinkCalls } from '${REPOSITORY}/dist/sim/bridge/link-calls.js';
      import { openTap } from '${REPOSITORY}/dist/sim/bridge/tap-port.js';
      import { openPacketPort } from '${REPOSITORY}/dist/sim/bridge/packet-port.js';
      const calls = loadLinkCalls();
      for (const open of [() => openTap(calls, { name: 'bt-u' }), () => openPacketPort(calls, 'lo')]) {
        try { open(); console.log('opened'); } catch (error) { console.log(error.name, error.message); }
      }
      process.setuid(65534);
      for (const open of [() => openTap(calls, { name: 'bt-u' }), () => openPacketPort(calls, 'bt-e')]) {
        try { open(); console.log('opened'); } catch (error) { console.log(error.name, error.message); }
      }`;
    ip('link add bt-e type bridge');
    const words = ['--input-type=module', '-e', script];
    const run = spawnSync(process.execPath, words, { encoding: 'utf8' });
    ip('link del bt-e');
    const lines = run.stdout.trim().split('\n');
    expect(lines[0], run.stderr).toBe('opened');
    expect(lines[1]).toContain('BridgeError lo is no Ethernet interface');
    expect(lines[2]).toMatch(/BridgeError .*(CAP_NET_ADMIN|access to \/dev\/net\/tun).*--vxlan/);
    expect(lines[3]).toMatch(/BridgeError no packet socket on bt-e: .*CAP_NET_RAW.*--vxlan/);
  });
});

describe('an interface that changes', () => {
  test('vanishing, renamed, down and up again is told, and nothing throws', (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const changes: LinkChange[] = [];
    const watch = new LinkWatch(calls, (change) => changes.push(change));
    const tap = openTap(calls, { name: 'bt-v' });
    watch.add(tap);
    watch.drain();
    changes.length = 0;
    ip('link set bt-v down');
    watch.drain();
    tap.send(markedFrame(1));
    ip('link set bt-v name bt-w');
    ip('link set bt-w up');
    watch.drain();
    ip('link del bt-w');
    watch.drain();
    tap.send(markedFrame(2));
    tap.drain(5);
    expect(changes).toEqual([
      { kind: 'carrier', label: 'bt-v', up: false },
      { kind: 'renamed', label: 'bt-v', to: 'bt-w' },
      { kind: 'carrier', label: 'bt-v', up: true },
      { kind: 'carrier', label: 'bt-v', up: false },
      { kind: 'vanished', label: 'bt-v' },
    ]);
    expect([tap.vanished, tap.carrier, tap.counters.refused]).toEqual([true, false, 2]);
    tap.close();
    watch.close();
  });

  test('a TAP that moves to another namespace works on', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const changes: LinkChange[] = [];
    const watch = new LinkWatch(calls, (change) => changes.push(change));
    const tap = openTap(calls, { name: 'bt-m' });
    watch.add(tap);
    const sleeper = spawnSync('unshare', ['-n', 'sh', '-c', 'sleep 20 >/dev/null 2>&1 & echo $!'], {
      encoding: 'utf8',
    });
    const pid = sleeper.stdout.trim();
    ip(`link set bt-m netns ${pid}`);
    watch.drain();
    expect(changes.at(-1)).toEqual({ kind: 'moved', label: 'bt-m' });
    const there = (words: string) =>
      execFileSync('nsenter', ['-t', pid, '-n', ...words.split(' ')]);
    there('ip link set bt-m up');
    there('ip address add 10.1.2.3/24 dev bt-m');
    spawnSync('nsenter', ['-t', pid, '-n', 'ping', '-c', '1', '-W', '1', '10.1.2.9']);
    const ear = new Ear();
    tap.attach(ear);
    tap.drain(50);
    expect(ear.frames.some((frame) => frame[12] === 8 && frame[13] === 6)).toBe(true);
    process.kill(Number(pid), 'SIGKILL');
    await sleep(50);
    tap.close();
    watch.close();
  });

  test('a missing interface is named, with what to do', (context) => {
    context.skip(MISSING !== undefined, MISSING);
    expect(() => openPacketPort(calls, 'bt-none')).toThrow(/no interface bt-none here/);
  });
});

describe('frames whose checksum was left to hardware', () => {
  test('come in complete, and are counted', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    ip('link add bt-0 type veth peer name bt-1');
    const sleeper = spawnSync('unshare', ['-n', 'sh', '-c', 'sleep 20 >/dev/null 2>&1 & echo $!'], {
      encoding: 'utf8',
    });
    const pid = sleeper.stdout.trim();
    ip(`link set bt-1 netns ${pid}`);
    ip('link set bt-0 up');
    const there = (...words: string[]) => spawnSync('nsenter', ['-t', pid, '-n', ...words]);
    there('ip', 'address', 'add', '10.1.3.1/24', 'dev', 'bt-1');
    there('ip', 'link', 'set', 'bt-1', 'up');
    there('ip', 'neigh', 'add', '10.1.3.2', 'lladdr', '02:00:00:00:00:99', 'dev', 'bt-1');
    const port = openPacketPort(calls, 'bt-0');
    const ear = new Ear();
    port.attach(ear);
    there('bash', '-c', 'echo hello > /dev/udp/10.1.3.2/9');
    await sleep(50);
    port.drain(50);
    const udp = ear.frames.find((frame) => frame[12] === 8 && frame[23] === 17);
    expect(udp).toBeDefined();
    expect(port.counters.offloaded).toBeGreaterThan(0);
    if (udp !== undefined) expect(udpSum(udp)).toBe(0xffff);
    process.kill(Number(pid), 'SIGKILL');
    port.close();
  });
});

describe('VLAN tags on a packet port', () => {
  test.each([
    ['802.1Q', [0x81, 0x00, 0x60, 0x05]],
    ['802.1ad', [0x88, 0xa8, 0x0f, 0xff]],
  ])('%s: the kernel takes it off, the port puts it back', async (_name, tag) => {
    if (MISSING !== undefined) return;
    const pair = packetPair();
    const ear = new Ear();
    pair.b.attach(ear);
    const plain = markedFrame(7);
    const tagged = Uint8Array.from([...plain.subarray(0, 12), ...tag, ...plain.subarray(12)]);
    pair.a.send(tagged);
    pair.a.send(plain);
    await pair.settle();
    pair.close?.();
    const mine = ear.frames.filter((frame) => frame.at(-1) === 7);
    expect(mine).toEqual([tagged, plain]);
  });
});

/** The sum over pseudo header and datagram: all ones when the checksum is right. */
function udpSum(frame: Uint8Array): number {
  const length = ((frame[38] ?? 0) << 8) | (frame[39] ?? 0);
  let sum = 17 + length;
  for (let at = 26; at < 34 + length; at += 2) {
    sum += ((frame[at] ?? 0) << 8) | (at + 1 < 34 + length ? (frame[at + 1] ?? 0) : 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

let pairs = 0;

/** Two TAPs on one Linux bridge. */
function tapPair(): PortPair {
  const n = pairs++;
  const [a, b] = [openTap(calls, { name: `ta${n}` }), openTap(calls, { name: `tb${n}` })];
  ip(`link add bb${n} type bridge mcast_snooping 0`);
  ip(`link set bb${n} up`);
  for (const name of [`ta${n}`, `tb${n}`]) ip(`link set ${name} master bb${n}`);
  return wirePair([a, b], [`ta${n}`, `tb${n}`], () => ip(`link del bb${n}`));
}

/** Two packet sockets, one at each end of a veth pair. */
function packetPair(): PortPair {
  const n = pairs++;
  ip(`link add va${n} type veth peer name vb${n}`);
  for (const name of [`va${n}`, `vb${n}`]) ip(`link set ${name} up`);
  const [a, b] = [openPacketPort(calls, `va${n}`), openPacketPort(calls, `vb${n}`)];
  return wirePair([a, b], [`va${n}`], () => ip(`link del va${n}`));
}

function wirePair(
  [a, b]: readonly [DescriptorPort, DescriptorPort],
  switched: readonly string[],
  remove: () => void,
): PortPair {
  const watch = new LinkWatch(calls, () => {});
  watch.add(a);
  watch.add(b);
  const settle = async () => {
    for (let round = 0; round < 4; round++) {
      await sleep(15);
      watch.drain();
      a.drain(100);
      b.drain(100);
    }
  };
  return {
    a,
    b,
    isRealWire: true,
    settle,
    setConnected: (on) => {
      for (const name of switched) ip(`link set ${name} ${on ? 'up' : 'down'}`);
      watch.drain();
    },
    close: () => {
      a.close();
      b.close();
      watch.close();
      remove();
    },
  };
}

describe('eight TAPs in one process', () => {
  test('leave file I/O its turns, and the process ends when it is told to', (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const script = `
      import { readFile } from 'node:fs/promises';
      import { Bridge } from '${REPOSITORY}/dist/sim/bridge/bridge.js';
      import { loadScenario } from '${REPOSITORY}/dist/sim/scenario/load-scenario.js';
      import { startRun } from '${REPOSITORY}/dist/sim/scenario/run.js';
      const names = Array.from({ length: 8 }, (_, i) => 'bt-8' + i);
      const bytes = new TextEncoder().encode('name: x\\nlan: { switches: { sw1: {} }, hosts: {} }\\n');
      const outside = names.map((name, i) => ({ name, port: 'sw1:' + (i + 1) }));
      const { scenario } = loadScenario({ file: 'x', bytes, readFile: () => undefined, outside });
      const wishes = names.map((name, i) => ({ kind: 'tap', at: 'sw1:' + i, node: name, tap: { name } }));
      const bridge = await Bridge.open({ wishes, application: 'test', onWord() {} });
      bridge.join(startRun(scenario));
      void bridge.run(60_000_000);
      let slowest = 0;
      for (let round = 0; round < 40; round++) {
        const begin = performance.now();
        await Promise.all(Array.from({ length: 8 }, () => readFile('/etc/hostname')));
        slowest = Math.max(slowest, performance.now() - begin);
      }
      console.log('slowest', Math.round(slowest));
      process.exit(3);`;
    const words = ['--input-type=module', '-e', script];
    const run = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 });
    expect(run.status, run.stdout + run.stderr).toBe(3);
    // Each of a read's four steps waits for a turn of at most 20 ms; with blocking reads it was seconds.
    expect(Number(/slowest (\d+)/.exec(run.stdout)?.[1])).toBeLessThan(1000);
    expect(ip('link show')).not.toContain('bt-80');
  });
});
