/**
 * The parsed values of a keepalived.conf as JSON: typed values with addresses as text, and
 * keepalived's own dump.
 */

import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import { dumpVrrp } from '../../daemon/config/dump-vrrp.ts';
import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { formatMac, type MacAddress } from '../../daemon/wire/mac-address.ts';
import { decodeUtf8 } from '../../daemon/wire/text.ts';

/** Keys whose numbers are IPv4 addresses. */
const ADDRESS_KEYS = new Set([
  'address',
  'sourceAddress',
  'multicastGroup',
  'broadcast',
  'peer',
  'source',
  'destination',
  'gateway',
  'via',
  'from',
  'to',
]);

/** `config`: the values; `dump`: the lines of `keepalived -d`, VRRP half. Durations are in µs. */
export function configJson(config: DaemonConfig): Readonly<Record<string, unknown>> {
  return {
    config: readable('', config),
    dump: dumpVrrp(config.vrrp, { interfaces: [] }).split('\n').slice(0, -1),
  };
}

function readable(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return formatIp(value as IpAddress);
  if (typeof value === 'number' && ADDRESS_KEYS.has(key)) return formatIp(value as IpAddress);
  if (typeof value === 'number' && key === 'mac') return formatMac(value as MacAddress);
  if (value instanceof Uint8Array) return decodeUtf8(value).replace(/\0+$/, '');
  if (Array.isArray(value)) return value.map((item) => readable(key, item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, item]) => [name, readable(name, item)] as const,
  );
  return Object.fromEntries(entries);
}
