/** Plans about reloads while something is tracked, about refreshing groups, and about virtual MACs in company. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';
import { isolated, nodes, START } from './plans-life.ts';

const TRACKED = ['track_script {', '    chk', '}'];
const THREE_VIPS = ['192.168.100.100/24', '192.168.100.101/24', '10.9.9.9/32'];

function script(...lines: readonly string[]): string {
  const own = ['script "/usr/bin/test ! -e /run/FLAG-chk-n1"', 'interval 1', ...lines];
  return `vrrp_script chk {\n${own.map((line) => `    ${line}\n`).join('')}}\n`;
}

/** n1 with a script, n2 without. */
function watched(priority: number, ...lines: readonly string[]): Plan['configs'] {
  return {
    n1: configOf('n1', [{ priority, lines: TRACKED }], { blocks: script(...lines) }),
    n2: configOf('n2', [{ priority: 100 }]),
  };
}

function answers(at: number, exit: 0 | 1): Step {
  return { at, do: 'script', node: 'n1', script: 'chk', exit };
}

function again(at: number, configs: Plan['configs']): Step {
  return { at, do: 'signal', node: 'n1', signal: 'HUP', load: configs['n1'] ?? '' };
}

/** Two LANs in one group; the first instance has the VIPs and lines given. */
function group(node: string, priority: number, words: Partial<InstanceWords>): string {
  const blocks = 'vrrp_sync_group VG {\n    group {\n        VI_A\n        VI_B\n    }\n}\n';
  const second = { name: 'VI_B', nic: 'eth1', vrid: 52, vips: ['192.168.200.100/24'] };
  return configOf(
    node,
    [
      { priority, ...words, name: 'VI_A' },
      { priority, ...words, ...second },
    ],
    { blocks },
  );
}

function groups(words: Partial<InstanceWords>): Plan['configs'] {
  return { n1: group('n1', 150, words), n2: group('n2', 100, words) };
}

const REVERSED_UP = watched(110, 'weight 30 reverse');
const REVERSED_DOWN = watched(150, 'weight -60 reverse');
const REVERSED_FAULT = watched(150, 'weight 0 reverse');
const REVERSED_INIT = watched(150, 'weight -60 reverse', 'init_fail', 'rise 3');

/** See the head of the file. */
export const RELOAD_PLANS: readonly Plan[] = [
  {
    id: 'reload-reverse-succeeds',
    title: 'weight 30 reverse: a reload while the script succeeds adds what it subtracted',
    configs: REVERSED_UP,
    steps: [...START, again(8.4, REVERSED_UP), answers(16.3, 1), answers(20.3, 0)],
    end: 26,
  },
  {
    id: 'reload-reverse-fails',
    title: 'weight -60 reverse: a reload while the script fails',
    configs: REVERSED_DOWN,
    steps: [...START, answers(6.3, 1), again(9.4, REVERSED_DOWN), answers(16.3, 0)],
    end: 24,
  },
  {
    id: 'reload-reverse-unweighted',
    title: 'weight 0 reverse: a reload while the script fails, and while it succeeds',
    configs: REVERSED_FAULT,
    steps: [
      ...START,
      answers(5.3, 1),
      again(12.4, REVERSED_FAULT),
      answers(16.3, 0),
      again(20.4, REVERSED_FAULT),
      answers(26.3, 1),
    ],
    end: 33,
  },
  {
    id: 'init-fail-reverse',
    title: 'init_fail with weight -60 reverse',
    configs: REVERSED_INIT,
    steps: [...START, answers(8.3, 1), answers(14.3, 0)],
    end: 24,
  },
  {
    id: 'group-refresh',
    title: 'sync group: garp_master_refresh of two intervals, three VIPs on one LAN',
    lans: 2,
    configs: groups({ lines: ['garp_master_refresh 2'], vips: THREE_VIPS }),
    steps: [...START, { at: 12.4, do: 'signal', node: 'n1', signal: 'TERM' }],
    end: 22,
  },
  {
    id: 'group-refresh-four',
    title: 'sync group: garp_master_refresh of four intervals, three VIPs',
    lans: 2,
    configs: groups({ lines: ['garp_master_refresh 4'], vips: THREE_VIPS }),
    steps: [...START, { at: 12.4, do: 'signal', node: 'n1', signal: 'KILL' }],
    end: 26,
  },
  {
    id: 'group-vmac',
    title: 'sync group over two LANs with virtual MACs: carrier loss and back',
    lans: 2,
    configs: groups({ lines: ['use_vmac'] }),
    steps: [
      ...START,
      { at: 8.4, do: 'carrier', node: 'n1', nic: 'eth1', up: false },
      { at: 15.4, do: 'carrier', node: 'n1', nic: 'eth1', up: true },
    ],
    end: 24,
  },
  {
    id: 'vmac-three',
    title: 'three nodes with virtual MACs: the master is killed, the second stops',
    configs: nodes(3, { lines: ['use_vmac'], vips: ['192.168.100.100/32'] }),
    steps: [
      ...START,
      { at: 0.06, do: 'start', node: 'n3' },
      { at: 8.4, do: 'signal', node: 'n1', signal: 'KILL' },
      { at: 16.4, do: 'signal', node: 'n2', signal: 'TERM' },
    ],
    end: 24,
  },
  {
    id: 'v3-frozen',
    title: 'version 3, 0.1 s: the master is frozen for two seconds',
    configs: nodes(2, { interval: '0.1', lines: ['version 3'] }),
    steps: [
      ...START,
      { at: 5.4, do: 'signal', node: 'n1', signal: 'STOP' },
      { at: 7.4, do: 'signal', node: 'n1', signal: 'CONT' },
    ],
    end: 15,
  },
  {
    id: 'owner-isolated',
    title: 'an owner 255 is isolated at the switch and comes back',
    configs: {
      n1: configOf('n1', [{ priority: 255, state: 'MASTER' }]),
      n2: configOf('n2', [{ priority: 100 }]),
    },
    steps: [...START, ...isolated({ from: 6.4, until: 13.4, first: 'n2' })],
    end: 24,
  },
  {
    id: 'interface-weight-reload',
    title: 'track_interface with weight: reloads while it is down and when it is back',
    lans: 2,
    configs: nodes(2, { lines: ['track_interface {', '    eth1 weight -120', '}'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'carrier', node: 'n1', nic: 'eth1', up: false },
      {
        at: 12.4,
        do: 'signal',
        node: 'n1',
        signal: 'HUP',
        load: nodes(2, { lines: ['track_interface {', '    eth1 weight -120', '}'] })['n1'] ?? '',
      },
      { at: 18.4, do: 'carrier', node: 'n1', nic: 'eth1', up: true },
    ],
    end: 26,
  },
];
