/**
 * When each packet moves on the map. Real cables are microseconds long, so a packet is shown far slower than it is, but
 * never out of order: what a switch sends on starts when what it received has arrived.
 */

import type { FlightView } from '../../../sim/session/protocol-rows.ts';

/** A packet on the map, in milliseconds of the page's own clock. */
export interface Motion {
  readonly flight: FlightView;
  readonly startMs: number;
  readonly endMs: number;
}

/** What the schedule remembers: the packets that move now. */
export interface MotionInput {
  readonly flights: readonly FlightView[];
  /** Motions that are not over, of earlier messages. */
  readonly moving: readonly Motion[];
  readonly nowMs: number;
  /** How long one cable takes on the screen. */
  readonly hopMs: number;
  /** Both end nodes of a cable. */
  readonly endsOf: (cable: string) => { readonly a: string; readonly b: string } | undefined;
}

/** Most packets that are drawn at once; more are left out, newest first. */
export const MOTIONS_MAX = 200;

/** Hops that are further apart than this in virtual time do not wait for each other, µs. */
const SAME_JOURNEY_US = 5_000;

/** Adds new flights to those that move; returns what moves from now on. */
export function scheduleFlights(input: MotionInput): Motion[] {
  const moving = input.moving.filter((motion) => motion.endMs > input.nowMs);
  const known = new Set(moving.map((motion) => keyOf(motion.flight)));
  const fresh = [...input.flights]
    .filter((flight) => !known.has(keyOf(flight)))
    .sort((a, b) => a.at - b.at);
  for (const flight of fresh) {
    if (moving.length >= MOTIONS_MAX) break;
    const startMs = startOf(flight, moving, input);
    const length = flight.lost ? input.hopMs / 2 : input.hopMs;
    moving.push({ flight, startMs, endMs: startMs + length });
  }
  return moving;
}

/** How far a motion is, 0 to 1; `undefined` before its start and after its end. A lost packet stops half way. */
export function progressOf(motion: Motion, nowMs: number): number | undefined {
  if (nowMs < motion.startMs || nowMs >= motion.endMs) return undefined;
  const done = (nowMs - motion.startMs) / (motion.endMs - motion.startMs);
  return motion.flight.lost ? done / 2 : done;
}

function startOf(flight: FlightView, moving: readonly Motion[], input: MotionInput): number {
  const ends = input.endsOf(flight.cable);
  const sender = ends?.[flight.fromEnd];
  let start = input.nowMs;
  for (const earlier of moving) {
    const receiver = receiverOf(earlier.flight, input);
    const gap = flight.at - earlier.flight.arrivesAt;
    if (receiver === sender && gap >= 0 && gap < SAME_JOURNEY_US) {
      start = Math.max(start, earlier.endMs);
    }
  }
  return start;
}

function receiverOf(flight: FlightView, input: MotionInput): string | undefined {
  return input.endsOf(flight.cable)?.[flight.fromEnd === 'a' ? 'b' : 'a'];
}

function keyOf(flight: FlightView): string {
  return `${flight.packet} ${flight.cable} ${flight.fromEnd}`;
}
