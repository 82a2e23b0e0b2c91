/** Argument forms that many keywords share. */

import { type IpAddress, parseIp } from '../../wire/ip-address.ts';
import { readUnsigned } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { lacksDefaultUser } from '../script-user.ts';
import type { ScriptDraft } from '../vrrp-draft.ts';
import { splitQuotedWords } from '../words.ts';

/**
 * A notification command: the whole line is split again with quotes and escapes; the second word is the
 * command with its arguments, then user and group may follow.
 */
export function readScript(context: ParseContext): ScriptDraft | undefined {
  const words = context.quotedWords();
  if (words === undefined) return undefined;
  const command = context.word(words, 1);
  const split = splitQuotedWords(command);
  const user = words[2];
  const group = words[3];
  if ('kind' in split && split.kind === 'missing-quote') {
    const text = `String '${command}': missing terminating ${split.quote}`;
    context.complain('unterminated-quote', text, { word: command });
    return undefined;
  }
  if ('kind' in split || split.length === 0) {
    context.remark('bad-script', `'${command}' is no command; the line has no effect`, {
      word: command,
    });
    return undefined;
  }
  if (user !== undefined && context.machine.hasUser?.(user) === false) {
    context.remark('unknown-user', `user '${user}' does not exist; the script is ignored`, {
      word: user,
    });
    return undefined;
  }
  if (group !== undefined && context.machine.hasGroup?.(group) === false) {
    context.remark('unknown-user', `group '${group}' does not exist; the script is ignored`, {
      word: group,
    });
    return undefined;
  }
  if (user === undefined && lacksDefaultUser(context)) {
    context.remark('unknown-user', `nobody may run '${command}': the script is ignored`);
    return undefined;
  }
  const at = context.reporter.location;
  return {
    arguments: split,
    at,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
  };
}

/** An address with an optional port, as keepalived's inet_stosockaddr takes them: range and mask are cut. */
export function readAddress(word: string): IpAddress | undefined {
  return parseIp(word.replace(/[-/].*$/, ''));
}

/** A port word; empty and all zeros mean none. `undefined` after a complaint about the number. */
export function readPort(context: ParseContext, word: string | undefined): number | undefined {
  if (word === undefined || /^0*$/.test(word)) return 0;
  const result = readUnsigned(word, { least: 1, most: 65_535 }, context.reporter);
  return result.complained ? undefined : result.value;
}
