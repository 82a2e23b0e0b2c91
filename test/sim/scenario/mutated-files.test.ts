// Scenario files that somebody mistyped: each ready scenario with lines lost, doubled, moved and with other values.
// Nothing throws, every problem has a place in the file and the words of who writes YAML, and what loads has a scenario.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import seedrandom from 'seedrandom';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { loadScenario } from '../../../sim/scenario/load-scenario.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../scenarios');
const FILES = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.twin.yml'))
  .toSorted((a, b) => (a < b ? -1 : 1));

const VALUES = [
  ...['-1', '0', '1e9', '""', '~', '{}', '[]', '[[]]', '{ a: 1 }', 'true', '.inf', '0x10', '100%'],
  ...['10.0.0.0/33', '::1', 'ff02::1/200', '1us', '-5s', '99999999999h', 'a:b:c', '&x 1', '*x'],
  ...['!!binary x', '"\\u0000"', 'é', "'", '2024-01-01', 'constructor', '__proto__', '65536'],
];
const SIGNS = ['{', '}', '[', ']', ':', ',', '#', '-', '"', '\t', '|', '>', '&', '*', '\u0000'];

/** What zod says by itself, and what no text for people contains. */
const ODD_WORDS = /Invalid input|received|nonoptional|undefined|\[object/;

/** One mistake; `below(n)` draws from 0 to n-1. */
function mistake(text: string, below: (count: number) => number): string {
  const lines = text.split('\n');
  const at = below(lines.length);
  const line = lines[at] ?? '';
  const value = VALUES[below(VALUES.length)] ?? '';
  const place = below(text.length);
  switch (below(6)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n');
    case 1:
      return lines.toSpliced(at, 0, lines[below(lines.length)] ?? '').join('\n');
    case 2:
      return lines.with(at, `  ${line.trimStart()}`).join('\n');
    case 3:
      return lines.with(at, line.replace(/:.*/, `: ${value}`)).join('\n');
    case 4:
      return text.slice(0, place) + text.slice(place).replace(/[\w./-]+/, () => value);
    default:
      return text.slice(0, place) + (SIGNS[below(SIGNS.length)] ?? '') + text.slice(place + 1);
  }
}

describe.each(FILES)('%s, mistyped', (name) => {
  test('twenty times', () => {
    for (let seed = 1; seed <= 20; seed++) check(name, seed);
  });
});

function check(name: string, seed: number): void {
  const random = seedrandom(`${name}:${seed}`);
  const below = (count: number) => Math.floor(random() * count);
  let text = readFileSync(join(ROOT, name), 'utf8');
  for (let made = 0; made < 1 + (seed % 3); made++) text = mistake(text, below);
  const { scenario, problems } = loadScenario({
    file: name,
    bytes: encodeUtf8(text),
    readFile: (path) => {
      const file = join(ROOT, dirname(name), path);
      return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
    },
  });
  const errors = problems.filter((one) => one.severity === 'error');
  expect(scenario === undefined, `seed ${seed}`).toBe(errors.length > 0);
  for (const { line, column, message, hint } of problems) {
    expect([line > 0, column > 0], `${message}, seed ${seed}`).toEqual([true, true]);
    expect(`${message} ${hint ?? ''}`, `seed ${seed}`).not.toMatch(ODD_WORDS);
  }
}
