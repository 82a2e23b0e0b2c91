/**
 * What a search has done so far, in a file, so that it can be interrupted and go on. Blocks depend on
 * the seed and their number alone: what is in the file need not be done again, and the result is that
 * of a search which was never interrupted.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { SearchOptions, SearchPart } from '../scenario/explore/explore.ts';
import type { Failure } from '../scenario/explore/failure.ts';
import { EnvironmentError } from './exit-codes.ts';
import { makeFolder } from './make-folder.ts';

/** One block that is done. */
export interface DoneBlock {
  readonly block: number;
  readonly part: SearchPart;
}

const stateSchema = z.strictObject({
  format: z.literal(1),
  search: z.string(),
  blocks: z.array(
    z.strictObject({
      block: z.int(),
      runs: z.int(),
      failures: z.array(z.record(z.string(), z.unknown())),
      coverage: z.record(z.string(), z.int()),
    }),
  ),
});

/** A name for a search: the same files, seed and kinds of faults have the same. */
export function searchKey(options: SearchOptions, version: string): string {
  const { base, seed, kinds } = options;
  const hosts = base.scenario.lan.hosts.map((host) => [
    host.name,
    host.files.map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]),
  ]);
  return hashOf(JSON.stringify([version, base.scenario.text, hosts, seed, kinds ?? 'all']));
}

/** Writes what is done. */
export function writeState(path: string, search: string, done: readonly DoneBlock[]): void {
  const blocks = done.map(({ block, part }) => ({
    block,
    runs: part.runs,
    failures: part.failures,
    coverage: Object.fromEntries(part.coverage),
  }));
  try {
    makeFolder(dirname(path));
    writeFileSync(path, `${JSON.stringify({ format: 1, search, blocks })}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write the state of the search: ${reason}`, { cause: error });
  }
}

/** Reads it back: nothing where there is no file, a message where it is another search's. */
export function readState(path: string, search: string): readonly DoneBlock[] | string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const state = parseState(text);
  if (state === undefined) return 'this is no state of lantwin explore';
  if (state.search !== search) {
    return 'this is the state of another search: other files, seed, faults or version';
  }
  return state.blocks.map(({ block, runs, failures, coverage }) => ({
    block,
    part: {
      runs,
      // Written by `writeState` of the same version, which `search` says.
      failures: failures as unknown as readonly Failure[],
      coverage: new Map(Object.entries(coverage)),
    },
  }));
}

function parseState(text: string): z.output<typeof stateSchema> | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** FNV-1a, 32 bits: a short name for a text. */
export function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}
