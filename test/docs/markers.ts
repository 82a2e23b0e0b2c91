/**
 * Finds the markers `// proves: keyword:BLOCK/NAME` and `// proves: action:NAME` above tests, and
 * the titles of the tests below them.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One marker. */
export interface Marker {
  readonly kind: string;
  readonly name: string;
  /** Title of the test that it stands above, `undefined` when there is none. */
  readonly title: string | undefined;
  readonly file: string;
  readonly line: number;
}

const MARKER = /^\s*\/\/ proves:\s*(.+)$/;
/** The first text of a test's call; a table test may have its title in a template. */
const TITLE =
  /\b(?:it|test)(?:\.[a-z]+)*\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/;
/** How many lines below its marker a test may begin. */
const REACH = 12;

/** All markers of the tests, in the order of files and lines. */
export function findMarkers(root: string): readonly Marker[] {
  const files = readdirSync(join(root, 'test'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .toSorted();
  return files.flatMap((name) => markersOf(root, `test/${name}`));
}

function markersOf(root: string, file: string): Marker[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  return lines.flatMap((text, index) => {
    const words =
      MARKER.exec(text)?.[1]
        ?.trim()
        .split(/[\s,]+/) ?? [];
    const title = words.length === 0 ? undefined : titleBelow(lines, index + 1);
    return words.map((word) => {
      const colon = word.indexOf(':');
      const kind = word.slice(0, Math.max(0, colon));
      return { kind, name: word.slice(colon + 1), title, file, line: index + 1 };
    });
  });
}

function titleBelow(lines: readonly string[], from: number): string | undefined {
  const text = lines.slice(from, from + REACH).join('\n');
  const found = TITLE.exec(text);
  return found?.[1] ?? found?.[2] ?? found?.[3];
}
