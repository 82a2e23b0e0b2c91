/** Completion scripts for shells, made from the command tree, so that none is ever forgotten. */

import type { Command } from 'commander';
import { UsageError } from './exit-codes.ts';

/** Shells with a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly string[];
}

/** The script of a shell. */
export function completionScript(program: Command, shell: string): string {
  const entries = program.commands.map(
    (command): Entry => ({
      name: command.name(),
      summary: command.description(),
      flags: command.options.flatMap((option) => (option.long == null ? [] : [option.long])),
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

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(({ name, flags }) => `    ${name}) words="${flags.join(' ')}" ;;`);
  return `_lantwin() {
  local words current="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${entries.map((one) => one.name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _lantwin lantwin
`;
}

function fish(entries: readonly Entry[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const commands = entries.map(
    ({ name, summary }) =>
      `complete -c lantwin -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
  );
  const flags = entries.flatMap(({ name, flags: all }) =>
    all.map((flag) => {
      const condition = quoted(`__fish_seen_subcommand_from ${name}`);
      return `complete -c lantwin -n ${condition} -l ${flag.slice(2)}`;
    }),
  );
  return `${[...commands, ...flags].join('\n')}\n`;
}
