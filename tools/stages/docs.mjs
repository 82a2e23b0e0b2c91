// Every command in README.md and docs/*.md is executed: fenced blocks of the language `sh` are run line by line in the
// repository, in a shell, and must exit 0 (or N, with a trailing `# exit N`). Blocks that need root, a browser or a
// second machine say `sh root`, `sh long` or `sh other` and are named as skipped unless another stage covers them.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** npx keeps the repository's own command in its cache; a cache of our own cannot be stale or half made. */
const NPX_CACHE = {
  npm_config_cache: mkdtempSync(join(tmpdir(), 'lantwin-npx-')),
  npm_config_loglevel: 'error',
};

export const docsStage = {
  name: 'commands in the docs',
  run: ({ root, run }) => {
    const files = ['README.md', ...listMarkdown(root)];
    const blocks = files.flatMap((file) =>
      findBlocks(file, readFileSync(join(root, file), 'utf8')),
    );
    const result = { passed: 0, failed: 0, skipped: [] };
    for (const block of blocks) {
      if (block.kind !== '') {
        result.skipped.push(`${block.file}:${block.line} (${block.kind}): ${block.commands[0]}`);
        continue;
      }
      for (const command of block.commands) runCommand(command, block, run, result);
    }
    return result;
  },
};

function runCommand(command, block, run, result) {
  const expected = Number(/#\s*exit (\d+)\s*$/.exec(command)?.[1] ?? 0);
  const outcome = run('bash', ['-c', command], {
    capture: true,
    timeoutMs: 300_000,
    env: NPX_CACHE,
  });
  if (outcome.status === expected) {
    result.passed++;
    return;
  }
  result.failed++;
  console.error(
    `${block.file}:${block.line}: '${command}' exited ${outcome.status}, not ${expected}`,
  );
  console.error(outcome.stdout.slice(-2000));
}

function listMarkdown(root) {
  return readdirSync(join(root, 'docs'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.md'))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => `docs/${name}`);
}

/** Fenced blocks that begin with ```sh; `kind` is the word behind it. */
function findBlocks(file, text) {
  const pattern = /^```sh(?:[ \t]+(\w+))?\n([\s\S]*?)^```/gm;
  return [...text.matchAll(pattern)].map((found) => ({
    file,
    line: text.slice(0, found.index).split('\n').length,
    kind: found[1] ?? '',
    commands: found[2]
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#')),
  }));
}
