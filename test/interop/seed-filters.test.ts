/** Row E7 of the fifth article with the real tshark: the same packets pass the same filters as in our packet list. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { writePcapng } from '../../sim/report/pcapng-write.ts';
import { ARTICLE_FILTERS, capturedRun, shownBy } from '../sim/session/seed-filters.ts';
import { whyNot } from './requirements.ts';

const MISSING = whyNot('tshark');
const folder = mkdtempSync(join(tmpdir(), 'lantwin-filters-'));

afterAll(() => rmSync(folder, { recursive: true }));

function tsharkNumbers(file: string, filter: string): number[] {
  const words = ['-r', file, '-Y', filter, '-T', 'fields', '-e', 'frame.number'];
  const { status, stdout, stderr } = spawnSync('tshark', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

const written = new Map<string, ReturnType<typeof write>>();

/** The packets of one host's cable, in a file and as records; the run is done once for each. */
function packetsAt(host: string) {
  const known = written.get(host) ?? write(host);
  written.set(host, known);
  return known;
}

function write(host: string) {
  const { frames, records, epochUs } = capturedRun([host]);
  const file = join(folder, `${host}.pcapng`);
  const bytes = writePcapng({
    epochUs,
    application: 'lantwin',
    interfaces: [{ name: 'mirror', description: 'one cable' }],
    frames: frames.map(({ at, frame }) => ({
      at,
      frame,
      interfaceIndex: 0,
      direction: 'inbound' as const,
    })),
  });
  writeFileSync(file, bytes);
  return { file, records };
}

describe('the filters of the article', () => {
  beforeEach((context) => context.skip(MISSING !== undefined, MISSING));

  test.each(ARTICLE_FILTERS)('%s', (filter) => {
    // One cable at a time: on all of them tshark sees each packet several times and calls it repeated.
    for (const host of ['client', 'web150', 'u109lb14']) {
      const { file, records } = packetsAt(host);
      expect(shownBy(records, filter), host).toEqual(tsharkNumbers(file, filter));
    }
  });

  test('tcp.analysis.retransmission, at the client', () => {
    const { file, records } = packetsAt('client');
    const filter = 'tcp.analysis.retransmission';
    expect(shownBy(records, filter)).toEqual(tsharkNumbers(file, filter));
  });
});
