/**
 * One daemon's life on this host, from the command line to the exit code: namespace, pid files, signals, log,
 * the `Daemon` in its `RunLoop`, and the withdrawal on every exit that can be caught.
 */

import { existsSync } from 'node:fs';
import type { TimeUs } from '../base/time.ts';
import type { Command } from '../core/commands.ts';
import { loadWithReader } from '../core/config-loader.ts';
import { Daemon } from '../core/daemon.ts';
import type { ConfigLoader, LoadedConfig } from '../core/loaded-config.ts';
import { type Capability, missingCapabilities } from './capabilities.ts';
import type { CommandLine } from './command-line.ts';
import { systemRandom } from './config-test.ts';
import { prepareCoreDumps } from './core-dumps.ts';
import { type LogOutput, openLog } from './log-output.ts';
import { type Libc, loadLibc } from './native/libc.ts';
import {
  ipvsNamespacePath,
  joinNetworkNamespace,
  ownNamespacePath,
} from './native/network-namespace.ts';
import { feedWatchdog, notifyReloading, notifyService } from './native/service-notify.ts';
import { removePidFile, removeStalePidFile, runningPid, writePidFile } from './pid-file.ts';
import { ignoreRealTimeSignals, listenToSignals } from './process-signals.ts';
import { type HostSettings, RunLoop } from './run-loop.ts';
import { startFacts } from './start-facts.ts';

/** keepalived's `KEEPALIVED_EXIT_…`: all is well, and everything that keeps it from starting. */
const EXIT_OK = 0;
const EXIT_FAILURE = 1;
const EXIT_NO_PERMISSION = 4;

/** The longest an exit after an error waits for the last commands, in ms; the stop itself takes a second. */
const LAST_COMMANDS_MS = 3000;

/** What a caller may replace. */
export interface HostDaemonOptions {
  readonly commandLine: CommandLine;
  /** The words of the command line, for the log. */
  readonly words: readonly string[];
  readonly load?: ConfigLoader;
}

/** Runs until the daemon ends; resolves with the exit code of the process. */
export async function runHostDaemon(options: HostDaemonOptions): Promise<number> {
  const { commandLine } = options;
  const log = openLog({
    console: commandLine.console,
    syslog: commandLine.syslog,
    facility: commandLine.facility,
    ...(commandLine.logFile === undefined ? {} : { file: commandLine.logFile }),
  });
  try {
    return await runLogged(options, log);
  } catch (error) {
    logParent(log, 'error', error instanceof Error ? error.message : String(error));
    return EXIT_FAILURE;
  } finally {
    log.close();
  }
}

async function runLogged(options: HostDaemonOptions, log: LogOutput): Promise<number> {
  const { commandLine } = options;
  if (commandLine.umask !== undefined) process.umask(commandLine.umask);
  const libc = loadLibc();
  ignoreRealTimeSignals(libc);
  const { namespace, pidFile } = startFacts(commandLine);
  const startNamespace = ownNamespacePath();
  if (namespace !== undefined) {
    const failure = joinNetworkNamespace(namespace);
    if (failure !== undefined) {
      logParent(log, 'error', failure);
      logParent(log, 'error', `Unable to set network namespace ${namespace} - exiting`);
      return EXIT_OK;
    }
  }
  if (runningPid(pidFile) !== undefined) {
    logParent(log, 'info', 'daemon is already running');
    return EXIT_OK;
  }
  if (existsSync(pidFile)) {
    logParent(log, 'info', `Remove a zombie pid file ${pidFile}`);
    removeStalePidFile(pidFile);
  }
  if (lacksPermission(commandLine, log)) return EXIT_NO_PERMISSION;
  for (const text of commandLine.withoutEffect) logParent(log, 'warning', text);
  const restoreCorePattern = prepareCoreDumps(commandLine, { libc, log });
  const pidFiles = [
    pidFile,
    commandLine.vrrp ? commandLine.vrrpPidFile : undefined,
    commandLine.checkers ? commandLine.checkersPidFile : undefined,
    commandLine.bfd ? commandLine.bfdPidFile : undefined,
  ].filter((path) => path !== undefined);
  try {
    for (const path of pidFiles) {
      const failure = writePidFile(path);
      if (failure === undefined) continue;
      logParent(log, 'error', failure);
      return EXIT_OK;
    }
    return await drive(options, { libc, log, startNamespace });
  } finally {
    for (const path of pidFiles) removePidFile(path);
    restoreCorePattern();
  }
}

/**
 * Without its capabilities a daemon would think itself master and set nothing; keepalived ends here too, with the same
 * exit code.
 */
function lacksPermission(commandLine: CommandLine, log: LogOutput): boolean {
  const wanted: Capability[] = ['CAP_NET_ADMIN'];
  if (commandLine.vrrp) wanted.push('CAP_NET_RAW');
  const missing = missingCapabilities(wanted);
  if (missing.length === 0) return false;
  const way = 'run as root, or from packaging/lantwin.service; lantwin doctor daemon tells more';
  logParent(log, 'error', `missing permission: ${missing.join(' and ')}: ${way}`);
  return true;
}

async function drive(
  options: HostDaemonOptions,
  around: { readonly libc: Libc; readonly log: LogOutput; readonly startNamespace: string },
): Promise<number> {
  const { commandLine } = options;
  const { libc, log, startNamespace } = around;
  const loop = new RunLoop({
    libc,
    log: (line) => log.write(line),
    keepAddresses: commandLine.keepAddresses,
    keepIpvs: commandLine.keepIpvs,
    logAddresses: commandLine.logAddresses,
    // A startup_script delays it; a configuration that was refused never gets there.
    report: (report) => {
      if (report.kind === 'daemon-phase' && report.phase === 'started') {
        notifyService(libc, 'READY=1');
      }
    },
  });
  if (loop.driver === 'koffi') {
    const way = 'IPv4 adverts go through koffi instead; npm rebuild raw-socket brings it back';
    logParent(log, 'info', `The package raw-socket does not load here: ${way}`);
  }
  const daemon = new Daemon({
    system: loop.system,
    configPath: commandLine.file,
    ...(commandLine.configId === undefined ? {} : { configId: commandLine.configId }),
    random: systemRandom(),
    flags: {
      logDetail: commandLine.logDetail,
      commandLine: options.words,
      vrrp: commandLine.vrrp,
      checkers: commandLine.checkers,
      bfd: commandLine.bfd,
      all: commandLine.all,
      allConfigFiles: commandLine.allConfigFiles,
      dontReleaseVrrp: commandLine.keepAddresses,
    },
    load: configuring(options.load ?? loadWithReader, loop, startNamespace),
  });
  const stop = (): void => {
    notifyService(libc, 'STOPPING=1');
    loop.executor.beginStop();
    loop.call((now) => daemon.stop(now));
  };
  const unlisten = listenToSignals({
    reload: () => {
      notifyReloading(libc);
      loop.call((now) => daemon.reload(now));
      notifyService(libc, 'READY=1');
    },
    stop,
    dumpData: () => loop.deliver({ kind: 'signal', signal: 'USR1' }),
    dumpStatistics: () => loop.deliver({ kind: 'signal', signal: 'USR2' }),
    clearStatistics: () => loop.deliver({ kind: 'signal', signal: 'STATS_CLEAR' }),
    dumpJson: () => loop.deliver({ kind: 'signal', signal: 'JSON' }),
  });
  const unguard = withdrawOnErrors(loop, log, stop);
  const stopFeeding = feedWatchdog(libc);
  let metrics: { close(): void } | undefined;
  try {
    loop.run(daemon, (now) => daemon.start(now));
    metrics = await openMetrics(commandLine, daemon, log);
    if (commandLine.dump) loop.call((now) => logDump(daemon, now));
    return await loop.ended;
  } finally {
    metrics?.close();
    stopFeeding();
    // After an error the loop still runs; a second end does nothing.
    await loop.end(EXIT_FAILURE);
    unguard();
    unlisten();
  }
}

/** `-d`: what SIGUSR1 writes into a file goes to the log, line by line. */
function logDump(daemon: Daemon, now: TimeUs): readonly Command[] {
  const commands = daemon.receive(now, { kind: 'signal', signal: 'USR1' });
  return commands.flatMap((command): readonly Command[] => {
    if (command.kind !== 'file-write') return [];
    const lines = new TextDecoder().decode(command.bytes).trimEnd().split('\n');
    return lines.map((text) => ({ kind: 'log', process: 'vrrp', level: 'info', text }));
  });
}

/** Listens for scrapers where that was asked for; a port that is taken is told, and the daemon runs without. */
async function openMetrics(
  { metrics }: CommandLine,
  daemon: Daemon,
  log: LogOutput,
): Promise<{ close(): void } | undefined> {
  if (metrics === undefined) return undefined;
  const { processMetrics, serveMetrics } = await import('./metrics-server.ts');
  try {
    return await serveMetrics(metrics, () => daemon.metricsText() + processMetrics());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logParent(log, 'error', `metrics: ${reason}`);
    return undefined;
  }
}

/** Hands what a configuration wants of the host to the loop, each time one is read. */
function configuring(load: ConfigLoader, loop: RunLoop, startNamespace: string): ConfigLoader {
  return (request) => {
    const loaded = load(request);
    if (!loaded.refused) loop.configure(hostSettings(loaded, startNamespace));
    return loaded;
  };
}

function hostSettings(loaded: LoadedConfig, startNamespace: string): HostSettings {
  const vrrp = loaded.config?.vrrp;
  const { notifyFifo, vrrpNotifyFifo, enableScriptSecurity } = vrrp?.globals ?? {};
  return {
    files: (vrrp?.files ?? []).map((file) => file.path),
    processes: (vrrp?.processes ?? []).length > 0,
    scriptSecurity: enableScriptSecurity ?? false,
    ipvsNamespace: ipvsNamespacePath(loaded.config?.global.netNamespaceIpvs, startNamespace),
    fifos: [notifyFifo, vrrpNotifyFifo].flatMap((fifo) => (fifo === undefined ? [] : [fifo.path])),
  };
}

/** A bug must not leave addresses behind: the daemon is stopped as by SIGTERM, and what is left is removed. */
function withdrawOnErrors(loop: RunLoop, log: LogOutput, stop: () => void): () => void {
  let failing = false;
  const onError = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    for (const line of text.split('\n')) logParent(log, 'error', line);
    if (failing) {
      void loop.end(EXIT_FAILURE);
      return;
    }
    failing = true;
    setTimeout(() => void loop.end(EXIT_FAILURE), LAST_COMMANDS_MS).unref();
    try {
      stop();
    } catch (second) {
      onError(second);
    }
  };
  const onExit = (): void => loop.executor.withdrawNow();
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  process.on('exit', onExit);
  return () => {
    process.removeListener('uncaughtException', onError);
    process.removeListener('unhandledRejection', onError);
    process.removeListener('exit', onExit);
  };
}

function logParent(log: LogOutput, level: 'error' | 'warning' | 'info', text: string): void {
  log.write({ kind: 'log', process: 'parent', level, text });
}
