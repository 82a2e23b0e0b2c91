/**
 * Which keepalived.conf files a folder stands for, one per node: `srv-1.conf srv-2.conf`, or the
 * trees that deployment tools keep, `srv-1/keepalived.conf` and `srv-1/etc/keepalived/keepalived.conf`.
 * A file that another one includes is a part of that node and no node of its own.
 */

import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkConfigFile } from './config-files.ts';

/** How deep `keepalived.conf` is looked for below the folder. */
const DEPTH_MAX = 5;

/** Whether a path is a folder. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The configurations of a folder, sorted. */
export function configsIn(folder: string): readonly string[] {
  const found = [...plainFiles(folder), ...nestedFiles(folder, 1)];
  const parts = new Set(found.flatMap((file) => includedBy(file)));
  return found.filter((file) => !parts.has(resolve(file)));
}

function plainFiles(folder: string): readonly string[] {
  return sorted(readdirSync(folder))
    .filter((name) => name.endsWith('.conf'))
    .map((name) => join(folder, name))
    .filter((path) => !isFolder(path));
}

function nestedFiles(folder: string, depth: number): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  const folders = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  const names = folders.map((one) => one.name).filter((name) => !name.startsWith('.'));
  return sorted(names)
    .filter((name) => name !== 'node_modules')
    .flatMap((name) => {
      const below = join(folder, name);
      const own = join(below, 'keepalived.conf');
      const isThere = statSync(own, { throwIfNoEntry: false })?.isFile() ?? false;
      return [...(isThere ? [own] : []), ...nestedFiles(below, depth + 1)];
    });
}

/** Full paths of what a file includes. */
function includedBy(file: string): readonly string[] {
  const all = [...checkConfigFile(file).sources.keys()].map((path) => resolve(path));
  return all.filter((path) => path !== resolve(file));
}

function sorted(names: readonly string[]): readonly string[] {
  return names.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
