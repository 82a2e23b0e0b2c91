/**
 * Scenarios that are programs, `*.twin.ts` (or .mts, .js, .mjs): importing them, and finding the scenarios among
 * their exports. Such a file is code like any test file; whoever runs it trusts it.
 */

import { existsSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Problem } from '../../daemon/config/problem.ts';
import type { ScenarioDocument } from '../scenario/document/scenario-document.ts';
import { loadDocument, SCENARIO_BRAND, type ScenarioPlace } from './door.ts';
import { isTypedName, type LoadedFile, loadScenarioFile, unreadable } from './scenario-files.ts';

let isRegistered = false;

/** Every scenario of every typed file; other files are left out. */
export async function importTyped(
  files: readonly string[],
): Promise<ReadonlyMap<string, readonly LoadedFile[]>> {
  const found = new Map<string, readonly LoadedFile[]>();
  for (const file of files.filter(isTypedName)) found.set(file, await importOne(file));
  return found;
}

async function importOne(file: string): Promise<readonly LoadedFile[]> {
  if (!existsSync(file)) return [loadScenarioFile(file)];
  hookImports();
  let exports: Record<string, unknown>;
  try {
    exports = await import(/* @vite-ignore */ moduleUrl(file));
  } catch (error) {
    return [broken(file, error)];
  }
  const scenarios = [...new Set(Object.values(exports))].filter(isScenario);
  if (scenarios.length === 0) {
    return [broken(file, new Error("it exports no scenario({ … }) made by 'lantwin'"))];
  }
  return scenarios.map(({ document, place }) => loadDocument(document, place, file));
}

function isScenario(
  value: unknown,
): value is { readonly document: ScenarioDocument; readonly place: ScenarioPlace } {
  return (
    typeof value === 'object' && value !== null && SCENARIO_BRAND in value && 'document' in value
  );
}

function broken(file: string, error: unknown): LoadedFile {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `cannot import it: ${reason}`;
  const problem: Problem = { ...unreadable(file, undefined), code: 'scenario:import', message };
  return { problems: [problem], sources: new Map(), files: new Map() };
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
