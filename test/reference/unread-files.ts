/**
 * Files below a folder that look like recordings and that no judge took: `npm run reference -- DIR` names them, so that nobody
 * takes silence for agreement. Files that belong together (`k14-warmup.json`, `k14-warmup.keepalived.conf`) are one.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** What recordings are made of; pages to read are not. */
const RECORDED = /\.(json|txt|pcap|keepalived\.conf)(\.gz)?$/;
/** How many keys of a file are told. */
const KEYS_MAX = 6;

/** What was not read, and why. */
export interface UnreadFile {
  readonly path: string;
  readonly reason: string;
}

/**
 * Files below a folder that belong to none of those that were read.
 *
 * A file that was read stands for all of its name beside it, a folder with `events.json` for all that it holds.
 */
export function unreadFiles(folder: string, read: readonly string[]): UnreadFile[] {
  const known = new Set(read.map(stemOf));
  const groups = new Map<string, string[]>();
  for (const path of filesBelow(folder)) {
    const stem = stemOf(path);
    if (known.has(stem)) continue;
    groups.set(stem, [...(groups.get(stem) ?? []), path]);
  }
  return [...groups.values()].map((paths) => {
    const path = paths.find((one) => /\.(json|txt)$/.test(one)) ?? paths[0] ?? '';
    return { path: relative(folder, path), reason: reasonOf(path) };
  });
}

/** `DIR/k14-warmup` of `DIR/k14-warmup.keepalived.conf`. */
function stemOf(path: string): string {
  return join(dirname(path), basename(path).split('.')[0] ?? '');
}

function reasonOf(path: string): string {
  if (path.endsWith('.json')) return reasonOfJson(readFileSync(path, 'utf8'));
  if (path.endsWith('.txt')) {
    return 'no text of a known kind, or its keepalived.conf or captures do not stand beside it';
  }
  return 'no text beside it';
}

function reasonOfJson(text: string): string {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return `no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const [first] = Array.isArray(content) ? content : [content];
  const where = Array.isArray(content) ? `a list of ${content.length} with ` : '';
  const keys = typeof first === 'object' && first !== null ? Object.keys(first) : [];
  const shown = keys.slice(0, KEYS_MAX).join(', ') || 'none';
  return `JSON of no known kind: ${where}keys ${shown}${keys.length > KEYS_MAX ? ', …' : ''}`;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  if (existsSync(join(folder, 'events.json'))) return [];
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules')
    .sort((one, other) => (one < other ? -1 : 1))
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return filesBelow(path);
      return RECORDED.test(name) ? [path] : [];
    });
}
