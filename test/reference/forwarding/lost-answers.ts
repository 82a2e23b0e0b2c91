/**
 * A server's first answer to a client may have been lost on the recording machine, whose neighbour table was overfull at times
 * (README of the recordings): no ARP question is heard, and the server answers when the client has repeated its SYN.
 */

import { TCP_ACK, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import type { ReadFrame, RecordedMachine } from './recorded-lan.ts';

/** What the machine sent at that moment (s) was lost. */
export interface LostAnswer {
  readonly machine: string;
  readonly at: number;
}

const REPEATED_S = [0.9, 1.3] as const;
const AT_ONCE_S = 0.05;

/** Finds them. */
export function lostAnswers(
  machines: readonly RecordedMachine[],
  frames: readonly ReadFrame[],
): LostAnswer[] {
  const first = new Map<string, { at: number; to: string }>();
  const lost: LostAnswer[] = [];
  for (const { at, facts } of frames) {
    if (facts.kind !== 'ip' || facts.tcp === undefined || facts.ip.ttl !== 63) continue;
    if ((facts.tcp.flags & (TCP_SYN | TCP_ACK)) !== TCP_SYN) continue;
    const key = `${facts.ip.source} ${facts.tcp.sourcePort} ${facts.tcp.sequence}`;
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, { at, to: facts.destination });
      continue;
    }
    const wait = at - before.at;
    const machine = machines.find(({ cards }) => cards.some(({ mac }) => mac === before.to));
    const card = machine?.cards.find(({ mac }) => mac === before.to);
    if (machine?.role !== 'server' || card === undefined || card.point !== undefined) continue;
    if (wait < REPEATED_S[0] || wait > REPEATED_S[1]) continue;
    const { source } = facts.ip;
    const isAnswered = frames.some(
      (each) =>
        each.at > at &&
        each.at - at < AT_ONCE_S &&
        each.facts.kind === 'ip' &&
        each.facts.ip.source === source &&
        each.facts.tcp?.sourcePort === facts.tcp?.sourcePort &&
        each.facts.tcp?.flags === TCP_ACK,
    );
    if (!isAnswered) continue;
    lost.push({ machine: machine.name, at: before.at });
  }
  return lost;
}
