/**
 * Walks logical lines with the keyword tables: finds each line's keyword, calls its handler, enters and
 * leaves blocks, skips what a handler refused, and falls over unknown words exactly as keepalived does:
 * the body of an unknown block is read at the outer level.
 */

import type { KeywordRow } from './keyword-row.ts';
import type { ParseContext } from './parse-context.ts';
import { nearest } from './suggest.ts';
import { splitWords } from './words.ts';

/** Reads the whole input with the top-level rows. */
export function parseAll(context: ParseContext, rows: readonly KeywordRow[]): void {
  parseBlock(context, rows, { level: 0, needsBrace: false });
  const { depth } = context.reader;
  if (depth > 0 && !context.reporter.ended) {
    const text = `There are ${depth} missing '}'s or extra '{'s`;
    context.complain('missing-brace', text, {
      unplaced: true,
      message: `at the end of the file ${depth} block${depth > 1 ? 's are' : ' is'} still open: '}' is missing`,
    });
  }
}

/** Reads one block's lines; true when a handler made the rest of the block be skipped. */
function parseBlock(
  context: ParseContext,
  rows: readonly KeywordRow[],
  options: { readonly level: number; readonly needsBrace: boolean },
): boolean {
  const { level } = options;
  let needsBrace = options.needsBrace;
  for (;;) {
    const line = context.reader.next();
    if (line === undefined) {
      context.reporter.pastEnd = true;
      return false;
    }
    const words = wordsOf(context, line);
    const first = words[0];
    if (first === undefined) continue;
    const skipped = skipWords(context, words);
    if (skipped !== 'no') {
      if (skipped === 'opened') needsBrace = false;
      if (skipped === 'closed' && level > 0) return true;
      continue;
    }
    if (needsBrace) {
      needsBrace = false;
      if (first === '{' && level > 0) continue;
      complainOfMissingBrace(context);
    } else if (first === '{') {
      complainOfBrace(context);
      continue;
    }
    if (first === '}' && level > 0) return false;
    handleLine(context, { rows, words, line, level });
  }
}

function wordsOf(context: ParseContext, line: string): readonly string[] {
  const { words, unmatchedQuote } = splitWords(line);
  if (unmatchedQuote) {
    context.complain('unterminated-quote', `Unmatched quote: '${line}'`, {
      message: `a double quote is opened and not closed; the words behind it are lost`,
      word: '"',
      ofLine: true,
    });
  }
  return words;
}

/** Counts braces while a block is skipped. */
function skipWords(
  context: ParseContext,
  words: readonly string[],
): 'no' | 'opened' | 'closed' | 'inside' {
  if (context.skip === -1) {
    if (words[0] === '{') {
      context.skip = 1;
      return 'opened';
    }
    context.skip = 0;
  }
  if (context.skip === 0) return 'no';
  remarkOnSwallowedBlock(context, words);
  for (const word of words) {
    if (word === '{') context.skip++;
    if (word === '}' && --context.skip === 0) return 'closed';
  }
  return 'inside';
}

function handleLine(
  context: ParseContext,
  given: {
    readonly rows: readonly KeywordRow[];
    readonly words: readonly string[];
    readonly line: string;
    readonly level: number;
  },
): void {
  const keyword = given.words[0] as string;
  const rows = given.rows.filter((one) => context.knows(one.since));
  const row = rows.find((one) => one.keyword === keyword);
  if (row === undefined) {
    complainOfUnknown(context, keyword, rows);
    return;
  }
  if (given.level === 0) context.topKeywords.add(keyword);
  const active = row.processes?.includes(context.process) ?? true;
  if (!active) {
    context.skipBlock(true);
    return;
  }
  context.line = given.line;
  noteNotSimulated(context, row);
  row.apply?.(context, given.words);
  context.reporter.flushNumber();
  if (row.block === undefined) return;
  const skipped = parseBlock(context, row.block, { level: given.level + 1, needsBrace: true });
  if (!skipped && !context.reporter.ended) row.end?.(context);
}

/**
 * Reads the lines of a block of values, such as addresses; each line is given as words. `strictHead`: where the
 * block does not begin as it should, 2.2.7 wants to name a keyword that it has not kept, and ends.
 */
export function readValueBlock(
  context: ParseContext,
  words: readonly string[],
  take: (words: readonly string[]) => void,
  options: { readonly strictHead?: boolean } = {},
): void {
  const [keyword = '', extra] = words;
  if (extra !== undefined && options.strictHead === true) {
    context.missingWord();
    return;
  }
  if (extra !== undefined) {
    const text = `Block ${keyword} has extra parameters ${extra} ...`;
    context.complain('extra-words', text, {
      word: extra,
      message: `'${extra}' behind ${keyword} has no meaning and is ignored`,
    });
  }
  let needsBrace = true;
  for (let line = context.reader.next(); line !== undefined; line = context.reader.next()) {
    const values = wordsOf(context, line);
    if (values.length === 0) continue;
    if (needsBrace) {
      needsBrace = false;
      if (values[0] === '{') continue;
      if (options.strictHead === true) {
        context.missingWord();
        return;
      }
      context.remark('missing-brace', `'{' is missing at the beginning of block ${keyword}`);
    }
    if (values[0] === '}') return;
    context.line = line;
    take(values);
    context.reporter.flushNumber();
  }
  context.reporter.pastEnd = true;
}

/** All words of a block of values. */
export function readWordBlock(context: ParseContext, words: readonly string[]): string[] {
  const all: string[] = [];
  readValueBlock(context, words, (values) => all.push(...values));
  return all;
}

function complainOfMissingBrace(context: ParseContext): void {
  context.complain('missing-brace', "Missing '{' at beginning of configuration block", {
    message: "a block begins here and '{' is missing; keepalived reads on as if it were there",
  });
}

function complainOfBrace(context: ParseContext): void {
  context.complain('unexpected-brace', "Unexpected '{' - ignoring", {
    word: '{',
    message: "'{' opens no block here and is ignored; the lines inside are read at this level",
  });
}

/** Blocks of the top level whose keyword is no keyword anywhere else. */
const TOP_LEVEL_ONLY = new Set([
  'global_defs',
  'vrrp_instance',
  'vrrp_script',
  'vrrp_sync_group',
  'vrrp_track_file',
  'vrrp_track_process',
  'bfd_instance',
  'virtual_server',
  'virtual_server_group',
]);

/**
 * A block that counts as a part of a skipped one is lost without a word of keepalived: each of its processes skips
 * the blocks of the others by counting braces.
 */
function remarkOnSwallowedBlock(context: ParseContext, words: readonly string[]): void {
  const [keyword = '', name] = words;
  if (!TOP_LEVEL_ONLY.has(keyword)) return;
  const block = name === undefined || name === '{' ? keyword : `${keyword} ${name}`;
  const { keyword: outer, line } = context.skipped;
  context.remark(
    'swallowed-block',
    `${block} stands inside the braces of ${outer} (line ${line}): keepalived does not read it`,
    { word: keyword, hint: `a '}' is missing further up` },
  );
}

function complainOfUnknown(
  context: ParseContext,
  keyword: string,
  rows: readonly KeywordRow[],
): void {
  const elsewhere = placeOfKeyword(keyword);
  const words = rows.map((one) => one.keyword);
  const near = elsewhere === undefined ? nearest(keyword, words) : undefined;
  const bom = keyword.startsWith('\ufeff');
  const hint = bom
    ? 'the file begins with a byte order mark: save it as UTF-8 without BOM'
    : near !== undefined
      ? `did you mean ${near}?`
      : elsewhere;
  context.complain('unknown-keyword', `Unknown keyword '${keyword}'`, {
    word: keyword,
    message: `'${keyword}' is no keyword here; keepalived skips the line and reads on`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Where common misplaced words belong. */
const ELSEWHERE = new Map([
  ['auth_type', 'authentication'],
  ['auth_pass', 'authentication'],
  ['virtual_router_id', 'vrrp_instance'],
  ['advert_int', 'vrrp_instance'],
  ['real_server', 'virtual_server'],
  ['router_id', 'global_defs'],
  ['vrrp_strict', 'global_defs'],
  ['script_user', 'global_defs'],
  ['enable_script_security', 'global_defs'],
]);

function placeOfKeyword(keyword: string): string | undefined {
  if (TOP_LEVEL_ONLY.has(keyword)) {
    return `${keyword} belongs at the top level: a '}' is missing further up`;
  }
  const block = ELSEWHERE.get(keyword);
  return block === undefined ? undefined : `${keyword} belongs inside ${block} { … }`;
}

function noteNotSimulated(context: ParseContext, row: KeywordRow): void {
  const at = context.reporter.location;
  if (row.status === 'supported') return;
  const { keyword, status } = row;
  context.notSimulated.push({ keyword, status, file: at?.file ?? '', line: at?.line ?? 0 });
}
