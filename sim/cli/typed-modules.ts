/**
 * Scenarios that are programs, `*.twin.ts` (or .mts, .js, .mjs): importing them, and finding the scenarios among
 * their exports. Such a file is code like any test file; whoever runs it trusts it. Importing takes a while, so it is done
 * before a command begins; what was imported is then read as often as the command likes.
 */

import { existsSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Problem } from '../../daemon/config/problem.ts';
import type { ScenarioDocument } from '../scenario/document/scenario-document.ts';
import type { LoadOptions } from '../scenario/load-scenario.ts';
import { loadDocument, SCENARIO_BRAND, type ScenarioPlace } from './door.ts';
import { isTypedName, type LoadedFile, loadScenarioFile, unreadable } from './scenario-files.ts';

let isRegistered = false;

/** Every scenario of every typed file; other files are left out. */
export async function importTyped(
  files: readonly string[],
): Promise<ReadonlyMap<string, readonly LoadedFile[]>> {
  const found = new Map<string, readonly LoadedFile[]>();
  for (const file of files.filter(isTypedName)) {
    found.set(
      file,
      (await exportedScenarios(file)).map(({ load }) => load()),
    );
  }
  return found;
}

/** A scenario among the exports of a program. */
export interface ExportedScenario {
  /** What it is exported as; several names when it is exported several times. */
  readonly names: readonly string[];
  /** Reads and checks it; what cannot be imported is a problem like any other. */
  load(outside?: LoadOptions['outside']): LoadedFile;
}

/** The scenarios that a program exports, in the order of their names; at least one, if only with a problem. */
export async function exportedScenarios(file: string): Promise<readonly ExportedScenario[]> {
  if (!existsSync(file)) return [{ names: [], load: () => loadScenarioFile(file) }];
  hookImports();
  let exports: Record<string, unknown>;
  try {
    exports = await import(/* @vite-ignore */ moduleUrl(file));
  } catch (error) {
    return [broken(file, error)];
  }
  const named = new Map<unknown, string[]>();
  for (const [name, value] of Object.entries(exports)) {
    named.set(value, [...(named.get(value) ?? []), name]);
  }
  const scenarios = [...named].flatMap(([value, names]): readonly ExportedScenario[] => {
    if (!isScenario(value)) return [];
    const { document, place } = value;
    return [{ names, load: (outside) => loadDocument(document, place, { file, outside }) }];
  });
  if (scenarios.length > 0) return scenarios;
  return [broken(file, new Error("it exports no scenario({ … }) made by 'lantwin'"))];
}

function isScenario(
  value: unknown,
): value is { readonly document: ScenarioDocument; readonly place: ScenarioPlace } {
  return (
    typeof value === 'object' && value !== null && SCENARIO_BRAND in value && 'document' in value
  );
}

function broken(file: string, error: unknown): ExportedScenario {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `cannot import it: ${reason}`;
  const problem: Problem = { ...unreadable(file, undefined), code: 'scenario:import', message };
  const loaded = { problems: [problem], sources: new Map(), files: new Map() };
  return { names: [], load: () => loaded };
}

/** `lantwin` is found wherever the scenario lies, and TypeScript is read by every supported Node. */
function hookImports(): void {
  if (isRegistered) return;
  isRegistered = true;
  const places = ['./module-hooks.js', '../cli/module-hooks.js'];
  const urls = places.map((place) => new URL(place, import.meta.url));
  const hooks = urls.find((url) => existsSync(fileURLToPath(url)));
  if (hooks !== undefined) register(hooks.href);
}

/** Imported anew when the file has changed: `watch` would else run yesterday's scenario. */
function moduleUrl(file: string): string {
  const path = resolve(file);
  const { mtimeMs } = statSync(path);
  return `${pathToFileURL(path).href}?changed=${mtimeMs}`;
}
