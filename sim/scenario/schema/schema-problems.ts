/**
 * Turns what zod found into located problems: the place from the map of places, one problem per
 * wrong key or value.
 */

import type * as z from 'zod';
import type { Problem } from '../../../daemon/config/problem.ts';
import type { PathPart, PlaceMap } from '../yaml-source.ts';
import { didYouMean } from './did-you-mean.ts';
import { shown } from './units.ts';

type Issue = z.core.$ZodIssue;

/** What zod calls the kinds of values, in the words of who writes YAML. */
const KINDS = new Map([
  ['array', 'a list'],
  ['object', 'a mapping'],
  ['record', 'a mapping'],
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['null', 'an empty value'],
]);

/** Says what a schema without words of its own found: zod takes it as the error map of a parse. */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type') return undefined;
  return `expected ${KINDS.get(issue.expected) ?? issue.expected}, read ${shown(issue.input)}`;
}

/** A problem, and which part of the document must go for the rest to be readable. */
export interface SchemaProblem {
  readonly problem: Problem;
  readonly drop: readonly PathPart[];
}

/** All problems of one file. */
export function schemaProblems(
  file: string,
  issues: readonly Issue[],
  places: PlaceMap,
): readonly SchemaProblem[] {
  return withoutEchoes(issues).flatMap((issue) => problemsOf({ file, places }, issue, []));
}

/** A mapping with an unknown key often lacks the right one too: only the first is worth saying. */
function withoutEchoes(issues: readonly Issue[]): readonly Issue[] {
  const unknownAt = new Set(
    issues
      .filter((issue) => issue.code === 'unrecognized_keys')
      .map((issue) => issue.path.join('\u0000')),
  );
  return issues.filter(
    (issue) => issue.code !== 'custom' || !unknownAt.has(issue.path.join('\u0000')),
  );
}

interface Context {
  readonly file: string;
  readonly places: PlaceMap;
}

function problemsOf(context: Context, issue: Issue, above: readonly PathPart[]): SchemaProblem[] {
  const path = [
    ...above,
    ...issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
  ];
  if (issue.code === 'unrecognized_keys') return unknownKeys(context, issue, path);
  if (issue.code === 'invalid_union') return unionProblems(context, issue, path);
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? 'this cannot be a name';
    return [problem(context, { code: 'scenario:bad-name', path, message, atKey: true })];
  }
  const key = path.at(-1);
  if (isMissing(issue)) {
    const message = `'${String(key)}' is missing${missingWords(issue.message)}`;
    return [
      problem(context, {
        code: 'scenario:missing-key',
        path: path.slice(0, -1),
        message,
        atKey: true,
      }),
    ];
  }
  const where = typeof key === 'string' ? `${key}: ` : '';
  const hint = hintOf(issue);
  return [
    problem(context, {
      code: 'scenario:bad-value',
      path,
      message: where + issue.message,
      ...(hint === undefined ? {} : { hint }),
    }),
  ];
}

function unknownKeys(
  context: Context,
  issue: Issue & { readonly code: 'unrecognized_keys' },
  path: readonly PathPart[],
): SchemaProblem[] {
  const known = issue.message.startsWith('known:') ? issue.message.slice(6).split(',') : [];
  const owner = path.findLast((part) => typeof part === 'string');
  const place = owner === undefined ? 'at the top of a scenario' : `in '${owner}'`;
  const list = known.length <= 14 ? `, expected ${known.join(', ')}` : '';
  return issue.keys.map((key) => {
    const hint = didYouMean(key, known);
    return problem(context, {
      code: 'scenario:unknown-key',
      path: [...path, key],
      atKey: true,
      message: `unknown key '${key}' ${place}${list}`,
      ...(hint === undefined ? {} : { hint }),
    });
  });
}

/**
 * Of a union's branches the one that fits best speaks: one that does not fail on the whole value.
 */
function unionProblems(
  context: Context,
  issue: Issue & { readonly code: 'invalid_union' },
  path: readonly PathPart[],
): SchemaProblem[] {
  const branches = issue.errors.filter((branch) => branch.length > 0);
  const deep = branches.filter((branch) => branch.every((inner) => !failsOnWhole(inner)));
  const best = deep.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  if (best !== undefined)
    return withoutEchoes(best).flatMap((inner) => problemsOf(context, inner, path));
  const flat = branches.flatMap(wholeMessages).filter((text) => text !== '');
  const merged = mergeExpected([...new Set(flat)]);
  const key = path.at(-1);
  const where = typeof key === 'string' ? `${key}: ` : '';
  return [problem(context, { code: 'scenario:bad-value', path, message: where + merged })];
}

function wholeMessages(branch: readonly Issue[]): string[] {
  return branch.flatMap((inner) =>
    inner.code === 'invalid_union' ? inner.errors.flatMap(wholeMessages) : [inner.message],
  );
}

/** A branch that does not fit the kind of value at all (a mapping where text was wanted). */
function failsOnWhole(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_type' || issue.code === 'invalid_value') return true;
  if (issue.code !== 'invalid_union') return false;
  return issue.errors.every((branch) => branch.some(failsOnWhole));
}

function depth(branch: readonly Issue[]): number {
  return Math.max(...branch.map((issue) => issue.path.length));
}

/** `expected a, read x` and `expected b, read x` become `expected a or b, read x`. */
function mergeExpected(messages: readonly string[]): string {
  const parts = messages.map((text) => /^expected (.*?)(?:, read (.*))?$/s.exec(text));
  if (parts.some((part) => part === null)) return messages.join(' or ');
  const expected = [...new Set(parts.map((part) => part?.[1] ?? ''))];
  const read = parts.find((part) => part?.[2] !== undefined)?.[2];
  return `expected ${expected.join(' or ')}${read === undefined ? '' : `, read ${read}`}`;
}

function isMissing(issue: Issue): boolean {
  return issue.path.length > 0 && issue.message.endsWith('read nothing');
}

function missingWords(message: string): string {
  const expected = message.replace(/,? ?read nothing$/, '').replace(/^expected /, '');
  return expected === '' ? '' : `, expected ${expected}`;
}

function hintOf(issue: Issue): string | undefined {
  if (issue.code !== 'custom') return undefined;
  const hint = issue.params?.['hint'];
  return typeof hint === 'string' ? hint : undefined;
}

function problem(
  context: Context,
  found: {
    readonly code: string;
    readonly path: readonly PathPart[];
    readonly message: string;
    readonly hint?: string;
    readonly atKey?: boolean;
  },
): SchemaProblem {
  const { places, file } = context;
  const place = found.atKey === true ? places.keyAt(found.path) : places.valueAt(found.path);
  const { code, message, hint } = found;
  return {
    problem: {
      code,
      severity: 'error',
      file,
      ...place,
      message,
      ...(hint === undefined ? {} : { hint }),
    },
    drop: found.path,
  };
}
