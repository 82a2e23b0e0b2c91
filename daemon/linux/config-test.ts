/**
 * `-t`: reads a configuration as the daemon would and says what keepalived would say, without sockets, so that it
 * needs no privilege and no package. Exit codes are those that the 2.2.7 binary gives (its manual differs),
 * except that a missing file is never a success.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { loadWithReader } from '../core/config-loader.ts';
import type { ConfigLoader } from '../core/loaded-config.ts';
import type { InterfaceFacts, System } from '../core/system.ts';
import { parsePrefix } from '../wire/ip-address.ts';
import { parseMac, ZERO_MAC } from '../wire/mac-address.ts';
import { InterfaceTable } from './interface-table.ts';
import { linuxSystem } from './linux-system.ts';

/** Exit codes of `keepalived -t`. Source: 96 measured cases in reference/keepalived.md a.1. */
const EXIT_CLEAN = 0;
const EXIT_MESSAGES = 5;
const EXIT_SECURITY_OR_MISSING = 6;

/** What `-t` found. */
export interface ConfigTestResult {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** Reads and judges one file. */
export function checkConfiguration(options: {
  readonly file: string;
  readonly configId: string | undefined;
  readonly load: ConfigLoader | undefined;
}): ConfigTestResult {
  const { file, configId } = options;
  try {
    readFileSync(file);
  } catch {
    return { lines: [`Config files missing '${file}'.`], exitCode: EXIT_SECURITY_OR_MISSING };
  }
  const loaded = (options.load ?? loadWithReader)({
    system: unprivilegedSystem(),
    path: file,
    configId,
    random: { uint32: () => randomBytes(4).readUInt32LE(0) },
  });
  const lines = loaded.messages;
  if (lines.length === 0) return { lines, exitCode: EXIT_CLEAN };
  const onlySecurity = lines.every((line) => line.startsWith('SECURITY VIOLATION'));
  return { lines, exitCode: onlySecurity ? EXIT_SECURITY_OR_MISSING : EXIT_MESSAGES };
}

/** This host with the interfaces that node knows without netlink. */
function unprivilegedSystem(): System {
  const system = linuxSystem(new InterfaceTable());
  const interfaces = Object.entries(networkInterfaces()).map(
    ([name, entries], index): InterfaceFacts => ({
      name,
      index: index + 1,
      mac: parseMac(entries?.[0]?.mac ?? '') ?? ZERO_MAC,
      mtu: 1500,
      up: true,
      running: true,
      multicast: true,
      loopback: entries?.[0]?.internal ?? false,
      kind: entries?.[0]?.internal === true ? 'loopback' : 'physical',
      addresses: (entries ?? []).flatMap((entry) => {
        const prefix = parsePrefix((entry.cidr ?? '').replace(/%[^/]*/, ''));
        return prefix === undefined ? [] : [{ ...prefix, scope: 'global', secondary: false }];
      }),
    }),
  );
  return {
    ...system,
    interfaces: () => interfaces,
    interfaceNamed: (name) => interfaces.find((facts) => facts.name === name),
  };
}
