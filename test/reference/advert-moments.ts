/**
 * When each advert of a recording was sent, and what that says about a daemon of the twin whose advert timer is about to run out.
 * Phases only: nothing here decides whether an advert is sent, answered or refused. Read `paced-daemon.ts` first.
 */

import { durationUs, later, type TimeUs, timeUs } from '../../daemon/base/time.ts';
import { advertsOf, isAttached, type SeenAdvert } from './measure.ts';
import type { Recording, Seconds } from './recording.ts';

/** How late a real process may have been, and how much earlier its timer may have been set. */
const LATE_MAX: Seconds = 0.1;
const EARLY_MAX: Seconds = 0.045;
/** Neither may be mistaken for the advert before or after: parts of the distance of two adverts. */
const LATE_PART = 0.7;
const EARLY_PART = 0.15;
/** The loser of a race waits until the winner's advert has arrived. */
const AFTER_WINNER = durationUs(50_000);
/** Timers of two nodes this close run out together, µs. */
const RACE = durationUs(1500);
/** Adverts of two nodes this close were both under way before the other one was read. */
const CROSSING: Seconds = 0.005;

/** One recorded advert, at the twin's time. */
interface AdvertMoment {
  readonly node: string;
  readonly at: TimeUs;
  /** It came before the timer ran out that the sender's last advert had set. */
  readonly isAnswer: boolean;
}

/** The moments of all recorded adverts, by VRID, and when a node could be neither heard nor seen. */
export interface AdvertMoments {
  readonly byVrid: ReadonlyMap<number, readonly AdvertMoment[]>;
  readonly isCutOff: (node: string, at: TimeUs) => boolean;
}

/** The advert timer of a MASTER: whose, of which virtual router, and when it runs out in the twin. */
export interface AdvertTimer {
  readonly node: string;
  readonly vrid: number;
  readonly due: TimeUs;
}

/** Reads them; the twin's clock starts `lead` before the recording's. */
export function advertMoments(recording: Recording, lead: Seconds): AdvertMoments {
  const byVrid = new Map<number, AdvertMoment[]>();
  const adverts = advertsOf(recording.observed);
  for (const [index, advert] of adverts.entries()) {
    if (isSeenBefore(adverts, index)) continue;
    const { vrid, node, at } = advert;
    const list = byVrid.get(vrid) ?? [];
    byVrid.set(vrid, list);
    const moment = timeUs(Math.round((at + lead) * 1e6));
    const last = list.findLast((one) => one.node === node);
    const isAnswer = last !== undefined && (moment - last.at) / 1e6 < advert.interval - CROSSING;
    list.push({ node, at: moment, isAnswer });
  }
  const isCutOff = (node: string, at: TimeUs) => !isAttached(recording, node, at / 1e6 - lead);
  return { byVrid, isCutOff };
}

/** Two points of capture see one frame a few microseconds apart. */
function isSeenBefore(adverts: readonly SeenAdvert[], index: number): boolean {
  const one = adverts[index] as SeenAdvert;
  for (let before = index - 1; before >= 0; before--) {
    const other = adverts[before] as SeenAdvert;
    if (one.at - other.at > CROSSING) return false;
    if (other.capture === one.capture || other.bytes.length !== one.bytes.length) continue;
    if (other.bytes.every((byte, at) => byte === one.bytes[at])) return true;
  }
  return false;
}

/** When the timer is to act: with the recorded advert, or just after the one that beat it; else when it runs out. */
export function pacedMoment(moments: AdvertMoments, timer: AdvertTimer): TimeUs {
  const { due, node } = timer;
  const own = nearest(moments, timer, due);
  if (own !== undefined) return latest(own.at, due);
  const isNow = windowOf(moments, timer, due);
  const winner = advertsIn(moments, timer).find((one) => one.node !== node && isNow(one.at));
  if (winner === undefined || moments.isCutOff(node, winner.at)) return due;
  return later(latest(winner.at, due), AFTER_WINNER);
}

/**
 * When the timer of a BACKUP is to act: just after another one's first advert, where that was recorded at this moment and
 * its own was not. Timers of equal priority run out together, and only the recording tells whose process was first.
 */
export function takeoverMoment(moments: AdvertMoments, timer: AdvertTimer): TimeUs {
  const { due, node } = timer;
  const adverts = advertsIn(moments, timer);
  const atOnce = adverts.filter((one) => Math.abs(one.at - due) <= RACE);
  if (atOnce.some((one) => one.node === node)) return due;
  const winner = atOnce.find((one) => isFirstOf(adverts, one));
  if (winner === undefined || moments.isCutOff(node, winner.at)) return due;
  return later(latest(winner.at, due), RACE);
}

/** Whether a node was no MASTER before: it had been silent for longer than between two of its adverts. */
function isFirstOf(adverts: readonly AdvertMoment[], one: AdvertMoment): boolean {
  const own = adverts.filter((other) => other.node === one.node);
  const before = own.findLast((other) => other.at < one.at);
  const gap = usualGap(own) * 1e6;
  return before === undefined || one.at - before.at > 2 * gap;
}

/**
 * How many adverts the node sent at the moment of another's that is heard now: one that its own timer had sent although
 * the other was on its way already, one that answers it, or both. None where the timer does not run out at that moment.
 */
export function crossingAdverts(
  moments: AdvertMoments,
  timer: AdvertTimer,
  heard: { readonly node: string; readonly at: TimeUs },
): number {
  const other = nearest(moments, { ...timer, node: heard.node }, heard.at);
  if (other === undefined) return 0;
  const own = advertsIn(moments, timer).filter(
    (one) => one.node === timer.node && Math.abs(one.at - other.at) <= CROSSING * 1e6,
  );
  const isDue = windowOf(moments, timer, timer.due);
  return own.some((one) => !one.isAnswer && isDue(one.at)) ? own.length : 0;
}

function advertsIn(moments: AdvertMoments, timer: AdvertTimer): readonly AdvertMoment[] {
  return moments.byVrid.get(timer.vrid) ?? [];
}

function nearest(moments: AdvertMoments, timer: AdvertTimer, to: TimeUs): AdvertMoment | undefined {
  const isNear = windowOf(moments, timer, to);
  return advertsIn(moments, timer)
    .filter((one) => one.node === timer.node && isNear(one.at))
    .sort((a, b) => Math.abs(a.at - to) - Math.abs(b.at - to))[0];
}

/** Whether a recorded moment is one with a moment of the twin. */
function windowOf(
  moments: AdvertMoments,
  timer: AdvertTimer,
  moment: TimeUs,
): (at: TimeUs) => boolean {
  const gap = usualGap(advertsIn(moments, timer).filter((one) => one.node === timer.node));
  const late = Math.min(LATE_MAX, gap * LATE_PART);
  const early = Math.min(EARLY_MAX, gap * EARLY_PART);
  return (at) => (at - moment) / 1e6 >= -early && (at - moment) / 1e6 <= late;
}

/**
 * The usual distance of two adverts of a node, its interval: a quarter of them is shorter, such as around a reload, and most of
 * the others where another master silences it are longer.
 */
function usualGap(adverts: readonly AdvertMoment[]): Seconds {
  const gaps = adverts
    .slice(1)
    .map((one, index) => (one.at - (adverts[index]?.at ?? 0)) / 1e6)
    .filter((gap) => gap > 0.02)
    .sort((a, b) => a - b);
  return Math.min(gaps[Math.floor(gaps.length / 4)] ?? 1, 1);
}

function latest(a: TimeUs, b: TimeUs): TimeUs {
  return a > b ? a : b;
}
