/** Plans for sync groups that come, grow and go with a reload. */

import { configOf, type InstanceWords, type Plan, type Step } from './plan.ts';
import { START } from './plans-life.ts';

/** A sync group of those names. */
function block(...names: readonly string[]): string {
  const members = names.map((name) => `        ${name}\n`).join('');
  return `vrrp_sync_group VG {\n    group {\n${members}    }\n}\n`;
}

function member(name: 'VI_A' | 'VI_B' | 'VI_C', words: InstanceWords): InstanceWords {
  if (name === 'VI_A') return { ...words, name };
  if (name === 'VI_B')
    return { ...words, name, nic: 'eth1', vrid: 52, vips: ['192.168.200.100/24'] };
  return { ...words, name, vrid: 53, vips: ['192.168.100.103/24'] };
}

function both(node: string, words: InstanceWords, blocks = ''): string {
  return configOf(node, [member('VI_A', words), member('VI_B', words)], { blocks });
}

function hup(at: number, load: string): Step {
  return { at, do: 'signal', node: 'n1', signal: 'HUP', load };
}

const GROUP = block('VI_A', 'VI_B');
const N1 = { priority: 150 };
const N2 = { priority: 100 };

/** See the head of the file. */
export const GROUP_PLANS: readonly Plan[] = [
  {
    id: 'reload-into-group',
    title: 'a reload puts two masters into a new sync group, another takes the group away',
    lans: 2,
    configs: { n1: both('n1', N1), n2: both('n2', N2) },
    steps: [...START, hup(8.4, both('n1', N1, GROUP)), hup(16.9, both('n1', N1))],
    end: 20,
  },
  {
    id: 'reload-new-member',
    title: 'a reload puts a master into a new sync group, together with a new instance',
    lans: 2,
    configs: { n1: configOf('n1', [member('VI_A', N1)]), n2: configOf('n2', [member('VI_A', N2)]) },
    steps: [...START, hup(8.4, both('n1', N1, GROUP))],
    end: 18,
  },
  {
    id: 'reload-group-grows',
    title: 'a reload adds a new instance to the sync group of masters',
    lans: 2,
    configs: { n1: both('n1', N1, GROUP), n2: both('n2', N2, GROUP) },
    steps: [
      ...START,
      hup(
        8.4,
        configOf('n1', [member('VI_A', N1), member('VI_B', N1), member('VI_C', N1)], {
          blocks: block('VI_A', 'VI_B', 'VI_C'),
        }),
      ),
    ],
    end: 18,
  },
  {
    id: 'reload-backup-into-group',
    title: 'v3: a reload puts a master and a backup into a new sync group',
    lans: 2,
    configs: {
      n1: configOf('n1', [
        member('VI_A', { priority: 150, lines: ['version 3'] }),
        member('VI_B', { priority: 50, lines: ['version 3'] }),
      ]),
      n2: both('n2', { priority: 100, lines: ['version 3'] }),
    },
    steps: [
      ...START,
      hup(
        8.4,
        configOf(
          'n1',
          [
            member('VI_A', { priority: 150, lines: ['version 3'] }),
            member('VI_B', { priority: 50, lines: ['version 3'] }),
          ],
          { blocks: GROUP },
        ),
      ),
    ],
    end: 18,
  },
];
