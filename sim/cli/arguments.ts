/** Values of options as the commands need them; what cannot be read is a usage error. */

import type { TimeUs } from '../../daemon/base/time.ts';
import { parseDuration } from '../scenario/schema/units.ts';
import { UsageError } from './exit-codes.ts';

/** Largest seed. */
const SEED_MAX = 2 ** 32 - 1;
/** Most seeds of one command. */
const SEEDS_LIMIT = 100_000;

/** `--seed 7`; `random` draws one, which every report prints. */
export function readSeed(text: string): number {
  if (text === 'random') return Math.floor(Math.random() * 2 ** 32);
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isInteger(seed) && seed <= SEED_MAX) return seed;
  throw new UsageError(`--seed: expected a whole number from 0 to ${SEED_MAX}, read '${text}'`);
}

/** `--seeds 1..500`. */
export function readSeeds(text: string): readonly number[] {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  const [from, to] = [Number(match?.[1] ?? Number.NaN), Number(match?.[2] ?? Number.NaN)];
  if (match === null || from > to || to > SEED_MAX || to - from >= SEEDS_LIMIT) {
    throw new UsageError(`--seeds: expected A..B such as 1..500, read '${text}'`);
  }
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** `--shard 2/3`: which of how many parts, from 1. */
export function readShard(text: string): { readonly index: number; readonly count: number } {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(text);
  const [index, count] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  if (index >= 1 && index <= count) return { index, count };
  throw new UsageError(`--shard: expected i/n such as 1/3, read '${text}'`);
}

/** `--at 20s`. */
export function readMoment(option: string, text: string): TimeUs {
  const duration = parseDuration(text);
  if (duration !== undefined && duration >= 0) return duration as number as TimeUs;
  throw new UsageError(`${option}: expected a time with a unit such as 20s, read '${text}'`);
}
