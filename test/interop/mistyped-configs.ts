/** Recorded configurations with one or two mistakes, drawn from a seed: for comparing what two readers say about them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { REPOSITORY } from './requirements.ts';

const FOLDERS = ['config-diagnostics', 'config-diagnostics-own', 'traces', 'ipvs'];

const VALUES = [
  ...[
    '0',
    '1',
    '-1',
    '255',
    '256',
    '65536',
    '4294967296',
    '1.5',
    '0.01',
    '1e3',
    'abc',
    'on',
    'off',
  ],
  ...[
    'YES',
    'eth0',
    'eth9',
    '{',
    '}',
    '192.168.200.7',
    '192.168.200.7/33',
    'fe80::5',
    'fd00::1/64',
  ],
  ...[
    '255.255.255.255',
    '224.0.0.18',
    '"',
    '"a b"',
    "'",
    '#',
    '!',
    'dev',
    'MASTER',
    'VI_1',
    'PASS',
  ],
  ...[
    'weight',
    '-300',
    '10 reverse',
    '1000000',
    '0x10',
    '+5',
    '5s',
    '',
    'all',
    'lo',
    '$X',
    '/nosuch',
  ],
];

/** Makes as many files as wanted. Names of mail servers are left out: whether they exist is the machine's secret. */
export function mistypedConfigs(seed: string, count: number): readonly string[] {
  const originals = FOLDERS.flatMap(configsBelow).filter((text) => !/include|smtp_/.test(text));
  const firstWords = originals.flatMap((text) => text.split('\n').map(firstWord));
  const keywords = [...new Set(firstWords.filter((word) => /^[a-z_A-Z]{4,}$/.test(word)))];
  const random = seedrandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = (list: readonly string[]) => list[below(list.length)] ?? '';
  return Array.from({ length: count }, (_, index) => {
    let text = pick(originals);
    for (let made = 0; made <= index % 2; made++) text = mistake(text, { below, pick, keywords });
    return text;
  });
}

interface Chance {
  readonly below: (limit: number) => number;
  readonly pick: (list: readonly string[]) => string;
  readonly keywords: readonly string[];
}

function mistake(text: string, { below, pick, keywords }: Chance): string {
  const lines = text.split('\n');
  const at = below(lines.length);
  const line = lines[at] ?? '';
  const words = line.split(/(\s+)/);
  switch (below(7)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n');
    case 1:
      return lines.toSpliced(at, 0, pick(lines)).join('\n');
    case 2:
      return lines.toSpliced(at, 0, `  ${pick(keywords)} ${pick(VALUES)}`).join('\n');
    case 3:
      return lines.with(at, words.with(below(words.length), pick(VALUES)).join('')).join('\n');
    case 4:
      return lines.with(at, `${line} ${pick(VALUES)}`).join('\n');
    case 5:
      return lines
        .with(
          at,
          line.replace(/\S+/, () => pick(keywords)),
        )
        .join('\n');
    default:
      return lines.with(at, line.replace(/\s+\S+\s*$/, '')).join('\n');
  }
}

function firstWord(line: string): string {
  return line.trim().split(/\s+/)[0] ?? '';
}

function configsBelow(folder: string): readonly string[] {
  const path = join(REPOSITORY, 'test', 'reference', folder);
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.conf'))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => readFileSync(join(path, name), 'latin1'));
}
