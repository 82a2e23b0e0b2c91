/**
 * The command line of lantwin: one line in, an exit code out. The only place in sim/ (besides each command's own
 * clean-up) that catches errors.
 */

import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { mirrorEnvironment } from './environment-mirror.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import { buildProgram } from './program.ts';

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

/**
 * Runs one command line and returns its exit code. The words behind `daemon` are keepalived's own
 * command line and go to the daemon as they are.
 */
async function main(words: readonly string[]): Promise<number> {
  if (words[0] === 'daemon') return (await import('../../daemon/main.ts')).main(words.slice(1));
  const version = packageVersion();
  let code: ExitCode = 0;
  const program = buildProgram(version, (result) => {
    code = result;
  });
  try {
    mirrorEnvironment(program, process.env);
    await program.parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    return complain(error, words);
  }
}

function complain(error: unknown, words: readonly string[]): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`);
    return 64;
  }
  if (error instanceof EnvironmentError) {
    process.stderr.write(`error: ${error.message}\n`);
    return 4;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `internal error in lantwin ${packageVersion()}, please report it\n${text}\n`,
  );
  process.stderr.write(`repeat: npx lantwin ${words.join(' ')}\n`);
  return 70;
}

/** The version of the package; the sources and dist/ both lie below its folder. */
function packageVersion(): string {
  for (const up of ['../../', '../../../']) {
    try {
      const text = readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8');
      const parsed: unknown = JSON.parse(text);
      const isOurs =
        typeof parsed === 'object' && parsed !== null && 'version' in parsed && 'bin' in parsed;
      if (isOurs) return String(parsed.version);
    } catch {
      // Not there: look one folder further up.
    }
  }
  return 'unknown';
}
