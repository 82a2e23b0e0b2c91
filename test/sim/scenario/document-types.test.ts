/** The types of TypeScript scenarios are those of the schema; UPDATE_GOLDEN=1 writes them. */

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentTypeFiles } from './document-types.ts';

test.each([...documentTypeFiles()])('%s follows the schema (UPDATE_GOLDEN=1)', (path, text) => {
  const file = new URL(`../../../${path}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
});
