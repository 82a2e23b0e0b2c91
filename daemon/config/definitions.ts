/**
 * `$NAME=value` definitions: the table, what starts a definition, and substitution in a line. Values are
 * substituted when used, so a definition may name another one that comes later; unknown names stay as
 * they are. A definition of several lines is only found when it is the last thing on its line.
 *
 * Source: keepalived.conf(5) "PARAMETER SUBSTITUTION", `keepalived -t` of 2.2.7.
 */

import type { RandomSource } from '../base/random.ts';
import { trimStartBlank } from './words.ts';

/** One definition. The lines of a multi-line value are separated by '\n'. */
export interface Definition {
  value: string;
  multiline: boolean;
  /** Computes the value of a built-in from its parameters; absent for the user's own. */
  compute?: (parameters: readonly number[]) => string;
  /** `_ENV`: what the word behind the name stands for; `undefined` leaves the text as it is. */
  lookUp?: (name: string) => string | undefined;
}

/** What built-in definitions say. */
export interface BuiltIns {
  /** `_PWD`: directory of the file that is being read. */
  readonly directory: () => string;
  /** `_INSTANCE`: the configuration id. */
  readonly instance: string;
  /** `_RANDOM`: raw numbers, the same in each pass over the file. */
  readonly random: RandomSource;
  /** `_ENV`: the daemon's environment; absent before 2.4. */
  readonly environment?: (name: string) => string | undefined;
}

/** All definitions by name. */
export type Definitions = Map<string, Definition>;

/** A table that holds the built-ins only. */
export function newDefinitions(builtIns: BuiltIns): Definitions {
  const table: Definitions = new Map();
  const fixed = (value: string): Definition => ({ value, multiline: false });
  table.set('_PWD', { ...fixed(''), compute: () => builtIns.directory() });
  table.set('_INSTANCE', fixed(builtIns.instance));
  table.set('_RANDOM', { ...fixed(''), compute: (words) => randomText(builtIns.random, words) });
  table.set('_HASH', fixed('#'));
  table.set('_BANG', fixed('!'));
  const { environment } = builtIns;
  if (environment !== undefined) table.set('_ENV', { ...fixed(''), lookUp: environment });
  return table;
}

/** Sets a plain value, as ~SEQ and ~LST do. */
export function setDefinition(table: Definitions, name: string, value: string): void {
  table.set(name, { value, multiline: false });
}

/** Takes a line that begins a definition; `undefined` when it is none. */
export function takeDefinition(table: Definitions, line: string): Definition | undefined {
  const match = /^\$([A-Za-z_][A-Za-z0-9_]*)=/.exec(line);
  if (match === null) return undefined;
  const value = trimStartBlank(line.slice(match[0].length));
  const multiline = value.endsWith('\\');
  const text = multiline ? value.slice(0, -1).replace(/[ \t]+$/, '') : value;
  const definition: Definition = {
    value: multiline && text !== '' ? `${text}\n` : text,
    multiline,
  };
  table.set(match[1] as string, definition);
  return definition;
}

/** What one substitution run did to a line. */
export interface Substitution {
  readonly text: string;
  readonly changed: boolean;
  /** Rest of a multi-line value whose first line now stands in `text`. */
  readonly continuation?: string;
}

const USE =
  /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)([ 0-9]*)\}|([A-Za-z_][A-Za-z0-9_]*)(?=[ \t,)]|$)|\{_ENV +([A-Za-z_][A-Za-z0-9_]*)\})/g;

/**
 * Replaces the uses in a line from left to right; a replaced text is looked at again, so values may hold
 * uses. Stops after `limit` replacements, which a definition of itself would need.
 */
export function substitute(table: Definitions, line: string, limit = 200): Substitution {
  let text = line;
  let at = 0;
  let changed = false;
  let continuation: string | undefined;
  for (let count = 0; count < limit; count++) {
    const use = nextUse(table, text, at);
    if (use === undefined) break;
    const value = firstLine(use.definition, use.parameters);
    text = text.slice(0, use.from) + value.text + text.slice(use.to);
    if (value.rest !== undefined) continuation = value.rest;
    at = use.from;
    changed = true;
    if (trimStartBlank(use.definition.value).startsWith('~')) break;
  }
  return continuation === undefined ? { text, changed } : { text, changed, continuation };
}

interface Use {
  readonly from: number;
  readonly to: number;
  readonly definition: Definition;
  readonly parameters: readonly number[];
}

function nextUse(table: Definitions, text: string, from: number): Use | undefined {
  USE.lastIndex = from;
  for (let match = USE.exec(text); match !== null; match = USE.exec(text)) {
    const looked = lookedUp(table, match[4]);
    if (looked !== undefined) {
      return { from: match.index, to: match.index + match[0].length, ...looked };
    }
    const name = match[1] ?? match[3] ?? '';
    const spare = match[2] ?? '';
    const definition = table.get(name);
    const end = match.index + match[0].length;
    const fits =
      definition !== undefined &&
      (!definition.multiline || end === text.length) &&
      parametersFit(definition, spare);
    if (fits) {
      const parameters = spare
        .split(' ')
        .filter((word) => word !== '')
        .map(Number);
      return { from: match.index, to: end, definition, parameters };
    }
    USE.lastIndex = match.index + 1;
  }
  return undefined;
}

/** A variable of the environment as a definition of its own. */
function lookedUp(
  table: Definitions,
  variable: string | undefined,
): Pick<Use, 'definition' | 'parameters'> | undefined {
  const value = variable === undefined ? undefined : table.get('_ENV')?.lookUp?.(variable);
  if (value === undefined) return undefined;
  return { definition: { value, multiline: false }, parameters: [] };
}

function parametersFit(definition: Definition, spare: string): boolean {
  if (spare === '') return true;
  return definition.compute !== undefined && /^ +\d+( +\d+)?$/.test(spare);
}

function firstLine(
  definition: Definition,
  parameters: readonly number[],
): { readonly text: string; readonly rest?: string } {
  if (definition.compute !== undefined) return { text: definition.compute(parameters) };
  if (!definition.multiline) return { text: definition.value };
  const end = definition.value.indexOf('\n');
  if (end < 0) return { text: definition.value };
  return { text: definition.value.slice(0, end), rest: definition.value.slice(end + 1) };
}

/** keepalived's default range. Source: keepalived.conf(5). */
const RANDOM_MAX = 32_767;

function randomText(random: RandomSource, parameters: readonly number[]): string {
  const least = parameters[0] ?? 0;
  const most = parameters[1] ?? RANDOM_MAX;
  const span = Math.max(1, most - least + 1);
  return String((random.uint32() % span) + least);
}
