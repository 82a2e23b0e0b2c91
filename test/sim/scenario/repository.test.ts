// Every scenario that ships passes, with its own seed and with others, and repeats itself exactly.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadScenario } from '../../../sim/scenario/load-scenario.ts';
import { runScenario } from '../../../sim/scenario/run.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../scenarios');
const FILES = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.twin.yml'))
  .toSorted((a, b) => (a < b ? -1 : 1));

function load(name: string) {
  const file = join(ROOT, name);
  const { scenario, problems } = loadScenario({
    file: name,
    bytes: readFileSync(file),
    readFile: (path) => readFileSync(join(dirname(file), path)),
  });
  if (scenario === undefined) throw new Error(JSON.stringify(problems, undefined, 2));
  return scenario;
}

describe.each(FILES)('%s', (name) => {
  test.each([undefined, 1001, 1002])('passes with seed %s', (seed) => {
    const result = runScenario(load(name), seed === undefined ? {} : { seed });
    const wrong = result.expectations.filter((one) => one.verdict !== 'pass');
    expect(wrong).toEqual([]);
    expect(result.verdict).toBe('pass');
  });
  test('gives the same trace hash again', () => {
    expect(runScenario(load(name)).traceHash).toBe(runScenario(load(name)).traceHash);
  });
});

test('there are scenarios for each article', () => {
  const folders = new Set(FILES.map((name) => dirname(name)));
  for (const article of [
    'seeds/three-servers',
    'seeds/two-directors',
    'seeds/master-backup-lvs',
    'seeds/nginx-pair',
    'seeds/five-directors',
  ]) {
    expect(folders).toContain(article);
  }
});
