/** The exit codes of the runner. Source: DESIGN section 6. */

/** Every code with its meaning, as `--help` prints them. */
export const EXIT_CODES = [
  [0, 'every expectation held'],
  [1, 'an expectation failed'],
  [2, 'no verdict: no expectation, or time ran out'],
  [3, 'an input file is invalid'],
  [4, 'the environment: no privilege, port busy, file not writable'],
  [64, 'wrong usage'],
  [70, 'internal error, please report it'],
  [130, 'interrupted (Ctrl+C)'],
  [143, 'terminated'],
] as const;

/** One of the codes. */
export type ExitCode = (typeof EXIT_CODES)[number][0];

/** Of several files the result is the first of these that occurs. */
const ORDER: readonly ExitCode[] = [143, 130, 70, 4, 3, 1, 2, 0];

/** The code of a whole command. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return ORDER.find((code) => codes.includes(code)) ?? 0;
}

/** A wrong command line; the message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something outside is not as needed (a file cannot be written); the message is for the user. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}
