import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { IpvsChannel, readIpvsTimeouts } from '../../../daemon/linux/ipvs-channel.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'lantwin-ipvs-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** A program in ipvsadm's place: "bad" fails with a complaint, "hang" never answers, others succeed. */
const PROGRAM = join(FOLDER, 'ipvsadm');
writeFileSync(
  PROGRAM,
  `#!/bin/sh
case "$1" in
  bad) echo "No such $2" >&2; exit 2 ;;
  hang) exec sleep 60 ;;
  count) echo $# >&2; exit 1 ;;
  -L) echo 'Timeout (tcp tcpfin udp): 900 120 300' ;;
esac
`,
);
chmodSync(PROGRAM, 0o755);

function run(channel: IpvsChannel, ...words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => channel.run(words, resolve));
}

describe('ipvsadm through one shell', () => {
  test('answers come in order, each with its own failure', async () => {
    const channel = new IpvsChannel({ command: PROGRAM });
    const answers = await Promise.all([
      run(channel, '-A'),
      run(channel, 'bad', 'service'),
      run(channel, '-a'),
    ]);
    expect(answers).toEqual([undefined, 'No such service', undefined]);
    channel.close();
  });

  test('words arrive as they are: nothing is expanded or carried out', async () => {
    const channel = new IpvsChannel({ command: PROGRAM });
    expect(await run(channel, 'count', '*', '$(id)', ';', '"a', '#')).toBe('6');
    channel.close();
  });

  test.each(['two words', '', 'back\\slash', 'line\nend'])(
    'a word that would be taken apart is refused: %j',
    async (word) => {
      expect(await run(new IpvsChannel({ command: PROGRAM }), '-A', word)).toMatch(/^refused/);
    },
  );

  test('a call that hangs fails, and the next one is carried out', async () => {
    const channel = new IpvsChannel({ command: PROGRAM, limitMs: 200 });
    const answers = await Promise.all([run(channel, 'hang'), run(channel, '-A')]);
    expect(answers[0]).toMatch(/did not answer/);
    expect(answers[1]).toBeUndefined();
    channel.close();
  });

  test('a program that is missing fails each call with a reason', async () => {
    const channel = new IpvsChannel({ command: '/nonexistent/ipvsadm' });
    expect(await run(channel, '-A')).toMatch(/not found/);
    channel.close();
  });

  test('idle is told when the last answer is there', async () => {
    const channel = new IpvsChannel({ command: PROGRAM });
    const done: string[] = [];
    channel.run(['-A'], () => done.push('first'));
    channel.run(['-a'], () => done.push('second'));
    await new Promise<void>((resolve) => channel.whenIdle(resolve));
    expect(done).toEqual(['first', 'second']);
    channel.close();
  });
});

test('the time-outs are read as ipvsadm prints them, and not where it is missing', () => {
  expect(readIpvsTimeouts(undefined, PROGRAM)).toEqual([900, 120, 300]);
  expect(readIpvsTimeouts(undefined, join(FOLDER, 'nowhere'))).toBeUndefined();
});
