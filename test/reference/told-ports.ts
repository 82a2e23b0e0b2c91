/** Ports beside the web servers' that events tell of: an echo by UDP, a name server, a mail server. */

import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import { decodeLatin1, encodeUtf8 } from '../../daemon/wire/text.ts';
import type { ScenarioRun } from '../../sim/scenario/run.ts';

const PORTS = { udp: 5353, dns: 53, smtp: 25 } as const;
type Kind = keyof typeof PORTS;

interface Closable {
  close(): void;
}

/** What is there, by server and kind. */
export class OtherPorts {
  readonly #run: ScenarioRun;
  readonly #family: IpFamily;
  readonly #open = new Map<string, Closable>();

  constructor(run: ScenarioRun, family: IpFamily) {
    this.#run = run;
    this.#family = family;
  }

  /** `closed`; anything else opens the port, and it answers as a healthy one does. */
  set(server: string, kind: Kind, how: string): void {
    const key = `${server} ${kind}`;
    this.#open.get(key)?.close();
    this.#open.delete(key);
    if (how === 'closed') return;
    const made = kind === 'smtp' ? this.#mail(server) : this.#datagrams(server, kind);
    if (made !== undefined) this.#open.set(key, made);
  }

  openAll(server: string): void {
    for (const kind of Object.keys(PORTS)) this.set(server, kind as Kind, 'answers');
  }

  #datagrams(server: string, kind: 'udp' | 'dns'): Closable | undefined {
    const socket = this.#run.lan.hosts.get(server)?.kernel?.openUdp({
      family: this.#family,
      port: PORTS[kind],
      onDatagram: ({ payload, source, sourcePort }) => {
        const answer = kind === 'udp' ? encodeUtf8('pong') : nameAnswer(payload);
        if (typeof socket === 'object') socket.send(answer, source, sourcePort);
      },
    });
    return typeof socket === 'object' ? socket : undefined;
  }

  #mail(server: string): Closable | undefined {
    const listener = this.#run.lan.hosts.get(server)?.kernel?.listenTcp({
      family: this.#family,
      port: PORTS.smtp,
      onAccept: (socket) => {
        socket.send(encodeUtf8('220 hello\r\n'));
        return {
          onData: (bytes) => {
            const isEnd = decodeLatin1(bytes).startsWith('QUIT');
            socket.send(encodeUtf8(isEnd ? '221 bye\r\n' : '250 ok\r\n'));
            if (isEnd) socket.close();
          },
          onClosed: () => socket.close(),
        };
      },
    });
    return typeof listener === 'object' ? listener : undefined;
  }
}

/** The question back with one record. */
function nameAnswer(question: Uint8Array): Uint8Array {
  const record = [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1];
  const answer = Uint8Array.of(...question, ...record);
  answer[2] = 0x81;
  answer[3] = 0x80;
  answer[7] = 1;
  return answer;
}
