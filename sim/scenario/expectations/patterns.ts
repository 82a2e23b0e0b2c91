/**
 * Patterns of scenario files: `*` stands for any text and `?` for one character. No regular
 * expressions: a file from a stranger must not be able to keep the judge busy for ever.
 */

/**
 * Whether `text` contains something that the pattern describes; linear in practice, quadratic at
 * worst.
 */
export function containsPattern(text: string, pattern: string): boolean {
  if (!/[*?]/.test(pattern)) return text.includes(pattern);
  return matchesPattern(text, `*${pattern}*`);
}

/** Whether the whole of `text` is described by the pattern. */
export function matchesPattern(text: string, pattern: string): boolean {
  let [textAt, patternAt] = [0, 0];
  let [starAt, retryAt] = [-1, 0];
  while (textAt < text.length) {
    const wanted = pattern[patternAt];
    if (wanted === '*') {
      starAt = patternAt++;
      retryAt = textAt;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[textAt])) {
      patternAt++;
      textAt++;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      textAt = ++retryAt;
    } else return false;
  }
  while (pattern[patternAt] === '*') patternAt++;
  return patternAt === pattern.length;
}
