/**
 * A command line as bash reads the simple ones: words with quotes, `;` `&&` `||` between pipelines,
 * `|` inside, redirections, `*` and `?` (`path-patterns.ts`). Variables (but `$?`), command substitution and loops are
 * left out, and said to be. What cannot be read is a message, as bash prints it.
 */

/** One command with its redirections. */
export interface CommandNode {
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

/** A word; `$?` is filled in when it runs, and so is what an unquoted `*` or `?` stands for. */
export type Word = readonly WordPart[];

/** A piece of a word. */
export type WordPart =
  | string
  | { readonly kind: 'status' }
  | { readonly kind: 'pattern'; readonly text: '*' | '?' };

/** Where a stream goes: a file, `/dev/null`, or the other stream. */
export interface Redirect {
  readonly stream: 'stdin' | 'stdout' | 'stderr' | 'both';
  readonly how: 'write' | 'append' | 'read' | 'to-stdout' | 'to-stderr';
  readonly target: Word;
}

/** Commands joined by `|`, and when they run. */
export interface PipelineNode {
  readonly commands: readonly CommandNode[];
  readonly when: 'always' | 'after-success' | 'after-failure';
}

/** A parsed line, or what bash says. */
export type ParsedLine = { readonly list: readonly PipelineNode[] } | { readonly error: string };

type Token =
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: 'operator'; readonly text: string };

/** Longest line that is read, in characters. */
export const LINE_LENGTH_MAX = 65_536;

/** Parses one line. */
export function parseLine(line: string): ParsedLine {
  if (line.length > LINE_LENGTH_MAX) return { error: 'bash: line too long' };
  const tokens = tokenize(line);
  if (typeof tokens === 'string') return { error: tokens };
  return parseTokens(tokens);
}

const OPERATORS = [
  '&&',
  '||',
  '2>&1',
  '2>>',
  '2>',
  '1>&2',
  '>&2',
  '&>',
  '>>',
  '>',
  '<',
  ';',
  '|',
  '&',
  '\n',
];

function tokenize(line: string): readonly Token[] | string {
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    const character = line[at] as string;
    if (character === ' ' || character === '\t') {
      at++;
      continue;
    }
    if (character === '#') {
      const end = line.indexOf('\n', at);
      at = end < 0 ? line.length : end;
      continue;
    }
    const operator = OPERATORS.find((text) => line.startsWith(text, at));
    if (operator !== undefined) {
      tokens.push({ kind: 'operator', text: operator === '\n' ? ';' : operator });
      at += operator.length;
      continue;
    }
    const read = readWord(line, at);
    if (typeof read === 'string') return read;
    tokens.push({ kind: 'word', word: read.word });
    at = read.end;
  }
  return tokens;
}

function readWord(line: string, start: number): { word: Word; end: number } | string {
  const parts: WordPart[] = [];
  let text = '';
  let at = start;
  let quote = '';
  for (; at < line.length; at++) {
    const character = line[at] as string;
    if (quote === '' && /[\s;|&<>]/.test(character)) break;
    if (quote === "'") {
      if (character === "'") quote = '';
      else text += character;
    } else if (character === '\\') {
      const next = line[at + 1] ?? '';
      if (quote === '"' && !/["\\$`]/.test(next)) text += '\\';
      text += next;
      at++;
    } else if (character === quote) quote = '';
    else if (quote === '' && (character === "'" || character === '"')) quote = character;
    else if (character === '$' && line[at + 1] === '?') {
      parts.push(text, { kind: 'status' });
      text = '';
      at++;
    } else if (quote === '' && (character === '*' || character === '?')) {
      parts.push(text, { kind: 'pattern', text: character });
      text = '';
    } else if (character === '`' || (character === '$' && /[({A-Za-z_]/.test(line[at + 1] ?? ''))) {
      return `bash: ${line.slice(at, at + 12)}: substitution is not simulated`;
    } else text += character;
  }
  if (quote !== '') return `bash: unexpected EOF while looking for matching \`${quote}'`;
  if (text !== '' || parts.length === 0) parts.push(text);
  return { word: parts, end: at };
}

function parseTokens(tokens: readonly Token[]): ParsedLine {
  const list: PipelineNode[] = [];
  let when: PipelineNode['when'] = 'always';
  let commands: CommandNode[] = [];
  let words: Word[] = [];
  let redirects: Redirect[] = [];
  let wanted: Omit<Redirect, 'target'> | undefined;
  const unexpected = (text: string) => ({
    error: `bash: syntax error near unexpected token \`${text === ';' ? ';' : text}'`,
  });
  const endCommand = (): boolean => {
    if (words.length === 0 && redirects.length === 0) return false;
    commands.push({ words, redirects });
    words = [];
    redirects = [];
    return true;
  };
  for (const token of tokens) {
    if (token.kind === 'word') {
      if (wanted !== undefined) redirects.push({ ...wanted, target: token.word });
      else words.push(token.word);
      wanted = undefined;
      continue;
    }
    const { text } = token;
    if (wanted !== undefined) return unexpected(text);
    const redirect = redirectOf(text);
    if (redirect !== undefined) {
      if (redirect.how === 'to-stdout' || redirect.how === 'to-stderr') {
        redirects.push({ ...redirect, target: [''] });
      } else wanted = redirect;
      continue;
    }
    if (text === '&') return { error: 'bash: jobs in the background are not simulated' };
    if (!endCommand() && text !== ';') return unexpected(text);
    if (text === '|') continue;
    if (commands.length > 0) list.push({ commands, when });
    else if (when !== 'always') return unexpected(text);
    commands = [];
    when = text === '&&' ? 'after-success' : text === '||' ? 'after-failure' : 'always';
  }
  if (wanted !== undefined) return unexpected('newline');
  const last = tokens.at(-1);
  if (!endCommand() && last?.kind === 'operator' && last.text !== ';') {
    return { error: 'bash: syntax error: unexpected end of file' };
  }
  if (commands.length > 0) list.push({ commands, when });
  return { list };
}

function redirectOf(text: string): Omit<Redirect, 'target'> | undefined {
  switch (text) {
    case '>':
      return { stream: 'stdout', how: 'write' };
    case '>>':
      return { stream: 'stdout', how: 'append' };
    case '2>':
      return { stream: 'stderr', how: 'write' };
    case '2>>':
      return { stream: 'stderr', how: 'append' };
    case '&>':
      return { stream: 'both', how: 'write' };
    case '2>&1':
      return { stream: 'stderr', how: 'to-stdout' };
    case '>&2':
    case '1>&2':
      return { stream: 'stdout', how: 'to-stderr' };
    case '<':
      return { stream: 'stdin', how: 'read' };
    default:
      return undefined;
  }
}
