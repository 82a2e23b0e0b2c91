/**
 * What a keyword's handler works with during one pass: the drafts, the current blocks, and ways to take
 * arguments and to complain. One context per process of keepalived; the drafts are shared by all passes.
 */

import type { IpPrefix } from '../wire/ip-address.ts';
import type { MacAddress } from '../wire/mac-address.ts';
import type { GlobalDraft } from './global-draft.ts';
import type { IncludeStack } from './include-stack.ts';
import type { LineReader } from './line-reader.ts';
import type {
  BfdDraft,
  CheckerDraft,
  LvsDraft,
  ServerDraft,
  ServerGroupDraft,
  VirtualServerDraft,
} from './lvs-draft.ts';
import { type NumberRange, type NumberResult, readBoolean, readUnsigned } from './numbers.ts';
import type { Complaint, ReaderProcess, Reporter } from './reporter.ts';
import { versionNumber } from './version-number.ts';
import type {
  GarpGroupDraft,
  GroupDraft,
  InstanceDraft,
  TrackFileDraft,
  TrackProcessDraft,
  VrrpBfdDraft,
  VrrpDraft,
  VrrpScriptDraft,
} from './vrrp-draft.ts';
import { splitQuotedWords } from './words.ts';

/** What the reader wants to know of an interface; `System.interfaces()` fits. */
export interface ConfigInterface {
  readonly name: string;
  readonly addresses: readonly IpPrefix[];
  readonly index?: number;
  readonly mtu?: number;
  readonly loopback?: boolean;
  readonly multicast?: boolean;
  readonly up?: boolean;
  readonly running?: boolean;
  readonly mac?: MacAddress;
  readonly kind?: string;
  /** Of a macvlan or ipvlan: what it stands on. */
  readonly base?: string;
}

/** What keeps a script from being run: it cannot be looked at, is no file, or nobody may execute it. */
export type ScriptFault =
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'wrong-type' }
  | { readonly kind: 'not-executable'; readonly user: string };

/** Facts about the machine; what is absent is not checked. */
export interface MachineFacts {
  readonly hostname: string;
  readonly interfaces?: readonly ConfigInterface[];
  readonly isExecutable?: (path: string) => boolean;
  /** Why a script cannot be run; `undefined`: it can. */
  readonly scriptFault?: (path: string) => ScriptFault | undefined;
  readonly hasUser?: (name: string) => boolean;
  readonly hasGroup?: (name: string) => boolean;
  /** For iproute2's files of names. */
  readonly readFile?: (path: string) => Uint8Array | undefined;
  /** Which keepalived reads; by default 2.2.7. */
  readonly version?: string;
  /** The daemon's environment, for `${_ENV NAME}` (from 2.4 on). */
  readonly environment?: (name: string) => string | undefined;
}

/** A keyword that was accepted and does nothing here. */
export interface NotSimulated {
  readonly keyword: string;
  readonly file: string;
  readonly line: number;
  readonly status: 'no-effect-here';
}

/** What a pass works on. */
export interface ContextParts {
  readonly process: ReaderProcess;
  readonly reporter: Reporter;
  readonly reader: LineReader;
  readonly includes: IncludeStack;
  readonly machine: MachineFacts;
  readonly global: GlobalDraft;
  readonly vrrp: VrrpDraft;
  readonly lvs: LvsDraft;
  readonly bfd: BfdDraft[];
  readonly notSimulated: NotSimulated[];
}

/** The context of one pass. */
export class ParseContext {
  readonly process: ReaderProcess;
  readonly reporter: Reporter;
  readonly reader: LineReader;
  readonly includes: IncludeStack;
  readonly machine: MachineFacts;
  readonly global: GlobalDraft;
  readonly vrrp: VrrpDraft;
  readonly lvs: LvsDraft;
  readonly bfd: BfdDraft[];
  readonly notSimulated: NotSimulated[];

  /** The line being handled, for handlers that split it again. */
  line = '';
  /** Keywords met at the top level. */
  readonly topKeywords = new Set<string>();
  /** Blocks to skip: 0 none, -1 when the opening brace is still to come. */
  skip = 0;
  /** Where the block that is skipped begins. */
  skipped = { keyword: '', line: 0 };
  /** What `script-user.ts` found out in this process; `undefined` before the first script. */
  defaultUserFails: boolean | undefined;
  /** The objects that the innermost blocks describe. */
  instance: InstanceDraft | undefined;
  group: GroupDraft | undefined;
  script: VrrpScriptDraft | undefined;
  file: TrackFileDraft | undefined;
  trackProcess: TrackProcessDraft | undefined;
  garpGroup: GarpGroupDraft | undefined;
  vrrpBfd: VrrpBfdDraft | undefined;
  bfdSession: BfdDraft | undefined;
  serverGroup: ServerGroupDraft | undefined;
  virtualServer: VirtualServerDraft | undefined;
  server: ServerDraft | undefined;
  checker: CheckerDraft | undefined;

  constructor(parts: ContextParts) {
    this.process = parts.process;
    this.reporter = parts.reporter;
    this.reader = parts.reader;
    this.includes = parts.includes;
    this.machine = parts.machine;
    this.global = parts.global;
    this.vrrp = parts.vrrp;
    this.lvs = parts.lvs;
    this.bfd = parts.bfd;
    this.notSimulated = parts.notSimulated;
  }

  /** Whether the keepalived that reads has what came with version `since`. */
  knows(since: string | undefined): boolean {
    if (since === undefined) return true;
    const { version } = this.machine;
    return version !== undefined && versionNumber(version) >= versionNumber(since);
  }

  /** The word at `index`; a missing one ends this process, as it ends keepalived's. */
  word(words: readonly string[], index: number): string {
    const word = words[index];
    if (word !== undefined) return word;
    const line = words[0] ?? '';
    const after = words[index - 1] ?? '';
    this.reporter.report({
      code: 'config:missing-parameter',
      text:
        `*** Configuration line starting \`${line}\` is missing a parameter` +
        ` after keyword \`${after}\` at word position ${index + 1}`,
      message: `'${after}' needs a value and the line ends; keepalived stops reading here and does not start`,
      word: after,
      level: 'fatal',
      severity: 'error',
    });
    // What `-t` skips cannot end it.
    if (!this.reporter.skippedByTest) this.reporter.ended = true;
    return '';
  }

  /** As `word`, where keepalived has lost even the keyword. */
  missingWord(): void {
    const text =
      '*** Configuration line starting `***MISSING ***` is missing a parameter at word position 1';
    this.reporter.report({
      code: 'config:missing-parameter',
      text,
      message:
        "the block does not begin with a name and '{'; keepalived stops reading here and does not start",
      level: 'fatal',
      severity: 'error',
    });
    this.reporter.ended = true;
  }

  /** Complains in keepalived's words. */
  complain(code: string, text: string, more: Partial<Complaint> = {}): void {
    this.reporter.report({ code: `config:${code}`, text, ...more });
  }

  /** Complains where keepalived is silent. */
  remark(code: string, message: string, more: Partial<Complaint> = {}): void {
    this.reporter.report({ code: `config:${code}`, message, ...more });
  }

  /** Reads an unsigned number; complains with `text` in keepalived's words when it is not good. */
  unsigned(words: readonly string[], range: NumberRange & { text?: string }): NumberResult {
    const word = this.word(words, 1);
    const result = readUnsigned(word, range, this.reporter);
    if (result.complained && range.text !== undefined) {
      this.complain('bad-value', range.text, { word });
    }
    return result;
  }

  /** Complains of a 0; where `-t` has found fault with the number already, only a start goes on to say so. */
  complainOfZero(result: NumberResult, text: string, word: string | undefined): void {
    if (!result.usable || result.value !== 0) return;
    if (result.complained) this.reporter.sayAtStart(text, { isPlaced: true });
    else this.complain('bad-value', text, word === undefined ? {} : { word });
  }

  /** An optional boolean: bare means true; `undefined` when it is none of the six words. */
  boolean(words: readonly string[], text: string): boolean | undefined {
    const word = words[1];
    if (word === undefined) return true;
    const value = readBoolean(word);
    if (value === undefined) {
      this.complain('bad-boolean', text, {
        word,
        message: `'${word}' is none of on, off, true, false, yes, no (lower case only); the line has no effect`,
        hint: booleanHint(word),
      });
    }
    return value;
  }

  /** The words of the current line with quotes and escapes; `undefined` after a complaint. */
  quotedWords(): readonly string[] | undefined {
    const words = splitQuotedWords(this.line);
    if (!('kind' in words)) return words;
    if (words.kind === 'missing-quote') {
      const text = `String '${this.line}': missing terminating ${words.quote}`;
      this.complain('unterminated-quote', text, {
        message: `a ${words.quote} is opened and not closed; the line has no effect`,
        word: words.quote,
      });
    } else {
      this.remark('escape-at-end', `the line ends in a backslash: '${this.line}'`);
    }
    return undefined;
  }

  /** Whether the interface exists, or may come later. Without facts everything exists. */
  interfaceKnown(name: string): boolean {
    const known = this.machine.interfaces?.some((one) => one.name === name) ?? true;
    if (known) return true;
    if (this.global.dynamicInterfaces !== 'no') {
      const { awaitedInterfaces } = this.vrrp;
      if (!awaitedInterfaces.includes(name)) awaitedInterfaces.push(name);
      return true;
    }
    this.vrrp.missingInterface = true;
    return false;
  }

  /** The rest of the block is not read. */
  skipBlock(braceStillToCome: boolean): void {
    const at = this.reporter.location;
    const keyword = /[^ \t{]+/.exec(at?.text ?? '')?.[0] ?? '';
    this.skipped = { keyword, line: at?.line ?? 0 };
    this.skip = braceStillToCome ? -1 : 1;
  }
}

function booleanHint(word: string): string {
  const lower = word.toLowerCase();
  return readBoolean(lower) === undefined ? 'write on or off' : `write '${lower}'`;
}
