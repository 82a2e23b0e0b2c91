/**
 * startup_script and shutdown_script: what keepalived's parent runs before its children exist and
 * after they are gone.
 *
 * The start, or the exit, waits until the script ends or its time is over; a failure changes
 * nothing else. A script that takes too long gets TERM, two seconds later KILL; nobody waits for
 * that. Of one that a signal ends nothing is said. All measured on 2.2.7, "script script" included.
 */

import { type DurationUs, later, seconds, type TimeUs } from '../base/time.ts';
import type { LifecycleScript } from '../config/global-config.ts';
import type { ScriptOutcome } from '../vrrp/scripts.ts';
import type { Command } from './commands.ts';
import { coreText } from './log-text.ts';

const KILL_DELAY: DurationUs = seconds(2);

/** Exit status that the shell gives for a command it cannot run. */
const STATUS_NOT_FOUND = 127;

/** Ids of the two runs; the machine's own count up from 1. */
const IDS = { startup: -1, shutdown: -2 } as const;

/** One run of one of the two scripts. */
export class ParentScript {
  readonly id: number;
  readonly #when: 'startup' | 'shutdown';
  readonly #script: LifecycleScript;
  #state: 'running' | 'terminating' | 'over' = 'running';
  #dueAt: TimeUs;

  constructor(when: 'startup' | 'shutdown', script: LifecycleScript, now: TimeUs) {
    this.id = IDS[when];
    this.#when = when;
    this.#script = script;
    this.#dueAt = later(now, script.timeout);
  }

  /** Whether the daemon must wait for it. */
  get isAwaited(): boolean {
    return this.#state === 'running';
  }

  /** When `advance` wants to be called. */
  get deadline(): TimeUs | undefined {
    return this.#state === 'over' ? undefined : this.#dueAt;
  }

  /** The commands that run it. */
  start(): readonly Command[] {
    const { arguments: words, user, group } = this.#script;
    return [
      say(coreText.parentScriptRuns(this.#when, words[0] ?? '')),
      {
        kind: 'script-run',
        id: this.id,
        arguments: words,
        ...(user === undefined ? {} : { user }),
        ...(group === undefined ? {} : { group }),
        purpose: 'lifecycle',
        subject: `${this.#when}_script`,
      },
    ];
  }

  /** It has ended. */
  exited(outcome: ScriptOutcome): readonly Command[] {
    const wasAwaited = this.isAwaited;
    this.#state = 'over';
    if (!wasAwaited || outcome.kind === 'signal') return [];
    const status = outcome.kind === 'exit' ? outcome.code : STATUS_NOT_FOUND;
    if (status === 0) return [say(coreText.parentScriptSucceeded(this.#when))];
    return [say(coreText.parentScriptFailed(this.#when, status))];
  }

  /** Its time is over, or TERM did not help. */
  advance(now: TimeUs): readonly Command[] {
    if (this.#state === 'over' || now < this.#dueAt) return [];
    if (this.#state === 'terminating') return this.abandon();
    this.#state = 'terminating';
    this.#dueAt = later(now, KILL_DELAY);
    return [
      say(coreText.parentScriptTimedOut(this.#when)),
      { kind: 'script-signal', id: this.id, signal: 'TERM' },
    ];
  }

  /** Ends it at once, without a word. */
  abandon(): readonly Command[] {
    if (this.#state === 'over') return [];
    this.#state = 'over';
    return [{ kind: 'script-signal', id: this.id, signal: 'KILL' }];
  }
}

function say(text: string): Command {
  return { kind: 'log', process: 'parent', level: 'info', text };
}
