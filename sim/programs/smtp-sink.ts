/**
 * A mail server that keeps what it gets: each mail becomes a file `/var/mail/NUMBER` and an event of the run.
 * It speaks enough of RFC 5321 for keepalived, curl and mailx: greeting, EHLO/HELO, MAIL, RCPT, DATA, RSET, NOOP,
 * QUIT. Options: `port` (25), `address`, `refuse` (answers 554 to every recipient).
 */

import { decodeUtf8, encodeAscii, encodeUtf8 } from '../../daemon/wire/text.ts';
import type { Program, ProgramContext } from '../host/machine.ts';
import type { TcpHandlers, TcpSocket } from '../kernel/socket-api.ts';
import { type ListeningService, listeningProgram } from './listening-service.ts';

const SMTP_PORT = 25;
/** Longest mail that is kept; longer ones are refused with 552. */
const MAIL_LENGTH_MAX = 10_485_760;

/** One conversation. */
interface Session {
  readonly socket: TcpSocket;
  readonly service: ListeningService;
  rest: string;
  from: string | undefined;
  to: string[];
  /** Lines of the mail, while DATA runs. */
  lines: string[] | undefined;
  length: number;
}

/** The server as a program. */
export function smtpSink(context: ProgramContext): Program {
  const mailbox = new Mailbox(context);
  return listeningProgram(context, {
    usualPort: SMTP_PORT,
    onAccept: (socket, service) => mailbox.greet(socket, service),
  });
}

/** The conversations of one server and the mails that it keeps. */
class Mailbox {
  readonly #context: ProgramContext;
  #mails = 0;

  constructor(context: ProgramContext) {
    this.#context = context;
  }

  greet(socket: TcpSocket, service: ListeningService): TcpHandlers {
    const session: Session = {
      socket,
      service,
      rest: '',
      from: undefined,
      to: [],
      lines: undefined,
      length: 0,
    };
    service.after(0, () => this.#say(session, `220 ${this.#context.machine.name} ESMTP`));
    return {
      onData: (bytes) => this.#hear(session, decodeUtf8(bytes)),
      onClosed: () => service.end(socket),
    };
  }

  #hear(session: Session, text: string): void {
    const lines = (session.rest + text).split('\n');
    session.rest = lines.pop() ?? '';
    for (const line of lines) this.#line(session, line.replace(/\r$/, ''));
  }

  #line(session: Session, line: string) {
    if (session.lines !== undefined) {
      this.#mailLine(session, session.lines, line);
      return;
    }
    const [verb = ''] = line.trim().split(/[\s:]/, 1);
    switch (verb.toUpperCase()) {
      case 'EHLO':
      case 'HELO':
        this.#reset(session);
        return this.#say(session, `250 ${this.#context.machine.name}`);
      case 'MAIL':
        session.from = addressIn(line);
        return this.#say(session, '250 2.1.0 Ok');
      case 'RCPT':
        return this.#recipient(session, addressIn(line));
      case 'DATA':
        return this.#beginMail(session);
      case 'RSET':
        this.#reset(session);
        return this.#say(session, '250 2.0.0 Ok');
      case 'NOOP':
        return this.#say(session, '250 2.0.0 Ok');
      case 'QUIT':
        this.#say(session, '221 2.0.0 Bye');
        return session.service.end(session.socket);
      default:
        return this.#say(session, '502 5.5.2 Error: command not recognized');
    }
  }

  #recipient(session: Session, to: string) {
    if (session.from === undefined) return this.#say(session, '503 5.5.1 Error: need MAIL command');
    if (this.#context.options['refuse'] === true) {
      return this.#say(session, `554 5.7.1 <${to}>: Recipient address rejected: Access denied`);
    }
    session.to.push(to);
    this.#say(session, '250 2.1.5 Ok');
  }

  #beginMail(session: Session) {
    if (session.to.length === 0) return this.#say(session, '503 5.5.1 Error: need RCPT command');
    session.lines = [];
    this.#say(session, '354 End data with <CR><LF>.<CR><LF>');
  }

  #mailLine(session: Session, lines: string[], line: string): void {
    if (line !== '.') {
      session.length += line.length + 2;
      if (session.length <= MAIL_LENGTH_MAX) lines.push(line.replace(/^\./, ''));
      return;
    }
    if (session.length > MAIL_LENGTH_MAX) this.#say(session, '552 5.3.4 Error: message too big');
    else this.#store(session, lines);
    this.#reset(session);
  }

  #store(session: Session, lines: readonly string[]): void {
    const number = ++this.#mails;
    const { machine } = this.#context;
    const head = [
      `Return-Path: <${session.from ?? ''}>`,
      ...session.to.map((to) => `X-Original-To: ${to}`),
    ];
    const text = `${[...head, ...lines].join('\n')}\n`;
    const path = `/var/mail/${number}`;
    machine.writeFile(path, encodeUtf8(text));
    machine.record({
      kind: 'mail',
      from: session.from ?? '',
      to: [...session.to],
      subject: subjectOf(lines),
      path,
    });
    this.#say(session, `250 2.0.0 Ok: queued as ${number}`);
  }

  #reset(session: Session): void {
    session.from = undefined;
    session.to = [];
    session.lines = undefined;
    session.length = 0;
  }

  #say(session: Session, text: string): void {
    session.socket.send(encodeAscii(`${text}\r\n`));
  }
}

function addressIn(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? line.replace(/^[^:]*:\s*/, '').trim();
}

function subjectOf(lines: readonly string[]): string {
  const end = lines.indexOf('');
  const head = end < 0 ? lines : lines.slice(0, end);
  const line = head.find((each) => /^subject:/i.test(each));
  return line?.replace(/^subject:\s*/i, '') ?? '';
}
