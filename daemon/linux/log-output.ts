/**
 * Where log lines go: the console in keepalived's form (`Fri Nov 20 12:30:18 2026: text`), a file in the same
 * form, or the host's syslog over /dev/log. Several at once are possible, as with keepalived's `-l` without `-G`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { MONTHS, twoDigits, WEEKDAYS } from '../base/calendar.ts';
import type { OutputCommand } from '../core/commands.ts';

/** One line of the log. */
export type LogLine = Extract<OutputCommand, { kind: 'log' }>;

/** Where to log to. */
export interface LogTargets {
  readonly console: boolean;
  readonly file?: string;
  readonly syslog: boolean;
  /** LOG_DAEMON is 3, LOG_LOCAL0 16. */
  readonly facility: number;
}

/** Writes log lines to all targets. */
export interface LogOutput {
  write(line: LogLine): void;
  close(): void;
}

/** keepalived's own identifiers in the system log. */
const IDENTIFIERS = {
  parent: 'Keepalived',
  vrrp: 'Keepalived_vrrp',
  checkers: 'Keepalived_healthcheckers',
  bfd: 'Keepalived_bfd',
} as const;

const SEVERITY_NAMES = {
  error: 'err',
  warning: 'warning',
  notice: 'notice',
  info: 'info',
  debug: 'debug',
} as const;

/** Opens the targets; a log file that cannot be written is told on stderr once. */
export function openLog(targets: LogTargets): LogOutput {
  const system = targets.syslog ? new SystemLog(targets.facility) : undefined;
  let fileFailed = false;
  return {
    write(line) {
      const text = `${consoleStamp(new Date())}: ${line.text}\n`;
      if (targets.console) process.stderr.write(text);
      if (targets.file !== undefined && !fileFailed) {
        try {
          appendFileSync(targets.file, text);
        } catch (error) {
          fileFailed = true;
          process.stderr.write(`log file: ${error instanceof Error ? error.message : error}\n`);
        }
      }
      system?.write(line);
    },
    close: () => system?.close(),
  };
}

/** The stamp of C's asctime without its line end: `Fri Nov 20 12:30:18 2026`. */
export function consoleStamp(at: Date): string {
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
  const day = String(at.getDate()).padStart(2, ' ');
  return `${WEEKDAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${day} ${clock} ${at.getFullYear()}`;
}

/** The system log through logger(1), since node has no datagrams over unix sockets. */
class SystemLog {
  readonly #facility: number;
  readonly #loggers = new Map<string, ChildProcess>();

  constructor(facility: number) {
    this.#facility = facility;
  }

  write(line: LogLine): void {
    const tag = IDENTIFIERS[line.process];
    const facility = this.#facility === 3 ? 'daemon' : `local${this.#facility - 16}`;
    const priority = `${facility}.${SEVERITY_NAMES[line.level]}`;
    const key = `${tag} ${priority}`;
    let logger = this.#loggers.get(key);
    if (logger === undefined) {
      const words = [`--tag=${tag}`, `--priority=${priority}`, `--id=${process.pid}`];
      logger = spawn('logger', words, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
      logger.on('error', () => {});
      logger.stdin?.on('error', () => {});
      logger.unref();
      this.#loggers.set(key, logger);
    }
    logger.stdin?.write(`${line.text}\n`);
  }

  close(): void {
    for (const logger of this.#loggers.values()) logger.stdin?.end();
    this.#loggers.clear();
  }
}
