/**
 * Checks for bugs. A failed check stops the run; bad input never comes here (it is a value, or a list
 * of located problems). Only the entry points catch, and print seed, time, node and how to repeat it.
 */

/** A bug in lantwin itself, never the fault of the user's input. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** Stops the run when `condition` does not hold; `message` says what was believed. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** The value, or a stopped run when it is absent; for look-ups that cannot fail. */
export function present<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new BugError(message);
  return value;
}

/** Ends every switch over a closed union: the compiler proves that no case is missing. */
export function unreachable(value: never): never {
  throw new BugError(`unreachable value: ${String(value)}`);
}
