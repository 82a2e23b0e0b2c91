import { describe, expect, it } from 'vitest';
import { loadText } from './memory-files.ts';

/** The parts of a url block, and what keepalived 2.2.7 said of them at a start; under `-t` it said nothing of any. */
const SAID: readonly (readonly [string, readonly string[]])[] = [
  ['regex_no_match', ['regex parameters specified without regex']],
  ['regex_options caseless', ['regex parameters specified without regex']],
  ['regex_min_offset 5', ['regex parameters specified without regex']],
  ['regex_stack 3 6', ['regex parameters specified without regex']],
  ['regex_options', []],
  ['regex', ['regex missing or too many fields']],
  ['regex a b', ['regex missing or too many fields']],
  ['regex "a b" c', ['regex missing or too many fields']],
  ['regex "a b"', []],
  ['regex ""', []],
  ['regex abc\n regex_options bogus caseless nada', []],
  [
    'regex abc\n regex_min_offset 9\n regex_max_offset 3',
    ['regex min offset 9 > regex_max_offset 3 - ignoring'],
  ],
  ['regex abc\n regex_min_offset 3\n regex_max_offset 3', []],
  [
    'regex abc\n regex_max_offset 0\n regex_min_offset 4',
    ['regex min offset 4 > regex_max_offset 0 - ignoring'],
  ],
  ['regex abc\n regex_max_offset 0', []],
  ['regex abc\n regex_max_offset', ['Missing or too may options for regex_max_offset']],
  ['regex abc\n regex_max_offset 1 2', ['Missing or too may options for regex_max_offset']],
  ['regex abc\n regex_min_offset abc', ['Invalid regex_min_offset abc specified']],
  ['regex abc\n regex_stack 5', ['regex_stack requires start and max values']],
  ['regex abc\n regex_stack x 5', ['regex_stack invalid start value']],
  ['regex abc\n regex_stack 5 y', ['regex_stack invalid max value']],
  ['regex abc\n regex_stack 6 5', ['regex stack start cannot exceed max value']],
  ['regex abc\n regex def(', ["Invalid regex: 'def(' at offset 4: missing closing parenthesis\n"]],
  ['regex a)b', ["Invalid regex: 'a)b' at offset 1: unmatched closing parenthesis\n"]],
  [
    'regex "a(b[["',
    ["Invalid regex: 'a(b[[' at offset 5: missing terminating ] for character class\n"],
  ],
  ['regex "(?=a)"', []],
];

function load(parts: string) {
  const url = `url {\n path /\n ${parts}\n }`;
  const server = `real_server 10.0.0.2 80 {\n HTTP_GET {\n ${url}\n }\n }`;
  const text = `virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n ${server}\n}\n`;
  return loadText(text);
}

describe('a regex and what goes with it', () => {
  // proves: keyword:virtual_server/real_server/HTTP_GET/url/regex_stack keyword:virtual_server/real_server/SSL_GET/url/regex_stack
  it('what 2.2.7 says of each part at a start, and nothing under -t', () => {
    for (const [parts, said] of SAID) {
      const { startLines, keepalivedLines } = load(parts);
      expect(startLines, parts).toEqual(said);
      expect(keepalivedLines, parts).toEqual([]);
    }
  });

  it('what keepalived does not say is told with its place', () => {
    const problem = (parts: string) => {
      const [first] = load(parts).problems;
      return [first?.line, first?.column, first?.message];
    };
    expect(problem('regex abc(')).toEqual([9, 8, 'regex: missing closing parenthesis (offset 4)']);
    expect(problem('regex "(?=a)"')).toEqual([9, 9, 'regex: (?= is not read']);
    expect(problem('regex a\n regex_options bogus')).toEqual([
      10,
      16,
      'regex_options has no bogus; it is ignored',
    ]);
  });

  it('offsets that contradict each other are both left out, and one of 0 is none', () => {
    const regexOf = (parts: string) => {
      const { config } = load(parts);
      const checker = config.check.checkers[0];
      return checker !== undefined && 'urls' in checker ? checker.urls[0]?.regex : undefined;
    };
    expect(regexOf('regex a\n regex_min_offset 9\n regex_max_offset 3')).toEqual({
      pattern: 'a',
      noMatch: false,
      options: [],
      minOffset: 0,
    });
    expect(regexOf('regex a\n regex_max_offset 0')).toMatchObject({ maxOffset: 0 });
    expect(regexOf('regex_no_match')).toBeUndefined();
  });
});
