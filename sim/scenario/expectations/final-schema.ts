/** The shape of an item of `finally`: a condition, or the figures of a traffic. */

import * as z from 'zod';
import { duration, named, oneOrMore, percent, table, text, whole } from '../schema/units.ts';
import { PERCENTILES } from '../traffic/outages.ts';
import { conditionShape, given, issueOf, readCondition } from './condition-schema.ts';
import type { FinalSpec } from './condition-spec.ts';

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
    'lost-at-least': whole('Least number of requests without an answer.', {
      min: 0,
      max: 1e9,
    }).optional(),
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
      'Most requests that failed so: refused, reset, timed-out, unreachable, no-port, status 503, wrong-body …',
      SHARE_FORM,
    ).optional(),
    'failures-at-least': named(
      whole('Number of requests.', { min: 0, max: 1e9 }),
      'Least number of requests that failed so.',
      SHARE_FORM,
    ).optional(),
    'latency-at-most': named(
      duration('Longest time from request to answer.'),
      `Longest time by percentile of the answers: ${PERCENTILES.join(', ')}.`,
      PERCENTILE_FORM,
      `a percentile that is counted (${PERCENTILES.join(', ')})`,
    ).optional(),
  },
  'What must hold at the end.',
).transform((raw, context): FinalSpec => {
  const issue = issueOf(context);
  const statistics = {
    ...given('longestOutageAtMost', raw['longest-outage-at-most']),
    ...given('backWithin', raw['back-within']),
    ...given('lostAtMost', raw['lost-at-most']),
    ...given('lostAtLeast', raw['lost-at-least']),
    ...given('answeredAtLeast', raw['answered-at-least']),
    ...given('answeredBy', raw['answered-by']),
    ...given('shareAtLeast', raw['share-at-least']),
    ...given('shareAtMost', raw['share-at-most']),
    ...given('failuresAtMost', raw['failures-at-most']),
    ...given('failuresAtLeast', raw['failures-at-least']),
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
