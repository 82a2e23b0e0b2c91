import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packFiles, unpackFiles } from '../../ui/src/link/share-text.ts';

function packed(value: unknown): string {
  return deflateRawSync(JSON.stringify(value)).toString('base64url');
}

describe('scenario files in a link', () => {
  it('come out as they went in, whatever is in them', async () => {
    const path = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}(\/[a-z][a-z0-9.-]{0,8}[a-z])?$/);
    const files = fc.array(fc.tuple(path, fc.string({ unit: 'binary' })), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(files, async (given) => {
        const text = await packFiles(given);
        expect(text).toMatch(/^[\w-]*$/);
        expect(await unpackFiles(text)).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no deflated text', 'AAAA'],
    ['no list', packed({ a: 1 })],
    ['an empty list', packed([])],
    ['no pairs', packed(['a'])],
    ['no text', packed([['a', 1]])],
    ['a path from the root', packed([['/etc/passwd', '']])],
    ['a path that leaves its folder', packed([['a/../../b', '']])],
    ['a file that is larger than it may be', packed([['a', 'x'.repeat(500_000)]])],
  ])('%s is refused', async (_, text) => {
    expect(await unpackFiles(text)).toBe(undefined);
  });
});
