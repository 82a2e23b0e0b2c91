/**
 * A director in DR mode over so many real servers: new connections, each with a request and a page, and datagrams handed on.
 * What one of either costs must not depend on the number of servers.
 */

import { timeUs } from '../../daemon/base/time.ts';
import { type Ipv4Address, ipv4FromNumber } from '../../daemon/wire/ipv4-address.ts';
import type { EventTarget } from '../../sim/engine/event-queue.ts';
import { createKernel, type Kernel } from '../../sim/kernel/kernel.ts';
import { BenchLan } from './bench-lan.ts';
import { type BenchResult, measure } from './bench-result.ts';

const SEED = 1;
const VIP = ipv4FromNumber(0x0a00fffe);
const PORT = 80;
const TCP = 6;
const UDP = 17;
const REQUEST = new Uint8Array(100).fill(0x55);
const PAGE = new Uint8Array(1024).fill(0x2a);
/** The first moments belong to ARP. */
const START_US = 1_000_000;

interface Options {
  readonly servers: number;
  /** Connections or datagrams a second. A client has 28,232 ports, each of which rests 60 s behind its connection. */
  readonly rate: number;
  readonly seconds: number;
}

/** New connections a second through the director. Messages are pages that arrived. */
export function runConnections(options: Options): BenchResult {
  const lab = makeLab(options.servers, TCP);
  let pages = 0;
  for (const server of lab.servers) {
    server.listenTcp({
      family: 'inet',
      port: PORT,
      backlog: 4096,
      onAccept: (socket) => ({
        onData: () => void socket.send(PAGE.slice()),
        onClosed: () => socket.close(),
      }),
    });
  }
  every(lab.lan, 1_000_000 / options.rate, () => {
    const socket = lab.client.connectTcp({
      address: VIP,
      port: PORT,
      handlers: {
        onConnected: () => {
          if (typeof socket !== 'string') socket.send(REQUEST.slice());
        },
        onData: () => {
          pages++;
          if (typeof socket !== 'string') socket.close();
        },
      },
    });
  });
  return run(lab, options, `LVS DR, ${options.servers} servers, new connections`, () => pages);
}

/** Datagrams a second that the director hands on. Messages are datagrams that arrived. */
export function runDatagrams(options: Options): BenchResult {
  const lab = makeLab(options.servers, UDP);
  let arrived = 0;
  for (const server of lab.servers) {
    server.openUdp({ family: 'inet', port: PORT, onDatagram: () => void arrived++ });
  }
  // Enough sources that every server has its share.
  const sockets = Array.from({ length: 256 }, () =>
    lab.client.openUdp({ family: 'inet', onDatagram: () => {} }),
  );
  let next = 0;
  every(lab.lan, 1_000_000 / options.rate, () => {
    const socket = sockets[next++ % sockets.length];
    if (typeof socket === 'object') socket.send(REQUEST, VIP, PORT);
  });
  return run(lab, options, `LVS DR, ${options.servers} servers, datagrams`, () => arrived);
}

interface Lab {
  readonly lan: BenchLan;
  readonly client: Kernel;
  readonly servers: readonly Kernel[];
}

function makeLab(count: number, protocol: number): Lab {
  const lan = new BenchLan(SEED);
  lan.addSwitches(1);
  for (let i = 0; i < count + 2; i++) lan.addHost(0);
  const [director, client, ...servers] = lan.nics.map((port, index) => {
    const kernel = createKernel({ engine: lan.engine, node: `h${index}` });
    kernel.setSysctl('net.ipv6.conf.all.disable_ipv6', '1');
    kernel.setSysctl('net.ipv6.conf.default.disable_ipv6', '1');
    kernel.addEthernet({ name: 'eth0', mac: port.mac, mtu: port.mtu, port });
    kernel.setLinkUp('eth0', true);
    kernel.addAddress('eth0', { address: addressOf(index), length: 16 });
    return kernel;
  });
  if (director === undefined || client === undefined) throw new Error('no hosts');
  director.addAddress('eth0', { address: VIP, length: 32 });
  const key = { kind: 'address', protocol, address: VIP, port: PORT } as const;
  director.ipvs.addService(key, { scheduler: 'rr', schedulerFlags: 0, onePacket: false });
  for (const [index, server] of servers.entries()) {
    server.setSysctl('net.ipv4.conf.all.arp_ignore', '1');
    server.setSysctl('net.ipv4.conf.all.arp_announce', '2');
    server.addAddress('lo', { address: VIP, length: 32 });
    const place = { address: addressOf(index + 2), port: PORT };
    director.ipvs.addServer(key, place, { method: 'dr', weight: 1 });
  }
  return { lan, client, servers };
}

function addressOf(index: number): Ipv4Address {
  return ipv4FromNumber(0x0a000001 + index);
}

function every(lan: BenchLan, intervalUs: number, what: () => void): void {
  let count = 0;
  const target: EventTarget = {
    onEvent: () => {
      const at = START_US + Math.round(++count * intervalUs);
      lan.engine.schedule(timeUs(at), target, 0, undefined);
      what();
    },
  };
  lan.engine.schedule(timeUs(START_US), target, 0, undefined);
}

function run(lab: Lab, options: Options, workload: string, messages: () => number): BenchResult {
  return measure({
    workload: `${workload}, ${options.rate}/s`,
    simulatedSeconds: options.seconds,
    run: () => {
      lab.lan.runSeconds(options.seconds + START_US / 1e6);
      return lab.lan.counts(messages());
    },
  });
}
