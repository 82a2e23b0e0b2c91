/** Pieces that all generated pages share. */

/** Stands below the title of every generated page. */
export const MADE =
  '<!-- Made by tools/generate-docs.mjs from the code and its tests: do not edit. -->';

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
