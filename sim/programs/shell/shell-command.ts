/** What a command of the virtual shell gets, and the words that all of them share. */

import type { Machine } from '../../host/machine.ts';

/** One running command: its words, its input, where its output goes. */
export interface CommandIo {
  readonly machine: Machine;
  /** As it was called, without folder. */
  readonly name: string;
  /** The arguments. */
  readonly words: readonly string[];
  readonly stdin: string;
  out(text: string): void;
  err(text: string): void;
  /** Ends the command, at once or later; further calls mean nothing. */
  exit(code: number): void;
  /** What Ctrl+C does; without it the command ends with 130. */
  onInterrupt(action: () => void): void;
}

/** A command: a function that ends by `exit`, at once or later in virtual time. */
export type ShellCommand = (io: CommandIo) => void;

/** Ends with a message on stderr. */
export function fail(io: CommandIo, message: string, code: number): void {
  io.err(`${message}\n`);
  io.exit(code);
}

/** Ends with text on stdout. */
export function succeed(io: CommandIo, text = ''): void {
  if (text !== '') io.out(text);
  io.exit(0);
}

/** Lines of a text; a newline at the end makes no empty line. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Options of getopt: single letters, some with a value, and what is left. */
export interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
  /** An option that is not known or lacks its value, as it was written. */
  readonly wrong?: string;
}

/** Reads `-abc`, `-n 3`, `-n3`, `--word` and `--word=value`; options may stand behind arguments. */
export function readOptions(
  words: readonly string[],
  known: { readonly flags: string; readonly valued: string; readonly long?: readonly string[] },
): Options {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--') {
      rest.push(...words.slice(i + 1));
      break;
    }
    if (word.startsWith('--')) {
      const [name, value] = splitAt(word.slice(2), '=');
      if (!(known.long ?? []).includes(name)) return { flags, values, rest, wrong: word };
      if (value === undefined) flags.add(name);
      else values.set(name, value);
      continue;
    }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    for (let j = 1; j < word.length; j++) {
      const letter = word[j] as string;
      if (known.flags.includes(letter)) {
        flags.add(letter);
        continue;
      }
      const value = known.valued.includes(letter) ? word.slice(j + 1) || words[++i] : undefined;
      if (value === undefined) return { flags, values, rest, wrong: `-${letter}` };
      flags.add(letter);
      values.set(letter, value);
      break;
    }
  }
  return { flags, values, rest };
}

/** Text in front of a mark and behind it; `undefined` behind when there is no mark. */
export function splitAt(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** Whether `word` is a beginning of `full`, as iproute2 abbreviates. */
export function isShortFor(word: string, full: string): boolean {
  return word.length > 0 && full.startsWith(word);
}
