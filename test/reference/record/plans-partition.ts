/** Plans in which two masters meet, and in which adverts are refused. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';
import { isolated, nodes, START } from './plans-life.ts';

const START3: readonly Step[] = [...START, { at: 0.04, do: 'start', node: 'n3' }];
const HIGHER = ['higher_prio_send_advert'];

function pair(
  first: Partial<InstanceWords>,
  second: Partial<InstanceWords>,
): Record<string, string> {
  return {
    n1: configOf('n1', [{ priority: 200, ...first }]),
    n2: configOf('n2', [{ priority: 100, ...second }]),
  };
}

function pass(word: string): string[] {
  return ['authentication {', '    auth_type PASS', `    auth_pass ${word}`, '}'];
}

/** See the head of the file. */
export const PARTITION_PLANS: readonly Plan[] = [
  {
    id: 'healed-usurper-first',
    title: 'isolated master, after the replug the usurper is heard first',
    configs: nodes(3),
    steps: [...START3, ...isolated({ from: 6.4, until: 11.4, first: 'n2' })],
    end: 24,
  },
  {
    id: 'healed-old-first',
    title: 'isolated master, after the replug the old master is heard first',
    configs: nodes(3),
    steps: [...START3, ...isolated({ from: 6.4, until: 11.4, first: 'n1' })],
    end: 24,
  },
  {
    id: 'healed-confirmed',
    title: 'as before, with a confirmed entry at the client',
    configs: nodes(2),
    steps: [...START, ...isolated({ from: 6.4, until: 18.4, first: 'n1' })],
    end: 50,
  },
  {
    id: 'healed-send-advert',
    title: 'healed partition with higher_prio_send_advert',
    configs: nodes(2, { lines: HIGHER }),
    steps: [...START, ...isolated({ from: 6.4, until: 11.4, first: 'n1' })],
    end: 20,
  },
  {
    id: 'healed-refresh',
    title: 'healed partition with garp_master_refresh 4',
    configs: nodes(2, { lines: ['garp_master_refresh 4', 'garp_master_refresh_repeat 2'] }),
    steps: [...START, ...isolated({ from: 6.4, until: 12.4, first: 'n1' })],
    end: 28,
  },
  {
    id: 'healed-nopreempt',
    title: 'nopreempt does not matter when two masters meet',
    configs: nodes(2, { lines: ['nopreempt'] }),
    steps: [...START, ...isolated({ from: 6.4, until: 11.4, first: 'n2' })],
    end: 20,
  },
  {
    id: 'healed-equal',
    title: 'equal priorities, two masters meet: the higher address wins',
    configs: pair({ priority: 100 }, { priority: 100 }),
    steps: [...START, ...isolated({ from: 6.4, until: 11.4, first: 'n2' })],
    end: 20,
  },
  {
    id: 'equal-late',
    title: 'equal priorities, the higher address starts a second later',
    configs: pair({ priority: 100 }, { priority: 100 }),
    steps: [
      { at: 0.02, do: 'start', node: 'n1' },
      { at: 1.02, do: 'start', node: 'n2' },
      { at: 8.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 12.4, do: 'start', node: 'n1' },
    ],
    end: 20,
  },
  {
    id: 'mcast-both',
    title: 'no port delivers multicast, later all do',
    configs: nodes(2),
    steps: [
      { at: 0.01, do: 'mcast-flood', node: 'n1', nic: 'eth0', on: false },
      { at: 0.01, do: 'mcast-flood', node: 'n2', nic: 'eth0', on: false },
      ...START,
      { at: 12.4, do: 'mcast-flood', node: 'n1', nic: 'eth0', on: true },
      { at: 12.4, do: 'mcast-flood', node: 'n2', nic: 'eth0', on: true },
    ],
    end: 26,
  },
  {
    id: 'mcast-master-deaf',
    title: 'the master does not hear multicast, the backup does',
    configs: nodes(2),
    steps: [
      ...START,
      { at: 6.4, do: 'mcast-flood', node: 'n1', nic: 'eth0', on: false },
      { at: 12.4, do: 'mcast-flood', node: 'n1', nic: 'eth0', on: true },
    ],
    end: 18,
  },
  {
    id: 'one-way-quiet',
    title: 'one-way loss with lower_prio_no_advert and few lower-priority GARPs',
    configs: nodes(2, {
      lines: ['lower_prio_no_advert', 'garp_lower_prio_repeat 1', 'garp_lower_prio_delay 2'],
    }),
    steps: [
      ...START,
      { at: 6.4, do: 'mcast-flood', node: 'n2', nic: 'eth0', on: false },
      { at: 16.4, do: 'mcast-flood', node: 'n2', nic: 'eth0', on: true },
    ],
    end: 24,
  },
  {
    id: 'auth-against-none',
    title: 'a password on one side only',
    configs: pair({ lines: pass('secret12') }, {}),
    steps: START,
    end: 20,
  },
  {
    id: 'auth-healed',
    title: 'passwords that differ are made equal by a reload',
    configs: pair({ lines: pass('secret12') }, { lines: pass('secret99') }),
    steps: [
      ...START,
      {
        at: 10.4,
        do: 'signal',
        node: 'n2',
        signal: 'HUP',
        load: configOf('n2', [{ priority: 100, lines: pass('secret12') }]),
      },
    ],
    end: 20,
  },
  {
    id: 'interval-differs',
    title: 'version 2 with different advert_int',
    configs: pair({ interval: '1' }, { interval: '2' }),
    steps: START,
    end: 24,
  },
  {
    id: 'vip-lists-differ',
    title: 'the VIP lists differ: one more on the backup',
    configs: pair({}, { vips: ['192.168.100.100/24', '192.168.100.101/24'] }),
    steps: START,
    end: 22,
  },
  {
    id: 'vips-other',
    title: 'one VRID, two different VIPs',
    configs: pair({}, { vips: ['192.168.100.102/24'] }),
    steps: START,
    end: 22,
  },
  {
    id: 'version-differs',
    title: 'version 2 against version 3',
    configs: pair({}, { lines: ['version 3'] }),
    steps: START,
    end: 20,
  },
  {
    id: 'three-one-refuses',
    title: 'the third node has another list of VIPs',
    configs: {
      ...nodes(2),
      n3: configOf('n3', [{ priority: 90, vips: ['192.168.100.100/24', '192.168.100.101/24'] }]),
    },
    steps: START3,
    end: 30,
  },
  {
    id: 'three-one-password',
    title: 'the first node has another password than the other two',
    configs: {
      n1: configOf('n1', [{ priority: 200, lines: pass('other') }]),
      n2: configOf('n2', [{ priority: 100, lines: pass('secret12') }]),
      n3: configOf('n3', [{ priority: 90, lines: pass('secret12') }]),
    },
    steps: START3,
    end: 30,
  },
  {
    id: 'v3-intervals',
    title: 'version 3: the backup takes over the interval of the master',
    configs: pair(
      { interval: '0.5', lines: ['version 3'] },
      { interval: '1', lines: ['version 3'] },
    ),
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'KILL' },
      { at: 6.42, do: 'address-del', node: 'n1', nic: 'eth0', address: '192.168.100.100/24' },
      { at: 11.4, do: 'start', node: 'n1' },
    ],
    end: 20,
  },
  {
    id: 'unicast-mcast',
    title: 'unicast on one side, multicast on the other',
    configs: pair(
      { lines: ['unicast_src_ip 192.168.100.11', 'unicast_peer {', '192.168.100.12', '}'] },
      {},
    ),
    steps: START,
    end: 18,
  },
  {
    id: 'unicast-three',
    title: 'unicast with two peers each; the master stops, the second is cut off',
    configs: Object.fromEntries(
      [200, 100, 90].map((priority, index) => {
        const peers = [11, 12, 13].filter((one) => one !== 11 + index);
        const lines = [
          `unicast_src_ip 192.168.100.${11 + index}`,
          'unicast_peer {',
          ...peers.map((peer) => `    192.168.100.${peer}`),
          '}',
        ];
        return [`n${index + 1}`, configOf(`n${index + 1}`, [{ priority, lines }])];
      }),
    ),
    steps: [
      ...START3,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'TERM' },
      { at: 10.4, do: 'carrier', node: 'n2', nic: 'eth0', up: false },
      { at: 15.4, do: 'carrier', node: 'n2', nic: 'eth0', up: true },
    ],
    end: 24,
  },
];
