/** keepalived 2.2.7's own words about BFD sessions. Source: recorded in two network namespaces. */

import { formatIp, type IpAddress, isIpv4 } from '../wire/ip-address.ts';

/** Names of the diagnostic codes. Source: RFC 5880 section 4.1. */
const DIAGNOSTICS: readonly string[] = [
  'No Diagnostic',
  'Control Detection Time Expired',
  'Echo Function Failed',
  'Neighbor Signaled Session Down',
  'Forwarding Plane Reset',
  'Path Down',
  'Concatenated Path Down',
  'Administratively Down',
  'Reverse Concatenated Path Down',
];

/** One side of the table of session parameters; times in µs. */
export interface ParameterRow {
  readonly minTx: number;
  readonly minRx: number;
  readonly txInterval: number;
  readonly multiplier: number;
  readonly detectTime: number;
}

/** One formatter a line; `n` is the name of the session. */
export const bfdText = {
  up: (n: string) => `(${n}) Entering Up state`,
  down: (n: string, local: number, remote: number) =>
    `(${n}) Entering Down state (Local diagnostic - ${diagnosticText(local)}, ` +
    `Remote diagnostic - ${diagnosticText(remote)})`,
  adminDown: (n: string) => `(${n}) Entering AdminDown state`,
  expired: (n: string, silentUs: number, overdueUs: number) =>
    `(${n}) Expired after ${Math.floor(silentUs / 1000)} ms (${overdueUs} usec overdue)`,
  poll: (n: string) => `(${n}) Starting poll sequence`,
  noSocket: (n: string) => `(${n}) Unable to open output socket, disabling instance`,
  noListener: () => 'Unable to open listening socket',
  sendFailed: (n: string) => `(${n}) Error sending packet`,
  detection: (n: string, now: number, before: number) =>
    `${margin(n)}Detection time is ${now} us (was ${before} us)`,
  event: (n: string, up: boolean) =>
    `Received BFD event: instance ${n} is in state ${up ? 'Up' : 'Down'} (delivered in 0 usec)`,
  bogus: (from: IpAddress, port: number) => `Discarding bogus packet from ${pair(from, port)}`,
  noSession: (from: IpAddress, port: number, discriminator: number) =>
    `Discarding packet from ${pair(from, port)} (session is not found - your ` +
    `discriminator field is 0x${discriminator.toString(16)})`,
  authenticated: (from: IpAddress, port: number) =>
    `Discarding packet from ${pair(from, port)} (auth bit is set, but no authentication  is in use)`,
  disabled: (from: IpAddress, port: number) =>
    `Discarding packet from ${pair(from, port)} (session is in AdminDown state)`,
  tooFar: (from: IpAddress, ttl: number, least: number) =>
    `Packet ${isIpv4(from) ? 'ttl' : 'hop_limit'}(${ttl}) < ${least} - discarding`,
} as const;

/** The table that `-D` shows when what both sides offer has changed. */
export function parameterLines(
  name: string,
  local: ParameterRow,
  remote: ParameterRow,
): readonly string[] {
  return [
    `(${name}) ---------------< Session parameters >--------------`,
    `${margin(name)}         min_tx  min_rx  tx_intv  mult  detect_time`,
    `${margin(name)}local ${padded(local.minTx, 9)} ${rest(local)}`,
    `${margin(name)}remote ${padded(remote.minTx, 8)} ${rest(remote)}`,
  ];
}

/** Lines below one that begins with the name are set in by it: its length, brackets and a blank. */
function margin(name: string): string {
  return ' '.repeat(name.length + 3);
}

function rest({ minRx, txInterval, multiplier, detectTime }: ParameterRow): string {
  const fields = [padded(minRx, 7), padded(txInterval, 8), padded(multiplier, 5)];
  return [...fields, padded(detectTime, 12)].join(' ');
}

function padded(value: number, width: number): string {
  return String(value).padStart(width);
}

function pair(address: IpAddress, port: number): string {
  return `[${formatIp(address)}]:${port}`;
}

/** The name of a diagnostic code. */
export function diagnosticText(code: number): string {
  return DIAGNOSTICS[code] ?? 'Unknown';
}
