import { describe, expect, it } from 'vitest';
import { readCode } from './sources.ts';

const OURS = /^(sim|daemon|ui\/src)\//;
/** Functions and values; a type may be named for the sake of those who read a signature. */
const EXPORT = /^export (?:async )?(?:function|const|let|class|abstract class) (\w+)/gm;

describe('what a file exports', () => {
  it('is used by another one, a test at least: the rest is dead, or nobody else needs to see it', () => {
    const files = readCode('sim', 'daemon', 'ui', 'tools', 'test', 'bin', 'scenarios');
    const users = new Map<string, number>();
    for (const { text } of files) {
      for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g))) {
        users.set(word, (users.get(word) ?? 0) + 1);
      }
    }
    const exported = files.flatMap(({ path, text }) =>
      OURS.test(path)
        ? [...text.matchAll(EXPORT)].map((match) => ({ path, name: match[1] as string }))
        : [],
    );
    expect(exported.length).toBeGreaterThan(1000);
    const unused = exported.filter(({ name }) => users.get(name) === 1);
    expect(unused.map(({ path, name }) => `${path}: ${name}`)).toEqual([]);
  });
});
