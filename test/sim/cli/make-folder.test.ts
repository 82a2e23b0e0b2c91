import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder } from '../../../sim/cli/make-folder.ts';

const outer = mkdtempSync(join(tmpdir(), 'lantwin-folder-'));
afterAll(() => rmSync(outer, { recursive: true }));

test('makes what is missing, and leaves alone what is there', () => {
  const inner = join(outer, 'a b', 'c', '..', 'd');
  makeFolder(inner);
  makeFolder(inner);
  makeFolder('/');
  expect(statSync(join(outer, 'a b', 'd')).isDirectory()).toBe(true);
});

test('a file in the way is an error', () => {
  const file = join(outer, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file)).toThrow(/EEXIST/);
  expect(() => makeFolder(join(file, 'x'))).toThrow(/ENOTDIR/);
});

test.skipIf(process.platform !== 'linux')('where nobody may make a folder it ends', () => {
  expect(() => makeFolder('/proc/lantwin/x')).toThrow(/ENOENT|EACCES|EROFS/);
});
