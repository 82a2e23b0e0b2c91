/** Settings of `global_defs` that are only kept (`GlobalConfig.other`), looked up by keyword. */

import type { GlobalConfig } from './global-config.ts';

/** Every kept setting, in file order. */
export type KeptSettings = GlobalConfig['other'];

/** The words behind a keyword where it stands last; `undefined` when it is not there. */
export function keptWords(settings: KeptSettings, keyword: string): readonly string[] | undefined {
  return settings.findLast((one) => one.keyword === keyword)?.words;
}

/** The first of these words. */
export function keptWord(settings: KeptSettings, keyword: string): string | undefined {
  return keptWords(settings, keyword)?.[0];
}

/** TASK_COMM_LEN - 1: longer names are cut. */
export const PROCESS_NAME_MAX = 15;

/** How keepalived calls its processes. */
export interface ProcessNames {
  parent?: string;
  vrrp?: string;
  checkers?: string;
  bfd?: string;
}

const NAME_KEYWORDS: ReadonlyMap<string, keyof ProcessNames> = new Map([
  ['process_name', 'parent'],
  ['vrrp_process_name', 'vrrp'],
  ['checker_process_name', 'checkers'],
  ['lvs_process_name', 'checkers'],
  ['bfd_process_name', 'bfd'],
]);

/** Each process's name by the line that stands last; `process_names` names the three children (test/reference/dumps/process-names). */
export function processNames(settings: KeptSettings): ProcessNames {
  const names: ProcessNames = {};
  for (const { keyword, words } of settings) {
    if (keyword === 'process_names') {
      names.vrrp = 'keepalived_vrrp';
      names.checkers = 'keepalived_lvs';
      names.bfd = 'keepalived_bfd';
    }
    const which = NAME_KEYWORDS.get(keyword);
    if (which !== undefined) names[which] = words[0]?.slice(0, PROCESS_NAME_MAX) ?? '';
  }
  return names;
}

/** keepalived's own name for its nftables table. */
export const FIREWALL_TABLE = 'keepalived';

/** The table of `nftables`, where the first line counts, or of `vrrp_iptables`, which always means keepalived's own; `undefined`: neither is there. */
export function firewallTable(settings: KeptSettings): string | undefined {
  let table: string | undefined;
  for (const { keyword, words } of settings) {
    if (keyword === 'vrrp_iptables') table = FIREWALL_TABLE;
    else if (keyword === 'nftables') table ??= words[0] ?? FIREWALL_TABLE;
  }
  return table;
}
