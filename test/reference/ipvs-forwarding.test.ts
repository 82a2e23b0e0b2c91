import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readUint16 } from '../../daemon/wire/integers.ts';
import {
  type Director,
  isFromDirector,
  makeDirector,
  type PortFrame,
  play,
  readPortFrames,
  setNeighbours,
} from './ipvs-director.ts';

const FOLDER = fileURLToPath(new URL('./ipvs/forwarding', import.meta.url));
const NEIGHBOURS = [
  ['10.10.0.1', '02:00:00:00:0a:01'],
  ['10.10.0.2', '02:00:00:00:0a:01'],
  ['10.10.0.3', '02:00:00:00:0a:01'],
  ['10.10.0.4', '02:00:00:00:0a:01'],
  ['10.10.0.11', '02:00:00:00:0a:11'],
  ['10.10.0.12', '02:00:00:00:0a:12'],
  ['10.10.0.253', '02:00:00:00:0a:fd'],
  ['10.20.0.13', '02:00:00:00:0b:13'],
] as const;
const PROTOCOL_ICMP = 1;

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly captures?: readonly ('dir0' | 'dir1')[];
  readonly setup: readonly string[];
  readonly sysctl?: readonly (readonly [string, string])[];
  /** Seconds since the first frame, and what was typed then. */
  readonly commands?: readonly (readonly [number, string])[];
  /** How long to wait after the last frame; half a second is enough for all but ARP. */
  readonly afterwardsUs?: number;
  /** Lines of `ipvsadm -Lnc` after the last frame, without the time left. */
  readonly entries?: readonly string[];
}

const SERVICE = '-A -t 10.10.0.100:80 -s rr';
const CASES: readonly Case[] = [
  {
    name: 'dr-lan-client',
    folder: 'dr',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    entries: ['FIN_WAIT 10.10.0.1:40001 10.10.0.11:80'],
  },
  {
    name: 'nat-lan-client',
    folder: 'nat',
    captures: ['dir0', 'dir1'],
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.20.0.13:8080 -m'],
    entries: ['TIME_WAIT 10.10.0.1:40003 10.20.0.13:8080'],
  },
  {
    name: 'tun-ipip-lan-client',
    folder: 'tun',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.30.0.15:80 -i'],
    entries: ['FIN_WAIT 10.10.0.1:40006 10.30.0.15:80'],
  },
  {
    name: 'dr-server-port-closed',
    folder: 'icmp',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    entries: ['SYN_RECV 10.10.0.1:41001 10.10.0.11:80'],
  },
  {
    name: 'nat-server-port-closed',
    folder: 'icmp',
    captures: ['dir0', 'dir1'],
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.20.0.13:8080 -m'],
    entries: ['CLOSE 10.10.0.1:41001 10.20.0.13:8080'],
  },
  {
    name: 'dr-server-absent-arp-fails',
    folder: 'icmp',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.10.0.77:80 -g'],
    // The fourth SYN races with the end of the third ARP attempt; it may wait for three more.
    afterwardsUs: 4_000_000,
    entries: ['SYN_RECV 10.10.0.1:41002 10.10.0.77:80'],
  },
  {
    name: 'ack-without-entry',
    folder: 'no-server',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    entries: ['SYN_RECV 10.10.0.1:42300 10.10.0.11:80'],
  },
  {
    name: 'ack-without-entry-sloppy_tcp-1',
    folder: 'no-server',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    sysctl: [['net.ipv4.vs.sloppy_tcp', '1']],
  },
  {
    name: 'dr-expire_nodest_conn-0',
    folder: 'expire-nodest',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    commands: [
      [0.3146, '-d -t 10.10.0.100:80 -r 10.10.0.11:80'],
      [2.0561, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    ],
  },
  {
    name: 'dr-expire_nodest_conn-1',
    folder: 'expire-nodest',
    setup: [SERVICE, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    sysctl: [['net.ipv4.vs.expire_nodest_conn', '1']],
    commands: [
      [0.4334, '-d -t 10.10.0.100:80 -r 10.10.0.11:80'],
      [2.1664, '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g'],
    ],
  },
  {
    name: 'persist-50',
    folder: 'persistence',
    setup: [
      '-A -t 10.10.0.100:80 -s rr -p 50',
      '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g',
      '-a -t 10.10.0.100:80 -r 10.10.0.12:80 -g',
    ],
  },
];

describe('a director sends, byte for byte, what the real one sent', () => {
  for (const each of CASES) {
    it(`${each.folder}/${each.name}`, () => {
      const frames = readPortFrames(
        (each.captures ?? ['dir0']).map((point, index) => [
          index === 0 ? 'eth0' : 'eth1',
          `${FOLDER}/${each.folder}/${each.name}.${point}.pcap`,
        ]),
      );
      const director = setUp(each);
      const commands = (each.commands ?? []).map(([at, line]) => [at * 1e6, line] as const);
      play(director, frames, commands, each.afterwardsUs);
      const nics = each.captures === undefined ? ['eth0'] : ['eth0', 'eth1'];
      for (const nic of nics) {
        const theirs = frames.filter((frame) => frame.nic === nic && isFromDirector(frame.frame));
        const ours = director.sent.filter((frame) => frame.nic === nic);
        expect(comparable(ours)).toEqual(comparable(theirs));
        expect(theirs.length, `${nic} says something`).toBeGreaterThan(0);
      }
      if (each.entries !== undefined) expect(entriesOf(director)).toEqual(each.entries);
    });
  }
});

function setUp(each: Case): Director {
  const director = makeDirector();
  director.kernel.addRoute(
    {
      family: 'inet',
      destination: { address: 0x0a1e0000 as never, length: 24 },
      table: 'main',
      type: 'unicast',
      link: 'eth0',
      gateway: 0x0a0a00fd as never,
      scope: 'global',
      metric: 0,
      protocol: 'static',
    },
    'add',
  );
  setNeighbours(director, NEIGHBOURS);
  for (const [name, value] of each.sysctl ?? []) director.kernel.setSysctl(name, value);
  for (const line of each.setup) director.ipvsadm(line);
  return director;
}

/** IPv4 frames as text; the identification that a director chooses for its own errors is left out. */
function comparable(frames: readonly PortFrame[]): string[] {
  return frames.flatMap(({ frame }) => {
    if (readUint16(frame, 12) !== 0x0800) return [];
    const protocol = frame[23] ?? 0;
    if (protocol === 2) return [];
    const copy = frame.slice();
    if (protocol === PROTOCOL_ICMP) copy.fill(0, 18, 20).fill(0, 24, 26);
    return Buffer.from(copy).toString('hex');
  });
}

function entriesOf(director: Director): string[] {
  return director.kernel.ipvs.connections().map(({ state, clientPort, ...rest }) => {
    const dotted = (address: unknown) =>
      [24, 16, 8, 0].map((shift) => (Number(address) >>> shift) & 255).join('.');
    const server = `${dotted(rest.serverAddress)}:${rest.serverPort}`;
    return `${state} ${dotted(rest.client)}:${clientPort} ${server}`;
  });
}
