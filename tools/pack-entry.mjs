// Packs another program of this repository as the command line is packed: node tools/pack-entry.mjs ENTRY.ts FOLDER [WORDS…]
// FOLDER/start.cjs then runs it as bin/lantwin.js runs the command. Each of WORDS, one argument, are the words of a run that
// fills the code cache. A process of its own: the memory of a large one would count for the programs that it starts (Linux, getrusage).
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
writeFileSync(
  join(folder, 'start.cjs'),
  `const { tuneEngine, startPacked } = require(${JSON.stringify(join(root, 'bin', 'packed.js'))});
tuneEngine();
startPacked(__dirname);
`,
);
for (const words of runs) fillCodeCache(root, resolve(folder), words.split(' '));
