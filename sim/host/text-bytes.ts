/** UTF-8 text to bytes and back, by hand: TextEncoder is no part of ES2023. */

/** The bytes of a text; lone surrogates become U+FFFD. */
export function bytesOfText(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const raw = character.codePointAt(0) as number;
    const code = raw >= 0xd800 && raw <= 0xdfff ? 0xfffd : raw;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code, 0));
    else if (code < 0x1_0000) bytes.push(0xe0 | (code >> 12), tail(code, 6), tail(code, 0));
    else bytes.push(0xf0 | (code >> 18), tail(code, 12), tail(code, 6), tail(code, 0));
  }
  return Uint8Array.from(bytes);
}

/** The text of bytes; what is not UTF-8 becomes U+FFFD, one per byte. */
export function textOfBytes(bytes: Uint8Array): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] as number;
    const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    const code = length === 0 ? undefined : codeAt(bytes, at, length);
    pieces.push(code === undefined ? '\ufffd' : String.fromCodePoint(code));
    at += code === undefined ? 1 : length;
  }
  return pieces.join('');
}

function codeAt(bytes: Uint8Array, at: number, length: number): number | undefined {
  const first = bytes[at] as number;
  if (length === 1) return first;
  let code = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i];
    if (next === undefined || next >> 6 !== 2) return undefined;
    code = (code << 6) | (next & 0x3f);
  }
  const smallest = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x1_0000;
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code < smallest || code > 0x10_ffff || isSurrogate ? undefined : code;
}

function tail(code: number, shift: number): number {
  return 0x80 | ((code >> shift) & 0x3f);
}
