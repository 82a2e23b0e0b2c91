/**
 * Events of a run log as JSON: addresses and MACs in their text form, since bigints have no JSON
 * and numbers tell nobody.
 */

import { formatIp } from '../../daemon/wire/ip-address.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import type { RunEvent } from '../engine/run-log.ts';

/** Keys whose numbers are MAC addresses. */
const MAC_KEYS = new Set(['mac']);
/** Keys whose numbers are IPv4 addresses. */
const ADDRESS_KEYS = new Set(['address', 'source', 'destination', 'gateway']);

/** One event as a JSON text of one line. */
export function eventJson(event: RunEvent): string {
  return JSON.stringify(event, jsonForm);
}

/** For JSON.stringify. */
function jsonForm(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return formatIp(value as never);
  if (typeof value === 'number' && MAC_KEYS.has(key)) return formatMac(value as never);
  if (typeof value === 'number' && ADDRESS_KEYS.has(key)) return formatIp(value as never);
  return value instanceof Uint8Array ? [...value] : value;
}
