/** Completion scripts for shells, made from the command tree, so that none is ever forgotten. */

import type { Command, Option } from 'commander';
import { UsageError } from './exit-codes.ts';
import { REPORTER_NAMES } from './reporter-names.ts';

/** Shells with a script. */
const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  readonly flags: readonly string[];
  /** Words that may stand where a file else would. */
  readonly words: readonly string[];
}

/** Values of options and arguments that are one of a list. */
const VALUES = new Map<string, readonly string[]>([
  ['--reporter', REPORTER_NAMES],
  ['--trace', ['off', 'on', 'retain-on-failure']],
  ['--format', ['mermaid', 'dot', 'svg', 'json']],
  ['--diagnostics', ['lantwin', 'keepalived']],
]);
const WORDS = new Map<string, readonly string[]>([
  ['completion', SHELLS],
  ['explore', ['merge']],
]);

/** The script of a shell. */
export function completionScript(program: Command, shell: string): string {
  const entries = program.commands.filter(isShown).map(
    (command): Entry => ({
      name: command.name(),
      summary: command.description(),
      options: command.options,
      flags: command.options.flatMap((option) => (option.long == null ? [] : [option.long])),
      words: WORDS.get(command.name()) ?? [],
    }),
  );
  switch (shell) {
    case 'bash':
      return bash(entries);
    case 'zsh':
      return `#compdef lantwin\nautoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`;
    case 'fish':
      return fish(entries);
    default:
      throw new UsageError(`completion: expected ${SHELLS.join(', ')}, read '${shell}'`);
  }
}

function isShown(command: Command): boolean {
  return command.name() !== 'man';
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(
    ({ name, flags, words }) =>
      `    ${name}) flags="${flags.join(' ')}"; words="${words.join(' ')}" ;;`,
  );
  const values = [...VALUES].map(
    ([flag, list]) =>
      `    ${flag}) COMPREPLY=($(compgen -W "${list.join(' ')}" -- "$current")); return ;;`,
  );
  return `_lantwin() {
  local flags words current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${entries.map((one) => one.name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _lantwin lantwin
`;
}

function fish(entries: readonly Entry[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const commands = entries.map(
    ({ name, summary }) =>
      `complete -c lantwin -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
  );
  const flags = entries.flatMap(({ name, options, words }) => {
    const condition = quoted(`__fish_seen_subcommand_from ${name}`);
    const fixed =
      words.length === 0
        ? []
        : [`complete -c lantwin -n ${condition} -a ${quoted(words.join(' '))}`];
    const all = options.flatMap((option) => {
      if (option.long == null) return [];
      const list = VALUES.get(option.long);
      const value = list === undefined ? '' : ` -x -a ${quoted(list.join(' '))}`;
      const takes = list === undefined && option.required ? ' -r' : '';
      const about = quoted(option.description);
      const long = option.long.slice(2);
      return [`complete -c lantwin -n ${condition} -l ${long}${takes}${value} -d ${about}`];
    });
    return [...fixed, ...all];
  });
  return `${[...commands, ...flags].join('\n')}\n`;
}
