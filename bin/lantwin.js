#!/usr/bin/env node
// The packed command line starts several times as fast as the separate modules of dist/ (see tools/pack.mjs). It is taken
// only while it is newer than every project that `tsc -b` built, so that nobody ever runs yesterday's code.
// CommonJS (package.json beside this): Node's loader of ECMAScript modules alone takes 20 ms.
const { statSync } = require('node:fs');
const { join } = require('node:path');
const { kindOf, tuneEngine, startPacked } = require('./packed.js');

const kind = kindOf(process.argv.slice(2));
tuneEngine(kind);

const dist = join(__dirname, '..', 'dist');
const packed = join(dist, 'sim', 'packed');
const projects = ['daemon', 'daemon-linux', 'sim', 'sim-node'];
const builtAt = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const packedAt = builtAt(join(packed, 'lantwin.cjs'));
const isFresh = projects.every((name) => builtAt(join(dist, `${name}.tsbuildinfo`)) <= packedAt);

if (packedAt > 0 && isFresh) startPacked(packed, kind);
else import('../dist/sim/cli/main.js');
