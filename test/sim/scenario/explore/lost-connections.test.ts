/** The search's own invariant of the sync daemon: an announced connection survives its director. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scenarioNodes } from '../../../../sim/scenario/checks/scenario-nodes.ts';
import { exploreBlock, type SearchOptions } from '../../../../sim/scenario/explore/explore.ts';
import { loadPlanned, plannedText, searchBase } from '../../../../sim/scenario/explore/plan.ts';
import { shrink } from '../../../../sim/scenario/explore/shrink.ts';
import { type RunOptions, runScenario } from '../../../../sim/scenario/run.ts';
import type { Scenario } from '../../../../sim/scenario/scenario.ts';
import { loadText } from '../load-text.ts';
import { breaking, brokenPrograms, type Planted } from './planted.ts';

const FOLDER = join(import.meta.dirname, '../../../../scenarios/load-balancing');
const FILES = Object.fromEntries(
  ['director-a', 'director-b', 'director-a-sync', 'director-b-sync'].map((name) => [
    `${name}.conf`,
    readFileSync(join(FOLDER, `${name}.conf`), 'utf8'),
  ]),
);
/** Without its own `always`: what is demanded is said here, or by the search itself. */
const SCENARIO = readFileSync(join(FOLDER, 'failover-with-sync-daemon.twin.yml'), 'utf8').replace(
  /^always:\n(?: {2}.*\n)+/m,
  '',
);

/** The backup's half of the sync daemon is never started. */
const DEAF: Planted = {
  name: 'the backup does not listen to announcements',
  lan: 'pair',
  makeBug: () => ({
    command: (one) => one.kind !== 'ipvs' || !one.words.includes('backup'),
  }),
};

function search(text = SCENARIO, planted?: Planted): SearchOptions {
  const { scenario, sources, problems } = loadText(text, FILES);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const configs = scenarioNodes(scenario, sources).map((node) => node.config);
  const wrap = planted === undefined ? undefined : breaking(planted);
  return { base: searchBase(scenario, configs, wrap), seed: 1 };
}

/** The scenario's director dies at its 20th second; sessions begin at `start`. */
function judge(text: string, start = '6s', planted?: Planted) {
  const always = 'until: 40s\nalways: [{ lost-connections-at-most: 0 }]';
  const changed = text.replaceAll('start: 6s', `start: ${start}`).replace('until: 40s', always);
  const { scenario, problems } = loadText(changed, FILES);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const programs = planted === undefined ? {} : { programs: brokenPrograms(planted) };
  const result = runScenario(scenario, programs);
  const found = result.expectations.find((one) => one.id === 'always[0]');
  return `${found?.verdict}: ${found?.got ?? ''}`;
}

describe('lost-connections-at-most', () => {
  test('holds where connections were announced', () => {
    expect(judge(SCENARIO)).toBe('pass: ');
  });
  test('tells of a director that was told and does not know', () => {
    expect(judge(SCENARIO, '6s', DEAF)).toMatch(
      /^fail: director-b reset 10\.0\.0\.50:\d+ of 10\.0\.0\.100:80, though it had been told of it [\d.]+ s before, from 23\.\d+ s on \(the worst of 2\)$/,
    );
  });
  test('tells apart what was too young to be announced', () => {
    expect(judge(SCENARIO, '19s')).toMatch(/of which it had never been told, from 2\d\.\d+ s on/);
  });
  test('counts what no sync daemon has spoken of', () => {
    const without = SCENARIO.replace(/director-(.)-sync/g, 'director-$1');
    expect(judge(without)).toMatch(/^fail: director-b reset .*, of which it had never been told,/);
  });
});

function lostOf(scenario: Scenario, options: RunOptions = {}): string {
  const { expectations } = runScenario(scenario, options);
  return expectations
    .filter(({ claim }) => claim.startsWith('directors lose at most 0 connections'))
    .map(({ verdict, got }) => `${verdict}: ${got ?? ''}`)
    .join('\n');
}

/** A search is some fifty runs: seconds on an idle machine, and it may be a busy one. */
const SEARCH_MS = 120_000;

describe('the search', { timeout: SEARCH_MS }, () => {
  test('finds a deaf backup, shrinks it, and writes a scenario that shows it', () => {
    const options = { ...search(SCENARIO, DEAF), kinds: ['power'] };
    const { failures } = exploreBlock(options, 0, 2);
    const found = failures.find((one) => one.known === undefined);
    if (found === undefined) throw new Error('nothing was found');
    expect(found).toMatchObject({ signature: 'directors lose at most 0 connections' });
    const small = shrink(options, found);
    const text = plannedText(small.base, small.failure.plan, small.failure.signature);
    expect(text).toContain('lost-connections-at-most: 0');
    const read = (path: string) =>
      new TextEncoder().encode(Reflect.get(FILES, path.replace(/^\.\//, '')) as string);
    const { scenario, problems } = loadPlanned(text, 'found.twin.yml', read);
    if (scenario === undefined) throw new Error(JSON.stringify(problems));
    // Whoever comes back and takes over within one period of announcements resets what it was never told of, bug or not.
    const blamed = /director-b reset .*, though it had been told of it/;
    expect(lostOf(scenario, { programs: brokenPrograms(DEAF) })).toMatch(blamed);
    expect(lostOf(scenario)).not.toMatch(/director-b|though it had been told/);
  });
  test('classifies connections that were not announced', () => {
    const { failures } = exploreBlock(search(), 1, 2);
    expect(failures).toMatchObject([
      {
        run: 17,
        signature: 'directors lose at most 0 connections',
        known: 'known:connection-not-announced',
      },
    ]);
  });
  test('asks nothing where a director has no sync daemon', () => {
    const without = SCENARIO.replace('director-b-sync', 'director-b');
    const { failures } = exploreBlock({ ...search(without, DEAF), kinds: ['power'] }, 0, 2);
    expect(failures.map((one) => one.signature)).not.toContain(
      'directors lose at most 0 connections',
    );
  });
});
