/** The commands of docs/bridge.md, as its reader types them: in a namespace of their own, where root is available. */

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from './lab.ts';
import { REPOSITORY, whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build', 'ping', 'curl');

test('docs/bridge.md: every command of the how-to does what it says', async (context) => {
  context.skip(MISSING !== undefined, MISSING);
  const [bridge, second, again] = commandsOf(
    readFileSync(join(REPOSITORY, 'docs/bridge.md'), 'utf8'),
  );
  const name = `lt${process.pid}x0-docs`;
  spawnSync('ip', ['netns', 'add', name]);
  try {
    let text = '';
    const words = ['netns', 'exec', name, 'bash', '-c', `exec ${bridge?.[0] ?? ''}`];
    const running = spawn('ip', words, { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [running.stdout, running.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
    }
    const ended = new Promise<number | null>((resolve) => running.on('close', resolve));
    await until('a virtual router is master', () => text.includes('-> MASTER'), {
      withinMs: 40_000,
      explain: () => text,
    });
    // Adverts and announcements of VRIDs that nobody named leave after four seconds.
    await sleep(1000);
    for (const command of second ?? []) {
      const run = spawnSync('ip', ['netns', 'exec', name, 'bash', '-c', command], {
        encoding: 'utf8',
      });
      expect(run.status, `${command}: ${run.stdout}${run.stderr}\n${text}`).toBe(0);
    }
    expect(await ended, text).toBe(0);
    expect(text).toMatch(/tap0 \(tap\): \d+ frames in, \d+ out/);
    const replay = spawnSync('bash', ['-c', again?.[0] ?? ''], {
      cwd: REPOSITORY,
      encoding: 'utf8',
    });
    expect(replay.status, replay.stdout + replay.stderr).toBe(0);
  } finally {
    spawnSync('ip', ['netns', 'del', name]);
  }
});

/** The lines of each block that needs root, with this repository's own program. */
function commandsOf(page: string): readonly (readonly string[])[] {
  const program = `${process.execPath} ${join(REPOSITORY, 'bin', 'lantwin.js')}`;
  return [...page.matchAll(/^```sh root.*\n([\s\S]*?)^```/gm)].map(([, body = '']) =>
    body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace('npx lantwin', program)),
  );
}
