/** Every row of the table at the head of `bfd-machine.ts`, and every packet that must change nothing. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milliseconds, timeUs } from '../../../daemon/base/time.ts';
import {
  type BfdMachine,
  type BfdSession,
  newBfdMachine,
  newSession,
  runBfdTimers,
} from '../../../daemon/bfd/bfd-machine.ts';
import { receiveBfd } from '../../../daemon/bfd/receive.ts';
import { type BfdPacket, type BfdState, encodeBfd } from '../../../daemon/wire/bfd.ts';
import { parseIp } from '../../../daemon/wire/ip-address.ts';

const PEER = parseIp('10.0.0.2') ?? 0n;
const NOW = timeUs(1_000_000);

function inState(state: BfdState): { machine: BfdMachine; session: BfdSession } {
  const machine = newBfdMachine({ uint32: () => 7 }, true);
  const session = newSession(machine, {
    name: 'x',
    neighborAddress: PEER as never,
    minRx: milliseconds(10),
    minTx: milliseconds(10),
    idleTx: milliseconds(1000),
    multiplier: 5,
    passive: false,
    ttl: 255,
    maxHops: 0,
    weight: 0,
    reverse: false,
    vrrp: true,
    checker: true,
  });
  machine.sessions.push(session);
  session.state = state;
  if (state === 'Up' || state === 'Init') session.expireDueAt = timeUs(1_050_000);
  return { machine, session };
}

function packet(machine: BfdMachine, change: Partial<BfdPacket> = {}, ttl = 255): void {
  const bytes = new Uint8Array(24);
  const whole: BfdPacket = {
    ...{ version: 1, diagnostic: 0, state: 'Down', poll: false, final: false },
    ...{ controlPlaneIndependent: false, authenticated: false, demand: false },
    ...{ multipoint: false, detectMultiplier: 5, length: 24, myDiscriminator: 99 },
    ...{ yourDiscriminator: 7, desiredMinTx: 10_000, requiredMinRx: 10_000 },
    requiredMinEchoRx: 0,
    ...change,
  };
  encodeBfd(whole, bytes, 0);
  receiveBfd(machine, { bytes, from: { address: PEER as never, port: 50_000 }, ttl }, NOW);
}

const news = (machine: BfdMachine) =>
  machine.actions.flatMap((action) => (action.kind === 'bfd-changed' ? [action.up] : []));

describe('a packet', () => {
  const rows: readonly (readonly [BfdState, BfdState, BfdState, readonly boolean[]])[] = [
    ['Down', 'AdminDown', 'Down', []],
    ['Down', 'Down', 'Init', []],
    ['Down', 'Init', 'Up', [true]],
    ['Down', 'Up', 'Down', []],
    ['Init', 'AdminDown', 'Down', []],
    ['Init', 'Down', 'Init', []],
    ['Init', 'Init', 'Up', [true]],
    ['Init', 'Up', 'Up', [true]],
    // A peer that was switched off on purpose is no reason to fail over.
    ['Up', 'AdminDown', 'Down', []],
    ['Up', 'Down', 'Down', [false]],
    ['Up', 'Init', 'Up', []],
    ['Up', 'Up', 'Up', []],
    ['AdminDown', 'Up', 'AdminDown', []],
  ];
  it.each(rows)('in %s that says %s leads to %s', (from, says, to, told) => {
    const { machine, session } = inState(from);
    packet(machine, { state: says });
    expect(session.state).toBe(to);
    expect(news(machine)).toEqual(told);
  });

  it('with Poll is answered at once with Final', () => {
    const { machine } = inState('Up');
    packet(machine, { state: 'Up', poll: true });
    const sent = machine.actions.filter((action) => action.kind === 'bfd-send');
    expect(sent.map((action) => (action.kind === 'bfd-send' ? action.bytes[1] : 0))).toEqual([
      0xd0,
    ]);
  });

  it('of a peer in demand mode ends our sending while both are up', () => {
    const { machine, session } = inState('Up');
    session.sendDueAt = NOW;
    packet(machine, { state: 'Up', demand: true });
    expect(session.sendDueAt).toBeUndefined();
    packet(machine, { state: 'Up' });
    expect(session.sendDueAt).toBeGreaterThan(NOW);
  });
});

describe('thrown away with a line of -D, and nothing else', () => {
  const from = '[10.0.0.2]:50000';
  it.each<[string, Partial<BfdPacket>, string]>([
    ['another version', { version: 2 }, `Discarding bogus packet from ${from}`],
    ['multiplier 0', { detectMultiplier: 0 }, `Discarding bogus packet from ${from}`],
    ['multipoint', { multipoint: true }, `Discarding bogus packet from ${from}`],
    ['no discriminator', { myDiscriminator: 0 }, `Discarding bogus packet from ${from}`],
    [
      'a stranger that is up',
      { state: 'Up', yourDiscriminator: 0 },
      `Discarding bogus packet from ${from}`,
    ],
    ['Poll and Final', { poll: true, final: true }, `Discarding bogus packet from ${from}`],
    ['diagnostic 9', { diagnostic: 9 }, `Discarding bogus packet from ${from}`],
    [
      'another session',
      { yourDiscriminator: 0x7b0afa73 },
      `Discarding packet from ${from} (session is not found - your discriminator field is 0x7b0afa73)`,
    ],
    [
      'authentication',
      { authenticated: true },
      `Discarding packet from ${from} (auth bit is set, but no authentication  is in use)`,
    ],
  ])('%s', (_name, change, line) => {
    const { machine, session } = inState('Up');
    const before = structuredClone(session);
    packet(machine, change);
    expect(session).toEqual(before);
    expect(machine.actions).toEqual([{ kind: 'log', process: 'bfd', level: 'error', text: line }]);
  });

  it('one that was forwarded', () => {
    const { machine, session } = inState('Down');
    packet(machine, {}, 254);
    expect(session.state).toBe('Down');
    expect(machine.actions.map((one) => (one.kind === 'log' ? one.text : one.kind))).toEqual([
      'Packet ttl(254) < 255 - discarding',
    ]);
  });

  it('any bytes: nothing throws, and an AdminDown session stays so', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60, size: 'max' }), (bytes) => {
        const { machine, session } = inState('AdminDown');
        receiveBfd(machine, { bytes, from: { address: PEER as never, port: 1 }, ttl: 255 }, NOW);
        expect(session.state).toBe('AdminDown');
      }),
    );
  });
});

describe('the table of parameters', () => {
  it('is set in by the length of the name, as 2.2.7 does', () => {
    const { machine, session } = inState('Down');
    session.config = { ...session.config, name: 'six' };
    packet(machine);
    const lines = machine.actions.flatMap((one) => (one.kind === 'log' ? [one.text] : []));
    expect(lines).toEqual([
      '(six) ---------------< Session parameters >--------------',
      '               min_tx  min_rx  tx_intv  mult  detect_time',
      '      local   1000000   10000  1000000     5        50000',
      '      remote    10000   10000    10000     5      5000000',
      '      Detection time is 50000 us (was 0 us)',
    ]);
  });
});

describe('time', () => {
  it.each<[BfdState, readonly boolean[]]>([
    ['Up', [false]],
    ['Init', []],
  ])('detection time over in %s: Down, and the peer is forgotten later', (state, told) => {
    const { machine, session } = inState(state);
    session.detectTime = milliseconds(50);
    session.remoteDiscriminator = 99;
    runBfdTimers(machine, timeUs(1_049_999));
    expect(session.state).toBe(state);
    runBfdTimers(machine, timeUs(1_050_000));
    expect(session).toMatchObject({ state: 'Down', diagnostic: 1, remoteDiscriminator: 0 });
    expect(news(machine)).toEqual(told);
    session.remoteState = 'Up';
    runBfdTimers(machine, timeUs(1_100_000));
    expect(session).toMatchObject({ remoteState: 'Down', resetDueAt: undefined });
  });
});
