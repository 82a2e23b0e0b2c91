/** Plans about single features: tracking, sync groups, announcements, reloads, virtual MACs. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';
import { nodes, START } from './plans-life.ts';

function script(node: string, ...lines: readonly string[]): string {
  const own = [`script "/usr/bin/test ! -e /run/FLAG-chk-${node}"`, 'interval 1', ...lines];
  return `vrrp_script chk {\n${own.map((line) => `    ${line}\n`).join('')}}\n`;
}

const TRACK = ['track_script {', '    chk', '}'];

function tracked(lines: readonly string[], second: Partial<InstanceWords> = {}): Plan['configs'] {
  return {
    n1: configOf('n1', [{ priority: 200, lines: TRACK }], { blocks: script('n1', ...lines) }),
    n2: configOf('n2', [{ priority: 100, ...second }]),
  };
}

const FAIL_AND_BACK: readonly Step[] = [
  ...START,
  { at: 6.4, do: 'script', node: 'n1', script: 'chk', exit: 1 },
  { at: 13.4, do: 'script', node: 'n1', script: 'chk', exit: 0 },
];

function hup(at: number, node: string, instances: readonly InstanceWords[]): Step {
  return { at, do: 'signal', node, signal: 'HUP', load: configOf(node, instances) };
}

const STOP_AND_BACK: readonly Step[] = [
  ...START,
  { at: 7.4, do: 'signal', node: 'n1', signal: 'TERM' },
  { at: 11.4, do: 'start', node: 'n1' },
];

const GROUP = 'vrrp_sync_group VG {\n    group {\n        VI_A\n        VI_B\n    }\n}\n';

function group(
  node: string,
  priority: number,
  blocks = GROUP,
  lines: readonly string[] = [],
): string {
  return configOf(
    node,
    [
      { name: 'VI_A', priority, lines },
      { name: 'VI_B', priority, nic: 'eth1', vrid: 52, vips: ['192.168.200.100/24'], lines },
    ],
    { blocks },
  );
}

/** See the head of the file. */
export const FEATURE_PLANS: readonly Plan[] = [
  {
    id: 'script-positive',
    title: 'weight +60 on a lower node that overtakes while its script succeeds',
    configs: {
      n1: configOf('n1', [{ priority: 120, lines: TRACK }], { blocks: script('n1', 'weight 60') }),
      n2: configOf('n2', [{ priority: 150 }]),
    },
    steps: FAIL_AND_BACK,
    end: 22,
  },
  {
    id: 'script-too-small',
    title: 'weight -50 of 200 against 100: nothing moves',
    configs: tracked(['fall 2', 'rise 2', 'weight -50']),
    steps: FAIL_AND_BACK,
    end: 19,
  },
  {
    id: 'script-init-fail',
    title: 'init_fail with rise 3',
    configs: tracked(['init_fail', 'rise 3', 'fall 2']),
    steps: FAIL_AND_BACK,
    end: 22,
  },
  {
    id: 'script-reverse',
    title: 'weight -150 reverse',
    configs: tracked(['weight -150 reverse']),
    steps: FAIL_AND_BACK,
    end: 24,
  },
  {
    id: 'script-fault-start',
    title: 'the script fails from the start',
    configs: tracked(['fall 3']),
    steps: [
      { at: 0.01, do: 'script', node: 'n1', script: 'chk', exit: 1 },
      ...START,
      { at: 7.4, do: 'script', node: 'n1', script: 'chk', exit: 0 },
    ],
    end: 18,
  },
  {
    id: 'nopreempt-weight',
    title: 'nopreempt with a weighted script: the lower master is not preempted',
    configs: {
      n1: configOf('n1', [{ priority: 200, lines: [...TRACK, 'nopreempt'] }], {
        blocks: script('n1', 'weight -150'),
      }),
      n2: configOf('n2', [{ priority: 100, lines: ['nopreempt'] }]),
    },
    steps: FAIL_AND_BACK,
    end: 22,
  },
  {
    id: 'preempt-delay',
    title: 'preempt_delay 3',
    configs: nodes(2, { lines: ['preempt_delay 3'] }),
    steps: STOP_AND_BACK,
    end: 22,
  },
  {
    id: 'sync-term',
    title: 'sync group over two LANs: SIGTERM and back',
    lans: 2,
    configs: { n1: group('n1', 200), n2: group('n2', 100) },
    steps: STOP_AND_BACK,
    end: 20,
  },
  {
    id: 'sync-kill',
    title: 'sync group over two LANs: SIGKILL and back',
    lans: 2,
    configs: { n1: group('n1', 200), n2: group('n2', 100) },
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'KILL' },
      { at: 12.4, do: 'start', node: 'n1' },
    ],
    end: 20,
  },
  {
    id: 'sync-script',
    title: 'sync group with a tracked script of its own',
    lans: 2,
    configs: {
      n1: group(
        'n1',
        200,
        script('n1', 'fall 2') + GROUP.replace(/}\n$/, `    ${TRACK.join('\n')}\n}\n`),
      ),
      n2: group('n2', 100),
    },
    steps: FAIL_AND_BACK,
    end: 22,
  },
  {
    id: 'sync-partition',
    title: 'sync group: one LAN is cut at the switch for a while',
    lans: 2,
    configs: { n1: group('n1', 200), n2: group('n2', 100) },
    steps: [
      ...START,
      { at: 6.4, do: 'port-block', node: 'n1', nic: 'eth0' },
      { at: 13.4, do: 'port-forward', node: 'n1', nic: 'eth0' },
    ],
    end: 22,
  },
  {
    id: 'track-interface',
    title: 'track_interface eth1 without weight',
    lans: 2,
    configs: nodes(2, { lines: ['track_interface {', '    eth1', '}'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'carrier', node: 'n1', nic: 'eth1', up: false },
      { at: 12.4, do: 'carrier', node: 'n1', nic: 'eth1', up: true },
    ],
    end: 20,
  },
  {
    id: 'dont-track-primary',
    title: 'dont_track_primary and carrier loss',
    configs: nodes(2, { lines: ['dont_track_primary'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 12.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 22,
  },
  {
    id: 'garp-interval',
    title: 'garp_interval 0.1, repeat 2, two VIPs',
    configs: nodes(2, { vips: ['192.168.100.100/24', '192.168.100.101/24'] }, [
      'vrrp_garp_interval 0.1',
      'vrrp_garp_master_repeat 2',
    ]),
    steps: STOP_AND_BACK,
    end: 21,
  },
  {
    id: 'garp-few',
    title: 'garp_master_delay 2, repeat 1, refresh 3',
    configs: nodes(2, {
      lines: ['garp_master_delay 2', 'garp_master_repeat 1', 'garp_master_refresh 3'],
    }),
    steps: STOP_AND_BACK,
    end: 22,
  },
  {
    id: 'garp-min',
    title: 'vrrp_min_garp',
    configs: nodes(2, {}, ['vrrp_min_garp']),
    steps: STOP_AND_BACK,
    end: 18,
  },
  {
    id: 'excluded',
    title: 'three VIPs and two excluded ones',
    configs: nodes(2, {
      vips: ['192.168.100.100/24', '192.168.100.101', '10.9.9.9/32'],
      lines: ['virtual_ipaddress_excluded {', '    192.168.100.150/24', '    10.9.9.10', '}'],
    }),
    steps: STOP_AND_BACK,
    end: 18,
  },
  {
    id: 'down-timer',
    title: 'down_timer_adverts 5',
    configs: nodes(2, { lines: ['down_timer_adverts 5'] }),
    steps: [...START, { at: 8.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false }],
    end: 16,
  },
  {
    id: 'ah',
    title: 'AH on both sides',
    configs: nodes(2, {
      lines: ['authentication {', '    auth_type AH', '    auth_pass secret12', '}'],
    }),
    steps: STOP_AND_BACK,
    end: 18,
  },
  {
    id: 'no-accept',
    title: 'version 3 with no_accept',
    configs: nodes(2, { lines: ['version 3', 'no_accept'] }),
    steps: STOP_AND_BACK,
    end: 18,
  },
  {
    id: 'mcast-words',
    title: 'mcast_src_ip, mcast_dst_ip',
    configs: {
      n1: configOf('n1', [
        { priority: 200, lines: ['mcast_src_ip 192.168.100.11', 'mcast_dst_ip 224.0.0.77'] },
      ]),
      n2: configOf('n2', [{ priority: 100, lines: ['mcast_dst_ip 224.0.0.77'] }]),
    },
    steps: STOP_AND_BACK,
    end: 18,
  },
  {
    id: 'vmac-xmit-base',
    title: 'use_vmac with vmac_xmit_base, VIP /32',
    configs: nodes(2, { lines: ['use_vmac', 'vmac_xmit_base'], vips: ['192.168.100.100/32'] }),
    steps: STOP_AND_BACK,
    end: 19,
  },
  {
    id: 'vmac-32',
    title: 'use_vmac, VIP /32, carrier loss of the base interface',
    configs: nodes(2, { lines: ['use_vmac'], vips: ['192.168.100.100/32'] }),
    steps: [
      ...START,
      { at: 7.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 12.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 21,
  },
  {
    id: 'vmac-kill',
    title: 'use_vmac: SIGKILL and restart',
    configs: nodes(2, { lines: ['use_vmac'] }),
    steps: [
      ...START,
      { at: 6.4, do: 'signal', node: 'n1', signal: 'KILL' },
      { at: 13.4, do: 'start', node: 'n1' },
    ],
    end: 21,
  },
  {
    id: 'v6-carrier',
    title: 'IPv6: carrier loss of the master',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: nodes(2, { vrid: 61, vips: ['fe80::100/64', 'fd00:100::100/64'] }),
    steps: [
      ...START,
      { at: 7.4, do: 'carrier', node: 'n1', nic: 'eth0', up: false },
      { at: 12.4, do: 'carrier', node: 'n1', nic: 'eth0', up: true },
    ],
    end: 22,
  },
  {
    id: 'v6-vmac',
    title: 'IPv6 with use_vmac',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: nodes(2, {
      vrid: 61,
      lines: ['use_vmac'],
      vips: ['fe80::100/64', 'fd00:100::100/64'],
    }),
    steps: STOP_AND_BACK,
    end: 20,
  },
  {
    id: 'v6-kill',
    title: 'IPv6: SIGKILL of the master, neighbours flushed',
    ipv6: true,
    pingTo: 'fd00:100::100',
    configs: nodes(2, { vrid: 61, vips: ['fe80::100/64', 'fd00:100::100/64'] }),
    steps: [
      ...START,
      { at: 7.4, do: 'signal', node: 'n1', signal: 'KILL' },
      { at: 12.4, do: 'neigh-flush', node: 'client' },
      { at: 14.4, do: 'start', node: 'n1' },
    ],
    end: 22,
  },
  {
    id: 'reload-vips',
    title: 'reloads of the master: a VIP less, an instance more, another interval',
    configs: {
      n1: configOf('n1', [{ priority: 200, vips: ['192.168.100.100/24', '192.168.100.101/24'] }]),
      n2: configOf('n2', [{ priority: 100, vips: ['192.168.100.100/24', '192.168.100.101/24'] }]),
    },
    steps: [
      ...START,
      hup(6.4, 'n1', [{ priority: 200 }]),
      hup(6.6, 'n2', [{ priority: 100 }]),
      hup(10.4, 'n1', [
        { priority: 200 },
        { priority: 150, name: 'VI_2', vrid: 52, vips: ['192.168.100.110/24'] },
      ]),
      hup(17.4, 'n1', [{ priority: 200 }]),
    ],
    end: 22,
  },
  {
    id: 'reload-priority',
    title: 'the master reloads with a priority below the backup, and back',
    configs: nodes(2),
    steps: [...START, hup(6.4, 'n1', [{ priority: 50 }]), hup(14.4, 'n1', [{ priority: 200 }])],
    end: 24,
  },
  {
    id: 'reload-interval',
    title: 'another advert_int on the master, then on the backup',
    configs: nodes(2),
    steps: [
      ...START,
      hup(6.4, 'n1', [{ priority: 200, interval: '2' }]),
      hup(14.4, 'n2', [{ priority: 100, interval: '2' }]),
    ],
    end: 26,
  },
  {
    id: 'reload-vrid',
    title: 'another virtual_router_id on the master, then on the backup',
    configs: nodes(2),
    steps: [
      ...START,
      hup(6.4, 'n1', [{ priority: 200, vrid: 77 }]),
      hup(14.4, 'n2', [{ priority: 100, vrid: 77 }]),
    ],
    end: 22,
  },
  {
    id: 'reload-backup',
    title: 'the backup reloads unchanged, and with a priority above the master',
    configs: nodes(2),
    steps: [...START, hup(6.4, 'n2', [{ priority: 100 }]), hup(8.4, 'n2', [{ priority: 220 }])],
    end: 18,
  },
  {
    id: 'active-active',
    title: 'two instances, each node master of one; one is stopped and comes back',
    configs: Object.fromEntries(
      [0, 1].map((index) => [
        `n${index + 1}`,
        configOf(`n${index + 1}`, [
          { priority: index === 0 ? 200 : 100 },
          {
            name: 'VI_2',
            vrid: 52,
            priority: index === 0 ? 100 : 200,
            vips: ['192.168.100.110/24'],
          },
        ]),
      ]),
    ),
    steps: [
      ...START,
      { at: 7.4, do: 'signal', node: 'n2', signal: 'TERM' },
      { at: 11.4, do: 'start', node: 'n2' },
    ],
    end: 20,
  },
];
