/** A frame's bytes as lines of sixteen, the way everybody prints them. */

/** One line: where it begins, its bytes as two digits, and the same as letters. */
export interface HexLine {
  readonly offset: number;
  readonly bytes: readonly string[];
  readonly letters: readonly string[];
}

const PER_LINE = 16;

/** Splits hexadecimal digits into lines; what is no printable ASCII is a dot. */
export function hexLines(hex: string): HexLine[] {
  const lines: HexLine[] = [];
  for (let offset = 0; offset * 2 < hex.length; offset += PER_LINE) {
    const bytes: string[] = [];
    for (let index = offset; index < offset + PER_LINE && index * 2 < hex.length; index++) {
      bytes.push(hex.slice(index * 2, index * 2 + 2));
    }
    lines.push({ offset, bytes, letters: bytes.map(letterOf) });
  }
  return lines;
}

function letterOf(byte: string): string {
  const code = Number.parseInt(byte, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.';
}
