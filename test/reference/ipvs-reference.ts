/**
 * The IPVS part of `npm run reference -- DIR`: replays every scheduler recording and every `tcp-states.json`
 * below DIR and says one line per file.
 */

import { type IpvsRecording, listIpvsRecordings } from './ipvs-recording.ts';
import { replaySchedulerRecording } from './ipvs-scheduler-replay.ts';
import { replayStateRecording } from './ipvs-states-replay.ts';

/** How many differences of one file are printed. */
const SHOWN_DIFFERENCES_MAX = 20;

/** What differs between a recording and the model; nothing when all agrees. */
export function ipvsDifferences(recording: IpvsRecording): string[] {
  return recording.kind === 'scheduler'
    ? replaySchedulerRecording(recording.content)
    : replayStateRecording(recording.content);
}

/** Replays all IPVS recordings below a folder; how many agree and differ, and their paths. */
export function checkIpvsRecordings(folder: string): {
  agree: number;
  differ: number;
  read: string[];
} {
  const recordings = listIpvsRecordings(folder);
  const result = { agree: 0, differ: 0, read: recordings.map(({ path }) => path) };
  for (const recording of recordings) {
    const differences = differencesOrReason(recording);
    if (differences.length === 0) {
      result.agree++;
      console.log(`${recording.file.padEnd(44)} agrees   ${extentOf(recording)}`);
      continue;
    }
    result.differ++;
    console.log(`${recording.file.padEnd(44)} DIFFERS`);
    for (const text of differences.slice(0, SHOWN_DIFFERENCES_MAX)) console.log(`      ${text}`);
  }
  return result;
}

/** A recording that cannot be replayed differs too: its reason is told. */
function differencesOrReason(recording: IpvsRecording): string[] {
  try {
    return ipvsDifferences(recording);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function extentOf(recording: IpvsRecording): string {
  if (recording.kind === 'scheduler') return `${recording.content.steps.length} steps`;
  const machines = Object.values(recording.content.modes);
  const transitions = machines.reduce((sum, each) => sum + each.transitions.length, 0);
  const sequences = machines.reduce((sum, each) => sum + each.random_sequences.length, 0);
  return `${transitions} transitions, ${sequences} sequences`;
}
