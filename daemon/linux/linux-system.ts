/** The getters of the seam on a real Linux host: facts that are read without side effects. */

import { readdirSync, readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import type { ProcessFacts, ProcessorTime, System } from '../core/system.ts';
import type { InterfaceTable } from './interface-table.ts';
import type { Libc } from './native/libc.ts';
import { expandPathPattern } from './path-pattern.ts';
import { findProgram, groupNamed, scriptFault, userNamed } from './script-security.ts';

/** This host as the daemon sees it. */
export function linuxSystem(table: InterfaceTable, libc?: Libc): System {
  return {
    hostname: () => hostname(),
    interfaces: () => table.interfaces(),
    interfaceNamed: (name) => table.named(name),
    readFile: (path) => readOrUndefined(path),
    expandPattern: (pattern) => expandPathPattern(pattern),
    isExecutable: (path) => findProgram(path) !== undefined,
    scriptFault,
    hasUser: (name) => userNamed(name) !== undefined,
    hasGroup: (name) => groupNamed(name) !== undefined,
    processes: () => listProcesses(),
    sysctl: (name) => {
      const bytes = readOrUndefined(sysctlPath(name));
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim();
    },
    ...(libc === undefined ? {} : { processorTime: () => processorTime(libc) }),
    environment: (name) => process.env[name],
    workingDirectory: () => process.cwd(),
    uptimeUs: () => Math.floor(uptime() * 1_000_000),
    wallClockUs: () => Date.now() * 1000,
  };
}

function processorTime(libc: Libc): ProcessorTime {
  const { user, system } = process.cpuUsage();
  const children = libc.childrenTime();
  return {
    userUs: user,
    systemUs: system,
    childrenUserUs: children.userUs,
    childrenSystemUs: children.systemUs,
  };
}

/** `/proc/sys/…` for a sysctl in dotted form; a `/` in the name stands for a dot of an interface. */
export function sysctlPath(name: string): string {
  const path = [...name].map((letter) => (letter === '.' ? '/' : letter === '/' ? '.' : letter));
  return `/proc/sys/${path.join('')}`;
}

/** Every process that /proc shows, kernel threads included. */
export function listProcesses(): readonly ProcessFacts[] {
  const processes: ProcessFacts[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const facts = processFacts(Number(entry));
    if (facts !== undefined) processes.push(facts);
  }
  return processes;
}

/** One process, `undefined` when there is none. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const name = readOrUndefined(`/proc/${pid}/comm`);
  const commandLine = readOrUndefined(`/proc/${pid}/cmdline`);
  // It may have ended between the two reads.
  if (name === undefined || commandLine === undefined) return undefined;
  return {
    pid,
    name: new TextDecoder().decode(name).trimEnd(),
    arguments: new TextDecoder().decode(commandLine).split('\0').slice(0, -1),
  };
}

function readOrUndefined(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
