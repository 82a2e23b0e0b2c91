/** Notification scripts as keepalived dumps them. */

import type { NotifyConfig, NotifyScript } from '../vrrp/vrrp-config.ts';

const TITLES = [
  ['backup', 'Backup'],
  ['master', 'Master'],
  ['fault', 'Fault'],
  ['stop', 'Stop'],
  ['deleted', 'Deleted'],
  ['any', 'Generic'],
  ['masterReceivesLowerPriority', 'Master rx lower pri'],
] as const;

/** One line per script. The ids of users other than root are not known here and shown as 0. */
export function dumpNotify(notify: NotifyConfig): readonly string[] {
  return TITLES.flatMap(([field, title]) => {
    const script: NotifyScript | undefined = notify[field];
    if (script === undefined) return [];
    return [`   ${title} state transition script = ${quoted(script.arguments)}, uid:gid 0:0`];
  });
}

/** Arguments, each in single quotes. */
export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}
