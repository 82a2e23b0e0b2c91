/** Shell patterns over a list of paths: `*`, `?`, `[…]` within one component, and csh braces. */

/** The paths that match, sorted by code unit; a pattern without wildcards matches itself. */
export function expandPattern(paths: readonly string[], pattern: string): readonly string[] {
  const found = new Set<string>();
  for (const alternative of expandBraces(pattern)) {
    const expression = patternExpression(alternative);
    for (const path of paths) if (expression.test(path)) found.add(path);
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
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

/** A regular expression of one pattern without braces. */
function patternExpression(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string;
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
  return new RegExp(`^${source}$`);
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
