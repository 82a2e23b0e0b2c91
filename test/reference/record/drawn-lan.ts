/** Draws a LAN for a plan: a shape, options in combination, sometimes one node that differs from the others. */

import type { Chance } from './chance.ts';
import { configOf, type InstanceWords } from './plan.ts';

/** A configuration in parts, so that a reload can change one of them. */
export interface NodeDraft {
  readonly node: string;
  readonly globals: readonly string[];
  readonly blocks: string;
  readonly instances: readonly InstanceWords[];
}

/** Everything that a draw has decided before its steps. */
export interface LanDraft {
  readonly shape: Shape;
  readonly nodes: readonly NodeDraft[];
  readonly hasScript: boolean;
  readonly hasFile: boolean;
}

const SHAPES = [
  'pair',
  'pair',
  'three',
  'three',
  'group',
  'two-instances',
  'unicast',
  'ipv6',
  'ipv6-unicast',
  'vmac',
  'track-link',
] as const;

/** What the nodes and their LAN look like. */
export type Shape = (typeof SHAPES)[number];

/** The text of a draft. */
export function draftText(draft: NodeDraft): string {
  return configOf(draft.node, draft.instances, { globals: draft.globals, blocks: draft.blocks });
}

/** Draws nodes and what they are configured with. */
export function drawLan(chance: Chance): LanDraft {
  const shape = chance.pick(SHAPES);
  const count = shape === 'three' || (shape === 'unicast' && chance.happens(0.5)) ? 3 : 2;
  const names = ['n1', 'n2', 'n3'].slice(0, count);
  const version = shape.startsWith('ipv6') || chance.happens(0.35) ? 3 : 2;
  const common = commonLines(chance, shape, version);
  const interval =
    version === 3
      ? chance.pick(['0.1', '0.25', '0.5', '1', '1.5'])
      : chance.pick(['1', '1', '1', '2']);
  const vips = vipsOf(chance, shape);
  const globals = drawGlobals(chance, shape);
  const script = chance.happens(0.3) ? scriptLines(chance) : undefined;
  const file = chance.happens(0.15) ? chance.pick([0, -5, 20, 1]) : undefined;
  const odd = chance.happens(0.2) ? chance.pick(names) : undefined;
  const priorities = chance.pick([
    [200, 100, 90],
    [150, 100, 120],
    [254, 100, 1],
    [100, 100, 100],
    [255, 100, 50],
    [110, 100, 105],
    [50, 200, 100],
  ]);
  const nodes = names.map((node, index): NodeDraft => {
    const own = [...common, ...ownLines(chance)];
    const words: InstanceWords = {
      priority: priorities[index] ?? 100,
      interval,
      vips,
      ...(shape.startsWith('ipv6') ? { vrid: 61 } : {}),
      ...(chance.happens(0.25) ? { state: 'MASTER' as const } : {}),
      lines: [...own, ...unicastLines(shape, index, count)],
    };
    const draft = withShape({ node, globals, blocks: '', instances: [words] }, shape, index);
    const tracking = node === 'n1' ? withTracking(draft, script, file) : draft;
    return node === odd ? withOddity(chance, tracking) : tracking;
  });
  return { shape, nodes, hasScript: script !== undefined, hasFile: file !== undefined };
}

function vipsOf(chance: Chance, shape: Shape): readonly string[] {
  if (shape.startsWith('ipv6')) {
    const two = ['fe80::100/64', 'fd00:100::100/64'];
    return chance.happens(0.3) ? [...two, 'fd00:100::101/64'] : two;
  }
  const length = chance.pick(['/24', '/24', '/32', '']);
  const first = `192.168.100.100${length}`;
  return chance.happens(0.3) ? [first, '192.168.100.101/24', '10.9.9.9/32'] : [first];
}

function unicastLines(shape: Shape, index: number, count: number): readonly string[] {
  if (!shape.endsWith('unicast')) return [];
  const address = (one: number) =>
    shape === 'unicast' ? `192.168.100.${11 + one}` : `fd00:100::${11 + one}`;
  const peers = [0, 1, 2].slice(0, count).filter((one) => one !== index);
  return [`unicast_src_ip ${address(index)}`, 'unicast_peer {', ...peers.map(address), '}'];
}

function commonLines(chance: Chance, shape: Shape, version: 2 | 3): string[] {
  const lines: string[] = [];
  const some = (probability: number, line: () => string) => {
    if (chance.happens(probability)) lines.push(line());
  };
  if (version === 3 && !shape.startsWith('ipv6')) lines.push('version 3');
  if (shape === 'vmac') lines.push('use_vmac');
  if (shape === 'vmac') some(0.3, () => 'vmac_xmit_base');
  if (version === 2 && chance.happens(0.3)) {
    const type = shape === 'unicast' ? 'PASS' : chance.pick(['PASS', 'PASS', 'AH']);
    lines.push('authentication {', `    auth_type ${type}`, '    auth_pass secret12', '}');
  }
  some(0.15, () => `garp_master_delay ${chance.pick([0, 1, 3])}`);
  some(0.15, () => `garp_master_repeat ${chance.pick([1, 2, 3])}`);
  some(0.15, () => `garp_master_refresh ${chance.pick([2, 3, 5])}`);
  some(0.1, () => `garp_master_refresh_repeat ${chance.pick([1, 2])}`);
  some(0.12, () => `garp_lower_prio_delay ${chance.pick([0, 1, 2])}`);
  some(0.12, () => `garp_lower_prio_repeat ${chance.pick([1, 2])}`);
  some(0.12, () => 'lower_prio_no_advert');
  some(0.12, () => 'higher_prio_send_advert');
  some(0.12, () => `down_timer_adverts ${chance.pick([1, 2, 5])}`);
  some(0.1, () => 'skip_check_adv_addr');
  if (!shape.endsWith('unicast'))
    some(0.1, () => 'mcast_dst_ip '.concat(shape === 'ipv6' ? 'ff02::77' : '224.0.0.77'));
  return lines;
}

function ownLines(chance: Chance): string[] {
  const lines: string[] = [];
  const isNopreempt = chance.happens(0.18);
  const isDelayed = !isNopreempt && chance.happens(0.18);
  if (isNopreempt) lines.push('nopreempt');
  if (isDelayed) lines.push(`preempt_delay ${chance.pick(['0.5', '2', '4.25'])}`);
  if (chance.happens(0.1)) lines.push('dont_track_primary');
  if (chance.happens(0.1)) lines.push(chance.pick(['no_accept', 'accept', 'strict_mode on']));
  return lines;
}

function drawGlobals(chance: Chance, shape: Shape): string[] {
  const lines: string[] = [];
  const some = (probability: number, line: () => string) => {
    if (chance.happens(probability)) lines.push(line());
  };
  some(0.08, () => 'vrrp_strict');
  some(0.12, () => `vrrp_garp_interval ${chance.pick(['0.05', '0.2', '0.001'])}`);
  if (shape.startsWith('ipv6')) some(0.15, () => 'vrrp_gna_interval 0.1');
  some(0.1, () => `vrrp_startup_delay ${chance.pick(['2.5', '1', '6'])}`);
  some(0.08, () => 'vrrp_min_garp');
  some(0.1, () => `vrrp_garp_master_refresh ${chance.pick([4, 7])}`);
  some(0.08, () => 'vrrp_skip_check_adv_addr');
  some(0.08, () => `vrrp_down_timer_adverts ${chance.pick([2, 4])}`);
  some(0.08, () => 'vrrp_higher_prio_send_advert');
  return lines;
}

function withShape(draft: NodeDraft, shape: Shape, index: number): NodeDraft {
  const [first] = draft.instances;
  if (first === undefined) return draft;
  if (shape === 'track-link') {
    const weight = [' weight -120', '', ' weight 30', ' weight -90 reverse'][first.priority % 4];
    const lines = [...(first.lines ?? []), 'track_interface {', `    eth1${weight}`, '}'];
    return { ...draft, instances: [{ ...first, lines }] };
  }
  if (shape === 'group') {
    const second = { ...first, name: 'VI_2', nic: 'eth1', vrid: 52, vips: ['192.168.200.100/24'] };
    const blocks = 'vrrp_sync_group VG {\n    group {\n        VI_1\n        VI_2\n    }\n}\n';
    return { ...draft, blocks, instances: [first, second] };
  }
  if (shape === 'two-instances') {
    const priority = index === 0 ? 90 : 190;
    const second = { ...first, name: 'VI_2', vrid: 52, priority, vips: ['192.168.100.110/24'] };
    return { ...draft, instances: [first, second] };
  }
  return draft;
}

function scriptLines(chance: Chance): string[] {
  const lines = [chance.pick(['interval 1', 'interval 2'])];
  if (chance.happens(0.5)) lines.push(`fall ${chance.pick([2, 3])}`);
  if (chance.happens(0.5)) lines.push(`rise ${chance.pick([2, 3])}`);
  if (chance.happens(0.2)) lines.push('init_fail');
  if (chance.happens(0.6)) {
    lines.push(
      `weight ${chance.pick([-150, -60, 60, 20])}${chance.happens(0.2) ? ' reverse' : ''}`,
    );
  }
  return lines;
}

function withTracking(
  draft: NodeDraft,
  script: readonly string[] | undefined,
  file: number | undefined,
): NodeDraft {
  const [first, ...others] = draft.instances;
  if (first === undefined) return draft;
  const lines = [...(first.lines ?? [])];
  let { blocks } = draft;
  if (script !== undefined) {
    const own = [`script "/usr/bin/test ! -e /run/FLAG-chk-${draft.node}"`, ...script];
    blocks = `vrrp_script chk {\n${own.map((line) => `    ${line}\n`).join('')}}\n${blocks}`;
    lines.push('track_script {', '    chk', '}');
  }
  if (file !== undefined) {
    blocks = `track_file load {\n    file /run/FLAG-load-${draft.node}\n    weight ${file}\n    init_file 0 overwrite\n}\n${blocks}`;
    lines.push('track_file {', '    load', '}');
  }
  return { ...draft, blocks, instances: [{ ...first, lines }, ...others] };
}

/** One node that is not like the others. */
function withOddity(chance: Chance, draft: NodeDraft): NodeDraft {
  const [first, ...others] = draft.instances;
  if (first === undefined) return draft;
  const kind = chance.pick(['password', 'interval', 'version', 'vips'] as const);
  const lines = first.lines ?? [];
  if (kind === 'password') {
    const other = lines.map((line) => line.replace('secret12', 'secret34'));
    return { ...draft, instances: [{ ...first, lines: other }, ...others] };
  }
  if (kind === 'interval') return { ...draft, instances: [{ ...first, interval: '3' }, ...others] };
  if (kind === 'version') {
    const other = lines.includes('version 3')
      ? lines.filter((line) => line !== 'version 3')
      : ['version 3', ...lines];
    return { ...draft, instances: [{ ...first, lines: other }, ...others] };
  }
  const vips = [
    ...(first.vips ?? []),
    first.vrid === 61 ? 'fd00:100::109/64' : '192.168.100.109/24',
  ];
  return { ...draft, instances: [{ ...first, vips }, ...others] };
}
