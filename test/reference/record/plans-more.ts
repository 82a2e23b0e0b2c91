/** Plans that mix: IPv6 and virtual MACs in partitions, groups that freeze, reloads that change kind. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';
import { isolated, nodes, START } from './plans-life.ts';

const START3: readonly Step[] = [...START, { at: 0.04, do: 'start', node: 'n3' }];
const SIX = { vrid: 61, vips: ['fe80::100/64', 'fd00:100::100/64'] } as const;

function hup(at: number, node: string, load: string): Step {
  return { at, do: 'signal', node, signal: 'HUP', load };
}

function pair(
  first: Partial<InstanceWords>,
  second: Partial<InstanceWords>,
): Record<string, string> {
  return {
    n1: configOf('n1', [{ priority: 200, ...first }]),
    n2: configOf('n2', [{ priority: 100, ...second }]),
  };
}

function group(node: string, priority: number): string {
  const blocks = 'vrrp_sync_group VG {\n    group {\n        VI_A\n        VI_B\n    }\n}\n';
  return configOf(
    node,
    [
      { name: 'VI_A', priority },
      { name: 'VI_B', priority, vrid: 52, vips: ['192.168.100.110/24'] },
    ],
    { blocks },
  );
}

function unicast(
  index: number,
  others: readonly number[],
  lines: readonly string[] = [],
): string[] {
  const peers = others.map((one) => `    fd00:100::${one}`);
  return [`unicast_src_ip fd00:100::${10 + index}`, 'unicast_peer {', ...peers, '}', ...lines];
}

/** See the head of the file. */
export const MORE_PLANS: readonly Plan[] = [
  {
    id: 'v6-healed',
    title: 'IPv6: isolated master, the old master is heard first',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: nodes(2, SIX),
    steps: [
      ...START,
      { at: 6.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 12.4, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 24,
  },
  {
    id: 'v6-unicast',
    title: 'IPv6 with unicast peers: SIGTERM and back',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: {
      n1: configOf('n1', [{ priority: 200, ...SIX, lines: unicast(1, [12]) }]),
      n2: configOf('n2', [{ priority: 100, ...SIX, lines: unicast(2, [11]) }]),
    },
    steps: [
      ...START,
      { at: 7.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 11.4, do: 'start', node: 'n1' },
    ],
    end: 19,
  },
  {
    id: 'v6-unicast-mcast',
    title: 'IPv6: unicast on one side, multicast on the other',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: {
      n1: configOf('n1', [{ priority: 200, ...SIX, lines: unicast(1, [12]) }]),
      n2: configOf('n2', [{ priority: 100, ...SIX }]),
    },
    steps: START,
    end: 16,
  },
  {
    id: 'v3-fast-healed',
    title: 'version 3, 0.2 s, a partition for two seconds',
    configs: nodes(2, { interval: '0.2', lines: ['version 3'] }),
    steps: [
      ...START,
      { at: 3.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 5.4, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 12,
  },
  {
    id: 'vmac-healed',
    title: 'use_vmac: isolated master, the old master is heard first',
    configs: nodes(2, { lines: ['use_vmac'], vips: ['192.168.100.100/32'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 12.4, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 24,
  },
  {
    id: 'vmac-reload',
    title: 'use_vmac: the master reloads unchanged, then with one VIP more',
    configs: nodes(2, { lines: ['use_vmac'] }),
    steps: [
      ...START,
      hup(6.4, 'n1', configOf('n1', [{ priority: 200, lines: ['use_vmac'] }])),
      hup(
        8.4,
        'n1',
        configOf('n1', [
          {
            priority: 200,
            lines: ['use_vmac'],
            vips: ['192.168.100.100/24', '192.168.100.101/24'],
          },
        ]),
      ),
      hup(
        8.8,
        'n2',
        configOf('n2', [
          {
            priority: 100,
            lines: ['use_vmac'],
            vips: ['192.168.100.100/24', '192.168.100.101/24'],
          },
        ]),
      ),
    ],
    end: 16,
  },
  {
    id: 'vmac-unicast',
    title: 'use_vmac with unicast peers',
    configs: pair(
      {
        lines: [
          'use_vmac',
          'unicast_src_ip 192.168.100.11',
          'unicast_peer {',
          '192.168.100.12',
          '}',
        ],
      },
      {
        lines: [
          'use_vmac',
          'unicast_src_ip 192.168.100.12',
          'unicast_peer {',
          '192.168.100.11',
          '}',
        ],
      },
    ),
    steps: [
      ...START,
      { at: 7.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 11.4, do: 'start', node: 'n1' },
    ],
    end: 19,
  },
  {
    id: 'group-frozen',
    title: 'sync group on one LAN: the master is frozen for 5 s',
    configs: { n1: group('n1', 200), n2: group('n2', 100) },
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'STOP' },
      { at: 11.9, do: 'signal', node: 'n1', signal: 'CONT' },
    ],
    end: 21,
  },
  {
    id: 'group-isolated',
    title: 'sync group on one LAN: isolated master, the usurper is heard first',
    configs: { n1: group('n1', 200), n2: group('n2', 100) },
    steps: [...START, ...isolated({ from: 6.4, until: 11.4, first: 'n2' })],
    end: 22,
  },
  {
    id: 'three-equal',
    title: 'three nodes of one priority; the master stops, comes back, its successor stops',
    configs: Object.fromEntries(
      ['n1', 'n2', 'n3'].map((node) => [node, configOf(node, [{ priority: 100 }])]),
    ),
    steps: [
      { at: 0.02, do: 'start', node: 'n2' },
      { at: 0.4, do: 'start', node: 'n1' },
      { at: 0.8, do: 'start', node: 'n3' },
      { at: 7.4, do: 'signal', node: 'n2', signal: 'KILL' },
      { at: 7.42, do: 'address-del', node: 'n2', nic: 'eth0', address: '192.168.100.100/24' },
      { at: 14.4, do: 'start', node: 'n2' },
    ],
    end: 22,
  },
  {
    id: 'reload-nopreempt',
    title: 'nopreempt comes and goes by reload while the lower node is master',
    configs: nodes(2, { lines: ['nopreempt'] }),
    steps: [
      { at: 0.02, do: 'start', node: 'n2' },
      { at: 5.02, do: 'start', node: 'n1' },
      hup(10.4, 'n1', configOf('n1', [{ priority: 200 }])),
    ],
    end: 20,
  },
  {
    id: 'reload-auth',
    title: 'a password comes by reload, on the master first',
    configs: nodes(2),
    steps: [
      ...START,
      hup(
        6.4,
        'n1',
        configOf('n1', [
          {
            priority: 200,
            lines: ['authentication {', '    auth_type PASS', '    auth_pass abc', '}'],
          },
        ]),
      ),
      hup(
        12.4,
        'n2',
        configOf('n2', [
          {
            priority: 100,
            lines: ['authentication {', '    auth_type PASS', '    auth_pass abc', '}'],
          },
        ]),
      ),
    ],
    end: 22,
  },
  {
    id: 'reload-version',
    title: 'version 3 comes by reload, on the backup first',
    configs: nodes(2),
    steps: [
      ...START,
      hup(6.4, 'n2', configOf('n2', [{ priority: 100, lines: ['version 3'] }])),
      hup(12.4, 'n1', configOf('n1', [{ priority: 200, lines: ['version 3'] }])),
    ],
    end: 22,
  },
  {
    id: 'reload-unicast',
    title: 'unicast peers come by reload on both',
    configs: nodes(2),
    steps: [
      ...START,
      hup(
        6.4,
        'n1',
        configOf('n1', [{ priority: 200, lines: ['unicast_peer {', '192.168.100.12', '}'] }]),
      ),
      hup(
        7.4,
        'n2',
        configOf('n2', [{ priority: 100, lines: ['unicast_peer {', '192.168.100.11', '}'] }]),
      ),
    ],
    end: 18,
  },
  {
    id: 'reload-group',
    title: 'a sync group comes by reload; then the master stops',
    configs: {
      n1: configOf('n1', [
        { name: 'VI_A', priority: 200 },
        { name: 'VI_B', priority: 200, vrid: 52, vips: ['192.168.100.110/24'] },
      ]),
      n2: configOf('n2', [
        { name: 'VI_A', priority: 100 },
        { name: 'VI_B', priority: 100, vrid: 52, vips: ['192.168.100.110/24'] },
      ]),
    },
    steps: [
      ...START,
      hup(6.4, 'n1', group('n1', 200)),
      hup(7.4, 'n2', group('n2', 100)),
      { at: 10.4, do: 'signal', node: 'n1', signal: 'TERM' },
    ],
    end: 16,
  },
  {
    id: 'preempt-delay-healed',
    title: 'preempt_delay 4 and a partition',
    configs: nodes(2, { lines: ['preempt_delay 4'] }),
    steps: [
      ...START,
      { at: 8.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 13.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 26,
  },
  {
    id: 'carrier-flaps',
    title: 'the carrier of the master flaps three times',
    configs: nodes(3),
    steps: [
      ...START3,
      ...[6.4, 7.2, 8.0].flatMap((at): Step[] => [
        { at, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
        { at: at + 0.3, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
      ]),
    ],
    end: 20,
  },
  {
    id: 'down-delays',
    title: 'interface_up_down_delays of 2 and 3 s: a short and a long carrier loss',
    configs: {
      n1: configOf('n1', [{ priority: 200, lines: ['down_timer_adverts 6'] }], {
        blocks: 'interface_up_down_delays {\n    eth0 2 3\n}\n',
      }),
      n2: configOf('n2', [{ priority: 100, lines: ['down_timer_adverts 6'] }]),
    },
    steps: [
      ...START,
      { at: 9.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 10.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
      { at: 13.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 17.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 32,
  },
  {
    id: 'flush',
    title: 'the client forgets its neighbours three times around a takeover',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 5.4, do: 'neigh-flush', node: 'client' },
      { at: 7.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 7.7, do: 'neigh-flush', node: 'client' },
      { at: 9.4, do: 'neigh-flush', node: 'client' },
    ],
    end: 14,
  },
  {
    id: 'routes',
    title: 'virtual_routes and virtual_rules with a takeover',
    configs: nodes(2, {
      lines: [
        'virtual_routes {',
        '    10.5.0.0/16 via 192.168.100.50 dev eth0',
        '}',
        'virtual_rules {',
        '    from 10.5.0.0/16 table 10 priority 100',
        '}',
      ],
    }),
    steps: [
      ...START,
      { at: 7.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 11.4, do: 'start', node: 'n1' },
    ],
    end: 18,
  },
];
