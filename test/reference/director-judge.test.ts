import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { directorDifferences } from './director/director-differences.ts';
import { folded, readDirectorRecording } from './director/director-recording.ts';

const PATH = fileURLToPath(new URL('./ipvs/director-own/drawn-10.txt', import.meta.url));
const TEXT = readFileSync(PATH, 'utf8');
const scratch = mkdtempSync(join(tmpdir(), 'director-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The differences of a copy in which the first line that matches is another. */
function judge(match: RegExp, change: (line: string) => string): string[] {
  const lines = TEXT.split('\n');
  const index = lines.findIndex((line) => match.test(line));
  expect(index).toBeGreaterThan(0);
  const path = join(scratch, 'changed.txt');
  writeFileSync(path, lines.with(index, change(lines[index] ?? '')).join('\n'));
  return directorDifferences(path);
}

describe('the judge of a director notices', () => {
  it('a frame that was not sent', () => {
    const found = judge(/ out eth1 \w{24}86dd/, () => '');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/sent but not recorded eth1/);
  });

  it('an octet that is another', () => {
    const found = judge(/ out eth1 \w{24}86dd\w{14}3f/, (line) =>
      line.replace(/(86dd\w{14})3f/, '$13e'),
    );
    expect(found.filter((line) => line.includes('recorded eth1'))).toHaveLength(2);
  });

  it('a frame at another moment', () => {
    const found = judge(/ out eth1 \w{24}86dd\w{14}3f/, (line) =>
      line.replace(/^\S+/, (at) => String(Number(at) + 0.1)),
    );
    expect(found.length).toBeGreaterThan(0);
  });

  it('an entry in another state', () => {
    const found = judge(/ entry TCP 00:5\d {2}SYN_RECV/, (line) =>
      line.replace('SYN_RECV', 'CLOSE   '),
    );
    expect(found[0]).toMatch(/entries TCP SYN_RECV .* recorded TCP CLOSE/);
  });

  it('a list with another weight', () => {
    const found = judge(/ list -> .* Masq +1 /, (line) => line.replace(/Masq +1/, 'Masq    9'));
    expect(found[0]).toMatch(/list .* Masq 1 .* recorded .* Masq 9 /);
  });
});

it('long runs of an octet are written short and read again', () => {
  const frame = Uint8Array.of(1, 2, ...new Array(40).fill(7), 3);
  expect(folded(frame)).toBe('010207(*40)03');
  const path = join(scratch, 'folded.txt');
  writeFileSync(path, `# director x\n0.5 in eth1 ${folded(frame)}\n`);
  expect(readDirectorRecording(path).received).toEqual([{ at: 0.5, nic: 'eth1', frame }]);
});
