/**
 * keepalived 2.2.7's own words about the life of the daemon as a whole; VRRP's stand in
 * `vrrp/log-text.ts`.
 */

import type { ProcessorTime } from './system.ts';

/**
 * The version whose behaviour and words are the default. Source: recordings of Debian 12's package.
 */
export const DEFAULT_VERSION = '2.2.7';

/** What keepalived prints behind its version. */
const RELEASE_DATES: ReadonlyMap<string, string> = new Map([['2.2.7', ' (01/16,2022)']]);

/** Of a machine that does not count it. */
const NO_TIME: ProcessorTime = { userUs: 0, systemUs: 0, childrenUserUs: 0, childrenSystemUs: 0 };

/** Seconds with six digits. */
function microseconds(time: number): string {
  return `${Math.floor(time / 1e6)}.${String(time % 1e6).padStart(6, '0')}`;
}

/** One formatter a line. */
export const coreText = {
  starting: (version: string) =>
    `Starting Keepalived v${version}${RELEASE_DATES.get(version) ?? ''}`,
  running: (release: string | undefined) =>
    release === undefined ? 'Running on Linux' : `Running on Linux ${release}`,
  commandLine: (words: readonly string[]) =>
    `Command line: ${words.map((word) => `'${word}'`).join(' ')}`,
  opening: (path: string) => `Opening file '${path}'.`,
  configuration: (path: string) => `Configuration file ${path}`,
  autoPriority: () =>
    'NOTICE: setting config option max_auto_priority should result in better keepalived performance',
  parentScriptRuns: (when: string, path: string) => `Running ${when} script ${path}`,
  parentScriptSucceeded: (when: string) => `${when} script script succeeded`,
  parentScriptFailed: (when: string, status: number) =>
    `${when} script script failed, status ${status}`,
  parentScriptTimedOut: (when: string) => `${when} script timed out`,
  vrrpChild: (pid: number) => `Starting VRRP child process, pid=${pid}`,
  checkerChild: (pid: number) => `Starting Healthcheck child process, pid=${pid}`,
  bfdChild: (pid: number) => `Starting BFD child process, pid=${pid}`,
  reflector: () => 'Registering Kernel netlink reflector',
  commandChannel: () => 'Registering Kernel netlink command channel',
  scriptSecurity: () =>
    'SECURITY VIOLATION - scripts are being executed but script_security not enabled.',
  nftables: () =>
    'use_vmac or no_accept/strict specified, but no firewall configured - using nftables',
  startupComplete: () => 'Startup complete',
  childLost: (pid: number) => `pid ${pid} exited with permanent error FATAL. Terminating`,
  nothingToRun: () => 'Warning - keepalived has no configuration to run',
  unreadable: (path: string) => `Configuration file '${path}' is not a regular non-executable file`,
  missing: (path: string) => `Unable to find configuration file ${path} (glob returned 3)`,
  configErrors: () => 'Configuration errors found, not starting',
  reloadingParent: () => 'Reloading ...',
  reloadingChild: () => 'Reloading',
  reloadComplete: () => 'Reload complete',
  stopping: () => 'Stopping',
  stoppedChild: (time: ProcessorTime = NO_TIME) => {
    const { userUs, systemUs, childrenUserUs, childrenSystemUs } = time;
    const [user, system] = [microseconds(userUs), microseconds(systemUs)];
    if (childrenUserUs + childrenSystemUs === 0) {
      return `Stopped - used ${user} user time, ${system} system time`;
    }
    const children = [microseconds(childrenUserUs), microseconds(childrenSystemUs)];
    const text = `${user}/${children[0]} user time, ${system}/${children[1]} system time`;
    return `Stopped - used (self/children) ${text}`;
  },
  cpuUsage: (time: ProcessorTime = NO_TIME) => {
    const user = `${microseconds(time.userUs)}/${microseconds(time.childrenUserUs)}`;
    const system = `${microseconds(time.systemUs)}/${microseconds(time.childrenSystemUs)}`;
    return `CPU usage (self/children) user: ${user} system: ${system}`;
  },
  stopped: (version: string) => `Stopped Keepalived v${version}${RELEASE_DATES.get(version) ?? ''}`,
  printingParent: (pid: number) => `Printing parent data for process(${pid}) on signal`,
  printingCheckers: (pid: number) => `Printing checker data for process(${pid}) on signal`,
  printingBfd: (pid: number) => `Printing BFD data for process(${pid}) on signal`,
  printingData: (pid: number) => `Printing VRRP data for process(${pid}) on signal`,
  printingStatistics: (pid: number) => `Printing VRRP stats for process(${pid}) on signal`,
  printingJson: (pid: number) => `Printing VRRP as json for process(${pid}) on signal`,
} as const;
