/**
 * What was asked of the kernel's IPVS table and not yet refused, so that a refusal can be told in keepalived's words.
 *
 * keepalived knows at once that the kernel refused; here the answer comes behind the other lines of the same moment.
 * Nothing is changed by a refusal: a service that is there already stays as it is, with its scheduler, and so does a
 * server with its weight, which is what a keepalived finds that was killed and started anew (recorded with 2.2.7).
 */

import { refusalText, wantsAdding } from '../lvs/ipvs-refusal.ts';
import type { Command, CommandId } from './commands.ts';

/** Most commands whose refusal is still waited for; the oldest are forgotten. */
const ASKED_MAX = 16_384;

/** See the head of the file. */
export class IpvsBook {
  readonly #asked = new Map<CommandId, readonly string[]>();

  /** Remembers what goes out. */
  note(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.kind === 'ipvs' && command.mayFail !== true)
        this.#note(command.id, command.words);
    }
  }

  /** What follows from a refusal; `undefined` when that command is not one of these. */
  refused(
    event: { readonly id: CommandId; readonly reason: string },
    how: { readonly takeId: () => CommandId; readonly syncProcess: 'checkers' | 'vrrp' },
  ): readonly Command[] | undefined {
    const words = this.#asked.get(event.id);
    if (words === undefined) return undefined;
    this.#asked.delete(event.id);
    if (wantsAdding(words, event.reason)) {
      return [{ kind: 'ipvs', id: how.takeId(), words: ['-a', ...words.slice(1)] }];
    }
    const text = refusalText(words, event.reason);
    const isSync = words[0]?.endsWith('-daemon') === true;
    const process = isSync ? how.syncProcess : 'checkers';
    return text === undefined ? [] : [{ kind: 'log', process, level: 'info', text }];
  }

  #note(id: CommandId, words: readonly string[]): void {
    if (this.#asked.size >= ASKED_MAX) {
      for (const oldest of this.#asked.keys()) {
        this.#asked.delete(oldest);
        break;
      }
    }
    this.#asked.set(id, words);
  }
}
