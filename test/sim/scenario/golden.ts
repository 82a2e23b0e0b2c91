/**
 * Compares a text with a file under test/golden; UPDATE_GOLDEN=1 rewrites it, the diff is reviewed.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../golden');

/** Expects `text` to be the content of `test/golden/NAME`. */
export function expectGolden(name: string, text: string): void {
  const path = join(ROOT, name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : `(no golden file ${name})`);
}
