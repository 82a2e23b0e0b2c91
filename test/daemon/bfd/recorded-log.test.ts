/** The log of keepalived 2.2.7 about BFD, recorded, beside ours in the same story. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { s, saidAt, startPair } from './pair.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'reference', 'bfd');

/** How long a pipe took, and how busy the machine was, is no part of the story. */
function plain(line: string): string {
  return line
    .replace(/delivered in \d+ usec/, 'delivered in N usec')
    .replace(/after \d+ ms \(\d+ usec overdue\)/, 'after N ms');
}

/**
 * The story in chapters: what is said from one `Received BFD event` to the next. Which side is the first to
 * be up is a matter of chance, and the other side's chapter differs from its own.
 */
function chapters(lines: readonly string[]): string[] {
  const ended: string[] = [];
  let chapter: string[] = [];
  for (const line of lines) {
    chapter.push(plain(line));
    if (!line.includes('Received BFD event')) continue;
    ended.push(chapter.join('\n'));
    chapter = [];
  }
  return ended;
}

function recorded(name: string): string[] {
  return chapters(readFileSync(join(FOLDER, name), 'utf8').trimEnd().split('\n'));
}

describe('beside the recorded log of 2.2.7', () => {
  const known = new Set([...recorded('a.txt'), ...recorded('b.txt')]);
  const { lan, n1, n2 } = startPair({ instance: 'track_bfd {\n peer\n }' });
  lan.run(s(10));
  lan.losesDatagrams = () => true;
  lan.run(s(14));
  lan.losesDatagrams = () => false;
  lan.run(s(20));

  it.each([
    ['n1', n1],
    ['n2', n2],
  ] as const)(
    '%s says what one of the two said, line by line, until it is up again',
    (_name, host) => {
      const ours = chapters(host.log.filter((line) => /^\(peer\)|^ |Received BFD/.test(line)));
      expect(ours.length).toBe(4);
      for (const chapter of ours) expect([...known]).toContain(chapter);
    },
  );

  it('both notice the silence after 50 ms, as they did', () => {
    for (const host of [n1, n2]) {
      const [at = 0] = saidAt(host, 'Expired after 50 ms');
      expect(at).toBeGreaterThan(s(10.04));
      expect(at).toBeLessThanOrEqual(s(10.0501));
    }
  });
});
