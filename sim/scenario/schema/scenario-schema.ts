/**
 * The whole shape of a `*.twin.yml` file, and the same as JSON Schema for editors (`lantwin
 * schema`).
 */

import * as z from 'zod';
import { doSchema } from '../actions/action-table.ts';
import { expectationSchema } from '../expectations/expectation-schema.ts';
import { finalSchema } from '../expectations/final-schema.ts';
import { invariantSchema } from '../expectations/invariant-schema.ts';
import { lanSchema } from './lan-schema.ts';
import {
  address,
  duration,
  flag,
  named,
  oneOf,
  parsed,
  parseEpoch,
  shown,
  table,
  text,
  whole,
} from './units.ts';

const traffic = table(
  {
    ping: address('The address that is pinged.').optional(),
    http: text('The page that is asked for, http[s]://ADDRESS[:PORT][/PATH].').optional(),
    tcp: text('ADDRESS:PORT of a server that sends back what it gets.').optional(),
    udp: text('ADDRESS:PORT of a server that answers each datagram.').optional(),
    'keep-alive': flag(
      'http, tcp: one connection for all requests, udp: one port; false by default.',
    ).optional(),
    concurrency: whole(
      'http, tcp, udp: so many requests each time, each over a connection of its own; 1 by default.',
      { min: 1, max: 1000 },
    ).optional(),
    insecure: flag('https: any certificate will do; false by default.').optional(),
    'expect-body': text('http: the page that counts as an answer; any by default.').optional(),
    'expect-status': whole('http: the status that counts as an answer; 200 by default.', {
      min: 100,
      max: 599,
    }).optional(),
    from: text('The host that sends.', 'the name of a host'),
    every: duration('Time between two requests; 1s by default.').optional(),
    timeout: duration('After that long a request counts as lost; 1s by default.').optional(),
    start: duration('When the first request goes out; 0s by default.').optional(),
    stop: duration('When the last one may go out; the end of the run by default.').optional(),
    size: whole('Bytes of payload; 56 by default.', { min: 0, max: 1472 }).optional(),
  },
  'Requests at a steady pace.',
);

const step = table(
  {
    at: duration('When, counted from the start of the run.'),
    name: text('A name for reports.').optional(),
    do: doSchema.optional(),
    expect: z
      .array(expectationSchema, { error: 'expected a list of expectations' })
      .describe('What must follow.')
      .optional(),
  },
  'A moment: what is done then, and what must follow.',
);

/** The schema of the file. */
export const scenarioSchema = table(
  {
    name: text('What the scenario shows, in a few words.').optional(),
    about: text('More sentences for the reader of a report.').optional(),
    seed: whole('Seed of all chance; 1 by default, --seed overrides it.', {
      min: 0,
      max: 2 ** 32 - 1,
    }).optional(),
    until: duration(
      'When the run ends; by default the last step plus its longest time plus 5s.',
    ).optional(),
    jitter: oneOf(
      ['seeded', 'none'],
      "'none': daemons and traffic start exactly when told; 'seeded' by default.",
    ).optional(),
    epoch: parsed({
      parse: parseEpoch,
      expected: "a moment such as '2026-01-31T12:00:00Z'",
      describe: 'The wall clock at t=0, in UTC.',
    }).optional(),
    'keepalived-version': z
      .union([text('A version.'), z.number()])
      .transform(String)
      .describe("Which keepalived is imitated; '2.2.7' by default.")
      .optional(),
    hosts: named(
      address('An address.'),
      'Names that every host resolves, as in /etc/hosts.',
      /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/,
    ).optional(),
    lan: lanSchema,
    traffic: named(traffic, 'Traffic by name.').optional(),
    steps: z
      .array(step, { error: (issue) => `expected a list of steps, read ${shown(issue.input)}` })
      .describe('What happens, and what must follow.')
      .optional(),
    always: z
      .array(invariantSchema, { error: 'expected a list of invariants' })
      .describe('What must hold during the whole run.')
      .optional(),
    finally: z
      .array(finalSchema, { error: 'expected a list of expectations' })
      .describe('What must hold at the end.')
      .optional(),
  },
  'A lantwin scenario.',
);

/** A scenario as the schema hands it over. */
export type RawScenario = z.output<typeof scenarioSchema>;

/** The JSON Schema of scenario files, draft 2020-12. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'lantwin scenario (*.twin.yml)' };
}
