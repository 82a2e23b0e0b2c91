/** The part of the command tree that runs scenarios: `run`, `watch`, `list`. */

import type { Command } from 'commander';
import type { ListCommandOptions } from './command-list.ts';
import type { RunCommandOptions } from './command-run.ts';
import type { CommandCaller } from './search-commands.ts';

const SCENARIOS = 'Scenarios:';

/** Adds the commands. */
export function addRunCommands(program: Command, call: CommandCaller): void {
  addRun(program, call);
  addWatch(program, call);
  addList(program, call);
}

function addRun(program: Command, call: CommandCaller): void {
  const run = program
    .command('run')
    .helpGroup(SCENARIOS)
    .description('run scenarios and judge them')
    .argument(
      '[files...]',
      'scenarios or folders with *.twin.yml (default: this folder); or keepalived.conf files',
    );
  withRunOptions(run)
    .option('--bail', 'stop after the first scenario that does not pass')
    .option('--shard <i/n>', 'the i-th of n parts of the scenarios')
    .option('--changed [commit]', 'only what differs from the last (or that) commit in git')
    .option('-u, --update', 'accept what happens now as golden traces, in __traces__/')
    .option('--pass-with-no-tests', 'no scenario found is no error')
    .action((files: string[], options: RunCommandOptions) =>
      call(async (given) => {
        const { isBareConfig } = await import('./bare-configs.ts');
        if (files.length > 0 && files.every(isBareConfig)) {
          const { matrixCommand } = await import('./command-matrix.ts');
          return matrixCommand(files, options, given.output);
        }
        const { runFiles } = await import('./run-files.ts');
        return runFiles(files, options, given);
      }),
    );
}

/** What `run` and `watch` have in common. */
function withRunOptions(command: Command): Command {
  return command
    .option('--seed <n>', 'seed of all chance, instead of the one in the file; or: random')
    .option('--seeds <a..b>', 'run every scenario with each of these seeds')
    .option('--json', 'report as JSON, with traceHash')
    .option('--pcap <dir>', 'write one pcapng file per cable')
    .option('-t, --test-name-pattern <text>', 'only scenarios whose name or file contains the text')
    .option(
      '--reporter <name[:file]>',
      'default, verbose, dot, json, ndjson, junit, tap, github, html, minimal; repeatable',
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option('--outputFile <file>', 'where the last reporter without a file writes to')
    .option('--trace <mode>', 'run files: off, on or retain-on-failure', 'retain-on-failure')
    .option('--quiet', 'print failures only');
}

function addWatch(program: Command, call: CommandCaller): void {
  const watch = program
    .command('watch')
    .helpGroup(SCENARIOS)
    .description('run scenarios again whenever they, or the files they name, change')
    .argument('[files...]', 'scenarios or folders (default: this folder)');
  withRunOptions(watch).action((files: string[], options: RunCommandOptions) =>
    call(async (given) => (await import('./command-watch.ts')).watchCommand(files, options, given)),
  );
}

function addList(program: Command, call: CommandCaller): void {
  program
    .command('list')
    .helpGroup(SCENARIOS)
    .description('the scenarios that run would run')
    .argument('[files...]', 'scenarios or folders (default: this folder)')
    .option('-t, --test-name-pattern <text>', 'only scenarios whose name or file contains the text')
    .option('--json', 'as JSON')
    .action((files: string[], options: ListCommandOptions) =>
      call(async ({ output }) =>
        (await import('./command-list.ts')).listCommand(files, options, output),
      ),
    );
}
