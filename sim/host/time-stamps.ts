/** How programs of a host write moments and spans: journalctl, systemctl, date, tcpdump. */

import {
  type CivilTime,
  civilTime,
  clockOf,
  MONTHS,
  twoDigits,
  WEEKDAYS,
} from '../../daemon/base/calendar.ts';

/** `Nov 20 12:31:09`, as journalctl and syslog stamp lines. */
export function formatSyslogStamp(epochUs: number): string {
  const t = civilTime(epochUs);
  return `${MONTHS[t.month - 1]} ${twoDigits(t.day)} ${clockOf(t)}`;
}

/** `Fri 2026-11-20 12:31:09 UTC`, as systemctl stamps. */
export function formatSystemdStamp(epochUs: number): string {
  const t = civilTime(epochUs);
  return `${WEEKDAYS[t.weekday]} ${t.year}-${twoDigits(t.month)}-${twoDigits(t.day)} ${clockOf(t)} UTC`;
}

/** `Fri Nov 20 12:31:09 UTC 2026`, as date(1) prints in the C locale. */
export function formatDateStamp(epochUs: number): string {
  const t = civilTime(epochUs);
  const day = String(t.day).padStart(2, ' ');
  return `${WEEKDAYS[t.weekday]} ${MONTHS[t.month - 1]} ${day} ${clockOf(t)} UTC ${t.year}`;
}

/** date(1)'s `+FORMAT` for the common letters; unknown letters stay as they are. */
export function formatDate(epochUs: number, format: string): string {
  const t = civilTime(epochUs);
  return format.replaceAll(
    /%(.)/g,
    (whole, letter: string) => dateField(t, epochUs, letter) ?? whole,
  );
}

/** systemd's words for a span, the two largest units: `4s`, `1min 30s`, `2h 5min`. */
export function formatTimespan(spanUs: number): string {
  const secondsLeft = Math.floor(spanUs / 1_000_000);
  if (secondsLeft <= 0) return `${Math.max(0, Math.floor(spanUs / 1000))}ms`;
  const parts = [
    [Math.floor(secondsLeft / 86_400), ' days'],
    [Math.floor(secondsLeft / 3600) % 24, 'h'],
    [Math.floor(secondsLeft / 60) % 60, 'min'],
    [secondsLeft % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => (count === 1 && unit === ' days' ? '1 day' : `${count}${unit}`))
    .join(' ');
}

function dateField(t: CivilTime, epochUs: number, letter: string): string | undefined {
  const fields = new Map<string, string>([
    ['Y', String(t.year)],
    ['m', twoDigits(t.month)],
    ['d', twoDigits(t.day)],
    ['H', twoDigits(t.hour)],
    ['M', twoDigits(t.minute)],
    ['S', twoDigits(t.second)],
    ['s', String(Math.floor(epochUs / 1_000_000))],
    ['N', `${String(t.microsecond).padStart(6, '0')}000`],
    ['F', `${t.year}-${twoDigits(t.month)}-${twoDigits(t.day)}`],
    ['T', clockOf(t)],
    ['a', WEEKDAYS[t.weekday] as string],
    ['b', MONTHS[t.month - 1] as string],
    ['Z', 'UTC'],
    ['%', '%'],
  ]);
  return fields.get(letter);
}
