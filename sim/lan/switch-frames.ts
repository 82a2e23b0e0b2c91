/** What a switch reads of a frame's addresses. */

import { type MacAddress, macFromNumber } from '../../daemon/wire/mac-address.ts';

/** Four octets as a signed number: a larger one would be an object of its own. */
export function lowWord(frame: Uint8Array, at: number): number {
  return (
    ((frame[at] as number) << 24) |
    ((frame[at + 1] as number) << 16) |
    ((frame[at + 2] as number) << 8) |
    (frame[at + 3] as number)
  );
}

/** The address of an entry of the table. */
export function macOf(entry: { readonly high: number; readonly low: number }): MacAddress {
  return macFromNumber(entry.high * 0x1_0000_0000 + (entry.low >>> 0));
}

/** 01:80:c2:00:00:01 to …:0f (pause, LACP, LLDP …) end at every bridge (IEEE 802.1D table 7-10). */
export function isReserved(frame: Uint8Array): boolean {
  return (
    frame[0] === 0x01 &&
    frame[1] === 0x80 &&
    frame[2] === 0xc2 &&
    frame[3] === 0 &&
    frame[4] === 0 &&
    (frame[5] as number) >= 1 &&
    (frame[5] as number) <= 0x0f
  );
}
