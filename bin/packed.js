// Starts the packed command line of dist/sim/packed (see tools/pack.mjs): CommonJS chunks, each with its code cache beside it,
// what V8 made of the chunk when the package was built. With it nothing is parsed or compiled on a start, which is a quarter
// of `lantwin run` on one scenario. V8 refuses the cache of another version or other flags; then the chunk is compiled as ever.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { constants, Script } = require('node:vm');

/**
 * Flags of V8 for short runs; the bench measures with the same (docs/performance.md tells what each brings).
 *
 * A simulation's objects die within an event. Left alone, Node gives new ones up to two times 16 MiB, which makes a run
 * 20 to 40 MiB larger and not faster.
 * Most runs end before V8 has optimised what they call, so the time its optimiser takes is what counts. A quarter of the
 * usual limit (920) of what it copies into one function more than halves that time, and long runs are none the slower.
 */
function tuneEngine() {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=250');
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

/** Runs `lantwin.cjs` of a folder; calls back with the file and the script of each chunk that gets loaded. */
function startPacked(folder, onChunk = () => {}) {
  hushLoaderWarning();
  const requireOther = createRequire(join(folder, 'lantwin.cjs'));
  const chunks = new Map();
  const load = (name) => {
    const known = chunks.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    chunks.set(name, module);
    const file = join(folder, name);
    const script = compile(file);
    onChunk(file, script);
    script.runInThisContext()(module.exports, requireFromPack, module, file, folder);
    return module.exports;
  };
  const requireFromPack = (name) =>
    name.startsWith('./') ? load(name.slice(2)) : requireOther(name);
  load('lantwin.cjs');
}

function compile(filename) {
  return new Script(readFileSync(filename, 'utf8'), {
    filename,
    cachedData: cacheOf(filename),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function cacheOf(filename) {
  try {
    return readFileSync(`${filename}.cache`);
  } catch {
    return undefined;
  }
}

module.exports = { tuneEngine, startPacked };
