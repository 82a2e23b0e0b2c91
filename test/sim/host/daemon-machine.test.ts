import { describe, expect, test } from 'vitest';
import type { DurationUs, TimeUs } from '../../../daemon/base/time.ts';
import type { Command } from '../../../daemon/core/commands.ts';
import type { SystemEvent } from '../../../daemon/core/events.ts';
import type { DaemonStatus } from '../../../daemon/core/status.ts';
import type { System } from '../../../daemon/core/system.ts';
import { type IpAddress, parseIp } from '../../../daemon/wire/ip-address.ts';
import { encodeIpv4Header, NO_OPTIONS } from '../../../daemon/wire/ipv4.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import { DaemonMachine, PACKETS_WAITING_MAX } from '../../../sim/host/daemon-machine.ts';
import type { DaemonApi } from '../../../sim/host/daemon-program.ts';
import { Host } from '../../../sim/host/host.ts';
import type { ProgramFactory } from '../../../sim/host/machine.ts';
import { createKernel } from '../../../sim/kernel/kernel.ts';
import { createCable } from '../../../sim/lan/cable.ts';
import { portId } from '../../../sim/lan/port.ts';
import { knowsCommand } from '../../../sim/programs/shell/command-table.ts';
import { runShell } from '../../../sim/programs/shell/shell.ts';
import { EPOCH_US, labSpec } from './lab.ts';

const GROUP = parseIp('224.0.0.18') as IpAddress;
const NOTHING: readonly Command[] = [];

/** A daemon that does what the test says and remembers what it was told. */
class ToldDaemon implements DaemonApi {
  readonly heard: { at: number; event: SystemEvent }[] = [];
  readonly advanced: number[] = [];
  deadline: TimeUs | undefined;
  onStart: readonly Command[] = NOTHING;
  onEvent: (event: SystemEvent) => readonly Command[] = () => NOTHING;
  onStop: readonly Command[] = [{ kind: 'exit', code: 0 }];
  start(): readonly Command[] {
    return this.onStart;
  }
  receive(now: TimeUs, event: SystemEvent): readonly Command[] {
    this.heard.push({ at: now, event: event.kind === 'vrrp-packet' ? { ...event } : event });
    return this.onEvent(event);
  }
  advance(now: TimeUs): readonly Command[] {
    this.advanced.push(now);
    this.deadline = undefined;
    return NOTHING;
  }
  reload(): readonly Command[] {
    return NOTHING;
  }
  stop(): readonly Command[] {
    return this.onStop;
  }
  nextDeadline(): TimeUs | undefined {
    return this.deadline;
  }
  status(): DaemonStatus {
    return { phase: 'running', instances: [], groups: [] };
  }
}

function stand(prepare: (daemon: ToldDaemon) => void = () => {}) {
  const engine = new Engine({ seed: 1 });
  const spec = labSpec(
    [
      {
        name: 'a',
        addresses: ['192.168.0.1/24'],
        files: { '/etc/keepalived/keepalived.conf': 'x' },
      },
    ],
    'none',
  ).hosts[0];
  if (spec === undefined) throw new Error('no host');
  const nic = spec.nics[0];
  if (nic === undefined) throw new Error('no card');
  const cable = createCable(engine, {
    name: 'cable',
    a: { id: portId('a', 'eth0'), mac: nic.mac, mtu: 1500 },
    b: { id: portId('far', '1'), mac: nic.mac, mtu: 1500 },
    delay: 10 as DurationUs,
    queueFrames: 100,
    random: engine.streams.named('cable'),
  });
  const daemons: ToldDaemon[] = [];
  let system: System | undefined;
  const factory: ProgramFactory = (context) =>
    new DaemonMachine(context, {
      knowsCommand,
      makeDaemon: (options) => {
        system = options.system;
        const daemon = new ToldDaemon();
        prepare(daemon);
        daemons.push(daemon);
        return daemon;
      },
    });
  const host = new Host({
    spec,
    engine,
    epochUs: EPOCH_US,
    jitter: 'none',
    keepalivedVersion: '2.2.7',
    programs: new Map([['keepalived', factory]]),
    shell: runShell,
    makeKernel: createKernel,
    nics: [{ spec: nic, port: cable.a, setPower: (on) => cable.setEndPower('a', on) }],
  });
  const run = (us: number) => engine.runUntil((engine.now + us) as TimeUs);
  host.powerOn();
  run(1000);
  const daemon = () => daemons.at(-1) as ToldDaemon;
  const advert = () => cable.b.send(vrrpFrame());
  return { engine, host, run, daemon, advert, cable, system: () => system as System };
}

const OPEN: Command = {
  kind: 'vrrp-open',
  id: 1,
  interface: 'eth0',
  family: 'inet',
  protocol: 112,
  group: GROUP,
};

function vrrpFrame(): Uint8Array {
  const frame = new Uint8Array(14 + 20 + 8);
  frame.set([1, 0, 0x5e, 0, 0, 0x12, 2, 0, 0, 0, 0, 9, 8, 0]);
  const source = parseIp('192.168.0.9');
  if (typeof source !== 'number' || typeof GROUP !== 'number') throw new Error('no address');
  const header = {
    tos: 0xc0,
    totalLength: 28,
    identification: 1,
    flags: 0,
    fragmentOffset: 0,
    ttl: 255,
    protocol: 112,
    source,
    destination: GROUP,
    options: NO_OPTIONS,
  };
  encodeIpv4Header(header, frame, 14);
  return frame;
}

function packets(daemon: ToldDaemon): number {
  return daemon.heard.filter(({ event }) => event.kind === 'vrrp-packet').length;
}

describe('the daemon on a virtual machine', () => {
  test('hears VRRP packets from an open socket on, and not after closing it', () => {
    const lab = stand((daemon) => {
      daemon.onEvent = (event) =>
        event.kind === 'signal' ? [{ kind: 'vrrp-close', id: 1 }] : NOTHING;
      daemon.onStart = [OPEN];
    });
    lab.advert();
    lab.run(1000);
    expect(packets(lab.daemon())).toBe(1);
    lab.host.signal('keepalived', 'USR1');
    lab.run(1000);
    lab.advert();
    lab.run(1000);
    expect(packets(lab.daemon())).toBe(1);
  });

  test('a second socket on the interface does not make a packet come twice', () => {
    const unicast: Command = { ...OPEN, id: 2, unicastTo: parseIp('192.168.0.1') as IpAddress };
    const lab = stand((daemon) => {
      daemon.onStart = [OPEN, unicast, { ...OPEN, id: 3 }];
    });
    lab.advert();
    lab.run(1000);
    expect(packets(lab.daemon())).toBe(1);
  });

  test('is woken once at its deadline, however often it was moved', () => {
    const lab = stand((daemon) => {
      daemon.onStart = [OPEN];
      daemon.deadline = 50_000 as TimeUs;
    });
    lab.daemon().onEvent = () => {
      lab.daemon().deadline = (lab.engine.now + 100_000) as TimeUs;
      return NOTHING;
    };
    lab.advert();
    lab.run(300_000);
    expect(lab.daemon().advanced).toEqual([lab.engine.now - 300_000 + 10 + 100_000]);
  });

  test('hears of addresses and links after the call in which it changed them', () => {
    const address = {
      interface: 'eth0',
      address: parseIp('10.0.0.1') as IpAddress,
      length: 32,
      scope: 'global',
    } as const;
    const lab = stand((daemon) => {
      daemon.onStart = [{ kind: 'address-add', id: 7, address }];
    });
    const added = lab
      .daemon()
      .heard.filter(
        ({ event }) => event.kind === 'address-added' && event.address.address === address.address,
      );
    expect(added).toHaveLength(1);
    lab.cable.unplug();
    lab.run(1000);
    expect(lab.daemon().heard.at(-1)?.event).toMatchObject({
      kind: 'link-changed',
      interface: 'eth0',
    });
    expect(lab.system().interfaceNamed('eth0')).toMatchObject({ up: true, running: false });
  });

  test('what fails comes back with its id and a reason', () => {
    const address = {
      interface: 'eth7',
      address: parseIp('10.0.0.1') as IpAddress,
      length: 32,
      scope: 'global',
    } as const;
    const lab = stand((daemon) => {
      daemon.onStart = [
        { kind: 'address-add', id: 1, address },
        { kind: 'ipvs', id: 2, words: ['-A', '-t', '10.0.0.1:80'] },
        { kind: 'stream-open', id: 3, address: address.address, port: 80 },
        { kind: 'route-add', id: 4, family: 'inet', words: ['10.1.0.0/24', 'via', '10.77.0.1'] },
        { ...OPEN, id: 5, interface: 'eth7' },
      ];
    });
    const failed = lab
      .daemon()
      .heard.map(({ event }) => event)
      .filter((event) => event.kind === 'command-failed');
    expect(failed.map((event) => event.id)).toEqual([1, 4, 5]);
    const stream = lab.daemon().heard.find(({ event }) => event.kind === 'stream-failed');
    expect(stream?.event).toEqual({ kind: 'stream-failed', id: 3, failure: 'unreachable' });
    expect(failed[0]).toMatchObject({ reason: 'No such device' });
  });

  test('a stopped process hears later what came, in order, at most a socket buffer of it', () => {
    const lab = stand((daemon) => {
      daemon.onStart = [OPEN];
      daemon.deadline = 5000 as TimeUs;
    });
    lab.host.signal('keepalived', 'STOP');
    lab.cable.unplug();
    lab.run(1000);
    lab.cable.replug();
    lab.run(1000);
    for (let i = 0; i < PACKETS_WAITING_MAX + 50; i++) lab.advert();
    lab.run(10_000);
    expect([packets(lab.daemon()), lab.daemon().advanced.length]).toEqual([0, 0]);
    lab.host.signal('keepalived', 'CONT');
    lab.run(1000);
    const kinds = lab.daemon().heard.map(({ event }) => event.kind);
    expect(kinds.slice(-PACKETS_WAITING_MAX - 1)[0]).toBe('link-changed');
    expect(packets(lab.daemon())).toBe(PACKETS_WAITING_MAX);
    expect(lab.daemon().advanced).toHaveLength(1);
  });

  test('deadlines of a frozen machine wait as long as it was frozen', () => {
    const lab = stand((daemon) => {
      daemon.deadline = 100_000 as TimeUs;
    });
    lab.host.freeze();
    lab.run(1_000_000);
    expect(lab.daemon().advanced).toEqual([]);
    lab.host.resume();
    lab.run(98_000);
    expect(lab.daemon().advanced).toEqual([]);
    lab.run(2000);
    // Machine time: the second in which it was frozen is not in it.
    expect(lab.daemon().advanced).toEqual([100_000]);
  });

  test('SIGKILL leaves addresses and closes sockets; nothing more is called', () => {
    const address = {
      interface: 'eth0',
      address: parseIp('10.0.0.1') as IpAddress,
      length: 32,
      scope: 'global',
    } as const;
    const lab = stand((daemon) => {
      daemon.onStart = [OPEN, { kind: 'address-add', id: 7, address }];
      daemon.deadline = 50_000 as TimeUs;
    });
    const before = lab.daemon().heard.length;
    lab.host.signal('keepalived', 'KILL');
    lab.advert();
    lab.run(100_000);
    expect(lab.host.kernel?.isLocalAddress(address.address)).toBe(true);
    expect([lab.daemon().heard.length, lab.daemon().advanced]).toEqual([before, []]);
    expect(lab.host.unitState('keepalived')).toMatchObject({ active: 'failed' });
    expect(lab.host.keepalived()).toBeUndefined();
  });

  test('a stop that takes time leaves the unit deactivating until exit', () => {
    const lab = stand((daemon) => {
      daemon.onStop = NOTHING;
    });
    lab.host.unit('stop', 'keepalived');
    expect(lab.host.unitState('keepalived')?.active).toBe('deactivating');
    lab.daemon().onEvent = () => [{ kind: 'exit', code: 0 }];
    lab.host.signal('keepalived', 'USR1');
    lab.run(1000);
    expect(lab.host.unitState('keepalived')?.active).toBe('inactive');
  });
});

describe('scripts of a keepalived.conf', () => {
  function runScript(words: readonly string[], subject = 'chk') {
    const lab = stand((daemon) => {
      daemon.onStart = [{ kind: 'script-run', id: 9, arguments: words, purpose: 'check', subject }];
    });
    return lab;
  }

  function outcome(lab: ReturnType<typeof stand>): unknown {
    lab.run(100_000);
    const ends = lab.daemon().heard.filter(({ event }) => event.kind === 'script-exited');
    expect(ends.length).toBeLessThanOrEqual(1);
    const end = ends[0]?.event;
    return end?.kind === 'script-exited' ? end.outcome : undefined;
  }

  test.each([
    [['/bin/true'], { kind: 'exit', code: 0 }],
    [['/usr/bin/false'], { kind: 'exit', code: 1 }],
    [['pidof', 'nginx'], { kind: 'exit', code: 1 }],
    [['pidof', 'keepalived'], { kind: 'exit', code: 0 }],
    [['/usr/bin/killall', '-0', 'keepalived'], { kind: 'exit', code: 0 }],
    [['killall', '-0', 'nginx'], { kind: 'exit', code: 1 }],
    [['/usr/bin/pgrep', 'keepalived'], { kind: 'exit', code: 0 }],
    [['systemctl', 'is-active', 'nginx'], { kind: 'exit', code: 3 }],
    [['/bin/sh', '-c', 'pidof nginx || pidof keepalived'], { kind: 'exit', code: 0 }],
  ])('%j is asked of the machine', (words, expected) => {
    expect(outcome(runScript(words))).toEqual(expected);
  });

  test('nobody’s answer: not run, and an event that says so', () => {
    const lab = runScript(['/etc/keepalived/check.sh']);
    expect(outcome(lab)).toMatchObject({ kind: 'not-run' });
    const events = lab.engine.log.events.filter((event) => event.kind === 'script');
    expect(events).toHaveLength(1);
  });

  test('an answer by name, from now on, after its time', () => {
    const lab = stand();
    lab.host.setScriptAnswer('chk', { exit: 4, after: 20_000 as DurationUs });
    lab.daemon().onEvent = (event) =>
      event.kind === 'signal'
        ? [{ kind: 'script-run', id: 9, arguments: ['/x.sh'], purpose: 'check', subject: 'chk' }]
        : NOTHING;
    lab.host.signal('keepalived', 'USR1');
    lab.run(19_000);
    expect(lab.daemon().heard.at(-1)?.event.kind).toBe('signal');
    expect(outcome(lab)).toEqual({ kind: 'exit', code: 4 });
  });

  test('a script that hangs ends by the daemon’s signal', () => {
    const lab = stand();
    lab.host.setScriptAnswer('/x.sh', { exit: 'hang', after: 0 as DurationUs });
    lab.daemon().onEvent = (event) => {
      if (event.kind !== 'signal') return NOTHING;
      return event.signal === 'USR1'
        ? [{ kind: 'script-run', id: 9, arguments: ['/x.sh'], purpose: 'check', subject: 'chk' }]
        : [{ kind: 'script-signal', id: 9, signal: 'TERM' }];
    };
    lab.host.signal('keepalived', 'USR1');
    expect(outcome(lab)).toBeUndefined();
    lab.host.signal('keepalived', 'USR2');
    expect(outcome(lab)).toEqual({ kind: 'signal', signal: 'TERM' });
  });
});
