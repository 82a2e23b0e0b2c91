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
  type ParsedCommandLine,
  parseCommandLine,
  signalNumber,
} from './linux/command-line.ts';
import { checkConfiguration } from './linux/config-test.ts';
import { helpText } from './linux/flags.ts';
import { runHostDaemon } from './linux/host-daemon.ts';
import { holdUsr1 } from './linux/process-signals.ts';
import { canStay } from './linux/start-facts.ts';

const EXIT_OK = 0;
const EXIT_USAGE = 1;
/** Of `-t`: there was a message. */
const EXIT_FLAWED = 5;

type TestRequest = Extract<ParsedCommandLine, { kind: 'test' }>;

/** What a caller may replace. */
export interface MainOptions {
  /** Reads configurations; by default the reader of `daemon/config`. */
  readonly load?: ConfigLoader;
}

/**
 * Runs the daemon as keepalived's command line says.
 *
 * Exit codes as keepalived 2.2.7: 0 it ran and was stopped, or never began (another one runs, no such namespace, no pid
 * file), 1 usage, 2 a configuration that it refuses, 4 missing permission, 6 a file is missing; with `-t` 0 clean or
 * no file, 2 a parameter is missing, 5 messages, 6 scripts without script security or a demanded file is missing.
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
  for (const remark of parsed.remarks) process.stderr.write(`${remark}\n`);
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(helpText());
      return EXIT_OK;
    case 'version':
      process.stdout.write(`lantwin ${ownVersion()} (behaves as Keepalived v2.2.7)\n`);
      return EXIT_OK;
    case 'usage-error':
      process.stderr.write('lantwin daemon --help names the options\n');
      return EXIT_USAGE;
    case 'signum':
      return printSignalNumber(parsed.name);
    case 'test':
      return testConfiguration(parsed);
    case 'run':
      return parsed.options.fork && canStay(parsed.options)
        ? fork(words)
        : run(parsed.options, words, options);
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
function fork(words: readonly string[]): number {
  const own = process.argv.slice(1, process.argv.length - words.length);
  // In front: what stands behind `--` is no flag.
  const all = [...process.execArgv, ...own, '--dont-fork', ...words];
  const child = spawn(process.execPath, all, { detached: true, stdio: 'ignore' });
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

/** `-t`. A log file that cannot be opened is told before anything is read, as keepalived does. */
function testConfiguration({ options, logFile, flawed }: TestRequest): number {
  const write = (text: string): void => {
    if (logFile === undefined) process.stderr.write(text);
    else appendFileSync(logFile, text, { mode: 0o644 });
  };
  try {
    write('');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`Unable to open config-test log file ${logFile} - ${reason}\n`);
    return EXIT_USAGE;
  }
  const result = checkConfiguration(options);
  write(result.lines.map((line) => `${line}\n`).join(''));
  return flawed && result.exitCode === EXIT_OK ? EXIT_FLAWED : result.exitCode;
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
