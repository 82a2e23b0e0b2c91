/**
 * `lantwin watch`: runs scenarios, waits for a change, runs again what hangs on the changed files. Without a
 * terminal, and in CI, it is `run`: nobody would ever end it.
 */

import { type FSWatcher, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { RunCommandOptions } from './command-run.ts';
import { dependenciesOf } from './dependencies.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { runFiles, typedModules } from './run-files.ts';
import { findScenarios, loadScenarioFile } from './scenario-files.ts';

/** Editors write a file in several steps; changes within that time are one. */
const SETTLE_MS = 60;
const CLEAR = '\u001b[2J\u001b[3J\u001b[H';
const KEYS = 'Enter runs all again, q ends';

/** What `watch` needs of its process; tests hand in their own. */
export interface WatchSurroundings {
  readonly output: Output;
  readonly version: string;
  /** Whether somebody sits there; by default stdin and stdout are terminals and CI is unset. */
  readonly isInteractive?: boolean;
  /** Resolves when the user wants to end. */
  readonly keys?: (press: (key: string) => void) => () => void;
}

/** Watches until `q` or Ctrl+C; the code of the last run. */
export async function watchCommand(
  paths: readonly string[],
  options: RunCommandOptions,
  given: WatchSurroundings,
): Promise<ExitCode> {
  const { isInteractive = sitsThere() } = given;
  let code = await runFiles(paths, { ...options, passWithNoTests: true }, given);
  if (!isInteractive) return code;
  const session = new WatchSession(paths, given.output);
  const unlisten = (given.keys ?? terminalKeys)((key) => session.press(key));
  try {
    for (;;) {
      await session.look();
      const change = await session.next();
      if (change === 'end') return code;
      given.output.out(CLEAR);
      const only = change === 'all' ? {} : { only: change };
      code = await runFiles(paths, { ...options, passWithNoTests: true }, { ...given, ...only });
    }
  } finally {
    unlisten();
    session.close();
  }
}

function sitsThere(): boolean {
  const inCi = (process.env['CI'] ?? '') !== '';
  return process.stdin.isTTY === true && process.stdout.isTTY === true && !inCi;
}

/** What happened: the end is wanted, everything is to be run, or these files changed. */
type Change = 'end' | 'all' | ReadonlySet<string>;

class WatchSession {
  readonly #paths: readonly string[];
  readonly #output: Output;
  #watchers: FSWatcher[] = [];
  #known: ReadonlySet<string> = new Set();
  #changed = new Set<string>();
  #wake: ((change: Change) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(paths: readonly string[], output: Output) {
    this.#paths = paths;
    this.#output = output;
  }

  /** Watches the folders of everything that the scenarios now consist of. */
  async look(): Promise<void> {
    const files = findScenarios(this.#paths);
    const modules = await typedModules(this.#paths);
    const all = files.flatMap((file) =>
      (modules.get(file) ?? [loadScenarioFile(file)]).flatMap((one) => dependenciesOf(file, one)),
    );
    this.#known = new Set(all);
    this.close();
    const named = this.#paths.length === 0 ? ['.'] : this.#paths;
    const folders = new Set([...all.map((path) => dirname(path)), ...named.map(folderOf)]);
    for (const folder of folders) this.#watch(folder);
    const count = `${files.length} ${files.length === 1 ? 'scenario' : 'scenarios'}`;
    this.#output.err(`watching ${count}; ${KEYS}\n`);
  }

  /** The next change, or the end. */
  next(): Promise<Change> {
    return new Promise((done) => {
      this.#wake = done;
      if (this.#changed.size > 0) this.#settle();
    });
  }

  press(key: string): void {
    if (key === 'q' || key === '\u0003') this.#tell('end');
    else if (key === '\r' || key === '\n' || key === 'a') this.#tell('all');
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null) return;
        const path = resolve(folder, name);
        const isNew = /\.twin\.(ya?ml|m?[jt]s)$/.test(name);
        if (!this.#known.has(path) && !isNew) return;
        this.#changed.add(path);
        this.#settle();
      });
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // The folder is gone; the next look tells.
    }
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const changed = this.#changed;
      this.#changed = new Set();
      this.#tell(changed);
    }, SETTLE_MS);
  }

  #tell(change: Change): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.(change);
  }
}

function folderOf(path: string): string {
  return /\.(ya?ml|m?[jt]s)$/.test(path) ? dirname(resolve(path)) : resolve(path);
}

function terminalKeys(press: (key: string) => void): () => void {
  const { stdin } = process;
  const listen = (bytes: Buffer) => {
    for (const key of bytes.toString()) press(key);
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('data', listen);
  return () => {
    stdin.off('data', listen);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
