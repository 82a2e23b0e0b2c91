/** Durations as scenario files write them. */

/** `12s`, `13.609375s`. */
export function durationText(us: number): string {
  const whole = Math.floor(us / 1_000_000);
  const rest = String(us % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return rest === '' ? `${whole}s` : `${whole}.${rest}s`;
}
