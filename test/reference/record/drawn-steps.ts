/** What happens to a drawn LAN: starts, then two to four disturbances, each with its end. */

import type { Chance } from './chance.ts';
import { draftText, type LanDraft, type NodeDraft } from './drawn-lan.ts';
import type { InstanceWords, Step } from './plan.ts';

const KINDS = [
  'term',
  'kill',
  'carrier',
  'carrier',
  'admin',
  'block',
  'block',
  'detach',
  'mcast',
  'freeze',
  'reload',
  'reload',
  'reload',
  'script',
  'file',
  'vip-del',
  'flush',
] as const;

/** The steps and when the recording ends. */
export function disturbances(
  chance: Chance,
  lan: LanDraft,
): { readonly steps: readonly Step[]; readonly end: number } {
  const steps: Step[] = lan.nodes.map(({ node }, index) => ({
    at: chance.happens(0.7) ? 0.02 + index / 100 : chance.between(0.1, 5),
    do: 'start',
    node,
  }));
  steps.sort((a, b) => a.at - b.at);
  const live = new Map(lan.nodes.map((one) => [one.node, one]));
  let at = chance.between(8, 9.5);
  const count = chance.pick([2, 3, 3, 4]);
  for (let i = 0; i < count; i++) {
    const added = disturb(chance, lan, live, at);
    steps.push(...added);
    at = (added.at(-1)?.at ?? at) + chance.between(3.5, 8);
  }
  return { steps, end: Math.round(at + 4) };
}

function disturb(chance: Chance, lan: LanDraft, live: Map<string, NodeDraft>, at: number): Step[] {
  const kind = chance.pick(KINDS);
  const { node } = chance.happens(0.7) ? (lan.nodes[0] as NodeDraft) : chance.pick(lan.nodes);
  const nic = 'eth0';
  const back = at + chance.between(0.3, 7);
  switch (kind) {
    case 'term':
      return [
        { at, do: 'signal', node, signal: 'TERM' },
        { at: at + 1.5 + chance.between(0, 5), do: 'start', node },
      ];
    case 'kill':
      return [
        { at, do: 'signal', node, signal: 'KILL' },
        { at: back, do: 'start', node },
      ];
    case 'carrier':
    case 'admin': {
      const link =
        lan.shape === 'group' || lan.shape === 'track-link' ? chance.pick(['eth0', 'eth1']) : nic;
      return [
        { at, do: kind, node, nic: link, up: false },
        { at: back, do: kind, node, nic: link, up: true },
      ];
    }
    case 'block':
      return [
        { at, do: 'port-block', node, nic },
        { at: back, do: 'port-forward', node, nic },
      ];
    case 'detach':
      return [
        { at, do: 'port-detach', node: 'n1', nic },
        { at: back, do: 'port-attach', node: 'n1', nic },
      ];
    case 'mcast':
      return [
        { at, do: 'mcast-flood', node, nic, on: false },
        { at: back, do: 'mcast-flood', node, nic, on: true },
      ];
    case 'freeze':
      return [
        { at, do: 'signal', node, signal: 'STOP' },
        { at: back, do: 'signal', node, signal: 'CONT' },
      ];
    case 'script':
      if (!lan.hasScript) return [];
      return [
        { at, do: 'script', node: 'n1', script: 'chk', exit: 1 },
        { at: back + 2, do: 'script', node: 'n1', script: 'chk', exit: 0 },
      ];
    case 'file':
      if (!lan.hasFile) return [];
      return [
        { at, do: 'file', node: 'n1', file: 'load', text: chance.pick(['3', '-2', '60', '300']) },
        { at: back, do: 'file', node: 'n1', file: 'load', text: '0' },
      ];
    case 'vip-del': {
      const address = lan.nodes[0]?.instances[0]?.vips?.at(-1) ?? '';
      return [
        {
          at,
          do: 'address-del',
          node,
          nic,
          address: address.includes('/') ? address : `${address}/32`,
        },
      ];
    }
    case 'flush':
      return [{ at, do: 'neigh-flush', node: 'client' }];
    case 'reload': {
      const draft = live.get(node) as NodeDraft;
      const next = changed(chance, draft);
      live.set(node, next);
      const steps: Step[] = [{ at, do: 'signal', node, signal: 'HUP', load: draftText(next) }];
      if (chance.happens(0.4)) {
        live.set(node, draft);
        steps.push({ at: back + 1, do: 'signal', node, signal: 'HUP', load: draftText(draft) });
      }
      return steps;
    }
  }
}

/** A configuration that differs in one thing. */
function changed(chance: Chance, draft: NodeDraft): NodeDraft {
  const [first, ...others] = draft.instances as [InstanceWords, ...InstanceWords[]];
  const withFirst = (words: Partial<InstanceWords>): NodeDraft => ({
    ...draft,
    instances: [{ ...first, ...words }, ...others],
  });
  const lines = first.lines ?? [];
  const isIpv6 = first.vrid === 61;
  switch (
    chance.pick(['same', 'priority', 'vip', 'less', 'instance', 'line', 'line', 'garp'] as const)
  ) {
    case 'same':
      return draft;
    case 'priority':
      return withFirst({ priority: chance.pick([60, 105, 180, 240]) });
    case 'vip':
      return withFirst({
        vips: [...(first.vips ?? []), isIpv6 ? 'fd00:100::108/64' : '192.168.100.108/24'],
      });
    case 'less':
      return others.length > 0
        ? {
            ...draft,
            blocks: draft.blocks.replace(/vrrp_sync_group[\s\S]*?\n}\n/, ''),
            instances: [first],
          }
        : withFirst({ vips: (first.vips ?? []).slice(0, isIpv6 ? 2 : 1) });
    case 'instance': {
      const vips = isIpv6 ? ['fe80::1:100/64', 'fd00:100::107/64'] : ['192.168.100.107/24'];
      const more = { ...first, name: 'VI_9', vrid: 77, priority: 130, vips };
      return { ...draft, instances: [first, ...others, more] };
    }
    case 'line': {
      const line = chance.pick([
        'nopreempt',
        'preempt_delay 3',
        'dont_track_primary',
        'lower_prio_no_advert',
        'higher_prio_send_advert',
        'down_timer_adverts 4',
        'no_accept',
      ]);
      const word = line.split(' ')[0] ?? '';
      const rest = lines.filter((one) => !one.startsWith(word));
      return withFirst({ lines: rest.length < lines.length ? rest : [...lines, line] });
    }
    case 'garp':
      return withFirst({ lines: [...lines, 'garp_master_refresh 2', 'garp_master_repeat 2'] });
  }
}
