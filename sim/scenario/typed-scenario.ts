/**
 * Scenarios written in TypeScript: the value that the program made is written as YAML and read by the ordinary
 * reader, so that both kinds mean the same and are checked alike. Places are then carried over to the lines of
 * the program, as far as it says the same words in the same order; what a loop made is shown where the call is.
 */

import { stringify } from 'yaml';
import type { Problem } from '../../daemon/config/problem.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import type { ScenarioDocument } from './document/scenario-document.ts';
import { type LoadedScenario, type LoadOptions, loadScenario } from './load-scenario.ts';
import type { ReadScenarioFile } from './reading.ts';
import type { Located, Scenario } from './scenario.ts';
import type { Place } from './yaml-source.ts';

/** What `loadTypedScenario` takes. */
export interface TypedScenario {
  /** The program's file, for problems and reports. */
  readonly file: string;
  /** The program's text; empty when it is not known. */
  readonly source: string;
  readonly document: ScenarioDocument;
  readonly readFile: ReadScenarioFile;
  /** Real networks that the command line joins. */
  readonly outside?: LoadOptions['outside'];
}

/** Checks a scenario that a program made; problems and places are those of the program. */
export function loadTypedScenario(typed: TypedScenario): LoadedScenario {
  const { file, source, document, readFile, outside = [] } = typed;
  const rendered = stringify(document, { aliasDuplicateObjects: false });
  const loaded = loadScenario({ file, bytes: encodeUtf8(rendered), readFile, outside });
  const shown = source === '' ? rendered : source;
  const move = source === '' ? (place: Place) => place : placeMover(rendered, source);
  const problems = loaded.problems.map((one): Problem => {
    if (one.file !== file || one.line === 0) return one;
    return { ...one, ...move({ line: one.line, column: one.column }) };
  });
  const sources = new Map(loaded.sources).set(file, shown);
  const { scenario } = loaded;
  if (scenario === undefined) return { problems, sources };
  return { scenario: moved(scenario, { move, shown, rendered }), problems, sources };
}

function moved(
  scenario: Scenario,
  given: {
    readonly move: (place: Place) => Place;
    readonly shown: string;
    readonly rendered: string;
  },
): Scenario {
  const { move, shown, rendered } = given;
  const all = <T>(items: readonly Located<T>[]) =>
    items.map((one) => ({ ...one, place: move(one.place) }));
  return {
    ...scenario,
    text: shown,
    rendered,
    steps: scenario.steps.map((step) => ({
      ...step,
      place: move(step.place),
      expect: all(step.expect),
    })),
    always: all(scenario.always),
    finally: all(scenario.finally),
  };
}

/** Lengths of what is looked for, the most telling first. */
const LENGTHS = [80, 40, 24, 12];

/** From places of the YAML to places of the program. */
function placeMover(rendered: string, source: string): (place: Place) => Place {
  const yaml = essence(rendered);
  const program = essence(source);
  const call = Math.max(0, source.search(/\bscenario\s*\(/));
  return (place) => {
    const from = yaml.at.findIndex(
      (one) => one.line > place.line || (one.line === place.line && one.column >= place.column),
    );
    for (const length of from < 0 ? [] : LENGTHS) {
      const wanted = yaml.text.slice(from, from + length);
      if (wanted.length < Math.min(length, LENGTHS.at(-1) ?? 0)) continue;
      const count = occurrences(yaml.text.slice(0, from + wanted.length), wanted).length;
      const found = program.at[occurrences(program.text, wanted)[count - 1] ?? -1];
      if (found !== undefined) return found;
    }
    return placeOf(source, call);
  };
}

function occurrences(text: string, wanted: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) found.push(at);
  return found;
}

/** The letters that YAML and a program share: no quotes, brackets, commas, dashes of lists, comments. */
function essence(text: string): { readonly text: string; readonly at: readonly Place[] } {
  const at: Place[] = [];
  let letters = '';
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const code = line.replace(/(^|\s)\/\/.*$/, '');
    for (const match of code.matchAll(/[A-Za-z0-9:./%_]/g)) {
      letters += match[0];
      at.push({ line: index + 1, column: match.index + 1 });
    }
  }
  return { text: letters, at };
}

function placeOf(source: string, offset: number): Place {
  const before = source.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
