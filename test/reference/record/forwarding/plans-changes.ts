/** Recordings of what changes under live traffic: weights, ICMP errors that come to the virtual address, UDP that sticks to its server. */

import type { Bench } from './bench.ts';
import { VIP } from './lab.ts';
import type { ForwardingPlan } from './plan.ts';
import type { PosixSocket } from './sockets.ts';

const SERVICE = `-A -t ${VIP}:80 -s rr`;
const UDP_SERVICE = `-A -u ${VIP}:53 -s rr`;
const WAYS = {
  dr: { server: 'rs1', port: 80, end: '10.10.0.11:80', method: '-g', points: ['rs1'] },
  nat: { server: 'rs3', port: 8080, end: '10.20.0.13:8080', method: '-m', points: ['dir1', 'rs3'] },
  tun: { server: 'rs5', port: 80, end: '10.30.0.15:80', method: '-i', points: ['routerC', 'rs5'] },
} as const;
type Way = keyof typeof WAYS;

const HOST_UNREACHABLE = 1;
const FRAGMENTATION_NEEDED = 4;

/** A live connection over one way. */
async function live(bench: Bench, way: Way, from: number) {
  const { server, port } = WAYS[way];
  const listener = bench.serve(server, port);
  const client = await bench.connect(from);
  const peer = await bench.accept(listener);
  await bench.wait(0.1);
  return { client, peer, listener };
}

function plan(way: Way, name: string, act: ForwardingPlan['act']): ForwardingPlan {
  const { end, method, points } = WAYS[way];
  return {
    name,
    points: ['client', 'dir0', ...points],
    setup: [SERVICE, `-a -t ${VIP}:80 -r ${end} ${method}`],
    act,
  };
}

/** The client's network says that what the server sent does not fit, or that nobody is there. */
function complaint(way: Way, code: number, from: number): ForwardingPlan {
  const what = code === FRAGMENTATION_NEEDED ? 'frag-needed' : 'host-unreachable';
  return plan(way, `icmp/${way}-${what}-to-vip`, async (bench) => {
    const { client, peer } = await live(bench, way, from);
    client.send('GET');
    await bench.wait(0.1);
    peer.send(Buffer.alloc(1400, 'a'));
    await bench.wait(0.1);
    peer.send(Buffer.alloc(1400, 'b'));
    const sent = await bench.lastHeard('client', VIP);
    bench.complain(
      '10.10.0.99',
      VIP,
      { code, mtu: code === FRAGMENTATION_NEEDED ? 1000 : 0 },
      sent,
    );
    await bench.wait(0.5);
    bench.entries('complained');
    peer.send(Buffer.alloc(1400, 'c'));
    await bench.wait(0.3);
    client.finish();
    peer.finish();
    await bench.wait(0.2);
    bench.entries('afterwards');
  });
}

function weightZero(way: Way, from: number): ForwardingPlan {
  const { end, method } = WAYS[way];
  return plan(way, `expire-nodest/${way}-weight-0`, async (bench) => {
    const { client, peer, listener } = await live(bench, way, from);
    bench.entries('connected');
    bench.ipvsadm(`-e -t ${VIP}:80 -r ${end} ${method} -w 0`);
    bench.say('weight set to 0');
    client.send('abc');
    await bench.wait(0.3);
    bench.entries('client sent 3 bytes');
    peer.send('srv');
    await bench.wait(0.3);
    await bench.connect(from + 1);
    bench.ipvsadm(`-e -t ${VIP}:80 -r ${end} ${method} -w 3`);
    bench.say('weight set to 3');
    await bench.connect(from + 2);
    await bench.accept(listener);
    client.finish();
    peer.finish();
    await bench.wait(0.3);
    bench.entries('afterwards');
    bench.list();
  });
}

/** Datagrams of one client, of another port, of another address; the servers echo. */
async function stickyDatagrams(bench: Bench, servers: readonly PosixSocket[], answer: boolean) {
  const clients = [
    ['10.10.0.1', 47_100],
    ['10.10.0.1', 47_101],
    ['10.10.0.2', 47_102],
    ['10.10.0.1', 47_103],
  ] as const;
  for (const [address, port] of clients) {
    const client = bench.socket('client', 'udp', address, port);
    client.send('question', [VIP, 53]);
    await bench.wait(0.1);
    for (const server of servers) {
      if (typeof server.receive() === 'string') continue;
      if (answer) server.send('answer', [address, port]);
    }
    await bench.wait(0.1);
    bench.entries('table');
  }
  bench.list();
}

const SYN = 0x02;

/** Sysctls that are off by default. */
const SETTING_PLANS: readonly ForwardingPlan[] = [
  ...([0, 1] as const).map((value) => ({
    name: `icmp/nat_icmp_send-${value}`,
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [UDP_SERVICE, `-a -u ${VIP}:53 -r 10.20.0.13:5353 -m`],
    settings: [['net.ipv4.vs.nat_icmp_send', value] as const],
    async act(bench: Bench) {
      // The server speaks first: there is no entry.
      for (const port of [5353, 5354]) {
        bench.socket('rs3', 'udp', '10.20.0.13', port).send('answer', ['10.10.0.1', 47_140]);
        await bench.wait(0.3);
      }
      bench.entries('afterwards');
    },
  })),
  ...([0, 1] as const).map((value) => ({
    name: `icmp/schedule_icmp-${value}`,
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.20.0.13:8080 -m`],
    settings: [['net.ipv4.vs.schedule_icmp', value] as const],
    async act(bench: Bench) {
      // By then the client knows its neighbour.
      await bench.connect(47_160, { to: 81 });
      // About an answer that nobody gave.
      const quoted = Buffer.alloc(48);
      quoted.set([0x45, 0, 0, 48, 0, 7, 0x40, 0, 60, 6, 0, 0, 10, 10, 0, 100, 10, 10, 0, 1]);
      quoted.set([0, 80, 0xb8, 0x25, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1, 0], 20);
      for (const code of [HOST_UNREACHABLE, HOST_UNREACHABLE]) {
        bench.complain('10.10.0.99', VIP, { code, mtu: 0 }, quoted);
        await bench.wait(0.3);
        bench.entries('complained');
      }
      bench.list();
    },
  })),
  {
    name: 'no-server/drop_packet-3',
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.20.0.13:8080 -m`],
    settings: [
      ['net.ipv4.vs.am_droprate', 3],
      ['net.ipv4.vs.drop_packet', 3],
    ],
    async act(bench) {
      bench.say('net.ipv4.vs.am_droprate=3');
      bench.say('net.ipv4.vs.drop_packet=3');
      for (let index = 0; index < 8; index++) {
        bench.segment(`10.10.0.1:${47_150 + index}`, `${VIP}:80`, SYN);
        await bench.wait(0.2);
        bench.entries('then');
      }
    },
  },
];

const TWO = ['10.10.0.11', '10.10.0.12'];

export const CHANGE_PLANS: readonly ForwardingPlan[] = [
  ...SETTING_PLANS,
  ...(['dr', 'nat', 'tun'] as const).flatMap((way, index) => [
    complaint(way, FRAGMENTATION_NEEDED, 47_000 + index),
    complaint(way, HOST_UNREACHABLE, 47_010 + index),
    weightZero(way, 47_020 + 10 * index),
  ]),
  {
    name: 'persistence/udp',
    points: ['client', 'dir0', 'rs1', 'rs2'],
    setup: [`${UDP_SERVICE} -p 50`, ...TWO.map((one) => `-a -u ${VIP}:53 -r ${one}:53 -g`)],
    async act(bench) {
      const servers = ['rs1', 'rs2'].map((name) => bench.socket(name, 'udp', VIP, 53));
      await stickyDatagrams(bench, servers, true);
    },
  },
  {
    name: 'persistence/udp-mute-nat',
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [
      `${UDP_SERVICE} -p 50`,
      `-a -u ${VIP}:53 -r 10.20.0.13:5353 -m`,
      `-a -u ${VIP}:53 -r 10.20.0.13:5354 -m`,
    ],
    async act(bench) {
      const servers = [5353, 5354].map((port) => bench.socket('rs3', 'udp', '10.20.0.13', port));
      await stickyDatagrams(bench, servers, false);
    },
  },
  {
    name: 'icmp/nat-udp-server-absent',
    points: ['client', 'dir0', 'dir1'],
    setup: [UDP_SERVICE, `-a -u ${VIP}:53 -r 10.20.0.77:5353 -m`],
    async act(bench) {
      const client = bench.socket('client', 'udp', '10.10.0.1', 47_120);
      client.connect(VIP, 53);
      client.send('question');
      await bench.wait(4);
      bench.say(`client socket: ${client.receive()}`);
      bench.entries('afterwards');
    },
  },
  {
    name: 'dr/dr-dummy',
    points: ['client', 'dir0', 'rs1'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.10.0.11:80 -g`],
    async act(bench) {
      bench.lab.run('rs1', `ip address del ${VIP}/32 dev lo`);
      bench.lab.run('rs1', 'ip link add dummy0 type dummy');
      bench.lab.run('rs1', 'ip link set dummy0 up');
      bench.lab.run('rs1', `ip address add ${VIP}/32 dev dummy0`);
      const { client, peer } = await live(bench, 'dr', 47_130);
      client.send('GET / HTTP/1.0\r\n\r\n');
      await bench.wait(0.1);
      peer.send('HTTP/1.0 200 OK\r\n\r\nhello');
      peer.finish();
      await bench.wait(0.1);
      client.finish();
      await bench.wait(0.1);
      bench.entries('afterwards');
      bench.lab.run('rs1', 'ip link del dummy0');
      bench.lab.run('rs1', `ip address add ${VIP}/32 dev lo`);
    },
  },
];
