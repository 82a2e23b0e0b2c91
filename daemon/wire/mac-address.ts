/** Ethernet addresses as 48-bit numbers: cheap map keys; text only at edges. */

declare const macBrand: unique symbol;

/** An Ethernet address, the 48 bits as one number, first octet on top. */
export type MacAddress = number & { readonly [macBrand]: true };

/** Octets of an Ethernet address. */
export const MAC_LENGTH = 6;

/** `ff:ff:ff:ff:ff:ff`, heard by every station. */
export const BROADCAST_MAC = 0xffffffffffff as MacAddress;

/** `00:00:00:00:00:00`, "not known" in an ARP request. */
export const ZERO_MAC = 0 as MacAddress;

const TWO_32 = 0x1_0000_0000;

/** Reads six octets at `at`; the caller has checked the length. */
export function readMac(bytes: Uint8Array, at: number): MacAddress {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const low =
    (((bytes[at + 2] as number) << 24) |
      ((bytes[at + 3] as number) << 16) |
      ((bytes[at + 4] as number) << 8) |
      (bytes[at + 5] as number)) >>>
    0;
  return (high * TWO_32 + low) as MacAddress;
}

/** Writes six octets at `at` and returns the offset behind them. */
export function writeMac(mac: MacAddress, bytes: Uint8Array, at: number): number {
  // Shifts of a larger number take its low 32 bits; `%` of such numbers is many times slower.
  const high = Math.floor(mac / TWO_32);
  const low = mac | 0;
  bytes[at] = high >>> 8;
  bytes[at + 1] = high & 0xff;
  bytes[at + 2] = low >>> 24;
  bytes[at + 3] = (low >>> 16) & 0xff;
  bytes[at + 4] = (low >>> 8) & 0xff;
  bytes[at + 5] = low & 0xff;
  return at + MAC_LENGTH;
}

/** Parses `02:00:00:00:00:11` (also with `-`); `undefined` for anything else. */
export function parseMac(text: string): MacAddress | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  return Number.parseInt(text.replaceAll(/[:-]/g, ''), 16) as MacAddress;
}

/** Text in lower case with colons, as Linux prints it. */
export function formatMac(mac: MacAddress): string {
  const digits = mac.toString(16).padStart(12, '0');
  return digits.replaceAll(/(..)(?=.)/g, '$1:');
}

/** Makes an address of a 48-bit whole number. */
export function macFromNumber(value: number): MacAddress {
  return value as MacAddress;
}

/** Whether the group bit is set: broadcast and multicast, never a learned source. */
export function isGroupMac(mac: MacAddress): boolean {
  return Math.trunc(mac / 0x100_0000_0000) % 2 === 1;
}
