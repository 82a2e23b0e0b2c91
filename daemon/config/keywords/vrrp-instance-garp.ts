/** `vrrp_instance`: gratuitous ARP and unsolicited neighbour advertisements. */

import type { KeywordRow } from '../keyword-row.ts';
import { readUnsigned, SECONDS_MAX, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import type { InstanceDraft } from '../vrrp-draft.ts';
import { instanceRow } from './instance-row.ts';

/** Rows about GARP. */
export const instanceGarpRows: readonly KeywordRow[] = [
  delayRow('garp_master_delay', 'P1', (instance, us) => {
    instance.garpDelayUs = us;
  }),
  repeatRow('garp_master_repeat', 'P1', (instance, count) => {
    instance.garpRepeat = count;
  }),
  instanceRow('garp_master_refresh SECONDS', 'P1', (context, instance, words) => {
    const text = `(${instance.name}): Invalid garp_master_refresh '${words[1]}' - ignoring`;
    const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, lenient: true, text });
    instance.garpRefreshS = result.usable ? result.value : 0;
  }),
  repeatRow('garp_master_refresh_repeat', 'P2', (instance, count) => {
    instance.garpRefreshRepeat = count;
  }),
  delayRow('garp_lower_prio_delay', 'P2', (instance, us) => {
    instance.garpLowerDelayUs = us;
  }),
  instanceRow('garp_lower_prio_repeat COUNT', 'P2', (context, instance, words) => {
    const text = `(${instance.name}): Invalid garp_lower_prio_repeat '${words[1]}'`;
    const range = { least: 0, most: 2_147_483_647, lenient: true, text };
    const result = context.unsigned(words, range);
    if (result.usable) instance.garpLowerRepeat = result.value;
  }),
  instanceRow('garp_extra_if [all] SECONDS', 'P2', extraInterface),
  instanceRow('vmac_garp_intvl [all] SECONDS', 'P3', extraInterface),
];

function delayRow(
  keyword: string,
  importance: 'P1' | 'P2',
  set: (instance: InstanceDraft, us: number) => void,
): KeywordRow {
  return instanceRow(`${keyword} SECONDS`, importance, (context, instance, words) => {
    const text = `(${instance.name}): ${keyword} '${words[1]}' invalid - ignoring`;
    const result = context.unsigned(words, { least: 0, most: SECONDS_MAX, lenient: true, text });
    if (result.usable) set(instance, result.value * 1_000_000);
  });
}

function repeatRow(
  keyword: string,
  importance: 'P1' | 'P2',
  set: (instance: InstanceDraft, count: number) => void,
): KeywordRow {
  return instanceRow(`${keyword} COUNT`, importance, (context, instance, words) => {
    const text = `(${instance.name}): ${keyword} '${words[1]}' invalid - ignoring`;
    const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, lenient: true, text });
    if (!result.usable) return;
    const zero = `(${instance.name}): ${keyword} must be greater than 0, setting to 1`;
    context.complainOfZero(result, zero, words[1]);
    set(instance, Math.max(1, result.value));
  });
}

function extraInterface(
  context: ParseContext,
  instance: InstanceDraft,
  words: readonly string[],
): void {
  const keyword = words[0] as string;
  if (keyword === 'vmac_garp_intvl') {
    const text = 'Keyword "vmac_garp_intvl" is deprecated - please use "garp_extra_if"';
    context.complain('deprecated', text, { word: keyword });
  }
  let seconds: number | undefined;
  for (const word of words.slice(1)) {
    if (word === 'all') {
      instance.garpExtraAll = true;
      continue;
    }
    const range = { least: 0, most: 86_400, lenient: true };
    const result = readUnsigned(word, range, context.reporter);
    if (result.complained) {
      const text = `(${instance.name}): ${keyword} '${word}' invalid - ignoring`;
      context.complain('bad-value', text, { word });
      // `-t` looks at nothing behind it.
      if (result.usable) instance.garpExtraS = result.value;
      return;
    }
    seconds = result.value;
  }
  if (seconds === undefined) {
    const text = `(${instance.name}): ${keyword} specified without time - ignoring`;
    context.complain('bad-value', text);
    return;
  }
  instance.garpExtraS = seconds;
}
