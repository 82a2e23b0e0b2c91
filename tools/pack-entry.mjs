// Packs another program of this repository as the command line is packed: node tools/pack-entry.mjs ENTRY.ts FOLDER [WORDS…]
// FOLDER/batch.cjs and FOLDER/served.cjs then run it as bin/lantwin.js runs commands of that kind. Each of WORDS, one argument, are the
// words of a run that fills the code caches. A process of its own: the memory of a large one would count for the programs that it starts (Linux, getrusage).
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillCodeCache, packEntry } from './pack.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [entry, folder, ...runs] = process.argv.slice(2);
if (entry === undefined || folder === undefined) {
  console.error('usage: node tools/pack-entry.mjs ENTRY.ts FOLDER [WORDS…]');
  process.exit(64);
}

await packEntry(root, resolve(root, entry), resolve(folder));
for (const kind of ['batch', 'served']) {
  writeFileSync(
    join(folder, `${kind}.cjs`),
    `const { tuneEngine, startPacked } = require(${JSON.stringify(join(root, 'bin', 'packed.js'))});
tuneEngine('${kind}');
startPacked(__dirname, '${kind}');
`,
  );
  for (const words of runs) fillCodeCache(root, resolve(folder), kind, words.split(' '));
}
