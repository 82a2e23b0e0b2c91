/**
 * Which of two masters with one virtual MAC spoke last when one of them yielded. The loser's kernel answers the winner's
 * announcements until its daemon has deleted the addresses, some 100 µs after the winner's advert, in the middle of the burst: whether
 * the last announcement is answered, and the switch then looks for the MAC behind the loser's port, is decided by when the
 * process was scheduled. It is read from the recording and fed to the twin; what follows from it is the twin's own.
 */

import { type DurationUs, durationUs, NO_DURATION, type TimeUs } from '../../daemon/base/time.ts';
import { readEtherType, readSourceMac } from '../../daemon/wire/ethernet.ts';
import { advertsOf } from './measure.ts';
import type { Recording, Seconds, SeenFrame } from './recording.ts';

/** A log line comes this much later than what it tells of. */
const LOG_LATE: Seconds = 0.01;
/** The winner's burst is over by then. */
const BURST: Seconds = 0.002;
/** The twin yields at the recorded moment, but for what its own timers differ. */
const SAME: Seconds = 0.1;
/** Long enough for the longest burst, short enough for the client's next packet. */
const AFTER_BURST = durationUs(2000);

interface Yielding {
  readonly node: string;
  readonly at: Seconds;
  readonly loserSpokeLast: boolean;
}

/** How long a node that yields now is to take; `undefined` where the recording does not tell. */
export function yieldingTimes(
  recording: Recording,
  lead: Seconds,
): (node: string, now: TimeUs) => DurationUs | undefined {
  const known = yieldingsOf(recording);
  return (node, now) => {
    const at = now / 1e6 - lead;
    const one = known.find((each) => each.node === node && Math.abs(each.at - at) < SAME);
    if (one === undefined) return undefined;
    return one.loserSpokeLast ? AFTER_BURST : NO_DURATION;
  };
}

function yieldingsOf(recording: Recording): Yielding[] {
  const { observed } = recording;
  const adverts = advertsOf(observed);
  return observed.transitions.flatMap(([told, node, , state]) => {
    if (state !== 'BACKUP') return [];
    const isWinner = (at: Seconds) => at <= told + BURST && at > told - LOG_LATE;
    const winner = adverts.findLast(
      (one) => one.node !== node && one.priority > 0 && isWinner(one.at),
    );
    if (winner === undefined) return [];
    const last = observed.frames.findLast(
      ({ at, capture, bytes }) =>
        capture === winner.capture &&
        at >= winner.at &&
        at <= winner.at + BURST &&
        readSourceMac(bytes) === winner.sourceMac &&
        announces(bytes),
    );
    if (last === undefined) return [];
    return [{ node, at: winner.at, loserSpokeLast: isReply(last) }];
  });
}

/** ARP, request or reply, whose sender and target are one address. */
function announces(bytes: Uint8Array): boolean {
  if (readEtherType(bytes) !== 0x0806) return false;
  return [0, 1, 2, 3].every((octet) => bytes[28 + octet] === bytes[38 + octet]);
}

function isReply(frame: SeenFrame): boolean {
  return frame.bytes[21] === 2;
}
