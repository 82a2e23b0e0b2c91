/**
 * The part of the command tree that searches, compares and replays. Like in `main.ts`, the code of
 * a command is loaded when it is called.
 */

import type { Command } from 'commander';
import type { ReplayCommandOptions } from './command-replay.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Runs a command's work and keeps its exit code; `main.ts` makes it. */
export type CommandCaller = (
  work: (given: { readonly output: Output; readonly version: string }) => Promise<ExitCode>,
) => Promise<void>;

const SCENARIOS = 'Scenarios:';

/** Adds the commands. */
export function addSearch(program: Command, call: CommandCaller): void {
  addReplay(program, call);
}

function addReplay(program: Command, call: CommandCaller): void {
  program
    .command('replay')
    .helpGroup(SCENARIOS)
    .description('a retained run again, to its end or to a moment')
    .argument('<run>', 'a run file (*.run.json)')
    .option('--until <time>', 'stop there and tell what every host is and holds')
    .action((path: string, options: ReplayCommandOptions) =>
      call(async (given) =>
        (await import('./command-replay.ts')).replayCommand(path, options, given),
      ),
    );
}
