/**
 * The files being read: the main one, those it includes, and theirs. A pattern may match several files, read
 * one after the other; each is read with its own directory as the place for relative names.
 *
 * Which missing file is an error depends on the variant of `include` and on `include_check`.
 * Source: keepalived.conf(5) "INCLUDE FILES", `keepalived -t` of 2.2.7.
 */

import { expandBraces } from '../base/file-pattern.ts';
import type { Reporter } from './reporter.ts';
import { cutSource, type SourcePiece } from './source-text.ts';

/** What must hold for an include: readable, a match, a wildcard match, every brace alternative. */
export interface IncludeChecks {
  readonly readable: boolean;
  readonly match: boolean;
  readonly wildcard: boolean;
  readonly brace: boolean;
}

/** Files inside files; keepalived runs out of descriptors, we say so. */
const INCLUDE_DEPTH_MAX = 32;

/** Access to files; the same functions that `loadConfig` was given. */
export interface FileAccess {
  readFile(path: string): Uint8Array | undefined;
  expandPattern(pattern: string): readonly string[];
}

/** One file that is open. */
export interface OpenFile {
  readonly path: string;
  /** As keepalived prints it: the path that was matched, relative as written. */
  readonly label: string;
  readonly directory: string;
  readonly pieces: readonly SourcePiece[];
  next: number;
}

interface Entry {
  current: OpenFile;
  /** Paths of the same pattern still to be read. */
  readonly waiting: { readonly path: string; readonly label: string }[];
}

/** `-e` and a bare `include_check`: whatever is missing keeps keepalived from starting. */
export const ALL_CHECKS: IncludeChecks = {
  readable: true,
  match: true,
  wildcard: true,
  brace: true,
};
const NONE: IncludeChecks = { readable: false, match: false, wildcard: false, brace: false };
const VARIANTS = new Map<string, IncludeChecks>([
  ['', NONE],
  ['r', { ...NONE, readable: true }],
  ['m', { ...NONE, readable: true, match: true }],
  ['b', { ...NONE, readable: true, brace: true }],
  ['w', { readable: true, match: true, wildcard: true, brace: false }],
  ['a', ALL_CHECKS],
]);

/** The pattern and checks of an include line; `undefined` for any other line. */
export function parseInclude(
  line: string,
): { readonly pattern: string; readonly checks: IncludeChecks } | undefined {
  const match = /^include([rmwba]?)[ \t\f\v\r\n]+(.*)$/.exec(line);
  if (match === null) return undefined;
  const checks = VARIANTS.get(match[1] as string) ?? NONE;
  return { pattern: match[2] as string, checks };
}

/** The stack of open files. */
export class IncludeStack {
  /** Set by `include_check` in global_defs; adds to what each include asks for. */
  standing: IncludeChecks = NONE;
  /** A check failed: keepalived will not start. */
  failed = false;
  private readonly entries: Entry[] = [];
  private readonly files: FileAccess;
  private readonly reporter: Reporter;

  constructor(files: FileAccess, reporter: Reporter) {
    this.files = files;
    this.reporter = reporter;
  }

  /** The file that is read now. */
  get current(): OpenFile | undefined {
    return this.entries.at(-1)?.current;
  }

  /** Opens the main file; false when it cannot be read. */
  openMain(path: string, label: string): boolean {
    const file = this.open(path, label);
    if (file === undefined) return false;
    this.entries.push({ current: file, waiting: [] });
    return true;
  }

  /** The next piece of the input; `undefined` at the end of everything. */
  nextPiece(): SourcePiece | undefined {
    for (let entry = this.entries.at(-1); entry !== undefined; entry = this.entries.at(-1)) {
      const piece = entry.current.pieces[entry.current.next];
      if (piece !== undefined) {
        entry.current.next++;
        return piece;
      }
      if (!this.openWaiting(entry)) this.entries.pop();
    }
    return undefined;
  }

  /** Opens what an include names; its pieces come next. */
  include(pattern: string, asked: IncludeChecks): void {
    const checks = join(asked, this.standing);
    if (this.entries.length >= INCLUDE_DEPTH_MAX) {
      this.tooDeep(pattern);
      return;
    }
    const directory = this.current?.directory ?? '';
    const paths = this.files.expandPattern(within(directory, pattern));
    if (paths.length === 0) {
      this.missing(pattern, checks);
      return;
    }
    this.checkBraces(pattern, checks, directory);
    if (this.failed && checks.brace) return;
    const waiting = paths.map((path) => ({ path, label: labelOf(path, directory, pattern) }));
    const entry: Entry = { current: EMPTY_FILE, waiting };
    if (this.openWaiting(entry)) this.entries.push(entry);
  }

  private openWaiting(entry: Entry): boolean {
    for (let item = entry.waiting.shift(); item !== undefined; item = entry.waiting.shift()) {
      const file = this.open(item.path, item.label);
      if (file !== undefined) {
        entry.current = file;
        return true;
      }
      const text = `Configuration file '${item.label}' is not a regular non-executable file - skipping`;
      this.complain(text, item.label, this.standing.readable);
    }
    return false;
  }

  private open(path: string, label: string): OpenFile | undefined {
    const bytes = this.files.readFile(path);
    if (bytes === undefined) return undefined;
    const slash = path.lastIndexOf('/');
    const directory = slash < 0 ? '' : path.slice(0, slash === 0 ? 1 : slash);
    return { path, label, directory, pieces: cutSource(bytes), next: 0 };
  }

  private missing(pattern: string, checks: IncludeChecks): void {
    if (pattern.includes('{')) {
      this.complain(`Config files missing '${pattern}'.`, pattern, checks.brace);
    } else if (/[*?[]/.test(pattern)) {
      if (!checks.wildcard) return;
      this.complain(`No config files matched '${pattern}'.`, pattern, true);
    } else {
      this.complain(`Config files missing '${pattern}'.`, pattern, checks.match);
    }
  }

  private checkBraces(pattern: string, checks: IncludeChecks, directory: string): void {
    const without = expandBraces(pattern).filter((one) => {
      return !/[*?[]/.test(one) && this.files.expandPattern(within(directory, one)).length === 0;
    });
    if (!pattern.includes('{') || without.length === 0) return;
    this.complain(`Some config files missing: "${pattern}".`, pattern, checks.brace);
  }

  private complain(text: string, word: string, fatal: boolean): void {
    if (this.reporter.process !== 'parent') return;
    if (fatal) this.failed = true;
    this.reporter.report({
      code: 'config:missing-include',
      text,
      message: fatal
        ? `${text} This kind of include demands the file; keepalived would not start`
        : `${text} keepalived goes on without it`,
      word,
      level: fatal ? 'file' : 'quiet',
      severity: fatal ? 'error' : 'warning',
    });
  }

  private tooDeep(pattern: string): void {
    this.reporter.report({
      code: 'config:include-too-deep',
      message: `files include each other ${INCLUDE_DEPTH_MAX} deep; '${pattern}' is not read`,
      word: pattern,
      severity: 'error',
    });
  }
}

/** A directory as `pwd` names it, seen from `workingDirectory`. */
export function absolute(directory: string, workingDirectory: string | undefined): string {
  if (workingDirectory === undefined || directory.startsWith('/')) return directory;
  const parts: string[] = [];
  for (const part of `${workingDirectory}/${directory}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const EMPTY_FILE: OpenFile = { path: '', label: '', directory: '', pieces: [], next: 0 };

function join(one: IncludeChecks, other: IncludeChecks): IncludeChecks {
  return {
    readable: one.readable || other.readable,
    match: one.match || other.match,
    wildcard: one.wildcard || other.wildcard,
    brace: one.brace || other.brace,
  };
}

function within(directory: string, pattern: string): string {
  if (directory === '' || pattern.startsWith('/')) return pattern;
  return directory === '/' ? `/${pattern}` : `${directory}/${pattern}`;
}

/** keepalived prints matched names relative to the including file's directory when so written. */
function labelOf(path: string, directory: string, pattern: string): string {
  const front = directory === '/' ? '/' : `${directory}/`;
  return !pattern.startsWith('/') && directory !== '' && path.startsWith(front)
    ? path.slice(front.length)
    : path;
}
