/** A UDP echo service (RFC 862): datagrams come back with the same bytes. */

import { familyOf } from '../../daemon/wire/ip-address.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import type { Program, ProgramContext } from '../host/machine.ts';
import type { UdpSocket } from '../kernel/socket-api.ts';
import { addressOption } from './listening-service.ts';

/** Port of the echo service. Source: RFC 862. */
export const ECHO_PORT = 7;
const BLANK = 0x20;

/** The same octets, or as many that say a text. */
export function answerTo(bytes: Uint8Array, text: string | undefined): Uint8Array {
  if (text === undefined) return bytes.slice();
  const answer = new Uint8Array(bytes.length).fill(BLANK);
  answer.set(encodeUtf8(text).subarray(0, bytes.length));
  return answer;
}

/** The server as a program; options `port` (7), `body`: a text that it says instead. */
export class UdpEchoServer implements Program {
  readonly #context: ProgramContext;
  #socket: UdpSocket | undefined;
  #stopped = false;

  constructor(context: ProgramContext) {
    this.#context = context;
  }

  start(): number | undefined {
    const { name, options, machine } = this.#context;
    const port = typeof options['port'] === 'number' ? options['port'] : ECHO_PORT;
    const text = typeof options['body'] === 'string' ? options['body'] : undefined;
    const address = addressOption(this.#context);
    const pid = this.#context.spawn(name, [`/usr/sbin/${name}`]);
    const socket = machine.kernel.openUdp({
      family: address === undefined ? 'inet' : familyOf(address),
      ...(address === undefined ? {} : { address }),
      port,
      onDatagram: ({ payload, source, sourcePort }) => {
        if (!this.#stopped) this.#socket?.send(answerTo(payload, text), source, sourcePort);
      },
    });
    if (typeof socket === 'string') {
      this.#context.log({ identifier: name, pid, level: 'error', text: `bind: ${socket}` });
      return 1;
    }
    this.#socket = socket;
    return undefined;
  }

  terminate(): void {
    this.kill();
    this.#context.exited({ kind: 'exit', code: 0 });
  }

  kill(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  reload(): void {}

  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
  }

  signal(): void {}
}
