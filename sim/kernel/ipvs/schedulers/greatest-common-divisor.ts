/** Greatest common divisor, for schedulers that step by weights. */

/** The greatest common divisor of two whole numbers; with 0 the other one. */
export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
