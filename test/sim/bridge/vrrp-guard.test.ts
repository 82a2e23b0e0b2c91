/** What may leave towards real routers, and how much of it. */

import { describe, expect, it } from 'vitest';
import { durationUs } from '../../../daemon/base/time.ts';
import { ARP_REPLY, buildArpFrame } from '../../../daemon/wire/arp.ts';
import { ipv4FromNumber } from '../../../daemon/wire/ipv4-address.ts';
import { macFromNumber } from '../../../daemon/wire/mac-address.ts';
import { findAdvert } from '../../../daemon/wire/vrrp-sight.ts';
import { RateLimit } from '../../../sim/bridge/rate-limit.ts';
import { type GuardWord, VrrpGuard } from '../../../sim/bridge/vrrp-guard.ts';

const VIP = 0x0a4d0064;
const LATER = 5_000_000;

function guard(...join: number[]) {
  const words: GuardWord[] = [];
  const made = new VrrpGuard({
    join: new Set(join),
    listen: durationUs(4_000_000),
    onWord: (word) => words.push(word),
  });
  return { guard: made, words };
}

/** A VRRPv2 advert over IPv4, or one inside of an authentication header. */
function advert(
  vrid: number,
  address: number,
  options: { readonly ah?: boolean } = {},
): Uint8Array {
  const head = options.ah === true ? 24 : 0;
  const frame = new Uint8Array(14 + 20 + head + 20);
  const view = new DataView(frame.buffer);
  frame.set([0x01, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, 1, 8, 0, 0x45]);
  view.setUint16(16, frame.length - 14);
  frame[22] = 255;
  frame[23] = head > 0 ? 51 : 112;
  view.setUint32(26, 0x0a4d0002);
  view.setUint32(30, 0xe0000012);
  if (head > 0) frame.set([112, 4], 34);
  frame.set([0x21, vrid, 150, 1, 0, 1], 34 + head);
  view.setUint32(34 + head + 8, address);
  return frame;
}

function arp(address: number): Uint8Array {
  const mac = macFromNumber(0x020000000001);
  return buildArpFrame({
    destination: macFromNumber(0xffffffffffff),
    source: mac,
    packet: {
      operation: ARP_REPLY,
      senderHardwareAddress: mac,
      senderProtocolAddress: ipv4FromNumber(address),
      targetHardwareAddress: mac,
      targetProtocolAddress: ipv4FromNumber(address),
    },
  });
}

describe('findAdvert', () => {
  it('reads adverts with and without an authentication header', () => {
    for (const ah of [false, true]) {
      expect(findAdvert(advert(51, VIP, { ah }))).toMatchObject({
        family: 'inet',
        version: 2,
        vrid: 51,
        priority: 150,
        source: 0x0a4d0002,
        addresses: [VIP],
        intervalUs: 1_000_000,
        isAuthenticated: ah,
      });
    }
  });

  it('never throws on what is cut off', () => {
    for (const ah of [false, true]) {
      const whole = advert(51, VIP, { ah });
      for (let length = 0; length < whole.length; length++) findAdvert(whole.subarray(0, length));
    }
  });
});

describe('the guard', () => {
  it('keeps adverts in while it listens, and lets them out then', () => {
    const { guard: one } = guard();
    expect(one.admits(advert(51, VIP), 1_000_000)).toBe(false);
    expect(one.admits(advert(51, VIP), LATER)).toBe(true);
  });

  it.each(['its VRID', 'its virtual address'])(
    'never lets out what a real router speaks for: %s',
    (what) => {
      const { guard: one, words } = guard();
      one.hear(advert(51, VIP), 'tap0');
      const ours = what === 'its VRID' ? advert(51, 0x0a4d0065) : advert(52, VIP);
      expect(one.admits(ours, LATER)).toBe(false);
      expect(one.admits(ours, LATER + 1)).toBe(false);
      expect(one.admits(arp(VIP), LATER)).toBe(false);
      expect(one.admits(arp(0x0a4d0001), LATER)).toBe(true);
      expect(one.refused).toBe(3);
      const said = words.map((word) => (word.kind === 'refused' ? word.reason : word.kind));
      expect(said).toHaveLength(3);
      expect(said[0]).toBe('heard');
      expect(said[1]).toMatch(/real router/);
      expect(said[2]).toMatch(/10\.77\.0\.100 belongs to VRID 51 .*--join-vrid 51/);
    },
  );

  it('--join-vrid lets the VRID take part from the first moment', () => {
    const { guard: one, words } = guard(51);
    one.hear(advert(51, VIP, { ah: true }), 'tap0');
    expect(one.admits(advert(51, VIP), 0)).toBe(true);
    expect(one.admits(arp(VIP), 0)).toBe(true);
    expect(words.map((word) => word.kind)).toEqual(['heard']);
  });

  it('what came from outside may leave by another port', () => {
    const { guard: one } = guard();
    const real = advert(51, VIP);
    one.hear(real, 'tap0');
    expect(one.admits(real, LATER)).toBe(true);
    expect(one.admits(real.slice(), LATER)).toBe(false);
  });
});

describe('the rate limit', () => {
  it.each([
    ['frames', 2, 1000],
    ['broadcasts', 0xff, 100],
  ] as const)('admits what fits and counts the rest: %s', (_kind, first, rate) => {
    const limit = new RateLimit({ rate: 1000, groupRate: 100 });
    const frame = Uint8Array.of(first, 0, 0);
    let out = 0;
    for (let us = 0; us < 10_000_000; us += 500) if (limit.admits(frame, us)) out++;
    // Ten seconds, and a bucket that is full at the start: a tenth of a second.
    expect(out).toBeLessThanOrEqual(rate * 10.1);
    expect(out).toBeGreaterThan(rate * 10);
    expect(limit.refused).toBe(20_000 - out);
  });
});
