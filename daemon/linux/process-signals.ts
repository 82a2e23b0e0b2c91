/**
 * Signals of a daemon process. USR1 must be taken first of all, since node answers it with its debugger;
 * real-time signals, which keepalived's exporters send and which end a node process, are ignored through the
 * C library.
 */

import type { Libc } from './native/libc.ts';

/** First and last real-time signal that glibc leaves to programs, plus the two that it keeps. */
const REAL_TIME_FIRST = 34;
const REAL_TIME_LAST = 64;

/** What the process does at each signal. */
export interface SignalActions {
  readonly reload: () => void;
  readonly stop: () => void;
  readonly dumpData: () => void;
  readonly dumpStatistics: () => void;
  readonly clearStatistics: () => void;
  readonly dumpJson: () => void;
}

/** Keeps node's debugger from answering USR1 until `listenToSignals` takes over. Returns how to undo it. */
export function holdUsr1(): () => void {
  const hold = (): void => {};
  process.on('SIGUSR1', hold);
  return () => process.removeListener('SIGUSR1', hold);
}

/** Sets real-time signals to be ignored; they cannot be heard by node. */
export function ignoreRealTimeSignals(libc: Libc): void {
  for (let signal = REAL_TIME_FIRST; signal <= REAL_TIME_LAST; signal++) libc.ignoreSignal(signal);
}

/**
 * Signals that would end the process where it stands: keepalived dies of them and leaves its addresses; here they are
 * a stop. SIGABRT is what systemd's watchdog sends.
 */
const DEADLY: readonly NodeJS.Signals[] = [
  'SIGQUIT',
  'SIGABRT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGPWR',
  'SIGSTKFLT',
];

/** Installs all actions; returns how to remove them. */
export function listenToSignals(actions: SignalActions): () => void {
  const table: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ['SIGHUP', actions.reload],
    ['SIGTERM', actions.stop],
    ['SIGINT', actions.stop],
    ...DEADLY.map((signal) => [signal, actions.stop] as const),
    ['SIGUSR1', actions.dumpData],
    ['SIGUSR2', actions.dumpStatistics],
    // Numbers that `--signum=STATS_CLEAR` and `--signum=JSON` answer with.
    ['SIGURG', actions.clearStatistics],
    ['SIGIO', actions.dumpJson],
    // A reader of our log or FIFO that goes away must not end us; node ignores it already.
    ['SIGPIPE', () => {}],
  ];
  for (const [signal, action] of table) process.on(signal, action);
  return () => {
    for (const [signal, action] of table) process.removeListener(signal, action);
  };
}
