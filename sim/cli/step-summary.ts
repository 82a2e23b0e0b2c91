/** The summary of a GitHub job: Markdown appended to the file that GITHUB_STEP_SUMMARY names. */

import { appendFileSync } from 'node:fs';
import { githubSummary } from '../report/github-report.ts';
import type { FileOutcome } from '../report/reporter.ts';
import { EnvironmentError } from './exit-codes.ts';

/** Writes it; does nothing where the variable is not set. */
export function writeStepSummary(outcomes: readonly FileOutcome[], version: string): void {
  const file = process.env['GITHUB_STEP_SUMMARY'] ?? '';
  if (file === '') return;
  try {
    appendFileSync(file, githubSummary(outcomes, version));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write the step summary: ${reason}`, { cause: error });
  }
}
