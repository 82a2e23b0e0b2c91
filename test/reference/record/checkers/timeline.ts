/** Texts of the recordings: the kernel's table, the packets of checks, the whole timeline. */

import { formatIp, parseIp } from '../../../../daemon/wire/ip-address.ts';
import { readIpv6 } from '../../../../daemon/wire/ipv6-address.ts';
import { readCapture } from '../../../../sim/report/pcap-read.ts';
import type { CheckerPlan } from './plan.ts';
import type { Line } from './recorder.ts';

const IPV6_PAYLOAD_AT = 54;
const LEGEND =
  '# seconds since keepalived was started; LOG = keepalived log line (read as it came); IPVS = change of the kernel table ' +
  '(polled every 40 ms); HTTP = seen by the server; CHECK = TCP and ICMP seen at the director';

/** `/proc/net/ip_vs` in one line: `TCP 10.10.0.100:80 rr: 10.10.0.11:80 Route w1, …`. */
export function tableText(text: string): string {
  const services: { name: string; rows: string[] }[] = [];
  for (const line of text.split('\n').slice(3)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '->') {
      services.at(-1)?.rows.push(`${endOf(words[1] ?? '')} ${words[2]} w${words[3]}`);
    } else if (words.length > 1) {
      const end = words[0] === 'FWM' ? Number.parseInt(words[1] ?? '', 16) : endOf(words[1] ?? '');
      services.push({ name: `${words[0]} ${end} ${words[2]}`, rows: [] });
    }
  }
  if (services.length === 0) return '(no virtual service)';
  return services
    .map(({ name, rows }) => `${name}: ${rows.sort().join(', ') || '(no real server)'}`)
    .join('; ');
}

/** `0A0A0064:0050` */
function endOf(text: string): string {
  const long = /^\[([0-9a-f:]+)\]:([0-9A-F]+)$/i.exec(text);
  if (long !== null) {
    const address = parseIp(long[1] ?? '');
    return `${address === undefined ? '' : formatIp(address)}:${Number.parseInt(long[2] ?? '', 16)}`;
  }
  const [address = '', port = ''] = text.split(':');
  const octets = address.match(/../g) ?? [];
  return `${octets.map((octet) => Number.parseInt(octet, 16)).join('.')}:${Number.parseInt(port, 16)}`;
}

/** TCP segments that say something, and ICMP, between the director and its servers. */
export function captureLines(file: Uint8Array): Line[] {
  return readCapture(file).packets.flatMap(({ timeUs, bytes }) => {
    const text = packetText(Buffer.from(bytes));
    return text === undefined ? [] : [{ at: timeUs / 1e6, text: `CHECK ${text}` }];
  });
}

function packetText(frame: Buffer): string | undefined {
  if (frame.length < 34) return undefined;
  const type = frame.readUInt16BE(12);
  if (type === 0x86dd && frame.length >= 62) return ipv6Text(frame);
  if (type !== 0x0800) return undefined;
  const dotted = (at: number) => [...frame.subarray(at, at + 4)].join('.');
  const at = 14 + ((frame[14] ?? 0) & 15) * 4;
  const [from, to] = [dotted(26), dotted(30)];
  if (frame[23] === 6) return segmentText(frame, at, [from, to]);
  if (frame[23] !== 1) return undefined;
  const kind = `ICMP ${frame[at]}/${frame[at + 1]}`;
  const quoted = frame[at] === 3 ? at + 8 : undefined;
  if (quoted === undefined) return `${from} > ${to} ${kind}`;
  return `${from},${dotted(quoted + 12)} > ${to},${dotted(quoted + 16)} ${kind}`;
}

/** Segments, datagrams, echoes and errors; who asks for whom is left out. */
function ipv6Text(frame: Buffer): string | undefined {
  const [from, to] = [22, 38].map((at) => formatIp(readIpv6(frame, at))) as [string, string];
  if (frame[20] === 6) return segmentText(frame, IPV6_PAYLOAD_AT, [from, to]);
  if (frame[20] === 17) {
    const [source, destination] = [0, 2].map((at) => frame.readUInt16BE(IPV6_PAYLOAD_AT + at));
    return `${from}:${source} > ${to}:${destination} UDP`;
  }
  const message = frame[IPV6_PAYLOAD_AT] ?? 0;
  if (frame[20] !== 58 || (message >= 130 && message <= 143)) return undefined;
  return `${from} > ${to} ICMP ${message}/${frame[IPV6_PAYLOAD_AT + 1]}`;
}

function segmentText(
  frame: Buffer,
  at: number,
  [from, to]: readonly [string, string],
): string | undefined {
  const bits = frame[at + 13] ?? 0;
  const flags = [
    ['A', 16],
    ['S', 2],
    ['F', 1],
    ['R', 4],
  ] as const;
  const set = flags.filter(([, bit]) => (bits & bit) !== 0).map(([letter]) => letter);
  if (set.join('') === 'A') return undefined;
  return `${from}:${frame.readUInt16BE(at)} > ${to}:${frame.readUInt16BE(at + 2)} ${set.join('')}`;
}

/** The whole file. */
export function timelineText(
  plan: CheckerPlan,
  begin: number,
  lines: readonly Line[],
  last: readonly (readonly string[])[],
): string {
  const told = [...lines]
    .sort((one, other) => one.at - other.at)
    .map(({ at, text }) => `${(at - begin).toFixed(3).padStart(9)} ${text}`);
  const tables = last.flatMap(([list = '', saved = ''], index) => [
    `## ipvsadm -Ln on director ${index + 1} just before the end`,
    list.trimEnd(),
    '## ipvsadm -Sn',
    saved.trimEnd(),
  ]);
  const head = [`# ${plan.id}`, `# ${plan.title}`, LEGEND, `# begin ${begin.toFixed(6)}`];
  if (plan.slack !== undefined) head.push(`# slack ${plan.slack}`);
  return [...head, '', ...told, '', ...tables, ''].join('\n');
}
