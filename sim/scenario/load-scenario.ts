/**
 * A scenario file as text to a `Scenario`, or the list of everything that is wrong with it and with
 * the files it names, found in one pass. The only door through which scenario files come in; it
 * touches no disk itself.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import { decodeUtf8 } from '../../daemon/wire/text.ts';
import { checkConfigs } from './check-configs.ts';
import { checkReferences } from './check-references.ts';
import { type OutsideJoin, readLan } from './read-lan.ts';
import { readSteps, runEnd } from './read-steps.ts';
import { readTraffic } from './read-traffic.ts';
import { Reading, type ReadScenarioFile } from './reading.ts';
import type { Located, Scenario } from './scenario.ts';
import { namesIn, type Placed, wholeItem, without } from './schema/repair.ts';
import { type RawScenario, scenarioSchema } from './schema/scenario-schema.ts';
import { plainWords, schemaProblems } from './schema/schema-problems.ts';
import { type PathPart, type PlaceMap, readYaml } from './yaml-source.ts';

/** What `loadScenario` takes. */
export interface LoadOptions {
  /** The name of the file in problems and reports. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /**
   * Reads the files that the scenario names; paths are relative to its folder and never leave it.
   */
  readonly readFile: ReadScenarioFile;
  /** Real networks that are joined to ports of the LAN, as the command line says. */
  readonly outside?: readonly OutsideJoin[];
}

/** What became of a scenario file. */
export interface LoadedScenario {
  /** Absent when a problem is an error. */
  readonly scenario?: Scenario;
  /** Sorted by file and place. */
  readonly problems: readonly Problem[];
  /** Texts that problems point into, by file name. */
  readonly sources: ReadonlyMap<string, string>;
}

const DEFAULT_SEED = 1;

/** Reads and checks one scenario; see the head of the file. */
export function loadScenario(options: LoadOptions): LoadedScenario {
  const { file } = options;
  const text = decodeUtf8(options.bytes).replace(/^\ufeff/, '');
  const yaml = readYaml(file, text);
  const reading = new Reading(file, yaml.places, options.readFile);
  reading.sources.set(file, text);
  reading.problems.push(...yaml.problems);
  if (yaml.value === undefined) return finish(reading);
  const result = scenarioSchema.safeParse(yaml.value, { error: plainWords });
  if (!result.success) {
    checkWhatIsLeft({ value: yaml.value, places: yaml.places }, reading, options);
    return finish(reading);
  }
  const scenario = assemble(result.data, { file, text }, reading, options.outside);
  return reading.failed ? finish(reading) : { scenario, ...finish(reading) };
}

function assemble(
  raw: RawScenario,
  source: { readonly file: string; readonly text: string },
  reading: Reading,
  outside: readonly OutsideJoin[] = [],
): Scenario {
  const bare = readLan(raw, reading, outside);
  const traffic = readTraffic(raw, reading);
  const { steps, files } = readSteps(raw, reading);
  const always = located(raw.always, 'always', reading);
  const final = located(raw.finally, 'finally', reading);
  const configs = checkConfigs(raw, bare, { steps, reading });
  const lan = { ...bare, hosts: configs.hosts };
  const known = { lan, traffic, steps, always, finally: final };
  checkReferences(known, configs, reading);
  return {
    ...source,
    name: raw.name ?? nameOfFile(source.file),
    ...(raw.about === undefined ? {} : { about: raw.about.trim() }),
    seed: raw.seed ?? DEFAULT_SEED,
    ...known,
    until: raw.until === undefined ? runEnd(steps) : runEnd([], raw.until),
    files,
  };
}

/** How often parts are taken out before the rest is given up. */
const REPAIRS = 10;

/**
 * The problems of a document that the schema refused; the parts that it refused are taken out and
 * the rest is checked like any other, so that all problems come out in one pass.
 */
function checkWhatIsLeft(document: Placed, reading: Reading, options: LoadOptions): void {
  const dropped: (readonly PathPart[])[] = [];
  let placed: Placed | undefined = document;
  for (let round = 0; round < REPAIRS && placed !== undefined; round++) {
    const result = scenarioSchema.safeParse(placed.value, { error: plainWords });
    if (result.success) {
      const rest = new Reading(options.file, placed.places, options.readFile);
      assemble(result.data, { file: options.file, text: '' }, rest, options.outside);
      const ghosts = namesIn(dropped);
      const cards = new Set(dropped.flatMap(cardIn));
      const own = rest.problems.filter(
        (problem) =>
          !isEcho(problem, ghosts) &&
          !isHostEcho(problem, dropped) &&
          !isCardEcho(problem, cards) &&
          !isEmptyProgram(problem, dropped, document.places),
      );
      reading.problems.push(...own);
      for (const [file, text] of rest.sources) reading.sources.set(file, text);
      return;
    }
    const found = schemaProblems(options.file, result.error.issues, placed.places);
    // Later rounds only meet what the holes of the first one leave behind.
    if (round === 0) reading.problems.push(...found.map((one) => one.problem));
    const drops = found.map((one) => wholeItem(one.drop));
    dropped.push(...drops);
    placed = without(placed, drops);
  }
}

/** A complaint about a name that is only missing because its definition was refused. */
function isEcho(problem: Problem, ghosts: ReadonlySet<string>): boolean {
  if (!problem.code.startsWith('scenario:unknown-')) return false;
  const name = /'([^']*)'/.exec(problem.message)?.[1] ?? '';
  return name.split(':').some((part) => ghosts.has(part));
}

/** What no configuration and no host has, although one whose description was refused may have it. */
function isHostEcho(problem: Problem, dropped: readonly (readonly PathPart[])[]): boolean {
  const kinds = ['address', 'vrid', 'instance'].map((kind) => `scenario:unknown-${kind}`);
  return (
    kinds.includes(problem.code) &&
    dropped.some(([lan, hosts]) => lan === 'lan' && hosts === 'hosts')
  );
}

/** A program without a kind, because the kind was refused with what stood in it. */
function isEmptyProgram(
  problem: Problem,
  dropped: readonly (readonly PathPart[])[],
  places: PlaceMap,
): boolean {
  if (!problem.message.startsWith('expected one program per item, read none')) return false;
  return dropped.some((path) => {
    if (path[0] !== 'lan' || path[3] !== 'programs' || path.length < 6) return false;
    const { line, column } = places.valueAt(path.slice(0, 5));
    return problem.line === line && problem.column === column;
  });
}

/** The network card whose description was refused, or that of which a part was. */
function cardIn(path: readonly PathPart[]): readonly string[] {
  const [lan, hosts, , nics, card] = path;
  const isCard = lan === 'lan' && hosts === 'hosts' && nics === 'nics';
  return isCard && typeof card === 'string' ? [card] : [];
}

/** What a keepalived.conf says of a card that is only missing because its description was refused. */
function isCardEcho(problem: Problem, cards: ReadonlySet<string>): boolean {
  if (problem.code !== 'config:unknown-interface' || cards.size === 0) return false;
  const { message } = problem;
  return (
    message.startsWith('an interface named') || message.split(' ').some((one) => cards.has(one))
  );
}

function located<T>(
  items: readonly T[] | undefined,
  key: string,
  reading: Reading,
): readonly Located<T>[] {
  return (items ?? []).map((spec, index) => ({
    spec,
    place: reading.places.valueAt([key, index]),
  }));
}

function nameOfFile(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.twin\.ya?ml$/, '');
}

function finish(reading: Reading): {
  readonly problems: readonly Problem[];
  readonly sources: ReadonlyMap<string, string>;
} {
  const order = [...new Set(reading.problems.map((problem) => problem.file))];
  const problems = reading.problems.toSorted(
    (a, b) =>
      order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
  return { problems, sources: reading.sources };
}
