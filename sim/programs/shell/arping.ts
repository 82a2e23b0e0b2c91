/** arping of iputils: ARP requests and announcements on the wire, and who answers. */

import {
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  buildArpFrame,
  decodeArp,
} from '../../../daemon/wire/arp.ts';
import { ETHERTYPE_ARP, readEtherType } from '../../../daemon/wire/ethernet.ts';
import { formatIp, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import {
  ANY_IPV4,
  formatIpv4,
  type Ipv4Address,
  parseIpv4,
} from '../../../daemon/wire/ipv4-address.ts';
import {
  BROADCAST_MAC,
  formatMac,
  type MacAddress,
  readMac,
  ZERO_MAC,
} from '../../../daemon/wire/mac-address.ts';
import type { MachineTimer } from '../../host/machine-timers.ts';
import type { Link } from '../../kernel/kernel-api.ts';
import type { PacketSocket } from '../../kernel/socket-api.ts';
import {
  type CommandIo,
  fail,
  type Options,
  readOptions,
  type ShellCommand,
} from './shell-command.ts';

interface ArpingOptions {
  readonly target: Ipv4Address;
  readonly link: Link;
  readonly source: Ipv4Address;
  readonly count: number;
  readonly deadlineUs: number | undefined;
  readonly intervalUs: number;
  readonly mode: 'ask' | 'detect' | 'announce' | 'answer';
  readonly broadcastOnly: boolean;
  readonly firstOnly: boolean;
  readonly quiet: boolean;
}

/** The command. */
export const arping: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'DUAbfq', valued: 'cIwsi' });
  if (parsed.wrong !== undefined)
    return fail(io, `arping: invalid option -- '${parsed.wrong.slice(1)}'`, 2);
  const options = checkOptions(io, parsed);
  if (typeof options === 'string') return fail(io, options, 2);
  new ArpingRun(io, options).begin();
};

function checkOptions(io: CommandIo, parsed: Options): ArpingOptions | string {
  const name = parsed.values.get('I');
  const text = parsed.rest.at(-1);
  if (text === undefined) return 'arping: usage error: Destination address required';
  const target = io.machine.resolve(text).find((address) => isIpv4(address));
  if (target === undefined || !isIpv4(target)) return `arping: ${text}: Name or service not known`;
  const { kernel } = io.machine;
  const link = kernel.link(name ?? kernel.routeTo(target)?.link ?? '');
  if (link === undefined)
    return name === undefined
      ? 'arping: Suitable device could not be determined. Please, use option -I.'
      : `arping: Device ${name} not available.`;
  if (!link.up) return `arping: Interface "${link.name}" is down`;
  if (link.kind === 'loopback' || link.kind === 'tunnel' || link.kind === 'dummy')
    return `arping: Interface "${link.name}" is not ARPable`;
  const mode = parsed.flags.has('D')
    ? 'detect'
    : parsed.flags.has('A')
      ? 'answer'
      : parsed.flags.has('U')
        ? 'announce'
        : 'ask';
  const given = parseIpv4(parsed.values.get('s') ?? '');
  const source = given ?? sourceFor(io, { mode, target, link });
  if (source === undefined) return 'arping: bind: Cannot assign requested address';
  if (mode !== 'detect' && !kernel.isLocalAddress(source))
    return 'arping: bind: Cannot assign requested address';
  const count = Number(parsed.values.get('c') ?? Number.POSITIVE_INFINITY);
  const deadline = parsed.values.get('w');
  return {
    target,
    link,
    source,
    count,
    deadlineUs: deadline === undefined ? undefined : Math.round(Number(deadline) * 1_000_000),
    intervalUs: Math.round(Number(parsed.values.get('i') ?? 1) * 1_000_000),
    mode,
    broadcastOnly: parsed.flags.has('b'),
    firstOnly: parsed.flags.has('f') || mode === 'detect',
    quiet: parsed.flags.has('q'),
  };
}

function sourceFor(
  io: CommandIo,
  options: {
    readonly mode: ArpingOptions['mode'];
    readonly target: Ipv4Address;
    readonly link: Link;
  },
): Ipv4Address | undefined {
  if (options.mode === 'detect') return ANY_IPV4;
  if (options.mode !== 'ask') return options.target;
  const choice = io.machine.kernel.routeTo(options.target);
  const routed =
    choice !== undefined && choice.link === options.link.name ? choice.source : undefined;
  const source = routed ?? options.link.addresses.map((a) => a.address).find((a) => isIpv4(a));
  return source !== undefined && isIpv4(source) ? source : undefined;
}

/** One run of arping. */
class ArpingRun {
  readonly #io: CommandIo;
  readonly #options: ArpingOptions;
  readonly #timers: MachineTimer[] = [];
  #socket: PacketSocket | undefined;
  #sent = 0;
  #broadcasts = 0;
  #received = 0;
  #requests = 0;
  #broadcastReplies = 0;
  #sentAt = 0;
  #answeredBy: MacAddress | undefined;
  #over = false;

  constructor(io: CommandIo, options: ArpingOptions) {
    this.#io = io;
    this.#options = options;
  }

  begin(): void {
    const { target, source, link, deadlineUs } = this.#options;
    this.#io.out(`ARPING ${formatIp(target)} from ${formatIpv4(source)} ${link.name}\n`);
    this.#io.onInterrupt(() => this.#finish());
    this.#socket = this.#io.machine.kernel.openPacket({
      link: link.name,
      promiscuous: false,
      onFrame: (frame, _link, direction) => {
        if (direction === 'in') this.#hear(frame);
      },
    });
    if (deadlineUs !== undefined) this.#after(deadlineUs, () => this.#finish());
    this.#send();
  }

  #send(): void {
    if (this.#over) return;
    if (this.#sent >= this.#options.count) {
      this.#finish();
      return;
    }
    const { link, mode, broadcastOnly, source, target } = this.#options;
    const unicast = this.#answeredBy !== undefined && !broadcastOnly ? this.#answeredBy : undefined;
    const isReply = mode === 'answer';
    const packet: ArpPacket = {
      operation: isReply ? ARP_REPLY : ARP_REQUEST,
      senderHardwareAddress: link.mac,
      senderProtocolAddress: source,
      targetHardwareAddress: isReply
        ? link.mac
        : (unicast ?? (mode === 'ask' || mode === 'detect' ? BROADCAST_MAC : BROADCAST_MAC)),
      targetProtocolAddress: target,
    };
    const destination = unicast ?? BROADCAST_MAC;
    this.#sentAt = this.#io.machine.now();
    this.#sent++;
    if (unicast === undefined) this.#broadcasts++;
    this.#io.machine.kernel.sendFrame(
      link.name,
      buildArpFrame({ destination, source: link.mac, packet }),
    );
    this.#after(this.#options.intervalUs, () => this.#send());
  }

  #hear(frame: Uint8Array): void {
    if (this.#over || frame.length < 14 || readEtherType(frame) !== ETHERTYPE_ARP) return;
    const packet = decodeArp(frame, 14, frame.length);
    const { target, source, link, mode } = this.#options;
    if (typeof packet === 'string' || packet.senderProtocolAddress !== target) return;
    const isForUs =
      mode === 'detect'
        ? packet.senderHardwareAddress !== link.mac
        : packet.targetProtocolAddress === source && mode === 'ask';
    if (!isForUs) return;
    const isBroadcast = readMac(frame, 0) === BROADCAST_MAC;
    this.#received++;
    if (packet.operation === ARP_REQUEST) this.#requests++;
    if (isBroadcast) this.#broadcastReplies++;
    if (!this.#options.quiet) this.#printAnswer(packet, isBroadcast);
    this.#answeredBy =
      packet.senderHardwareAddress === ZERO_MAC ? undefined : packet.senderHardwareAddress;
    if (this.#options.firstOnly) this.#finish();
  }

  #printAnswer(packet: ArpPacket, isBroadcast: boolean): void {
    const way = isBroadcast ? 'Broadcast' : 'Unicast';
    const what = packet.operation === ARP_REPLY ? 'reply' : 'request';
    const us = this.#io.machine.now() - this.#sentAt;
    const time = `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, '0')}ms`;
    const mac = formatMac(packet.senderHardwareAddress).toUpperCase();
    this.#io.out(
      `${way} ${what} from ${formatIpv4(packet.senderProtocolAddress)} [${mac}]  ${time}\n`,
    );
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers) timer.cancel();
    this.#socket?.close();
    const extra = [
      this.#requests > 0 ? `${this.#requests} request(s)` : '',
      this.#broadcastReplies > 0 ? `${this.#broadcastReplies} broadcast(s)` : '',
    ].filter((text) => text !== '');
    const note = extra.length > 0 ? ` (${extra.join(', ')})` : '';
    this.#io.out(
      `Sent ${this.#sent} probes (${this.#broadcasts} broadcast(s))\n` +
        `Received ${this.#received} response(s)${note}\n`,
    );
    this.#io.exit(this.#exitCode());
  }

  /** Source: iputils: DAD fails when somebody answers; announcements expect no answer. */
  #exitCode(): number {
    const { mode } = this.#options;
    if (mode === 'detect') return this.#received > 0 ? 1 : 0;
    if (mode !== 'ask') return 0;
    return this.#received > 0 ? 0 : 1;
  }

  #after(byUs: number, action: () => void): void {
    this.#timers.push(this.#io.machine.timers.after(byUs, action));
  }
}
