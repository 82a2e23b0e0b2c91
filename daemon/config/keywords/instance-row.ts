/** Rows of the block vrrp_instance and its parts. */

import { type KeywordRow, row } from '../keyword-row.ts';
import type { ParseContext } from '../parse-context.ts';
import type { InstanceDraft } from '../vrrp-draft.ts';

type Words = readonly string[];

/** A row that works on the current instance and remembers where it stood. */
export function instanceRow(
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, instance: InstanceDraft, words: Words) => void,
  more: Partial<KeywordRow> = {},
): KeywordRow {
  const take = (context: ParseContext, words: Words) => {
    const { instance } = context;
    if (instance === undefined) {
      // The block has no name and is read all the same; a missing value ends the reading even there.
      if (/^\S+ [^[{]/.test(spelling)) context.word(words, 1);
      return;
    }
    const at = context.reporter.location;
    if (at !== undefined) instance.places.set(words[0] as string, at);
    apply(context, instance, words);
  };
  return row(spelling, importance, take, more);
}
