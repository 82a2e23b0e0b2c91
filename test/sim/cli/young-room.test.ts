// In a process of its own: V8's flags hold for all of one. Needs dist/, which `npm ci` and `npm run build` make.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../../../dist/sim/cli/young-room.js', import.meta.url));
const MIB = 1024 * 1024;

test('a run has 8 MiB for new objects, and no more however many live on', () => {
  const script = `
    import { giveYoungRoom, youngRoom } from ${JSON.stringify(BUILT)};
    const before = youngRoom();
    giveYoungRoom();
    const tuned = youngRoom();
    const alive = Array.from({ length: 400_000 }, (_, i) => ({ i, text: [i, i] }));
    console.log(JSON.stringify([before, tuned, youngRoom(), alive.length]));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  const [before, tuned, later] = JSON.parse(stdout) as number[];
  expect(before).toBeLessThan(8 * MIB);
  expect(tuned).toBe(8 * MIB);
  expect(later).toBe(8 * MIB);
});
