/** TypeScript in the docs compiles as a reader's project would compile it, and so do the ready programs. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** As a reader has it: strict, with nothing of this repository but its package. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  allowImportingTsExtensions: true,
  types: ['node'],
};

/** Blocks of a page as files beside each other; `file=NAME` names one, the others are numbered. */
function blocksOf(page: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const found = [...text.matchAll(/^```ts(?:[ \t]+file=(\S+))?\n([\s\S]*?)^```/gm)];
  return new Map(
    found.map(([, name, body = ''], index) => [
      // A folder that is not there, below the root: there the name of the package leads to itself.
      join(ROOT, '.lantwin/typed', page.replace(/\W/g, '-'), name ?? `block-${index + 1}.ts`),
      body,
    ]),
  );
}

function problemsOf(files: ReadonlyMap<string, string>): readonly string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const { readFile, fileExists, directoryExists } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.directoryExists = (path) =>
    [...files.keys()].some((file) => file.startsWith(`${path}/`)) ||
    (directoryExists?.(path) ?? true);
  const program = ts.createProgram([...files.keys()], OPTIONS, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file?.getLineAndCharacterOfPosition(start).line ?? 0;
    return `${file?.fileName}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  .filter((page) => page.endsWith('.md'))
  .filter((page) => blocksOf(page).size > 0);

describe('TypeScript', { timeout: 120_000 }, () => {
  test('of the package is built: its types are what is compiled against', () => {
    expect(existsSync(join(ROOT, 'dist/sim/cli/door.d.ts'))).toBe(true);
    expect(PAGES).toContain('docs/typescript.md');
  });
  test.each(PAGES)('%s compiles', (page) => {
    expect(problemsOf(blocksOf(page))).toEqual([]);
  });
  test('of the ready programs compiles', () => {
    const folder = join(ROOT, 'scenarios/typescript');
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    const texts = files.map((name) => {
      const path = join(folder, name);
      return [path, readFileSync(path, 'utf8')] as const;
    });
    expect(problemsOf(new Map(texts))).toEqual([]);
  });
  test('a wrong block does not compile', () => {
    const file = join(ROOT, '.lantwin/typed/wrong.ts');
    const text = "import { scenario } from 'lantwin';\nscenario({ lan: 1 });\n";
    expect(problemsOf(new Map([[file, text]]))[0]).toMatch(/wrong\.ts:2: /);
  });
});
