/**
 * keepalived's own mail client: one TCP connection a mail, one command a time, patience of
 * smtp_connect_timeout for every step. Pure: stream commands out, stream events in.
 *
 * A mail that cannot be delivered is lost after one log line, as there; nothing is tried again.
 * Source: RFC 5321; the words and the order of headers as recorded from keepalived 2.2.7.
 */

import { type DurationUs, later, type TimeUs } from '../base/time.ts';
import type { MailConfig } from '../config/global-config.ts';
import { formatIp, type IpAddress, parseIp } from '../wire/ip-address.ts';
import { decodeLatin1, encodeUtf8 } from '../wire/text.ts';
import type { Command, CommandId } from './commands.ts';
import type { AnswerEvent, StreamEvent } from './events.ts';

/** One mail. */
export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly body: string;
  /** The date line, `Fri, 20 Nov 2026 14:05:17 +0000`. */
  readonly date: string;
}

/** What the client waits for. */
type Stage =
  | 'resolve'
  | 'connect'
  | 'greeting'
  | 'HELO'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'BODY'
  | 'QUIT';

interface Delivery {
  readonly mail: Mail;
  stage: Stage;
  address: IpAddress | undefined;
  /** Recipients that the server has accepted. */
  accepted: number;
  /** Half a line that the server has sent. */
  rest: string;
  dueAt: TimeUs;
}

/** The client: its settings and the mails on their way. */
export interface SmtpClient {
  readonly settings: SmtpSettings;
  readonly deliveries: Map<CommandId, Delivery>;
}

/** Where mails go and what they say about their sender. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly heloName: string;
  readonly sender: string;
  /** Patience for every step. */
  readonly timeout: DurationUs;
}

/** Most mails on their way at a time; more are dropped. */
const DELIVERIES_MAX = 100;
/** Longest line that a server may send; the rest of it is forgotten. */
const LINE_MAX = 1000;

const TIMEOUT_CONNECTING = 'Timeout opening connection to remote SMTP server';
/** All that keepalived says of a refused connection; the descriptor is whichever was free. */
const WRITE_ERROR = 'smtp fd 15 returned write error';

/** The client for a configuration; `undefined` without an smtp_server. */
export function newSmtpClient(mail: MailConfig): SmtpClient | undefined {
  if (mail.server === undefined) return undefined;
  const { host, port } = mail.server;
  const { heloName, sender, connectTimeout: timeout } = mail;
  return { settings: { host, port, heloName, sender, timeout }, deliveries: new Map() };
}

/** Begins a delivery under the id of its stream. */
export function submitMail(
  client: SmtpClient,
  mail: Mail,
  given: { readonly id: CommandId; readonly now: TimeUs },
): readonly Command[] {
  if (client.deliveries.size >= DELIVERIES_MAX) return [];
  const { host, timeout } = client.settings;
  const { id, now } = given;
  const address = parseIp(host);
  const delivery: Delivery = {
    mail,
    stage: address === undefined ? 'resolve' : 'connect',
    address,
    accepted: 0,
    rest: '',
    dueAt: later(now, timeout),
  };
  client.deliveries.set(id, delivery);
  return address === undefined
    ? [{ kind: 'resolve', id, name: host }]
    : [open(client, id, address)];
}

/** Something happened on a stream; `undefined` when it is none of this client's. */
export function smtpReceive(
  client: SmtpClient,
  event: StreamEvent | AnswerEvent,
  now: TimeUs,
): readonly Command[] | undefined {
  const delivery = client.deliveries.get(event.id);
  if (delivery === undefined) return undefined;
  delivery.dueAt = later(now, client.settings.timeout);
  switch (event.kind) {
    case 'resolved':
      return resolved(client, event.id, delivery, event.addresses);
    case 'stream-connected':
      delivery.stage = 'greeting';
      return [say(`Remote SMTP server ${serverWords(client, delivery)} connected.`)];
    case 'stream-data':
      return hear(client, event.id, delivery, event.bytes);
    case 'stream-closed':
      return giveUp(client, event.id, `Error reading data from remote SMTP server`);
    case 'stream-failed':
      return failed(client, event.id, delivery, event.failure);
    case 'command-failed':
      return giveUp(client, event.id, `SMTP connection ERROR to`);
    default:
      return undefined;
  }
}

/** When `smtpAdvance` wants to be called. */
export function smtpDeadline(client: SmtpClient): TimeUs | undefined {
  let first: TimeUs | undefined;
  for (const { dueAt } of client.deliveries.values()) {
    if (first === undefined || dueAt < first) first = dueAt;
  }
  return first;
}

/** Gives up the deliveries whose server has been silent for too long. */
export function smtpAdvance(client: SmtpClient, now: TimeUs): readonly Command[] {
  const out: Command[] = [];
  for (const [id, delivery] of [...client.deliveries]) {
    if (now < delivery.dueAt) continue;
    const connecting = delivery.stage === 'connect' || delivery.stage === 'resolve';
    const text = connecting ? TIMEOUT_CONNECTING : 'Timeout reading data to remote SMTP server';
    out.push(...giveUp(client, id, text));
  }
  return out;
}

function open(client: SmtpClient, id: CommandId, address: IpAddress): Command {
  return { kind: 'stream-open', id, address, port: client.settings.port };
}

function resolved(
  client: SmtpClient,
  id: CommandId,
  delivery: Delivery,
  addresses: readonly IpAddress[],
): readonly Command[] {
  const [address] = addresses;
  if (address === undefined) {
    client.deliveries.delete(id);
    return [say(`Invalid smtp server name ${client.settings.host}`)];
  }
  delivery.address = address;
  delivery.stage = 'connect';
  return [open(client, id, address)];
}

function failed(
  client: SmtpClient,
  id: CommandId,
  delivery: Delivery,
  failure: string,
): readonly Command[] {
  if (delivery.stage !== 'connect') {
    return giveUp(client, id, 'Error reading data from remote SMTP server');
  }
  if (failure === 'timed-out') return giveUp(client, id, TIMEOUT_CONNECTING);
  client.deliveries.delete(id);
  return [say(WRITE_ERROR), { kind: 'stream-close', id, abort: false }];
}

/** Bytes of the server: every whole line is an answer, unless a dash says that more follow. */
function hear(
  client: SmtpClient,
  id: CommandId,
  delivery: Delivery,
  bytes: Uint8Array,
): readonly Command[] {
  const out: Command[] = [];
  const lines = (delivery.rest + decodeLatin1(bytes, 0, bytes.length)).split('\n');
  delivery.rest = (lines.pop() ?? '').slice(0, LINE_MAX);
  for (const line of lines) {
    if (!client.deliveries.has(id)) break;
    const match = /^(\d{3})( |-|\r|$)/.exec(line);
    if (match?.[2] === '-') continue;
    out.push(...answer(client, id, delivery, Number(match?.[1] ?? 0)));
  }
  return out;
}

/** What each stage expects. Source: RFC 5321 section 4.3.2. */
const EXPECTED: ReadonlyMap<Stage, number> = new Map([
  ['greeting', 220],
  ['HELO', 250],
  ['MAIL', 250],
  ['RCPT', 250],
  ['DATA', 354],
  ['BODY', 250],
  ['QUIT', 221],
]);

function answer(
  client: SmtpClient,
  id: CommandId,
  delivery: Delivery,
  code: number,
): readonly Command[] {
  const { stage } = delivery;
  if (code !== EXPECTED.get(stage)) return refused(client, id, delivery, code);
  const { heloName, sender } = client.settings;
  const { to } = delivery.mail;
  switch (stage) {
    case 'greeting':
      return speak(delivery, 'HELO', id, `HELO ${heloName}\r\n`);
    case 'HELO':
      return speak(delivery, 'MAIL', id, `MAIL FROM:<${sender}>\r\n`);
    case 'MAIL':
    case 'RCPT': {
      const next = to[delivery.accepted];
      if (next === undefined) return speak(delivery, 'DATA', id, 'DATA\r\n');
      delivery.accepted++;
      return speak(delivery, 'RCPT', id, `RCPT TO:<${next}>\r\n`);
    }
    case 'DATA':
      return speak(delivery, 'BODY', id, mailText(delivery.mail, sender));
    case 'BODY':
      return [say('SMTP alert successfully sent.'), ...speak(delivery, 'QUIT', id, 'QUIT\r\n')];
    default:
      client.deliveries.delete(id);
      return [{ kind: 'stream-close', id, abort: false }];
  }
}

/**
 * A wrong answer: one line and a QUIT. keepalived 2.2.7 answers a wrong answer to its QUIT with
 * another QUIT for ever (recorded); here the second wrong answer ends the delivery.
 */
function refused(
  client: SmtpClient,
  id: CommandId,
  delivery: Delivery,
  code: number,
): readonly Command[] {
  const { stage } = delivery;
  const name = stage === 'greeting' ? '(E)SMTP' : stage === 'BODY' ? 'DOT' : stage;
  const server = serverWords(client, delivery);
  const text = `Error processing ${name} cmd on SMTP server ${server}. SMTP status code = ${code}`;
  if (stage === 'QUIT') {
    client.deliveries.delete(id);
    return [say(text), { kind: 'stream-close', id, abort: false }];
  }
  return [say(text), ...speak(delivery, 'QUIT', id, 'QUIT\r\n')];
}

/** The delivery is over; the line ends with the server's address. */
function giveUp(client: SmtpClient, id: CommandId, text: string): readonly Command[] {
  const delivery = client.deliveries.get(id);
  client.deliveries.delete(id);
  const lines = delivery === undefined ? [] : [say(`${text} ${serverWords(client, delivery)}.`)];
  return [...lines, { kind: 'stream-close', id, abort: false }];
}

function speak(delivery: Delivery, next: Stage, id: CommandId, text: string): readonly Command[] {
  delivery.stage = next;
  return [{ kind: 'stream-send', id, bytes: encodeUtf8(text) }];
}

/** Headers and body in keepalived's order, with the closing dot. */
function mailText(mail: Mail, sender: string): string {
  return [
    `Date: ${mail.date}`,
    `From: ${sender}`,
    `Subject: ${mail.subject}`,
    'X-Mailer: Keepalived',
    `To: ${mail.to.join(', ')}`,
    '',
    mail.body,
    '',
    '.',
    '',
  ].join('\r\n');
}

function serverWords(client: SmtpClient, delivery: Delivery): string {
  const { host, port } = client.settings;
  return `[${delivery.address === undefined ? host : formatIp(delivery.address)}]:${port}`;
}

function say(text: string): Command {
  return { kind: 'log', process: 'vrrp', level: 'info', text };
}
