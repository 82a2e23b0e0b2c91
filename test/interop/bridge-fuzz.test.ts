/**
 * Garbage into a TAP at line rate: nothing crashes, no virtual router changes its state, every frame is counted. A hundred
 * thousand frames by default; LANTWIN_FUZZ_FRAMES=1000000 for the long run.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from './lab.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { replay, Twin, untilState } from './twin.ts';
import { instanceConfiguration, VIP } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build', 'ping');
const FRAMES = Number(process.env['LANTWIN_FUZZ_FRAMES'] ?? 100_000);
/** A busy machine takes two thousand a second, and plays them again afterwards. */
const TIME_MS = 300_000 + FRAMES * 1.5;
const SEED = Number(process.env['LANTWIN_FUZZ_SEED'] ?? 7);

test(
  `${FRAMES} garbage frames at line rate (seed ${SEED}): no crash, no change of state, all counted`,
  async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('client', '10.77.0.50/24');
      const twin = new Twin();
      const routers = {
        r1: instanceConfiguration({ priority: 150 }),
        r2: instanceConfiguration({ priority: 100, password: 'secret12' })
          .replace(' 51', ' 52')
          .replace(VIP, '10.77.0.101'),
      };
      const ours = await twin.start(lab, {
        routers,
        flags: ['--join-vrid', '51', '--join-vrid', '52'],
      });
      await untilState(twin, 'r1', 'MASTER', { withinMs: 30_000, explain: ours.output });
      await untilState(twin, 'r2', 'MASTER', { withinMs: 30_000, explain: ours.output });
      const before = statesIn(ours.output());
      const flood = join(REPOSITORY, 'test', 'interop', 'probes', 'frame-flood.mjs');
      const sender = lab.start('sw', [
        process.execPath,
        flood,
        'twin0',
        String(FRAMES),
        String(SEED),
      ]);
      const code = await sender.ended;
      expect(code, sender.output()).toBe(0);
      const { taken } = JSON.parse(sender.output()) as { taken: number };
      expect(taken).toBeGreaterThanOrEqual(FRAMES);
      await sleep(500);
      // A busy machine is seconds behind; the flood is worked off when the first echo comes back.
      lab.exec('client', ['ping', '-c', '1', '-w', '30', VIP]);
      const answers = lab.exec('client', ['ping', '-c', '3', '-i', '0.2', VIP]);
      expect(answers).toContain('3 received');
      expect(statesIn(ours.output()), 'no virtual router changed its state').toEqual(before);
      const status = readFileSync(`/proc/${ours.pid}/status`, 'utf8');
      const mebibytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
      process.stdout.write(
        `fuzz: ${sender.output().trim()}, ${Math.round(mebibytes)} MiB afterwards\n`,
      );
      ours.signal('SIGTERM');
      expect(await ours.ended, ours.output()).toBe(2);
      const counted = Number(/twin0 \(tap\): (\d+) frames in/.exec(ours.output())?.[1]);
      expect(counted).toBeGreaterThanOrEqual(taken);
      await until('the replay ends', () => true, { withinMs: 1000 });
      const { code: again, text } = replay(lab);
      expect([again, text.includes('another way')], text.slice(0, 2000)).toEqual([2, false]);
    });
  },
  TIME_MS,
);

/** All changes of state, without what follows from being asked to stop. */
function statesIn(output: string): readonly string[] {
  return output.split('\n').filter((line) => / -> [A-Z]+:/.test(line));
}
