/**
 * The recordings of keepalived 2.2.7 with IPVS, played to our daemon: the same log lines, the same kernel
 * tables and the same requests, in the same order, at the same moments within max(50 ms, 2 %).
 */

import { describe, expect, it } from 'vitest';
import { activation, replay } from './replay.ts';
import { readTimeline, recordings, type Timeline } from './timeline.ts';

/** Lines of the checkers' process; VRRP's and the parent's are others' tests. */
const CHECKERS =
  /^(TCP|HTTP|UDP|SMTP|DNS|ICMP|Misc|Remote|Adding|Removing|Gained|Lost|Changing|service |Activating|Shutting|Reinit|Initializing)/;

interface Moment {
  readonly at: number;
  readonly text: string;
}

function recorded(timeline: Timeline, kind: string, fits: (text: string) => boolean): Moment[] {
  return timeline.entries.filter((one) => one.kind === kind && fits(one.text));
}

/** Texts and order; moments from `begin` on, since our daemon needs no time to start. */
function compare(ours: readonly Moment[], theirs: readonly Moment[], begin: number): void {
  expect(ours.map((one) => one.text)).toEqual(theirs.map((one) => one.text));
  for (const [index, { at, text }] of theirs.entries()) {
    if (at < begin) continue;
    const own = ours[index]?.at ?? Number.NaN;
    const allowed = Math.max(0.05, 0.02 * at);
    expect(Math.abs(own - at), `${text}: ${own} instead of ${at}`).toBeLessThanOrEqual(allowed);
  }
}

function inSeconds<T extends { readonly at: number }>(items: readonly T[]): T[] {
  return items.map((one) => ({ ...one, at: one.at / 1_000_000 }));
}

describe.each(recordings())('%s', (name) => {
  const timeline = readTimeline(name);
  const director = replay(timeline);
  const begin = activation(timeline, 0);
  const address = `10.10.0.25${name.split('#')[1] ?? '1'}`;

  it('says what keepalived said, when it said it', () => {
    const ours = inSeconds(director.log).filter(
      (one) => one.process === 'checkers' && CHECKERS.test(one.text),
    );
    // Two checkers of one moment may stand in either order; the log is compared server by server.
    const theirs = recorded(timeline, 'LOG', (text) => CHECKERS.test(text));
    const initialising = 'Initializing ipvs';
    const twice = theirs.filter((one) => one.text === initialising).length > 1;
    const lines = twice ? theirs.filter((one) => one.text !== initialising) : theirs;
    const own = twice ? ours.filter((one) => one.text !== initialising) : ours;
    compare(own, lines, begin);
  });

  it('makes the kernel table go through the recorded states', () => {
    const theirs = recorded(timeline, 'IPVS', (text) => !/: \d+ servers$/.test(text)).slice(1);
    const ours = inSeconds(director.tables).slice(director.tables[0]?.text.startsWith('(') ? 1 : 0);
    const last = theirs.at(-1)?.text.startsWith('(no virtual') === true;
    compare(last ? ours : ours.slice(0, theirs.length), theirs, begin);
  });

  it('sends the recorded requests to every server', () => {
    const theirs = recorded(timeline, 'HTTP', (text) => text.includes('request='));
    for (const server of ['rs1', 'rs2', 'rs3', 'rs4']) {
      const wanted = theirs
        .filter((one) => one.text.startsWith(server))
        .map((one) => /request=b'(.*)'$/.exec(one.text)?.[1]?.replaceAll('\\r\\n', '\r\n'));
      const end = `10.10.0.1${server.slice(2)}:80`;
      const sent = director.requests.filter((one) => one.to === end).map((one) => one.text);
      const http = sent.filter((text) => text.startsWith('GET'));
      // At the end of a recording keepalived may be a check ahead or behind.
      expect(Math.abs(http.length - wanted.length), server).toBeLessThanOrEqual(1);
      const length = Math.min(http.length, wanted.length);
      expect(http.slice(0, length)).toEqual(wanted.slice(0, length));
    }
  });

  // The capture of v01 is from director 1's port: nothing is seen there while it is unplugged.
  it.skipIf(name.startsWith('v'))(
    'tries as often as recorded, where the capture sees all tries',
    () => {
      const tries = (end: string) =>
        recorded(
          timeline,
          'CHECK',
          (text) => text.startsWith(address) && text.endsWith(`> ${end} S`),
        ).filter((one, index, all) => !isRepeated(one, all.slice(0, index)));
      for (const end of new Set(director.opened.map((one) => one.to))) {
        const theirs = tries(end);
        if (theirs.length === 0) continue;
        const ours = inSeconds(director.opened).filter((one) => one.to === end);
        expect(Math.abs(ours.length - theirs.length), end).toBeLessThanOrEqual(1);
        for (const [index, { at }] of theirs.entries()) {
          const own = ours[index]?.at;
          if (own !== undefined)
            expect(Math.abs(own - at)).toBeLessThanOrEqual(Math.max(0.05, 0.02 * at));
        }
      }
    },
  );
});

/** A SYN of the same source port is the kernel's repetition. */
function isRepeated(one: Moment, before: readonly Moment[]): boolean {
  const source = one.text.split(' ')[0];
  return before.some((other) => other.text.split(' ')[0] === source && one.at - other.at < 30);
}
