/**
 * What was set on the directors, read out of a recording: lists of `ipvsadm -Ln` and lines of `ipvsadm -Lnc` in the text, the
 * settings in its name and words, and, where nothing is listed, what the director did with the first segments.
 *
 * Two things stand in no recording and are taken from what followed: the order in which servers were added (`-L` sorts
 * them; the kernel's list begins with the last one, which `rr` picks first), and the port of a service that refused everything.
 */

import type { ForwardingRecording, ToldLine } from './forwarding-recording.ts';
import type { IpFacts } from './frame-facts.ts';
import { type ReadFrame, roleOf } from './recorded-lan.ts';

/** A real server as `ipvsadm -a` takes it. */
interface ServerWords {
  readonly address: string;
  readonly words: string;
}

/** A service with its servers, in the order in which they are added. */
export interface ServiceWords {
  /** `-t 10.10.0.100:80` */
  readonly key: string;
  readonly words: string;
  servers: ServerWords[];
}

/** A command of the director's shell, seconds from the start. */
export interface TimedCommand {
  readonly at: number;
  readonly line: string;
}

const METHODS: Readonly<Record<string, string>> = { Route: '-g', Masq: '-m', Tunnel: '-i' };
/** Settings of IPVS and of ICMP that names and lines tell: `expire_nodest_conn-1`, `sloppy_tcp=1`. */
const SETTING =
  /(?:^|[\s(._-])((?:am|expire|sloppy|conn|sync|pmtu|nat|drop|secure|schedule|ignore|run|est)_\w*?[a-z]|icmp_ratelimit|icmp_msgs_per_sec)(?:-|=|\s)(\d+)/g;
/** `weight 0`, `weight of 10.10.0.12 set to 3`. */
const WEIGHT =
  /weight(?:\s+of\s+\S+)?\s*(?:is|now|set|changed|=|:|->)?\s*(?:now|to)?\s*(\d+)(?![.\d])/;
/** How long before its line a command took effect: the guest prints afterwards. */
const COMMAND_LEAD_S = 0.0003;

/** Typed word by word: a server or service that takes nothing any more. */
const TAKEN_AWAY = /^ipvsadm -(?:[ae] .* -w 0$|[dD] )/;

/** Services before the first frame. */
export function servicesOf(
  recording: ForwardingRecording,
  frames: readonly ReadFrame[],
  vip: string,
) {
  const list = recording.lines.map(listOf).find((lines) => lines.length > 0) ?? [];
  const services = list.length > 0 ? readList(list, frames) : guessed(recording, frames, vip);
  const picked = pickedOrder(recording, frames);
  const rank = (address: string) => {
    const place = picked.indexOf(address);
    return place < 0 ? picked.length : place;
  };
  for (const service of services) {
    const most = thresholdOf(service, frames, { vip, lines: recording.lines });
    if (most !== undefined) {
      service.servers = service.servers.map((one) => ({
        ...one,
        words: `${one.words} -x ${most}`,
      }));
    }
    service.servers = [...service.servers].sort(
      (one, other) => rank(other.address) - rank(one.address),
    );
  }
  return services;
}

/**
 * A service that refuses although its servers have a weight, and nobody took it away, is full: so many connections had gone
 * to them by then.
 */
function thresholdOf(
  { key, servers }: ServiceWords,
  frames: readonly ReadFrame[],
  { vip, lines }: { readonly vip: string; readonly lines: readonly ToldLine[] },
): number | undefined {
  const port = Number(key.split(':')[1]);
  if (servers.length === 0 || servers.every(({ words }) => / -w 0$/.test(words))) return undefined;
  const refused = frames.find(
    ({ facts }) =>
      facts.kind === 'ip' &&
      facts.outer.length === 0 &&
      facts.icmp?.type === 3 &&
      facts.icmp.code === 3 &&
      facts.ip.source === vip &&
      /^director/.test(roleOf(facts.source)) &&
      facts.icmp.quoted?.ports[1] === port &&
      facts.icmp.quoted.ip.ttl === 64,
  );
  if (refused === undefined) return undefined;
  const isTakenAway = lines.some(
    ({ at, text }) => at < refused.at && (WEIGHT.exec(text)?.[1] === '0' || TAKEN_AWAY.test(text)),
  );
  if (isTakenAway) return undefined;
  const begun = new Set<string>();
  for (const { at, facts } of frames) {
    if (at > refused.at || facts.kind !== 'ip' || !/^director/.test(roleOf(facts.source))) continue;
    if (facts.tcp !== undefined && (facts.tcp.flags & 0x12) === 0x02) {
      begun.add(`${facts.ip.source}:${facts.tcp.sourcePort}`);
    }
  }
  return begun.size === 0 ? undefined : Math.max(1, Math.floor(begun.size / servers.length));
}

/** The lines of a list of `ipvsadm -Ln`, wherever it stands: behind semicolons, or below its line. */
export function listOf({ text, below }: ToldLine): string[] {
  const isHere = text.startsWith('IP Virtual Server');
  const lines = isHere ? text.split(/ ?; ?/).map((line) => line.trimEnd()) : [];
  const from = below.findIndex((line) => line.startsWith('IP Virtual Server'));
  const all = isHere ? lines : from < 0 ? [] : below.slice(from);
  const end = all.findIndex((line, index) => index > 0 && line.startsWith('IP Virtual Server'));
  return (end < 0 ? all : all.slice(0, end)).filter((line) => line.trim() !== '');
}

/** `TCP 10.10.0.100:80 rr persistent 50`, `-> 10.10.0.11:80 Route 1 0 0`. */
function readList(lines: readonly string[], frames: readonly ReadFrame[]): ServiceWords[] {
  const services: ServiceWords[] = [];
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    if (/^(TCP|UDP|FWM)$/.test(words[0] ?? '')) {
      const letter = { TCP: '-t', UDP: '-u', FWM: '-f' }[words[0] ?? ''] ?? '-t';
      const key = `${letter} ${words[1]}`;
      services.push({
        key,
        words: `-A ${key} -s ${words[2]}${flagsOf(words.slice(3))}`,
        servers: [],
      });
    } else if (words[0] === '->' && METHODS[words[2] ?? ''] !== undefined) {
      const service = services.at(-1);
      const address = words[1]?.split(':')[0] ?? '';
      const method = words[2] === 'Tunnel' ? tunnelTo(frames, address) : METHODS[words[2] ?? ''];
      service?.servers.push({
        address,
        words: `-a ${service.key} -r ${words[1]} ${method} -w ${words[3]}`,
      });
    }
  }
  return services;
}

function flagsOf(words: readonly string[]): string {
  const text = words.join(' ');
  const persistent = /persistent (\d+)/.exec(text)?.[1];
  const mask = /mask (\S+)/.exec(text)?.[1];
  const flags = /\((\S+)\)/.exec(text)?.[1];
  return [
    persistent === undefined ? '' : ` -p ${persistent}`,
    mask === undefined ? '' : ` -M ${mask}`,
    flags === undefined ? '' : ` -b ${flags}`,
    /\bops\b/.test(text) ? ' -o' : '',
  ].join('');
}

/** Without a list: the entries that are told, else what the director did with what came to the VIP. */
function guessed(
  recording: ForwardingRecording,
  frames: readonly ReadFrame[],
  vip: string,
): ServiceWords[] {
  const services = new Map<string, ServiceWords>();
  const serviceOf = (key: string) => {
    const known = services.get(key) ?? { key, words: `-A ${key} -s rr`, servers: [] };
    services.set(key, known);
    return known;
  };
  const addServer = (service: ServiceWords, end: string, method: string) => {
    const address = end.split(':')[0] ?? '';
    if (service.servers.some((one) => one.address === address)) return;
    service.servers.push({ address, words: `-a ${service.key} -r ${end} ${method}` });
  };
  for (const { entries, below } of recording.lines) {
    for (const entry of [...(entries ?? []), ...below]) {
      const [protocol, , , , virtual = '', server = ''] = entry.split(/\s+/);
      if (!/^(TCP|UDP)$/.test(protocol ?? '') || !/:\d+$/.test(server)) continue;
      const service = serviceOf(`${protocol === 'TCP' ? '-t' : '-u'} ${virtual}`);
      addServer(service, server, methodOf(recording.name, frames, virtual, server));
    }
  }
  if (services.size > 0) return [...services.values()];
  for (const { facts } of frames) {
    if (facts.kind !== 'ip' || !roleOf(facts.source).startsWith('director')) continue;
    const forwarded = facts.tcp ?? facts.udp;
    const letter = facts.tcp === undefined ? '-u' : '-t';
    if (facts.icmp?.type === 3 && facts.icmp.code === 3 && facts.ip.source === vip) {
      const quoted = facts.icmp.quoted;
      const quotedLetter = quoted?.ip.protocol === 17 ? '-u' : '-t';
      serviceOf(`${quotedLetter} ${vip}:${quoted?.ports[1]}`);
    } else if (forwarded !== undefined && facts.outer.length > 0) {
      const service = serviceOf(`${letter} ${vip}:${forwarded.destinationPort}`);
      const end = `${facts.outer[0]?.destination}:${forwarded.destinationPort}`;
      addServer(service, end, tunnelTo(frames, facts.outer[0]?.destination ?? ''));
    } else if (forwarded !== undefined && facts.ip.destination === vip) {
      const service = serviceOf(`${letter} ${vip}:${forwarded.destinationPort}`);
      const octet = roleOf(facts.destination).replace('rs', '1');
      addServer(service, `10.10.0.${octet}:${forwarded.destinationPort}`, '-g');
    }
  }
  return [...services.values()];
}

/** Lists do not tell the kind of a tunnel; the packets to the server do. */
function tunnelTo(frames: readonly ReadFrame[], server: string): string {
  for (const { facts } of frames) {
    const outer = facts.kind === 'ip' ? facts.outer[0] : undefined;
    if (outer?.destination === server) return tunnelWords(outer);
  }
  return '-i';
}

function tunnelWords({ protocol, port }: IpFacts): string {
  if (protocol === 47) return '-i --tun-type gre';
  return protocol === 17 ? `-i --tun-type gue --tun-port ${port}` : '-i';
}

function methodOf(
  name: string,
  frames: readonly ReadFrame[],
  virtual: string,
  server: string,
): string {
  const address = server.split(':')[0] ?? '';
  const isTunnelled = frames.some(
    ({ facts }) => facts.kind === 'ip' && facts.outer[0]?.destination === address,
  );
  if (isTunnelled) return tunnelTo(frames, address);
  if (/\bnat\b|masq/i.test(name.replaceAll('-', ' '))) return '-m';
  if (/\bdr\b/i.test(name.replaceAll('-', ' '))) return '-g';
  if (/\btun\b/i.test(name.replaceAll('-', ' '))) return '-i';
  const isOtherPort = virtual.split(':')[1] !== server.split(':')[1];
  const isRewritten = frames.some(
    ({ facts }) =>
      facts.kind === 'ip' &&
      facts.ip.destination === server.split(':')[0] &&
      /^director/.test(roleOf(facts.source)) &&
      facts.tcp?.destinationPort === Number(server.split(':')[1]),
  );
  return isOtherPort || isRewritten ? '-m' : '-g';
}

/** Servers in the order in which they were first picked, as the director's frames and the text's lines tell. */
function pickedOrder(recording: ForwardingRecording, frames: readonly ReadFrame[]): string[] {
  const picks: { readonly at: number; readonly address: string }[] = [];
  for (const { at, facts } of frames) {
    if (facts.kind !== 'ip' || !/^director/.test(roleOf(facts.source))) continue;
    if (facts.tcp !== undefined && (facts.tcp.flags & 0x12) !== 0x02) continue;
    const outer = facts.outer[0]?.destination;
    const octet = /^rs(\d+)$/.exec(roleOf(facts.destination))?.[1];
    const direct = octet === undefined ? undefined : `10.10.0.1${octet}`;
    const address =
      outer ?? (facts.ip.destination.endsWith('.100') ? direct : facts.ip.destination);
    if (address !== undefined) picks.push({ at, address });
  }
  for (const { at, text } of recording.lines) {
    const server = /^client \S+ -> (\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
    if (server !== undefined) picks.push({ at, address: server });
  }
  picks.sort((one, other) => one.at - other.at);
  return [...new Set(picks.map(({ address }) => address))];
}

/** Settings told by the recording's name, for the director at the start. */
export function settingsOf(recording: ForwardingRecording): (readonly [string, string])[] {
  return settingsIn(recording.name);
}

function settingsIn(text: string): (readonly [string, string])[] {
  return [...text.matchAll(SETTING)].map(([, name = '', value = '']) => [
    /^icmp_/.test(name) ? `net.ipv4.${name}` : `net.ipv4.vs.${name}`,
    value,
  ]);
}

/** What was typed on the director while the recording ran. */
export function commandsOf(
  recording: ForwardingRecording,
  services: readonly ServiceWords[],
): TimedCommand[] {
  return recording.lines.flatMap((line) => {
    const at = line.at - COMMAND_LEAD_S;
    return wordsOf(line.text, services).map((words) => ({ at, line: words }));
  });
}

/** The machine of the only server: `rs1` for 10.10.0.11. */
function serverName(services: readonly ServiceWords[]): string {
  return `rs${services[0]?.servers[0]?.address.slice(-1)}`;
}

function wordsOf(text: string, services: readonly ServiceWords[]): string[] {
  if (text.startsWith('IP Virtual Server') || /^default /.test(text)) return [];
  const literal = /ipvsadm (-[A-Za-z] -[tuf] \S+[^)]*|--?set \d+ \d+ \d+|-C)/.exec(text)?.[1];
  if (literal !== undefined) return [`ipvsadm ${literal.trim()}`];
  const cable = /(?:^|\s)(rs\d|\w*server\w*)?\W*(?:cable )?(un)?plugged/.exec(text);
  if (cable !== null) {
    const named = /^rs\d$/.test(cable[1] ?? '') ? cable[1] : serverName(services);
    return [`${cable[2] === undefined ? '' : 'un'}plug ${named}`];
  }
  const told = /\d+\.\d+\.\d+\.\d+/.exec(text)?.[0];
  const service =
    services.find((one) => one.servers.some(({ address }) => address === told)) ?? services[0];
  const server = service?.servers.find(({ address }) => address === told) ?? service?.servers[0];
  const removal = server?.words.replace(/^-a (\S+ \S+ -r \S+).*/, '-d $1');
  if (/service (removed|deleted)|\(ipvsadm -D\)/.test(text)) return [`ipvsadm -D ${service?.key}`];
  if (/server removed|\(ipvsadm -d\)/.test(text)) return [`ipvsadm ${removal}`];
  if (/service added again/.test(text)) {
    const servers = service?.servers.map(({ words }) => `ipvsadm ${words}`) ?? [];
    return [`ipvsadm ${service?.words}`, ...servers];
  }
  if (/added again/.test(text)) return [`ipvsadm ${server?.words}`];
  const weight = WEIGHT.exec(text)?.[1];
  if (weight !== undefined) {
    return [`ipvsadm ${server?.words.replace(/^-a/, '-e').replace(/ -w \d+/, '')} -w ${weight}`];
  }
  return settingsIn(text).map(([name, value]) => `sysctl -w ${name}=${value}`);
}
