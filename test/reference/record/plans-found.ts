/** Plans for what drawn ones (`plans-drawn.ts`) had shown: each the smallest LAN in which it is seen. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';
import { nodes, START } from './plans-life.ts';

const SIX = { vrid: 61, vips: ['fe80::100/64', 'fd00:100::100/64'] } as const;
const GROUP = 'vrrp_sync_group VG {\n    group {\n        VI_A\n        VI_B\n    }\n}\n';
const TWO_VIPS = ['192.168.100.100/24', '192.168.100.101/24'];

function hup(at: number, node: string, words: InstanceWords): Step {
  return { at, do: 'signal', node, signal: 'HUP', load: configOf(node, [words]) };
}

function group(node: string, priority: number): string {
  return configOf(
    node,
    [
      { name: 'VI_A', priority },
      { name: 'VI_B', priority, nic: 'eth1', vrid: 52, vips: ['192.168.200.100/24'] },
    ],
    { blocks: GROUP },
  );
}

function unicastSix(own: number, peer: number): string[] {
  const lines = ['unicast_peer {', `    fd00:100::${peer}`, '}'];
  return [`unicast_src_ip fd00:100::${own}`, ...lines];
}

function unicast(own: number, peer: number): string[] {
  const lines = ['unicast_peer {', `    192.168.100.${peer}`, '}'];
  return [`unicast_src_ip 192.168.100.${own}`, ...lines];
}

function script(...lines: readonly string[]): string {
  const own = ['script "/usr/bin/test ! -e /run/FLAG-chk-n1"', 'interval 1', ...lines];
  return `vrrp_script chk {\n${own.map((line) => `    ${line}\n`).join('')}}\n`;
}

const LOAD =
  'track_file load {\n    file /run/FLAG-load-n1\n    weight 1\n    init_file 0 overwrite\n}\n';

/** A backup that starts again when its unicast source is gone; then the master leaves. */
function sourceGone(address: string): readonly Step[] {
  return [
    ...START,
    { at: 5.4, do: 'signal', node: 'n2', signal: 'KILL' },
    { at: 5.6, do: 'address-del', node: 'n2', nic: 'eth0', address },
    { at: 6.4, do: 'start', node: 'n2' },
    { at: 9.4, do: 'signal', node: 'n1', signal: 'TERM' },
  ];
}

/** See the head of the file. */
export const FOUND_PLANS: readonly Plan[] = [
  {
    id: 'group-vip-deleted',
    title: 'sync group over two LANs: a VIP of the master is deleted by hand',
    lans: 2,
    configs: { n1: group('n1', 200), n2: group('n2', 100) },
    steps: [
      ...START,
      { at: 6.4, do: 'address-del', node: 'n1', nic: 'eth0', address: '192.168.100.100/24' },
    ],
    end: 14,
  },
  {
    id: 'v6-equal-at-once',
    title:
      'IPv6, equal priorities: the master gives up, and both take over after the same skew time',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: nodes(2, { ...SIX, priority: 100, interval: '0.1' }),
    steps: [
      { at: 0.02, do: 'start', node: 'n1' },
      { at: 1.5, do: 'start', node: 'n2' },
      { at: 4.4, do: 'address-del', node: 'n1', nic: 'eth0', address: 'fd00:100::100/64' },
    ],
    end: 12,
  },
  {
    id: 'v6-admin-down',
    title: 'IPv6: the interface of the master is set down and up, and its addresses are made anew',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: nodes(2, SIX),
    steps: [
      ...START,
      { at: 6.4, do: 'admin', node: 'n1', nic: 'eth0', up: false },
      { at: 11.4, do: 'admin', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 22,
  },
  {
    id: 'v6-owner-carrier',
    title: 'IPv6 owner 255: carrier loss and return',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: {
      n1: configOf('n1', [{ priority: 255, state: 'MASTER', ...SIX }]),
      n2: configOf('n2', [{ priority: 100, ...SIX }]),
    },
    steps: [
      ...START,
      { at: 6.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 12.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 22,
  },
  {
    id: 'reload-skip-check',
    title: 'skip_check_adv_addr: a backup that reloads compares the VIP list of its master again',
    configs: nodes(2, { lines: ['skip_check_adv_addr'], vips: TWO_VIPS }),
    steps: [...START, hup(6.4, 'n2', { priority: 100, lines: ['skip_check_adv_addr'] })],
    end: 10.8,
  },
  {
    id: 'reload-script',
    title: 'reloads while a weighted script fails, and of a node whose script succeeds',
    configs: {
      n1: configOf('n1', [{ priority: 200, lines: ['track_script {', '    chk', '}'] }], {
        blocks: script('weight -150', 'fall 2', 'rise 2'),
      }),
      n2: configOf('n2', [{ priority: 100 }]),
    },
    steps: [
      ...START,
      {
        at: 6.4,
        do: 'signal',
        node: 'n1',
        signal: 'HUP',
        load: configOf('n1', [{ priority: 190, lines: ['track_script {', '    chk', '}'] }], {
          blocks: script('weight -150', 'fall 2', 'rise 2'),
        }),
      },
      { at: 8.4, do: 'script', node: 'n1', script: 'chk', exit: 1 },
      {
        at: 16.4,
        do: 'signal',
        node: 'n1',
        signal: 'HUP',
        load: configOf('n1', [{ priority: 200, lines: ['track_script {', '    chk', '}'] }], {
          blocks: script('weight -150', 'fall 3', 'rise 3'),
        }),
      },
      { at: 19.4, do: 'script', node: 'n1', script: 'chk', exit: 0 },
    ],
    end: 30,
  },
  {
    id: 'file-weights',
    title: 'track_file: weights up and down, below -253 and back',
    configs: {
      n1: configOf('n1', [{ priority: 150, lines: ['track_file {', '    load', '}'] }], {
        blocks: LOAD,
      }),
      n2: configOf('n2', [{ priority: 100 }]),
    },
    steps: [
      ...START,
      { at: 6.4, do: 'file', node: 'n1', file: 'load', text: '-60' },
      { at: 12.4, do: 'file', node: 'n1', file: 'load', text: '40' },
      { at: 18.4, do: 'file', node: 'n1', file: 'load', text: '-254' },
      { at: 20.4, do: 'file', node: 'n1', file: 'load', text: '30' },
      { at: 26.4, do: 'file', node: 'n1', file: 'load', text: '-254' },
      { at: 28.4, do: 'file', node: 'n1', file: 'load', text: '0' },
    ],
    end: 35,
  },
  {
    id: 'owner-reload',
    title: 'an owner reloads to 200 and back to 255',
    configs: {
      n1: configOf('n1', [{ priority: 255, state: 'MASTER' }]),
      n2: configOf('n2', [{ priority: 220 }]),
    },
    steps: [
      ...START,
      hup(5.4, 'n1', { priority: 200 }),
      hup(13.4, 'n1', { priority: 255, state: 'MASTER' }),
    ],
    end: 20,
  },
  {
    id: 'startup-delay-owner',
    title: 'vrrp_startup_delay 4 on an owner and on its backup, which starts first',
    configs: {
      n1: configOf('n1', [{ priority: 255, state: 'MASTER' }], {
        globals: ['vrrp_startup_delay 4'],
      }),
      n2: configOf('n2', [{ priority: 100, lines: ['preempt_delay 2'] }], {
        globals: ['vrrp_startup_delay 4'],
      }),
    },
    steps: [
      { at: 0.02, do: 'start', node: 'n2' },
      { at: 2.02, do: 'start', node: 'n1' },
      { at: 9.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 14.4, do: 'start', node: 'n1' },
    ],
    end: 24,
  },
  {
    id: 'group-backup-fault',
    title: 'sync group over two LANs: the backup loses the carrier of one',
    lans: 2,
    configs: { n1: group('n1', 200), n2: group('n2', 100) },
    steps: [
      ...START,
      { at: 6.4, do: 'carrier', node: 'n2', nic: 'eth0', up: false },
      { at: 9.4, do: 'carrier', node: 'n2', nic: 'eth0', up: true },
    ],
    end: 15,
  },
  {
    id: 'reload-refresh',
    title: 'garp_master_refresh: unchanged, changed and taken away by reloads of the master',
    configs: nodes(2, { lines: ['garp_master_refresh 3'] }),
    steps: [
      ...START,
      hup(7.4, 'n1', { priority: 200, lines: ['garp_master_refresh 3'] }),
      hup(12.4, 'n1', { priority: 200, lines: ['garp_master_refresh 2'] }),
      hup(17.4, 'n1', { priority: 200 }),
    ],
    end: 23,
  },
  {
    id: 'reload-no-accept',
    title: 'no_accept comes by reload, then a VIP more, and both go again',
    configs: nodes(2, { lines: ['version 3'] }),
    steps: [
      ...START,
      hup(6.4, 'n1', { priority: 200, lines: ['version 3', 'no_accept'] }),
      hup(9.4, 'n1', { priority: 200, lines: ['version 3', 'no_accept'], vips: TWO_VIPS }),
      hup(9.5, 'n2', { priority: 100, lines: ['version 3', 'no_accept'], vips: TWO_VIPS }),
      hup(13.4, 'n1', { priority: 200, lines: ['version 3'] }),
      hup(13.5, 'n2', { priority: 100, lines: ['version 3'] }),
    ],
    end: 18,
  },
  {
    id: 'unicast-source-gone',
    title: 'unicast: the backup starts again without its source address, and reloads',
    configs: {
      n1: configOf('n1', [{ priority: 200, lines: unicast(11, 12) }]),
      n2: configOf('n2', [{ priority: 100, lines: unicast(12, 11) }]),
    },
    steps: [
      ...sourceGone('192.168.100.12/24'),
      hup(12.4, 'n2', { priority: 110, lines: unicast(12, 11) }),
    ],
    end: 16,
  },
  {
    id: 'v6-unicast-source-gone',
    title: 'IPv6 unicast: the backup starts again without its source address',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: {
      n1: configOf('n1', [{ priority: 200, ...SIX, lines: unicastSix(11, 12) }]),
      n2: configOf('n2', [{ priority: 100, ...SIX, lines: unicastSix(12, 11) }]),
    },
    steps: sourceGone('fd00:100::12/64'),
    end: 14,
  },
  {
    id: 'v6-unicast-admin',
    title: 'IPv6 unicast: the interface of the master is set down and up, and its source is gone',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: {
      n1: configOf('n1', [{ priority: 200, ...SIX, lines: unicastSix(11, 12) }]),
      n2: configOf('n2', [{ priority: 100, ...SIX, lines: unicastSix(12, 11) }]),
    },
    steps: [
      ...START,
      { at: 6.4, do: 'admin', node: 'n1', nic: 'eth0', up: false },
      { at: 11.4, do: 'admin', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 20,
  },
  {
    id: 'v3-equal-yield',
    title: 'version 3, equal priorities with other intervals meet after a partition',
    configs: {
      n1: configOf('n1', [{ priority: 100, interval: '1', lines: ['version 3'] }]),
      n2: configOf('n2', [{ priority: 100, interval: '0.5', lines: ['version 3'] }]),
    },
    steps: [
      ...START,
      { at: 8.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 13.65, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 20,
  },
];
