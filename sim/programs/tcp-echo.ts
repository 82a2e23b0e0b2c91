/**
 * A TCP echo service (RFC 862): bytes come back in order; options `port` (7), `address` (all). With `body` as many
 * octets come back, but they say that text, so that a client knows who answers.
 */

import type { Program, ProgramContext } from '../host/machine.ts';
import { listeningProgram } from './listening-service.ts';
import { answerTo, ECHO_PORT } from './udp-echo.ts';

/** The server as a program. */
export function tcpEchoServer(context: ProgramContext): Program {
  const { body } = context.options;
  const text = typeof body === 'string' ? body : undefined;
  return listeningProgram(context, {
    usualPort: ECHO_PORT,
    onAccept: (socket, service) => ({
      onData: (bytes) => void socket.send(answerTo(bytes, text)),
      onClosed: () => service.end(socket),
    }),
  });
}
