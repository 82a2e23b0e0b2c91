/**
 * From files to logical lines: comments cut, includes followed, conditions decided, definitions taken and
 * substituted, sequences unrolled, and braces put on lines of their own. The parser above sees nothing of it.
 *
 * The order in which the sources of the next line are asked is keepalived's: the rest of a line that held
 * a brace, a running ~SEQ or ~LST, a running multi-line definition, then the file.
 */

import {
  type BuiltIns,
  type Definition,
  type Definitions,
  newDefinitions,
  substitute,
  takeDefinition,
} from './definitions.ts';
import { remarkOnUndefinedUses } from './extra-warnings.ts';
import { type IncludeStack, parseInclude } from './include-stack.ts';
import type { Reporter } from './reporter.ts';
import { nextRound, parseLst, parseSeq, type Sequence, type SequenceResult } from './sequences.ts';
import { LINE_BUFFER_BYTES, utf8Length } from './source-text.ts';
import { stripComment, trimEndBlank, trimStartBlank } from './words.ts';

/** Lines a whole configuration may unroll to; guards against definitions that feed themselves. */
const LOGICAL_LINES_MAX = 200_000;

/** What the reader needs to know. */
export interface LineReaderOptions {
  readonly includes: IncludeStack;
  readonly reporter: Reporter;
  readonly builtIns: BuiltIns;
  /** The configuration id that `@id` lines are compared with. */
  readonly configId: string;
  /** How keepalived names a file in messages of this process. */
  readonly labelOf: (label: string, included: boolean) => string;
  readonly mainPath: string;
  /** keepalived's children read the parent's copy: comments already cut, every piece a line. */
  readonly copied: boolean;
  /** Called for each place where a comment was cut from a line with something before it. */
  readonly onComment?: (line: string, commentAt: number) => void;
}

interface Continuation {
  text: string;
  readonly sequenceDepth: number;
}

/** Reads logical lines. One for each pass. */
export class LineReader {
  readonly definitions: Definitions;
  /** Definitions that only other hosts have, with the conditions in front of them. */
  readonly elsewhere = new Map<string, string>();
  readonly configId: string;
  /** Braces open and not yet closed. */
  depth = 0;
  private residue: string | undefined;
  private readonly sequences: Sequence[] = [];
  private readonly continuations: Continuation[] = [];
  /** A definition whose next lines are still to come. */
  private growing: Definition | undefined;
  private linesGiven = 0;
  private readonly options: LineReaderOptions;

  constructor(options: LineReaderOptions) {
    this.options = options;
    this.definitions = newDefinitions(options.builtIns);
    this.configId = options.configId;
  }

  /** The next logical line, never empty; `undefined` at the end. */
  next(): string | undefined {
    while (this.linesGiven++ < LOGICAL_LINES_MAX && !this.options.reporter.ended) {
      const raw = this.nextRaw();
      if (raw === undefined) return undefined;
      const line = this.growing === undefined ? this.interpret(raw) : this.grow(raw);
      if (line === '') continue;
      if (line.includes('$')) remarkOnUndefinedUses(this.options.reporter, line, this);
      const include = parseInclude(line);
      if (include === undefined) return this.splitBrace(line);
      this.options.includes.include(include.pattern, include.checks);
    }
    return undefined;
  }

  private nextRaw(): string | undefined {
    const residue = this.residue;
    if (residue !== undefined) {
      this.residue = undefined;
      return residue;
    }
    const depth = this.continuations.at(-1)?.sequenceDepth ?? 0;
    const sequence = this.sequences.length > depth ? this.sequences.at(-1) : undefined;
    if (sequence !== undefined) {
      const text = nextRound(sequence, this.definitions);
      if (sequence.rounds.length === 0) {
        this.sequences.splice(this.sequences.indexOf(sequence), 1);
      }
      return text;
    }
    const continuation = this.continuations.at(-1);
    return continuation === undefined ? this.nextFromFile() : this.nextOf(continuation);
  }

  private nextOf(continuation: Continuation): string {
    const end = continuation.text.indexOf('\n');
    if (end < 0) {
      this.continuations.pop();
      return continuation.text;
    }
    const line = continuation.text.slice(0, end);
    continuation.text = continuation.text.slice(end + 1);
    return line;
  }

  private nextFromFile(): string | undefined {
    const { includes, reporter } = this.options;
    for (;;) {
      const piece = includes.nextPiece();
      const file = includes.current;
      if (piece === undefined || file === undefined) return undefined;
      const included = file.path !== this.options.mainPath;
      reporter.location = {
        file: file.path,
        label: this.options.labelOf(file.label, included),
        line: piece.line,
        reportedLine: this.options.copied ? piece.number : piece.reportedLine,
        text: piece.text,
      };
      const stripped = stripComment(piece.text);
      // In the children's copy a comment of its own, too, ends a definition of several lines.
      if ((this.options.copied ? stripped.text : piece.text) === '') {
        this.growing = undefined;
        continue;
      }
      const read = this.options.copied ? stripComment(stripped.text) : stripped;
      if (read.unterminatedQuote) this.reportOpenQuote(read.untrimmed);
      if (stripped.commentAt > 0 && stripped.text !== '') {
        this.options.onComment?.(piece.text, stripped.commentAt);
      }
      if (read.text !== '') return read.text;
    }
  }

  private grow(raw: string): string {
    const definition = this.growing;
    if (definition === undefined) return '';
    const more = raw.endsWith('\\');
    const text = more ? raw.slice(0, -1).replace(/[ \t]+$/, '') : raw;
    if (text !== '') definition.value += more ? `${text}\n` : text;
    if (!more) {
      this.growing = undefined;
      if (definition.value === '') definition.multiline = false;
    }
    return '';
  }

  /** Conditions, definitions, sequences and substitution, until nothing changes. */
  private interpret(raw: string): string {
    let line = raw;
    for (let round = 0; round < 100; round++) {
      if (line.startsWith('@')) {
        const kept = this.decideCondition(line);
        if (kept === undefined) return '';
        line = kept;
      }
      if (line.startsWith('$')) {
        const definition = takeDefinition(this.definitions, line);
        if (definition !== undefined) {
          if (definition.multiline) this.growing = definition;
          return '';
        }
      }
      if (line.startsWith('~SEQ')) return this.begin(parseSeq(line, this.definitions), line);
      if (line.startsWith('~LST')) return this.begin(parseLst(line), line);
      if (line.startsWith('~') || !line.includes('$')) return line;
      const replaced = this.replace(line);
      if (replaced === undefined) return line;
      line = replaced;
      const again = line.startsWith('@') || line.includes('$') || line.startsWith('~');
      if (!again) return line;
    }
    return line;
  }

  private replace(line: string): string | undefined {
    const result = substitute(this.definitions, line);
    if (!result.changed) return undefined;
    if (utf8Length(result.text) >= LINE_BUFFER_BYTES) {
      this.options.reporter.report({
        code: 'config:line-too-long',
        message: `after substitution the line is longer than ${LINE_BUFFER_BYTES} bytes; it is kept as written`,
      });
      return undefined;
    }
    if (result.continuation !== undefined) {
      this.continuations.push({
        text: result.continuation,
        sequenceDepth: this.sequences.length,
      });
    }
    const stripped = stripComment(result.text);
    if (stripped.unterminatedQuote) this.reportOpenQuote(stripped.untrimmed);
    return stripped.text;
  }

  /** The line behind a condition that holds; `undefined` when it does not. */
  private decideCondition(line: string): string | undefined {
    const match = /^@(\^?)([^ \t]*)[ \t]+(.*)$/.exec(line);
    if (match === null) return undefined;
    const [, not, id, rest = ''] = match;
    if ((id === this.configId) === (not !== '^')) return rest;
    const name = /^\$([A-Za-z_][A-Za-z0-9_]*)=/.exec(rest)?.[1];
    if (name !== undefined) this.noteElsewhere(name, `@${not}${id}`);
    return undefined;
  }

  private noteElsewhere(name: string, condition: string): void {
    const before = this.elsewhere.get(name);
    this.elsewhere.set(name, before === undefined ? condition : `${before}, ${condition}`);
  }

  private begin(result: SequenceResult, line: string): string {
    if ('rounds' in result) {
      this.sequences.push(result);
      return '';
    }
    const kind = line.slice(0, 4);
    for (const text of [...result.complaints, `Invalid ${kind} specification '%s'`]) {
      this.options.reporter.report({
        code: 'config:bad-sequence',
        text: text.replace('%s', () => line),
        message: `${text.replace('%s', () => line)}; the line is left out`,
        word: kind,
        ofLine: true,
        hint: `${kind}(name, …) text: see keepalived.conf(5)`,
      });
    }
    return '';
  }

  /** Cuts the line before a brace outside quotes, or behind one that begins it. */
  private splitBrace(line: string): string {
    const at = findBrace(line);
    const cut = at === 0 ? line.length - trimStartBlank(line.slice(1)).length : at;
    let head = line;
    if (at >= 0 && cut < line.length) {
      this.residue = trimEndBlank(line.slice(cut));
      head = line.slice(0, cut);
    }
    head = trimEndBlank(head);
    if (head === '{') this.depth++;
    if (head === '}' && this.depth-- < 1) {
      this.depth = 0;
      this.options.reporter.report({
        code: 'config:extra-brace',
        text: "Extra '}' found",
        message: "'}' closes no block; one '}' too many before or here",
        word: '}',
        ofLine: true,
      });
    }
    return head;
  }

  private reportOpenQuote(line: string): void {
    // The copy has no blanks before a line's last backslash.
    const text = this.options.copied ? trimEndBlank(line) : line;
    this.options.reporter.report({
      code: 'config:unterminated-quote',
      text: `Unterminated quote '${text}'`,
      message: `a double quote is opened and not closed in '${text}'`,
      word: '"',
      ofLine: true,
    });
  }
}

function findBrace(line: string): number {
  let at = 0;
  while (at < line.length) {
    const character = line[at];
    if (character === '{' || character === '}') return at;
    if (character === '"') {
      const close = line.indexOf('"', at + 1);
      if (close < 0) return -1;
      at = close;
    }
    at++;
  }
  return -1;
}
