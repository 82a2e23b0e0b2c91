/**
 * The schema of everything that a client may say: closed and strict. Text in, a message or the reason of its refusal out;
 * nothing throws. Names of hosts, cables and packets are checked by the session, against the scenario that is open.
 */

import * as z from 'zod';
import { ACTION_NAMES, type ClientMessage, LIMITS } from './protocol.ts';

// The compiled validators of zod need `new Function`, which a page's content policy forbids.
z.config({ jitless: true });

/** Longest name of a node, a port, a cable or a terminal. */
const NAME_LENGTH_MAX = 200;
/** Virtual times that make sense: up to 30 days. */
const TIME_MAX = 30 * 86_400_000_000;

const name = z.string().min(1).max(NAME_LENGTH_MAX);
const time = z.int().min(0).max(TIME_MAX);
const number = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const filter = z.string().max(LIMITS.filterLengthMax);
const names = z.array(name).max(8);
const id = { id: number.optional() };

function message<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z.strictObject({ type: z.literal(type), ...id, ...shape });
}

const actionValue = z.union([name, z.number(), z.boolean(), z.array(name).max(32)]);
const actionArguments = z.union([
  name,
  z.array(name).max(32),
  z
    .record(z.string().max(40), actionValue)
    .refine((value) => Object.keys(value).length <= 12, 'too many arguments'),
]);

const subscription = z.strictObject({
  packets: z.strictObject({ filter, cable: name.optional() }).optional(),
  events: z.boolean().optional(),
  flights: z.boolean().optional(),
  lanes: z.boolean().optional(),
  tables: names.optional(),
  journals: names.optional(),
});

const position = z.strictObject({
  node: name,
  x: z.number().min(-1e6).max(1e6),
  y: z.number().min(-1e6).max(1e6),
});

const clientMessage = z.discriminatedUnion('type', [
  message('hello', { version: number }),
  message('subscribe', { views: subscription }),
  message('packet-page', {
    before: number.optional(),
    after: number.optional(),
    count: z.int().min(1).max(LIMITS.packetRowsMax),
  }),
  message('packet', { packet: number }),
  message('event', { event: number }),
  message('follow', { packet: number }),
  message('pcapng', { filter: filter.optional(), cable: name.optional() }),
  message('config', { host: name }),
  message('check-config', { host: name, text: z.string().max(LIMITS.configLengthMax) }),
  message('save', { name: z.string().min(1).max(100), expectations: z.boolean() }),
  message('play', {}),
  message('pause', {}),
  message('speed', { factor: z.number().min(LIMITS.speedMin).max(LIMITS.speedMax) }),
  message('step', { unit: z.enum(['event', 'advert']), direction: z.enum(['forward', 'back']) }),
  message('seek', { at: time }),
  message('failover', { direction: z.enum(['next', 'previous']) }),
  message('act', { action: z.enum(ACTION_NAMES), args: actionArguments }),
  message('reload-config', { host: name, text: z.string().max(LIMITS.configLengthMax) }),
  message('script', {
    host: name,
    script: name,
    exit: z.union([z.int().min(0).max(255), z.literal('hang')]),
    afterUs: time,
  }),
  message('exec', {
    terminal: name,
    host: name,
    line: z.string().min(1).max(LIMITS.commandLineMax),
  }),
  message('cancel', { terminal: name }),
  message('ping', { from: name, to: name }),
  message('open', { scenario: name }),
  message('layout', { positions: z.array(position).max(500) }),
]);

/** What only `control` may say; everything else is for everybody. */
const CONTROL_TYPES: ReadonlySet<ClientMessage['type']> = new Set([
  'play',
  'pause',
  'speed',
  'step',
  'seek',
  'failover',
  'act',
  'reload-config',
  'script',
  'exec',
  'cancel',
  'ping',
  'open',
  'layout',
]);

/** Whether a message needs the role `control`. */
export function needsControl(message: ClientMessage): boolean {
  return CONTROL_TYPES.has(message.type);
}

/** What became of a client's text. */
export type ReadMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly reason: string; readonly re?: number };

/** Reads one message of a client; see the head of the file. */
export function readClientMessage(text: string): ReadMessage {
  if (text.length > LIMITS.messageBytesMax) return { ok: false, reason: 'the message is too long' };
  if (text.includes('__proto__')) return { ok: false, reason: 'the message has a forbidden key' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'the message is no JSON' };
  }
  return readClientValue(value);
}

/** Reads a message that came as a value (from a page to its worker). */
export function readClientValue(value: unknown): ReadMessage {
  const result = clientMessage.safeParse(value);
  if (result.success) return { ok: true, message: result.data as ClientMessage };
  const issue = result.error.issues[0];
  const path = issue?.path.map(String).join('.') ?? '';
  const reason = `${path === '' ? 'message' : path}: ${issue?.message ?? 'not understood'}`;
  const re = numberOf(value);
  return re === undefined ? { ok: false, reason } : { ok: false, reason, re };
}

function numberOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined;
  const found = number.safeParse(value.id);
  return found.success ? found.data : undefined;
}
