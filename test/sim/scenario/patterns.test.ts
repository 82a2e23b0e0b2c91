import { expect, test } from 'vitest';
import { containsPattern, matchesPattern } from '../../../sim/scenario/expectations/patterns.ts';

test('without wildcards a pattern is a part of the text', () => {
  expect(containsPattern('(VI_1) Entering MASTER STATE', 'Entering MASTER')).toBe(true);
  expect(containsPattern('(VI_1) Entering BACKUP STATE', 'Entering MASTER')).toBe(false);
});

test('a star stands for any text, a question mark for one character', () => {
  expect(matchesPattern('inet 10.0.0.3/24 brd x', 'inet *.3/2? brd *')).toBe(true);
  expect(matchesPattern('inet 10.0.0.3/24', 'inet')).toBe(false);
  expect(matchesPattern('', '*')).toBe(true);
  expect(matchesPattern('ab', '?')).toBe(false);
});

test('signs of regular expressions mean themselves', () => {
  expect(containsPattern('a.b', 'a.b')).toBe(true);
  expect(containsPattern('axb', 'a.b')).toBe(false);
  expect(containsPattern('x(a+)+y', '(a+)+')).toBe(true);
});

test('a pattern that is hard for regular expressions ends soon', () => {
  expect(matchesPattern('a'.repeat(20_000), `${'*a'.repeat(12)}b`)).toBe(false);
});
