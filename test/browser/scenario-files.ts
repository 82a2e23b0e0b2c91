/** The scenarios of the repository with the files that each may read, for runs outside of Node's file system. */

import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listFiles } from '../../tools/file-server.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One scenario and everything in its folder. */
export interface ScenarioFiles {
  readonly path: string;
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[];
}

/** Every `*.twin.yml` below `scenarios/`, by path. */
export function listScenarios(): ScenarioFiles[] {
  const all = listFiles(join(ROOT, 'scenarios'));
  return all
    .filter((path) => path.endsWith('.twin.yml'))
    .map((path) => ({
      path: relative(ROOT, path),
      files: all
        .filter((other) => other.startsWith(`${dirname(path)}/`))
        .map((other) => [relative(ROOT, other), new Uint8Array(readFileSync(other))] as const),
    }));
}
