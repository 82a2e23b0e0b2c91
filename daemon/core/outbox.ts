/**
 * The commands of one call into the daemon, in the order in which its parts wanted them.
 *
 * The parts write into one list, because keepalived's own order of actions and log lines is the order that users see
 * and recordings judge. It knows nothing of what the commands mean.
 */

import type { VrrpAction } from '../vrrp/vrrp-actions.ts';
import type { Command } from './commands.ts';

/** Returned whenever nothing is to be done; shared, so that idle packets allocate nothing. */
export const NOTHING: readonly Command[] = Object.freeze([]);

/** See the head of the file. */
export class Outbox {
  #list: Command[] = [];

  /** The list being filled: another one after each `take`. */
  get list(): readonly Command[] {
    return this.#list;
  }

  /** The same list, as the VRRP machine writes into it: its actions are commands. */
  get vrrpActions(): VrrpAction[] {
    return this.#list as VrrpAction[];
  }

  push(...commands: readonly Command[]): void {
    this.#list.push(...commands);
  }

  /** A line of the log of one of keepalived's processes. */
  say(process: 'parent' | 'vrrp' | 'checkers', text: string): void {
    this.#list.push({ kind: 'log', process, level: 'info', text });
  }

  /** Tells the machine around the daemon that its life went on. */
  reportPhase(phase: 'started' | 'reloaded' | 'stopping' | 'stopped'): void {
    this.#list.push({ kind: 'report', report: { kind: 'daemon-phase', phase } });
  }

  /** What was collected, in order; the next call begins with an empty list. */
  take(): readonly Command[] {
    if (this.#list.length === 0) return NOTHING;
    const out = this.#list;
    this.#list = [];
    return out;
  }
}
