import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { HttpRegex } from '../../../daemon/check/checker-config.ts';
import { lookAt, newRegexSearch } from '../../../daemon/check/http-regex.ts';
import { compilePattern, findMatch } from '../../../daemon/check/text-pattern.ts';

/**
 * Pattern, options, text, and what libpcre2-8 10.42 said of it with PCRE2_PARTIAL_HARD and PCRE2_NO_START_OPTIMIZE: where it
 * is found, or the offset and the words of its complaint. Drawn by chance, at most so many of each outcome.
 */
const RECORDED = JSON.parse(
  readFileSync(new URL('../../vectors/pcre2-patterns.json', import.meta.url), 'utf8'),
) as readonly (readonly [string, readonly string[], string, string])[];

function outcome(pattern: string, options: readonly string[], text: string): string {
  const compiled = compilePattern(pattern, options);
  if ('problem' in compiled) return `${compiled.problem.at}: ${compiled.problem.message}`;
  const found = findMatch(compiled, text);
  return found === undefined ? 'none' : `${found.kind} ${found.at}`;
}

describe('patterns as PCRE2 reads and finds them', () => {
  it('has recorded outcomes of every kind', () => {
    expect(RECORDED.length).toBeGreaterThan(400);
    for (const kind of ['match', 'partial', 'none']) {
      expect(RECORDED.filter(([, , , said]) => said.startsWith(kind)).length).toBeGreaterThan(50);
    }
  });

  it.each(RECORDED)('%j %j in %j: %s', (pattern, options, text, said) => {
    expect(outcome(pattern, options, text)).toBe(said);
  });

  it('cannot hang: nested repetitions take no more than pattern times text', () => {
    expect(outcome('(a+)+(a+)+(a|aa)+b', [], 'a'.repeat(2000))).toBe('partial 0');
  });

  it.each([
    ['a(?=b)', '(?='],
    ['(a)\\1', '\\1'],
    ['a++b', 'possessive quantifier'],
    ['\\p{L}', '\\p'],
    ['a{9999}{1}', undefined],
    ['(?:a{999}){999}', 'a pattern as large as this'],
  ])('%s is right for PCRE2, and what is not read here is named', (pattern, named) => {
    const compiled = compilePattern(pattern, []);
    const problem = 'problem' in compiled ? compiled.problem : undefined;
    if (named === undefined) expect(problem?.isWrong).not.toBe(false);
    else expect(problem).toMatchObject({ message: named, isWrong: false });
  });
});

describe('a regex in an answer that comes in pieces', () => {
  function found(regex: Partial<HttpRegex> & { pattern: string }, ...reads: string[]): boolean {
    const search = newRegexSearch({ noMatch: false, options: [], minOffset: 0, ...regex });
    for (const read of reads) lookAt(search, read);
    return search.found;
  }

  it('goes on with what may be the beginning of a match', () => {
    expect(found({ pattern: 'hello' }, 'x hel', 'lo y')).toBe(true);
    expect(found({ pattern: 'hello' }, 'x hel', 'p hello')).toBe(true);
    expect(found({ pattern: 'hello' }, 'x hel', 'x', 'lo')).toBe(false);
    expect(found({ pattern: '\\bok\\b' }, 'is ok', '!')).toBe(true);
    expect(found({ pattern: '\\bok\\b' }, 'is ok', 'ay')).toBe(false);
  });

  it('^ is the beginning of each read; nothing holds at the end of the answer', () => {
    expect(found({ pattern: '^b' }, 'a', 'b')).toBe(true);
    expect(found({ pattern: '^b' }, 'ab')).toBe(false);
    expect(found({ pattern: 'ok$' }, 'ok')).toBe(false);
    expect(found({ pattern: 'ok.*' }, 'all ok')).toBe(false);
    expect(found({ pattern: 'ok.*' }, 'all ok\n')).toBe(true);
  });

  // proves: keyword:virtual_server/real_server/HTTP_GET/url/regex_min_offset keyword:virtual_server/real_server/HTTP_GET/url/regex_max_offset keyword:virtual_server/real_server/SSL_GET/url/regex_min_offset keyword:virtual_server/real_server/SSL_GET/url/regex_max_offset
  it('offsets count over all reads: the least and the last where a match may begin', () => {
    const text = ['0123456789', '0123456789'];
    expect(found({ pattern: '3', minOffset: 13 }, ...text)).toBe(true);
    expect(found({ pattern: '3', minOffset: 14 }, ...text)).toBe(false);
    expect(found({ pattern: '3', maxOffset: 3 }, ...text)).toBe(true);
    expect(found({ pattern: '3', maxOffset: 2 }, ...text)).toBe(false);
    expect(found({ pattern: '93', minOffset: 19, maxOffset: 19 }, ...text, '3')).toBe(true);
    expect(found({ pattern: '0', maxOffset: 0 }, ...text)).toBe(true);
    expect(found({ pattern: '1', maxOffset: 0 }, ...text)).toBe(false);
  });

  it('lets a beginning go that fills the buffer of 4095', () => {
    expect(found({ pattern: 'a+b' }, 'a'.repeat(4094), 'b')).toBe(true);
    expect(found({ pattern: 'xa+b' }, 'x', 'a'.repeat(4094), 'b')).toBe(false);
  });
});
