/** The top level: every block and the few keywords that stand alone. */

import { type KeywordRow, row } from '../keyword-row.ts';
import { UNSIGNED_MAX } from '../numbers.ts';
import { bfdInstanceRow } from './bfd-instance.ts';
import { globalDefsRows } from './global-defs.ts';
import { serverGroupRow, sslRow } from './real-server.ts';
import { trackFileRows, trackProcessRow } from './track-blocks.ts';
import { virtualServerRow } from './virtual-server.ts';
import { vrrpBlockRows } from './vrrp-blocks.ts';
import { vrrpInstanceRow } from './vrrp-instance.ts';

const PARENT = { processes: ['parent'] } as const;
const PARENT_NO_EFFECT = { ...PARENT, status: 'no-effect-here' } as const;

const loneRows: readonly KeywordRow[] = [
  row('linkbeat_use_polling', 'P3', () => {}, PARENT_NO_EFFECT),
  row(
    'net_namespace NAME',
    'P3',
    (context, words) => {
      const { global } = context;
      const name = words[1];
      if (name === undefined) {
        context.complain('missing-value', 'net_namespace name missing - ignoring');
      } else if (global.netNamespace !== undefined) {
        const text = `Duplicate net_namespace definition ${name} - ignoring`;
        context.complain('duplicate', text, { word: name });
      } else global.netNamespace = name;
    },
    PARENT_NO_EFFECT,
  ),
  row(
    'net_namespace_ipvs [NAME]',
    'P3',
    (context, words) => {
      const { global } = context;
      if (global.netNamespaceIpvs === undefined) global.netNamespaceIpvs = words[1] ?? '';
      else {
        const text = `Duplicate net_namespace_ipvs definition ${words[1]} - ignoring`;
        context.complain('duplicate', text);
      }
    },
    PARENT_NO_EFFECT,
  ),
  row('namespace_with_ipsets', 'P3', () => {}, PARENT_NO_EFFECT),
  row('use_pid_dir', 'P3', () => {}, PARENT_NO_EFFECT),
  row(
    'instance NAME',
    'P3',
    (context, words) => {
      const { global } = context;
      const name = words[1];
      if (name === undefined) {
        context.complain('missing-value', 'instance name missing - ignoring');
      } else if (global.instanceName !== undefined) {
        const text = `Duplicate instance definition ${name} - ignoring`;
        context.complain('duplicate', text, { word: name });
      } else global.instanceName = name;
    },
    PARENT_NO_EFFECT,
  ),
  row(
    'child_wait_time SECONDS',
    'P3',
    (context, words) => {
      const text = `Invalid child_wait_time ${words[1]}`;
      const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, text });
      if (result.usable) context.global.childWaitS = result.value;
    },
    PARENT,
  ),
];

/** All top-level rows. */
export const rootRows: readonly KeywordRow[] = [
  ...loneRows,
  row('global_defs { … }', 'P1', () => {}, { ...PARENT, block: globalDefsRows }),
  ...vrrpBlockRows,
  vrrpInstanceRow,
  trackProcessRow,
  ...trackFileRows,
  bfdInstanceRow,
  sslRow,
  serverGroupRow,
  virtualServerRow,
];
