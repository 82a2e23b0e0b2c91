/** The conditions that `expect` and `finally` share, as flat mappings, so that editors complete them. */

import * as z from 'zod';
import { parseMac } from '../../../daemon/wire/mac-address.ts';
import { address, flag, oneOf, oneOrMore, table, text, whole } from '../schema/units.ts';
import type { ConditionSpec, OutputSpec, Whose } from './condition-spec.ts';

const STATES = ['MASTER', 'BACKUP', 'FAULT', 'INIT', 'STOP', 'none'] as const;
const NEIGHBOUR_STATES = [
  'INCOMPLETE',
  'REACHABLE',
  'STALE',
  'DELAY',
  'PROBE',
  'FAILED',
  'NOARP',
  'PERMANENT',
] as const;
/** What a virtual router id may be. */
export const VRID = { min: 1, max: 255 };

const outputSchema = z.union([
  text('A text that the output contains.').transform(
    (contains): OutputSpec => ({ contains: [contains], lacks: [] }),
  ),
  table(
    {
      contains: oneOrMore(text('A text.'), 'Texts that the output contains.').optional(),
      lacks: oneOrMore(text('A text.'), 'Texts that the output does not contain.').optional(),
      equals: text('The whole output, but for blanks at the ends.').optional(),
      matches: text(
        'A pattern that one line matches: * and ? stand for any text, any character.',
      ).optional(),
      exit: whole('The exit code.', { min: 0, max: 255 }).optional(),
    },
    'What the output looks like.',
  ).transform(
    (args): OutputSpec => ({
      contains: args.contains ?? [],
      lacks: args.lacks ?? [],
      ...(args.equals === undefined ? {} : { equals: args.equals }),
      ...(args.matches === undefined ? {} : { matches: args.matches }),
      ...(args.exit === undefined ? {} : { exit: args.exit }),
    }),
  ),
]);

/** The keys of all conditions. */
export const conditionShape = {
  vip: address('An address, usually a virtual one; goes with owner or holders.').optional(),
  owner: text("The one live host that holds it, or 'nobody'.").optional(),
  holders: z.array(text('A host.')).describe('All live hosts that hold it.').optional(),
  state: table(
    {
      host: text('The host.'),
      instance: text('Name of the vrrp_instance.').optional(),
      vrid: whole('Virtual router id.', VRID).optional(),
      is: oneOf(STATES, "The state; 'none': no such instance runs there."),
    },
    'The state of a virtual router on a host.',
  ).optional(),
  neighbour: table(
    {
      host: text('The host that looks.'),
      address: address('The address looked for.'),
      'is-at': text("A host, a MAC address, or 'nobody'.").optional(),
      state: oneOrMore(
        oneOf(NEIGHBOUR_STATES, 'A state of `ip neigh`.'),
        'State or states.',
      ).optional(),
    },
    "What a host's neighbour table says.",
  ).optional(),
  traffic: text('Name of a traffic; goes with alive.').optional(),
  alive: flag('Whether it is answered.').optional(),
  log: text('A text that a journal line contains (* and ? as in a shell).').optional(),
  output: outputSchema.describe("The output of the step's exec.").optional(),
  'mac-table': table(
    {
      switch: text('The switch.'),
      mac: text('A host or a MAC address.'),
      port: text("Its port, or 'none'."),
    },
    'Where a switch has learned a MAC address.',
  ).optional(),
  unit: text('Name of a unit; goes with host and is.').optional(),
  is: oneOf(['active', 'inactive', 'failed'], 'The state of the unit.').optional(),
  notification: table(
    {
      name: text('Name of the instance or group.').optional(),
      state: text('The state told, such as MASTER.'),
    },
    'A notification by a script or a FIFO that the configuration names.',
  ).optional(),
  mail: text('A text that the subject or body of a mail contains.').optional(),
  'adverts-from': text("Who sent the last advert, or 'nobody'; goes with vrid.").optional(),
  vrid: whole('Virtual router id.', VRID).optional(),
  host: text('The host; with log, notification and mail: on that host only.').optional(),
};

/** Those keys after reading. */
type RawCondition = z.output<z.ZodObject<typeof conditionShape>>;
/** Tells what is wrong, and perhaps what would be right. */
export type Issue = (message: string, hint?: string) => void;

const KINDS = [
  'vip',
  'state',
  'neighbour',
  'traffic',
  'log',
  'output',
  'mac-table',
  'unit',
  'notification',
  'mail',
  'adverts-from',
] as const;

/** Keys that only make sense beside certain kinds. */
const COMPANIONS = new Map<string, readonly string[]>([
  ['owner', ['vip']],
  ['holders', ['vip']],
  ['alive', ['traffic']],
  ['is', ['unit']],
  ['vrid', ['adverts-from']],
  ['host', ['unit', 'log', 'notification', 'mail']],
]);

/** The condition of an item; which keys go together is checked here. */
export function readCondition(raw: RawCondition, issue: Issue): ConditionSpec | undefined {
  const kinds = KINDS.filter((key) => raw[key] !== undefined);
  const kind = kinds[0];
  if (kind === undefined) {
    issue(`expected what is claimed: one of ${KINDS.join(', ')}`);
    return undefined;
  }
  if (kinds.length > 1) {
    issue(`expected one claim, read ${kinds.join(' and ')}`, 'write them as two items of the list');
    return undefined;
  }
  for (const [companion, kindsOfIt] of COMPANIONS) {
    if (Reflect.get(raw, companion) !== undefined && !kindsOfIt.includes(kind)) {
      issue(`'${companion}' does not go with ${kind}, only with ${kindsOfIt.join(', ')}`);
      return undefined;
    }
  }
  return conditionOfKind(kind, raw, issue);
}

function conditionOfKind(
  kind: (typeof KINDS)[number],
  raw: RawCondition,
  issue: Issue,
): ConditionSpec | undefined {
  const host = given('host', raw.host);
  if (raw.vip !== undefined) return holdersOf(raw, raw.vip, issue);
  if (raw.state !== undefined) return stateOf(raw.state, issue);
  if (raw.neighbour !== undefined) return neighbourOf(raw.neighbour);
  if (raw['mac-table'] !== undefined) return macTableOf(raw['mac-table']);
  if (raw.log !== undefined) return { kind: 'log', pattern: raw.log, ...host };
  if (raw.mail !== undefined) return { kind: 'mail', pattern: raw.mail, ...host };
  if (raw.output !== undefined) return { kind: 'output', output: raw.output };
  if (raw.notification !== undefined) {
    const { name, state } = raw.notification;
    return { kind: 'notification', ...host, ...given('name', name), state };
  }
  if (raw.traffic !== undefined) {
    return { kind: 'traffic', traffic: raw.traffic, alive: raw.alive ?? true };
  }
  if (raw.unit !== undefined && raw.host !== undefined && raw.is !== undefined) {
    return { kind: 'unit', unit: raw.unit, host: raw.host, is: raw.is };
  }
  if (raw['adverts-from'] !== undefined && raw.vrid !== undefined) {
    const from = raw['adverts-from'];
    return { kind: 'adverts', vrid: raw.vrid, from: from === 'nobody' ? undefined : from };
  }
  issue(kind === 'unit' ? 'unit needs host: HOST and is: STATE' : 'adverts-from needs vrid: N');
  return undefined;
}

function holdersOf(
  raw: RawCondition,
  vip: NonNullable<RawCondition['vip']>,
  issue: Issue,
): ConditionSpec | undefined {
  if ((raw.owner === undefined) === (raw.holders === undefined)) {
    issue("vip needs owner: HOST (or 'nobody') or holders: [HOST, …]");
    return undefined;
  }
  const one = raw.owner === undefined || raw.owner === 'nobody' ? [] : [raw.owner];
  return { kind: 'holders', address: vip, holders: raw.holders ?? one };
}

function stateOf(raw: NonNullable<RawCondition['state']>, issue: Issue): ConditionSpec | undefined {
  if (raw.instance !== undefined && raw.vrid !== undefined) {
    issue('state names its virtual router by instance or by vrid, not by both');
    return undefined;
  }
  const { host, is } = raw;
  return {
    kind: 'state',
    host,
    is,
    ...given('instance', raw.instance),
    ...given('vrid', raw.vrid),
  };
}

function neighbourOf(raw: NonNullable<RawCondition['neighbour']>): ConditionSpec {
  const isAt = raw['is-at'] === undefined ? undefined : whoseOf(raw['is-at']);
  const { host, address: looked, state } = raw;
  return { kind: 'neighbour', host, address: looked, states: state ?? [], ...given('isAt', isAt) };
}

function macTableOf(raw: NonNullable<RawCondition['mac-table']>): ConditionSpec {
  const port = raw.port === 'none' ? undefined : raw.port;
  return { kind: 'mac-table', switch: raw.switch, mac: whoseOf(raw.mac), ...given('port', port) };
}

function whoseOf(word: string): Whose {
  if (word === 'nobody') return { kind: 'nobody' };
  const mac = parseMac(word);
  return mac === undefined ? { kind: 'host', host: word } : { kind: 'mac', mac };
}

/** Problems of a schema told with their hints. */
export function issueOf(context: z.RefinementCtx): Issue {
  return (message, hint) => {
    context.addIssue({
      code: 'custom',
      message,
      ...(hint === undefined ? {} : { params: { hint } }),
    });
  };
}

/** A property that is left out when its value is absent. */
export function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
