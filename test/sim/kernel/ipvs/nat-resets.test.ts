/**
 * Resets in the middle of a connection through a NAT director, from either end, and by an end or a director that has forgotten it.
 * The client's side looks as it did on Linux 6.18 behind a DNAT rule; the states are those of IPVS' tables.
 */

import { expect, test } from 'vitest';
import { formatIp } from '../../../../daemon/wire/ip-address.ts';
import { readIpv4Identification, readIpv4Source } from '../../../../daemon/wire/ipv4.ts';
import { TCP_RST } from '../../../../daemon/wire/tcp.ts';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import { bytes, flagsText, type Recorded, recorder, segmentOf, serve } from '../tcp/tcp-lan.ts';
import { type Lab, lab, VIP } from './nat-lab.ts';

interface Talk extends Lab {
  readonly atClient: Recorded;
  readonly atServer: Recorded;
}

/** A connection that has carried some octets both ways. */
function talking(): Talk {
  const made = lab();
  const { accepted } = serve(made.server, 80);
  const atClient = recorder();
  const { handlers } = atClient;
  const socket = made.client.connectTcp({
    address: VIP,
    port: 80,
    from: { port: 40_000 },
    handlers,
  });
  if (typeof socket === 'string') throw new Error(socket);
  atClient.socket = socket;
  made.lan.runTo(2);
  socket.send(bytes('hello'));
  const atServer = accepted[0] as Recorded;
  atServer.socket.send(bytes('world'));
  made.lan.runTo(2.5);
  expect([atClient.text, atServer.text]).toEqual(['world', 'hello']);
  return { ...made, atClient, atServer };
}

const states = (director: Kernel) => director.ipvs.connections().map(({ state }) => state);

/** The segments of a host: who sends, flags, window, and how far its identification is from the one before. */
function sent({ lan }: Talk, host: string) {
  const frames = lan.frames.filter(({ from, frame }) => from === host && frame[23] === 6);
  return frames.map(({ frame }, nth) => {
    const before = frames[nth - 1]?.frame ?? frame;
    return {
      from: formatIp(readIpv4Source(frame, 14)),
      flags: flagsText(segmentOf(frame)?.flags ?? 0),
      window: segmentOf(frame)?.window ?? 0,
      step: readIpv4Identification(frame, 14) - readIpv4Identification(before, 14),
    };
  });
}

test.each(['client', 'server'] as const)('the %s resets: the other hears of it', (who) => {
  const talk = talking();
  const [own, other] =
    who === 'client' ? [talk.atClient, talk.atServer] : [talk.atServer, talk.atClient];
  own.socket.abort();
  talk.lan.runTo(3);
  expect(other.events.at(-1)).toBe('ECONNRESET');
  expect(states(talk.director)).toEqual(['CLOSE']);
  // The reset goes on like every segment of its connection: numbered, and with a window.
  const reset = sent(talk, who).at(-1);
  expect(reset).toMatchObject({ flags: 'R.', step: 1 });
  expect(reset?.window).toBeGreaterThan(0);
  const translated = sent(talk, 'director').at(-1);
  expect(translated).toMatchObject({
    flags: 'R.',
    from: who === 'server' ? '10.10.0.100' : '10.10.0.1',
  });
  // The entry is gone ten seconds later.
  talk.lan.runTo(14);
  expect(states(talk.director)).toEqual([]);
});

test('a server that has forgotten the connection: the client is reset in the name of the service', () => {
  const talk = talking();
  // What a reboot leaves: no connection, and no word of it to the client.
  const silence = { hook: 'output', verdict: 'drop', protocol: 6 } as const;
  talk.server.addFirewallRule(silence);
  talk.atServer.socket.abort();
  talk.server.removeFirewallRule(silence);
  talk.atClient.socket.send(bytes('are you there?'));
  talk.lan.runTo(3);
  expect(talk.atClient.events).toEqual(['connected', 'ECONNRESET']);
  const last = sent(talk, 'director').at(-1);
  expect(last).toMatchObject({ from: '10.10.0.100', flags: 'R', window: 0 });
  expect(states(talk.director)).toEqual(['CLOSE']);
});

test('a director that has forgotten the connection resets what the client sends', () => {
  const talk = talking();
  // Another director takes over the address, without the entries: what a reboot leaves.
  const fresh = lab();
  expect(states(fresh.director)).toEqual([]);
  const stale = talk.lan.frames.findLast(({ from, frame }) => from === 'client' && frame[23] === 6);
  if (stale === undefined) throw new Error('the client said nothing');
  fresh.client.sendIp(stale.frame.subarray(14));
  fresh.lan.runTo(3);
  const answers = fresh.lan.frames.filter(
    ({ from, frame }) => from === 'director' && frame[23] === 6,
  );
  expect(answers.map(({ frame }) => formatIp(readIpv4Source(frame, 14)))).toEqual(['10.10.0.100']);
  expect((segmentOf(answers[0]?.frame ?? stale.frame)?.flags ?? 0) & TCP_RST).toBe(TCP_RST);
  expect(states(fresh.director)).toEqual([]);
});
