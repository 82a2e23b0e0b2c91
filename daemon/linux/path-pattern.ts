/** Patterns of `include` on the disk of this host: Node 20 has no glob of its own. */

import { existsSync, readdirSync } from 'node:fs';
import { expandInFolders } from '../base/file-pattern.ts';

/** Existing paths that a pattern means, in glob's order. */
export function expandPathPattern(pattern: string): readonly string[] {
  return expandInFolders(pattern, namesIn).filter((path) => existsSync(path));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder === '' ? '.' : folder);
  } catch {
    return [];
  }
}
