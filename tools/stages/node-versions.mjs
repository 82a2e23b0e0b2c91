// Same seed, same bytes: the trace hash of every scenario under the Node of the `node` package's version 24 equals the one
// under the Node that runs this.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Tally } from './tally.mjs';

const OTHER = 24;

export const nodeVersionsStage = {
  name: `trace hashes, Node ${process.versions.node} and ${OTHER}`,
  run: ({ root, run }) => {
    const other = installNode(root, run);
    if (other === undefined) {
      const reason = `Node ${OTHER} for ${process.platform}-${process.arch} could not be installed`;
      return Tally.skipped(reason);
    }
    const here = hashes(run, process.execPath);
    const there = hashes(run, other);
    const tally = new Tally();
    if (here.size === 0) tally.check('trace hashes', false, 'no scenario gave one');
    for (const [file, hash] of here) {
      const other = there.get(file);
      tally.check(file, other === hash, `${hash} here, ${other} under Node ${OTHER}`);
    }
    return tally;
  },
};

/** The binary inside the registry's package of that Node, kept below node_modules. */
function installNode(root, run) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(root, 'node_modules', '.cache', `node-${OTHER}`);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) {
    run('npm', ['install', '--silent', '--no-save', '--prefix', folder, `${name}@${OTHER}`], {
      capture: true,
    });
  }
  return existsSync(binary) ? binary : undefined;
}

function hashes(run, node) {
  const outcome = run(node, ['bin/lantwin.js', 'run', 'scenarios', '--json'], { capture: true });
  try {
    const results = JSON.parse(outcome.stdout).runs;
    return new Map(results.map((result) => [`${result.file}: ${result.name}`, result.traceHash]));
  } catch {
    return new Map();
  }
}
