/** A keyword row that works on the checker whose block is open; rows outside of one never run. */

import { type KeywordRow, row } from '../keyword-row.ts';
import type { CheckerDraft } from '../lvs-draft.ts';
import type { ParseContext } from '../parse-context.ts';

type Words = readonly string[];

/** A row that works on the current checker. */
export function checkerPart(
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, checker: CheckerDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, importance, (context, words) => {
    if (context.checker !== undefined) apply(context, context.checker, words);
  });
}
