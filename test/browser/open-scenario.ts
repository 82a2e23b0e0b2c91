/** Opens a scenario out of a map of files, the same in a worker and in Node. */

import { type LoadedScenario, loadScenario } from '../../sim/scenario/load-scenario.ts';

/** Reads the scenario at `path`; the files that it names are looked up beside it. */
export function openScenario(path: string, files: ReadonlyMap<string, Uint8Array>): LoadedScenario {
  const bytes = files.get(path);
  if (bytes === undefined) throw new Error(`no such file: ${path}`);
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return loadScenario({ file: path, bytes, readFile: (name) => files.get(folder + name) });
}
