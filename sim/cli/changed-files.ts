/** `--changed`: the files that git says differ from a commit, new ones too. */

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { EnvironmentError } from './exit-codes.ts';

/** Full paths of everything that differs from `since` (the last commit by default). */
export function changedFiles(since: string | true): ReadonlySet<string> {
  const top = git(['rev-parse', '--show-toplevel']).trim();
  const base = since === true ? 'HEAD' : since;
  if (base.startsWith('-')) throw new EnvironmentError(`--changed: '${base}' is no commit`);
  const changed = git(['diff', '--name-only', '-z', base, '--']);
  const fresh = git(['ls-files', '--others', '--exclude-standard', '-z', '--full-name', top]);
  const names = `${changed}${fresh}`.split('\0').filter((name) => name !== '');
  return new Set(names.map((name) => resolve(top, name)));
}

function git(words: readonly string[]): string {
  try {
    return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const told =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : '';
    const reason = told === '' || told === undefined ? 'git cannot be run' : told;
    throw new EnvironmentError(`--changed asks git: ${reason}`, { cause: error });
  }
}
