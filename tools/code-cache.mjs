// Run by tools/pack.mjs with a pack's folder and the words of one command: runs it out of the pack, and leaves a code cache
// beside each chunk that it loaded. Made after the run, so what the command called is in it as well, beside what an earlier
// command left there.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';

const { tuneEngine, startPacked } = createRequire(import.meta.url)('../bin/packed.js');
const scripts = [];
const [folder] = process.argv.splice(2, 1);

// V8 takes a cache only under the flags it was made with.
tuneEngine();
startPacked(folder, (file, script) => scripts.push({ file, script }));
process.on('exit', () => {
  // A run changed this flag when all was loaded (sim/cli/batch-engine.ts); a start will find it as it was.
  setFlagsFromString('--incremental-marking');
  for (const { file, script } of scripts) {
    writeFileSync(`${file}.cache`, script.createCachedData());
  }
});
