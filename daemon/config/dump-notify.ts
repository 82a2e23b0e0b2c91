/** Notification scripts as keepalived dumps them. */

import type { NotifyConfig, NotifyScript } from '../vrrp/vrrp-config.ts';
import { type IdsOf, rootOnly } from './user-ids.ts';

const TITLES = [
  ['backup', 'Backup'],
  ['master', 'Master'],
  ['fault', 'Fault'],
  ['stop', 'Stop'],
  ['deleted', 'Deleted'],
  ['any', 'Generic'],
  ['masterReceivesLowerPriority', 'Master rx lower pri'],
] as const;

/** One line per script. */
export function dumpNotify(notify: NotifyConfig, idsOf: IdsOf = rootOnly): readonly string[] {
  return TITLES.flatMap(([field, title]) => {
    const script: NotifyScript | undefined = notify[field];
    if (script === undefined) return [];
    const words = quoted(script.arguments);
    return [`   ${title} state transition script = ${words}, uid:gid ${idsOf(script)}`];
  });
}

/** Arguments, each in single quotes. */
export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}
