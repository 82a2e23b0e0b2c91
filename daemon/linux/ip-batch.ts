/**
 * iproute2 as one long-running child: `ip -4 -force -batch -` takes a command a line and carries each out before
 * it reads the next. That saves a process per address, so that a virtual address is set within a fraction of a
 * millisecond. Words are never joined by a shell; those that the batch reader would take apart are refused.
 *
 * How the end of a command is known: after each line a line with an unknown object is sent, and `ip` answers
 * that one on stderr, which it never buffers.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { IpFamily } from '../wire/ip-address.ts';

/** Words of ip's batch reader: blanks separate, `#` begins a comment, quotes and backslashes have a meaning. */
const UNSAFE_WORD = /[\s#"'\\]|^$/;

/** How often a child that died is started again for one command before it fails. */
const RESTARTS_PER_COMMAND = 1;

/** How long one command may take before its child is given up. */
const COMMAND_LIMIT_MS = 5000;

/** What tests replace. */
export interface IpBatchOptions {
  /** The program, `ip` unless said otherwise. */
  readonly command?: string | undefined;
  readonly limitMs?: number;
}

interface Request {
  readonly words: readonly string[];
  readonly onDone: (failure: string | undefined) => void;
  readonly marker: string;
  restarts: number;
}

/** One ordered channel to iproute2 for one family: the reader of batches takes no family a line. */
export class IpBatch {
  readonly #command: string;
  readonly #familyFlag: '-4' | '-6';
  readonly #limitMs: number;
  #child: ChildProcess | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #text = '';
  #markers = 0;
  readonly #waiting: Request[] = [];
  #closed = false;
  #stale = false;

  constructor(family: IpFamily, options: IpBatchOptions = {}) {
    this.#familyFlag = family === 'inet' ? '-4' : '-6';
    this.#command = options.command ?? 'ip';
    this.#limitMs = options.limitMs ?? COMMAND_LIMIT_MS;
  }

  /** Carries out `ip WORDS…`; `onDone` gets the text of the failure, `undefined` when it went well. */
  run(words: readonly string[], onDone: (failure: string | undefined) => void): void {
    const unsafe = words.find((word) => UNSAFE_WORD.test(word));
    if (unsafe !== undefined) {
      onDone(`refused: ${JSON.stringify(unsafe)} is not one word`);
      return;
    }
    this.#markers++;
    const request = { words, onDone, marker: `lantwin-${this.#markers}`, restarts: 0 };
    this.#waiting.push(request);
    if (this.#child === undefined) this.#start();
    else this.#write(request);
    if (this.#waiting.length === 1) this.#guard();
  }

  /**
   * Starts a new child before the next command: `ip` keeps names and numbers of interfaces that it has seen,
   * and one of them was removed.
   */
  forgetInterfaces(): void {
    this.#stale = true;
    this.#retireWhenIdle();
  }

  /** Carries out one command at once, in a process of its own; for exits that cannot wait. */
  runNow(words: readonly string[]): void {
    spawnSync(this.#command, [this.#familyFlag, ...words], { stdio: 'ignore', timeout: 2000 });
  }

  /** Ends the child after what was asked so far. */
  close(): void {
    this.#closed = true;
    this.#child?.stdin?.end();
  }

  #start(): void {
    const child = spawn(this.#command, [this.#familyFlag, '-force', '-batch', '-'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      // A Ctrl+C at the terminal is for the daemon, which still needs its `ip` to withdraw.
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
    this.#child = child;
    this.#text = '';
    child.on('error', (error) => this.#onGone(child, error.message));
    child.on('close', () => this.#onGone(child, `${this.#command} ended`));
    child.stdin?.on('error', () => {});
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => this.#onText(text));
    for (const request of this.#waiting) this.#write(request);
  }

  #write(request: Request): void {
    this.#child?.stdin?.write(`${request.words.join(' ')}\n${request.marker}\n`);
  }

  /** Watches over the command that is under way; a child that does not answer is ended. */
  #guard(): void {
    clearTimeout(this.#watchdog);
    if (this.#waiting.length === 0) return;
    this.#watchdog = setTimeout(() => {
      const child = this.#child;
      child?.kill('SIGKILL');
      if (child !== undefined) this.#onGone(child, `${this.#command} did not answer`);
    }, this.#limitMs);
  }

  #onText(text: string): void {
    this.#text += text;
    for (let request = this.#waiting[0]; request !== undefined; request = this.#waiting[0]) {
      const failureEnd = this.#text.indexOf(`Object "${request.marker}" is unknown`);
      if (failureEnd < 0) return;
      // The marker is itself a failed command, told in two lines.
      const told = /Command failed -:\d+\n/.exec(this.#text.slice(failureEnd));
      if (told === null) return;
      const failure = cleanFailure(this.#text.slice(0, failureEnd));
      this.#text = this.#text.slice(failureEnd + told.index + told[0].length);
      this.#waiting.shift();
      this.#guard();
      request.onDone(failure);
    }
    this.#retireWhenIdle();
  }

  #retireWhenIdle(): void {
    if (!this.#stale || this.#waiting.length > 0) return;
    this.#stale = false;
    this.#child?.stdin?.end();
    this.#child = undefined;
  }

  #onGone(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const request = this.#waiting[0];
    if (request === undefined) return;
    if (this.#closed || request.restarts >= RESTARTS_PER_COMMAND) {
      this.#waiting.shift();
      const said = this.#text.trim().split('\n').join('; ');
      request.onDone(said === '' ? reason : `${said} (${reason})`);
    }
    this.#guard();
    const next = this.#waiting[0];
    if (next === undefined) return;
    next.restarts++;
    this.#start();
  }
}

/** What `ip` said of a failed command in one line, `undefined` when it said nothing of importance. */
export function cleanFailure(text: string): string | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^Command failed -:\d+$/.test(line));
  const failed = /Command failed -:\d+/.test(text);
  return failed ? lines.join('; ') || 'failed without a reason' : undefined;
}
