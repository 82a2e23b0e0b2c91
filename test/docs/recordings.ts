/**
 * Which recordings of the real keepalived use which keyword: found by reading their configurations,
 * block by block.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where recordings stand, and what their names mean in a page. */
const FOLDERS = ['test/reference/traces', 'test/golden/keepalived/start'] as const;

/** Names of recordings by path of the keyword (`vrrp_instance/nopreempt`). */
export function keywordsInRecordings(root: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const folder of FOLDERS) {
    const at = join(root, folder);
    if (!existsSync(at)) continue;
    const files = readdirSync(at, { recursive: true }).map(String).toSorted();
    for (const file of files.filter((name) => name.endsWith('.conf'))) {
      const recording = file.replace(/\.conf$/, '').split('/')[0] ?? file;
      for (const path of keywordPaths(readFileSync(join(at, file), 'utf8'))) {
        const list = found.get(path) ?? [];
        if (!list.includes(recording)) list.push(recording);
        found.set(path, list);
      }
    }
  }
  return found;
}

/** First words of all lines with the blocks around them. */
export function keywordPaths(text: string): ReadonlySet<string> {
  const paths = new Set<string>();
  const blocks: string[] = [];
  for (const line of text.split('\n')) {
    const bare = line.replace(/[#!].*$/, '').trim();
    const [word] = bare.split(/[\s{]+/);
    if (word !== undefined && /^[A-Za-z_]/.test(word)) paths.add([...blocks, word].join('/'));
    for (const character of bare) {
      if (character === '{') blocks.push(word ?? '');
      else if (character === '}') blocks.pop();
    }
  }
  return paths;
}
