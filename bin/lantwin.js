#!/usr/bin/env node
// The packed command line starts four times as fast as the separate modules of dist/ (see tools/pack.mjs). It is taken
// only while it is newer than every project that `tsc -b` built, so that nobody ever runs yesterday's code.
import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

// A simulation's objects die within an event. Left alone, Node gives new ones up to two times 16 MiB, which makes a run
// 20 to 40 MiB larger and not faster (docs/performance.md); the bench measures with the same.
setFlagsFromString('--semi-space-growth-factor=1');

const dist = new URL('../dist/', import.meta.url);
const packed = new URL('sim/packed/lantwin.mjs', dist);
const projects = ['daemon', 'daemon-linux', 'sim', 'sim-node'];
const builtAt = (url) => statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const packedAt = builtAt(packed);
const isFresh = projects.every((name) => builtAt(new URL(`${name}.tsbuildinfo`, dist)) <= packedAt);

await import(packedAt > 0 && isFresh ? packed.href : new URL('sim/cli/main.js', dist).href);
