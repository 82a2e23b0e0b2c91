/**
 * A reload from the checkers' side: which new checker is an old one, and what it keeps.
 *
 * An old checker's opinion goes over to the new one of the same server when both ask the same, and how often it has failed;
 * its pace begins anew (recording k17: all checkers are activated again, a failed one stays failed).
 */

import { formatIp } from '../wire/ip-address.ts';
import { formatHex } from '../wire/text.ts';
import type { Checker } from './check-machine.ts';
import type { CheckerConfig, ConnectionConfig } from './checker-config.ts';

/** The exit code of a script of misc_dynamic that means weight 0. */
const WEIGHT_0_CODE = 2;

/** Takes an old checker's state over where `sameServer` says that both belong to one server; returns those that did so. */
export function keepState(
  fresh: readonly Checker[],
  old: readonly Checker[],
  sameServer: (fresh: CheckerConfig, old: CheckerConfig) => boolean,
): ReadonlySet<Checker> {
  const kept = new Set<Checker>();
  for (const checker of fresh) {
    const before = old.find(
      (one) => sameServer(checker.config, one.config) && identity(one) === identity(checker),
    );
    if (before === undefined) continue;
    takeOver(checker, before);
    kept.add(checker);
  }
  return kept;
}

function takeOver(checker: Checker, before: Checker): void {
  if (before.hasRun) checker.up = before.up;
  checker.hasRun = before.hasRun;
  checker.lastCode = before.lastCode;
  checker.lastRunAt = before.lastRunAt;
  checker.fileWeight = before.fileWeight;
  // A burst of retries goes on; one that was about to end has one more, and so has the first check (recordings k47, 20.566 s,
  // k59 and k239).
  const { config } = checker;
  // Those of SMTP_CHECK begin anew (recording k244, 16.858 s).
  const most = 'retry' in config && config.kind !== 'SMTP_CHECK' ? config.retry - 1 : 0;
  checker.retries = Math.max(0, Math.min(before.retries, most));
}

/**
 * What checkers that were taken over make of a server's configured weight: a script's weight stands for it, a file's number is
 * added; what a checker gave that is gone is gone with it. Source: recordings k57, k58.
 *
 * A script of misc_dynamic that exited 0 (the configured weight, while nothing is reloaded) gives 0 here: keepalived counts
 * every code as a weight and two (recording k245). What a failed script gave is forgotten.
 */
export function keptWeight(checkers: readonly Checker[], configured: number): number {
  let weight = configured;
  let added = 0;
  for (const { config, hasRun, up, lastCode, fileWeight } of checkers) {
    added += fileWeight;
    const isScript = config.kind === 'MISC_CHECK' && config.dynamicWeight;
    if (isScript && hasRun && up) weight = Math.max(0, lastCode - WEIGHT_0_CODE);
  }
  return weight + added;
}

/** What makes two checkers ask the same, as text. */
function identity(checker: Checker): string {
  const { config } = checker;
  const parts: string[] = [config.kind];
  if ('connection' in config) parts.push(connectionText(config.connection));
  switch (config.kind) {
    case 'HTTP_GET':
    case 'SSL_GET':
      parts.push(config.httpProtocol, config.virtualHost ?? '');
      for (const url of config.urls) {
        const codes = url.statusCodes.map(({ first, last }) => `${first}-${last}`).join(',');
        parts.push(url.path, url.digest ?? '', url.virtualHost ?? '', codes);
        parts.push(JSON.stringify(url.regex ?? null));
      }
      break;
    case 'SMTP_CHECK':
      parts.push(config.heloName);
      break;
    case 'DNS_CHECK':
      parts.push(config.queryType, config.name);
      break;
    case 'UDP_CHECK':
      parts.push(formatHex(config.payload), String(config.requireReply));
      break;
    case 'MISC_CHECK':
      parts.push(...config.arguments, String(config.dynamicWeight));
      break;
    case 'FILE_CHECK':
      parts.push(config.path);
      break;
    case 'BFD_CHECK':
      parts.push(config.session);
      break;
    default:
      break;
  }
  return parts.join('\u0000');
}

/** How long to wait for it belongs to a connection (recordings k400, k401), how often and when it is tried again does not. */
function connectionText(connection: ConnectionConfig): string {
  const { address, port, connectTimeout, bindAddress, bindPort, bindInterface, mark } = connection;
  const from = bindAddress === undefined ? '' : formatIp(bindAddress);
  const rest = `${from} ${bindPort ?? ''} ${bindInterface ?? ''} ${mark ?? ''}`;
  return `${formatIp(address)} ${port} ${connectTimeout} ${rest}`;
}
