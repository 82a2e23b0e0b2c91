/** The part of `npm run reference -- DIR` for keepalived's checkers: each timeline on a LAN, one line per recording. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readTimeline, recordings } from '../daemon/check/timeline.ts';
import { checkerDifferences } from './checker-compare.ts';
import { replayOnLan } from './checker-lan.ts';

/** Replays all timelines below a folder; how many agree and differ, and their texts' paths. */
export function checkCheckerRecordings(folder: string): {
  agree: number;
  differ: number;
  read: string[];
} {
  const result = { agree: 0, differ: 0, read: [] as string[] };
  for (const place of foldersBelow(folder)) {
    for (const name of recordings(place)) {
      result.read.push(join(place, `${name.split('#')[0]}.txt`));
      const differences = differencesOf(name, place);
      const isSame = differences.length === 0;
      if (isSame) result.agree++;
      else result.differ++;
      console.log(`${name.padEnd(44)} ${isSame ? 'agrees' : 'DIFFERS'}`);
      for (const text of differences) console.log(`      ${text}`);
    }
  }
  return result;
}

/** A recording that cannot be read differs too: its reason is told. */
function differencesOf(name: string, folder: string): string[] {
  try {
    const timeline = readTimeline(name, folder);
    return checkerDifferences(timeline, replayOnLan(timeline));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function foldersBelow(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const names = readdirSync(folder)
    .filter((name) => name !== 'node_modules')
    .sort((one, other) => (one < other ? -1 : 1));
  const inner = names
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isDirectory());
  return [folder, ...inner.flatMap((path) => foldersBelow(path))];
}
