/**
 * V8 for `run`, which computes and answers at the end (docs/performance.md): it may fill more memory before V8 looks for garbage. The
 * daemon, the bridge and the browser view are to stay small; the threads of explore have such room of their own accord. What V8
 * must be told at a start stands in `bin/packed.js`.
 */

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Room for new objects, bytes: twice 4 MiB, half of which is in use at a time. Each collection asks all of the old objects which
 * of them know a new one, so with 1 MiB, V8's first size, a run takes a sixth longer; with 16 MiB, where it would end, new objects
 * fit into no cache of the processor, and the process is 24 MiB larger.
 */
const ROOM_WANTED = 8 * 1024 * 1024;
/** V8 lets the room grow when enough objects outlived a collection: so many such objects, of 8 KiB. */
const OBJECT_WORDS = 1024;
const OBJECTS_A_ROUND = 32;
const OBJECTS_ALIVE = 160;
const ROUNDS_MAX = 40;

/** Called when everything is loaded; what was loaded lives on, and needs no room for new objects. */
export function giveYoungRoom(): void {
  setFlagsFromString('--semi-space-growth-factor=4');
  let alive: number[][] = [];
  for (let round = 0; round < ROUNDS_MAX && youngRoom() < ROOM_WANTED; round++) {
    for (let i = 0; i < OBJECTS_A_ROUND; i++) alive.push(new Array<number>(OBJECT_WORDS).fill(i));
    alive = alive.slice(-OBJECTS_ALIVE);
  }
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Bytes that V8 holds ready for new objects. */
export function youngRoom(): number {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  return young?.space_size ?? ROOM_WANTED;
}
