/**
 * Numbers as keepalived reads them, with its complaints. Two results matter: whether `keepalived -t`
 * complains, and whether the running daemon uses the value all the same: with "lenient" keywords it takes
 * the digits in front of trailing garbage.
 *
 * Source: `lib/parser.c` of 2.2.7 as observed with `keepalived -t` and `-d`.
 */

import type { Reporter } from './reporter.ts';

/** A number that was read. */
export interface NumberResult {
  readonly value: number;
  /** `keepalived -t` said something about it. */
  readonly complained: boolean;
  /** The running daemon uses `value`. */
  readonly usable: boolean;
}

/** Limits of a number. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
  /** Trailing garbage does not stop the running daemon. */
  readonly lenient?: boolean;
  /** How limits are printed when they are not safe integers. */
  readonly mostText?: string;
}

/** UINT_MAX: the limit of many counters. */
export const UNSIGNED_MAX = 4_294_967_295;

/** INT_MAX. */
const INTEGER_MAX = 2_147_483_647;

/** UINT_MAX / TIMER_HZ: the limit of timers in whole seconds. */
export const SECONDS_MAX = 4294;

/** Reads an unsigned decimal number. */
export function readUnsigned(word: string, range: NumberRange, reporter: Reporter): NumberResult {
  const match = /^[ \t\f\n\r\v]*([+-]?)(\d*)(.*)$/s.exec(word) as RegExpExecArray;
  const value = Number(match[2] === '' ? '0' : match[2]);
  const negative = match[1] === '-';
  const inRange = !negative && value >= range.least && value <= range.most;
  let text = '';
  if (negative) text = `negative number '${word}'`;
  else if (match[3] !== '' || match[2] === '') {
    if (match[3] !== '' || word !== '') text = `invalid number '${word}'`;
    else if (!inRange) text = rangeText(word, range);
  } else if (value > UNSIGNED_MAX && range.most <= UNSIGNED_MAX) {
    text = `number '${word}' outside unsigned integer range`;
  } else if (!inRange) text = rangeText(word, range);
  return conclude({ value, text, word, inRange, range, reporter });
}

/** Reads a decimal number with a sign. */
export function readInteger(word: string, range: NumberRange, reporter: Reporter): NumberResult {
  const match = /^[ \t\f\n\r\v]*([+-]?\d*)(.*)$/s.exec(word) as RegExpExecArray;
  const digits = match[1] as string;
  const value = /\d/.test(digits) ? Number(digits) : 0;
  const inRange = value >= range.least && value <= range.most;
  const garbage = match[2] !== '' || (!/\d/.test(digits) && word !== '');
  let text = '';
  if (garbage) text = `invalid number '${word}'`;
  else if (value < -INTEGER_MAX - 1 || value > INTEGER_MAX) {
    text = `number '${word}' outside integer range`;
  } else if (!inRange) text = rangeText(word, range);
  // Of these numbers 2.2.7 calls no warning what is merely too large or too small.
  const isWarning = garbage || value < -INTEGER_MAX - 1 || value > INTEGER_MAX;
  return conclude({ value, text, word, inRange, range, reporter, isWarning });
}

/** Reads a decimal with up to `decimals` places; value and limits are in units of 10^-decimals. */
export function readDecimal(
  word: string,
  range: NumberRange & { readonly decimals: number },
  reporter: Reporter,
): NumberResult {
  const { decimals } = range;
  if (word.startsWith('-')) {
    const isWarning = range.lenient === true;
    reporter.complainOfNumber(`negative number '${word}'`, word, { isWarning });
    return { value: 0, complained: true, usable: false };
  }
  const point = word.indexOf('.');
  const whole = (point < 0 ? word : word.slice(0, point)).replace(/^\s*\+?/, '');
  const fraction = point < 0 ? '' : word.slice(point + 1);
  const tooLong = fraction.length > decimals;
  if (tooLong) {
    const told = `number '${word}' has too many decimal places`;
    reporter.complainOfNumber(told, word, { isWarning: range.lenient === true });
  }
  const shifted = whole + fraction.slice(0, decimals).padEnd(decimals, '0');
  const match = /^(\d*)(.*)$/s.exec(shifted) as RegExpExecArray;
  const roundsUp = tooLong && (fraction[decimals] as string) >= '5';
  const value = Number(match[1] === '' ? '0' : match[1]) + (roundsUp ? 1 : 0);
  const inRange = value >= range.least && value <= range.most;
  let text = '';
  if (match[2] !== '') text = `invalid number '${word}'`;
  else if (!inRange) {
    const most = range.mostText ?? fixed(range.most, decimals);
    text = `number '${word}' outside range [${fixed(range.least, decimals)}, ${most}]`;
  }
  const result = conclude({ value, text, word, inRange, range, reporter });
  // Too many places are cut and rounded, and the value is taken, whatever stood behind them.
  const refused = !inRange || (match[2] !== '' && range.lenient !== true);
  return tooLong ? { value, complained: refused, usable: !refused } : result;
}

function conclude(given: {
  value: number;
  text: string;
  word: string;
  inRange: boolean;
  range: NumberRange;
  reporter: Reporter;
  isWarning?: boolean;
}): NumberResult {
  if (given.text === '') return { value: given.value, complained: false, usable: true };
  const lenient = given.range.lenient === true;
  const usable = lenient && given.inRange;
  given.reporter.complainOfNumber(given.text, given.word, {
    isWarning: lenient && given.isWarning !== false,
    isTaken: usable,
  });
  return { value: given.value, complained: true, usable };
}

function rangeText(word: string, range: NumberRange): string {
  return `number '${word}' outside range [${range.least}, ${range.mostText ?? range.most}]`;
}

/** A value in units of 10^-decimals as text with all places. */
function fixed(value: number, decimals: number): string {
  if (decimals === 0) return `${value}.`;
  const unit = 10 ** decimals;
  return `${Math.trunc(value / unit)}.${String(value % unit).padStart(decimals, '0')}`;
}

/** `true on yes` / `false off no`, lower case only. */
export function readBoolean(word: string): boolean | undefined {
  if (word === 'true' || word === 'on' || word === 'yes') return true;
  if (word === 'false' || word === 'off' || word === 'no') return false;
  return undefined;
}
