/** The reference of the commands, out of the command tree that `--help` prints. */

import type { Command } from 'commander';
import { flagLines } from '../../daemon/linux/flags.ts';
import { variableOf } from '../../sim/cli/environment-mirror.ts';
import { EXIT_CODES } from '../../sim/cli/exit-codes.ts';
import { buildProgram } from '../../sim/cli/program.ts';
import { MADE, table } from './tables.ts';

/** The page. */
export function commandPage(): string {
  const program = buildProgram('', () => {});
  const parts = [
    '# Commands and exit codes',
    MADE,
    [
      '`npx lantwin COMMAND --help` prints the same. Results go to standard output, progress to standard error; the command that',
      'repeats a failure is always the last line. Every option can be given by a variable of the environment, too.',
    ].join('\n'),
  ];
  for (const command of visible(program)) parts.push(...section(command, command.name()));
  parts.push('## Exit codes');
  parts.push(
    table(
      ['code', 'meaning'],
      EXIT_CODES.map(([code, meaning]) => [String(code), meaning]),
    ),
  );
  parts.push(
    'Of several files all are run, and the result is the first that occurs of 143, 130, 70, 4, 3, 1, 2, 0.',
  );
  return `${parts.join('\n\n')}\n`;
}

function section(command: Command, name: string): readonly string[] {
  const parts = [`## lantwin ${name}`, `${sentence(command.description())}`];
  parts.push(`\`\`\`text\nlantwin ${name} ${command.usage()}\n\`\`\``);
  if (name === 'daemon') parts.push(daemonFlags());
  const words = command.registeredArguments.filter((word) => word.description !== '');
  const rows = [
    ...words.map((word) => [`\`${word.name()}\``, word.description, '']),
    ...command.options
      .filter((option) => !option.hidden)
      .map((option) => [
        `\`${option.flags}\``,
        option.description,
        option.long === undefined || name.includes(' ')
          ? ''
          : `\`${variableOf(name, option.long ?? '')}\``,
      ]),
  ];
  if (rows.length > 0) parts.push(table(['word', 'meaning', 'variable'], rows));
  const below = visible(command).flatMap((one) => section(one, `${name} ${one.name()}`));
  return [...parts, ...below];
}

/** keepalived's own flags, as `lantwin daemon --help` prints them. */
function daemonFlags(): string {
  const lines = flagLines().map(([flags, text]) => `${flags.padEnd(36)} ${text}`);
  return ['```text', ...lines, '```'].join('\n');
}

/** Commands that help shows: `man` is for packagers. */
function visible(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
}

function sentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase();
  return /[.!?]$/.test(text) ? first + text.slice(1) : `${first}${text.slice(1)}.`;
}
