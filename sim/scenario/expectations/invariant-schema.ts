/** The shape of an item of `always`. */

import * as z from 'zod';
import { NO_DURATION } from '../../../daemon/base/time.ts';
import { address, duration, table, text, whole } from '../schema/units.ts';
import { given, issueOf, VRID } from './condition-schema.ts';
import type { InvariantSpec } from './condition-spec.ts';

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
