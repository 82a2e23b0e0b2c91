/**
 * The checkers' process while it stands still: 2.2.7 gives its sockets SO_LINGER with 5 s, so closing a connection whose other end
 * has fallen silent stops the whole process until the FIN is acknowledged or the time is over. No timer runs then, and what came
 * in waits; afterwards a timer that is a second late is told in the log. Source: recordings k241, v203.
 */

import type { CommandId } from './commands.ts';
import type { SystemEvent } from './events.ts';

/** See the head of the file. */
export class BlockedProcess {
  readonly #lingering = new Set<CommandId>();
  #held: SystemEvent[] = [];

  get isBlocked(): boolean {
    return this.#lingering.size > 0;
  }

  /** A close did not return. */
  begin(id: CommandId): void {
    this.#lingering.add(id);
  }

  /** It returned; `true` when the process goes on now. */
  end(id: CommandId): boolean {
    return this.#lingering.delete(id) && !this.isBlocked;
  }

  /** Keeps something for the time when the process goes on. */
  hold(event: SystemEvent): void {
    this.#held.push(event);
  }

  /** What was kept, in its order. */
  takeHeld(): readonly SystemEvent[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }
}
