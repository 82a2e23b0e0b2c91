/**
 * The laboratory of `../traces/README.md` in network namespaces: nodes and a client on one or two Linux bridges, which
 * stand in a namespace of their own. Names carry the process id, so that several recordings may be made at once.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

/** The machines of the laboratory and the last octet of their addresses. */
export const MACHINES: ReadonlyMap<string, number> = new Map([
  ['n1', 11],
  ['n2', 12],
  ['n3', 13],
  ['client', 50],
]);

/** A laboratory; `close` removes it. */
export interface NetnsLab {
  /** Runs a program to its end in a machine, or in `sw`, where the bridges are. */
  run(machine: string, words: readonly string[]): string;
  /** Starts a program. */
  start(machine: string, words: readonly string[], folder: string): ChildProcess;
  /** The switch port of a machine: `p1`, `p50`; on the second LAN `q1`. */
  portOf(machine: string, nic: string): string;
  close(): void;
}

/** Builds the laboratory. */
export function openLab(lans: number, ipv6: boolean): NetnsLab {
  const prefix = `vrrp${process.pid}`;
  const names = ['sw', ...MACHINES.keys()];
  const namespaceOf = (machine: string) => `${prefix}-${machine}`;
  const inside = (machine: string, words: readonly string[]) => [
    'netns',
    'exec',
    namespaceOf(machine),
    ...words,
  ];
  const lab: NetnsLab = {
    run: (machine, words) =>
      execFileSync('ip', inside(machine, words), {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    start: (machine, words, folder) =>
      spawn('ip', inside(machine, words), {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
      }),
    portOf: (machine, nic) => `${nic === 'eth1' ? 'q' : 'p'}${portNumber(machine)}`,
    close: () => {
      for (const name of names) removeNamespace(namespaceOf(name));
    },
  };
  for (const name of names) {
    execFileSync('ip', ['netns', 'add', namespaceOf(name)]);
    const off = name === 'sw' || !ipv6 ? '1' : '0';
    for (const interfaces of ['all', 'default']) {
      // Not real-time: the kernel restarts this call until it gets the network lock, and on two such
      // processors whoever holds that lock never runs again.
      const set = `net.ipv6.conf.${interfaces}.disable_ipv6=${off}`;
      lab.run(name, ['chrt', '-o', '0', 'sysctl', '-qw', set]);
    }
    lab.run(name, ['ip', 'link', 'set', 'lo', 'up']);
  }
  for (let lan = 0; lan < lans; lan++) addLan(lab, lan, { ipv6, namespaceOf });
  return lab;
}

function portNumber(machine: string): number {
  const number = MACHINES.get(machine) ?? 0;
  return machine === 'client' ? number : number - 10;
}

function addLan(
  lab: NetnsLab,
  lan: number,
  { ipv6, namespaceOf }: { readonly ipv6: boolean; readonly namespaceOf: (name: string) => string },
): void {
  const bridge = `br${lan}`;
  const shape = ['type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0'];
  lab.run('sw', ['ip', 'link', 'add', bridge, ...shape]);
  lab.run('sw', ['ip', 'link', 'set', bridge, 'up']);
  for (const [machine, number] of MACHINES) {
    const nic = `eth${lan}`;
    const port = lab.portOf(machine, nic);
    const mac = `02:00:00:00:0${lan}:${number}`;
    const peer = ['peer', 'name', nic, 'address', mac, 'netns', namespaceOf(machine)];
    lab.run('sw', ['ip', 'link', 'add', port, 'type', 'veth', ...peer]);
    lab.run('sw', ['ip', 'link', 'set', port, 'master', bridge, 'up']);
    const net = lan === 0 ? 100 : 200;
    lab.run(machine, ['ip', 'address', 'add', `192.168.${net}.${number}/24`, 'dev', nic]);
    if (ipv6) lab.run(machine, ['ip', 'address', 'add', `fd00:${net}::${number}/64`, 'dev', nic]);
    lab.run(machine, ['ip', 'link', 'set', nic, 'up']);
  }
}

function removeNamespace(namespace: string): void {
  try {
    const pids = execFileSync('ip', ['netns', 'pids', namespace], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for (const pid of pids.split('\n').filter((line) => line !== '')) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    execFileSync('ip', ['netns', 'del', namespace]);
  } catch {
    // It was never made.
  }
}
