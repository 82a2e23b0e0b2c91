/** ping of iputils: echo requests, a line per answer or error, and the block of statistics. */

import { errnoText } from '../../../daemon/base/errno.ts';
import { formatIp, type IpAddress, isIpv4, parseIp } from '../../../daemon/wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import type { MachineTimer } from '../../host/machine-timers.ts';
import type { SocketError } from '../../kernel/socket-api.ts';
import {
  type EchoError,
  type EchoReply,
  EchoSocket,
  type PathMtuDiscovery,
} from '../echo-socket.ts';
import { type CommandIo, fail, readOptions, type ShellCommand } from './shell-command.ts';

/** Default time to wait for the last answers. Source: iputils, MAXWAIT. */
const LAST_WAIT_US = 10_000_000;
/** What ping takes EACCES for. */
const FORBIDDEN = 'Do you want to ping broadcast? Then -b. If not, check your local firewall rules';
/** Words of the command line that it ends with 1 for; for all else with 2. */
const WORD_WRONG = /^ping: (?:invalid argument|usage error)/;

interface PingOptions {
  readonly target: string;
  readonly destination: IpAddress;
  readonly count: number;
  readonly intervalUs: number;
  readonly waitUs: number | undefined;
  readonly deadlineUs: number | undefined;
  readonly size: number;
  readonly ttl: number;
  readonly quiet: boolean;
  readonly discovery: PathMtuDiscovery | undefined;
  readonly source: IpAddress | undefined;
  readonly link: string | undefined;
  /** What -I said. */
  readonly bound: string | undefined;
}

/** The command; also as `ping6` and `ping4`. */
export const ping: ShellCommand = (io) => {
  const options = parseOptions(io);
  if (typeof options === 'string') return fail(io, options, WORD_WRONG.test(options) ? 1 : 2);
  new PingRun(io, options).begin();
};

function parseOptions(io: CommandIo): PingOptions | string {
  const parsed = readOptions(io.words, { flags: 'nqv46bALOUrRD', valued: 'ciIWsTtwpQSlmM' });
  if (parsed.wrong !== undefined) return `ping: invalid option -- '${parsed.wrong.slice(1)}'`;
  const target = parsed.rest.at(-1);
  if (target === undefined) return 'ping: usage error: Destination address required';
  const wantsV6 = parsed.flags.has('6') || io.name === 'ping6';
  const wantsV4 = parsed.flags.has('4') || io.name === 'ping4';
  const destination = io.machine
    .resolve(target)
    .find((address) => (isIpv4(address) ? !wantsV6 : !wantsV4));
  if (destination === undefined) return `ping: ${target}: Temporary failure in name resolution`;
  const bound = parsed.values.get('I');
  const source = bound === undefined ? undefined : parseIp(bound);
  if (bound !== undefined && source === undefined && io.machine.kernel.link(bound) === undefined) {
    return `ping: unknown iface: ${bound}`;
  }
  if (source !== undefined && !io.machine.kernel.isLocalAddress(source)) {
    return `ping: bind: ${errnoText('EADDRNOTAVAIL')}`;
  }
  const number = (letter: string) => {
    const text = parsed.values.get(letter);
    return text === undefined ? undefined : Number(text);
  };
  const wrong = wrongNumber(parsed.values);
  if (wrong !== undefined) return `ping: ${wrong}`;
  const discovery = parsed.values.get('M');
  if (discovery !== undefined && !isDiscovery(discovery)) {
    return `ping: invalid -M argument: ${discovery}`;
  }
  const wait = number('W');
  const deadline = number('w');
  return {
    target,
    destination,
    count: number('c') ?? Number.POSITIVE_INFINITY,
    intervalUs: Math.max(2000, Math.round((number('i') ?? 1) * 1_000_000)),
    waitUs: wait === undefined ? undefined : Math.round(wait * 1_000_000),
    deadlineUs: deadline === undefined ? undefined : Math.round(deadline * 1_000_000),
    size: number('s') ?? 56,
    ttl: number('t') ?? 64,
    quiet: parsed.flags.has('q'),
    discovery,
    source,
    link: source === undefined ? bound : undefined,
    bound,
  };
}

/** Whole numbers and what they may be. Source: iputils 20221126, ping.c (strtol_or_err). */
const RANGES = {
  c: { least: 1, most: 9_223_372_036_854_775_807n },
  s: { least: 0, most: 2_147_483_647n },
  t: { least: 0, most: 255n },
  w: { least: 0, most: 2_147_483_647n },
} as const;

/** What ping says to the first option whose number is wrong. */
function wrongNumber(values: ReadonlyMap<string, string>): string | undefined {
  for (const [letter, { least, most }] of Object.entries(RANGES)) {
    const text = values.get(letter);
    if (text === undefined) continue;
    if (!/^[+-]?\d+$/.test(text)) return `invalid argument: '${text}'`;
    const value = BigInt(text.replace('+', ''));
    if (value >= least && value <= most) continue;
    return `invalid argument: '${text}': out of range: ${least} <= value <= ${most}`;
  }
  const wait = values.get('W');
  if (wait !== undefined && Number(wait) < 0) return `bad linger time: ${wait}`;
  for (const letter of 'iW') {
    const text = values.get(letter);
    if (text !== undefined && !(Number(text) >= 0)) return `invalid argument: '${text}'`;
  }
  return undefined;
}

function isDiscovery(word: string): word is PathMtuDiscovery {
  return word === 'do' || word === 'want' || word === 'dont';
}

/** One run of ping. */
class PingRun {
  readonly #io: CommandIo;
  readonly #options: PingOptions;
  readonly #socket: EchoSocket;
  readonly #sentAt = new Map<number, number>();
  readonly #answered = new Set<number>();
  readonly #roundTripsUs: number[] = [];
  readonly #timers: MachineTimer[] = [];
  #sent = 0;
  #received = 0;
  #duplicates = 0;
  #errors = 0;
  #startedAt = 0;
  #lastSentAt = 0;
  #pipeMax = 0;
  #over = false;

  constructor(io: CommandIo, options: PingOptions) {
    this.#io = io;
    this.#options = options;
    const { destination, source, link, ttl, discovery } = options;
    this.#socket = new EchoSocket({
      kernel: io.machine.kernel,
      destination,
      ...(source === undefined ? {} : { source }),
      ...(link === undefined ? {} : { link }),
      identifier: io.machine.processes.takePid() & 0xffff,
      ttl,
      ...(discovery === undefined ? {} : { discovery }),
      onReply: (reply) => this.#hearReply(reply),
      onError: (error) => this.#hearError(error),
    });
  }

  begin(): void {
    const { destination, bound } = this.#options;
    const source = this.#socket.sourceNow();
    if (source === undefined) {
      this.#socket.close();
      const error = this.#socket.routeError() ?? 'ENETUNREACH';
      const isForbidden = error === 'EACCES';
      fail(this.#io, `ping: ${isForbidden ? FORBIDDEN : `connect: ${errnoText(error)}`}`, 2);
      return;
    }
    const linkName = this.#options.link;
    const from =
      bound === undefined
        ? ''
        : ` from ${formatIp(this.#sourceOn(linkName) ?? source)} ${linkName ?? ''}:`;
    this.#io.out(
      `PING ${this.#options.target}${this.#addressText(destination)}${from} ${this.#sizeText()}\n`,
    );
    this.#io.onInterrupt(() => this.#finish());
    this.#startedAt = this.#io.machine.now();
    const { deadlineUs } = this.#options;
    if (deadlineUs !== undefined) this.#after(deadlineUs, () => this.#finish());
    this.#send();
  }

  #addressText(destination: IpAddress): string {
    return isIpv4(destination) ? ` (${formatIp(destination)})` : `(${formatIp(destination)})`;
  }

  #sizeText(): string {
    const { size, destination } = this.#options;
    return isIpv4(destination) ? `${size}(${size + 28}) bytes of data.` : `${size} data bytes`;
  }

  #sourceOn(link: string | undefined): IpAddress | undefined {
    if (link === undefined) return undefined;
    const { destination } = this.#options;
    const addresses = this.#io.machine.kernel.link(link)?.addresses ?? [];
    const wantsLocal = !isIpv4(destination) && isLinkLocalIpv6(destination);
    return addresses
      .map((address) => address.address)
      .find(
        (a) =>
          isIpv4(a) === isIpv4(destination) && (isIpv4(a) || isLinkLocalIpv6(a) === wantsLocal),
      );
  }

  #send(): void {
    if (this.#over) return;
    const now = this.#io.machine.now();
    const sequence = ++this.#sent;
    this.#sentAt.set(sequence & 0xffff, now);
    this.#lastSentAt = now;
    const error = this.#socket.send(sequence & 0xffff, this.#options.size);
    if (error !== undefined) this.#complainOf(error);
    this.#pipeMax = Math.max(this.#pipeMax, this.#sent - this.#received - this.#errors);
    if (this.#sent < this.#options.count) {
      this.#after(this.#options.intervalUs, () => this.#send());
    } else if (this.#settled()) this.#finish();
    else this.#after(this.#lastWaitUs(), () => this.#finish());
  }

  /** What is longer than any packet fails without a word, and what is too long for the way is no error with -q, as in iputils. */
  #complainOf(error: SocketError): void {
    const isTooLong = error === 'EMSGSIZE';
    if (error === 'EINVAL' || (isTooLong && this.#options.quiet)) return;
    this.#errors++;
    const equals = isIpv4(this.#options.destination) ? '=' : ': ';
    this.#io.err(
      isTooLong
        ? `ping: local error: message too long, mtu${equals}${this.#socket.mtu()}\n`
        : `ping: sendmsg: ${errnoText(error)}\n`,
    );
  }

  /**
   * After the last request ping waits -W, or twice the longest round trip, or 10 s when none came
   * back.
   */
  #lastWaitUs(): number {
    const { waitUs } = this.#options;
    if (this.#received > 0)
      return Math.max(2 * Math.max(...this.#roundTripsUs), this.#options.intervalUs);
    return waitUs ?? LAST_WAIT_US;
  }

  #settled(): boolean {
    return this.#received + this.#errors >= this.#sent;
  }

  #hearReply(reply: EchoReply): void {
    const sentAt = this.#sentAt.get(reply.sequence);
    if (this.#over || sentAt === undefined) return;
    const roundTripUs = this.#io.machine.now() - sentAt;
    const isDuplicate = this.#answered.has(reply.sequence);
    if (isDuplicate) this.#duplicates++;
    else {
      this.#answered.add(reply.sequence);
      this.#received++;
      this.#roundTripsUs.push(roundTripUs);
    }
    if (!this.#options.quiet) {
      const time = this.#options.size >= 16 ? ` time=${formatMilliseconds(roundTripUs)} ms` : '';
      this.#io.out(
        `${reply.length} bytes from ${formatIp(reply.from)}: icmp_seq=${reply.sequence} ` +
          `ttl=${reply.ttl}${time}${isDuplicate ? ' (DUP!)' : ''}\n`,
      );
    }
    this.#finishMaybe();
  }

  #hearError(error: EchoError): void {
    if (this.#over || !this.#sentAt.has(error.sequence)) return;
    this.#errors++;
    if (!this.#options.quiet) {
      this.#io.out(`From ${formatIp(error.from)} icmp_seq=${error.sequence} ${error.text}\n`);
    }
    this.#finishMaybe();
  }

  #finishMaybe(): void {
    if (this.#sent >= this.#options.count && this.#settled()) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers) timer.cancel();
    this.#socket.close();
    this.#io.out(this.#statistics());
    this.#io.exit(this.#received > 0 ? 0 : 1);
  }

  #statistics(): string {
    const { target } = this.#options;
    const sent = this.#sent;
    const received = this.#received;
    const loss = sent === 0 ? 0 : ((sent - received) * 100) / sent;
    const duplicates = this.#duplicates > 0 ? `, +${this.#duplicates} duplicates` : '';
    const errors = this.#errors > 0 ? `, +${this.#errors} errors` : '';
    const span = Math.round((this.#lastMoment() - this.#startedAt) / 1000);
    const head =
      `\n--- ${target} ping statistics ---\n` +
      `${sent} packets transmitted, ${received} received${duplicates}${errors}, ` +
      `${significant(loss)}% packet loss, time ${span}ms\n`;
    const pipe = this.#pipeMax > 1 ? `pipe ${this.#pipeMax}` : '';
    if (received === 0) return `${head}${pipe}\n`;
    const pipeText = pipe === '' ? '' : `, ${pipe}`;
    return `${head}rtt min/avg/max/mdev = ${summary(this.#roundTripsUs)} ms${pipeText}\n`;
  }

  /** ping's "time" runs from the first request to the last one that left. */
  #lastMoment(): number {
    return this.#lastSentAt;
  }

  #after(byUs: number, action: () => void): void {
    this.#timers.push(this.#io.machine.timers.after(byUs, action));
  }
}

/** Source: iputils prints fewer decimals the longer it took. */
function formatMilliseconds(us: number): string {
  if (us >= 100_000) return String(Math.trunc((us + 500) / 1000));
  if (us >= 10_000) return decimals(Math.trunc((us + 50) / 100), 1);
  if (us >= 1000) return decimals(Math.trunc((us + 5) / 10), 2);
  return decimals(us, 3);
}

/** A whole number of 10^-places as text. */
function decimals(value: number, places: number): string {
  const digits = String(value).padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function summary(roundTripsUs: readonly number[]): string {
  const count = roundTripsUs.length;
  let sum = 0;
  let squares = 0;
  for (const value of roundTripsUs) {
    sum += value;
    squares += value * value;
  }
  const mean = Math.trunc(sum / count);
  const variance = Math.max(0, Math.trunc(squares / count) - mean * mean);
  const deviation = Math.trunc(Math.sqrt(variance));
  return [Math.min(...roundTripsUs), mean, Math.max(...roundTripsUs), deviation]
    .map((value) => decimals(value, 3))
    .join('/');
}

/** printf's %g with six digits, for percentages. */
function significant(value: number): string {
  return String(Number(value.toPrecision(6)));
}
