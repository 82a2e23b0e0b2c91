import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../daemon/config/problem.ts';
import { problemPrinter, problemText } from '../../../sim/report/problem-text.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';

const problem: Problem = {
  code: 'config:bad-value',
  severity: 'warning',
  file: 'k.conf',
  line: 2,
  column: 3,
  message: 'no good',
};

describe('a problem as text', () => {
  it('keeps control characters of the input away from the terminal', () => {
    const evil = '\u001b[31mred\u001b]0;title\u0007';
    const text = problemText(
      { ...problem, message: `'${evil}' is no keyword`, hint: `write "${evil}"` },
      new Map([['k.conf', `first\n${evil}`]]),
      PLAIN_STYLE,
    );
    expect(text).not.toMatch(/[^\n\P{Cc}]/u);
    expect(text).toContain('.[31mred');
  });

  it('cuts a message that quotes a whole screen', () => {
    const text = problemText({ ...problem, message: 'x'.repeat(10_000) }, new Map(), PLAIN_STYLE);
    expect(text.length).toBeLessThan(600);
    expect(text).toContain('…');
  });
});

it('many problems of a long file cut it into lines once', () => {
  const count = 4000;
  const sources = new Map([['x.conf', 'a line of the file\n'.repeat(count)]]);
  let cuts = 0;
  const counting = {
    get: (file: string) => {
      cuts++;
      return sources.get(file);
    },
  } as unknown as ReadonlyMap<string, string>;
  const print = problemPrinter(counting, PLAIN_STYLE);
  const texts = Array.from({ length: count }, (_, index) =>
    print({
      code: 'c',
      severity: 'warning',
      file: 'x.conf',
      line: index + 1,
      column: 3,
      message: 'm',
    }),
  );
  expect(texts.at(-1)).toContain('a line of the file');
  expect(cuts).toBe(1);
});
