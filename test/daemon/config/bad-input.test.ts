/** Nothing that stands in a file makes the reader throw or hang, and every problem has its place. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configToJson } from '../../../daemon/config/to-json.ts';
import { problemText } from '../../../sim/report/problem-text.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { loadText } from './memory-files.ts';
import { referenceFolder } from './recorded-cases.ts';

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function readable(bytes: Uint8Array): void {
  const result = loadText(bytes);
  for (const one of result.problems) {
    expect(one.file).not.toBe('');
    expect(Number.isInteger(one.line) && one.line >= 0).toBe(true);
    expect(Number.isInteger(one.column) && one.column >= 0).toBe(true);
    expect(one.message).not.toBe('');
  }
  if (result.verdict === 'refuse') {
    expect(result.problems.some((one) => one.severity === 'error')).toBe(true);
  }
  for (const problem of result.problems) problemText(problem, new Map(), PLAIN_STYLE);
  JSON.stringify(configToJson(result.config));
}

const { words, files } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'bad-input.json'), 'utf8'),
) as { readonly words: readonly string[]; readonly files: readonly (readonly [string, string])[] };

describe('bad input', () => {
  it('random bytes', () => {
    const next = generator(1);
    for (let round = 0; round < 150; round++) {
      const size = Math.floor(next() * 3000);
      readable(Uint8Array.from({ length: size }, () => Math.floor(next() * 256)));
    }
  });

  it('random words', () => {
    const next = generator(2);
    for (let round = 0; round < 1000; round++) {
      const count = Math.floor(next() * 80);
      const picked = Array.from({ length: count }, () => words[Math.floor(next() * words.length)]);
      readable(new TextEncoder().encode(picked.join(' ')));
    }
  });

  it('recorded configurations with pieces cut out and swapped', () => {
    const next = generator(3);
    for (const folder of ['config-diagnostics', 'config-diagnostics-own']) {
      for (const name of readdirSync(join(referenceFolder, folder))) {
        if (!name.endsWith('.conf')) continue;
        const text = readFileSync(join(referenceFolder, folder, name), 'utf8');
        for (let round = 0; round < 5; round++) {
          const parts = text.split(/(?<=\s)/);
          const at = Math.floor(next() * parts.length);
          const other = Math.floor(next() * parts.length);
          if (next() < 0.5) parts.splice(at, 1 + Math.floor(next() * 3));
          else [parts[at], parts[other]] = [parts[other] as string, parts[at] as string];
          readable(new TextEncoder().encode(parts.join('')));
        }
      }
    }
  });

  it.each<readonly [string, string]>([
    ['a file of nothing', ''],
    ['only a brace', '{'],
    ['closing braces', '}}}}}}}}'],
    ['open braces', '{'.repeat(2000)],
    ['one long line', 'x'.repeat(100_000)],
    ['a file that includes itself', 'include /etc/keepalived/keepalived.conf\n'],
    ...files,
  ])('%s', (_name, text) => {
    readable(new TextEncoder().encode(text));
    expect(loadText(text).verdict).toBe('refuse');
  });

  it('a file that is not there', () => {
    const result = loadText('', { path: '/nowhere' });
    expect(result).toMatchObject({ verdict: 'refuse' });
    expect(result.problems[0]).toMatchObject({ file: '/nowhere', line: 0, severity: 'error' });
  });
});
