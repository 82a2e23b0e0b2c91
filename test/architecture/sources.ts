/** What the architecture tests read: every source file of the repository with its imports. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top folder. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** One import of a file: where it points, relative to the top folder, or a package's name. */
export interface ImportOf {
  readonly specifier: string;
  readonly target: string;
  readonly line: number;
}

/** A source file with everything that the tests ask. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportOf[];
}

/** All `.ts` files below the given top folders, in name order. */
export function readSources(...folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => listFiles(join(ROOT, folder), /\.ts$/)).map(readSource);
}

/** Path and text of all code below the given top folders, whatever its language. */
export function readCode(...folders: readonly string[]): { path: string; text: string }[] {
  return folders
    .flatMap((folder) => listFiles(join(ROOT, folder), /\.(ts|svelte|mjs|js)$/))
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }));
}

/** `code` with comments and the inside of string literals blanked, so that only code words remain. */
export function codeOnly(text: string): string {
  const blank = (found: string) => found.replaceAll(/[^\n]/g, ' ');
  return text.replaceAll(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g,
    blank,
  );
}

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const here = relative(ROOT, path);
  return { path: here, text, imports: findImports(here, text) };
}

function findImports(path: string, text: string): ImportOf[] {
  const pattern = /(?:\bfrom\s+|\bimport\s+|\bimport\()\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((found) => {
    const specifier = found[1] as string;
    const line = text.slice(0, found.index).split('\n').length;
    const target = specifier.startsWith('.') ? join(dirname(path), specifier) : specifier;
    return { specifier, target, line };
  });
}

function listFiles(folder: string, wanted: RegExp): string[] {
  let entries: ReturnType<typeof readDirectory>;
  try {
    entries = readDirectory(folder);
  } catch {
    return [];
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listFiles(path, wanted);
      return wanted.test(entry.name) ? [path] : [];
    });
}

function readDirectory(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}
