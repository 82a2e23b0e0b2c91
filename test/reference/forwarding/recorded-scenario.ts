/** The scenario of a recording's LAN: a switch a network, the machines with their cards, addresses, settings and routes. */

import { loadText } from '../../sim/scenario/load-text.ts';
import type { Play } from './play-recording.ts';
import { networkOf, type RecordedMachine, sentBy } from './recorded-lan.ts';

/** The least time that the twin's wheel rounds to more than 1.04 s. */
const GUEST_SECOND_MS = 1028;

/** Writes and loads it. Fails: when the scenario is refused. */
export function scenarioOf(play: Play) {
  const networks = new Set(play.machines.flatMap(({ cards }) => cards.map((card) => card.network)));
  const hosts = play.machines.map((machine) => hostText(play, machine, networks));
  const cables = play.machines.flatMap((machine) =>
    machine.cards.map(
      (card, index) =>
        `    - { endpoints: [${machine.name}:eth${index}, net${card.network}:${machine.name}], delay: ${delayOf(play, machine)}us }`,
    ),
  );
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { ${[...networks].map((number) => `net${number}: {}`).join(', ')} }
  hosts:
${hosts.join('\n')}
  cables:
${cables.join('\n')}
`);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  // The recorded machines were namespaces of one kernel: their timers run in the same ticks.
  const isGuest = (name: string) => /^director/.test(name);
  const inOneKernel = scenario.lan.hosts.map((host) =>
    isGuest(host.name) ? host : { ...host, tickPhaseUs: 0 },
  );
  return { ...scenario, lan: { ...scenario.lan, hosts: inOneKernel } };
}

function hostText(play: Play, machine: RecordedMachine, networks: ReadonlySet<number>): string {
  const { name, role, cards } = machine;
  const nics = cards.map(
    ({ mac: own, network, addresses }, index) =>
      `eth${index}: { mac: "${own}", address: [${addresses
        .map((address) => `${address.startsWith(networkOf(network)) ? address : addresses[0]}/24`)
        .join(', ')}] }`,
  );
  const isFirst = role === 'director' && name !== 'director2';
  const vipOn = isFirst ? [`eth0: ${play.vip}/32`] : [];
  const network = cards[0]?.network ?? 1;
  if (role === 'server' && network !== 2) {
    vipOn.push(`lo: ${play.vip}/32`);
    if (network === 3) vipOn.push(`tunl0: ${play.vip}/32`);
  }
  const sysctl = ['net.ipv6.conf.all.disable_ipv6: 1'];
  if (role === 'director' && play.isNewClient) {
    // A guest with HZ=100 beside a newer host: its timer wheel makes 1.04 s of a second, where HZ=250 makes 1.024 s.
    for (const index of cards.keys()) {
      sysctl.push(`net.ipv4.neigh.eth${index}.retrans_time_ms: ${GUEST_SECOND_MS}`);
    }
  }
  if (role === 'client' && play.isNewClient) sysctl.push('net.ipv4.tcp_syn_linear_timeouts: 4');
  if (role === 'director' || role === 'router') {
    sysctl.push('net.ipv4.ip_forward: 1');
    sysctl.push('net.ipv4.conf.all.send_redirects: 0', 'net.ipv4.conf.eth0.send_redirects: 0');
  } else if (role === 'server') {
    sysctl.push('net.ipv4.conf.all.arp_ignore: 1', 'net.ipv4.conf.all.arp_announce: 2');
    sysctl.push('net.ipv4.conf.all.rp_filter: 0', 'net.ipv4.conf.tunl0.rp_filter: 0');
  }
  const routes: string[] = [];
  if (role === 'director' && networks.has(3)) routes.push('{ to: 10.30.0.0/24, via: 10.10.0.253 }');
  if (role === 'client' && network === 1) {
    if (networks.has(2)) routes.push('{ to: 10.20.0.0/24, via: 10.10.0.254 }');
    if (networks.has(3)) routes.push('{ to: 10.30.0.0/24, via: 10.10.0.253 }');
  } else if (cards.length === 1 && network === 2) routes.push('{ to: default, via: 10.20.0.254 }');
  else if (cards.length === 1 && network === 3) routes.push('{ to: default, via: 10.30.0.253 }');
  else if (role === 'server' && networks.has(3)) {
    routes.push('{ to: 10.30.0.0/24, via: 10.10.0.253 }');
  }
  const addresses = vipOn.length === 0 ? '' : `, addresses: { ${vipOn.join(', ')} }`;
  return `    ${name}: { nics: { ${nics.join(', ')} }, sysctl: { ${sysctl.join(', ')} }, routes: [${routes.join(', ')}]${addresses} }`;
}

/** Cables are as long as the recorded machines were slow: half the time from a frame to its forwarding. */
function delayOf({ frames }: Play, machine: RecordedMachine): number {
  if (machine.role !== 'director') return 5;
  const macs = new Set(machine.cards.map((card) => card.mac));
  const sent = machine.cards.flatMap((card) => sentBy(frames, card));
  const waits = sent.flatMap(({ at, facts }) => {
    if (facts.kind !== 'ip') return [];
    const came = frames.find(
      (each) =>
        each.at < at &&
        at - each.at < 0.002 &&
        each.facts.kind === 'ip' &&
        macs.has(each.facts.destination) &&
        each.facts.ip.id === facts.ip.id,
    );
    return came === undefined ? [] : [(at - came.at) * 1e6];
  });
  const middle = waits.sort((one, other) => one - other)[Math.floor(waits.length / 2)] ?? 20;
  return Math.max(5, Math.round(middle / 2));
}
