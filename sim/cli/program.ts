/**
 * The command tree of lantwin: names, words and options. Every command's code is loaded when it is called, so that
 * `--version` and `--help` are instant; help, completion, man pages and the docs are made of this tree.
 */

import { Command } from 'commander';
import type { CheckCommandOptions } from './command-check.ts';
import type { DoctorCommandOptions } from './command-doctor.ts';
import type { EventsCommandOptions } from './command-events.ts';
import type { ExecCommandOptions } from './command-exec.ts';
import type { UiCommandOptions } from './command-ui.ts';
import { MIRROR_HELP } from './environment-mirror.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { addRealNetworks } from './real-commands.ts';
import { addRunCommands } from './run-commands.ts';
import { addSearch, type CommandCall, type CommandCaller } from './search-commands.ts';

const SCENARIOS = 'Scenarios:';
const FILES = 'Files:';
const HOST = 'On a real host:';

/** The tree; `done` hears the exit code of the command that was called. */
export function buildProgram(version: string, done: (code: ExitCode) => void): Command {
  const program = new Command('lantwin')
    .description(
      'A digital twin of a highly available LAN: real keepalived.conf files, virtual time.',
    )
    .version(version, '-V, --version', 'print the version')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .exitOverride()
    .showHelpAfterError('(lantwin --help tells more)')
    .addHelpText('after', `\nExit codes:\n${exitCodeTable()}\n\n${MIRROR_HELP}\n`);
  const loader: CommandCall['loader'] = async (paths) =>
    (await import('./scenario-loader.ts')).scenarioLoader(paths);
  const call: CommandCaller = async (work) => {
    const { processOutput, wantsColor } = await import('./output.ts');
    const color = wantsColor(program.opts()['color'] !== false);
    done(await work({ output: processOutput(color), version, loader }));
  };
  addRunCommands(program, call);
  addExec(program, call);
  addEvents(program, call);
  addUi(program, call);
  addRealNetworks(program, call);
  addCheck(program, call);
  addSearch(program, call);
  program
    .command('schema')
    .helpGroup(FILES)
    .description('print the JSON Schema of scenario files')
    .action(() =>
      call(async ({ output }) => (await import('./command-schema.ts')).schemaCommand(output)),
    );
  program
    .command('daemon')
    .helpGroup(HOST)
    .description("keepalived's place on this Linux host: its flags, signals and exit codes")
    .usage('-f FILE [keepalived options]');
  program
    .command('doctor')
    .helpGroup(HOST)
    .description('what this machine lacks for what lantwin does on it, and how to mend it')
    .argument(
      '[area]',
      'only this: run, daemon, lvs, bridge or test; exit code 4 if it cannot work',
    )
    .option('--json', 'the findings as JSON')
    .action((area: string | undefined, options: DoctorCommandOptions) =>
      call(async ({ output }) =>
        (await import('./command-doctor.ts')).doctorCommand(area, options, output),
      ),
    );
  return program;
}

function addExec(program: Command, call: CommandCaller): void {
  program
    .command('exec')
    .helpGroup(SCENARIOS)
    .description('what a command prints on a virtual host at a moment')
    .argument('<file>', 'the scenario')
    .argument('<host>', 'the host')
    .argument('<command...>', 'the command line, in quotes')
    .requiredOption('--at <time>', 'the moment, such as 20s')
    .option('--for <time>', 'Ctrl+C after that time; 30s by default')
    .option('--seed <n>', 'seed of all chance')
    .action((file: string, host: string, words: string[], options: ExecCommandOptions) =>
      call(async ({ output, loader }) => {
        const { execCommand } = await import('./command-exec.ts');
        const load = await loader([file]);
        return execCommand({ file, host, command: words.join(' ') }, options, output, load);
      }),
    );
}

function addEvents(program: Command, call: CommandCaller): void {
  program
    .command('events')
    .helpGroup(SCENARIOS)
    .description('everything that happens in a run, as text')
    .argument('<file>', 'the scenario')
    .option('--seed <n>', 'seed of all chance')
    .option('--json', 'one JSON object per line')
    .option(
      '--node <name>',
      'only of this host, switch or cable; may be given several times',
      collect,
    )
    .option('--kind <kind>', 'only events of this kind; may be given several times', collect)
    .option('--from <time>', 'from this moment on')
    .option('--to <time>', 'up to this moment')
    .action((file: string, options: EventsCommandOptions) =>
      call(async ({ output, loader }) => {
        const { eventsCommand } = await import('./command-events.ts');
        return eventsCommand(file, options, output, await loader([file]));
      }),
    );
}

function addUi(program: Command, call: CommandCaller): void {
  program
    .command('ui')
    .helpGroup(SCENARIOS)
    .description('the browser view, live: see the LAN, pull a cable, go back in time')
    .argument(
      '[file]',
      'the scenario, or the run file of a run; without it the scenarios below ./scenarios are offered',
    )
    .option('--port <n>', 'port to listen on; 0 for any')
    .option('--no-open', 'open no browser, print the URL only')
    .option('--host [address]', 'let other machines in: listen on all addresses, or on this one')
    .option('--allowed-host <name>', 'a name that browsers may call this server by', collect)
    .option('--view', 'print a second URL that may look and not touch')
    .action((file: string | undefined, options: UiCommandOptions) =>
      call(async (given) => (await import('./command-ui.ts')).uiCommand(file, options, given)),
    );
}

function addCheck(program: Command, call: CommandCaller): void {
  program
    .command('check')
    .helpGroup(FILES)
    .description('check keepalived.conf and scenario files')
    .argument('[files...]', 'files, or folders with one per node')
    .option('--json', 'problems and parsed values as JSON')
    .option('--strict', 'warnings are errors')
    .option('--sarif [file]', 'problems as SARIF 2.1.0, for code scanning')
    .option('--diagnostics <form>', "'keepalived': exactly what keepalived -t would print")
    .option('--keepalived-version <version>', 'which keepalived reads the files (2.2.7)')
    .option(
      '--config-id <id>',
      'what keepalived -i says, for lines such as @srv-1 (the name of the node)',
    )
    .option('--explain [code]', 'what a code means and how to mend it; without one, all codes')
    .action((files: string[], options: CheckCommandOptions) =>
      call(async ({ output, version }) => {
        const { checkCommand } = await import('./command-check.ts');
        const { typedModules } = await import('./run-files.ts');
        const modules = files.length === 0 ? new Map() : await typedModules(files);
        return checkCommand(files, options, output, { version, modules });
      }),
    );
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function exitCodeTable(): string {
  return EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join(
    '\n',
  );
}
