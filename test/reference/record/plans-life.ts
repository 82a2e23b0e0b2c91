/** Plans about life and death of a daemon and of its links. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';

const VIP = '192.168.100.100/24';
const PASS = ['authentication {', '    auth_type PASS', '    auth_pass secret12', '}'];

/** Two or three nodes with priorities 200, 100, 90 that differ in nothing else. */
export function nodes(
  count: 2 | 3,
  words: Partial<InstanceWords> = {},
  globals: readonly string[] = [],
): Record<string, string> {
  const priorities = [200, 100, 90].slice(0, count);
  return Object.fromEntries(
    priorities.map((priority, index) => [
      `n${index + 1}`,
      configOf(`n${index + 1}`, [{ priority, ...words }], { globals }),
    ]),
  );
}

/** Both daemons start shortly after the begin mark. */
export const START: readonly Step[] = [
  { at: 0.02, do: 'start', node: 'n1' },
  { at: 0.03, do: 'start', node: 'n2' },
];

const START3: readonly Step[] = [...START, { at: 0.04, do: 'start', node: 'n3' }];

/** Whoever may cut a node off at the switch, and later hears which of the two masters first. */
export function isolated({
  from,
  until,
  first,
}: {
  readonly from: number;
  readonly until: number;
  readonly first: string;
}): Step[] {
  const attach = { do: 'port-attach', node: 'n1', nic: 'eth0', plus: 0.93 } as const;
  return [
    { at: from, do: 'port-detach', node: 'n1', nic: 'eth0' },
    { at: until, ...attach, afterAdvertOf: first },
  ];
}

/** See the head of the file. */
export const LIFE_PLANS: readonly Plan[] = [
  {
    id: 'kill-host-down',
    title: 'host of the master dies: carrier lost, daemon killed, address gone; comes back',
    configs: nodes(3, { lines: PASS }),
    steps: [
      ...START3,
      { at: 8.4, do: 'signal', node: 'n1', signal: 'KILL' },
      { at: 8.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 8.45, do: 'address-del', node: 'n1', nic: 'eth0', address: VIP },
      { at: 13, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
      { at: 14, do: 'start', node: 'n1' },
    ],
    end: 20,
  },
  {
    id: 'kill-restart',
    title: 'SIGKILL of the master, started again before the backup takes over',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'KILL' },
      { at: 7.4, do: 'start', node: 'n1' },
    ],
    end: 14,
  },
  {
    id: 'term-backup',
    title: 'SIGTERM of the backup, then of the master, then both come back in the other order',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n2', signal: 'TERM' },
      { at: 8.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 10.4, do: 'start', node: 'n2' },
      { at: 11.4, do: 'start', node: 'n1' },
    ],
    end: 22,
  },
  {
    id: 'lower-first',
    title: 'the node of lower priority starts first and is MASTER when the other comes',
    configs: nodes(2),
    steps: [
      { at: 0.02, do: 'start', node: 'n2' },
      { at: 6.02, do: 'start', node: 'n1' },
    ],
    end: 16,
  },
  {
    id: 'frozen',
    title: 'master frozen for 6 s and woken again',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'STOP' },
      { at: 12.9, do: 'signal', node: 'n1', signal: 'CONT' },
    ],
    end: 22,
  },
  {
    id: 'frozen-short',
    title: 'master frozen for 2 s only; backup frozen for 5 s',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'STOP' },
      { at: 8.4, do: 'signal', node: 'n1', signal: 'CONT' },
      { at: 10.4, do: 'signal', node: 'n2', signal: 'STOP' },
      { at: 15.4, do: 'signal', node: 'n2', signal: 'CONT' },
    ],
    end: 20,
  },
  {
    id: 'admin-down',
    title: 'ip link set eth0 down and up on the master',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'admin', node: 'n1', nic: 'eth0', up: false },
      { at: 11.4, do: 'admin', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 20,
  },
  {
    id: 'carrier-backup',
    title: 'carrier of the backup lost and back; then of both',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'carrier', node: 'n2', nic: 'eth0', up: false },
      { at: 8.4, do: 'carrier', node: 'n2', nic: 'eth0', up: true },
      { at: 13.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 13.6, do: 'carrier', node: 'n2', nic: 'eth0', up: false },
      { at: 15.4, do: 'carrier', node: 'n2', nic: 'eth0', up: true },
      { at: 15.5, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 23,
  },
  {
    id: 'base-address-lost',
    title: 'the address of the interface is deleted on the master',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'address-del', node: 'n1', nic: 'eth0', address: '192.168.100.11/24' },
    ],
    end: 14,
  },
  {
    id: 'owner-255',
    title: 'priority 255 and state MASTER: at once, and again after a stop',
    configs: {
      n1: configOf('n1', [{ priority: 255, state: 'MASTER' }]),
      n2: configOf('n2', [{ priority: 100 }]),
    },
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 10.4, do: 'start', node: 'n1' },
    ],
    end: 17,
  },
  {
    id: 'both-255',
    title: 'two owners of priority 255',
    configs: {
      n1: configOf('n1', [{ priority: 255, state: 'MASTER' }]),
      n2: configOf('n2', [{ priority: 255, state: 'MASTER' }]),
    },
    steps: [
      { at: 0.02, do: 'start', node: 'n1' },
      { at: 4.52, do: 'start', node: 'n2' },
    ],
    end: 16,
  },
  {
    id: 'stp-nopreempt',
    title: 'nopreempt defeated by a switch port that forwards late after link-up',
    configs: nodes(2, { lines: ['nopreempt'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 11.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
      { at: 11.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 17.4, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 24,
  },
  {
    id: 'stp-startup-delay',
    title: 'vrrp_startup_delay outlasts the closed switch port',
    configs: nodes(2, { lines: ['nopreempt'] }, ['vrrp_startup_delay 5']),
    steps: [
      { at: 0.02, do: 'start', node: 'n2' },
      { at: 9.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 9.45, do: 'start', node: 'n1' },
      { at: 13.4, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 24,
  },
  {
    id: 'stp-boot',
    title: 'a restarted higher node with nopreempt behind a closed port',
    configs: nodes(2, { lines: ['nopreempt'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 10.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 10.41, do: 'start', node: 'n1' },
      { at: 16.4, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 24,
  },
  {
    id: 'address-del-no-track',
    title: 'a VIP with no_track is deleted by hand; one of two VIPs is',
    configs: nodes(2, { vips: ['192.168.100.100/24 no_track', '192.168.100.101/24'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'address-del', node: 'n1', nic: 'eth0', address: '192.168.100.100/24' },
      { at: 10.4, do: 'address-del', node: 'n1', nic: 'eth0', address: '192.168.100.101/24' },
    ],
    end: 17,
  },
];
