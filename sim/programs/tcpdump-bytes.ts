/**
 * What `tcpdump -A`, `-x` and `-X` print behind a packet's line. Written once they begin behind the Ethernet header, twice
 * (`-XX`) with it. Source: tcpdump 4.99, print.c and print-ascii.c.
 */

const ETHERNET_HEADER_LENGTH = 14;
const LINE_LENGTH = 16;
/** Eight groups of a blank and four digits. */
const HEX_WIDTH = 40;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const DELETE = 0x7f;

/** The lines for one packet, each with a line end in front; nothing when no such option was given. */
export function packetBytesText(frame: Uint8Array, words: readonly string[]): string {
  const written = words.filter((word) => /^-[a-zA-Z#]+$/.test(word)).join('');
  const count = (letter: string): number => written.split(letter).length - 1;
  const [hexAndAscii, hexOnly, ascii] = [count('X'), count('x'), count('A')];
  const times = hexAndAscii || hexOnly || ascii;
  if (times === 0) return '';
  const bytes = times > 1 ? frame : frame.subarray(ETHERNET_HEADER_LENGTH);
  if (hexAndAscii > 0) return hexLines(bytes, true);
  return hexOnly > 0 ? hexLines(bytes, false) : `\n${asciiText(bytes)}`;
}

function hexLines(bytes: Uint8Array, withText: boolean): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += LINE_LENGTH) {
    const part = bytes.subarray(at, at + LINE_LENGTH);
    let digits = '';
    for (let i = 0; i < part.length; i++) {
      digits += (i % 2 === 0 ? ' ' : '') + hexOctet(part[i] as number);
    }
    const offset = at.toString(16).padStart(4, '0');
    text += `\n\t0x${offset}: ${withText ? `${digits.padEnd(HEX_WIDTH)}  ${graphs(part)}` : digits}`;
  }
  return text;
}

function graphs(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += isGraph(byte) ? String.fromCharCode(byte) : '.';
  return text;
}

/** A CR in front of a line end, or at the very end, is left out. */
function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (const [at, byte] of bytes.entries()) {
    if (byte === CR) {
      const next = bytes[at + 1];
      if (next !== undefined && next !== LF) text += '.';
    } else if (isGraph(byte) || byte === TAB || byte === BLANK || byte === LF) {
      text += String.fromCharCode(byte);
    } else text += '.';
  }
  return text;
}

function isGraph(byte: number): boolean {
  return byte > BLANK && byte < DELETE;
}

function hexOctet(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
