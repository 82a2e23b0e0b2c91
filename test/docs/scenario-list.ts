/** What pages say about the repository's own scenarios: name, first sentence, rows of the articles. */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { loadScenario } from '../../sim/scenario/load-scenario.ts';

/** One scenario of the repository. */
export interface ListedScenario {
  /** Path inside the repository. */
  readonly path: string;
  readonly name: string;
  /** The first sentence of its explanation. */
  readonly claim: string;
  /** Rows of the articles that its comments name, such as `A2`. */
  readonly rows: readonly string[];
}

/** All scenarios by path. */
export function listedScenarios(root: string): readonly ListedScenario[] {
  return readdirSync(join(root, 'scenarios'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.twin.yml'))
    .toSorted()
    .map((name) => describe(root, `scenarios/${name}`));
}

/** Scenarios that are programs, as their head comment describes them: nothing is imported for a page. */
export function listedPrograms(root: string): readonly ListedScenario[] {
  return readdirSync(join(root, 'scenarios'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.twin.ts'))
    .toSorted()
    .map((name) => {
      const text = readFileSync(join(root, 'scenarios', name), 'utf8');
      const about = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1]?.replaceAll(/^\s*\* ?/gm, '') ?? '';
      return {
        path: `scenarios/${name}`,
        name: /\bname: '([^']+)'/.exec(text)?.[1] ?? name,
        claim: firstSentence(about),
        rows: [],
      };
    });
}

function describe(root: string, path: string): ListedScenario {
  const bytes = new Uint8Array(readFileSync(join(root, path)));
  const folder = join(root, dirname(path));
  const { scenario, problems } = loadScenario({
    file: basename(path),
    bytes,
    readFile: (name) => new Uint8Array(readFileSync(join(folder, name))),
  });
  if (scenario === undefined) throw new Error(`${path}: ${problems[0]?.message}`);
  return {
    path,
    name: scenario.name,
    claim: firstSentence(scenario.about ?? scenario.name),
    rows: rowsNamed(new TextDecoder().decode(bytes)),
  };
}

/** Up to the first full stop that ends a sentence: not the one in an address or a version. */
function firstSentence(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return /^.*?[.:](?=\s+[A-Z]|$)/.exec(flat)?.[0] ?? flat;
}

/** Rows in comments: `# … rows A1, A2`, `# E4`. A MAC address or a code is none of them. */
export function rowsNamed(text: string): readonly string[] {
  const comments = text.split('\n').flatMap((line) => /(?:^|\s)#(.*)$/.exec(line)?.[1] ?? []);
  const named = comments.flatMap((comment) => [
    ...comment.matchAll(/(?<![\w:.-])[A-E][1-9]\d?(?![\w-]|:[\dA-F])/g),
  ]);
  return [...new Set(named.map((found) => found[0]))];
}
