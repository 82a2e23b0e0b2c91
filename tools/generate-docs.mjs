// Writes docs/keepalived-keywords.md and docs/actions.md out of the code's own tables and the tests' markers
// (`// proves: keyword:BLOCK/NAME`, `// proves: action:NAME`). test/docs asserts that the committed pages are these.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const result = spawnSync(
  process.execPath,
  [join(root, 'tools/run-built.mjs'), join(root, 'test/docs/main.ts')],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
