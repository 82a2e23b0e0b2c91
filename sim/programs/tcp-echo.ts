/** A TCP echo service (RFC 862): bytes come back in order; option `port` (7), `address` (all). */

import type { Program, ProgramContext } from '../host/machine.ts';
import { listeningProgram } from './listening-service.ts';
import { ECHO_PORT } from './udp-echo.ts';

/** The server as a program. */
export function tcpEchoServer(context: ProgramContext): Program {
  return listeningProgram(context, {
    usualPort: ECHO_PORT,
    onAccept: (socket, service) => ({
      onData: (bytes) => void socket.send(bytes.slice()),
      onClosed: () => service.end(socket),
    }),
  });
}
