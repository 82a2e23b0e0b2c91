/**
 * Recordings like `lvs-dr-arp/arp-matrix.json`: a director with the VIP, real servers that have it too, a client that
 * asks. Every configuration is built as a LAN, and every try done as it was recorded: all ARP caches are flushed, a
 * datagram makes the client ask for the VIP, then it connects. Who answers, whose address the client keeps before and
 * after the connect, which server asks with the VIP as its sender, and where the connection goes must be equal.
 *
 * Who is first where several answer is a race of machines (the recorded namespaces were faster than the guest); the
 * cables are as long as the recorded order says, and where a race went both ways its usual outcome is asked for.
 */

import { readFileSync } from 'node:fs';
import { seconds, type TimeUs } from '../../daemon/base/time.ts';
import { ARP_REQUEST, decodeArp } from '../../daemon/wire/arp.ts';
import { ETHERTYPE_ARP, readEtherType, readSourceMac } from '../../daemon/wire/ethernet.ts';
import { formatIp, parseIp } from '../../daemon/wire/ip-address.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import { type ScenarioRun, startRun } from '../../sim/scenario/run.ts';
import { loadText } from '../sim/scenario/load-text.ts';

const VIP = '10.10.0.100';
/** Two tries a server, so that each server of `rr` has its turn, twice. */
const TRIES = 4;

interface Counts {
  readonly [name: string]: number;
}

/** A configuration of the real servers, and what came of it in all tries. */
export interface Configuration {
  readonly name: string;
  readonly vip_on: readonly [string, string, string | null] | null;
  readonly sysctl: Counts;
  readonly replies: Counts;
  readonly first_reply: Counts;
  readonly requests_with_vip_as_sender: Counts;
  readonly cache_before: Counts;
  readonly cache_after: Counts;
  readonly outcome: Counts;
  readonly tries: readonly {
    readonly vip_mac_after_connect: string;
    readonly arp: readonly { readonly ms: number; readonly op: string; readonly mac: string }[];
  }[];
}

/** Whether a file is such a recording. */
export function isArpMatrix(path: string): boolean {
  return (
    path.endsWith('.json') && readFileSync(path, 'utf8').includes('"requests_with_vip_as_sender"')
  );
}

/** The configurations of a file. */
export function readArpMatrix(path: string): readonly Configuration[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { configurations: Configuration[] })
    .configurations;
}

/** What differs between a file and the twin. */
export function arpMatrixDifferences(path: string): string[] {
  return readArpMatrix(path).flatMap((configuration) =>
    configurationDifferences(configuration).map((text) => `${configuration.name}: ${text}`),
  );
}

/** What differs between a configuration and its LAN in the twin. */
export function configurationDifferences(configuration: Configuration): string[] {
  const servers = configuration.name.startsWith('rs3') ? ['rs3'] : ['rs1', 'rs2'];
  const tries = replay(configuration, servers);
  const told = (pick: (one: Try) => string) => distinct(tries.map(pick));
  const quarter = configuration.tries.length / 4;
  const differences: string[] = [];
  const compare = (what: string, ours: readonly string[], theirs: readonly string[]) => {
    if (ours.join() !== theirs.join()) {
      differences.push(`${what} ${ours.join(', ')}, recorded ${theirs.join(', ')}`);
    }
  };
  compare(
    'answered by',
    told((one) => distinct(one.repliers).join(' ')),
    [distinct(Object.keys(configuration.replies)).join(' ')],
  );
  compare(
    'first',
    told((one) => one.repliers[0] ?? 'nobody'),
    [usual(configuration.first_reply)],
  );
  compare(
    'kept',
    told((one) => one.before),
    [usual(configuration.cache_before)],
  );
  compare(
    'VIP as sender',
    distinct(tries.flatMap((one) => one.bearVip)),
    distinct(Object.keys(configuration.requests_with_vip_as_sender)),
  );
  compare(
    'kept behind the connection',
    told((one) => one.after.split(' ')[0] ?? ''),
    often(configuration.cache_after, quarter),
  );
  compare(
    'outcome',
    told((one) => one.outcome),
    often(configuration.outcome, quarter),
  );
  const recordedAfter = configuration.tries.map((one) => one.vip_mac_after_connect);
  const strange = tries.filter(({ after }) => !recordedAfter.includes(after));
  compare(
    'kept at the end',
    strange.map(({ after }) => after),
    [],
  );
  return differences;
}

interface Try {
  /** Who answered the client's question, the first first. */
  readonly repliers: string[];
  /** Who sent a request that bears the VIP as its sender. */
  readonly bearVip: string[];
  before: string;
  after: string;
  outcome: string;
}

function replay(configuration: Configuration, servers: readonly string[]): readonly Try[] {
  const run = startRun(scenarioOf(configuration, servers));
  run.advanceTo(seconds(1) as number as TimeUs);
  for (const server of servers) placeVip(run, server, configuration.vip_on);
  const add = servers.map((one) => `ipvsadm -a -t ${VIP}:80 -r ${addressOf(one)}:80 -g`);
  for (const line of [`ipvsadm -A -t ${VIP}:80 -s rr`, ...add]) exec(run, 'director', line);
  const names = new Map(['director', ...servers].map((name) => [macOf(run, name), name] as const));
  return Array.from({ length: TRIES }, (_, index) => once(run, names, 2 + 10 * index));
}

function scenarioOf(configuration: Configuration, servers: readonly string[]) {
  const sysctl = Object.entries(configuration.sysctl).map(
    ([name, value]) => `net.ipv4.conf.${name}: ${value}`,
  );
  const hosts = servers.map(
    (name) => `
    ${name}:
      nics: { eth0: ${addressOf(name)}/24 }
      sysctl: { ${sysctl.join(', ')} }
      programs: [{ http: { body: ${name} } }]`,
  );
  const delays = delaysOf(configuration);
  const cables = ['director', 'client', ...servers].map(
    (name, index) =>
      `    - { endpoints: [${name}:eth0, sw1:${index + 1}], delay: ${delays.get(name) ?? 10}us }`,
  );
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    director:
      nics: { eth0: 10.10.0.254/24 }
      addresses: { eth0: ${VIP}/32 }
      sysctl: { net.ipv4.ip_forward: 1 }
    client: { nics: { eth0: 10.10.0.1/24 } }${hosts.join('')}
  cables:
${cables.join('\n')}
`);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  return scenario;
}

/** Cables as long as the machines were slow to answer; rs2 was quicker than rs1, and the director was a guest. */
function delaysOf({ tries, first_reply }: Configuration): ReadonlyMap<string, number> {
  const answers = new Map<string, number[]>();
  for (const { mac, ms, op } of tries.flatMap(({ arp }) => arp)) {
    if (op === 'reply') answers.set(mac, [...(answers.get(mac) ?? []), ms]);
  }
  const middle = (list: readonly number[]) =>
    [...list].sort((one, other) => one - other)[Math.floor(list.length / 2)] ?? 0;
  const first = usual(first_reply);
  const order = [...answers]
    .sort(([a, one], [b, other]) =>
      a === first ? -1 : b === first ? 1 : middle(one) - middle(other),
    )
    .map(([name]) => name);
  const usualDelays = new Map([
    ['rs1', 15],
    ['director', 60],
  ]);
  if (order.length < 2) return usualDelays;
  return new Map(order.map((name, index) => [name, 10 + 20 * index]));
}

function addressOf(server: string): string {
  return `10.10.0.1${server.slice(2)}`;
}

function placeVip(run: ScenarioRun, server: string, place: Configuration['vip_on']): void {
  if (place === null) return;
  const [link, length, scope] = place;
  if (link.startsWith('dummy')) {
    exec(run, server, `ip link add ${link} type dummy`);
    exec(run, server, `ip link set ${link} up`);
  }
  exec(
    run,
    server,
    `ip address add ${VIP}/${length} dev ${link}${scope === null ? '' : ` scope ${scope}`}`,
  );
}

function once(run: ScenarioRun, names: ReadonlyMap<string, string>, at: number): Try {
  const result: Try = { repliers: [], bearVip: [], before: '', after: '', outcome: '' };
  const client = kernelOf(run, 'client');
  const vip = parseIp(VIP);
  if (vip === undefined) throw new Error(VIP);
  const ear = client.openPacket({
    link: 'eth0',
    promiscuous: true,
    onFrame: (frame, _link, direction) => {
      if (direction === 'in') noteArp(frame, names, result);
    },
  });
  run.advanceTo((at * 1e6) as TimeUs);
  for (const host of run.lan.hosts.values()) host.kernel?.flushNeighbours();
  const socket = client.openUdp({ family: 'inet', onDatagram: () => undefined });
  if (typeof socket === 'string') throw new Error(socket);
  socket.send(new Uint8Array(4), vip, 9);
  run.advanceTo(((at + 1.5) * 1e6) as TimeUs);
  result.before = cached(run, names).split(' ')[0] ?? '';
  const entries = kernelOf(run, 'director').ipvs.connections().length;
  const host = run.lan.hosts.get('client');
  host?.exec(`curl -s --max-time 3 http://${VIP}/`, ({ stdout }) => {
    result.after = cached(run, names);
    const went = kernelOf(run, 'director').ipvs.connections().length > entries;
    const served = stdout.trim() === '' ? 'None' : stdout.trim();
    result.outcome = went ? `through director -> ${served}` : `stolen by ${served}`;
  });
  run.advanceTo(((at + 9) * 1e6) as TimeUs);
  ear.close();
  socket.close();
  return result;
}

function noteArp(frame: Uint8Array, names: ReadonlyMap<string, string>, result: Try): void {
  if (readEtherType(frame) !== ETHERTYPE_ARP) return;
  const arp = decodeArp(frame, 14, frame.length);
  if (typeof arp === 'string' || formatIp(arp.senderProtocolAddress) !== VIP) return;
  const who = names.get(formatMac(readSourceMac(frame))) ?? 'a stranger';
  if (arp.operation === ARP_REQUEST) result.bearVip.push(who);
  else if (result.before === '') result.repliers.push(who);
}

function cached(run: ScenarioRun, names: ReadonlyMap<string, string>): string {
  const entry = kernelOf(run, 'client')
    .neighbours()
    .find((one) => formatIp(one.address) === VIP);
  if (entry?.mac === undefined) return 'nobody';
  return `${names.get(formatMac(entry.mac)) ?? 'a stranger'} ${entry.state}`;
}

function kernelOf(run: ScenarioRun, name: string) {
  const kernel = run.lan.hosts.get(name)?.kernel;
  if (kernel === undefined) throw new Error(`${name} does not run`);
  return kernel;
}

function macOf(run: ScenarioRun, name: string): string {
  const mac = kernelOf(run, name).link('eth0')?.mac;
  if (mac === undefined) throw new Error(`${name} has no eth0`);
  return formatMac(mac);
}

function exec(run: ScenarioRun, name: string, line: string): void {
  run.lan.hosts.get(name)?.exec(line, ({ exitCode, stderr }) => {
    if (exitCode !== 0) throw new Error(`${line}: ${stderr}`);
  });
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].sort((a, b) => (a < b ? -1 : 1));
}

/** What happened in most tries. */
function usual(counts: Counts): string {
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return sorted[0]?.[0] ?? 'nobody';
}

/** What happened in a quarter of the tries or more: not the rare outcome of a race. */
function often(counts: Counts, quarter: number): string[] {
  return distinct(
    Object.entries(counts)
      .filter(([, count]) => count >= quarter)
      .map(([name]) => name),
  );
}
