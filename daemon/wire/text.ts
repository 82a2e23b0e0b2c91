/**
 * Text to bytes and back, without `TextEncoder`, which the pure zone does not have.
 *
 * ASCII is for protocol text, UTF-8 for files and bodies. Decoding never fails: what is not valid
 * UTF-8 becomes U+FFFD, one per maximal bad part, as the Encoding standard has it. Read RFC 3629.
 */

const REPLACEMENT = 0xfffd;
const CHUNK = 8192;

/** The UTF-8 octets of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let next = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code > 0xffff) i++;
    next = writeCodePoint(isSurrogate(code) ? REPLACEMENT : code, bytes, next);
  }
  return bytes.subarray(0, next);
}

/** The text of `bytes` from `at` to `end`. */
export function decodeUtf8(bytes: Uint8Array, at = 0, end: number = bytes.length): string {
  const parts: string[] = [];
  let codes: number[] = [];
  let next = at;
  while (next < end) {
    const length = sequenceLength(bytes, next, end);
    codes.push(length > 0 ? readSequence(bytes, next, length) : REPLACEMENT);
    next += Math.abs(length);
    if (codes.length === CHUNK) {
      parts.push(String.fromCodePoint(...codes));
      codes = [];
    }
  }
  parts.push(String.fromCodePoint(...codes));
  return parts.join('');
}

/** The octets of ASCII text; a character outside ASCII becomes `?`. */
export function encodeAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes[i] = code < 0x80 ? code : 0x3f;
  }
  return bytes;
}

/** The text of octets from `at` to `end`, one character each (ISO 8859-1: every octet survives). */
export function decodeLatin1(bytes: Uint8Array, at = 0, end: number = bytes.length): string {
  let text = '';
  for (let from = at; from < end; from += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(from, Math.min(end, from + CHUNK)));
  }
  return text;
}

/** Lower case hexadecimal digits, two per octet, without separators. */
export function formatHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Octets of hexadecimal digits; white space is ignored; `undefined` for anything else. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function writeCodePoint(code: number, bytes: Uint8Array, at: number): number {
  if (code < 0x80) {
    bytes[at] = code;
    return at + 1;
  }
  const more = code < 0x800 ? 1 : code < 0x1_0000 ? 2 : 3;
  const lead = [0, 0xc0, 0xe0, 0xf0][more] as number;
  bytes[at] = lead | (code >>> (6 * more));
  for (let i = 1; i <= more; i++) bytes[at + i] = 0x80 | ((code >>> (6 * (more - i))) & 0x3f);
  return at + more + 1;
}

/** Octets of the valid sequence at `at`, or minus the octets of a bad one. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  for (let i = 1; i <= more; i++) {
    const byte = at + i < end ? (bytes[at + i] as number) : 0;
    const [least, most] = i === 1 ? secondByteRange(lead) : [0x80, 0xbf];
    if (byte < least || byte > most) return -i;
  }
  return more + 1;
}

/** The second octet rules out overlong forms, surrogates and what lies beyond U+10FFFF. */
function secondByteRange(lead: number): readonly [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  return lead === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf];
}

function readSequence(bytes: Uint8Array, at: number, length: number): number {
  const lead = bytes[at] as number;
  if (length === 1) return lead;
  let code = lead & (0xff >>> (length + 1));
  for (let i = 1; i < length; i++) code = (code << 6) | ((bytes[at + i] as number) & 0x3f);
  return code;
}
