/** Loads a scenario out of a text, with files of a made-up folder beside it. */

import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { type LoadedScenario, loadScenario } from '../../../sim/scenario/load-scenario.ts';
import { readerOf } from '../../../sim/scenario/reading.ts';

/** Reads `text` as `lan.twin.yml`. */
export function loadText(
  text: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): LoadedScenario {
  const contents = Object.entries(files).map(([path, content]) => {
    return [path, typeof content === 'string' ? encodeUtf8(content) : content] as const;
  });
  const readFile = readerOf(new Map(contents));
  return loadScenario({ file: 'lan.twin.yml', bytes: encodeUtf8(text), readFile });
}
