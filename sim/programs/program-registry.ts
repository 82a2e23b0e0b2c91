/** All kinds of programs that a machine of the twin can run, by the kind that a scenario writes. */

import { makeDaemon } from '../host/daemon-factory.ts';
import { DaemonMachine } from '../host/daemon-machine.ts';
import type { DaemonFactory } from '../host/daemon-program.ts';
import type { ProgramFactory, ProgramRegistry } from '../host/machine.ts';
import { DnsServer } from './dns-server.ts';
import { HttpServer } from './http-server.ts';
import { IdleProgram } from './idle-program.ts';
import { ReverseProxy } from './reverse-proxy.ts';
import { knowsCommand } from './shell/command-table.ts';
import { smtpSink } from './smtp-sink.ts';
import { tcpEchoServer } from './tcp-echo.ts';
import { UdpEchoServer } from './udp-echo.ts';

/**
 * The registry that `buildLan` gives to every host. Another daemon in keepalived's place: one that
 * shares its readings with other runs, or one that a test has broken.
 */
export function programRegistry(daemon: DaemonFactory = makeDaemon): ProgramRegistry {
  return new Map<string, ProgramFactory>([
    ['keepalived', (context) => new DaemonMachine(context, { makeDaemon: daemon, knowsCommand })],
    ['http', (context) => new HttpServer(context)],
    ['nginx', (context) => new HttpServer(context)],
    ['proxy', (context) => new ReverseProxy(context)],
    ['tcp-echo', tcpEchoServer],
    ['dns', (context) => new DnsServer(context)],
    ['smtp', smtpSink],
    ['udp-echo', (context) => new UdpEchoServer(context)],
    ['process', (context) => new IdleProgram(context)],
  ]);
}
