import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { IpBatch } from '../../../daemon/linux/ip-batch.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'lantwin-ip-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** A program in iproute2's place. */
function program(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(batch: IpBatch, ...words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => batch.run(words, resolve));
}

/** Answers as `ip -batch -` does: unknown objects fail on stderr, words with "bad" fail, others succeed. */
const WELL_BEHAVED = program(
  'well-behaved',
  `n=0
while read -r line; do
  n=$((n + 1))
  case "$line" in
    lantwin-*) printf 'Object "%s" is unknown, try "ip help".\\nCommand failed -:%s\\n' "$line" $n >&2 ;;
    *bad*) printf 'Error: %s.\\nCommand failed -:%s\\n' "$line" $n >&2 ;;
  esac
done`,
);

describe('iproute2 as one long-running child', () => {
  test('answers come in order, each with its own failure', async () => {
    const batch = new IpBatch('inet', { command: WELL_BEHAVED });
    const answers = await Promise.all([
      run(batch, 'address', 'good'),
      run(batch, 'address', 'bad1'),
      run(batch, 'address', 'good'),
      run(batch, 'address', 'bad2'),
    ]);
    expect(answers).toEqual([undefined, 'Error: address bad1.', undefined, 'Error: address bad2.']);
    batch.close();
  });

  test.each(['two words', '', '#comment', 'quo"te', 'back\\slash', 'line\nend'])(
    'a word that the reader of batches would take apart is refused: %j',
    async (word) => {
      const batch = new IpBatch('inet', { command: WELL_BEHAVED });
      expect(await run(batch, 'address', word)).toMatch(/^refused/);
    },
  );

  test('a program that is missing fails each command, and none hangs', async () => {
    const batch = new IpBatch('inet', { command: '/nonexistent/ip' });
    const answers = await Promise.all([run(batch, 'a'), run(batch, 'b')]);
    for (const answer of answers) expect(answer).toMatch(/ENOENT/);
  });

  test('a program that ends at once is tried again once, then the command fails', async () => {
    const batch = new IpBatch('inet', { command: program('ends', 'exit 1') });
    expect(await run(batch, 'address')).toMatch(/ended/);
    expect(await run(batch, 'address')).toMatch(/ended/);
  });

  test('a program that never answers is given up in time', async () => {
    const command = program('hangs', 'exec sleep 30');
    const batch = new IpBatch('inet', { command, limitMs: 100 });
    expect(await run(batch, 'address')).toMatch(/did not answer/);
  });

  test('after an interface went the next command has a new child', async () => {
    const log = join(FOLDER, 'starts');
    const text = `echo start >> ${log}\nexec ${WELL_BEHAVED}`;
    const batch = new IpBatch('inet', { command: program('counted', text) });
    await run(batch, 'one');
    await run(batch, 'two');
    batch.forgetInterfaces();
    expect(await run(batch, 'bad3')).toBe('Error: bad3.');
    batch.close();
    expect(readFileSync(log, 'utf8')).toBe('start\nstart\n');
  });
});
