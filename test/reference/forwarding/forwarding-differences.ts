/** Judges a recording of `ipvs/forwarding`: the same LAN, the same programs, and every vantage point compared. */

import { TCP_ACK, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import { frameDifferences } from './compare-frames.ts';
import { looksOf, sightDifferences } from './compare-told.ts';
import { type ForwardingRecording, readForwardingRecording } from './forwarding-recording.ts';
import { lostAnswers } from './lost-answers.ts';
import { NO_SPENT_ERRORS, playRecording } from './play-recording.ts';
import { machinesOf, type ReadFrame, readFrames, roleOf } from './recorded-lan.ts';
import { programsOf } from './recorded-programs.ts';
import { commandsOf, servicesOf, settingsOf } from './recorded-service.ts';

/** The virtual address of all recordings of this kind. */
const VIP = '10.10.0.100';

/** What differs between a recording and the twin's LAN; nothing when all agrees. */
export function forwardingDifferences(path: string): string[] {
  const recording = readForwardingRecording(path);
  const frames = readFrames(recording.frames);
  if (frames.length === 0) return ['no frame in the captures'];
  const differences = playAndCompare(recording, frames, SPENT[0]);
  if (differences.length === 0 || !hasErrors(frames)) return differences;
  // How full the director's bucket of ICMP errors was stands in no recording: one of its fillings must explain all.
  for (const spent of SPENT.slice(1)) {
    if (playAndCompare(recording, frames, spent).length === 0) return [];
  }
  return differences;
}

/** Fillings of the bucket: so many of six tokens spent, so long before. */
const SPENT = [
  NO_SPENT_ERRORS,
  ...[1, 2, 3, 4, 5, 6].flatMap((errors) =>
    [0.05, 0.35, 0.65, 0.95].map((before) => ({ errors, before })),
  ),
] as const;

/** Whether the director sent ICMP errors. */
function hasErrors(frames: readonly ReadFrame[]): boolean {
  return frames.some(
    ({ facts }) =>
      facts.kind === 'ip' &&
      facts.icmp?.quoted !== undefined &&
      /^director/.test(roleOf(facts.source)),
  );
}

/** Whether a client sent a SYN for the third time two seconds after the first: Linux 6.5 or later. */
function isNewClient(frames: readonly ReadFrame[]): boolean {
  const first = new Map<string, number>();
  return frames.some(({ at, facts }) => {
    if (facts.kind !== 'ip' || facts.tcp === undefined || !facts.ip.dontFragment) return false;
    if ((facts.tcp.flags & (TCP_SYN | TCP_ACK)) !== TCP_SYN) return false;
    const key = `${facts.ip.source} ${facts.tcp.sourcePort} ${facts.tcp.sequence}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, at);
    return before !== undefined && at - before > 1.8 && at - before < 2.3;
  });
}

function playAndCompare(
  recording: ForwardingRecording,
  frames: readonly ReadFrame[],
  spent: (typeof SPENT)[number],
): string[] {
  const machines = machinesOf(frames, VIP);
  const director = machines.find(({ role }) => role === 'director')?.name ?? 'director';
  const services = servicesOf(recording, frames, VIP);
  const { actions, served, known } = programsOf(machines, frames, {
    vip: VIP,
    told: recording.lines.map(({ at }) => at),
  });
  const found: string[] = [];
  const played = playRecording({
    machines,
    frames,
    vip: VIP,
    setup: services.flatMap(({ words, servers }) => [words, ...servers.map((one) => one.words)]),
    settings: settingsOf(recording),
    commands: commandsOf(recording, services),
    actions,
    served,
    known,
    lost: lostAnswers(machines, frames),
    isNewClient: isNewClient(frames),
    spent,
    looks: looksOf(recording, () => director, found),
    end: Math.max(frames.at(-1)?.at ?? 0, recording.lines.at(-1)?.at ?? 0),
  });
  const ours = readFrames(played.frames);
  return [
    ...played.problems,
    ...frameDifferences(frames, ours, recording.points),
    ...found,
    ...sightDifferences(recording, played),
  ];
}
