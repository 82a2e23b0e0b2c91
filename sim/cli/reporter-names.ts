/** Names of the reporters, for help and completion without loading any. */

/** In the order of the help; `reporters.ts` has one of each. */
export const REPORTER_NAMES = [
  'default',
  'verbose',
  'dot',
  'json',
  'ndjson',
  'junit',
  'tap',
  'github',
  'html',
  'minimal',
] as const;

/** One of them. */
export type ReporterName = (typeof REPORTER_NAMES)[number];
