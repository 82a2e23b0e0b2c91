/**
 * A daemon whose advert timer runs out when the recorded machine's did.
 *
 * A real process wakes some 100 µs after its timer, on a busy machine some milliseconds, and each advert sets the next
 * timer. After some adverts the phases have drifted apart, and where two masters meet or refuse each other they decide
 * who is heard first. They are no result of the daemon, so they are fed: the advert timer of a MASTER waits for the
 * moment at which that node's advert was recorded, or, when another node's advert of the same moment was recorded and
 * its own was not, until just after that one. What is due at another time than the recorded one is left alone, and so
 * are all other timers: takeovers are the daemon's own.
 */

import { durationUs, later, type TimeUs } from '../../daemon/base/time.ts';
import type { DaemonStatus } from '../../daemon/core/status.ts';
import { makeDaemon } from '../../sim/host/daemon-factory.ts';
import { type DaemonApi, DaemonMachine } from '../../sim/host/daemon-machine.ts';
import type { FrameMoment } from '../../sim/host/frame-pacer.ts';
import type { ProgramRegistry } from '../../sim/host/machine.ts';
import { programRegistry } from '../../sim/programs/program-registry.ts';
import { knowsCommand } from '../../sim/programs/shell/command-table.ts';
import { advertsOf } from './measure.ts';
import type { Recording, Seconds } from './recording.ts';

/** How late a real process may have been, and how much earlier its timer may have been set. */
const LATE_MAX: Seconds = 0.06;
const EARLY_MAX: Seconds = 0.045;
/** Neither may be mistaken for the advert before or after: parts of the distance of two adverts. */
const LATE_PART = 0.3;
const EARLY_PART = 0.15;
/** The loser of a race waits until the winner's advert has arrived. */
const AFTER_WINNER = durationUs(50_000);

/** The moments of all recorded adverts, by VRID, each with its sender. */
export type AdvertMoments = ReadonlyMap<
  number,
  readonly { readonly node: string; readonly at: TimeUs }[]
>;

/** Reads them; `toTwin` is the twin's clock. */
export function advertMoments(
  recording: Recording,
  toTwin: (at: Seconds) => TimeUs,
): AdvertMoments {
  const moments = new Map<number, { node: string; at: TimeUs }[]>();
  for (const { vrid, node, at } of advertsOf(recording.observed)) {
    const list = moments.get(vrid) ?? [];
    moments.set(vrid, list);
    list.push({ node, at: toTwin(at) });
  }
  return moments;
}

/** The usual programs, with a keepalived that keeps the recorded pace. */
export function pacedPrograms(moments: AdvertMoments, frameMoment: FrameMoment): ProgramRegistry {
  const programs = new Map(programRegistry());
  programs.set('keepalived', (context) => {
    const node = context.machine.name;
    return new DaemonMachine(context, {
      knowsCommand,
      frameMoment,
      makeDaemon: (options) =>
        paced(makeDaemon(options), (vrid, due) => pace(moments, { node, vrid, due })),
    });
  });
  return programs;
}

function paced(daemon: DaemonApi, paceOf: (vrid: number, due: TimeUs) => TimeUs): DaemonApi {
  return {
    start: (now) => daemon.start(now),
    receive: (now, event) => daemon.receive(now, event),
    advance: (now) => daemon.advance(now),
    reload: (now) => daemon.reload(now),
    stop: (now) => daemon.stop(now),
    status: () => daemon.status(),
    nextDeadline: () => {
      const due = daemon.nextDeadline();
      return due === undefined ? undefined : pacedDeadline(daemon.status(), due, paceOf);
    },
  };
}

/** Only the advert timer of a MASTER waits, and no timer of another instance is held up with it. */
function pacedDeadline(
  status: DaemonStatus,
  due: TimeUs,
  paceOf: (vrid: number, due: TimeUs) => TimeUs,
): TimeUs {
  const isWaiting = (one: DaemonStatus['instances'][number]) =>
    one.state === 'MASTER' && one.timerDueAt === due;
  const first = status.instances.find(isWaiting);
  if (status.phase !== 'running' || first === undefined) return due;
  const others = status.instances.flatMap((one) =>
    isWaiting(one) || one.timerDueAt === undefined ? [] : [one.timerDueAt],
  );
  return others.reduce((least, one) => (one < least ? one : least), paceOf(first.vrid, due));
}

function pace(
  moments: AdvertMoments,
  of: { readonly node: string; readonly vrid: number; readonly due: TimeUs },
): TimeUs {
  const adverts = moments.get(of.vrid) ?? [];
  const since = (at: TimeUs): Seconds => (at - of.due) / 1e6;
  const gap = usualGap(adverts.filter((one) => one.node === of.node));
  const late = Math.min(LATE_MAX, gap * LATE_PART);
  const early = Math.min(EARLY_MAX, gap * EARLY_PART);
  const isNow = (at: TimeUs) => since(at) >= -early && since(at) <= late;
  const own = adverts
    .filter((one) => one.node === of.node && isNow(one.at))
    .sort((a, b) => Math.abs(since(a.at)) - Math.abs(since(b.at)))[0];
  if (own !== undefined) return latest(own.at, of.due);
  const winner = adverts.find((one) => one.node !== of.node && isNow(one.at));
  return winner === undefined ? of.due : later(latest(winner.at, of.due), AFTER_WINNER);
}

/** The shortest distance between two adverts of a node, its usual interval, in seconds. */
function usualGap(adverts: readonly { readonly at: TimeUs }[]): Seconds {
  const gaps = adverts.slice(1).map((one, index) => (one.at - (adverts[index]?.at ?? 0)) / 1e6);
  return gaps.filter((gap) => gap > 0.02).reduce((least, gap) => Math.min(least, gap), 1);
}

function latest(a: TimeUs, b: TimeUs): TimeUs {
  return a > b ? a : b;
}
