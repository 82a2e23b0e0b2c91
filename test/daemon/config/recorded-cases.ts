/** Reads the recorded `keepalived -t` and `-d` outputs, and loads a case with the facts of that machine. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadResult, loadConfig } from '../../../daemon/config/load-config.ts';
import type { ConfigInterface } from '../../../daemon/config/parse-context.ts';
import { parsePrefix } from '../../../daemon/wire/ip-address.ts';

export const referenceFolder = join(import.meta.dirname, '../../reference');

/** One case: the file, what `-t` said, and the dump. */
export interface RecordedCase {
  readonly name: string;
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly dump: string | undefined;
}

export function readCases(folder: string): readonly RecordedCase[] {
  const dumps = sections(readFileSync(join(folder, 'dump-vrrp.txt'), 'utf8'));
  const tests = sections(readFileSync(join(folder, 'config-test.txt'), 'utf8'));
  return [...tests].map(([name, text]) => {
    const [exit = '', ...lines] = text.split('\n').filter((line) => line !== '');
    return { name, exitCode: Number(exit.replace('exit ', '')), lines, dump: dumps.get(name) };
  });
}

function sections(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let name = '';
  for (const line of text.split('\n').slice(1)) {
    if (line.startsWith('== ')) {
      name = line.slice(3);
      found.set(name, '');
    } else found.set(name, `${found.get(name)}${line}\n`);
  }
  return found;
}

/** eth0..eth3 and eth0.1; the IPv6 address of eth0 and its index come from the recording. */
export function interfacesOf(linkLocal: string): readonly ConfigInterface[] {
  const addresses = (...texts: string[]) => texts.flatMap((text) => parsePrefix(text) ?? []);
  const plain = [1, 2, 3].map((number) => ({
    name: `eth${number}`,
    index: 3 + 2 * number,
    mtu: 1500,
    addresses: addresses(`192.168.20${number}.2/24`),
  }));
  return [
    { name: 'lo', index: 1, mtu: 65_536, loopback: true, addresses: addresses('127.0.0.1/8') },
    { name: 'eth0', index: 3, mtu: 1500, addresses: addresses('192.168.200.2/24', linkLocal) },
    ...plain,
    { name: 'eth0.1', index: 11, mtu: 1500, addresses: [] },
  ];
}

export function loadCase(
  folder: string,
  name: string,
  interfaces: readonly ConfigInterface[] = interfacesOf('fe80::1/64'),
): LoadResult {
  let draw = 0;
  const executables = ['/usr/bin/true', '/usr/bin/pidof', '/usr/bin/killall'];
  return loadConfig({
    path: name,
    hostname: 'vm',
    interfaces,
    readFile: (path) => {
      const full = join(folder, path);
      return existsSync(full) && !full.endsWith('/') ? readFileSync(full) : undefined;
    },
    expandPattern: (pattern) => (existsSync(join(folder, pattern)) ? [pattern] : []),
    isExecutable: (path) => executables.includes(path),
    hasGroup: (group) => group === 'root' || group === 'nogroup',
    hasUser: (user) => user === 'root' || user === 'nobody',
    random: { uint32: () => draw++ },
  });
}

export function confFiles(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.conf'));
}
