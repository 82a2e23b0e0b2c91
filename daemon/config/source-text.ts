/**
 * Bytes of a configuration file as the pieces that keepalived's reader sees: `fgets` into a buffer of 1024
 * bytes, so an over-long line arrives in several pieces, and a NUL byte ends a piece early.
 *
 * Text is decoded as UTF-8 and broken bytes become U+FFFD, so that binary garbage still gives located
 * problems. A byte order mark is kept: keepalived takes it for part of the first word, and so do we.
 */

import { decodeUtf8 } from '../wire/text.ts';

/** One piece of a file. */
export interface SourcePiece {
  /** Without the end of the line. */
  readonly text: string;
  /** 1-based number of the line in the file. */
  readonly line: number;
  /** The number keepalived reports: line ends seen so far. Differs from `line` on cut lines only. */
  readonly reportedLine: number;
  /** 1-based number of the piece: keepalived's children read a copy with every piece on its own line. */
  readonly number: number;
}

/** Size of keepalived's line buffer in bytes, with the terminating NUL. Source: MAXBUF of 2.2.7. */
export const LINE_BUFFER_BYTES = 1024;

/** Cuts a file into pieces. */
export function cutSource(bytes: Uint8Array): SourcePiece[] {
  const pieces: SourcePiece[] = [];
  let at = 0;
  let ended = 0;
  let line = 1;
  while (at < bytes.length) {
    const limit = Math.min(bytes.length, at + LINE_BUFFER_BYTES - 1);
    let end = at;
    while (end < limit && bytes[end] !== 0x0a) end++;
    const complete = end < limit;
    const text = pieceText(bytes, at, end);
    if (complete && !holdsNul(bytes, at, end)) ended++;
    pieces.push({ text, line, reportedLine: ended, number: pieces.length + 1 });
    at = complete ? end + 1 : end;
    if (complete) line++;
  }
  return pieces;
}

/** Bytes that the text takes in UTF-8. */
export function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}

/** The first `limit` bytes of the text's UTF-8 form, whole characters only. */
export function utf8Head(text: string, limit: number): string {
  let head = '';
  let length = 0;
  for (const character of text) {
    length += utf8Length(character);
    if (length > limit) return head;
    head += character;
  }
  return head;
}

function pieceText(bytes: Uint8Array, from: number, to: number): string {
  let end = from;
  while (end < to && bytes[end] !== 0) end++;
  while (end > from && bytes[end - 1] === 0x0d) end--;
  return decodeUtf8(bytes, from, end);
}

function holdsNul(bytes: Uint8Array, from: number, to: number): boolean {
  const at = bytes.indexOf(0, from);
  return at >= 0 && at < to;
}
