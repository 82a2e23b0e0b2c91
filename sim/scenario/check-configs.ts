/**
 * Every keepalived.conf of a scenario, read as the daemon will read it, with the interfaces of its
 * host as facts. What keepalived survives stays a warning. Also collects which virtual routers and
 * addresses there are, and brings along the files that a configuration includes by a relative path.
 */

import { expandInFolders, expandPattern } from '../../daemon/base/file-pattern.ts';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import { type LoadResult, loadConfig } from '../../daemon/config/load-config.ts';
import type { Problem } from '../../daemon/config/problem.ts';
import type { NotifyScript } from '../../daemon/vrrp/vrrp-config.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { decodeUtf8 } from '../../daemon/wire/text.ts';
import { SYSTEM_FOLDERS } from '../host/daemon-facts.ts';
import { knowsCommand } from '../programs/shell/command-table.ts';
import type { HostSpec, LanSpec } from '../topology/lan-spec.ts';
import { configPath, configPlace, KEEPALIVED_CONF } from './read-host-files.ts';
import type { Reading } from './reading.ts';
import { insidePath } from './reading.ts';
import type { Step } from './scenario.ts';
import type { RawScenario } from './schema/scenario-schema.ts';
import type { PathPart } from './yaml-source.ts';

/** Where keepalived's relative includes start from on a host. */
const CONFIG_FOLDER = '/etc/keepalived/';

/** What the configurations of a scenario mention, all hosts together. */
export interface ConfigFacts {
  /** Whether every configuration was read; then what is not mentioned is not there. */
  readonly complete: boolean;
  readonly vrids: ReadonlySet<number>;
  readonly instances: ReadonlySet<string>;
  readonly addresses: ReadonlySet<IpAddress>;
  /** The hosts, each with the files that its configuration includes. */
  readonly hosts: readonly HostSpec[];
}

/** One configuration that is to be read. */
interface Candidate {
  readonly host: HostSpec;
  /** As the scenario names it; `undefined` for one of the map `files`. */
  readonly name: string | undefined;
  readonly bytes: Uint8Array;
  /** Where the scenario names it. */
  readonly path: readonly PathPart[];
}

/** Reads all configurations: those of hosts, and those that `reload` brings. */
export function checkConfigs(
  raw: RawScenario,
  lan: LanSpec,
  more: { readonly steps: readonly Step[]; readonly reading: Reading },
): ConfigFacts {
  const { reading } = more;
  const candidates = lan.hosts.flatMap((host) => candidatesOf(host, raw, more.steps, reading));
  const facts = {
    vrids: new Set<number>(),
    instances: new Set<string>(),
    addresses: new Set<IpAddress>(),
  };
  const included = new Map<string, Map<string, Uint8Array>>();
  const known = new Set<string>();
  for (const candidate of candidates) {
    const files = included.get(candidate.host.name) ?? new Map<string, Uint8Array>();
    included.set(candidate.host.name, files);
    const version = lan.keepalivedVersion;
    const result = readCandidate(candidate, { files, version }, reading);
    addProblems(result.problems, known, reading);
    checkScripts(candidate, result.config, reading);
    checkNotifyScripts(candidate, result.config, reading);
    collect(result.config, facts);
  }
  const expected = Object.values(raw.lan.hosts).filter((host) => configPath(host) !== undefined);
  const hosts = lan.hosts.map((host): HostSpec => {
    const files = [...(included.get(host.name) ?? [])];
    return files.length === 0 ? host : { ...host, files: [...host.files, ...files] };
  });
  return { complete: candidates.length >= expected.length, ...facts, hosts };
}

function candidatesOf(
  host: HostSpec,
  raw: RawScenario,
  steps: readonly Step[],
  reading: Reading,
): readonly Candidate[] {
  const found: Candidate[] = [];
  const rawHost = raw.lan.hosts[host.name];
  const bytes = host.files.find(([path]) => path === KEEPALIVED_CONF)?.[1];
  const path = ['lan', 'hosts', host.name];
  if (bytes !== undefined && rawHost !== undefined) {
    const name = configPath(rawHost);
    const place =
      name === undefined ? [...path, 'files', KEEPALIVED_CONF] : configPlace(rawHost, path);
    found.push({ host, name, bytes, path: place });
  }
  for (const step of steps) {
    for (const [index, { row, args }] of step.actions.entries()) {
      for (const needed of row.files?.(args) ?? []) {
        if (needed.configOf !== host.name) continue;
        const head = ['steps', step.index, 'do'];
        const item = reading.places.has([...head, 0]) ? [index] : [];
        const content = reading.peek(needed.path);
        if (content === undefined) continue;
        const at = [...head, ...item, row.name, ...needed.key];
        found.push({ host, name: needed.path, bytes: content, path: at });
      }
    }
  }
  return found;
}

function readCandidate(
  candidate: Candidate,
  given: { readonly files: Map<string, Uint8Array>; readonly version: string },
  reading: Reading,
): LoadResult {
  const { files: included, version } = given;
  const { host, name, bytes } = candidate;
  const folder = name === undefined ? undefined : name.slice(0, name.lastIndexOf('/') + 1);
  const shown = name === undefined ? `${reading.file}:${KEEPALIVED_CONF}` : reading.shownPath(name);
  const onHost = new Map(host.files);
  const names = new Map<string, string>([[KEEPALIVED_CONF, shown]]);
  reading.sources.set(shown, decodeUtf8(bytes));
  const readFile = (path: string): Uint8Array | undefined => {
    if (path === KEEPALIVED_CONF) return bytes;
    const own = onHost.get(path);
    const beside =
      own === undefined && folder !== undefined && path.startsWith(CONFIG_FOLDER)
        ? folder + path.slice(CONFIG_FOLDER.length)
        : undefined;
    const content = own ?? (beside === undefined ? undefined : reading.peek(beside));
    if (content === undefined) return undefined;
    const label = beside === undefined ? `${host.name}:${path}` : reading.shownPath(beside);
    if (beside !== undefined) included.set(path, content);
    names.set(path, label);
    reading.sources.set(label, decodeUtf8(content));
    return content;
  };
  const result = loadConfig({
    path: KEEPALIVED_CONF,
    readFile,
    expandPattern: (pattern) => expand(pattern, { onHost, folder, readFile }, reading),
    hostname: host.name,
    version,
    ...(host.configId === undefined ? {} : { configId: host.configId }),
    interfaces: interfacesOf(host),
    random: { uint32: () => 0 },
  });
  return { ...result, problems: result.problems.map((one) => renamed(one, names)) };
}

/** Names of files that a pattern means, those of the host's `files` and those beside the keepalived.conf. */
function expand(
  pattern: string,
  given: {
    readonly onHost: ReadonlyMap<string, Uint8Array>;
    /** The folder of the keepalived.conf, with a slash at its end; absent when it is text in the scenario. */
    readonly folder: string | undefined;
    readonly readFile: (path: string) => Uint8Array | undefined;
  },
  reading: Reading,
): readonly string[] {
  const { onHost, folder, readFile } = given;
  const path = pattern.startsWith('/') ? pattern : CONFIG_FOLDER + pattern;
  const own = expandPattern([...onHost.keys()], path);
  const below = path.startsWith(CONFIG_FOLDER) ? path.slice(CONFIG_FOLDER.length) : undefined;
  const beside =
    below === undefined || folder === undefined
      ? []
      : expandInFolders(below, (at) => reading.list(insidePath(folder + at) ?? ''));
  const found = new Set([...own, ...beside.map((name) => CONFIG_FOLDER + name)]);
  return [...found].filter((name) => readFile(name) !== undefined);
}

function interfacesOf(host: HostSpec) {
  const cards = host.nics.map((nic, index) => ({
    name: nic.name,
    addresses: nic.addresses,
    index: index + 2,
    mtu: nic.mtu,
    loopback: false,
    multicast: true,
    up: true,
    running: true,
  }));
  const loopback = {
    name: 'lo',
    addresses: host.loopbackAddresses ?? [],
    index: 1,
    loopback: true,
    multicast: false,
    up: true,
    running: true,
  };
  return [loopback, ...cards];
}

function renamed(problem: Problem, names: ReadonlyMap<string, string>): Problem {
  return { ...problem, file: names.get(problem.file) ?? problem.file };
}

/** Two hosts may use one file: what is wrong with it is said once. */
function addProblems(problems: readonly Problem[], known: Set<string>, reading: Reading): void {
  for (const problem of problems) {
    const { file, line, column, code, message } = problem;
    const key = [file, line, column, code, message].join('\u0000');
    if (!known.has(key)) reading.problems.push(problem);
    known.add(key);
  }
}

/**
 * A check that nobody answers was not run: that is a fault of the scenario rather than of the LAN.
 */
function checkScripts(candidate: Candidate, config: DaemonConfig, reading: Reading): void {
  const answered = new Set(candidate.host.scripts.map(([name]) => name));
  for (const script of config.vrrp.scripts) {
    const command = script.arguments[0] ?? '';
    const base = command.slice(command.lastIndexOf('/') + 1);
    if ([script.name, command, base].some((name) => answered.has(name))) continue;
    if (knowsCommand(command)) continue;
    reading.report({
      code: 'scenario:unanswered-script',
      severity: 'warning',
      path: candidate.path,
      message:
        `nothing answers the vrrp_script '${script.name}' on ${candidate.host.name}: ` +
        'it counts as not run',
      hint: `write scripts: { ${script.name}: { exit: 0 } } under the host`,
    });
  }
}

/**
 * keepalived leaves out a notification script that is not on its host, with one line in the journal. Of folders that hold
 * commands a virtual host knows what is there; scripts elsewhere are taken to be there.
 */
function checkNotifyScripts(candidate: Candidate, config: DaemonConfig, reading: Reading): void {
  const { host } = candidate;
  const known = new Set([
    ...host.scripts.map(([name]) => name),
    ...host.files.map(([path]) => path),
  ]);
  const commands = [...config.vrrp.instances, ...config.vrrp.syncGroups]
    .flatMap((one) => Object.values(one.notify) as readonly (NotifyScript | undefined)[])
    .map((script) => script?.arguments[0] ?? '');
  for (const command of new Set(commands)) {
    const slash = command.lastIndexOf('/');
    const base = command.slice(slash + 1);
    if (!SYSTEM_FOLDERS.includes(command.slice(0, slash))) continue;
    if (known.has(command) || known.has(base) || knowsCommand(base)) continue;
    reading.report({
      code: 'scenario:unanswered-script',
      severity: 'warning',
      path: candidate.path,
      message: `${command} is not on ${host.name}: keepalived leaves the notification out`,
      hint: `write scripts: { ${base}: { exit: 0 } } under the host`,
    });
  }
}

function collect(
  config: DaemonConfig,
  facts: {
    readonly vrids: Set<number>;
    readonly instances: Set<string>;
    readonly addresses: Set<IpAddress>;
  },
): void {
  for (const instance of config.vrrp.instances) {
    facts.vrids.add(instance.vrid);
    facts.instances.add(instance.name);
    for (const one of [...instance.addresses, ...instance.excludedAddresses]) {
      facts.addresses.add(one.address);
    }
  }
  for (const one of config.vrrp.staticAddresses) facts.addresses.add(one.address);
}
