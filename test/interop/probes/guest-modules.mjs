// Loads kernel modules with what they depend on, in a guest of user-mode-linux: `node guest-modules.mjs NAME…`. Through
// koffi, so that the machine needs no kmod.
import { openSync, readdirSync, readFileSync } from 'node:fs';
import koffi from 'koffi';

const FINIT_MODULE = 313;
const EEXIST = 17;
const folder = `/usr/lib/uml/modules/${readdirSync('/usr/lib/uml/modules')[0]}`;
const syscall = koffi.load(null).func('long syscall(long, ...)');
const lines = readFileSync(`${folder}/modules.dep`, 'utf8').trim().split('\n');
const dependencies = new Map(
  lines.map((line) => {
    const [path, after] = line.split(':');
    return [path, (after ?? '').split(' ').filter((word) => word !== '')];
  }),
);

for (const name of process.argv.slice(2)) {
  const path = [...dependencies.keys()].find((one) => one.endsWith(`/${name}.ko`));
  if (path === undefined) continue;
  // The list names the nearest dependency first.
  for (const one of [...[...dependencies.get(path)].reverse(), path]) load(one);
}

function load(path) {
  const descriptor = openSync(`${folder}/${path}`, 'r');
  const result = syscall(FINIT_MODULE, 'int', descriptor, 'str', '', 'int', 0);
  if (Number(result) < 0 && koffi.errno() !== EEXIST) {
    process.stdout.write(`module ${path}: error ${koffi.errno()}\n`);
    process.exitCode = 1;
  }
}
