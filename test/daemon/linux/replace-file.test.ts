import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { replaceFile } from '../../../daemon/linux/replace-file.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'lantwin-dump-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const BYTES = new TextEncoder().encode('dump');

describe('dumps', () => {
  test('a link by the name is replaced, not followed', () => {
    const victim = join(FOLDER, 'victim');
    const path = join(FOLDER, 'linked');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, path);
    expect(replaceFile(path, BYTES)).toBeUndefined();
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readFileSync(path, 'utf8')).toBe('dump');
  });

  test('only the owner can read it, whatever was there before', () => {
    const path = join(FOLDER, 'open');
    writeFileSync(path, 'old');
    chmodSync(path, 0o666);
    expect(replaceFile(path, BYTES)).toBeUndefined();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a folder that is not there is told, and nothing is left', () => {
    expect(replaceFile(join(FOLDER, 'none', 'dump'), BYTES)).toContain('ENOENT');
    expect(readdirSync(FOLDER).filter((name) => name.includes(String(process.pid)))).toEqual([]);
  });
});
