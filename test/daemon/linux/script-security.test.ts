import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  findProgram,
  groupNamed,
  hasFormat,
  scriptFault,
  unsafeComponent,
  userNamed,
} from '../../../daemon/linux/script-security.ts';

const NOBODY = 65_534;
const ROOT = process.getuid?.() === 0;
const FOLDER = mkdtempSync(join(tmpdir(), 'lantwin-scripts-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

let script = '';
let folder = '';

beforeEach((context) => {
  context.skip(!ROOT, 'not root: files of other users cannot be made');
  folder = mkdtempSync(join(FOLDER, 'case-'));
  script = join(folder, 'check.sh');
  writeFileSync(script, '#!/bin/sh\n');
  chmodSync(script, 0o755);
});

describe('why a script cannot be run (skipped without root)', () => {
  test('missing, below a file, a folder, not executable; or it can', () => {
    expect(scriptFault(join(folder, 'none'))).toEqual({
      kind: 'missing',
      reason: 'No such file or directory',
    });
    expect(scriptFault(join(script, 'x'))).toEqual({ kind: 'missing', reason: 'Not a directory' });
    expect(scriptFault(folder)).toEqual({ kind: 'wrong-type' });
    expect(scriptFault('/dev/null')).toEqual({ kind: 'not-executable', user: '0:0' });
    chmodSync(script, 0o644);
    expect(scriptFault(script)).toEqual({ kind: 'not-executable', user: '0:0' });
    chmodSync(script, 0o755);
    expect(scriptFault(script)).toBeUndefined();
  });

  test('what the kernel can execute: a #! line or a binary, nothing else', () => {
    expect([hasFormat(script), hasFormat('/bin/true')]).toEqual([true, true]);
    writeFileSync(script, 'exit 1\n');
    expect(hasFormat(script)).toBe(false);
    writeFileSync(script, '');
    expect(hasFormat(script)).toBe(false);
  });
});

test('users and groups have names: a number or nothing is none (recorded, 332-script-user-numbers)', () => {
  expect(userNamed('root')).toEqual({ uid: 0, gid: 0 });
  expect(groupNamed('root')).toBe(0);
  expect(['0', '', 'nosuchuser'].map(userNamed)).toEqual([undefined, undefined, undefined]);
  expect(['0', '', 'nosuchgroup'].map(groupNamed)).toEqual([undefined, undefined, undefined]);
});

describe('who could change a script (skipped without root: it takes files of other users)', () => {
  test('nobody but root: it is safe, also below a sticky folder such as /tmp', () => {
    expect(unsafeComponent(script)).toBeUndefined();
    expect(unsafeComponent('/bin/true')).toBeUndefined();
  });

  test('a file that everybody, or a group that is not root, may write', () => {
    chmodSync(script, 0o757);
    expect(unsafeComponent(script)).toBe(script);
    chmodSync(script, 0o775);
    expect(unsafeComponent(script)).toBeUndefined();
    chownSync(script, 0, NOBODY);
    expect(unsafeComponent(script)).toBe(script);
  });

  test('a folder on the way that belongs to somebody else, or that everybody may write', () => {
    chownSync(folder, NOBODY, NOBODY);
    expect(unsafeComponent(script)).toBe(folder);
    chownSync(folder, 0, 0);
    chmodSync(folder, 0o777);
    expect(unsafeComponent(script)).toBe(folder);
    chmodSync(folder, 0o1777);
    expect(unsafeComponent(script)).toBeUndefined();
  });

  test('a link to a safe place, in a folder where somebody may exchange it', () => {
    const theirs = join(folder, 'home');
    mkdirSync(theirs);
    const link = join(theirs, 'check');
    symlinkSync('/bin/true', link);
    expect(unsafeComponent(link)).toBeUndefined();
    chownSync(theirs, NOBODY, NOBODY);
    expect(unsafeComponent(link)).toBe(theirs);
    chownSync(theirs, 0, 0);
    lchownSync(link, NOBODY, NOBODY);
    expect(unsafeComponent(link)).toBe(link);
  });

  test('a link in a circle, and a path to nothing, are unsafe', () => {
    const circle = join(folder, 'circle');
    symlinkSync(circle, circle);
    expect(unsafeComponent(circle)).toBe(circle);
    expect(unsafeComponent(join(folder, 'nothing'))).toBe(join(folder, 'nothing'));
  });

  test('a program without a slash is looked for along PATH', () => {
    expect(findProgram('true')).toMatch(/\/bin\/true$/);
    expect(findProgram('no-such-program')).toBeUndefined();
  });
});
