/**
 * The types of a scenario written in TypeScript, made of the JSON Schema of scenario files: one file per part,
 * an interface per mapping, every field with its description. So the two ways to write one never differ.
 */

import { scenarioJsonSchema } from '../../../sim/scenario/schema/scenario-schema.ts';
import { DURATION_PATTERN } from '../../../sim/scenario/schema/units.ts';

/** The part of JSON Schema that the export uses. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
}

const FOLDER = 'sim/scenario/document';
const WIDTH = 100;

/** Top-level keys that have a file of their own; their mappings have names that begin like it. */
const PARTS: readonly (readonly [key: string, file: string, prefix: string])[] = [
  ['lan', 'lan-document', 'Lan'],
  ['traffic', 'traffic-document', 'Traffic'],
  ['steps', 'step-document', 'Step'],
  ['always', 'invariant-document', 'Invariant'],
  ['finally', 'final-document', 'Final'],
];

/** Names that no generated file has to bring along. */
const GLOBAL = new Set(['Duration', 'Readonly', 'Record']);

/** Generated files by path. */
export function documentTypeFiles(): ReadonlyMap<string, string> {
  const schema = scenarioJsonSchema() as Schema;
  const files = new Map<string, string>();
  const roots = new Map<
    string,
    { readonly type: string; readonly file: string; needs: Set<string> }
  >();
  for (const [key, file, prefix] of PARTS) {
    const part = schema.properties?.[key];
    if (part === undefined) throw new Error(`the schema has no ${key}`);
    const writer = new Writer(prefix);
    const type = writer.typeOf(part, prefix);
    const needs = new Set([...type.matchAll(/\b[A-Z]\w+/g)].map(([name]) => name));
    roots.set(key, { type, file, needs });
    files.set(`${FOLDER}/${file}.ts`, writer.file(`The types of \`${key}\` of a scenario.`));
  }
  files.set(`${FOLDER}/scenario-document.ts`, rootFile(schema, roots));
  return files;
}

function rootFile(
  schema: Schema,
  roots: ReadonlyMap<string, { readonly type: string; readonly file: string; needs: Set<string> }>,
): string {
  const writer = new Writer('Scenario');
  const lines = fieldLines(
    schema,
    (key, field) => roots.get(key)?.type ?? writer.typeOf(field, `Scenario${pascal(key)}`),
  );
  const imports = [...roots.values()].flatMap(({ file, needs }) => {
    const names = [...needs].filter((name) => !GLOBAL.has(name)).sort();
    return names.length === 0 ? [] : [`import type { ${names.join(', ')} } from './${file}.ts';`];
  });
  return [
    head('A whole scenario as a value: what `scenario()` takes.'),
    "import type { Duration } from './duration.ts';",
    ...imports.sort(),
    '',
    ...writer.parts(),
    '/** A scenario, as in a `*.twin.yml` file. */',
    'export interface ScenarioDocument {',
    ...lines,
    '}',
    '',
  ].join('\n');
}

function head(title: string): string {
  return `/** ${title} Generated: UPDATE_GOLDEN=1 writes it. */\n`;
}

/** Writes the interfaces of one file, equal mappings once. */
class Writer {
  readonly #prefix: string;
  readonly #names = new Map<string, string>();
  readonly #parts: string[] = [];
  #usesDuration = false;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  typeOf(schema: Schema, hint: string): string {
    if (schema.anyOf !== undefined) {
      return [...new Set(schema.anyOf.map((one) => this.typeOf(one, hint)))].join(' | ');
    }
    if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
    if (schema.const !== undefined) return literal(schema.const);
    switch (schema.type) {
      case 'string':
        if (schema.pattern !== DURATION_PATTERN) return 'string';
        this.#usesDuration = true;
        return 'Duration';
      case 'integer':
      case 'number':
        return 'number';
      case 'boolean':
        return 'boolean';
      case 'array': {
        const item = this.typeOf(schema.items ?? {}, hint);
        return /[ |]/.test(item) ? `readonly (${item})[]` : `readonly ${item}[]`;
      }
      case 'object':
        return this.#objectType(schema, hint);
      default:
        return 'unknown';
    }
  }

  #objectType(schema: Schema, hint: string): string {
    if (schema.properties === undefined) {
      const { additionalProperties: value } = schema;
      const type = typeof value === 'object' ? this.typeOf(value, singular(hint)) : 'unknown';
      return `Readonly<Record<string, ${type}>>`;
    }
    const key = JSON.stringify(schema);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.#freeName(hint);
    this.#names.set(key, name);
    const lines = fieldLines(schema, (field, inner) =>
      this.typeOf(inner, `${this.#prefix}${pascal(field)}`),
    );
    const about = schema.description ?? `One item of ${hint}.`;
    this.#parts.push(`/** ${about} */`, `export interface ${name} {`, ...lines, '}', '');
    return name;
  }

  #freeName(hint: string): string {
    const taken = new Set(this.#names.values());
    if (!taken.has(hint)) return hint;
    for (let number = 2; ; number++) if (!taken.has(`${hint}${number}`)) return `${hint}${number}`;
  }

  parts(): readonly string[] {
    return this.#parts;
  }

  file(title: string): string {
    const imports = this.#usesDuration
      ? ["import type { Duration } from './duration.ts';", '']
      : [];
    return `${[head(title), ...imports, ...this.#parts].join('\n').trimEnd()}\n`;
  }
}

function fieldLines(
  schema: Schema,
  typeOf: (key: string, field: Schema) => string,
): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = /^[a-z][A-Za-z0-9]*$/.test(key) ? key : `'${key}'`;
    const mark = schema.required?.includes(key) === true ? '' : '?';
    const type = typeOf(key, field);
    return [
      ...commentLines(field.description),
      ...declaration(`  readonly ${name}${mark}: `, type),
    ];
  });
}

/** Laid out as the formatter does it: a union that is too long has a line for each member. */
function declaration(head: string, type: string): readonly string[] {
  if (head.length + type.length < WIDTH) return [`${head}${type};`];
  const list = /^readonly \((.*)\)\[\]$/.exec(type);
  const members = (list?.[1] ?? type).split(' | ');
  const indent = '    ';
  const lines = members.map((one, index) => {
    const isLast = index === members.length - 1 && list === null;
    return `${indent}| ${one}${isLast ? ';' : ''}`;
  });
  if (list === null) return [head.trimEnd(), ...lines];
  return [`${head}readonly (`, ...lines, '  )[];'];
}

function commentLines(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const words = text.replaceAll('*/', '* /');
  if (words.length + 10 <= WIDTH) return [`  /** ${words} */`];
  return ['  /**', ...wrapped(words).map((line) => `   * ${line}`), '   */'];
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + word.length + 6 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

const literal = (value: unknown) =>
  typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : String(value);
const singular = (name: string) => name.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');

function pascal(key: string): string {
  return key
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
