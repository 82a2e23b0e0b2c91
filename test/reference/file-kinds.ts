/**
 * Recordings of IPVS and ARP that are one file each, with a judge a kind, for `npm run reference -- DIR`: what stands below DIR
 * is told by its content, not by its name.
 */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { arpMatrixDifferences, isArpMatrix } from './arp-matrix.ts';
import { directorDifferences } from './director/director-differences.ts';
import { isDirectorRecording } from './director/director-recording.ts';
import { forwardingDifferences } from './forwarding/forwarding-differences.ts';
import { isForwardingRecording } from './forwarding/forwarding-recording.ts';
import { isSyncRecording, syncDifferences } from './forwarding/sync-recording.ts';
import { isIpvsadmSession, sessionDifferences } from './ipvsadm-session.ts';
import { isTimeoutsSession, timeoutsDifferences } from './timeouts-session.ts';

/** A kind of recording: which files are of it, and what differs between one and the twin (nothing when all agrees). */
export interface FileKind {
  readonly isOf: (path: string) => boolean;
  readonly differences: (path: string) => string[];
}

/** All kinds. */
export const FILE_KINDS: readonly FileKind[] = [
  { isOf: isIpvsadmSession, differences: sessionDifferences },
  { isOf: isTimeoutsSession, differences: timeoutsDifferences },
  { isOf: isArpMatrix, differences: arpMatrixDifferences },
  { isOf: isDirectorRecording, differences: directorDifferences },
  { isOf: isSyncRecording, differences: syncDifferences },
  { isOf: isForwardingRecording, differences: forwardingDifferences },
];

const SHOWN_DIFFERENCES_MAX = 20;

/** The recordings of these kinds below a folder, sorted by path. */
export function listFileRecordings(folder: string): { path: string; kind: FileKind }[] {
  return filesBelow(folder).flatMap((path) => {
    const kind = FILE_KINDS.find((one) => one.isOf(path));
    return kind === undefined ? [] : [{ path, kind }];
  });
}

/** Judges them, one line each; how many agree and differ, and their paths. */
export function checkFileRecordings(folder: string): {
  agree: number;
  differ: number;
  read: string[];
} {
  const recordings = listFileRecordings(folder);
  const result = { agree: 0, differ: 0, read: recordings.map(({ path }) => path) };
  for (const { path, kind } of recordings) {
    const differences = differencesOf(path, kind);
    const isSame = differences.length === 0;
    if (isSame) result.agree++;
    else result.differ++;
    console.log(`${relative(folder, path).padEnd(44)} ${isSame ? 'agrees' : 'DIFFERS'}`);
    for (const text of differences.slice(0, SHOWN_DIFFERENCES_MAX)) console.log(`      ${text}`);
  }
  return result;
}

/** A recording that cannot be read differs too: its reason is told. */
function differencesOf(path: string, kind: FileKind): string[] {
  try {
    return kind.differences(path);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules')
    .sort((one, other) => (one < other ? -1 : 1))
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}
