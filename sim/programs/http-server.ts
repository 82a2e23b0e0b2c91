/**
 * A web server as a process: it is found by `pidof`, claims its address and port under Linux'
 * rules, and fails as nginx does when it cannot. It answers no requests yet: that comes with TCP,
 * whose place is kept by `ListenerTable`.
 */

import { formatIp, type IpAddress, isIpv4, parseIp } from '../../daemon/wire/ip-address.ts';
import type { Program, ProgramContext } from '../host/machine.ts';

/** errno numbers and texts as nginx writes them. */
const BIND_ERRORS = {
  EADDRNOTAVAIL: '99: Cannot assign requested address',
  EADDRINUSE: '98: Address already in use',
} as const;

/** The options of the program `http`: `port` (80), `address` (all), `body`. */
export class HttpServer implements Program {
  readonly #context: ProgramContext;

  constructor(context: ProgramContext) {
    this.#context = context;
  }

  /** Binds, or exits with 1 and nginx's line in the journal. */
  start(): number | undefined {
    const { name, machine } = this.#context;
    const address = this.#address();
    const port = this.#port();
    const pid = this.#context.spawn(name, [`${name}:`, 'master', 'process', `/usr/sbin/${name}`]);
    const error = machine.listeners.bind({ address, port, pid, name });
    if (error !== undefined) {
      this.#complain(pid, `bind() to ${endpoint(address, port)} failed (${BIND_ERRORS[error]})`);
      return 1;
    }
    this.#context.spawn(name, [`${name}:`, 'worker', 'process']);
    return undefined;
  }

  terminate(): void {
    this.#context.exited({ kind: 'exit', code: 0 });
  }

  kill(): void {}

  reload(): void {}

  setStopped(): void {}

  signal(): void {}

  #complain(pid: number, text: string): void {
    const { name } = this.#context;
    this.#context.log({ identifier: name, pid, level: 'error', text: `${name}: [emerg] ${text}` });
    const file = `/etc/${name}/${name}.conf`;
    const failed = `${name}: configuration file ${file} test failed`;
    this.#context.log({ identifier: name, pid, level: 'error', text: failed });
  }

  #address(): IpAddress | undefined {
    const { options } = this.#context;
    const text = options['address'] ?? options['bind'] ?? options['listen'];
    if (typeof text === 'number' || typeof text === 'bigint') return text as IpAddress;
    return typeof text === 'string' ? parseIp(text.replace(/:\d+$/, '')) : undefined;
  }

  #port(): number {
    const port = this.#context.options['port'];
    return typeof port === 'number' ? port : 80;
  }
}

function endpoint(address: IpAddress | undefined, port: number): string {
  if (address === undefined) return `0.0.0.0:${port}`;
  return isIpv4(address) ? `${formatIp(address)}:${port}` : `[${formatIp(address)}]:${port}`;
}
