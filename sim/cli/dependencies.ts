/** Which files a scenario is made of: itself, and every file beside it that was read for it. */

import { dirname, join, resolve } from 'node:path';
import type { LoadedFile } from './scenario-files.ts';

/** Full paths. */
export function dependenciesOf(file: string, loaded: LoadedFile): readonly string[] {
  const folder = dirname(file);
  return [file, ...[...loaded.files.keys()].map((name) => join(folder, name))].map((path) =>
    resolve(path),
  );
}
