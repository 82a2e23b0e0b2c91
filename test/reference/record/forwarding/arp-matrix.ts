/**
 * Records who answers ARP for the VIP (`../../ipvs/lvs-dr-arp`) with other settings than the given file has: addresses on `lo` and on
 * the card, `arp_ignore` and `arp_announce` on `all`, on the card, on `lo` and on `default`.
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameFacts } from '../../forwarding/frame-facts.ts';
import { roleOf } from '../../forwarding/recorded-lan.ts';
import { type ForwardingLab, VIP } from './lab.ts';
import { CardEar, PosixSocket, wallClockUs } from './sockets.ts';

/** Two a server, so that each has its turn twice. */
const TRIES = 4;
const SERVERS = ['rs1', 'rs2'] as const;
const SCOPES = ['all', 'default', 'eth0', 'lo', 'dummy0'] as const;

interface Setting {
  readonly name: string;
  readonly vip_on: readonly [string, string, string | null] | null;
  readonly sysctl: Readonly<Record<string, number>>;
}

const setting = (vipOn: Setting['vip_on'], sysctl: Readonly<Record<string, number>>): Setting => ({
  name: `VIP on ${vipOn?.slice(0, 2).join('/')}${vipOn?.[2] ? ` scope ${vipOn[2]}` : ''}, ${Object.entries(
    sysctl,
  )
    .map((each) => each.join('='))
    .join(' ')}`,
  vip_on: vipOn,
  sysctl,
});

/** What is recorded. */
const SETTINGS: readonly Setting[] = [
  ...[3, 4, 5, 6, 7, 8].map((ignore) =>
    setting(['lo', '32', null], { 'all.arp_ignore': ignore, 'all.arp_announce': 1 }),
  ),
  ...[1, 2, 3].map((ignore) => setting(['lo', '32', 'link'], { 'all.arp_ignore': ignore })),
  setting(['lo', '32', 'host'], { 'all.arp_ignore': 3, 'all.arp_announce': 0 }),
  setting(['eth0', '32', 'host'], { 'all.arp_ignore': 3, 'all.arp_announce': 2 }),
  setting(['eth0', '32', 'link'], { 'all.arp_ignore': 3, 'all.arp_announce': 0 }),
  ...[3, 8].flatMap((ignore) =>
    [0, 1].map((announce) =>
      setting(['eth0', '32', null], { 'all.arp_ignore': ignore, 'all.arp_announce': announce }),
    ),
  ),
  setting(['eth0', '24', null], { 'all.arp_ignore': 1, 'all.arp_announce': 0 }),
  setting(['eth0', '24', null], { 'all.arp_ignore': 2, 'all.arp_announce': 1 }),
  setting(['lo', '24', null], { 'all.arp_ignore': 2, 'all.arp_announce': 0 }),
  setting(['lo', '24', null], { 'all.arp_ignore': 0, 'all.arp_announce': 1 }),
  setting(['lo', '32', null], { 'default.arp_ignore': 1, 'default.arp_announce': 2 }),
  setting(['lo', '32', null], { 'eth0.arp_ignore': 1, 'lo.arp_announce': 2 }),
  setting(['lo', '32', null], { 'eth0.arp_ignore': 2, 'all.arp_announce': 2 }),
  setting(['lo', '32', null], { 'all.arp_ignore': 1, 'eth0.arp_announce': 2 }),
  setting(['lo', '32', null], { 'all.arp_ignore': 1, 'eth0.arp_ignore': 3, 'all.arp_announce': 2 }),
  setting(['lo', '32', null], { 'all.arp_ignore': 3, 'eth0.arp_ignore': 1, 'all.arp_announce': 1 }),
  setting(['lo', '32', null], {
    'all.arp_ignore': 1,
    'all.arp_announce': 1,
    'eth0.arp_announce': 2,
  }),
  setting(['eth0', '32', null], { 'eth0.arp_ignore': 1, 'eth0.arp_announce': 1 }),
  setting(['lo', '32', null], { 'eth0.arp_ignore': 8 }),
  ...[0, 1, 2, 3, 8].flatMap((ignore) =>
    [0, 2].map((announce) =>
      setting(['dummy0', '32', null], { 'all.arp_ignore': ignore, 'all.arp_announce': announce }),
    ),
  ),
  setting(['dummy0', '32', null], { 'dummy0.arp_ignore': 1, 'dummy0.arp_announce': 2 }),
  setting(['dummy0', '32', null], { 'eth0.arp_ignore': 1, 'eth0.arp_announce': 2 }),
];

/** Records all settings into a file. */
export async function recordArpMatrix(lab: ForwardingLab, file: string): Promise<void> {
  lab.run('director', `ipvsadm -A -t ${VIP}:80 -s rr`);
  const listeners = new Map<string, PosixSocket>();
  for (const [index, server] of SERVERS.entries()) {
    lab.run('director', `ipvsadm -a -t ${VIP}:80 -r 10.10.0.1${index + 1}:80 -g`);
    const listener = lab.inside(server, () => PosixSocket.bound('tcp', '0.0.0.0', 80));
    listener.listen();
    listeners.set(server, listener);
  }
  const ear = lab.inside('client', () => new CardEar('eth0'));
  const configurations = [];
  let port = 50_000;
  for (const one of SETTINGS) {
    prepare(lab, one);
    const tries = [];
    for (let index = 1; index <= TRIES; index++)
      tries.push(await once(lab, ear, listeners, index, port++));
    configurations.push(summary(one, tries));
    write(file, configurations);
    console.log(`${one.name}: recorded`);
  }
  ear.close();
}

/** Behind every setting, so that what was recorded stays when time runs out. */
function write(file: string, configurations: readonly unknown[]): void {
  const note = `${TRIES} tries each, all machines in one guest; else as arp-matrix.json`;
  const text = JSON.stringify({ note, configurations }, undefined, 1);
  // One frame a line, as in the given file.
  const lines = text.replaceAll(
    /\{\n\s+("ms"[^}]*?)\n\s+\}/g,
    (_, inner: string) => `{ ${inner.replaceAll(/\n\s+/g, ' ')} }`,
  );
  writeFileSync(file, `${lines}\n`);
}

function prepare(lab: ForwardingLab, one: Setting): void {
  for (const server of SERVERS) {
    // A card of its own for the address, as many do it; it is there all the time.
    ip(server, ['link add dummy0 type dummy', 'link set dummy0 up'], true);
    const batch = ['lo', 'eth0', 'dummy0'].flatMap((card) =>
      ['24', '32'].map((length) => `address del ${VIP}/${length} dev ${card}`),
    );
    ip(server, batch, true);
    for (const scope of SCOPES) {
      for (const name of ['arp_ignore', 'arp_announce']) {
        lab.set(server, `net.ipv4.conf.${scope}.${name}`, 0);
      }
    }
    for (const [name, value] of Object.entries(one.sysctl)) {
      lab.set(server, `net.ipv4.conf.${name}`, value);
    }
    if (one.vip_on !== null) {
      const [card, length, scope] = one.vip_on;
      ip(server, [
        `address add ${VIP}/${length} dev ${card}${scope === null ? '' : ` scope ${scope}`}`,
      ]);
    }
  }
}

function ip(machine: string, lines: readonly string[], isForced = false): string {
  const words = ['-n', machine, ...(isForced ? ['-force'] : []), '-batch', '-'];
  try {
    return execFileSync('ip', words, {
      input: `${lines.join('\n')}\n`,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } catch (error) {
    if (isForced) return '';
    throw error;
  }
}

interface Try {
  readonly try_: number;
  readonly arp: readonly ArpSeen[];
  readonly vip_mac_then: string;
  readonly connect: string;
  readonly served_by: string | null;
  readonly via_director: boolean;
  readonly arp_during_connect: readonly ArpSeen[];
  readonly vip_mac_after_connect: string;
}

interface ArpSeen {
  readonly ms: number;
  readonly op: string;
  readonly mac: string;
  readonly sender_ip: string;
  readonly target_ip: string;
}

async function once(
  lab: ForwardingLab,
  ear: CardEar,
  listeners: ReadonlyMap<string, PosixSocket>,
  index: number,
  port: number,
): Promise<Try> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  // Entries of earlier tries run out in between: the own port tells.
  const hasEntry = () => lab.run('director', 'cat /proc/net/ip_vs_conn').includes(` ${hex} `);
  for (const machine of ['director', ...SERVERS, 'client']) ip(machine, ['neigh flush all']);
  ear.drain();
  const begun = wallClockUs();
  const udp = lab.inside('client', () => PosixSocket.bound('udp', '10.10.0.1', port));
  udp.send('arp?', [VIP, 9]);
  await sleep(250);
  const arp = seen(ear, begun);
  const then = kept();
  const tcp = lab.inside('client', () => PosixSocket.bound('tcp', '10.10.0.1', port));
  const connecting = wallClockUs();
  tcp.connect(VIP, 80);
  for (let waited = 0; waited < 700 && tcp.connected() === undefined; waited++) await sleep(2);
  await sleep(30);
  const connect = tcp.connected() ?? 'pending';
  let server: string | null = null;
  for (const [name, listener] of listeners) {
    const accepted = listener.accept();
    if (accepted === undefined) continue;
    server = name;
    accepted.abort();
  }
  const during = seen(ear, connecting);
  const after = kept();
  tcp.abort();
  udp.close();
  return {
    try_: index,
    arp,
    vip_mac_then: then,
    connect: connect === 'ok' ? 'connected' : connect,
    served_by: server,
    via_director: hasEntry(),
    arp_during_connect: during,
    vip_mac_after_connect: after,
  };
}

/** ARP frames that the client has heard. */
function seen(ear: CardEar, begun: number): ArpSeen[] {
  return ear.drain().flatMap(({ timeUs, bytes }) => {
    const facts = frameFacts(bytes);
    if (facts?.kind !== 'arp' || facts.source === '02:00:00:00:0a:01') return [];
    return {
      ms: Math.round(timeUs - begun) / 1000,
      op: facts.isRequest ? 'request' : 'reply',
      mac: nameOf(facts.source),
      sender_ip: facts.sender,
      target_ip: facts.target,
    };
  });
}

const nameOf = (mac: string) => roleOf(mac).replace(/-\d$/, '');

/** What the client keeps for the VIP. */
function kept(): string {
  const text = execFileSync('ip', ['-n', 'client', 'neigh', 'show', VIP], { encoding: 'utf8' });
  const match = /lladdr (\S+) .*?([A-Z]+)\s*$/.exec(text.trim());
  return match === null ? 'nobody' : `${nameOf(match[1] ?? '')} ${match[2]}`;
}

function summary({ name, vip_on, sysctl }: Setting, tries: readonly Try[]) {
  const count = (words: readonly string[]) => {
    const counts: Record<string, number> = {};
    for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
    return counts;
  };
  const replies = tries.map(({ arp }) =>
    arp.filter(({ op, sender_ip }) => op === 'reply' && sender_ip === VIP),
  );
  const asked = tries.flatMap(({ arp, arp_during_connect }) =>
    [...arp, ...arp_during_connect].filter(
      ({ op, sender_ip }) => op === 'request' && sender_ip === VIP,
    ),
  );
  const first = (text: string) => text.split(' ')[0] ?? '';
  return {
    name,
    kind: 'namespaces',
    vip_on,
    sysctl,
    replies: count(replies.flat().map(({ mac }) => mac)),
    first_reply: count(replies.flatMap((list) => list[0]?.mac ?? [])),
    requests_with_vip_as_sender: count(asked.map(({ mac }) => mac)),
    cache_before: count(tries.map((one) => first(one.vip_mac_then))),
    cache_after: count(tries.map((one) => first(one.vip_mac_after_connect))),
    outcome: count(
      tries.map(({ via_director, served_by }) =>
        via_director
          ? `through director -> ${served_by ?? 'None'}`
          : `stolen by ${served_by ?? 'None'}`,
      ),
    ),
    tries,
  };
}
