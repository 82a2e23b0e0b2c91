/** The committed pages are the generated ones, and no marker speaks of nothing. */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ACTION_TABLE } from '../../sim/scenario/actions/action-table.ts';
import { findMarkers } from './markers.ts';
import { allKeywords, renderPages } from './pages.ts';
import { provableEntries } from './proof-page.ts';
import { keywordPaths } from './recordings.ts';
import { listedScenarios, rowsNamed } from './scenario-list.ts';
import { proofsOfRows } from './seed-page.ts';
import { SEED_ARTICLES } from './seed-rows.ts';

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

/** Rows that nothing asserts yet; the list may only shrink. */
const ROWS_OPEN: readonly string[] = [];

describe('rows of the articles', () => {
  const rows = SEED_ARTICLES.flatMap((article) => article.rows.map(({ row }) => row));
  const proofs = proofsOfRows(listedScenarios(ROOT), findMarkers(ROOT));

  it('every row is asserted by a scenario or a test', () => {
    expect(rows.filter((row) => !proofs.has(row))).toEqual(ROWS_OPEN);
  });

  it('no scenario names a row that there is not', () => {
    expect([...proofs.keys()].filter((row) => !rows.includes(row))).toEqual([]);
  });

  it('a row is read from comments only, a MAC address is none', () => {
    const text = '# rows A1, B2 and E14\nmac: 00:0D:B9:E4 # E3: 0D:E5\nname: A7\n';
    expect(rowsNamed(text)).toEqual(['A1', 'B2', 'E14', 'E3']);
  });
});

describe('markers', () => {
  const names = new Map([
    ['seed', new Set(SEED_ARTICLES.flatMap((article) => article.rows.map(({ row }) => row)))],
    ['keyword', new Set(['include', ...allKeywords().map((entry) => entry.path)])],
    ['action', new Set(ACTION_TABLE.keys())],
    ...provableEntries(allKeywords().map(({ path }) => path)),
  ]);
  const markers = findMarkers(ROOT).filter((marker) => names.has(marker.kind));

  it('every marker names an entry of its table and stands above a test', () => {
    const wrong = markers.filter((m) => !names.get(m.kind)?.has(m.name) || m.title === undefined);
    expect(wrong.map((m) => `${m.file}:${m.line} ${m.kind}:${m.name}`)).toEqual([]);
  });

  it('every check, checker, scheduler and reporter is proved by a test or by recordings', () => {
    const keywords = allKeywords().map(({ path }) => path);
    const proved = new Set(markers.map(({ kind, name }) => `${kind} ${name}`));
    const isProved = (kind: string, name: string) =>
      kind === 'checker'
        ? proved.has(`keyword virtual_server/real_server/${name}`)
        : proved.has(`${kind} ${name}`) || (kind === 'scheduler' && name !== 'twos');
    const open = [...provableEntries(keywords)].flatMap(([kind, names]) =>
      [...names].filter((name) => !isProved(kind, name)).map((name) => `${kind} ${name}`),
    );
    expect(open).toEqual([]);
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
