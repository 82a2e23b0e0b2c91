/**
 * Policy rules that somebody else deletes: whether they are ours, and static ones coming back.
 *
 * Source: keepalived 2.2.7 in a namespace, rules deleted by hand ("Restoring deleted static rule …"). Its line goes on
 * with what the kernel filled in; ours ends with the words of the configuration.
 */

import type { IpFamily } from '../wire/ip-address.ts';
import { changeRule } from './virtual-objects.ts';
import { log, type VrrpMachine } from './vrrp-machine.ts';

/** A rule in the words of ip-rule(8). */
export interface RuleWords {
  readonly family: IpFamily;
  readonly words: readonly string[];
}

/** A rule was deleted by somebody: a static one comes back. */
export function restoreRule(machine: VrrpMachine, gone: RuleWords): void {
  for (const rule of machine.config.staticRules) {
    if (!isSameRule(rule, gone)) continue;
    log(machine, `Restoring deleted static rule ${rule.words.join(' ')}`);
    changeRule(machine, 'add', rule);
  }
}

/** Whether `gone`, as the kernel tells it, is the rule of a configuration: what that does not say may be anything. */
export function isSameRule(configured: RuleWords, gone: RuleWords): boolean {
  if (configured.family !== gone.family) return false;
  const [wanted, told] = [partsOf(configured.words), partsOf(gone.words)];
  const selectors = ['from', 'to', 'iif', 'oif', 'fwmark', 'table'];
  const priority = wanted.get('priority');
  return (
    selectors.every((key) => wanted.get(key) === told.get(key)) &&
    (priority === undefined || priority === told.get('priority'))
  );
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['lookup', 'table'],
  ['dev', 'iif'],
  ['pref', 'priority'],
  ['preference', 'priority'],
  ['order', 'priority'],
]);
const NUMBERED_TABLES: ReadonlyMap<string, string> = new Map([
  ['default', '253'],
  ['main', '254'],
  ['local', '255'],
]);

function partsOf(words: readonly string[]): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (let at = 0; at + 1 < words.length; at++) {
    const key = ALIASES.get(words[at] ?? '') ?? words[at] ?? '';
    const value = plainValue(key, words[at + 1] ?? '');
    if (value !== undefined && !parts.has(key)) parts.set(key, value);
  }
  return parts;
}

function plainValue(key: string, word: string): string | undefined {
  if (key === 'from' || key === 'to') {
    const text = word.replace(/\/(32|128)$/, '');
    return ['all', 'any', 'default', '0.0.0.0/0', '::/0'].includes(text) ? undefined : text;
  }
  if (key === 'fwmark') return String(Number(word.replace(/\/.*$/, '')));
  if (key === 'table') return NUMBERED_TABLES.get(word) ?? word;
  return word;
}
