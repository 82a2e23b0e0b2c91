/** Sentences with `code` between backquotes, as parts. */

/** A part of a sentence. */
export interface TextPart {
  readonly code: boolean;
  readonly text: string;
}

/** Splits a text at its backquotes. */
export function codeParts(text: string): readonly TextPart[] {
  return text
    .split('`')
    .map((part, index) => ({ code: index % 2 === 1, text: part }))
    .filter((part) => part.text !== '');
}
