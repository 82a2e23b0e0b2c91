/** B1 (echoes to one server over one switch) and B3 (flows over a chain or tree of switches). */

import { type DurationUs, durationUs, type TimeUs, timeUs } from '../../daemon/base/time.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import type { EventTarget } from '../../sim/engine/event-queue.ts';
import type { HostMaker } from './bench-host.ts';
import { BenchLan } from './bench-lan.ts';
import { type BenchResult, measure } from './bench-result.ts';
import { makeKernelHost } from './kernel-host.ts';

const ECHO_PORT = 7;
const DISCARD_PORT = 9;
const PAYLOAD = new Uint8Array(64).fill(0x55);
const SEED = 1;

/** Calls `send` every so often; the first time between 10 ms and 10 ms plus one interval, as in ns-3's programs. */
class Clockwork implements EventTarget {
  readonly #engine: Engine;
  readonly #every: DurationUs;
  readonly #send: () => void;

  constructor(engine: Engine, every: DurationUs, send: () => void) {
    this.#engine = engine;
    this.#every = every;
    this.#send = send;
  }

  /** `phase` is a part of the interval, 0 to 1. */
  start(phase: number): void {
    this.#engine.schedule(timeUs(10_000 + phase * this.#every), this, 0, undefined);
  }

  onEvent(now: TimeUs): void {
    this.#engine.schedule((now + this.#every) as TimeUs, this, 0, undefined);
    this.#send();
  }
}

/** B1: `clients` hosts send 10 echoes of 64 bytes a second to one server. Messages are answers. */
export function runEcho(options: {
  readonly clients: number;
  readonly seconds: number;
  readonly makeHost: HostMaker;
  readonly label: string;
}): BenchResult {
  const lan = new BenchLan(SEED);
  lan.addSwitches(1);
  let answers = 0;
  for (let i = 0; i <= options.clients; i++) lan.addHost(0);
  const hosts = lan.nics.map((nic, i) => options.makeHost(lan, i, nic));
  hosts.forEach((host, i) => {
    if (i === 0) {
      host.listen(ECHO_PORT, (reply) => reply());
      return;
    }
    const send = host.sender(0, ECHO_PORT, PAYLOAD, () => {
      answers++;
    });
    // Evenly spread, so that ns-3's program (`--even=1`) sends exactly as many.
    const phase = (i - 0.5) / options.clients;
    new Clockwork(lan.engine, durationUs(100_000), send).start(phase);
  });
  return measure({
    workload: `B1 ${options.clients} clients${options.label}`,
    simulatedSeconds: options.seconds,
    run: () => {
      lan.runSeconds(options.seconds);
      return lan.counts(answers);
    },
  });
}

/** Islands of ten hosts, each with a switch and a server of its own, with B1's echoes. Messages are answers. */
export function runIslands(options: {
  readonly hosts: number;
  readonly seconds: number;
}): BenchResult {
  const lan = new BenchLan(SEED);
  const size = 10;
  lan.addSwitches(options.hosts / size);
  for (let i = 0; i < options.hosts; i++) lan.addHost(Math.floor(i / size));
  const hosts = lan.nics.map((nic, i) => makeKernelHost(lan, i, nic));
  let answers = 0;
  hosts.forEach((host, i) => {
    const server = i - (i % size);
    if (i === server) {
      host.listen(ECHO_PORT, (reply) => reply());
      return;
    }
    const send = host.sender(server, ECHO_PORT, PAYLOAD, () => {
      answers++;
    });
    new Clockwork(lan.engine, durationUs(100_000), send).start((i - 0.5) / options.hosts);
  });
  return measure({
    workload: `${options.hosts} hosts on islands of ten`,
    simulatedSeconds: options.seconds,
    run: () => {
      lan.runSeconds(options.seconds);
      return lan.counts(answers);
    },
  });
}

/** B3: 8 switches, 128 hosts, host i sends 100 datagrams a second to host i+64. Messages are arrivals. */
export function runFlows(options: {
  readonly topology: 'chain' | 'tree';
  readonly seconds: number;
  readonly makeHost: HostMaker;
  readonly label: string;
}): BenchResult {
  const [switches, count] = [8, 128];
  const lan = new BenchLan(SEED);
  lan.addSwitches(switches);
  for (let i = 1; i < switches; i++) {
    lan.trunk(options.topology === 'chain' ? i - 1 : (i - 1) >> 1, i);
  }
  for (let h = 0; h < count; h++) lan.addHost(Math.floor((h * switches) / count));
  const hosts = lan.nics.map((nic, i) => options.makeHost(lan, i, nic));
  let arrivals = 0;
  hosts.forEach((host, i) => {
    if (i >= count / 2) {
      host.listen(DISCARD_PORT, () => {
        arrivals++;
      });
      return;
    }
    const send = host.sender(i + count / 2, DISCARD_PORT, PAYLOAD, () => {});
    const phase = lan.engine.streams.named(`phase:${i}`).uint32() / 2 ** 32;
    new Clockwork(lan.engine, durationUs(10_000), send).start(phase);
  });
  return measure({
    workload: `B3 ${options.topology}${options.label}`,
    simulatedSeconds: options.seconds,
    run: () => {
      lan.runSeconds(options.seconds);
      return lan.counts(arrivals);
    },
  });
}
