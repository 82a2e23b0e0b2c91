/** Addresses as keepalived dumps them; routes and rules stand in `dump-routes.ts`. */

import type { VirtualAddress } from '../vrrp/vrrp-config.ts';
import { formatIp, isIpv4 } from '../wire/ip-address.ts';

/** One address; `made` are the VMACs of its instance, shown as NAME@BASE. */
export function dumpAddress(
  one: VirtualAddress,
  made: readonly { readonly name: string; readonly base: string }[],
): string {
  const inet = isIpv4(one.address);
  const bits = inet ? 32 : 128;
  const length = one.length === bits || one.peer !== undefined ? '' : `/${one.length}`;
  const own = made.find((other) => other.name === one.interface);
  const base = one.vmacBase ?? own?.base;
  const words = [`     ${formatIp(one.address)}${length}`];
  if (one.broadcast !== undefined) words.push(`brd ${formatIp(one.broadcast)}`);
  words.push(`dev ${one.interface}${base === undefined ? '' : `@${base}`}`, `scope ${one.scope}`);
  if (one.label !== undefined) words.push(`label ${one.label}`);
  if (one.peer !== undefined) words.push(`peer ${formatIp(one.peer)}/${one.length}`);
  if (one.home) words.push('home');
  if (one.noDad) words.push('-nodad');
  if (one.manageTemporary) words.push('mngtmpaddr');
  if (one.noPrefixRoute) words.push('noprefixroute');
  if (one.autojoin) words.push('autojoin');
  if (one.noTrack) words.push('no_track');
  if (one.trackGroup !== undefined) words.push(`track_group ${one.trackGroup}`);
  if (!inet) words.push(lifetimeText(one.preferredLifetimeSeconds));
  return words.join(' ');
}

function lifetimeText(seconds: number | undefined): string {
  if (seconds === undefined) return 'preferred_lft forever';
  return seconds === 0 ? 'deprecated' : `preferred_lft ${seconds}`;
}
