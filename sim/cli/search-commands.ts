/**
 * The part of the command tree that searches, compares and replays. Like in `main.ts`, the code of
 * a command is loaded when it is called.
 */

import type { Command } from 'commander';
import type { ExploreCommandOptions } from './command-explore.ts';
import type { GraphCommandOptions, InitCommandOptions } from './command-init.ts';
import type { MatrixOptions } from './command-matrix.ts';
import type { ReplayCommandOptions } from './command-replay.ts';
import type { SweepCommandOptions } from './command-sweep.ts';
import type { WhyCommandOptions } from './command-why.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** What a command needs. */
export interface CommandCall {
  readonly output: Output;
  readonly version: string;
  /** Reads the scenarios of these paths; those that are programs are imported at once. */
  readonly loader: (paths: readonly string[]) => Promise<LoadScenario>;
}

/** Runs a command's work and keeps its exit code; `main.ts` makes it. */
export type CommandCaller = (work: (given: CommandCall) => Promise<ExitCode>) => Promise<void>;

const SCENARIOS = 'Scenarios:';
const FILES = 'Files:';

/** Adds the commands. */
export function addSearch(program: Command, call: CommandCaller): void {
  addExplore(program, call);
  addReplay(program, call);
  addWhy(program, call);
  addSweep(program, call);
  addFileCommands(program, call);
  addCompletion(program, call);
}

function addExplore(program: Command, call: CommandCaller): void {
  program
    .command('explore')
    .helpGroup(SCENARIOS)
    .description('search for a schedule of faults that breaks a setup, and shrink it')
    .argument('<files...>', "a scenario or keepalived.conf files; or 'merge' and JSON of shards")
    .option('--runs <n>', 'how many schedules; 200 by default')
    .option('--seed <n>', 'seed of the search; 1 by default')
    .option('--faults <list>', 'kinds of faults, separated by commas; all by default')
    .option('--shard <i/n>', 'the i-th of n parts of the runs')
    .option('--workers <n>', 'threads; as many as there are cores by default')
    .option('--known-ok', 'exit 0 when all that was found is what keepalived is known for')
    .option('--resume <file>', 'go on where a search was interrupted; its state is kept there')
    .option('--json', 'report as JSON, for explore merge')
    .action((paths: string[], options: ExploreCommandOptions) =>
      call(async (given) => {
        const command = await import('./command-explore.ts');
        if (paths[0] === 'merge') {
          return command.mergeCommand(paths.slice(1), options, given.output);
        }
        return command.exploreCommand(paths, options, given);
      }),
    );
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

function addWhy(program: Command, call: CommandCaller): void {
  program
    .command('why')
    .helpGroup(SCENARIOS)
    .description('which event made a failure inevitable, from replays with other luck')
    .argument('<run>', 'a run file (*.run.json), or a scenario that fails')
    .option('--seed <n>', "the seed that it fails with; by default the run's")
    .option('--replays <n>', 'replays per moment; 12 by default')
    .option('--json', 'as JSON')
    .action((path: string, options: WhyCommandOptions) =>
      call(async ({ output, loader }) => {
        const { whyCommand } = await import('./command-why.ts');
        return whyCommand(path, options, output, await loader([path]));
      }),
    );
}

function addSweep(program: Command, call: CommandCaller): void {
  program
    .command('sweep')
    .helpGroup(SCENARIOS)
    .description('shortest and longest outage over all phases of the advert interval')
    .argument('<files...>', 'a scenario, or keepalived.conf files')
    .option('--seed <n>', 'seed of all chance; 1 by default')
    .option('--seeds <a..b>', 'sweep under each of these seeds')
    .option('--phases <n>', 'points of the grid, between which jumps are looked for; 20 by default')
    .option('--phase <time>', 'that one phase only')
    .option('--faults <list>', 'faults of the matrix, separated by commas; all by default')
    .option('--json', 'as JSON')
    .action((paths: string[], options: SweepCommandOptions) =>
      call(async ({ output, loader }) => {
        const { sweepCommand } = await import('./command-sweep.ts');
        return sweepCommand(paths, options, output, await loader(paths));
      }),
    );
  program
    .command('diff')
    .helpGroup(SCENARIOS)
    .description('what changes for the client between two sets of keepalived.conf files')
    .argument('<old>', 'a keepalived.conf or a folder of them')
    .argument('<new>', 'the same, changed')
    .option('--seed <n>', 'seed of all chance')
    .option('--seeds <a..b>', 'compare under each of these seeds')
    .option('--json', 'as JSON')
    .action((before: string, after: string, options: MatrixOptions) =>
      call(async ({ output }) =>
        (await import('./command-matrix.ts')).diffCommand(before, after, options, output),
      ),
    );
}

function addFileCommands(program: Command, call: CommandCaller): void {
  program
    .command('init')
    .helpGroup(FILES)
    .description('keepalived.conf files in, a runnable scenario out')
    .argument(
      '<files...>',
      'keepalived.conf files, one per node, or a folder of them; or a *.clab.yml of containerlab',
    )
    .option('-o, --output <file>', 'where the scenario goes; lan.twin.yml beside the files')
    .option('--force', 'overwrite it')
    .action((paths: string[], options: InitCommandOptions) =>
      call(async ({ output }) =>
        (await import('./command-init.ts')).initCommand(paths, options, output),
      ),
    );
  program
    .command('graph')
    .helpGroup(FILES)
    .description('the LAN of a scenario or of keepalived.conf files as a picture')
    .argument('<files...>', 'a scenario, or keepalived.conf files')
    .option('--format <format>', 'mermaid (default), dot, svg, json')
    .action((paths: string[], options: GraphCommandOptions) =>
      call(async ({ output, loader }) => {
        const { graphCommand } = await import('./command-init.ts');
        return graphCommand(paths, options, output, await loader(paths));
      }),
    );
}

function addCompletion(program: Command, call: CommandCaller): void {
  program
    .command('completion')
    .helpGroup(FILES)
    .description('print the completion script of a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action((shell: string) =>
      call(async ({ output }) => {
        const { completionScript } = await import('./completion.ts');
        output.out(completionScript(program, shell));
        return 0;
      }),
    );
  program
    .command('man', { hidden: true })
    .description('print a manual page as troff source')
    .argument('<page>', 'lantwin.1, lantwin.twin.5 or lantwin-daemon.8')
    .action((page: string) =>
      call(async ({ output, version }) => {
        const { manPage } = await import('./man-pages.ts');
        output.out(manPage(page, program, version));
        return 0;
      }),
    );
}
