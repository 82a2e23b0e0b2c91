/**
 * A document without the parts that the schema refused, so that names and files of the rest can
 * still be checked and all problems come out in one pass. What is taken out is remembered, lest its
 * absence be reported too.
 */

import type { PathPart, PlaceMap } from '../yaml-source.ts';

/** A document and the places of its values, which move when items of lists go. */
export interface Placed {
  readonly value: unknown;
  readonly places: PlaceMap;
}

/** The document without the parts at `paths`; `undefined` when nothing useful is left. */
export function without(from: Placed, paths: readonly (readonly PathPart[])[]): Placed | undefined {
  if (paths.some((path) => path.length === 0 || path.join() === 'lan')) return undefined;
  const value = copy(from.value);
  let { places } = from;
  for (const path of lastFirst(paths)) {
    const parent = path.slice(0, -1).reduce(child, value);
    const key = path.at(-1);
    if (Array.isArray(parent) && typeof key === 'number') {
      parent.splice(key, 1);
      places = places.withoutItem(path.slice(0, -1), key);
    } else if (typeof parent === 'object' && parent !== null && key !== undefined) {
      Reflect.deleteProperty(parent, key);
    }
  }
  return { value, places };
}

/** Lists whose items only make sense whole: how long the path to an item is. */
const WHOLE_ITEMS: readonly { readonly head: string; readonly length: number }[] = [
  { head: 'always', length: 2 },
  { head: 'finally', length: 2 },
  { head: 'lan cables', length: 3 },
];

/** The smallest part around `path` that can be taken out without leaving half a thing. */
export function wholeItem(path: readonly PathPart[]): readonly PathPart[] {
  for (const { head, length } of WHOLE_ITEMS) {
    if (path.length > length && path.slice(0, length - 1).join(' ') === head) {
      return path.slice(0, length);
    }
  }
  if (path[0] !== 'steps') return path;
  if (path[2] === 'expect') return path.slice(0, 4);
  return path[2] === 'do' ? path.slice(0, 3) : path;
}

/** Names that nobody must be told are missing: the last two parts of what was taken out. */
export function namesIn(paths: readonly (readonly PathPart[])[]): ReadonlySet<string> {
  return new Set(paths.flatMap((path) => path.slice(-2)).map(String));
}

/** Deep ones and late items first, each once, so that no removal moves another. */
function lastFirst(paths: readonly (readonly PathPart[])[]): readonly (readonly PathPart[])[] {
  const once = new Map(paths.map((path) => [path.join('\u0000'), path] as const));
  return [...once.values()].toSorted((a, b) => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const [x, y] = [a[i], b[i]];
      if (typeof x === 'number' && typeof y === 'number' && x !== y) return y - x;
    }
    return b.length - a.length;
  });
}

function child(value: unknown, key: PathPart): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
}
