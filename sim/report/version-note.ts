/** What a report says of a run that imitates another keepalived than the recorded one. */

import { DEFAULT_VERSION } from '../../daemon/core/log-text.ts';
import type { RunResult } from '../scenario/run.ts';
import type { FileOutcome } from './reporter.ts';

/** `undefined` for the version that recordings verify. */
export function versionNote(result: RunResult): string | undefined {
  const version = result.scenario.lan.keepalivedVersion;
  if (version === DEFAULT_VERSION) return undefined;
  return `keepalived ${version} by its list of changes; not verified against a recording`;
}

/** The notes of several runs, each once; for reports that have no place at each run. */
export function versionNotes(outcomes: readonly FileOutcome[]): readonly string[] {
  const notes = outcomes.map((one) => (one.kind === 'ran' ? versionNote(one.result) : undefined));
  return [...new Set(notes.filter((one) => one !== undefined))];
}
