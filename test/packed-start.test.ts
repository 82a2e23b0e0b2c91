// The packed command line and its code cache; needs dist/, which `npm ci` and `npm run build` make.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PACKED = join(ROOT, 'dist', 'sim', 'packed');
const BUILT_BY = readFileSync(join(ROOT, 'dist', '.built'), 'utf8');
const SCENARIO = join(ROOT, 'scenarios/partition/unicast-peers-do-not-need-multicast.twin.yml');

test.skipIf(BUILT_BY !== process.version).each([
  ['batch', 'run'],
  ['served', 'events'],
])('a start of kind %s (%s) takes the code cache of every chunk that it loads', (kind, command) => {
  const script = `
      const { tuneEngine, startPacked } = require(${JSON.stringify(join(ROOT, 'bin/packed.js'))});
      tuneEngine('${kind}');
      startPacked(${JSON.stringify(PACKED)}, '${kind}', (file, { cachedDataRejected }) => {
        console.error(cachedDataRejected === false ? 'taken' : 'compiled ' + file);
      });`;
  // The words of a command line begin behind the name of a program, which -e has none of.
  const { status, stderr } = node('-e', script, 'lantwin', command, SCENARIO);
  expect(status).toBe(0);
  const told = stderr.trim().split('\n');
  expect(told.length).toBeGreaterThan(5);
  expect(told.filter((line) => line !== 'taken')).toEqual([]);
});

test('without cache, and with one that is not of this Node, chunks are compiled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lantwin-packed-'));
  try {
    for (const name of ['bin', 'dist', 'package.json'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true, preserveTimestamps: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const entry = join(folder, 'dist/sim/packed/lantwin.cjs');
    writeFileSync(`${entry}.batch.cache`, 'of another Node');
    expect(node(join(folder, 'bin/lantwin.js'), 'run', SCENARIO).status).toBe(0);
    rmSync(`${entry}.batch.cache`);
    expect(node(join(folder, 'bin/lantwin.js'), 'run', SCENARIO).status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function node(...words: string[]) {
  return spawnSync(process.execPath, words, { encoding: 'utf8' });
}
