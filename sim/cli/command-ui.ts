/**
 * `lantwin ui`: the browser view of a scenario, live. Prints one URL that carries its token; without a file it offers the
 * scenarios below ./scenarios (or those that come with lantwin). Ends with Ctrl+C.
 */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordedOutside } from '../bridge/recorded-run.ts';
import { problemText } from '../report/problem-text.ts';
import { PLAIN_STYLE } from '../report/style.ts';
import { newTokens } from '../server/access.ts';
import { type SessionServer, startSessionServer } from '../server/session-server.ts';
import { LiveSession, type LoadedChoice } from '../session/live-session.ts';
import type { ScenarioChoice } from '../session/protocol-views.ts';
import type { Positions } from '../session/topology-view.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';
import { readInputs, readRunFile } from './run-file.ts';
import { findScenarios } from './scenario-files.ts';
import { type LoadScenario, offeredScenarios, scenarioLoader } from './scenario-loader.ts';

/** The options of `ui` as the command line hands them over. */
export interface UiCommandOptions {
  readonly port?: string;
  readonly open?: boolean;
  /** `true`: all addresses; a text: that address. */
  readonly host?: boolean | string;
  readonly allowedHost?: readonly string[];
  readonly view?: boolean;
}

/** Where it listens unless told otherwise; any free port when this one is taken. */
const DEFAULT_PORT = 7460;
const LOOPBACK = ['127.0.0.1', '::1'];
/** Most bytes of a sidecar file with positions. */
const LAYOUT_BYTES_MAX = 1_000_000;

/** Serves until somebody presses Ctrl+C. */
export async function uiCommand(
  file: string | undefined,
  options: UiCommandOptions,
  surroundings: {
    readonly output: Output;
    readonly version: string;
    /** What ends it; Ctrl+C by default. */
    readonly until?: Promise<unknown>;
  },
): Promise<ExitCode> {
  const { output, version } = surroundings;
  const { choices, read, keep } = await offered(file);
  const session = new LiveSession({
    scenarios: choices,
    load: read,
    ...(keep === undefined ? {} : { saveLayout: keep }),
    application: `lantwin ${version}`,
  });
  const only = file === undefined || isFolder(file) ? undefined : choices[0];
  const problem = only === undefined ? undefined : session.openScenario(only.id);
  if (problem !== undefined) {
    output.err(`${problem}\n`);
    return 3;
  }
  const server = await serveSession(session, options, output);
  await (surroundings.until ?? interrupted());
  await server.close();
  return 0;
}

/** Serves a session to browsers, says where, and opens one. */
export async function serveSession(
  session: LiveSession,
  options: UiCommandOptions,
  output: Output,
): Promise<SessionServer> {
  const tokens = newTokens();
  const server = await start(session, options, { tokens, output });
  const name = typeof options.host === 'string' ? options.host : 'localhost';
  const base = `http://${name.includes(':') ? `[${name}]` : name}:${server.port}/`;
  const url = `${base}#token=${tokens.control}`;
  output.out(`${url}\n`);
  if (options.view === true) output.out(`to look only: ${base}#token=${tokens.view}\n`);
  output.err('Ctrl+C ends it.\n');
  if (options.open !== false) openBrowser(url);
  return server;
}

async function start(
  session: LiveSession,
  options: UiCommandOptions,
  more: { readonly tokens: ReturnType<typeof newTokens>; readonly output: Output },
): Promise<SessionServer> {
  const { tokens, output } = more;
  const addresses = addressesOf(options.host);
  if (addresses !== LOOPBACK) {
    output.err('warning: other machines can reach this server; whoever has the URL has control.\n');
  }
  const uiFolder = builtPage();
  if (uiFolder === undefined) output.err('the browser view is not built: npm run build\n');
  const common = {
    session,
    tokens,
    addresses,
    allowedHosts: options.allowedHost ?? [],
    ...(uiFolder === undefined ? {} : { uiFolder }),
    onError: (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      output.err(`internal error, please report it\n${text}\n`);
    },
  };
  const wanted = options.port === undefined ? undefined : readPort(options.port);
  try {
    return await startSessionServer({ ...common, port: wanted ?? DEFAULT_PORT });
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (isTaken && wanted === undefined) return startSessionServer({ ...common, port: 0 });
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot listen: ${reason}`, { cause: error });
  }
}

function addressesOf(host: boolean | string | undefined): readonly string[] {
  if (host === undefined || host === false) return LOOPBACK;
  return [host === true ? '0.0.0.0' : host];
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port: expected a port (0 for any), read '${text}'`);
}

/** What can be opened, and where it lies. Only the ids leave this process. */
async function offered(file: string | undefined): Promise<{
  readonly choices: readonly ScenarioChoice[];
  readonly read: (id: string) => LoadedChoice | string;
  readonly keep?: (id: string, positions: Positions) => string | undefined;
}> {
  if (file?.endsWith('.json') === true && !isFolder(file)) return offeredRun(file);
  const root = file ?? (isFolder('scenarios') ? 'scenarios' : shippedScenarios());
  const isOne = file !== undefined && !isFolder(file);
  const paths = isOne ? [file] : await offeredScenarios(findScenarios([root]));
  if (paths.length === 0) throw new UsageError(`no scenario found below ${root}`);
  const load = await scenarioLoader(paths);
  const files = new Map<string, string>();
  const choices = paths.map((path): ScenarioChoice => {
    const isAlone = file !== undefined && path === file;
    const id = (isAlone ? basename(path) : relative(root, path)).replaceAll('\\', '/');
    const { scenario } = load(path);
    files.set(id, path);
    return {
      id,
      name: scenario?.name ?? `${id} (has problems)`,
      ...(scenario?.about === undefined ? {} : { about: scenario.about }),
      group: dirname(id) === '.' ? '' : dirname(id),
    };
  });
  return {
    choices,
    read: (id) => loadChoice(files.get(id), load),
    keep: (id, positions) => saveLayout(files.get(id), positions),
  };
}

/** The run of a run file: as it was, with what came from real networks if it was joined to any. */
function offeredRun(file: string): {
  readonly choices: readonly ScenarioChoice[];
  readonly read: () => LoadedChoice | string;
} {
  const id = basename(file);
  const run = readRunFile(file);
  const found = run?.loaded.scenario;
  const choices = [{ id, name: found?.name ?? id, group: '' }];
  const read = (): LoadedChoice | string => {
    if (run === undefined) return `${file}: error: this is no run file of lantwin [run:unreadable]`;
    const { problems, sources } = run.loaded;
    if (found === undefined) {
      return problems.map((one) => problemText(one, sources, PLAIN_STYLE)).join('\n');
    }
    const scenario = { ...found, seed: run.seed };
    if (run.outside === undefined) return { scenario, problems };
    const inputs = readInputs(run.outside, scenario);
    if (typeof inputs === 'string') {
      return `${run.outside.recording}: error: ${inputs} [run:recording]`;
    }
    const ends = run.outside.joins.map(({ name }) => ({ node: name }));
    const recorded = recordedOutside(inputs, { ends, end: run.outside.end });
    return { scenario, problems, recorded };
  };
  return { choices, read };
}

function loadChoice(path: string | undefined, load: LoadScenario): LoadedChoice | string {
  if (path === undefined) return 'there is no such scenario';
  const { scenario, problems, sources } = load(path);
  if (scenario === undefined) {
    return problems.map((one) => problemText(one, sources, PLAIN_STYLE)).join('\n');
  }
  return { scenario, problems, positions: readLayout(layoutPath(path)) };
}

/** `NAME.layout.json` beside the scenario, so that changes of meaning and of looks stay apart. */
function layoutPath(path: string): string {
  return `${path.replace(/#.*$/, '').replace(/\.twin\.\w+$|\.ya?ml$/, '')}.layout.json`;
}

function readLayout(path: string): Positions {
  const positions = new Map<string, { readonly x: number; readonly y: number }>();
  try {
    if (statSync(path).size > LAYOUT_BYTES_MAX) return positions;
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    for (const [node, place] of Object.entries((parsed as { nodes?: object }).nodes ?? {})) {
      const { x, y } = place as { readonly x?: unknown; readonly y?: unknown };
      if (Number.isFinite(x) && Number.isFinite(y)) {
        positions.set(node, { x: Number(x), y: Number(y) });
      }
    }
  } catch {
    // Absent or broken: the map is laid out anew.
  }
  return positions;
}

function saveLayout(path: string | undefined, positions: Positions): string | undefined {
  if (path === undefined) return 'there is no such scenario';
  try {
    const text = JSON.stringify({ nodes: Object.fromEntries(positions) }, undefined, 2);
    writeFileSync(layoutPath(path), `${text}\n`);
    return undefined;
  } catch (error) {
    return `the positions could not be kept: ${error instanceof Error ? error.message : error}`;
  }
}

/** The built page: beside the sources in dist/, or beside this file's own folder when that is dist/. */
function builtPage(): string | undefined {
  for (const up of ['../../dist/ui/', '../../ui/']) {
    const folder = fileURLToPath(new URL(up, import.meta.url));
    if (existsSync(join(folder, 'index.html')) && existsSync(join(folder, 'assets'))) return folder;
  }
  return undefined;
}

/** The scenarios of this package. */
function shippedScenarios(): string {
  for (const up of ['../../scenarios/', '../../../scenarios/']) {
    const folder = fileURLToPath(new URL(up, import.meta.url));
    if (isFolder(folder)) return folder;
  }
  throw new UsageError('no scenarios here: name a scenario file');
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Opens the URL where there is a desktop; failing that the printed line is there to be clicked. */
function openBrowser(url: string): void {
  const hasDesktop =
    process.stdout.isTTY && (process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  if (process.platform !== 'darwin' && (hasDesktop === undefined || hasDesktop === false)) return;
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

function interrupted(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
}
