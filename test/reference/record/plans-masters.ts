/** Plans about two masters at once, about reloads in the middle of something, and about who shares a pace. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';
import { isolated, nodes, START } from './plans-life.ts';

const ONE_VIP = ['192.168.100.100'];
const TWO_VIPS = ['192.168.100.100', '192.168.100.101'];

function pass(password: string): string[] {
  return ['authentication {', '    auth_type PASS', `    auth_pass ${password}`, '}'];
}

function script(...lines: readonly string[]): string {
  const own = ['script "/usr/bin/test ! -e /run/FLAG-chk-n1"', 'interval 1', ...lines];
  return `vrrp_script chk {\n${own.map((line) => `    ${line}\n`).join('')}}\n`;
}

const REFRESHED = ['garp_master_refresh 3'];
const TRACKED = ['track_script {', '    chk', '}'];

function answers(at: number, exit: 0 | 1): Step {
  return { at, do: 'script', node: 'n1', script: 'chk', exit };
}

function reload(at: number, load: string): Step {
  return { at, do: 'signal', node: 'n1', signal: 'HUP', load };
}

const WATCHED = configOf('n1', [{ priority: 200, lines: TRACKED }], {
  blocks: script('fall 3', 'rise 3'),
});

/** Two virtual routers of one node that become MASTER at nearly the same time. */
function paced(
  node: string,
  priority: number,
  second: Partial<InstanceWords>,
  given: { readonly lines: readonly string[]; readonly blocks: string; readonly globals: string[] },
): string {
  const { lines, blocks, globals } = given;
  const own = [...lines, 'garp_master_repeat 2'];
  const more = { name: 'VI_2', vrid: 52, vips: ['192.168.100.110'], ...second };
  return configOf(
    node,
    [
      { priority, vips: TWO_VIPS, lines: own },
      { priority, lines: own, ...more },
    ],
    { blocks, globals },
  );
}

const VMACS = { lines: ['use_vmac'], blocks: '', globals: ['vrrp_garp_interval 0.2'] };
const GROUPED = {
  lines: [],
  blocks:
    'garp_group {\n    garp_interval 0.2\n    interfaces {\n        eth0\n        eth1\n    }\n}\n',
  globals: [],
};
const OTHER_LAN = { nic: 'eth1', vips: ['192.168.200.110'] };

/** See the head of the file. */
export const MASTER_PLANS: readonly Plan[] = [
  {
    id: 'refused-in-step',
    title: 'two masters refuse each other with timers in step, then one stops',
    configs: {
      n1: configOf('n1', [{ priority: 200, lines: pass('secret12') }]),
      n2: configOf('n2', [{ priority: 100, lines: pass('secret34') }]),
    },
    steps: [...START, { at: 22.4, do: 'signal', node: 'n1', signal: 'TERM' }],
    end: 27,
  },
  {
    id: 'vmac-challenged',
    title: 'virtual MAC: a master is challenged by a lower one after a partition, twice',
    configs: nodes(2, { lines: ['use_vmac'], vips: ONE_VIP }),
    steps: [
      ...START,
      ...isolated({ from: 6.4, until: 12, first: 'n2' }),
      ...isolated({ from: 19.4, until: 25, first: 'n2' }),
    ],
    end: 31,
  },
  {
    id: 'reload-vip-refresh',
    title: 'garp_master_refresh: a reload with a new VIP announces it and counts from there',
    configs: nodes(2, { lines: REFRESHED, vips: ONE_VIP }),
    steps: [
      ...START,
      reload(9.4, configOf('n1', [{ priority: 200, lines: REFRESHED, vips: TWO_VIPS }])),
      {
        ...reload(9.5, configOf('n2', [{ priority: 100, lines: REFRESHED, vips: TWO_VIPS }])),
        node: 'n2',
      },
    ],
    end: 17,
  },
  {
    id: 'reload-script-midway',
    title: 'fall 3, rise 3: reloads after two results of three',
    configs: { n1: WATCHED, n2: configOf('n2', [{ priority: 100 }]) },
    steps: [
      ...START,
      answers(6.4, 1),
      reload(8.6, WATCHED),
      answers(14.4, 0),
      reload(16.6, WATCHED),
    ],
    end: 25,
  },
  {
    id: 'owner-weights',
    title: 'priority 255: weights of a script do not count, neither up nor down',
    configs: {
      n1: configOf('n1', [{ priority: 255, state: 'MASTER', lines: TRACKED }], {
        blocks: script('weight -250'),
      }),
      n2: configOf('n2', [{ priority: 100 }]),
    },
    steps: [...START, answers(6.4, 1), answers(12.4, 0)],
    end: 18,
  },
  {
    id: 'garp-interval-vmacs',
    title: 'vrrp_garp_interval: two virtual MACs on one interface share the pace',
    configs: { n1: paced('n1', 200, {}, VMACS), n2: paced('n2', 100, {}, VMACS) },
    steps: START,
    end: 11,
  },
  {
    id: 'garp-group-interfaces',
    title: 'garp_group: two interfaces share the pace',
    lans: 2,
    configs: {
      n1: paced('n1', 200, OTHER_LAN, GROUPED),
      n2: paced('n2', 100, OTHER_LAN, GROUPED),
    },
    steps: START,
    end: 11,
  },
];
