/**
 * Hooks of Node's module loader (`module.register`), in a thread of their own: the name `lantwin` means the program
 * that runs when no installed package has it, and TypeScript becomes JavaScript where Node does not do that itself
 * (before 22.18), with the `typescript` package of the scenario's project.
 */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What Node hands to a resolver, as far as it is used here. */
interface ResolveContext {
  readonly parentURL?: string;
}
type Resolved = { readonly url: string };
type NextResolve = (specifier: string, context: ResolveContext) => Promise<Resolved>;

/** What Node wants to know of a module. */
interface Loaded {
  readonly format: string;
  readonly shortCircuit?: boolean;
  readonly source?: string;
}
type NextLoad = (url: string, context: object) => Promise<Loaded>;

/** Finds the package itself when the project has not installed it. */
export async function resolve(
  specifier: string,
  context: ResolveContext,
  next: NextResolve,
): Promise<Resolved & { readonly shortCircuit?: boolean }> {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (specifier !== 'lantwin') throw error;
    return { url: new URL('./door.js', import.meta.url).href, shortCircuit: true };
  }
}

/** Turns TypeScript into JavaScript where Node cannot. */
export async function load(url: string, context: object, next: NextLoad): Promise<Loaded> {
  const isTyped = /^file:.*\.m?ts(\?.*)?$/.test(url);
  if (!isTyped || readsTypes()) return next(url, context);
  const source = await readFile(fileURLToPath(url), 'utf8');
  return { format: 'module', shortCircuit: true, source: transpile(source, url) };
}

function readsTypes(): boolean {
  return 'typescript' in process.features && Boolean(process.features.typescript);
}

/** The part of TypeScript's API that is used. */
interface Compiler {
  transpileModule(
    source: string,
    options: { readonly fileName: string; readonly compilerOptions: object },
  ): { readonly outputText: string };
}

function transpile(source: string, url: string): string {
  const compiler = compilerNear(url);
  const compilerOptions = { module: 99, target: 99, inlineSourceMap: true };
  return compiler.transpileModule(source, { fileName: url, compilerOptions }).outputText;
}

function compilerNear(url: string): Compiler {
  for (const place of [url, import.meta.url]) {
    try {
      return createRequire(place)('typescript') as Compiler;
    } catch {
      // Not installed there.
    }
  }
  throw new Error(
    `Node ${process.versions.node} reads no TypeScript: use Node 22.18 or newer, run npm install --save-dev typescript, or name the file .twin.mjs`,
  );
}
