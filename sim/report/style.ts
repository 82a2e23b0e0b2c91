/**
 * How words are set off in a text report; colours are the command line's business, plain text is
 * the default.
 */

/** Wraps a text in what makes it stand out. */
export type Paint = (text: string) => string;

/** One paint per meaning. Colour never carries a meaning alone: words and glyphs do. */
export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly unsure: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
}

const plain: Paint = (text) => text;

/** No colours. */
export const PLAIN_STYLE: Style = {
  good: plain,
  bad: plain,
  unsure: plain,
  strong: plain,
  faint: plain,
};
