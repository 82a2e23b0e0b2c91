import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readIpvsRecording } from './ipvs-recording.ts';
import { listRecordings } from './recording.ts';
import { unreadFiles } from './unread-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'unread-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text = ''): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const read = [write('a/k01.txt'), write('rr.json', '{"steps":[],"scheduler":"rr"}')];
write('a/k01.keepalived.conf');
write('a/k01.pcap');
write('a/k14.json', '[{"start":1,"first_check":2.5}]');
write('a/k14.keepalived.conf');
write('a/k20.json', '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}');
write('a/number.json', '7');
const broken = write('broken.json', '{"steps":');
write('lonely.client.pcap');
write('told.txt', 'a text');
write('README.md');
write('traces/deep/S01/events.json', '{}');
write('traces/deep/S01/n1.nft.txt');

describe('what no judge took', () => {
  it('is told once a name, with its reason; what was read, pages and folders of events are not', () => {
    expect(unreadFiles(folder, read)).toEqual([
      { path: 'a/k14.json', reason: expect.stringContaining('a list of 1 with keys start, first') },
      {
        path: 'a/k20.json',
        reason: expect.stringMatching(/known kind: keys a, b, c, d, e, f, …$/),
      },
      { path: 'a/number.json', reason: expect.stringContaining('keys none') },
      { path: 'broken.json', reason: expect.stringMatching(/^no JSON: /) },
      { path: 'lonely.client.pcap', reason: 'no text beside it' },
      { path: 'told.txt', reason: expect.stringMatching(/^no text of a known kind/) },
    ]);
  });

  it('a broken file is no recording of a scheduler, and stops nobody', () => {
    expect(readIpvsRecording(broken)).toBeUndefined();
    expect(readIpvsRecording(read[1] ?? '')?.kind).toBe('scheduler');
  });
});

it('recordings are found at any depth', () => {
  expect(listRecordings(folder)).toEqual([join('traces', 'deep', 'S01')]);
});
