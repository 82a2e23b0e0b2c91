/**
 * Shell patterns for paths, as glob(3) with GLOB_BRACE expands them for `include`: `*`, `?`, `[…]` within one component, and
 * csh braces. A hidden name needs its dot written. Alternatives come in the order in which they are written, what one
 * wildcard means by code unit; each path once.
 */

/** The paths of a list that match; a pattern without wildcards matches itself. */
export function expandPattern(paths: readonly string[], pattern: string): readonly string[] {
  const found = new Set<string>();
  for (const alternative of expandBraces(pattern)) {
    const expression = patternExpression(alternative);
    for (const path of paths.filter((one) => expression.test(one)).sort(byName)) found.add(path);
  }
  return [...found];
}

/**
 * The same where files are not known beforehand: `list` gives the names in a folder, '' for that where relative patterns
 * begin. What has no wildcard is not looked up, so the result may name what is not there.
 */
export function expandInFolders(
  pattern: string,
  list: (folder: string) => readonly string[],
): readonly string[] {
  const found = expandBraces(pattern).flatMap((one) => {
    const parts = one.split('/').filter((part) => part !== '');
    return matchParts(one.startsWith('/') ? '/' : '', parts, list);
  });
  return [...new Set(found)];
}

function matchParts(
  at: string,
  parts: readonly string[],
  list: (folder: string) => readonly string[],
): readonly string[] {
  const [first, ...rest] = parts;
  if (first === undefined) return [at];
  const below = (name: string) => (at === '' || at.endsWith('/') ? at + name : `${at}/${name}`);
  if (!/[*?[]/.test(first)) return matchParts(below(first), rest, list);
  const expression = patternExpression(first);
  return [...list(at)]
    .filter((name) => expression.test(name))
    .sort(byName)
    .flatMap((name) => matchParts(below(name), rest, list));
}

/** `a{b,c}d` is `abd` and `acd`; braces nest; at most 1000 results. */
export function expandBraces(pattern: string): readonly string[] {
  const open = pattern.indexOf('{');
  if (open < 0) return [pattern];
  const close = matchingBrace(pattern, open);
  if (close < 0) return [pattern];
  const head = pattern.slice(0, open);
  const tails = expandBraces(pattern.slice(close + 1));
  const results: string[] = [];
  for (const part of splitAlternatives(pattern.slice(open + 1, close))) {
    for (const middle of expandBraces(part)) {
      for (const tail of tails) if (results.length < 1000) results.push(head + middle + tail);
    }
  }
  return results;
}

/** A regular expression of one pattern without braces; a wildcard in front of a name matches no hidden one. */
function patternExpression(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string;
    const beginsName = i === 0 || pattern[i - 1] === '/';
    if (beginsName && '*?['.includes(character)) source += '(?!\\.)';
    if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '[') {
      const close = pattern.indexOf(']', i + 2);
      if (close < 0) source += '\\[';
      else {
        const inner = pattern.slice(i + 1, close).replaceAll('\\', '\\\\');
        source += `[${inner.startsWith('!') ? `^${inner.slice(1)}` : inner}]`;
        i = close;
      }
    } else source += character.replace(/[.+^${}()|\\\]]/g, '\\$&');
  }
  return expressionOf(source);
}

/** A class such as [z-a] is none; glob finds nothing by it. */
function expressionOf(source: string): RegExp {
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return /(?!)/;
  }
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function matchingBrace(pattern: string, open: number): number {
  let depth = 0;
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === '{') depth++;
    if (pattern[i] === '}' && --depth === 0) return i;
  }
  return -1;
}

function splitAlternatives(inner: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < inner.length; i++) {
    if (inner[i] === '{') depth++;
    if (inner[i] === '}') depth--;
    if (inner[i] === ',' && depth === 0) {
      parts.push(inner.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(inner.slice(start));
  return parts;
}
