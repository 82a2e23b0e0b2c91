/** Sequence numbers between the wire's 32 bits and the unwrapped integers of a connection. */

const MODULUS = 0x1_0000_0000;

/** The unwrapped number with these low 32 bits that is nearest to `reference`. */
export function unwrap(wire: number, reference: number): number {
  return reference + ((wire - reference) | 0);
}

/** The low 32 bits, as they go into a header. */
export function wrap(sequence: number): number {
  return ((sequence % MODULUS) + MODULUS) % MODULUS;
}

/** Whether timestamp `a` is older than `b`. Source: RFC 7323 section 5.2. */
export function isOlderTimestamp(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
