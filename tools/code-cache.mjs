// Run by tools/pack.mjs with a pack's folder, the kind of start and the words of one command: runs it out of the pack, and leaves
// a code cache beside each chunk that it loaded. Made after the run, so what the command called is in it as well, beside what an
// earlier command left there.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { tuneEngine, cacheFile, startPacked } = createRequire(import.meta.url)('../bin/packed.js');
const scripts = [];
const [folder, kind] = process.argv.splice(2, 2);

// V8 takes a cache only under the flags it was made with.
tuneEngine(kind);
startPacked(folder, kind, (file, script) => scripts.push({ file, script }));
process.on('exit', () => {
  for (const { file, script } of scripts) {
    writeFileSync(cacheFile(file, kind), script.createCachedData());
  }
});
