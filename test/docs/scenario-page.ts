/** The reference of the scenario file, walked out of its JSON Schema: the schema is the definition, the page cannot lag. */

import { scenarioJsonSchema } from '../../sim/scenario/schema/scenario-schema.ts';
import { MADE, table } from './tables.ts';

/** As much of a JSON Schema as ours has. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** A key with the path of the table that it stands in. */
interface Row {
  readonly key: string;
  readonly takes: string;
  readonly means: string;
}

const INTRODUCTION = [
  'A `*.twin.yml` says what stands on the LAN, what happens, and what is expected of it. An unknown key is an error with file, line',
  'and column. `npx lantwin schema` prints the JSON Schema that this page is made of; the first line',
  '`# yaml-language-server: $schema=…` makes an editor complete and check as you type. [Actions](./actions.md) have a page of their own.',
].join('\n');

/** The page. */
export function scenarioPage(): string {
  const tables = new Map<string, readonly Row[]>();
  walk('', scenarioJsonSchema() as Schema, tables);
  const parts = ['# The scenario file', MADE, INTRODUCTION];
  for (const [path, rows] of tables) {
    parts.push(path === '' ? '## Top level' : `## \`${path}\``);
    parts.push(
      table(
        ['key', 'takes', 'meaning'],
        rows.map(({ key, takes, means }) => [`\`${key}\``, takes, means]),
      ),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

/** Adds the table of a mapping, then those below it. `do:` is left to the page of the actions. */
function walk(path: string, schema: Schema, tables: Map<string, readonly Row[]>): void {
  if (/\bdo$/.test(path)) return;
  for (const part of partsOf(schema)) {
    const below: [string, Schema][] = [];
    if (part.properties !== undefined) {
      const rows = Object.entries(part.properties).map(([key, value]) => {
        below.push([path === '' ? key : `${path}.${key}`, value]);
        const isRequired = part.required?.includes(key) === true;
        return {
          key: isRequired ? `${key} (required)` : key,
          takes: kind(value),
          means: text(value),
        };
      });
      const known = tables.get(path) ?? [];
      const fresh = rows.filter((row) => !known.some((other) => other.key === row.key));
      if (rows.length > 0) tables.set(path, [...known, ...fresh]);
    }
    if (typeof part.additionalProperties === 'object') {
      below.push([`${path}.NAME`, part.additionalProperties]);
    }
    if (part.items !== undefined) below.push([`${path}[]`, part.items]);
    for (const [name, value] of below) walk(name, value, tables);
  }
}

function partsOf(schema: Schema): readonly Schema[] {
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(partsOf);
}

function text(schema: Schema): string {
  return schema.description ?? partsOf(schema).find((part) => part.description)?.description ?? '';
}

/** In words: text, whole number, one of, list of …, mapping. */
function kind(schema: Schema): string {
  const words = partsOf(schema).map((part) => {
    if (part.enum !== undefined) return part.enum.map((value) => `\`${value}\``).join(', ');
    if (part.const !== undefined) return `\`${part.const}\``;
    if (part.type === 'array')
      return `list of ${part.items === undefined ? '…' : kind(part.items)}`;
    if (part.type === 'object') return part.properties === undefined ? 'names' : 'mapping';
    if (part.type === 'integer') return 'whole number';
    if (part.type === 'boolean') return '`true`, `false`';
    return part.type === 'string' ? 'text' : (part.type ?? 'anything');
  });
  return [...new Set(words)].join(' or ');
}
