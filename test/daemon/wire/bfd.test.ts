/** BFD control packets that keepalived 2.2.7 sent, both ways. */

import { describe, expect, test } from 'vitest';
import { type BfdPacket, decodeBfd, encodeBfd } from '../../../daemon/wire/bfd.ts';
import { frameOf } from './arbitraries.ts';

const BASE: BfdPacket = {
  version: 1,
  diagnostic: 0,
  state: 'Down',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  authenticated: false,
  demand: false,
  multipoint: false,
  detectMultiplier: 5,
  length: 24,
  myDiscriminator: 0x949b_d45e,
  yourDiscriminator: 0x949b_d45e,
  desiredMinTx: 10_000,
  requiredMinRx: 10_000,
  requiredMinEchoRx: 0,
};

const IDLE = 1_000_000;

describe('recorded packets', () => {
  test.each<[string, string, Partial<BfdPacket>]>([
    [
      'the first',
      '20400518949bd45e00000000000f42400000271000000000',
      {
        yourDiscriminator: 0,
        desiredMinTx: IDLE,
      },
    ],
    [
      'Init',
      '20800518949bd45e949bd45e000f42400000271000000000',
      {
        state: 'Init',
        desiredMinTx: IDLE,
      },
    ],
    ['Poll', '20e00518949bd45e949bd45e000027100000271000000000', { state: 'Up', poll: true }],
    ['Final', '20d00518949bd45e949bd45e000027100000271000000000', { state: 'Up', final: true }],
  ])('%s', (_name, hex, more) => {
    const bytes = frameOf(hex);
    const packet = { ...BASE, ...more };
    expect(decodeBfd(bytes, 0, bytes.length)).toEqual(packet);
    const written = new Uint8Array(26).fill(0xa5);
    expect(encodeBfd(packet, written, 1)).toBe(25);
    expect(written.subarray(1, 25)).toEqual(bytes);
    expect([written[0], written[25]]).toEqual([0xa5, 0xa5]);
  });
});

test('what is too short, or not as long as it says, is refused', () => {
  const bytes = frameOf('20400518949bd45e00000000000f42400000271000000000');
  expect(decodeBfd(bytes, 0, 23)).toBe('bfd:truncated');
  expect(decodeBfd(new Uint8Array([...bytes, 0]), 0, 25)).toBe('bfd:bad-length');
  bytes[3] = 25;
  expect(decodeBfd(bytes, 0, 24)).toBe('bfd:bad-length');
});
