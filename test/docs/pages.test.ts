/** The committed pages are the generated ones, and no marker speaks of nothing. */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ACTION_TABLE } from '../../sim/scenario/actions/action-table.ts';
import { findMarkers } from './markers.ts';
import { allKeywords, renderPages } from './pages.ts';
import { keywordPaths } from './recordings.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** P1 and P2 keywords that belong to the checkers and to LVS, which have tests of their own. */
const OF_LVS =
  /^(virtual_server|SSL|global_defs\/(lvs_|smtp_alert_checker|checker_log_all_failures))/;

describe('generated pages', () => {
  for (const [path, text] of renderPages(ROOT)) {
    it(`${path} is what tools/generate-docs.mjs writes`, () => {
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(join(ROOT, path), text);
      expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
    });
  }
});

describe('markers', () => {
  const names = new Map([
    ['keyword', new Set(['include', ...allKeywords().map((entry) => entry.path)])],
    ['action', new Set(ACTION_TABLE.keys())],
  ]);
  const markers = findMarkers(ROOT).filter((marker) => names.has(marker.kind));

  it('every marker names an entry of its table and stands above a test', () => {
    const wrong = markers.filter((m) => !names.get(m.kind)?.has(m.name) || m.title === undefined);
    expect(wrong.map((m) => `${m.file}:${m.line} ${m.kind}:${m.name}`)).toEqual([]);
  });

  it('every P1 and P2 keyword of VRRP is proved by a test', () => {
    const proved = new Set(markers.map((m) => m.name));
    const missing = allKeywords().filter(
      ({ path, row }) => row.importance !== 'P3' && !OF_LVS.test(path) && !proved.has(path),
    );
    expect(missing.map((entry) => entry.path)).toEqual([]);
  });

  it('no P1 or P2 keyword is without effect', () => {
    const idle = allKeywords().filter(
      ({ row }) => row.importance !== 'P3' && row.status !== 'supported',
    );
    expect(idle.map((entry) => entry.path)).toEqual([]);
  });

  it('a keyword of a recording is found with the blocks around it', () => {
    const paths = keywordPaths('a {\n b 1 # c\n d { e }\n}\nf\n');
    expect([...paths]).toEqual(['a', 'a/b', 'a/d', 'f']);
  });
});
