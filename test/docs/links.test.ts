/** Every link of the hand-written and generated pages leads somewhere: files that are there, headings that are there. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.md') && !name.startsWith('site'))
    .map((name) => `docs/${name}`),
].toSorted();

/** Targets of links and pictures, without those in code. */
function linksOf(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map((found) => found[1] ?? '');
}

/** As GitHub and VitePress make the name of a heading. */
function anchorsOf(text: string): ReadonlySet<string> {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return new Set(
    [...prose.matchAll(/^#{1,6} (.+)$/gm)].map((found) =>
      (found[1] ?? '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function deadLinks(page: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return linksOf(text).filter((link) => {
    // The docs site has the page that plays scenarios beside it; other addresses are not asked here.
    if (/^(https?:|mailto:)/.test(link) || link.startsWith('/play/')) return false;
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? page : normalize(join(dirname(page), path));
    if (file.startsWith('..') || !existsSync(join(ROOT, file))) return true;
    if (anchor === undefined || !file.endsWith('.md')) return false;
    return !anchorsOf(readFileSync(join(ROOT, file), 'utf8')).has(anchor);
  });
}

describe('links', () => {
  test.each(PAGES)('%s', (page) => {
    expect(deadLinks(page)).toEqual([]);
  });
  test('a dead one is seen', () => {
    expect(linksOf('[a](./b.md "title"), `[c](d)`, ![e](f.png#g)')).toEqual(['./b.md', 'f.png#g']);
    expect(anchorsOf('## What it *is*, here\n')).toContain('what-it-is-here');
  });
  test('every page of the docs is reached from another one', () => {
    const sidebar = readFileSync(join(ROOT, 'docs/site/.vitepress/config.js'), 'utf8');
    const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && !/index/.test(page));
    const lost = pages.filter((page) => !sidebar.includes(`'/${page.slice(5, -3)}'`));
    expect(lost).toEqual([]);
  });
});
