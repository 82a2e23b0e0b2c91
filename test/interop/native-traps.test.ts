/** Ways to hang or starve a node process with descriptors of its own, each met before; none may come back. */

import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { REPOSITORY, whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build');

/** Runs a module text in a namespace of its own; ends with its output, exit code and time. */
async function runScript(
  body: string,
): Promise<{ readonly text: string; readonly code: number | null; readonly ms: number }> {
  const imports = ['native/libc', 'native/descriptor-poller', 'native/packet-socket', 'run-loop']
    .map(
      (name) =>
        `import * as ${name.replace(/.*\W/, '')} from '${REPOSITORY}/dist/daemon/linux/${name}.js';`,
    )
    .join('\n');
  const script = `${imports}\n${body}`;
  const begin = performance.now();
  const words = ['-n', process.execPath, '--input-type=module', '-e', script];
  const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(watchdog);
  return { text, code, ms: performance.now() - begin };
}

/** Opens eight quiet IPv6 receivers on the loopback interface, all served by one poller. */
const EIGHT_RECEIVERS = `
const c = libc.loadLibc();
const p = new poller.DescriptorPoller(c);
for (let i = 0; i < 8; i++) {
  socket.openIpv6Receiver({ libc: c, poller: p, interfaceIndex: 1, protocol: 112, onPacket() {} });
}`;

describe('traps of native descriptors', () => {
  test('eight quiet descriptors leave the thread pool to file I/O', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const { text, code } = await runScript(`${EIGHT_RECEIVERS}
      import { readFile } from 'node:fs/promises';
      let slowest = 0;
      for (let round = 0; round < 50; round++) {
        const begin = performance.now();
        await Promise.all(Array.from({ length: 8 }, () => readFile('/etc/hostname')));
        slowest = Math.max(slowest, performance.now() - begin);
      }
      console.log('slowest', Math.round(slowest));
      await p.close();`);
    expect(code, text).toBe(0);
    // With four blocking reads this took more than two seconds.
    expect(Number(/slowest (\d+)/.exec(text)?.[1])).toBeLessThan(1000);
  });

  test('exactly one poll is pending, whatever the number of descriptors', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const { text, code } = await runScript(`
      const real = libc.loadLibc();
      let pending = 0, most = 0;
      const c = { ...real, pollAsync(table, ms, done) {
        pending++;
        most = Math.max(most, pending);
        real.pollAsync(table, ms, (ready) => { pending--; done(ready); });
      } };
      const p = new poller.DescriptorPoller(c);
      for (let i = 0; i < 6; i++) {
        socket.openIpv6Receiver({ libc: c, poller: p, interfaceIndex: 1, protocol: 112, onPacket() {} });
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      console.log('most', most);
      await p.close();
      console.log('left', pending);`);
    expect(code, text).toBe(0);
    expect(text).toContain('most 1');
    expect(text).toContain('left 0');
  });

  test('process.exit returns at once while a poll is pending on quiet descriptors', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const { text, code, ms } = await runScript(`${EIGHT_RECEIVERS}
      setTimeout(() => { console.log('exiting'); process.exit(3); }, 300);`);
    expect(text).toContain('exiting');
    expect(code).toBe(3);
    // It never returned with a blocking read; the bound is the poll's own plus the start of node.
    expect(ms).toBeLessThan(8000);
  });

  test('after close nothing keeps the process alive', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const { text, code } = await runScript(`${EIGHT_RECEIVERS}
      const begin = performance.now();
      await p.close();
      console.log('closed', Math.round(performance.now() - begin));`);
    expect(code, text).toBe(0);
    // A wake-up, not the end of the poll's time.
    expect(Number(/closed (\d+)/.exec(text)?.[1])).toBeLessThan(150);
  });

  test('a real-time signal that exporters send does not end the process', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const { text, code } = await runScript(`
      import { execFileSync } from 'node:child_process';
      const c = libc.loadLibc();
      for (let n = 34; n <= 64; n++) c.ignoreSignal(n);
      for (const n of [34, 36, 63, 64]) execFileSync('kill', ['-' + n, String(process.pid)]);
      setTimeout(() => console.log('alive'), 100);`);
    expect(code, text).toBe(0);
    expect(text).toContain('alive');
  });
});
