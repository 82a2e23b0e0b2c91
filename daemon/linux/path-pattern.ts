/**
 * Shell patterns for `include`: `*`, `?`, `[…]` and csh braces, as glob(3) with GLOB_BRACE expands them. Hidden
 * files need a literal dot. Node 20 has no glob of its own.
 */

import { existsSync, readdirSync } from 'node:fs';

/** A pattern may not become more than so many alternatives; the rest is left out. */
const ALTERNATIVES_MAX = 1000;

/** Existing paths that match, sorted by name (bytes), without doubles. */
export function expandPathPattern(pattern: string): readonly string[] {
  const found = new Set<string>();
  for (const alternative of expandBraces(pattern)) {
    for (const path of matchPaths(alternative)) found.add(path);
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

/** Alternatives of `a{b,c{d,e}}f`, in order: `abf`, `acdf`, `acef`. Unbalanced braces stay as they are. */
export function expandBraces(pattern: string): readonly string[] {
  const open = pattern.indexOf('{');
  if (open < 0) return [pattern];
  const parts: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let at = open; at < pattern.length; at++) {
    const letter = pattern[at];
    if (letter === '{') depth++;
    if (letter === '}') depth--;
    if (depth === 1 && letter === ',') {
      parts.push(pattern.slice(from, at));
      from = at + 1;
    }
    if (depth === 0) {
      parts.push(pattern.slice(from, at));
      const [before, after] = [pattern.slice(0, open), pattern.slice(at + 1)];
      return parts
        .flatMap((part) => expandBraces(`${before}${part}${after}`))
        .slice(0, ALTERNATIVES_MAX);
    }
  }
  return [pattern];
}

function matchPaths(pattern: string): readonly string[] {
  if (!/[*?[]/.test(pattern)) return existsSync(pattern) ? [pattern] : [];
  const absolute = pattern.startsWith('/');
  let paths = [absolute ? '/' : ''];
  for (const component of pattern.split('/').filter((part) => part !== '')) {
    paths = paths.flatMap((folder) => matchComponent(folder, component));
  }
  return paths;
}

function matchComponent(folder: string, component: string): string[] {
  const prefix = folder === '' || folder === '/' ? folder : `${folder}/`;
  if (!/[*?[]/.test(component)) {
    return existsSync(`${prefix}${component}`) ? [`${prefix}${component}`] : [];
  }
  const expression = componentExpression(component);
  let names: string[];
  try {
    names = readdirSync(folder === '' ? '.' : folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => (!name.startsWith('.') || component.startsWith('.')) && expression.test(name))
    .map((name) => `${prefix}${name}`);
}

function componentExpression(component: string): RegExp {
  let text = '';
  for (let at = 0; at < component.length; at++) {
    const letter = component[at] as string;
    const close = letter === '[' ? component.indexOf(']', at + 2) : -1;
    if (letter === '*') text += '.*';
    else if (letter === '?') text += '.';
    else if (close > 0) {
      const set = component
        .slice(at + 1, close)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\');
      text += `[${set}]`;
      at = close;
    } else text += letter.replace(/[.+^${}()|[\]\\]/, '\\$&');
  }
  return new RegExp(`^${text}$`, 's');
}
