/**
 * Ports that a host takes for sockets of its own: net.ipv4.ip_local_port_range, and those that must be left alone,
 * net.ipv4.ip_local_reserved_ports. They bind both families, TCP and UDP.
 * Source: Documentation/networking/ip-sysctl.rst; ipv4_local_port_range, proc_do_large_bitmap of Linux 6.x.
 */

import { type RandomSource, randomBelow } from '../../daemon/base/random.ts';

const PORT_MAX = 65_535;
const FIRST_DEFAULT = 32_768;
const LAST_DEFAULT = 60_999;

/** See the head of the file. */
export interface LocalPorts {
  first: number;
  last: number;
  /** Never taken, but may be asked for by number. */
  readonly reserved: Set<number>;
}

/** Linux' default: 32768 to 60999. */
export function defaultLocalPorts(): LocalPorts {
  return { first: FIRST_DEFAULT, last: LAST_DEFAULT, reserved: new Set() };
}

/** What `take` says of the first port that it takes, from a drawn one on; `undefined` when it takes none. */
export function findLocalPort<T>(
  { first, last, reserved }: LocalPorts,
  random: RandomSource,
  take: (port: number) => T | undefined,
): T | undefined {
  const count = last - first + 1;
  const start = randomBelow(random, count);
  for (let i = 0; i < count; i++) {
    const port = first + ((start + i) % count);
    const taken = reserved.has(port) ? undefined : take(port);
    if (taken !== undefined) return taken;
  }
  return undefined;
}

/** The value as sysctl(8) shows it, `1024	65000`. */
export function formatPortRange({ first, last }: LocalPorts): string {
  return `${first}\t${last}`;
}

/** Sets the range; `false` when it is none, or begins with ports that need a privilege. */
export function setPortRange(ports: LocalPorts, text: string, unprivileged: number): boolean {
  const match = /^(\d{1,5})\s+(\d{1,5})$/.exec(text);
  if (match === null) return false;
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (first < Math.max(1, unprivileged) || last > PORT_MAX || last < first) return false;
  ports.first = first;
  ports.last = last;
  return true;
}

/** The list as Linux writes it: neighbours joined, `8080,9000-9010`. */
export function formatReservedPorts({ reserved }: LocalPorts): string {
  const parts: string[] = [];
  for (const port of [...reserved].sort((a, b) => a - b)) {
    if (reserved.has(port - 1)) continue;
    let last = port;
    while (reserved.has(last + 1)) last++;
    parts.push(last === port ? String(port) : `${port}-${last}`);
  }
  return parts.join(',');
}

/** Reserves exactly the ports of a list; an empty one reserves none. `false`: nothing is changed. */
export function setReservedPorts(ports: LocalPorts, text: string): boolean {
  const wanted = new Set<number>();
  for (const part of text === '' ? [] : text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (match === null) return false;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last > PORT_MAX || last < first) return false;
    for (let port = first; port <= last; port++) wanted.add(port);
  }
  ports.reserved.clear();
  for (const port of wanted) ports.reserved.add(port);
  return true;
}
