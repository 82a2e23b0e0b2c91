/**
 * A parsed configuration as plain JSON, for `check --json`: addresses as text, times in seconds with
 * `Seconds` behind the name, bytes in hexadecimal with `Hex` behind the name. Absent values are left out.
 */

import type { DurationUs } from '../base/time.ts';
import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import { formatMac, type MacAddress } from '../wire/mac-address.ts';
import type { DaemonConfig } from './daemon-config.ts';

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Fields that are lengths of time. A number does not tell its unit, its name does. */
const DURATIONS = new Set(
  `advertInterval childWait connectTimeout delay delayBeforeRetry delayLoop downDelay extraInterface
  forkDelay garpExtraInterface garpInterval gnaInterval idleTx interval lowerPriorityDelay minRx minTx
  delayAfterBoot preemptDelay refresh startupDelay tcp tcpFin terminateDelay timeout udp upDelay warmup`.split(
    /\s+/,
  ),
);

/** Fields that are addresses; IPv4 is a number too. */
const ADDRESSES = new Set(
  `address bindAddress broadcast first group multicastGroup multicastGroup4
  multicastGroup6 neighborAddress peer
  sourceAddress`.split(/\s+/),
);

const MACS = new Set(['mac']);

/** The configuration as JSON. */
export function configToJson(config: DaemonConfig): JsonObject {
  return objectOf(config);
}

function objectOf(value: object): JsonObject {
  const entries: [string, Json][] = [];
  for (const [name, field] of Object.entries(value)) {
    if (field !== undefined) entries.push(entryOf(name, field));
  }
  return Object.fromEntries(entries);
}

function entryOf(name: string, field: unknown): [string, Json] {
  if (field instanceof Uint8Array) return [`${name}Hex`, hexOf(field)];
  if (typeof field === 'number') {
    if (DURATIONS.has(name)) return [`${name}Seconds`, (field as DurationUs) / 1_000_000];
    if (ADDRESSES.has(name)) return [name, formatIp(field as IpAddress)];
    if (MACS.has(name)) return [name, formatMac(field as MacAddress)];
  }
  return [name, jsonOf(field)];
}

function jsonOf(value: unknown): Json {
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return formatIp(value as IpAddress);
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(jsonOf);
      if (value instanceof Uint8Array) return hexOf(value);
      if (value instanceof Set) return [...value].map(jsonOf);
      if (value instanceof Map) {
        return Object.fromEntries([...value].map(([key, one]) => [String(key), jsonOf(one)]));
      }
      return objectOf(value);
    default:
      return null;
  }
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
