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
