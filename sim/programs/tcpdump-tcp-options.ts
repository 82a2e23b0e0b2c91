/** How tcpdump 4.99 prints TCP options (`print-tcp.c`). */

import { formatHex } from '../../daemon/wire/text.ts';
import { has, longWord, octet, type PrintContext, truncated, word } from './tcpdump-context.ts';

const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'eol'],
  [1, 'nop'],
  [2, 'mss'],
  [3, 'wscale'],
  [4, 'sackOK'],
  [5, 'sack'],
  [6, 'echo'],
  [7, 'echoreply'],
  [8, 'TS'],
  [19, 'md5'],
  [20, 'scps'],
  [28, 'uto'],
  [29, 'tcp-ao'],
  [30, 'mptcp'],
  [34, 'tfo'],
  [254, 'exp'],
]);

/** Octets of an option's data, where the option has a fixed size. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [2, 2],
  [3, 1],
  [4, 0],
  [6, 4],
  [7, 4],
  [8, 8],
]);

/**
 * `, options [...]`, empty without options; `stop` says that tcpdump gives up on the segment here.
 */
export function printTcpOptions(
  context: PrintContext,
  at: number,
  end: number,
  sackBase: number,
): { readonly text: string; readonly stop: boolean } {
  if (at >= end) return { text: '', stop: false };
  let text = ', options [';
  let separator = '';
  for (let next = at; next < end; ) {
    text += separator;
    separator = ',';
    if (!has(context, next, 1)) return { text: text + truncated('tcp'), stop: true };
    const type = octet(context, next);
    if (type === 0) {
      text += 'eol';
      break;
    }
    const length = type === 1 ? 1 : has(context, next, 2) ? octet(context, next + 1) : 0;
    if (type !== 1 && (length < 2 || length > end - next)) {
      return { text: `${text}[bad opt]`, stop: true };
    }
    text += NAMES.get(type) ?? `unknown-${type}`;
    const body = printBody(context, next, length, sackBase);
    if (body === undefined) return { text: `${text}[bad opt]`, stop: true };
    text += body;
    next += length;
  }
  return { text: `${text}]`, stop: false };
}

/** What follows the option's name; `undefined` when its length does not fit its type. */
function printBody(
  context: PrintContext,
  at: number,
  length: number,
  sackBase: number,
): string | undefined {
  const type = octet(context, at);
  if (type === 1) return '';
  const size = SIZES.get(type) ?? length - 2;
  if (size > length - 2 || !has(context, at + 2, size)) return undefined;
  const wrongLength = size === length - 2 ? '' : `[len ${length}]`;
  return printData(context, at, size, sackBase) + wrongLength;
}

function printData(context: PrintContext, at: number, size: number, sackBase: number): string {
  switch (octet(context, at)) {
    case 2:
      return ` ${word(context, at + 2)}`;
    case 3:
      return ` ${octet(context, at + 2)}`;
    case 4:
      return '';
    case 5:
      return printSack(context, at + 2, size, sackBase);
    case 6:
    case 7:
      return ` ${longWord(context, at + 2)}`;
    case 8:
      return ` val ${longWord(context, at + 2)} ecr ${longWord(context, at + 6)}`;
    case 34:
      return size === 0 ? '  cookiereq' : ` cookie ${bodyHex(context, at, size)}`;
    case 254:
      return size < 2 ? '' : printExperiment(context, at, size);
    default:
      return ` 0x${bodyHex(context, at, size)}`;
  }
}

function printSack(context: PrintContext, at: number, size: number, base: number): string {
  if (size % 8 !== 0) return ' malformed sack ';
  let text = ` ${size / 8} `;
  for (let next = at; next < at + size; next += 8) {
    const left = (longWord(context, next) - base) >>> 0;
    text += `{${left}:${(longWord(context, next + 4) - base) >>> 0}}`;
  }
  return text;
}

function printExperiment(context: PrintContext, at: number, size: number): string {
  const magic = `-${formatHex(context.bytes.subarray(at + 2, at + 4))}`;
  return size > 2 ? `${magic} 0x${bodyHex(context, at + 2, size - 2)}` : magic;
}

function bodyHex(context: PrintContext, at: number, size: number): string {
  return formatHex(context.bytes.subarray(at + 2, at + 2 + size));
}
