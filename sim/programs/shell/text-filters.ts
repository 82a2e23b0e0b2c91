/** Commands that work on text: grep, head, tail, wc, sort. */

import { missing, readText } from './files.ts';
import {
  type CommandIo,
  fail,
  linesOf,
  type Options,
  readOptions,
  type ShellCommand,
} from './shell-command.ts';

/** grep: lines that match; -i -v -c -q -E -F -w -o -n -A -B. */
export const grep: ShellCommand = (io) => {
  const parsed = readOptions(io.words, {
    flags: 'ivcqEFwonhHrs',
    valued: 'eABCm',
    long: ['color'],
  });
  if (parsed.wrong !== undefined)
    return fail(io, `grep: invalid option -- '${parsed.wrong.slice(1)}'`, 2);
  const given = parsed.values.get('e');
  const pattern = given ?? parsed.rest[0];
  const paths = given === undefined ? parsed.rest.slice(1) : parsed.rest;
  if (pattern === undefined) return fail(io, 'Usage: grep [OPTION]... PATTERNS [FILE]...', 2);
  const expression = grepExpression(pattern, parsed.flags, io.name);
  if (expression === undefined) return fail(io, `grep: Invalid regular expression: ${pattern}`, 2);
  let found = false;
  let failed = false;
  for (const path of paths.length > 0 ? paths : ['-']) {
    const text = path === '-' ? io.stdin : readText(io, path);
    if (text === undefined) {
      io.err(`grep: ${path}: ${missing(io, path)}\n`);
      failed = true;
      continue;
    }
    const withName = paths.length > 1 && !parsed.flags.has('h') ? `${path}:` : '';
    if (grepText(io, { text, expression, parsed, withName })) found = true;
  }
  io.exit(failed ? 2 : found ? 0 : 1);
};

function grepText(
  io: CommandIo,
  work: { text: string; expression: RegExp; parsed: Options; withName: string },
): boolean {
  const { flags, values } = work.parsed;
  const lines = linesOf(work.text);
  const after = Number(values.get('A') ?? values.get('C') ?? 0);
  const before = Number(values.get('B') ?? values.get('C') ?? 0);
  const hits = lines.map((line) => work.expression.test(line) !== flags.has('v'));
  const count = hits.filter((hit) => hit).length;
  if (flags.has('q')) return count > 0;
  if (flags.has('c')) {
    io.out(`${work.withName}${count}\n`);
    return count > 0;
  }
  for (const [i, line] of lines.entries()) {
    const near = hits.slice(Math.max(0, i - after), i + before + 1).some((hit) => hit);
    if (!near) continue;
    const number = flags.has('n') ? `${i + 1}:` : '';
    const shown = flags.has('o') ? (work.expression.exec(line)?.[0] ?? '') : line;
    io.out(`${work.withName}${number}${shown}\n`);
  }
  return count > 0;
}

function grepExpression(
  pattern: string,
  flags: ReadonlySet<string>,
  name: string,
): RegExp | undefined {
  const isFixed = flags.has('F') || name === 'fgrep';
  const isExtended = flags.has('E') || name === 'egrep';
  const source = isFixed
    ? pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    : isExtended
      ? pattern
      : basicToExtended(pattern);
  try {
    return new RegExp(flags.has('w') ? `\\b(?:${source})\\b` : source, flags.has('i') ? 'i' : '');
  } catch {
    return undefined;
  }
}

/** In basic expressions `+ ? | ( ) { }` are themselves, and mean something behind a backslash. */
function basicToExtended(pattern: string): string {
  return pattern.replaceAll(/\\?[+?|(){}]/g, (text) =>
    text.length === 2 ? text.slice(1) : `\\${text}`,
  );
}

/** head and tail: the first or last lines. */
export const headOrTail: ShellCommand = (io) => {
  const words = io.words.map((word) => (/^-\d+$/.test(word) ? `-n${word.slice(1)}` : word));
  const parsed = readOptions(words, { flags: 'qvf', valued: 'nc', long: ['lines'] });
  const countText = parsed.values.get('n') ?? parsed.values.get('lines') ?? '10';
  if (!/^[+-]?\d+$/.test(countText))
    return fail(io, `${io.name}: invalid number of lines: ‘${countText}’`, 1);
  let code = 0;
  for (const path of parsed.rest.length > 0 ? parsed.rest : ['-']) {
    const text = path === '-' ? io.stdin : readText(io, path);
    if (text === undefined) {
      io.err(`${io.name}: cannot open '${path}' for reading: ${missing(io, path)}\n`);
      code = 1;
      continue;
    }
    io.out(
      cut(linesOf(text), countText, io.name === 'head')
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  io.exit(code);
};

function cut(lines: readonly string[], countText: string, isHead: boolean): readonly string[] {
  const count = Math.abs(Number(countText));
  if (isHead)
    return countText.startsWith('-') ? lines.slice(0, lines.length - count) : lines.slice(0, count);
  if (countText.startsWith('+')) return lines.slice(Math.max(0, count - 1));
  return count === 0 ? [] : lines.slice(-count);
}

/** wc: lines, words, bytes. */
export const wc: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'lwcm', valued: '' });
  const path = parsed.rest[0];
  const text = path === undefined ? io.stdin : readText(io, path);
  if (text === undefined) return fail(io, `wc: ${path}: ${missing(io, path ?? '')}`, 1);
  const counts = [
    ['l', text.split('\n').length - 1],
    ['w', text.split(/\s+/).filter((word) => word !== '').length],
    ['c', text.length],
  ] as const;
  const all = parsed.flags.size === 0;
  const shown = counts
    .filter(([letter]) => all || parsed.flags.has(letter))
    .map(([, count]) => count);
  const width = shown.length > 1 ? 7 : 1;
  const numbers = shown.map((count) => String(count).padStart(width)).join(' ');
  io.out(`${numbers}${path === undefined ? '' : ` ${path}`}\n`);
  io.exit(0);
};

/** sort: lines by code unit; -r, -u, -n. */
export const sort: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'runk', valued: '' });
  const path = parsed.rest[0];
  const text = path === undefined ? io.stdin : readText(io, path);
  if (text === undefined)
    return fail(io, `sort: cannot read: ${path}: ${missing(io, path ?? '')}`, 2);
  const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const byNumber = (a: string, b: string) =>
    Number.parseFloat(a) - Number.parseFloat(b) || byText(a, b);
  const lines = [...linesOf(text)].sort(parsed.flags.has('n') ? byNumber : byText);
  const once = parsed.flags.has('u') ? [...new Set(lines)] : lines;
  io.out((parsed.flags.has('r') ? once.reverse() : once).map((line) => `${line}\n`).join(''));
  io.exit(0);
};
