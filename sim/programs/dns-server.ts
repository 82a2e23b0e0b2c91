/**
 * A DNS server for A and AAAA records. Options: `port` (53), `address`, `records` (name to address or list);
 * names it does not know it looks up as its host does (/etc/hosts), and else answers "no such name".
 */

import { familyOf, type IpAddress, parseIp } from '../../daemon/wire/ip-address.ts';
import type { Program, ProgramContext } from '../host/machine.ts';
import type { Datagram, UdpSocket } from '../kernel/socket-api.ts';
import {
  decodeDnsQuery,
  encodeDnsAnswer,
  RCODE_NO_NAME,
  RCODE_OK,
  TYPE_A,
  TYPE_AAAA,
} from './dns-message.ts';
import { addressOption, portOption } from './listening-service.ts';

const DNS_PORT = 53;
const TTL_SECONDS = 300;

/** The server as a program. */
export class DnsServer implements Program {
  readonly #context: ProgramContext;
  readonly #records: ReadonlyMap<string, readonly IpAddress[]>;
  readonly #sockets: UdpSocket[] = [];
  #waiting: (() => void)[] = [];
  #stopped = false;

  constructor(context: ProgramContext) {
    this.#context = context;
    this.#records = readRecords(context.options['records']);
  }

  start(): number | undefined {
    const { name, machine } = this.#context;
    const pid = this.#context.spawn(name, [`/usr/sbin/${name}`]);
    const address = addressOption(this.#context);
    const port = portOption(this.#context, DNS_PORT);
    const families = address === undefined ? (['inet', 'inet6'] as const) : [familyOf(address)];
    for (const family of families) {
      const socket: UdpSocket | string = machine.kernel.openUdp({
        family,
        ...(address === undefined ? {} : { address }),
        port,
        onDatagram: (datagram) => this.#hear(datagram, () => socket),
      });
      if (typeof socket === 'string') {
        this.kill();
        this.#context.log({ identifier: name, pid, level: 'error', text: `bind: ${socket}` });
        return 1;
      }
      this.#sockets.push(socket);
    }
    return undefined;
  }

  terminate(): void {
    this.kill();
    this.#context.exited({ kind: 'exit', code: 0 });
  }

  kill(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
    this.#waiting = [];
  }

  reload(): void {}

  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
    if (!stopped) for (const action of this.#waiting.splice(0)) action();
  }

  signal(): void {}

  #hear(datagram: Datagram, socketOf: () => UdpSocket | string): void {
    const answer = () => {
      const socket = socketOf();
      const bytes = this.#answer(datagram.payload);
      if (bytes === undefined || typeof socket === 'string') return;
      socket.send(bytes, datagram.source, datagram.sourcePort);
    };
    if (this.#stopped) this.#waiting.push(answer);
    else answer();
  }

  #answer(payload: Uint8Array): Uint8Array | undefined {
    const question = decodeDnsQuery(payload);
    if (question === undefined) return undefined;
    const known = this.#records.get(question.name) ?? this.#context.machine.resolve(question.name);
    const family = question.type === TYPE_AAAA ? 'inet6' : 'inet';
    const asked = question.type === TYPE_A || question.type === TYPE_AAAA;
    return encodeDnsAnswer(question, {
      code: known.length === 0 ? RCODE_NO_NAME : RCODE_OK,
      addresses: asked ? known.filter((address) => familyOf(address) === family) : [],
      ttlSeconds: TTL_SECONDS,
    });
  }
}

function readRecords(given: unknown): ReadonlyMap<string, readonly IpAddress[]> {
  const records = new Map<string, readonly IpAddress[]>();
  if (typeof given !== 'object' || given === null) return records;
  for (const [name, value] of Object.entries(given)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    records.set(
      name.toLowerCase(),
      list.flatMap((each) => {
        const read = typeof each === 'string' ? parseIp(each) : (each as IpAddress);
        return read === undefined ? [] : [read];
      }),
    );
  }
  return records;
}
