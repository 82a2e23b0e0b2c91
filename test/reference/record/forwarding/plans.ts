/** The recordings that can be made, by folder and name. */

import type { Bench } from './bench.ts';
import { VIP } from './lab.ts';
import type { ForwardingPlan } from './plan.ts';
import { CHANGE_PLANS } from './plans-changes.ts';

const SERVICE = `-A -t ${VIP}:80 -s rr`;
const UDP_SERVICE = `-A -u ${VIP}:53 -s rr`;
const DR = `-a -t ${VIP}:80 -r 10.10.0.11:80 -g`;
const NAT = `-a -t ${VIP}:80 -r 10.20.0.13:8080 -m`;
const TUN = `-a -t ${VIP}:80 -r 10.30.0.15:80 -i`;
const SYN = 0x02;
const RST_ACK = 0x14;
const FIN_ACK = 0x11;
const ACK = 0x10;

/** One connection from beginning to end. */
async function conversation(bench: Bench, server: string, port: number, from: number) {
  const listener = bench.serve(server, port);
  const client = await bench.connect(from);
  const peer = await bench.accept(listener);
  bench.entries('client: connect() done');
  client.send('GET / HTTP/1.0\r\n\r\n');
  await bench.wait(0.15);
  peer.send('HTTP/1.0 200 OK\r\n\r\nhello');
  await bench.wait(0.15);
  bench.entries('server: answer sent');
  client.finish();
  await bench.wait(0.2);
  bench.entries('client: FIN sent');
  peer.finish();
  await bench.wait(0.2);
  bench.entries('server: FIN sent');
}

/** A live connection of a service. */
async function live(bench: Bench, server: string, port: number, from: number) {
  const listener = bench.serve(server, port);
  const client = await bench.connect(from);
  const peer = await bench.accept(listener);
  await bench.wait(0.1);
  return { client, peer };
}

const ttl = (value: number) => (packet: Buffer) => void packet.writeUInt8(value, 8);

export const PLANS: readonly ForwardingPlan[] = [
  {
    name: 'dr/dr-own',
    points: ['client', 'dir0', 'rs1'],
    setup: [SERVICE, DR],
    act: (bench) => conversation(bench, 'rs1', 80, 40_101),
  },
  {
    name: 'nat/nat-own',
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [SERVICE, NAT],
    act: (bench) => conversation(bench, 'rs3', 8080, 40_102),
  },
  {
    name: 'tun/tun-ipip-own',
    points: ['client', 'dir0', 'routerC', 'rs5'],
    setup: [SERVICE, TUN],
    act: (bench) => conversation(bench, 'rs5', 80, 40_103),
  },
  {
    name: 'tun/tun-gre',
    points: ['client', 'dir0', 'routerC', 'rs5'],
    setup: [SERVICE, `${TUN} --tun-type gre`],
    async act(bench) {
      await bench.connect(40_104, { wait: 2.5 });
      bench.entries('afterwards');
    },
  },
  {
    name: 'tun/tun-gue',
    points: ['client', 'dir0', 'routerC', 'rs5'],
    setup: [SERVICE, `${TUN} --tun-type gue --tun-port 5555`],
    async act(bench) {
      await bench.connect(40_105, { wait: 2.5 });
      bench.entries('afterwards');
    },
  },
  {
    name: 'tun/tun-pmtu',
    points: ['client', 'dir0', 'routerC', 'rs5'],
    setup: [UDP_SERVICE, `-a -u ${VIP}:53 -r 10.30.0.15:53 -i`],
    async act(bench) {
      const server = bench.socket('rs5', 'udp', VIP, 53);
      const client = bench.socket('client', 'udp', '10.10.0.1', 40_106);
      client.setDontFragment(3);
      client.send(Buffer.alloc(1452, 'a'), [VIP, 53]);
      await bench.wait(0.2);
      client.send(Buffer.alloc(1453, 'b'), [VIP, 53]);
      await bench.wait(0.2);
      bench.say(`client socket: ${client.receive()}`);
      bench.say(`server got ${Buffer.from(server.receive()).length} bytes`);
      bench.entries('afterwards');
    },
  },
  {
    name: 'nat/nat-client-in-server-net',
    points: ['client2-7', 'dir1', 'rs3'],
    setup: [SERVICE, NAT],
    async act(bench) {
      bench.serve('rs3', 8080);
      await bench.connect(40_107, { machine: 'client2-7', from: '10.20.0.7', wait: 2.5 });
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/nat-udp-port-closed',
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [UDP_SERVICE, `-a -u ${VIP}:53 -r 10.20.0.13:5353 -m`],
    async act(bench) {
      const client = bench.socket('client', 'udp', '10.10.0.1', 41_101);
      client.connect(VIP, 53);
      client.send('question');
      await bench.wait(0.2);
      bench.say(`client socket: ${client.receive()}`);
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/dr-udp-port-closed',
    points: ['client', 'dir0', 'rs1'],
    setup: [UDP_SERVICE, `-a -u ${VIP}:53 -r 10.10.0.11:53 -g`],
    async act(bench) {
      const client = bench.socket('client', 'udp', '10.10.0.1', 41_102);
      client.connect(VIP, 53);
      client.send('question');
      await bench.wait(0.2);
      bench.say(`client socket: ${client.receive()}`);
      bench.entries('afterwards');
    },
  },
  {
    name: 'nat/nat-udp',
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [UDP_SERVICE, `-a -u ${VIP}:53 -r 10.20.0.13:5353 -m`],
    async act(bench) {
      const server = bench.socket('rs3', 'udp', '10.20.0.13', 5353);
      const client = bench.socket('client', 'udp', '10.10.0.1', 41_103);
      client.send('question', [VIP, 53]);
      await bench.wait(0.1);
      server.send('answer', ['10.10.0.1', 41_103]);
      await bench.wait(0.1);
      bench.say(`client got b'${client.receive()}'`);
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/ttl-1',
    points: ['client', 'dir0', 'dir1', 'rs1', 'rs3'],
    setup: [SERVICE, NAT, DR],
    async act(bench) {
      bench.segment('10.10.0.1:41104', `${VIP}:80`, SYN, ttl(1));
      await bench.wait(0.2);
      bench.segment('10.10.0.1:41105', `${VIP}:80`, SYN, ttl(1));
      await bench.wait(0.2);
      bench.segment('10.10.0.1:41106', `${VIP}:80`, SYN, ttl(2));
      await bench.wait(0.2);
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/dr-no-route',
    points: ['client', 'dir0'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.99.0.1:80 -g`],
    async act(bench) {
      await bench.connect(41_107);
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/nat-no-route',
    points: ['client', 'dir0', 'dir1'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.99.0.1:80 -m`],
    async act(bench) {
      await bench.connect(41_108);
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/tun-no-route',
    points: ['client', 'dir0'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.99.0.1:80 -i`],
    async act(bench) {
      await bench.connect(41_109);
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/nat-server-absent',
    points: ['client', 'dir0', 'dir1'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.20.0.77:8080 -m`],
    async act(bench) {
      await bench.connect(41_110, { wait: 5 });
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/tun-router-host-unreachable',
    points: ['client', 'dir0', 'routerC'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.30.0.77:80 -i`],
    async act(bench) {
      await bench.connect(41_111, { wait: 5 });
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/dr-behind-router-loop',
    points: ['client', 'dir0', 'routerA'],
    setup: [SERVICE, `-a -t ${VIP}:80 -r 10.30.0.15:80 -g`],
    async act(bench) {
      bench.segment('10.10.0.1:41112', `${VIP}:80`, SYN, ttl(9));
      await bench.wait(0.3);
      bench.entries('afterwards');
    },
  },
  {
    name: 'icmp/nat-server-unplugged',
    points: ['client', 'dir0', 'dir1'],
    setup: [SERVICE, NAT],
    async act(bench) {
      const { client } = await live(bench, 'rs3', 8080, 41_113);
      bench.entries('connected');
      bench.lab.plug('rs3', false);
      bench.say('rs3 unplugged');
      client.send('abc');
      await bench.wait(2);
      bench.entries('2 s later');
      bench.lab.plug('rs3', true);
      bench.say('rs3 plugged');
      await bench.wait(3);
      bench.entries('3 s later');
    },
  },
  {
    name: 'no-server/udp-empty-service',
    points: ['client', 'dir0'],
    setup: [UDP_SERVICE],
    async act(bench) {
      const client = bench.socket('client', 'udp', '10.10.0.1', 42_101);
      client.connect(VIP, 53);
      client.send('question');
      await bench.wait(0.2);
      bench.say(`client socket: ${client.receive()}`);
      bench.entries('afterwards');
    },
  },
  {
    name: 'no-server/overloaded',
    points: ['client', 'dir0', 'rs1'],
    setup: [SERVICE, `${DR} -x 1`],
    async act(bench) {
      await live(bench, 'rs1', 80, 42_102);
      bench.entries('connected');
      await bench.connect(42_103);
      bench.entries('afterwards');
    },
  },
  {
    name: 'no-server/port-without-service',
    points: ['client', 'dir0'],
    setup: [SERVICE, DR],
    async act(bench) {
      await bench.connect(42_104, { to: 81 });
      bench.entries('afterwards');
    },
  },
  {
    name: 'no-server/lone-segments',
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [SERVICE, NAT],
    async act(bench) {
      for (const [index, flags] of [ACK, FIN_ACK, RST_ACK, 0x12, SYN].entries()) {
        bench.segment(`10.10.0.1:${42_110 + index}`, `${VIP}:80`, flags);
        await bench.wait(0.2);
        bench.entries('then');
      }
    },
  },
  {
    name: 'no-server/lone-segments-sloppy_tcp-1',
    points: ['client', 'dir0', 'dir1', 'rs3'],
    setup: [SERVICE, NAT],
    settings: [['net.ipv4.vs.sloppy_tcp', 1]],
    async act(bench) {
      for (const [index, flags] of [ACK, FIN_ACK, RST_ACK, 0x12].entries()) {
        bench.segment(`10.10.0.1:${42_120 + index}`, `${VIP}:80`, flags);
        await bench.wait(0.2);
        bench.entries('then');
      }
    },
  },
  {
    name: 'icmp/ping-vip',
    points: ['client', 'dir0', 'rs1'],
    setup: [SERVICE, DR],
    async act(bench) {
      bench.lab.run('client', `ping -c 2 -i 0.3 ${VIP}`);
      await bench.wait(0.1);
      bench.entries('afterwards');
    },
  },
  ...(['0', '1'] as const).flatMap((value) => [
    {
      name: `expire-nodest/nat-expire_nodest_conn-${value}`,
      points: ['client', 'dir0', 'dir1', 'rs3'],
      setup: [SERVICE, NAT],
      settings: [['net.ipv4.vs.expire_nodest_conn', value] as const],
      async act(bench: Bench) {
        const { client, peer } = await live(bench, 'rs3', 8080, 44_100);
        bench.entries('connected');
        bench.ipvsadm(`-d -t ${VIP}:80 -r 10.20.0.13:8080`);
        bench.say('real server removed (ipvsadm -d)');
        bench.entries('then');
        client.send('abc');
        await bench.wait(0.7);
        bench.entries('client sent 3 bytes');
        peer.send('srv');
        await bench.wait(0.3);
        bench.entries('server sent 3 bytes');
        bench.ipvsadm(NAT);
        bench.say('real server added again');
        await bench.wait(2.5);
        bench.entries('2.5 s later');
      },
    },
    {
      name: `persistence/expire_quiescent_template-${value}`,
      points: ['client', 'dir0', 'rs1', 'rs2'],
      setup: [`${SERVICE} -p 50`, DR, `-a -t ${VIP}:80 -r 10.10.0.12:80 -g`],
      settings: [['net.ipv4.vs.expire_quiescent_template', value] as const],
      async act(bench: Bench) {
        const listeners = new Map(['rs1', 'rs2'].map((name) => [name, bench.serve(name, 80)]));
        const once = async (port: number) => {
          const client = await bench.connect(port);
          await bench.wait(0.1);
          for (const listener of listeners.values()) listener.accept()?.finish();
          client.finish();
          await bench.wait(0.2);
          bench.entries('table');
        };
        await once(43_100);
        bench.ipvsadm(`-e -t ${VIP}:80 -r 10.10.0.12:80 -g -w 0`);
        bench.say(`weight of 10.10.0.12 set to 0`);
        await once(43_101);
        bench.list();
      },
    },
  ]),
  {
    name: 'expire-nodest/dr-service-removed',
    points: ['client', 'dir0', 'rs1'],
    setup: [SERVICE, DR],
    async act(bench) {
      const { client, peer } = await live(bench, 'rs1', 80, 44_102);
      bench.entries('connected');
      bench.ipvsadm(`-D -t ${VIP}:80`);
      bench.say('service removed (ipvsadm -D)');
      client.send('abc');
      await bench.wait(0.5);
      bench.entries('client sent 3 bytes');
      peer.send('srv');
      await bench.wait(0.5);
      bench.entries('server sent 3 bytes');
    },
  },
  {
    name: 'persistence/mask',
    points: ['client', 'dir0', 'rs1', 'rs2'],
    setup: [`${SERVICE} -p 50 -M 255.255.255.0`, DR, `-a -t ${VIP}:80 -r 10.10.0.12:80 -g`],
    async act(bench) {
      const listeners = ['rs1', 'rs2'].map((name) => bench.serve(name, 80));
      for (const [index, octet] of [2, 3, 4].entries()) {
        const client = await bench.connect(43_110 + index, { from: `10.10.0.${octet}` });
        await bench.wait(0.1);
        for (const listener of listeners) listener.accept()?.finish();
        client.finish();
        await bench.wait(0.1);
      }
      bench.entries('table');
      bench.list();
    },
  },
  {
    name: 'persistence/port-0',
    points: ['client', 'dir0', 'rs1', 'rs2'],
    setup: [
      `-A -t ${VIP}:0 -s rr -p 50`,
      `-a -t ${VIP}:0 -r 10.10.0.11:0 -g`,
      `-a -t ${VIP}:0 -r 10.10.0.12:0 -g`,
    ],
    async act(bench) {
      const listeners = ['rs1', 'rs2'].flatMap((name) =>
        [80, 81].map((to) => bench.serve(name, to)),
      );
      for (const [index, to] of [80, 81].entries()) {
        const client = await bench.connect(43_120 + index, { to });
        await bench.wait(0.1);
        for (const listener of listeners) listener.accept()?.finish();
        client.finish();
        await bench.wait(0.1);
      }
      bench.entries('table');
      bench.list();
    },
  },
  {
    name: 'persistence/removed-and-added',
    points: ['client', 'dir0', 'rs1', 'rs2'],
    setup: [`${SERVICE} -p 50`, DR, `-a -t ${VIP}:80 -r 10.10.0.12:80 -g`],
    async act(bench) {
      const listeners = ['rs1', 'rs2'].map((name) => bench.serve(name, 80));
      const once = async (port: number) => {
        const client = await bench.connect(port);
        await bench.wait(0.1);
        for (const listener of listeners) listener.accept()?.finish();
        client.finish();
        await bench.wait(0.1);
        bench.entries('table');
      };
      await once(43_130);
      bench.ipvsadm(`-d -t ${VIP}:80 -r 10.10.0.12:80`);
      bench.say('10.10.0.12: real server removed (ipvsadm -d)');
      await once(43_131);
      bench.ipvsadm(`-a -t ${VIP}:80 -r 10.10.0.12:80 -g`);
      bench.say('10.10.0.12: real server added again');
      await once(43_132);
      bench.list();
    },
  },
  {
    name: 'local-node/client-on-director',
    points: ['dir0', 'rs1'],
    setup: [SERVICE, DR],
    async act(bench) {
      const listener = bench.serve('rs1', 80);
      await bench.connect(46_100, { machine: 'director', from: '10.10.0.254', wait: 2.5 });
      listener.accept();
      bench.entries('afterwards');
    },
  },
  ...CHANGE_PLANS,
];
