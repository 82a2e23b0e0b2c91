/** The servers of a checkers' recording as its events tell of them, where no capture shows what they did. */

import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import type { TcpListener } from '../../sim/kernel/socket-api.ts';
import type { ScenarioRun } from '../../sim/scenario/run.ts';
import { OtherPorts } from './told-ports.ts';

const SERVERS = ['rs1', 'rs2', 'rs3', 'rs4'];

/** They serve a page, a status 500, nothing at all, or no port. */
export class ToldServers {
  readonly #run: ScenarioRun;
  readonly #behaviour = new Map<string, 'page' | 'sick' | 'hang' | 'closed'>();
  readonly #listeners = new Map<string, TcpListener>();

  readonly #others: OtherPorts;
  readonly #family: IpFamily;

  constructor(run: ScenarioRun, family: IpFamily) {
    this.#run = run;
    this.#family = family;
    this.#others = new OtherPorts(run, family);
  }

  /** How they are at the start, as far as the title tells it. */
  prepare(title: string): void {
    for (const server of SERVERS) {
      this.#set(server, 'page');
      if (this.#family === 'inet6') this.#others.openAll(server);
    }
    const start = title.split(/[;:]/).find((part) => part.includes('at the start')) ?? '';
    for (const server of SERVERS) {
      if (new RegExp(`${server}\\b[^,]*?closed`).test(start)) this.#set(server, 'closed');
      if (new RegExp(`${server} answer\\w+ 500`).test(start)) this.#set(server, 'sick');
    }
  }

  /** An event, or several with commas between. */
  happen(text: string): void {
    for (const part of text.split(', ')) this.#serverEvent(part);
  }

  /** `udp 5353 answers pong`, `dns 53 closed`, `smtp 25 says 220 hello`; `address gone`. */
  #portEvent(server: string, what: string): boolean {
    if (/^(address|BFD) /.test(what)) return true;
    const match = /^(udp|dns|smtp) \d+ (.*)$/.exec(what);
    if (match === null) return false;
    this.#others.set(server, match[1] as 'udp' | 'dns' | 'smtp', match[2] ?? '');
    return true;
  }

  #serverEvent(text: string): void {
    const match = /^(rs\d):? (.*)$/.exec(text);
    if (match === null) return;
    const [, server = '', what = ''] = match;
    if (this.#portEvent(server, what)) return;
    const status = /^answers (\d+)$/.exec(what)?.[1];
    if (/plugged/.test(what)) return;
    if (/port closed/.test(what)) this.#set(server, 'closed');
    else if (/never answers/.test(what)) this.#set(server, 'hang');
    else this.#set(server, status === undefined || status === '200' ? 'page' : 'sick');
  }

  #set(server: string, behaviour: 'page' | 'sick' | 'hang' | 'closed'): void {
    this.#behaviour.set(server, behaviour);
    const listener = this.#listeners.get(server);
    if (behaviour === 'closed') {
      listener?.close();
      this.#listeners.delete(server);
    } else if (listener === undefined) this.#listen(server);
  }

  #listen(server: string): void {
    const listener = this.#run.lan.hosts.get(server)?.kernel?.listenTcp({
      family: this.#family,
      port: 80,
      onAccept: (socket) => ({
        onData: () => {
          const behaviour = this.#behaviour.get(server);
          if (behaviour === 'hang') return;
          const status = behaviour === 'sick' ? '500 Sick' : '200 OK';
          socket.send(encodeUtf8(`HTTP/1.0 ${status}\r\n\r\nhello`));
          socket.close();
        },
        onClosed: () => socket.close(),
      }),
    });
    if (listener !== undefined && typeof listener !== 'string')
      this.#listeners.set(server, listener);
  }
}
