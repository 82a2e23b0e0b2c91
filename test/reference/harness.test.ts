import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { timeUs } from '../../daemon/base/time.ts';
import { announcementMoments } from './announcement-moments.ts';
import { compare } from './compare.ts';
import { CLIENT_MAC } from './lab.ts';
import { advertsOf, announcementRuns, takeovers } from './measure.ts';
import { isEchoRequest, phasesOf } from './phases.ts';
import { pingMoments } from './recorded-ping.ts';
import { listRecordings, type Observation, readRecording } from './recording.ts';

const TRACES = fileURLToPath(new URL('./traces', import.meta.url));
const OWN_TRACES = fileURLToPath(new URL('./traces-own', import.meta.url));

describe('the comparison with recordings', () => {
  it.each(listRecordings(TRACES))('%s agrees with itself', (name) => {
    const recording = readRecording(join(TRACES, name));
    expect(compare(recording, recording.observed).differences).toEqual([]);
    expect(takeovers(recording, recording.observed).length).toBeGreaterThan(0);
  });

  const s02 = readRecording(join(TRACES, 'S02'));

  it.each<[string, (real: Observation) => Observation]>([
    ['a late takeover', (real) => delay(real, 0.1)],
    ['a missing state', (real) => ({ ...real, transitions: real.transitions.slice(0, -1) })],
    ['a missing advert of priority 0', (real) => withoutFrames(real, (b) => b[36] === 0)],
    ['a changed byte', (real) => changeByte(real, 38)],
    ['a missing outage', (real) => ({ ...real, outages: [] })],
    ['another neighbour state', (real) => ({ ...real, clientNeighbours: [] })],
    ['another address', (real) => ({ ...real, addresses: real.addresses.slice(1) })],
  ])('notices %s', (_, damage) => {
    expect(compare(s02, damage(s02.observed)).differences).not.toEqual([]);
  });

  it('counts a takeover from what its node did before it, also within one time stamp', () => {
    const { transitions } = s02.observed;
    const master = transitions.findIndex(
      ([, node, , state]) => node === 'n2' && state === 'MASTER',
    );
    const [at, node, instance] = transitions[master] as (typeof transitions)[number];
    const yielded = [at, node, instance, 'BACKUP'] as const;
    const given = { ...s02.observed, transitions: transitions.toSpliced(master + 1, 0, yielded) };
    expect(takeovers(s02, given)).toEqual(takeovers(s02, s02.observed));
  });

  it('counts no takeover from an advert of the other IP protocol, which no socket of its hears', () => {
    const ah = readRecording(join(OWN_TRACES, 'ah'));
    const foreign = advertsOf(ah.observed).find((one) => one.node === 'n1' && one.priority > 100);
    const [own] = takeovers(s02, s02.observed).filter((one) => one.node === 'n2');
    const heard = { capture: 'br0', bytes: foreign?.bytes ?? new Uint8Array() };
    const frames = [...s02.observed.frames, { ...heard, at: (own?.at ?? 0) - 0.005 }];
    const counted = takeovers(s02, { ...s02.observed, frames }).filter((one) => one.node === 'n2');
    expect(counted).toEqual([own]);
  });
});

describe('the phases that are fed', () => {
  it('give each announcement the moment of its like, once, and none that is not about now', () => {
    const s01 = readRecording(join(TRACES, 'S01'));
    const [run] = announcementRuns(s01.observed);
    const [first, second] = run?.frames ?? [];
    if (first === undefined || second === undefined) throw new Error('S01 announces nothing');
    const toTwin = (at: number) => timeUs(Math.round(at * 1e6));
    const momentOf = announcementMoments(s01, toTwin);
    const begin = toTwin(first.at);
    const ask = (by: number, link = 'eth0') => momentOf(link, first.bytes, timeUs(begin + by));
    expect(ask(-6500)).toBeUndefined();
    expect(ask(-400, 'eth1')).toBeUndefined();
    expect(ask(-400)).toBe(begin);
    expect(ask(-400)).toBe(toTwin(second.at));
    const late = announcementMoments(s01, toTwin);
    expect(late('eth0', first.bytes, timeUs(begin + 300))).toBe(begin + 300);
    expect(ask(2_000_000)).toBeUndefined();
  });
});

describe('the ping that is fed', () => {
  it('leaves when it was seen, and in even steps where nothing was seen', () => {
    const s02 = readRecording(join(TRACES, 'S02'));
    const phases = { ...phasesOf(s02, CLIENT_MAC), pingBegins: 0.02, pingEvery: 0.05 };
    const requests = s02.observed.frames.filter(({ bytes }) => isEchoRequest(bytes));
    const late = requests.filter(({ at }) => at > 4 && (at < 6 || at > 8));
    const without = { ...s02.observed, frames: late };
    const moments = pingMoments({ ...s02, observed: without }, phases);
    expect(moments).toEqual(expect.arrayContaining(late.map(({ at }) => at)));
    expect(moments.slice(0, 3).map((at) => at.toFixed(2))).toEqual(['0.02', '0.07', '0.12']);
    const steps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(0.1);
    expect(moments.at(-1)).toBeCloseTo(s02.end, 1);
  });
});

/** Moves the last transition and everything on the wire after it. */
function delay(real: Observation, by: number): Observation {
  const last = real.transitions.at(-1)?.[0] ?? 0;
  const move = (at: number) => (at >= last - 0.01 ? at + by : at);
  return {
    ...real,
    transitions: real.transitions.map(([at, ...rest]) => [move(at), ...rest] as const),
    frames: real.frames.map((frame) => ({ ...frame, at: move(frame.at) })),
  };
}

function withoutFrames(real: Observation, matches: (bytes: Uint8Array) => boolean): Observation {
  const isIt = (bytes: Uint8Array) => bytes[23] === 112 && matches(bytes);
  return { ...real, frames: real.frames.filter((frame) => !isIt(frame.bytes)) };
}

function changeByte(real: Observation, at: number): Observation {
  const change = (bytes: Uint8Array) => {
    if (bytes[23] !== 112) return bytes;
    const copy = new Uint8Array(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  return { ...real, frames: real.frames.map((one) => ({ ...one, bytes: change(one.bytes) })) };
}
