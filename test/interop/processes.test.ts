/**
 * Beginnings and ends of processes on this machine. The connector exists in the first network namespace only, so this is the
 * one test that stands there; it listens and sends nothing.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SystemEvent } from '../../daemon/core/events.ts';
import { DescriptorPoller } from '../../daemon/linux/native/descriptor-poller.ts';
import { type Libc, loadLibc, SystemCallError } from '../../daemon/linux/native/libc.ts';
import { listenProcesses } from '../../daemon/linux/native/process-connector.ts';
import { ProcessWatcher } from '../../daemon/linux/process-watcher.ts';
import { until } from './lab.ts';
import { whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'koffi') ?? whyNoConnector();

function whyNoConnector(): string | undefined {
  const libc = loadLibc();
  const poller = new DescriptorPoller(libc);
  try {
    listenProcesses({ libc, poller, onEvent: () => {}, onOverrun: () => {} })();
    return undefined;
  } catch (error) {
    return `no process connector here: ${error instanceof Error ? error.message : error}`;
  } finally {
    void poller.close();
  }
}

/** What a watcher tells of programs with that name, while `meanwhile` runs. */
async function toldOf(
  name: string,
  libc: Libc,
  meanwhile: (program: string, told: readonly string[]) => Promise<void>,
): Promise<{ readonly told: readonly string[]; readonly warnings: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'lantwin-processes-'));
  const program = join(folder, name);
  copyFileSync('/bin/sleep', program);
  const told: string[] = [];
  const warnings: string[] = [];
  const poller = new DescriptorPoller(libc);
  const deliver = (event: SystemEvent): void => {
    if (event.kind !== 'process-started' && event.kind !== 'process-ended') return;
    if (event.name === name) told.push(`${event.kind} ${event.arguments.slice(1).join(' ')}`);
  };
  const watcher = new ProcessWatcher({ libc, poller, deliver, warn: (one) => warnings.push(one) });
  watcher.watch(true);
  try {
    await meanwhile(program, told);
  } finally {
    watcher.watch(false);
    await poller.close();
    rmSync(folder, { recursive: true });
  }
  return { told, warnings };
}

test('the connector tells of a process that lives for a moment only', async (context) => {
  context.skip(MISSING !== undefined, MISSING);
  const { told, warnings } = await toldOf('brief', loadLibc(), async (program, so_far) => {
    await once(spawn(program, ['0.01']), 'exit');
    await until('it has told both', () => so_far.length >= 2, { withinMs: 10_000 });
  });
  expect(told).toEqual(['process-started 0.01', 'process-ended 0.01']);
  expect(warnings).toEqual([]);
});

test('without it /proc is looked at, and that is said with the line of keepalived', async (context) => {
  context.skip(MISSING !== undefined, MISSING);
  const libc = loadLibc();
  const refusing: Libc = {
    ...libc,
    bind: () => {
      throw new SystemCallError('bind', 111);
    },
  };
  const { told, warnings } = await toldOf('longer', refusing, async (program, so_far) => {
    const child = spawn(program, ['60']);
    await until('it has told the start', () => so_far.length === 1, { withinMs: 10_000 });
    child.kill();
    await until('it has told the end', () => so_far.length === 2, { withinMs: 10_000 });
  });
  expect(told).toEqual(['process-started 60', 'process-ended 60']);
  expect(warnings).toEqual([
    'Failed to set/clear process event listen - errno 111 - Connection refused: looking at /proc instead',
  ]);
});
