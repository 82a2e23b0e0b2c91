/** The report for programs: one JSON document over all files, stable keys, seconds as numbers. */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { Problem } from '../../daemon/config/problem.ts';
import type { FileOutcome, ReportContext, Reporter } from './reporter.ts';
import { reproduceLine } from './reporter.ts';
import { addressMovesOf, transitionsOf } from './story.ts';
import { versionNote } from './version-note.ts';

/** Version of the form; grows when a key changes its meaning. */
const FORMAT = 1;

/** `--json`, `--reporter json`. */
export function jsonReporter(context: ReportContext): Reporter {
  return {
    onFile: () => '',
    onEnd: (outcomes) => {
      const report = { format: FORMAT, lantwin: context.version, runs: outcomes.map(runJson) };
      return `${JSON.stringify(report, undefined, 2)}\n`;
    },
  };
}

/** One run with stable keys, seconds as numbers. */
export function runJson(outcome: FileOutcome): Record<string, unknown> {
  if (outcome.kind === 'invalid') {
    return { file: outcome.file, verdict: 'invalid', problems: outcome.problems.map(problemJson) };
  }
  const { result } = outcome;
  return {
    file: outcome.file,
    name: result.scenario.name,
    verdict: result.verdict,
    keepalived: {
      version: result.scenario.lan.keepalivedVersion,
      verified: versionNote(result) === undefined,
    },
    seed: result.seed,
    traceHash: result.traceHash,
    virtualSeconds: secondsOf(result.end),
    wallMilliseconds: Math.round(outcome.wallMs),
    events: result.eventCount,
    stopped: result.stopped,
    expectations: result.expectations.map((one) => ({
      id: one.id,
      line: one.place.line,
      column: one.place.column,
      claim: one.claim,
      verdict: one.verdict,
      at: secondsOf(one.at),
      ...(one.took === undefined ? {} : { took: secondsOf(one.took) }),
      ...(one.got === undefined ? {} : { got: one.got }),
    })),
    traffic: result.traffic.map((one) => ({
      name: one.name,
      sent: one.sent,
      answered: one.answered,
      lost: one.lost,
      longestOutage: secondsOf(one.longestOutage),
      outages: one.outages.map((outage) => ({
        from: secondsOf(outage.from),
        to: secondsOf(outage.to),
        length: secondsOf(outage.length),
        lost: outage.lost,
        open: outage.open,
      })),
      answeredBy: one.answeredBy,
      failures: one.failures,
      latency: one.latency.map(({ share, within }) => ({ share, within: secondsOf(within) })),
    })),
    transitions: transitionsOf(result).map((one) => ({ ...one, at: secondsOf(one.at) })),
    addressMoves: addressMovesOf(result).map((one) => ({ ...one, at: secondsOf(one.at) })),
    warnings: outcome.warnings.map(problemJson),
    written: outcome.written,
    reproduce: reproduceLine(result),
  };
}

/** A problem with the keys that its text form shows. */
function problemJson(problem: Problem): Record<string, unknown> {
  return { ...problem };
}

function secondsOf(time: TimeUs | number): number {
  return time / 1_000_000;
}
