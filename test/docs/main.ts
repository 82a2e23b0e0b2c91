/** Writes the generated pages: node tools/generate-docs.mjs. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderPages } from './pages.ts';

const root = process.env.LANTWIN_ROOT ?? process.cwd();
for (const [path, text] of renderPages(root)) {
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}
