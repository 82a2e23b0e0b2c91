import { describe, expect, it } from 'vitest';
import { codeOnly, readSources, type SourceFile } from './sources.ts';

/** A word that must not stand in code, and what to use in its place. */
interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
}

const PURE_ZONE_BANS: readonly Ban[] = [
  { pattern: /\bMath\.random\b/, instead: 'a named stream of the engine' },
  { pattern: /\bnew Date\b|\bDate\.|\bperformance\b/, instead: 'the engine’s time' },
  { pattern: /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, instead: 'a deadline' },
  { pattern: /\b(async|await)\b|\bPromise\b/, instead: 'a later event' },
  { pattern: /\bconsole\b/, instead: 'an event of the run log' },
  { pattern: /\bBuffer\b|\bprocess\.|\bglobalThis\b/, instead: 'Uint8Array, System' },
  { pattern: /\btoLocale\w+|\bIntl\b|\blocaleCompare\b/, instead: 'plain comparison' },
  { pattern: /\bMath\.(log|log2|log10|exp|pow|sin|cos|tan)\b/, instead: 'integers, fractions' },
  { pattern: /\.sort\(\s*\)/, instead: '.sort with a comparer' },
  { pattern: /\.toSorted\(\s*\)/, instead: '.toSorted with a comparer' },
  { pattern: /\bfor\s*\(\s*(const|let|var)\s+\w+\s+in\b/, instead: 'for … of a Map or entries' },
];

const BANS_EVERYWHERE: readonly Ban[] = [
  { pattern: /\bas any\b/, instead: 'a type' },
  { pattern: /\b(describe|it|test)\.only\b/, instead: 'the whole suite' },
  { pattern: /\benum\s+\w+\s*\{/, instead: 'a union of strings' },
  { pattern: /\bexport default\b/, instead: 'a named export' },
];

const NODE_ZONES = ['daemon/linux/', 'daemon/main.ts', 'sim/bridge/', 'sim/server/', 'sim/cli/'];

/** What V8 may be told while it runs: told anything about its marking then, it crashes now and then. */
const LATE_FLAG = /setFlagsFromString\('--semi-space-growth-factor=\d'\)/g;

describe('banned words', () => {
  it('V8 is told at a start how it collects garbage, never later (bin/packed.js)', () => {
    const told = readSources('daemon', 'sim')
      .filter(({ text }) => /\bsetFlagsFromString\(/.test(text.replaceAll(LATE_FLAG, '')))
      .map(({ path }) => path);
    expect(told).toEqual([]);
  });

  it('the pure zone has no clock, chance, promise or console of its own', () => {
    const pure = readSources('daemon', 'sim').filter(
      (file) =>
        !file.path.endsWith('.d.ts') && !NODE_ZONES.some((zone) => file.path.startsWith(zone)),
    );
    expect(findBanned(pure, PURE_ZONE_BANS)).toEqual([]);
  });

  it('nothing switches the compiler or the suite off', () => {
    const all = readSources('daemon', 'sim', 'ui', 'test').filter(
      (file) => !/\.(d|config)\.ts$/.test(file.path) && !file.path.startsWith('test/architecture/'),
    );
    expect(findBanned(all, BANS_EVERYWHERE)).toEqual([]);
    const ignored = all.filter((file) => /@ts-(ignore|nocheck)|\bFIXME\b/.test(file.text));
    expect(ignored.map((file) => file.path)).toEqual([]);
  });

  it('no file is longer than 500 lines', () => {
    const long = readSources('daemon', 'sim', 'ui', 'test')
      .filter((file) => !/^test\/(golden|vectors|reference|bench\/peers)\//.test(file.path))
      .map((file) => ({ path: file.path, lines: file.text.split('\n').length }))
      .filter((file) => file.lines > 500);
    expect(long).toEqual([]);
  });

  it('the checks find what they look for', () => {
    const planted = { path: 'x.ts', text: 'const a = Math.random();', imports: [] };
    expect(findBanned([planted], PURE_ZONE_BANS)).toHaveLength(1);
    const harmless = {
      path: 'x.ts',
      text: "// Math.random\nconst a = 'Math.random';",
      imports: [],
    };
    expect(findBanned([harmless], PURE_ZONE_BANS)).toEqual([]);
  });
});

function findBanned(files: readonly SourceFile[], bans: readonly Ban[]): string[] {
  return files.flatMap((file) => {
    const lines = codeOnly(file.text).split('\n');
    return lines.flatMap((line, index) =>
      bans
        .filter((ban) => ban.pattern.test(line))
        .map((ban) => `${file.path}:${index + 1} ${ban.pattern.source}: use ${ban.instead}`),
    );
  });
}
