/**
 * The recipes of docs/ci.md that spread a search over machines, carried out: each shard's command as
 * a process of its own, then the merge, against one search over all runs.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { FILES, PAIR } from '../scenario/explore/lans.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** Few runs and a kind of fault that finds nothing: the recipe is tried here, not the search. */
const RUNS = '--runs 64 --faults restart,one-way --workers 1';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-recipes-'));
  for (const name of ['a.conf', 'b.conf']) writeFileSync(join(folder, name), FILES[name] ?? '');
  const always = 'always: [ { masters-at-most: 1, except-for: 2s } ]\n';
  writeFileSync(join(folder, 'lan.twin.yml'), `${PAIR}${always}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All YAML documents of the page. */
function recipes(): readonly Record<string, unknown>[] {
  const page = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([^`]*)```/g)].map((match) => match[1] ?? '');
  return blocks.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS()));
}

function sh(command: string, env: Readonly<Record<string, string>> = {}) {
  const ours = command
    .replaceAll('npx lantwin', `${process.execPath} ${join(ROOT, 'bin/lantwin.js')}`)
    .replace('--runs 10000', RUNS);
  const options = { cwd: folder, encoding: 'utf8' as const, env: { ...process.env, ...env } };
  return spawnSync('sh', ['-c', ours], options);
}

function merged(): unknown {
  const parts = readdirSync(folder).filter((name) => /^part-\d+\.json$/.test(name));
  const { stdout, status } = sh(`npx lantwin explore merge --json ${parts.join(' ')}`);
  for (const name of parts) rmSync(join(folder, name));
  expect(status).toBe(1);
  return JSON.parse(stdout);
}

test('the shards of a GitHub matrix and of a Kubernetes Job give the report of the whole', () => {
  const whole = sh('npx lantwin explore lan.twin.yml --runs 10000 --json');
  expect(whole.status, whole.stderr).toBe(1);
  const expected = JSON.parse(whole.stdout);
  const github = recipes().find((one) => JSON.stringify(one).includes('matrix.shard'));
  const steps = Reflect.get(Object(github).jobs.explore, 'steps') as { readonly run?: string }[];
  const command = steps.find((step) => step.run?.includes('lantwin explore'))?.run ?? '';
  for (const shard of Object(github).jobs.explore.strategy.matrix.shard) {
    expect(sh(command.replaceAll(/\$\{\{ matrix.shard \}\}/g, String(shard))).status).toBe(1);
  }
  expect(merged()).toEqual(expected);

  const job = Object(recipes().find((one) => Object(one).kind === 'Job'));
  const { completions, template } = job.spec;
  const [container] = template.spec.containers;
  expect(container.command).toEqual(['sh', '-c']);
  for (let index = 0; index < completions; index++) {
    const { status, stderr } = sh(container.args[0], { JOB_COMPLETION_INDEX: String(index) });
    expect(status, stderr).toBe(0);
  }
  expect(merged()).toEqual(expected);
}, 240_000);
