/**
 * `lantwin bridge`: a scenario's LAN in real time, joined to real networks. Armed on the command line alone: no scenario
 * file can open a port. Whatever ends it that a process can catch, virtual routers withdraw first.
 */

import { existsSync } from 'node:fs';
import type { DurationUs } from '../../daemon/base/time.ts';
import { Bridge } from '../bridge/bridge.ts';
import { BridgeError } from '../bridge/bridge-error.ts';
import type { RunEvent } from '../engine/run-log.ts';
import { eventText } from '../report/event-text.ts';
import { jsonReporter } from '../report/json-report.ts';
import { problemText } from '../report/problem-text.ts';
import { textReporter } from '../report/text-report.ts';
import { type RunResult, type ScenarioRun, startRun } from '../scenario/run.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { LiveSession } from '../session/live-session.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import { readMoment, readSeed } from './arguments.ts';
import { type PortOptions, readPortWishes, readRate, readVrids } from './bridge-options.ts';
import { listenToOrders } from './bridge-orders.ts';
import { bridgeLine, summaryLines, timeText } from './bridge-words.ts';
import { serveSession, type UiCommandOptions } from './command-ui.ts';
import { EnvironmentError, type ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { PcapFiles } from './pcap-files.ts';
import { bridgedRunPath, recordingOf, writeBridgedRun } from './run-file.ts';
import type { LoadedFile } from './scenario-files.ts';
import { scenarioLoader } from './scenario-loader.ts';

/** The options of `bridge` as the command line hands them over. */
export interface BridgeCommandOptions extends PortOptions {
  readonly joinVrid?: readonly string[];
  readonly listen?: string;
  readonly rateLimit?: string;
  readonly for?: string;
  readonly seed?: string;
  /** `false` for --no-record; a path for --record. */
  readonly record?: boolean | string;
  readonly pcap?: string;
  readonly json?: boolean;
  /** Orders come from stdin. */
  readonly control?: boolean;
  readonly ui?: boolean;
  readonly port?: string;
  readonly open?: boolean;
}

interface Surroundings {
  readonly output: Output;
  readonly version: string;
}

/** Runs until the scenario ends, `--for` is over, or a signal comes. */
export async function bridgeCommand(
  file: string,
  options: BridgeCommandOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { output, version } = surroundings;
  const wishes = readPortWishes(options);
  const join = readVrids(options.joinVrid);
  const forUs = options.for === undefined ? undefined : readMoment('--for', options.for);
  const outside = wishes.map(({ node, at }) => ({ name: node, port: at }));
  const load = await scenarioLoader([file]);
  const loaded = load(file, outside);
  for (const one of loaded.problems) {
    output.err(`${problemText(one, loaded.sources, output.style)}\n`);
  }
  if (loaded.scenario === undefined) return 3;
  const seed = options.seed === undefined ? loaded.scenario.seed : readSeed(options.seed);
  const scenario = { ...loaded.scenario, seed };
  const path = options.record === false ? undefined : pathOf(options.record, scenario);
  let clock = (): number => 0;
  const bridge = await open({
    wishes,
    join,
    application: `lantwin ${version}`,
    ...(options.listen === undefined
      ? {}
      : { listen: readMoment('--listen', options.listen) as number as DurationUs }),
    ...(options.rateLimit === undefined ? {} : { rate: readRate(options.rateLimit) }),
    ...(path === undefined ? {} : { recording: recordingOf(path) }),
    onWord: (word) => output.err(`${bridgeLine(word, clock())}\n`),
  });
  const leave = guardExits(bridge, output);
  try {
    const live = await startLive(scenario, options, { bridge, ...surroundings });
    const loop = orEnvironment(() => bridge.join(live.run));
    clock = () => loop.nowUs;
    live.onJoined(loop.noteDeed.bind(loop));
    if (options.control === true) listenToOrders(process.stdin, live.run.lan, loop, output);
    if (path !== undefined) keepRun(path, { scenario, loaded, outside, version });
    tellStart(
      live.run,
      output,
      wishes.map(({ at, node }) => `${at} = ${node}`),
    );
    const endless = scenario.steps.length === 0 && forUs === undefined;
    const length = forUs ?? (endless ? Number.MAX_SAFE_INTEGER / 2 : scenario.until);
    const finished = await bridge.run(length as number as DurationUs);
    if (options.control === true) process.stdin.destroy();
    await live.close();
    // The withdrawal goes into the log too, and belongs to no verdict.
    const result = finished && { ...finished, log: [...finished.log] };
    const stopped = bridge.close();
    if (stopped.length > 0) output.err(`withdrawn: ${stopped.join(', ')}\n`);
    if (result === undefined) return 70;
    if (path !== undefined) keepRun(path, { scenario, loaded, outside, version, result });
    const wanted = leave.signal !== undefined && forUs === undefined && endless;
    return report(result, { loaded, options, output, version, bridge, path, live, wanted });
  } finally {
    bridge.close();
    leave.off();
  }
}

async function open(options: Parameters<typeof Bridge.open>[0]): Promise<Bridge> {
  try {
    return await Bridge.open(options);
  } catch (error) {
    if (error instanceof BridgeError) throw new EnvironmentError(error.message, { cause: error });
    throw error;
  }
}

function orEnvironment<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof BridgeError) throw new EnvironmentError(error.message, { cause: error });
    throw error;
  }
}

/** Every exit that can be caught withdraws; a second Ctrl+C does so at once. */
function guardExits(
  bridge: Bridge,
  output: Output,
): { readonly signal: string | undefined; off(): void } {
  const state: { signal: string | undefined } = { signal: undefined };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (state.signal !== undefined) {
      bridge.close();
      process.exit(130);
    }
    state.signal = signal;
    output.err(`${signal}: withdrawing\n`);
    bridge.stop();
  };
  const onExit = (): void => void bridge.close();
  const onBug = (error: unknown): void => {
    output.err(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    bridge.close();
    process.exit(70);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  process.on('exit', onExit);
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  return {
    get signal() {
      return state.signal;
    },
    off: () => {
      for (const signal of signals) process.off(signal, onSignal);
      process.off('exit', onExit);
      process.off('uncaughtException', onBug);
      process.off('unhandledRejection', onBug);
    },
  };
}

/** A run that is about to be joined, with whoever looks at it. */
interface Live {
  readonly run: ScenarioRun;
  readonly pcap: PcapFiles | undefined;
  onJoined(onDeed: DeedListener): void;
  close(): Promise<void>;
}

type DeedListener = NonNullable<LiveSession['options']['realTime']>['onDeed'];

async function startLive(
  scenario: Scenario,
  options: BridgeCommandOptions,
  around: Surroundings & { readonly bridge: Bridge },
): Promise<Live> {
  const pcap = options.pcap === undefined ? undefined : new PcapFiles();
  if (options.ui !== true) {
    const run = startRun(scenario, {
      ...(pcap === undefined ? {} : { onStart: (lan: LivingLan) => pcap.start(lan) }),
    });
    return { run, pcap, onJoined: () => {}, close: async () => {} };
  }
  let onDeed: DeedListener = () => {};
  const session = new LiveSession({
    scenarios: [{ id: '0', name: scenario.name, group: '' }],
    load: () => ({ scenario, problems: [] }),
    application: `lantwin ${around.version}`,
    realTime: { onDeed: (deed) => onDeed(deed) },
  });
  session.openScenario('0');
  const run = session.open?.timeline.run;
  if (run === undefined) throw new EnvironmentError('the browser view did not open the scenario');
  pcap?.start(run.lan);
  // Results alone go to stdout.
  const output = { ...around.output, out: around.output.err };
  const server = await serveSession(session, uiOptions(options), output);
  return {
    run,
    pcap,
    onJoined: (listener) => {
      onDeed = listener;
    },
    close: () => server.close(),
  };
}

function uiOptions(options: BridgeCommandOptions): UiCommandOptions {
  return {
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.open === undefined ? {} : { open: options.open }),
  };
}

function pathOf(record: boolean | string | undefined, scenario: Scenario): string {
  return typeof record === 'string' ? record : bridgedRunPath(scenario.file);
}

function keepRun(
  path: string,
  run: {
    readonly scenario: Scenario;
    readonly loaded: LoadedFile;
    readonly outside: readonly { readonly name: string; readonly port: string }[];
    readonly version: string;
    readonly result?: RunResult;
  },
): void {
  const { scenario, loaded, outside, version, result } = run;
  writeBridgedRun(path, {
    scenario,
    files: loaded.files,
    outside,
    version,
    ...(result === undefined ? {} : { result }),
  });
}

/** Tells what is joined, then every step and change of a virtual router as it happens. */
function tellStart(run: ScenarioRun, output: Output, joined: readonly string[]): void {
  const hosts = [...run.lan.hosts.keys()].join(', ');
  output.err(`real time: ${run.scenario.name} (virtual: ${hosts}; real: ${joined.join(', ')})\n`);
  output.err('Ctrl+C withdraws and ends it.\n');
  const saidAt = new Map<string, number>();
  run.engine.log.listen((event) => {
    const text = liveText(event);
    if (text === undefined) return;
    const line = `${event.node.padEnd(8)} ${text}`;
    // A peer with another password is refused with every advert: one line a second says so.
    const last = saidAt.get(line);
    const isRefusal = event.kind === 'daemon' && text.includes(' refused an advert ');
    if (isRefusal && last !== undefined && event.at - last < SAY_AGAIN_US) return;
    if (saidAt.size >= SAID_MAX) saidAt.clear();
    saidAt.set(line, event.at);
    output.err(`${timeText(event.at)}  ${line}\n`);
  });
}

/** The same line about a virtual router is said again after that long. */
const SAY_AGAIN_US = 1_000_000;
/** Lines that are remembered for that. */
const SAID_MAX = 1000;

/** Kinds of events that are told as they happen. */
const TOLD_LIVE: ReadonlySet<string> = new Set(['step', 'step-refused', 'exec']);

function liveText(event: RunEvent): string | undefined {
  if (TOLD_LIVE.has(event.kind)) return eventText(event);
  if (event.kind !== 'daemon') return undefined;
  const { report } = event as RunEvent & { readonly report: { readonly kind: string } };
  return report.kind === 'vrrp-state' || report.kind === 'advert-refused'
    ? eventText(event)
    : undefined;
}

function report(
  result: RunResult,
  with_: {
    readonly loaded: LoadedFile;
    readonly options: BridgeCommandOptions;
    readonly output: Output;
    readonly version: string;
    readonly bridge: Bridge;
    readonly path: string | undefined;
    readonly live: Live;
    readonly wanted: boolean;
  },
): ExitCode {
  const { loaded, options, output, version, bridge, path, live } = with_;
  const name = result.scenario.file.replace(/^.*[/\\]/, '').replace(/\.twin\.ya?ml$|\.ya?ml$/, '');
  const written =
    live.pcap === undefined || options.pcap === undefined
      ? []
      : live.pcap.write({ folder: options.pcap, name, application: `lantwin ${version}` });
  const factory = options.json === true ? jsonReporter : textReporter;
  const reporter = factory({
    style: output.style,
    fileCount: 1,
    version,
    verbose: true,
    quiet: false,
  });
  const outcome = {
    kind: 'ran' as const,
    file: result.scenario.file,
    result,
    wallMs: result.end / 1000,
    written,
    warnings: [],
    sources: loaded.sources,
    ...(path === undefined ? {} : { repeat: `npx lantwin replay ${path}` }),
  };
  output.out(reporter.onFile(outcome));
  output.out(reporter.onEnd([outcome]));
  for (const line of summaryLines(bridge.summary())) output.err(`${line}\n`);
  if (path !== undefined && existsSync(path)) output.err(`replay: npx lantwin replay ${path}\n`);
  if (result.expectations.length === 0 && with_.wanted) return 0;
  return result.verdict === 'pass' ? 0 : result.verdict === 'fail' ? 1 : 2;
}
