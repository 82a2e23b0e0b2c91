/**
 * Every option can also be given as a variable, `LANTWIN_<COMMAND>_<FLAG>`: `LANTWIN_RUN_SEED=7`. What stands on
 * the command line comes first.
 */

import type { Command } from 'commander';

/** The sentence of the help about it. */
export const MIRROR_HELP =
  'Every option has a variable, such as LANTWIN_RUN_SEED=7 for run --seed 7; the option comes first.';

/** Values of a switch that leave it off. */
const OFF = new Set(['', '0', 'false', 'no', 'off']);

/** Ties the options of all commands to their variables. */
export function mirrorEnvironment(
  program: Command,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  for (const command of program.commands) {
    for (const option of command.options) {
      const name = variableOf(command.name(), option.long ?? '');
      const value = environment[name];
      if (value === undefined) continue;
      const isSwitch = !option.required && !option.optional;
      if (isSwitch && OFF.has(value.toLowerCase())) continue;
      const list = option.parseArg === undefined ? value : [value];
      command.setOptionValueWithSource(
        option.attributeName(),
        isSwitch ? !option.negate : list,
        'env',
      );
    }
  }
}

/** `LANTWIN_RUN_TEST_NAME_PATTERN` of `run --test-name-pattern`; `--outputFile` is OUTPUT_FILE. */
export function variableOf(command: string, flag: string): string {
  const words = flag
    .replace(/^--(no-)?/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_');
  return `LANTWIN_${command.replaceAll('-', '_')}_${words}`.toUpperCase();
}
