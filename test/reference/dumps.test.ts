/**
 * What keepalived 2.2.7 writes on SIGUSR1, SIGUSR2 and its JSON signal, beside what ours writes on a
 * virtual host of the same interfaces: line by line. Recorded by `dumps/record.sh`; lines `#! …` of
 * a configuration say when the dumps were made and what happened before.
 *
 * Not compared: moments, what is left of a timer that a refused advert restarted, addresses of threads, BFD discriminators, descriptors of BFD sockets.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DumpLab } from './dump-lab.ts';

const FOLDER = join(import.meta.dirname, 'dumps');
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.conf'))
  .map((name) => name.replace(/\.conf$/, ''));

/** When the dumps of a recording were made. */
function moments(name: string): ReadonlyMap<string, number> {
  const lines = readFileSync(join(FOLDER, name, 'moments'), 'utf8')
    .trim()
    .split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]));
}

/** Lines without what differs from run to run. */
function masked(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/[1-9]\d*\.\d{6} \(\w{3} \w{3} [ \d]\d [\d:.]+( \d{4}(\.\d{6})?)?\)/, 'MOMENT')
        .replace(/"last_transition":\d+\.\d{6}/g, '"last_transition":MOMENT')
        .replace(/(Master down timer) = \d{1,6} usecs/, '$1 = REST')
        .replace(/0x0x[0-9a-f]+/, 'THREAD')
        .replace(/^ {3}fd_out \d+$/, '   fd_out NUMBER')
        .replace(/ discriminator = 0x[0-9a-f]{2,}/, ' discriminator = NUMBER'),
    );
}

describe.each(NAMES)('dumps of %s', (name) => {
  const lab = new DumpLab(readFileSync(join(FOLDER, `${name}.conf`), 'utf8'), moments(name));
  const files = readdirSync(join(FOLDER, name)).filter((file) => file.startsWith('keepalived'));

  it.each(files)('%s', (file) => {
    const recorded = readFileSync(join(FOLDER, name, file), 'utf8');
    expect(masked(lab.written(`/tmp/${file}`))).toEqual(masked(recorded));
  });
});
