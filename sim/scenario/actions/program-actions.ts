/** Actions on programs and units of a host, its scripts, and shell commands. */

import * as z from 'zod';
import { milliseconds } from '../../../daemon/base/time.ts';
import type { ProgramResult, ScriptAnswer } from '../../host/host-api.ts';
import { scriptAnswer } from '../schema/lan-schema.ts';
import { oneOrMore, table, text } from '../schema/units.ts';
import { type ActionContext, type ActionRow, hostOf, named } from './action.ts';

const KEEPALIVED = 'keepalived';
const CONFIG_PATH = '/etc/keepalived/keepalived.conf';

/** Arguments that are a program or unit on one or more hosts. */
interface ProgramArguments {
  readonly hosts: readonly string[];
  readonly program: string;
  readonly long: boolean;
}

function hostText() {
  return text('The host.', 'the name of a host');
}

function programSchema(key: 'program' | 'unit'): z.ZodType<ProgramArguments> {
  const short = oneOrMore(hostText(), 'Hosts; the program is keepalived.');
  const long = table(
    { host: hostText(), [key]: text(`Name of the ${key}; keepalived by default.`).optional() },
    `A ${key} of a host.`,
  );
  return z.union([
    short.transform((hosts) => ({ hosts, program: KEEPALIVED, long: false })),
    long.transform((args) => {
      const name = (args as Readonly<Record<string, string | undefined>>)[key];
      return { hosts: [String(args.host)], program: name ?? KEEPALIVED, long: true };
    }),
  ]);
}

function programRow(
  name: string,
  key: 'program' | 'unit',
  summary: string,
  perform: (context: ActionContext, host: string, program: string) => ProgramResult,
): ActionRow<ProgramArguments> {
  return {
    name,
    summary,
    schema: programSchema(key),
    targets: (args) => named('host', args.hosts, args.long ? 'host' : undefined),
    perform: (context, args) => {
      for (const host of args.hosts) {
        const result = perform(context, host, args.program);
        if (!result.ok) context.refused(`${host}: ${result.message}`);
      }
    },
    words: (args) => `${args.hosts.join(', ')} ${args.program}`,
  };
}

/** `reload` after reading. */
interface ReloadArguments {
  readonly host: string;
  readonly file?: string | undefined;
  readonly program: string;
  readonly path: string;
  readonly long: boolean;
}

const reload: ActionRow<ReloadArguments> = {
  name: 'reload',
  summary: 'Reloads keepalived (or another unit), with a new configuration file if one is given.',
  schema: z.union([
    hostText().transform((host) => ({
      host,
      program: KEEPALIVED,
      path: CONFIG_PATH,
      long: false,
    })),
    table(
      {
        host: hostText(),
        file: text('Path of the new file beside the scenario.').optional(),
        unit: text('Name of the unit; keepalived by default.').optional(),
        path: text(`Where the file goes on the host; ${CONFIG_PATH} by default.`).optional(),
      },
      'What to reload.',
    ).transform((args) => ({
      host: args.host,
      file: args.file,
      program: args.unit ?? KEEPALIVED,
      path: args.path ?? CONFIG_PATH,
      long: true,
    })),
  ]),
  targets: (args) => named('host', [args.host], args.long ? 'host' : undefined),
  files: (args) => {
    if (args.file === undefined) return [];
    const isConfig = args.path === CONFIG_PATH;
    return [{ path: args.file, key: ['file'], ...(isConfig ? { configOf: args.host } : {}) }];
  },
  perform: (context, args) => {
    const host = hostOf(context, args.host);
    const bytes = args.file === undefined ? undefined : context.files.get(args.file);
    if (bytes !== undefined) host.writeFile(args.path, bytes);
    const result = host.unit('reload', args.program);
    if (!result.ok) context.refused(`${args.host}: ${result.message}`);
  },
  words: (args) => (args.file === undefined ? args.host : `${args.host} with ${args.file}`),
};

/** `script` after reading. */
interface ScriptArguments {
  readonly host: string;
  readonly script: string;
  readonly answer: ScriptAnswer;
}

const script: ActionRow<ScriptArguments> = {
  name: 'script',
  summary: 'What a script of keepalived.conf answers from now on.',
  schema: table(
    {
      host: hostText(),
      script: text('Name of the vrrp_script, or the path of the script.'),
      exit: scriptAnswer.shape.exit,
      after: scriptAnswer.shape.after,
    },
    'The script and its answer.',
  ).transform((args) => ({
    host: args.host,
    script: args.script,
    answer: { exit: args.exit, after: args.after ?? milliseconds(1) },
  })),
  targets: (args) => named('host', [args.host], 'host'),
  perform: (context, args) => hostOf(context, args.host).setScriptAnswer(args.script, args.answer),
  words: (args) => `${args.host} ${args.script} exits with ${args.answer.exit}`,
};

/** `exec` after reading. */
interface ExecArguments {
  readonly host: string;
  readonly commands: readonly string[];
}

const exec: ActionRow<ExecArguments> = {
  name: 'exec',
  summary: 'Runs a shell command on a host; `expect` of the step may look at its output.',
  schema: table(
    {
      host: hostText(),
      command: oneOrMore(text('The command line.'), 'Command lines, run one after another.'),
    },
    'Host and command.',
  ).transform((args) => ({ host: args.host, commands: args.command })),
  targets: (args) => named('host', [args.host], 'host'),
  perform: (context, args) => runCommands(context, args, 0),
  words: (args) => `${args.host} ${args.commands.join('; ')}`,
};

function runCommands(context: ActionContext, args: ExecArguments, index: number): void {
  const command = args.commands[index];
  if (command === undefined) return;
  const host = hostOf(context, args.host);
  if (host.power !== 'on') {
    context.refused(`${args.host} is not running: ${command}`);
    return;
  }
  host.exec(command, (result) => {
    context.onOutput(args.host, command, result);
    runCommands(context, args, index + 1);
  });
}

/** All actions on programs. */
export const PROGRAM_ACTIONS = {
  kill: programRow('kill', 'program', 'A program crashes (SIGKILL).', (context, host, program) =>
    hostOf(context, host).signal(program, 'KILL'),
  ),
  stop: programRow('stop', 'unit', 'systemctl stop.', (context, host, unit) =>
    hostOf(context, host).unit('stop', unit),
  ),
  start: programRow('start', 'unit', 'systemctl start.', (context, host, unit) =>
    hostOf(context, host).unit('start', unit),
  ),
  restart: programRow('restart', 'unit', 'systemctl restart.', (context, host, unit) =>
    hostOf(context, host).unit('restart', unit),
  ),
  reload,
  script,
  exec,
};
