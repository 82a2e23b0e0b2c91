/**
 * The shapes of `expect`, `always` and `finally` items: flat mappings, so that editors complete
 * them; which keys go together is checked here and named in the message.
 */

import * as z from 'zod';
import { NO_DURATION } from '../../../daemon/base/time.ts';
import { parseMac } from '../../../daemon/wire/mac-address.ts';
import {
  address,
  duration,
  flag,
  named,
  oneOf,
  oneOrMore,
  percent,
  table,
  text,
  whole,
} from '../schema/units.ts';
import { PERCENTILES } from '../traffic/outages.ts';
import type {
  ConditionSpec,
  ExpectationSpec,
  FinalSpec,
  InvariantSpec,
  OutputSpec,
  Timing,
  Whose,
} from './condition-spec.ts';

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
const VRID = { min: 1, max: 255 };

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

const conditionShape = {
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
    'A notification that keepalived sends.',
  ).optional(),
  mail: text('A text that the subject or body of a mail contains.').optional(),
  'adverts-from': text("Who sent the last advert, or 'nobody'; goes with vrid.").optional(),
  vrid: whole('Virtual router id.', VRID).optional(),
  host: text('The host; with log, notification and mail: on that host only.').optional(),
};

const timingShape = {
  within: duration(
    'Must become true in that time and stay true until the next step or the end.',
  ).optional(),
  still: flag('Being true already before the step counts.').optional(),
  'at-once': flag('Must be true right after the actions of the step.').optional(),
  'never-within': duration('Must not become true in that time.').optional(),
};

type RawCondition = z.output<z.ZodObject<typeof conditionShape>>;
type Issue = (message: string, hint?: string) => void;

/** An item of `expect`. */
export const expectationSchema: z.ZodType<ExpectationSpec> = table(
  { ...timingShape, ...conditionShape },
  'What must happen after the step, and when.',
).transform((raw, context): ExpectationSpec => {
  const issue = issueOf(context);
  const condition = readCondition(raw, issue);
  const timing = readTiming(raw, condition?.kind === 'output', issue);
  return condition === undefined || timing === undefined ? z.NEVER : { timing, condition };
});

/** A host's name, or the beginning of a page. */
const SHARE_FORM = /^\S.{0,39}$/;
/** A percentile of `PERCENTILES`. */
const PERCENTILE_FORM = /^(?:50|90|95|99|99\.9|100)%$/;

/** An item of `finally`. */
export const finalSchema: z.ZodType<FinalSpec> = table(
  {
    ...conditionShape,
    'longest-outage-at-most': duration('From the last answer before it to the next.').optional(),
    'back-within': duration(
      'No outage goes on, or begins, later than that after the last step.',
    ).optional(),
    'lost-at-most': whole('Most requests without an answer.', { min: 0, max: 1e9 }).optional(),
    'answered-at-least': whole('Least number of answers.', { min: 0, max: 1e9 }).optional(),
    'answered-by': oneOrMore(
      text('A host; of http the page that it answers with.'),
      'Exactly the hosts (of http: the pages) that answered.',
    ).optional(),
    'share-at-least': named(
      percent('Part of the answers, such as 45%.'),
      'Least part of the answers by host (of http: by page).',
      SHARE_FORM,
    ).optional(),
    'share-at-most': named(
      percent('Part of the answers, such as 55%.'),
      'Largest part of the answers by host (of http: by page).',
      SHARE_FORM,
    ).optional(),
    'failures-at-most': named(
      whole('Number of requests.', { min: 0, max: 1e9 }),
      'Most requests that failed so: refused, reset, timed-out, unreachable, status 503, wrong-body …',
      SHARE_FORM,
    ).optional(),
    'latency-at-most': named(
      duration('Longest time from request to answer.'),
      `Longest time by percentile of the answers: ${PERCENTILES.join(', ')}.`,
      PERCENTILE_FORM,
    ).optional(),
  },
  'What must hold at the end.',
).transform((raw, context): FinalSpec => {
  const issue = issueOf(context);
  const statistics = {
    ...given('longestOutageAtMost', raw['longest-outage-at-most']),
    ...given('backWithin', raw['back-within']),
    ...given('lostAtMost', raw['lost-at-most']),
    ...given('answeredAtLeast', raw['answered-at-least']),
    ...given('answeredBy', raw['answered-by']),
    ...given('shareAtLeast', raw['share-at-least']),
    ...given('shareAtMost', raw['share-at-most']),
    ...given('failuresAtMost', raw['failures-at-most']),
    ...given('latencyAtMost', raw['latency-at-most']),
  };
  if (Object.keys(statistics).length === 0) {
    const condition = readCondition(raw, issue);
    return condition === undefined ? z.NEVER : { kind: 'condition', condition };
  }
  if (raw.traffic !== undefined && raw.alive === undefined) {
    return { kind: 'traffic', traffic: raw.traffic, ...statistics };
  }
  issue('outages, losses and answers belong to a traffic: expected traffic: NAME and no alive');
  return z.NEVER;
});

const INVARIANT_KINDS = [
  'masters-at-most',
  'owners-at-most',
  'answers-at-most',
  'black-hole-at-most',
  'wrong-neighbour-at-most',
  'together',
  'lost-connections-at-most',
  'never',
] as const;

/** An item of `always`. */
export const invariantSchema: z.ZodType<InvariantSpec> = table(
  {
    'masters-at-most': whole('Masters per virtual router and connected segment.', {
      min: 0,
      max: 255,
    }).optional(),
    vrid: whole('One virtual router; all by default.', VRID).optional(),
    'owners-at-most': whole('Live hosts that hold the address of vip.', {
      min: 0,
      max: 255,
    }).optional(),
    'answers-at-most': whole('Stations that answer one ARP request for vip.', {
      min: 0,
      max: 255,
    }).optional(),
    'black-hole-at-most': duration(
      'Longest time without an answer to traffic while a host that could answer is there and no ' +
        'cable between them is impaired.',
    ).optional(),
    traffic: text('With black-hole-at-most: which traffic.').optional(),
    'wrong-neighbour-at-most': duration(
      "Longest time for which a host's neighbour entry for vip leads to a host that does not hold it.",
    ).optional(),
    together: z
      .array(text('Name of an instance.'))
      .min(2)
      .describe('On each host all of these instances are MASTER, or none.')
      .optional(),
    'lost-connections-at-most': whole(
      'Connections in progress that a director resets because it does not know them; it should, ' +
        'where the sync daemon told it.',
      { min: 0, max: 1_000_000 },
    ).optional(),
    vip: address('The address.').optional(),
    'except-for': duration('Longest uninterrupted violation that is accepted; 0s.').optional(),
    from: duration('Judged from that moment of the run on; from the start by default.').optional(),
    never: text('A text that no journal line may contain (* and ? as in a shell).').optional(),
    host: text('With never: on that host only.').optional(),
  },
  'What must hold during the whole run.',
).transform((raw, context): InvariantSpec => {
  const issue = issueOf(context);
  const exceptFor = raw['except-for'] ?? NO_DURATION;
  const kinds = INVARIANT_KINDS.filter((key) => raw[key] !== undefined);
  const kind = kinds[0];
  if (kind === undefined || kinds.length > 1) {
    issue(`expected one of ${INVARIANT_KINDS.join(', ')}`);
    return z.NEVER;
  }
  if (kind === 'never') {
    return { kind, pattern: raw.never ?? '', ...given('host', raw.host) };
  }
  const from = given('from', raw.from);
  if (kind === 'black-hole-at-most') {
    const longest = raw[kind] ?? NO_DURATION;
    if (raw.traffic !== undefined) {
      return { kind: 'black-hole', traffic: raw.traffic, exceptFor: longest, ...from };
    }
    issue('black-hole-at-most needs traffic: NAME');
    return z.NEVER;
  }
  if (kind === 'wrong-neighbour-at-most' && raw.vip !== undefined) {
    const longest = raw[kind] ?? NO_DURATION;
    return { kind: 'wrong-neighbour', address: raw.vip, exceptFor: longest, ...from };
  }
  if (kind === 'together') return { kind, instances: raw[kind] ?? [], exceptFor, ...from };
  const limit = kind === 'wrong-neighbour-at-most' ? 0 : (raw[kind] ?? 0);
  if (kind === 'lost-connections-at-most') return { kind: 'lost-connections', limit, ...from };
  if (kind === 'masters-at-most') {
    return { kind, limit, ...given('vrid', raw.vrid), exceptFor, ...from };
  }
  if (raw.vip === undefined || kind === 'wrong-neighbour-at-most') {
    issue(`${kind} needs vip: ADDRESS`);
    return z.NEVER;
  }
  return { kind, limit, address: raw.vip, exceptFor, ...from };
});

function readTiming(
  raw: z.output<z.ZodObject<typeof timingShape>>,
  isOutput: boolean,
  issue: Issue,
): Timing | undefined {
  const atOnce = raw['at-once'] ?? false;
  const still = raw.still ?? false;
  const given = [raw.within !== undefined, atOnce, raw['never-within'] !== undefined];
  const count = given.filter(Boolean).length;
  if (count > 1) issue('expected only one of within, at-once, never-within');
  else if (count === 0 && !still && !isOutput) {
    issue('expected when: within, still, at-once or never-within');
  } else {
    const { within } = raw;
    const neverWithin = raw['never-within'];
    return {
      still,
      atOnce,
      ...(within === undefined ? {} : { within }),
      ...(neverWithin === undefined ? {} : { neverWithin }),
    };
  }
  return undefined;
}

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

function readCondition(raw: RawCondition, issue: Issue): ConditionSpec | undefined {
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

function issueOf(context: z.RefinementCtx): Issue {
  return (message, hint) => {
    context.addIssue({
      code: 'custom',
      message,
      ...(hint === undefined ? {} : { params: { hint } }),
    });
  };
}

/** A property that is left out when its value is absent. */
function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
