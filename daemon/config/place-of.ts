/** Where a correction found after reading belongs in the file. */

import type { Location } from './reporter.ts';
import type { InstanceDraft } from './vrrp-draft.ts';

/** The place of an instance's keyword, or of the instance; empty when neither is known. */
export function placeOf(
  instance: InstanceDraft,
  ...keywords: readonly string[]
): { readonly at?: Location } {
  for (const keyword of keywords) {
    const at = instance.places.get(keyword);
    if (at !== undefined) return { at };
  }
  return instance.at === undefined ? {} : { at: instance.at };
}
