// Writes THIRD-PARTY-NOTICES.md: every package whose code reaches users, as a dependency, packed into the command line or
// built into the page, with its licence. `--check` compares instead of writing; there a package that this machine could not
// install (raw-socket is optional and needs a compiler) counts as it stands in the file.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'THIRD-PARTY-NOTICES.md');
/** Development packages whose code the browser view contains. */
const IN_PAGE = [
  'svelte',
  '@codemirror/commands',
  '@codemirror/language',
  '@codemirror/lint',
  '@codemirror/state',
  '@codemirror/view',
  '@lezer/highlight',
];

const isCheck = process.argv.includes('--check');
const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
const text = notices();
if (isCheck) {
  const isSame = before === text;
  if (!isSame)
    console.error('THIRD-PARTY-NOTICES.md is not what node tools/third-party.mjs writes');
  process.exitCode = isSame ? 0 : 1;
} else writeFileSync(file, text);

function notices() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const names = new Set(reached(lock));
  const parts = [...names].sort().map((name) => section(name, lock[`node_modules/${name}`]));
  return `# Third-party notices

lantwin is under the MIT licence (LICENSE). It uses, and its package partly contains, the packages below under their own
licences. This file is made by \`node tools/third-party.mjs\`.

${parts.join('\n')}`;
}

/** The dependencies and what they need in turn; optional platform packages of koffi are all alike, one stands for them. */
function reached(lock) {
  const { dependencies = {}, optionalDependencies = {} } = lock[''];
  const waiting = [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...IN_PAGE];
  const found = new Set();
  while (waiting.length > 0) {
    const name = waiting.pop();
    const entry = lock[`node_modules/${name}`];
    if (found.has(name) || entry === undefined || /^@koromix\//.test(name)) continue;
    found.add(name);
    const isSvelte = name === 'svelte';
    const needs = Object.keys(entry.dependencies ?? {});
    // Svelte's compiler has dependencies that never reach a page; its runtime has these.
    waiting.push(
      ...(isSvelte ? needs.filter((one) => ['clsx', 'esm-env', 'devalue'].includes(one)) : needs),
    );
  }
  return found;
}

function section(name, entry) {
  const folder = join(root, 'node_modules', name);
  if (!existsSync(folder) && entry.optional === true) {
    if (isCheck) return sectionBefore(name, entry);
    throw new Error(`${name} is not installed here: run this where npm ci can build it`);
  }
  const licence = entry.license ?? 'see its repository';
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.find((one) => /^(licen[cs]e|copying)/i.test(one));
  const body = found === undefined ? undefined : readFileSync(join(folder, found), 'utf8').trim();
  const quoted = body === undefined ? '' : `\n\`\`\`text\n${body.replaceAll('\r', '')}\n\`\`\`\n`;
  return `## ${name} ${entry.version}\n\nLicence: ${licence}\n${quoted}`;
}

/** The section as the file has it, if it is of the version wanted. */
function sectionBefore(name, entry) {
  const from = before.indexOf(`## ${name} ${entry.version}\n`);
  if (from < 0) return '';
  const next = before.slice(from + 3).search(/^## \S+ \d/m);
  return next < 0 ? before.slice(from) : before.slice(from, from + 3 + next - 1);
}
