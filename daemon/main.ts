/**
 * keepalived's command line: `lantwin daemon …` calls `main` with the words behind it. Returns the exit code and
 * never ends the process itself, so that it can be called from tests.
 */

import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigLoader } from './core/loaded-config.ts';
import {
  type CommandLine,
  helpText,
  parseCommandLine,
  signalNumber,
} from './linux/command-line.ts';
import { checkConfiguration } from './linux/config-test.ts';
import { runHostDaemon } from './linux/host-daemon.ts';
import { holdUsr1 } from './linux/process-signals.ts';

const EXIT_OK = 0;
const EXIT_USAGE = 1;

/** What a caller may replace. */
export interface MainOptions {
  /** Reads configurations; by default the reader of `daemon/config`. */
  readonly load?: ConfigLoader;
}

/**
 * Runs the daemon as keepalived's command line says.
 *
 * Exit codes as keepalived 2.2.7: 0 it ran and was stopped, 1 usage or environment, 2 no instance to run,
 * 4 missing permission, 6 no configuration file; with `-t` 0 clean, 5 messages, 6 scripts without script security.
 */
export async function main(words: readonly string[], options: MainOptions = {}): Promise<number> {
  const releaseUsr1 = holdUsr1();
  try {
    return await carryOut(words, options);
  } finally {
    releaseUsr1();
  }
}

async function carryOut(words: readonly string[], options: MainOptions): Promise<number> {
  const parsed = parseCommandLine(words);
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(helpText());
      return EXIT_OK;
    case 'version':
      process.stdout.write(`lantwin ${ownVersion()} (behaves as Keepalived v2.2.7)\n`);
      return EXIT_OK;
    case 'usage-error':
      process.stderr.write(`lantwin daemon: ${parsed.message}\n${helpText()}`);
      return EXIT_USAGE;
    case 'signum':
      return printSignalNumber(parsed.name);
    case 'test': {
      const { file, configId } = parsed.options;
      const result = checkConfiguration({ file, configId });
      report(result.lines, parsed.logFile);
      return result.exitCode;
    }
    case 'run':
      return parsed.options.fork ? fork() : run(parsed.options, words, options);
  }
}

function run(commandLine: CommandLine, words: readonly string[], options: MainOptions) {
  const { load } = options;
  return runHostDaemon({
    commandLine,
    words: ['keepalived', ...words],
    ...(load === undefined ? {} : { load }),
  });
}

/**
 * Without `-n` keepalived goes to the background: the same command again, in a session of its own. The folder stays, so
 * that a relative `-f` and `-p` mean what they say (keepalived's pid file would land below `/`).
 */
function fork(): number {
  const words = [...process.execArgv, ...process.argv.slice(1), '--dont-fork'];
  const child = spawn(process.execPath, words, { detached: true, stdio: 'ignore' });
  child.unref();
  return EXIT_OK;
}

function printSignalNumber(name: string): number {
  const number = signalNumber(name);
  if (number === undefined) {
    process.stderr.write(`Unknown sigfunc ${name}\n`);
    return EXIT_USAGE;
  }
  process.stdout.write(`${number}\n`);
  return EXIT_OK;
}

function report(lines: readonly string[], logFile: string | undefined): void {
  const text = lines.map((line) => `${line}\n`).join('');
  if (logFile === undefined) process.stderr.write(text);
  else appendFileSync(logFile, text);
}

/** The version of the package that this file belongs to, in the sources and in dist/ alike. */
function ownVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (folder !== dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return String(JSON.parse(readFileSync(path, 'utf8')).version);
    folder = dirname(folder);
  }
  return 'unknown';
}
