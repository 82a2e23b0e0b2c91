/**
 * The blocks around vrrp_instance: track groups, static entries, GARP groups, interface delays. Sync groups and scripts
 * stand in files beside this one.
 */

import { readValueBlock, readWordBlock } from '../block-parser.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import { readDecimal, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { readRoute } from './ip-routes.ts';
import { readRule } from './ip-rules.ts';
import { readVirtualAddress } from './virtual-address.ts';
import { scriptRow } from './vrrp-script.ts';
import { syncGroupRow, takeMembers } from './vrrp-sync-group.ts';

type Words = readonly string[];

const VRRP = { processes: ['vrrp'] } as const;

const trackGroupRow = row(
  'track_group NAME { … }',
  'P3',
  (context, words) => {
    const name = words[1];
    if (name === undefined || words.length !== 2) {
      context.complain('bad-name', 'track_group must have a name - skipping');
      context.skipBlock(true);
    } else if (context.vrrp.trackGroups.some((one) => one.name === name)) {
      context.complain('duplicate', `track_group ${name} already defined`, { word: name });
      context.skipBlock(true);
    } else context.vrrp.trackGroups.push({ name, at: context.reporter.location });
  },
  {
    ...VRRP,
    block: [
      row('group { INSTANCE… }', 'P3', (context, words) =>
        takeMembers(context, words, context.vrrp.trackGroups.at(-1), 'track'),
      ),
    ],
  },
);

const garpGroupRow = row(
  'garp_group { … }',
  'P3',
  (context) => {
    context.garpGroup = { interfaces: [], aggregation: 0 };
    context.vrrp.garpGroups.push(context.garpGroup);
  },
  {
    ...VRRP,
    block: [
      row('garp_interval SECONDS', 'P3', (context, words) => garpInterval(context, words, 'garp')),
      row('gna_interval SECONDS', 'P3', (context, words) => garpInterval(context, words, 'gna')),
      row('interface NAME', 'P3', (context, words) => {
        garpInterface(context, context.word(words, 1), words);
      }),
      row('interfaces { NAME… }', 'P3', (context, words) => {
        const names = readWordBlock(context, words);
        if (names.length === 0) {
          context.complain('empty-block', 'Warning - empty garp_group interfaces block');
        } else if (context.garpGroup !== undefined) {
          const others = context.vrrp.garpGroups.filter((one) => one !== context.garpGroup);
          const used = others.filter((one) => one.aggregation > 0).length;
          context.garpGroup.aggregation = used + 1;
          for (const name of names) garpInterface(context, name, names);
        }
      }),
    ],
    end: (context) => {
      const group = context.garpGroup;
      context.garpGroup = undefined;
      if (group === undefined || group.garpUs !== undefined || group.gnaUs !== undefined) return;
      const text = `garp group ${group.aggregation} does not have any delay set - removing`;
      context.complain('empty-block', text);
      context.vrrp.garpGroups = context.vrrp.garpGroups.filter((one) => one !== group);
    },
  },
);

function garpInterval(context: ParseContext, words: Words, kind: 'garp' | 'gna'): void {
  const word = context.word(words, 1);
  const range = { least: 0, most: 2_147_483_647, decimals: 6, lenient: true };
  const result = readDecimal(word, range, context.reporter);
  if (!result.usable) {
    const text = `garp_group ${kind}_interval '${word}' invalid`;
    context.complain('bad-value', text, { word });
    return;
  }
  if (context.garpGroup === undefined) return;
  if (kind === 'garp') context.garpGroup.garpUs = result.value;
  else context.garpGroup.gnaUs = result.value;
}

/** One interface of a group; of a known one 2.2.7 tells with the second word of its line or block. */
function garpInterface(context: ParseContext, name: string, words: Words): void {
  if (!context.interfaceKnown(name)) {
    const text = `WARNING - interface ${name} specified for garp_group doesn't exist`;
    context.complain('unknown-interface', text, { word: name });
  } else if (context.vrrp.garpGroups.some((group) => group.interfaces.includes(name))) {
    const told = context.word(words, 1);
    if (context.reporter.ended) return;
    const text = `garp_group already specified for ${told} - ignoring`;
    context.complain('duplicate', text, { word: name });
  } else context.garpGroup?.interfaces.push(name);
}

/** 255 s: the longest debounce keepalived takes. */
const DEBOUNCE_US_MAX = 255_000_000;

function takeDelay(context: ParseContext, values: Words): void {
  const name = values[0] as string;
  const known = context.machine.interfaces?.some((one) => one.name === name) ?? true;
  if (!known && context.global.dynamicInterfaces === 'no') {
    const text = `unknown interface ${name} specified for up/down delay`;
    context.complain('unknown-interface', text, { word: name, level: 'fatal' });
    return;
  }
  if (values[1] === undefined) {
    context.remark('missing-value', `no delays are given for interface ${name}`, { word: name });
    return;
  }
  if (values.length > 3) {
    context.remark('extra-words', `too many words behind interface ${name}`, { word: name });
  }
  const range = { least: 0, most: DEBOUNCE_US_MAX, decimals: 6, lenient: true };
  const down = readDecimal(values[1], range, context.reporter);
  if (!down.usable) return;
  let upUs = 0;
  if (values[2] !== undefined) {
    // From 2.3.3 on an interface may be kept down as long as one likes.
    const most = context.knows('2.3.3') ? UNSIGNED_MAX * 1_000_000 : DEBOUNCE_US_MAX;
    const up = readDecimal(values[2], { ...range, most }, context.reporter);
    if (!up.usable) return;
    upUs = up.value;
  }
  context.vrrp.delays.push({ interface: name, downUs: down.value, upUs });
}

/** All top-level rows of the VRRP process but vrrp_instance and the trackers of files and processes. */
export const vrrpBlockRows: readonly KeywordRow[] = [
  trackGroupRow,
  row(
    'static_ipaddress { ADDRESS… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const address = readVirtualAddress(context, values, { isStatic: true });
        if (address !== undefined) context.vrrp.staticAddresses.push(address);
      });
    },
    VRRP,
  ),
  row(
    'static_routes { ROUTE… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const route = readRoute(context, values, { isStatic: true });
        if (route !== undefined) context.vrrp.staticRoutes.push(route);
      });
    },
    VRRP,
  ),
  row(
    'static_rules { RULE… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const rule = readRule(context, values, { isStatic: true });
        if (rule !== undefined) context.vrrp.staticRules.push(rule);
      });
    },
    VRRP,
  ),
  syncGroupRow,
  garpGroupRow,
  row(
    'linkbeat_interfaces { NAME [MII|ETHTOOL|IOCTL]… }',
    'P3',
    (context, words) => {
      readValueBlock(context, words, (values) => {
        const name = values[0] as string;
        const known = context.machine.interfaces?.some((one) => one.name === name) ?? true;
        if (!known) {
          const text = `unknown interface ${name} specified for linkbeat interface`;
          context.complain('unknown-interface', text, { word: name, level: 'fatal' });
        } else if (values[1] !== undefined && !/^(MII|ETHTOOL|IOCTL)$/.test(values[1])) {
          const text = `extra characters ${values[1]} in linkbeat interface`;
          context.complain('unknown-option', text, { word: values[1] });
        }
      });
    },
    { ...VRRP, status: 'no-effect-here' },
  ),
  row(
    'interface_up_down_delays { NAME DOWN [UP]… }',
    'P2',
    (context, words) => {
      readValueBlock(context, words, (values) => takeDelay(context, values));
    },
    VRRP,
  ),
  scriptRow,
];
