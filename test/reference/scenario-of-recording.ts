/** A recording as a scenario file: the laboratory's LAN and what was done in it, as a user would write it down. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedEvent } from './recording.ts';

/** Where the recordings lie. */
export const TRACES = join(import.meta.dirname, 'traces');
/** Those that were made for this project. */
export const OWN_TRACES = join(import.meta.dirname, 'traces-own');

/** How long the laboratory stood before a recording began, s: long enough for IPv6 to settle. */
const LEAD = 10;

interface Plan {
  readonly title: string;
  readonly nodes: readonly string[];
  readonly lans: number;
  readonly ipv6: boolean;
  readonly ping: { readonly to: string };
  readonly end: number;
  readonly events: readonly RecordedEvent[];
}

/** The text of the scenario; its configuration files lie in the recording's folder. */
export function scenarioOfRecording(id: string, traces = TRACES): string {
  const folder = join(traces, id);
  const plan = JSON.parse(readFileSync(join(folder, 'events.json'), 'utf8')) as Plan;
  const nodes = plan.nodes.map((node) => {
    const config = `{ config: ${node}.conf, enabled: false }`;
    const scripts = scriptsOf(readFileSync(join(folder, `${node}.conf`), 'utf8'));
    const number = 10 + Number(node.slice(1));
    return `    ${node}: { ${machine(plan, number)}, keepalived: ${config}${scripts} }`;
  });
  const names = [...plan.nodes, 'client'];
  const lans = Array.from({ length: plan.lans }, (_, index) => index);
  return [
    `name: ${JSON.stringify(plan.title === '' ? id : plan.title)}`,
    'jitter: none',
    'lan:',
    `  switches: { ${lans.map((lan) => `br${lan}: {}`).join(', ')} }`,
    '  hosts:',
    ...nodes,
    `    client: { ${machine(plan, 50)} }`,
    '  cables:',
    ...names.flatMap((name) => lans.map((lan) => `    - [${name}:eth${lan}, br${lan}:${name}]`)),
    'traffic:',
    `  pings: { ping: '${plan.ping.to}', from: client, every: 50ms, start: ${LEAD}s }`,
    'steps:',
    ...plan.events.flatMap((deed) => {
      if (isParentKill(plan, deed)) return [];
      return [`  - { at: ${momentOf(deed)}us, do: ${wordsOf(deed)} }`];
    }),
    `until: ${Math.ceil(plan.end + LEAD)}s`,
    '',
  ].join('\n');
}

function machine(plan: Plan, number: number): string {
  const nics = Array.from({ length: plan.lans }, (_, lan) => {
    const net = lan === 0 ? 100 : 200;
    const addresses = [`192.168.${net}.${number}/24`];
    if (plan.ipv6) addresses.push(`'fd00:${net}::${number}/64'`);
    return `eth${lan}: { mac: '02:00:00:00:0${lan}:${number}', address: [${addresses.join(', ')}] }`;
  });
  const sysctl = plan.ipv6 ? '' : ', sysctl: { net.ipv6.conf.all.disable_ipv6: 1 }';
  return `nics: { ${nics.join(', ')} }${sysctl}`;
}

/** Scripts succeed until a step says otherwise. */
function scriptsOf(config: string): string {
  const names = [...config.matchAll(/^\s*vrrp_script\s+(\w+)/gm)].map((found) => found[1]);
  if (names.length === 0) return '';
  return `, scripts: { ${names.map((name) => `${name}: { exit: 0, after: 1ms }`).join(', ')} }`;
}

/** A daemon is two processes; a second KILL shortly after is for the child, which is the one that speaks VRRP. */
function isParentKill(plan: Plan, deed: RecordedEvent): boolean {
  if (deed.signal !== 'KILL') return false;
  return plan.events.some(
    ({ signal, node, at }) =>
      signal === 'KILL' && node === deed.node && at > deed.at && at < deed.at + 0.1,
  );
}

function momentOf(deed: RecordedEvent): number {
  const at = deed.do === 'start' ? (deed.ready ?? deed.at) : deed.at;
  return Math.round((at + LEAD) * 1_000_000);
}

function wordsOf(deed: RecordedEvent): string {
  const { node } = deed;
  const nic = deed.nic ?? 'eth0';
  const port = `br${nic.replace(/^\D+/, '')}:${node}`;
  switch (deed.do) {
    case 'start':
      return `{ start: ${node} }`;
    case 'signal':
      return signalWords(deed);
    case 'carrier':
      return `{ ${deed.up === true ? 'replug' : 'unplug'}: ${node}:${nic} }`;
    case 'admin': {
      const command = `ip link set ${nic} ${deed.up === true ? 'up' : 'down'}`;
      return `{ exec: { host: ${node}, command: ${command} } }`;
    }
    case 'port-detach':
      return `{ mute: ${node}:${nic} }`;
    case 'port-attach':
      return `{ unmute: ${node}:${nic} }`;
    case 'port-block':
    case 'port-forward':
      return `{ ${deed.do}: ${port} }`;
    case 'mcast-flood':
      return `{ mcast-filter: { port: ${port}, on: ${deed.on !== true} } }`;
    case 'script':
      return `{ script: { host: ${node}, script: ${deed.script}, exit: ${deed.exit ?? 0} } }`;
    case 'file': {
      const command = `echo ${deed.text} > /run/FLAG-${deed.file}-${deed.node}`;
      return `{ exec: { host: ${node}, command: '${command}' } }`;
    }
    case 'address-del':
      return `{ address-del: { host: ${node}, nic: ${nic}, address: '${deed.address}' } }`;
    case 'neigh-flush':
      return `{ exec: { host: ${node}, command: ip neigh flush all } }`;
    default:
      throw new Error(`no scenario has a word for ${deed.do}`);
  }
}

function signalWords({ node, signal, config }: RecordedEvent): string {
  switch (signal) {
    case 'KILL':
      return `{ kill: ${node} }`;
    case 'TERM':
      return `{ stop: ${node} }`;
    case 'HUP':
      return config === undefined
        ? `{ reload: ${node} }`
        : `{ reload: { host: ${node}, file: ${config} } }`;
    case 'STOP':
    case 'CONT': {
      const word = signal === 'STOP' ? 'freeze' : 'resume';
      return `{ ${word}: { host: ${node}, program: keepalived } }`;
    }
    default:
      throw new Error(`no scenario has a word for the signal ${signal}`);
  }
}
