/** Text of a file, whose lines end where an editor was full, as paragraphs that fill any width. */

/** Joins lines; an empty line, or one that is indented, still begins anew. */
export function paragraphs(text: string): string {
  return text.trim().replaceAll(/([^\n])\n(?=[^\s])/g, '$1 ');
}
