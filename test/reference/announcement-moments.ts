/**
 * When the recorded machines' gratuitous ARP and unsolicited NA left. Two nodes that take an address over from each other
 * announce it within the same tenths of a millisecond, each as quick as its process is: the last frame decides whom the
 * client believes until somebody speaks again. Which was last is no result of the daemons, so it is fed: a frame waits for
 * the moment at which its like was recorded, where that is about now. How many frames there are and whose stays the twin's.
 */

import { type TimeUs, timeUs } from '../../daemon/base/time.ts';
import { readEtherType } from '../../daemon/wire/ethernet.ts';
import type { FrameMoment } from '../../sim/host/frame-pacer.ts';
import { announcementKey, announcementRuns } from './measure.ts';
import type { Recording, Seconds } from './recording.ts';

/** How long a real process is busy with its addresses before it announces them, and how much later it took over, µs. */
const BUSY_MAX_US = 6000;
/** How much earlier than the twin it may have been, µs. */
const EARLY_MAX_US = 1000;

/** The recorded moments, each for one frame; `toTwin` is the twin's clock. */
export function announcementMoments(
  recording: Recording,
  toTwin: (at: Seconds) => TimeUs,
): FrameMoment {
  const left = new Map<string, TimeUs[]>();
  for (const { key, frames } of announcementRuns(recording.observed)) {
    const own = frames.filter((frame) => !isReply(frame.bytes));
    left.set(
      key,
      own.map((frame) => toTwin(frame.at)),
    );
  }
  return (link, frame, now) => {
    const moments = left.get(announcementKey(`br${link.replace(/^\D+/, '')}`, frame) ?? '') ?? [];
    const past = moments.findIndex((moment) => moment >= now - EARLY_MAX_US);
    moments.splice(0, past < 0 ? moments.length : past);
    const next = moments[0];
    if (next === undefined || next > now + BUSY_MAX_US) return undefined;
    moments.shift();
    return timeUs(Math.max(next, now));
  };
}

/** A kernel's answer to an announcement, of an address that it has itself. */
function isReply(bytes: Uint8Array): boolean {
  return readEtherType(bytes) === 0x0806 && bytes[21] === 2;
}
