/** Virtual time as text, and what people type as time. */

/** `12.345678`: seconds as Wireshark prints them. */
export function secondsText(us: number, digits = 6): string {
  const sign = us < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(us) / 1_000_000);
  const rest = String(Math.abs(us) % 1_000_000).padStart(6, '0');
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${rest.slice(0, digits)}`;
}

/** `2.4 s`, `310 ms`, `12 µs`: a length of time for people. */
export function lengthText(us: number): string {
  if (us >= 1_000_000) return `${secondsText(us, us >= 10_000_000 ? 1 : 2)} s`;
  if (us >= 1_000) return `${Math.floor(us / 1_000)} ms`;
  return `${us} µs`;
}

/** `5s`, `250ms`, `7us`, `1m` or plain seconds to µs; `undefined` when it is no time. */
export function parseTime(text: string): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s|m|min)?\s*$/.exec(text);
  if (found === null) return undefined;
  const factors = new Map([
    ['us', 1],
    ['µs', 1],
    ['ms', 1_000],
    ['s', 1_000_000],
    ['m', 60_000_000],
    ['min', 60_000_000],
  ]);
  const factor = factors.get(found[2] ?? 's') ?? 1_000_000;
  return Math.round(Number(found[1]) * factor);
}
