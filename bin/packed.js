// Starts the packed command line of dist/sim/packed (see tools/pack.mjs): CommonJS chunks, each with its code cache beside it,
// what V8 made of the chunk when the package was built. With it nothing is parsed or compiled on a start, which is a quarter
// of `lantwin run` on one scenario. V8 refuses the cache of another version or other flags; then the chunk is compiled as ever.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { constants, Script } = require('node:vm');

/** Commands that compute and answer at the end. `explore` does so in threads, which gain nothing by it. */
const BATCH = ['run'];

/** How a command line is started: `batch`, or `served` where somebody waits for answers meanwhile. */
function kindOf(words) {
  return BATCH.includes(words[0]) ? 'batch' : 'served';
}

/**
 * Flags of V8 for short runs; the bench measures with the same (docs/performance.md tells what each brings).
 *
 * A simulation's objects die within an event. Left alone, Node gives new ones up to two times 16 MiB, which makes a run
 * 20 to 40 MiB larger and not faster.
 * Most runs end before V8 has optimised what they call, so the time its optimiser takes is what counts. A quarter of the
 * usual limit (920) of what it copies into one function more than halves that time, and long runs are none the slower.
 * In a batch nobody waits between two events, so V8 need not collect garbage little by little, which makes each write to an
 * object cost more: a run takes 5 to 7 % less time. V8 may have begun to do so later on, and crashes when it is told then.
 */
function tuneEngine(kind) {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=250');
  if (kind === 'batch') setFlagsFromString('--no-incremental-marking');
}

/**
 * Keeps Node 20 from telling users of an experiment that they can do nothing about: the loader that `compile` names, which
 * later versions take for granted. All other warnings are shown.
 */
function hushLoaderWarning() {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes('vm.USE_MAIN_CONTEXT_DEFAULT_LOADER'))
      emitWarning(warning, ...rest);
  };
}

/** Where the code cache of a chunk lies: V8 takes none that was made under other flags, so each kind has its own. */
function cacheFile(chunk, kind) {
  return `${chunk}.${kind}.cache`;
}

/** Runs `lantwin.cjs` of a folder; calls back with the file and the script of each chunk that gets loaded. */
function startPacked(folder, kind, onChunk = () => {}) {
  hushLoaderWarning();
  const requireOther = createRequire(join(folder, 'lantwin.cjs'));
  const chunks = new Map();
  const load = (name) => {
    const known = chunks.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    chunks.set(name, module);
    const file = join(folder, name);
    const script = compile(file, kind);
    onChunk(file, script);
    script.runInThisContext()(module.exports, requireFromPack, module, file, folder);
    return module.exports;
  };
  const requireFromPack = (name) =>
    name.startsWith('./') ? load(name.slice(2)) : requireOther(name);
  load('lantwin.cjs');
}

function compile(filename, kind) {
  return new Script(readFileSync(filename, 'utf8'), {
    filename,
    cachedData: cacheOf(cacheFile(filename, kind)),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function cacheOf(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { kindOf, tuneEngine, cacheFile, startPacked };
