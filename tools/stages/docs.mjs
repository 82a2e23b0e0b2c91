// Every command in README.md and docs/*.md is executed: fenced blocks of the language `sh` are run line by line in the
// repository, in a shell, and must exit 0 (or N, with a trailing `# exit N`). Blocks that need root, a browser or a
// second machine say `sh root`, `sh long` or `sh other` and are named as skipped unless another stage covers them.
// A page that builds something from nothing has a folder of its own: a block `yaml file=NAME` is written there, and the
// commands of `sh work` run there.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Tally } from './tally.mjs';

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
    const tally = new Tally();
    const workshop = join(root, '.lantwin', 'docs');
    rmSync(workshop, { recursive: true, force: true });
    for (const block of blocks) {
      const folder = join(workshop, block.file.replace(/\.md$/, ''));
      if (block.writes !== undefined) {
        const path = join(folder, block.writes);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, block.text);
        continue;
      }
      if (block.kind === 'work') {
        mkdirSync(folder, { recursive: true });
        for (const command of block.commands) {
          runCommand(command, { block, folder }, run, tally);
        }
        continue;
      }
      if (block.kind !== '') {
        tally.skipped.push(`${block.file}:${block.line} (${block.kind}): ${block.commands[0]}`);
        continue;
      }
      for (const command of block.commands) {
        runCommand(command, { block, folder: root }, run, tally);
      }
    }
    return tally;
  },
};

function runCommand(command, { block, folder }, run, tally) {
  const expected = Number(/#\s*exit (\d+)\s*$/.exec(command)?.[1] ?? 0);
  const outcome = run('bash', ['-c', command], {
    cwd: folder,
    capture: true,
    timeoutMs: 300_000,
    env: NPX_CACHE,
  });
  tally.check(
    `${block.file}:${block.line}: '${command}'`,
    outcome.status === expected,
    `exited ${outcome.status}, not ${expected}\n${outcome.stdout.slice(-2000)}`,
  );
}

function listMarkdown(root) {
  return readdirSync(join(root, 'docs'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.md') && !name.startsWith('site/'))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => `docs/${name}`);
}

/** Fenced blocks to run or to write; `kind` is the word behind `sh`. */
function findBlocks(file, text) {
  const pattern = /^```(\w+)(?:[ \t]+(\S+))?\n([\s\S]*?)^```/gm;
  return [...text.matchAll(pattern)].flatMap((found) => {
    const [, language, word = '', body] = found;
    const line = text.slice(0, found.index).split('\n').length;
    if (word.startsWith('file=')) return [{ file, line, writes: word.slice(5), text: body }];
    if (language !== 'sh') return [];
    const commands = body
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .filter((command) => command.trim() !== '' && !command.startsWith('#'));
    return [{ file, line, kind: word, commands }];
  });
}
