/** Compares what the vantage points of a recording heard with what the same points of the twin's LAN heard. */

import { type FrameWords, inWords } from './frame-words.ts';
import type { ReadFrame } from './recorded-lan.ts';

/** Moments may differ by that, in seconds, or by 2 %. */
const TIME_SLACK_S = 0.05;
const TIME_SLACK_SHARE = 0.02;
/** Frames of different streams must keep their order when they were recorded farther apart than three ticks of HZ=100. */
const ORDER_S = 0.03;
/** A tick and a half of HZ=100. */
const TICK_S = 0.015;
/** A unicast question is a neighbour's confirmation; its answer follows within that. */
const ANSWER_S = 1;

/** What differs, a line each; nothing when all points agree. */
export function frameDifferences(
  recorded: readonly ReadFrame[],
  ours: readonly ReadFrame[],
  points: readonly string[],
): string[] {
  const [theirs, own] = [comparable(recorded), comparable(ours)].map(withoutRiders) as [
    FrameWords[],
    FrameWords[],
  ];
  return points.flatMap((point) => {
    const at = (list: readonly FrameWords[]) => list.filter((each) => each.point === point);
    return pointDifferences(point, at(theirs), at(own));
  });
}

/**
 * All but confirmations of neighbours: when a machine asks again for what it knew before the recording began depends on
 * what was before.
 */
function comparable(frames: readonly ReadFrame[]): FrameWords[] {
  const isConfirmation = ({ facts }: ReadFrame) =>
    facts.kind === 'arp' && facts.isRequest && facts.destination !== 'ff:ff:ff:ff:ff:ff';
  const asked = frames.filter(isConfirmation);
  return inWords(
    frames.filter((each) => {
      const { facts, at, point } = each;
      if (facts.kind !== 'arp') return true;
      if (isConfirmation(each)) return false;
      if (facts.isRequest) return true;
      return !asked.some(
        (question) =>
          question.point === point &&
          question.at <= at &&
          at - question.at < ANSWER_S &&
          question.facts.source === facts.destination,
      );
    }),
  );
}

/**
 * Without acknowledgements of a FIN that are followed by the own FIN within a tick: whether the delayed acknowledgement
 * goes alone or rides on it is a matter of the tick's phase.
 */
function withoutRiders(frames: readonly FrameWords[]): FrameWords[] {
  return frames.filter((one, index) => {
    const match = /^(.*) A (seq \d+ ack \d+) len 0 $/.exec(one.text);
    if (match === null) return true;
    const next = frames
      .slice(index + 1)
      .find((other) => other.point === one.point && other.stream === one.stream);
    const isRider = next?.text.includes(` AF ${match[2]} `) && next.at - one.at < TICK_S;
    return !isRider;
  });
}

function pointDifferences(
  point: string,
  theirs: readonly FrameWords[],
  ours: readonly FrameWords[],
): string[] {
  const streams = [...new Set([...theirs, ...ours].map(({ stream }) => stream))];
  const differences: string[] = [];
  const places = new Map<FrameWords, number>();
  for (const stream of streams) {
    const [expected, found] = [theirs, ours].map((list) =>
      list.filter((each) => each.stream === stream),
    ) as [FrameWords[], FrameWords[]];
    for (let i = 0; i < Math.max(expected.length, found.length); i++) {
      const [one, other] = [expected[i], found[i]];
      if (one?.text !== other?.text) {
        differences.push(`${point}: ${stamp(other)} recorded ${stamp(one)}`);
        break;
      }
      if (one === undefined || other === undefined) break;
      const slack = Math.max(TIME_SLACK_S, TIME_SLACK_SHARE * one.at);
      if (Math.abs(one.at - other.at) > slack) {
        differences.push(`${point}: ${stamp(other)} recorded at ${one.at.toFixed(3)}`);
      }
      places.set(one, ours.indexOf(other));
    }
  }
  return [
    ...differences,
    ...(differences.length === 0 ? orderDifferences(point, theirs, places) : []),
  ];
}

function orderDifferences(
  point: string,
  theirs: readonly FrameWords[],
  places: ReadonlyMap<FrameWords, number>,
): string[] {
  const differences: string[] = [];
  for (const [index, one] of theirs.entries()) {
    const later = theirs
      .slice(index + 1)
      .find(
        (other) => other.at - one.at > ORDER_S && (places.get(other) ?? 0) < (places.get(one) ?? 0),
      );
    if (later !== undefined) differences.push(`${point}: ${later.text} before ${one.text}`);
  }
  return differences;
}

const stamp = (words: FrameWords | undefined): string =>
  words === undefined ? '(nothing)' : `${words.at.toFixed(4)} '${words.text}'`;
