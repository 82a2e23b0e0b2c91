/**
 * tcpdump 4.99 as a command: options, the lines to stderr, and a capture on one interface or `any`.
 * How a packet looks and what a filter means is in `tcpdump-text.ts` and `tcpdump-filter.ts`.
 */

import type { PacketSocket } from '../../kernel/socket-api.ts';
import { packetBytesText } from '../tcpdump-bytes.ts';
import { parseTcpdumpFilter } from '../tcpdump-filter.ts';
import { newTcpConversations, tcpdumpStamp, tcpdumpText } from '../tcpdump-text.ts';
import {
  type CommandIo,
  fail,
  type Options,
  readOptions,
  type ShellCommand,
} from './shell-command.ts';

/** The command. */
export const tcpdump: ShellCommand = (io) => {
  const parsed = readOptions(io.words, {
    flags: 'nveltqpXxASUNKDf#',
    valued: 'icswryB',
    long: ['immediate-mode', 'version'],
  });
  if (parsed.wrong !== undefined)
    return fail(io, `tcpdump: invalid option -- '${parsed.wrong.slice(1)}'`, 1);
  if (parsed.flags.has('D')) return listDevices(io);
  const count = parsed.values.get('c');
  if (count !== undefined && !/^[1-9]\d*$/.test(count))
    return fail(io, `tcpdump: invalid packet count ${count}`, 1);
  const { kernel } = io.machine;
  const device =
    parsed.values.get('i') ?? kernel.links().find((link) => link.kind !== 'loopback')?.name ?? 'lo';
  if (device !== 'any' && kernel.link(device) === undefined) {
    return fail(io, `tcpdump: ${device}: No such device exists\n(No such device exists)`, 1);
  }
  if (device !== 'any' && kernel.link(device)?.up === false) {
    return fail(io, `tcpdump: ${device}: That device is not up`, 1);
  }
  const filter = parseTcpdumpFilter(parsed.rest.join(' '));
  if (typeof filter !== 'function') return fail(io, filter.error, 1);
  new Capture(io, {
    parsed,
    device,
    filter,
    count: count === undefined ? undefined : Number(count),
  }).begin();
};

function listDevices(io: CommandIo): void {
  const links = io.machine.kernel.links();
  io.out(
    links.map((link, i) => `${i + 1}.${link.name} [${link.up ? 'Up, Running' : ''}]\n`).join(''),
  );
  io.exit(0);
}

/** One capture. */
class Capture {
  readonly #io: CommandIo;
  readonly #device: string;
  readonly #filter: (frame: Uint8Array) => boolean;
  readonly #count: number | undefined;
  readonly #parsed: Options;
  readonly #verbose: number;
  readonly #conversations = newTcpConversations();
  #socket: PacketSocket | undefined;
  #captured = 0;
  #over = false;

  constructor(
    io: CommandIo,
    options: {
      parsed: Options;
      device: string;
      filter: (frame: Uint8Array) => boolean;
      count: number | undefined;
    },
  ) {
    this.#io = io;
    this.#parsed = options.parsed;
    this.#device = options.device;
    this.#filter = options.filter;
    this.#count = options.count;
    this.#verbose = verbosity(io.words);
  }

  begin(): void {
    const isAny = this.#device === 'any';
    const link = isAny ? 'LINUX_SLL2 (Linux cooked v2)' : 'EN10MB (Ethernet)';
    if (isAny) this.#io.err('tcpdump: data link type LINUX_SLL2\n');
    if (this.#verbose === 0) {
      this.#io.err('tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n');
    }
    const prefix = this.#verbose === 0 ? '' : 'tcpdump: ';
    const length = this.#parsed.values.get('s') ?? '262144';
    this.#io.err(
      `${prefix}listening on ${this.#device}, link-type ${link}, snapshot length ${length} bytes\n`,
    );
    this.#io.onInterrupt(() => this.#finish());
    this.#socket = this.#io.machine.kernel.openPacket({
      ...(isAny ? {} : { link: this.#device }),
      promiscuous: !this.#parsed.flags.has('p') && !isAny,
      onFrame: (frame, name, direction) => this.#hear(frame, name, direction),
    });
  }

  #hear(frame: Uint8Array, link: string, direction: 'in' | 'out'): void {
    if (this.#over || !this.#filter(frame)) return;
    this.#captured++;
    const text = tcpdumpText(frame, '', {
      verbose: this.#verbose,
      linkLevel: this.#parsed.flags.has('e'),
      ...(this.#parsed.flags.has('S') ? {} : { conversations: this.#conversations }),
    });
    const isAny = this.#device === 'any';
    const way = isAny ? `${link.padEnd(5)} ${directionMark(frame, direction)} ` : '';
    const stamp = this.#parsed.flags.has('t')
      ? ''
      : `${tcpdumpStamp(this.#io.machine.wallClockUs())} `;
    const bytes = packetBytesText(frame, this.#io.words);
    this.#io.out(`${stamp}${way}${text}${bytes}\n`);
    if (this.#captured === this.#count) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket?.close();
    const plural = this.#captured === 1 ? '' : 's';
    this.#io.err(
      `${this.#captured} packet${plural} captured\n` +
        `${this.#captured} packet${plural} received by filter\n0 packets dropped by kernel\n`,
    );
    this.#io.exit(0);
  }
}

/** `In `, `Out`, `M  ` and `B  `, as cooked captures mark a packet. */
function directionMark(frame: Uint8Array, direction: 'in' | 'out'): string {
  if (direction === 'out') return 'Out';
  const first = frame[0] as number;
  if (first === 0xff) return 'B  ';
  return (first & 1) === 1 ? 'M  ' : 'In ';
}

/** How often `-v` was written, at most 3. */
function verbosity(words: readonly string[]): number {
  let count = 0;
  for (const word of words) {
    if (!/^-[a-zA-Z#]+$/.test(word)) continue;
    count += word.length - word.replaceAll('v', '').length;
  }
  return Math.min(3, count);
}
