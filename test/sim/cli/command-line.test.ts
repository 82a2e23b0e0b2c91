// The built command line as a user meets it; needs dist/, which `npm ci` and `npm run build` make.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../../sim/cli/exit-codes.ts';

const BIN = join(dirname(fileURLToPath(import.meta.url)), '../../../bin/lantwin.js');

function lantwin(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  test('--version prints the version and nothing else', () => {
    expect(lantwin('--version')).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' });
  });
  test('--help lists the commands and the exit codes', () => {
    const { status, stdout } = lantwin('--help');
    expect(status).toBe(0);
    for (const name of ['run', 'exec', 'events', 'check', 'schema']) expect(stdout).toContain(name);
    for (const [code, meaning] of EXIT_CODES) {
      expect(stdout).toMatch(new RegExp(`^ +${code} {2}${meaning.slice(0, 12)}`, 'm'));
    }
  });
  test.each([
    ['an unknown command', ['nosuch']],
    ['an unknown option', ['run', '--nosuch']],
    ['a bad seed', ['run', 'x.twin.yml', '--seed', 'x']],
    ['a missing argument', ['events']],
    ['a folder of configurations that is not there', ['init', 'no/such/folder']],
  ])('%s is wrong usage, exit 64, without a stack trace', (_name, words) => {
    const { status, stderr } = lantwin(...words);
    expect(status).toBe(64);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
  test('a file that cannot be read is invalid input, exit 3', () => {
    const { status, stdout } = lantwin('run', 'no/such/file.twin.yml');
    expect(status).toBe(3);
    expect(stdout).toContain('no/such/file.twin.yml: error: cannot read the file');
  });
  test('a folder of scenarios in TypeScript is loaded without a warning of Node', () => {
    const { status, stderr } = lantwin('run', 'scenarios', '-t', 'srv-1 loses power');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
