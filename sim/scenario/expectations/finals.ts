/** The items of `finally`, judged when the run has ended. */

import { later, type TimeUs } from '../../../daemon/base/time.ts';
import type { Located } from '../scenario.ts';
import type { TrafficResult } from '../traffic/outages.ts';
import { nodesOf } from './condition-nodes.ts';
import type { FinalSpec } from './condition-spec.ts';
import { conditionWords, watchCondition } from './conditions.ts';
import { durationWords, type ExpectationResult, momentWords } from './verdict.ts';
import type { World } from './world.ts';

/** What `judgeFinal` looks at. */
export interface FinalFacts {
  readonly world: World;
  readonly end: TimeUs;
  readonly traffic: ReadonlyMap<string, TrafficResult>;
  /** When the last step was carried out; the start where there is none. */
  readonly lastStepAt: TimeUs;
}

/** The verdict over one item. Claims about happenings look at the whole run. */
export function judgeFinal(
  final: Located<FinalSpec>,
  index: number,
  facts: FinalFacts,
): ExpectationResult {
  const { spec, place } = final;
  const base = { id: `finally[${index}]`, place, at: facts.end };
  if (spec.kind === 'condition') {
    const condition = watchCondition(spec.condition);
    for (const event of facts.world.lan.engine.log.events) condition.onEvent(event);
    const holds = condition.holds(facts.world);
    return {
      ...base,
      claim: `at the end: ${conditionWords(spec.condition)}`,
      verdict: holds ? 'pass' : 'fail',
      ...(holds ? {} : { got: condition.got(facts.world) }),
      nodes: nodesOf(spec.condition),
    };
  }
  const result = facts.traffic.get(spec.traffic);
  const claim = trafficClaim(spec);
  if (result === undefined || result.sent === 0) {
    const got = 'no request was sent';
    return { ...base, claim, verdict: 'unknown', got, nodes: [] };
  }
  const wrong = [...trafficFaults(spec, result), ...lateFaults(spec, result, facts.lastStepAt)];
  return {
    ...base,
    claim,
    verdict: wrong.length === 0 ? 'pass' : 'fail',
    ...(wrong.length === 0 ? {} : { got: wrong.join('; ') }),
    nodes: [],
  };
}

type TrafficFinal = FinalSpec & { readonly kind: 'traffic' };

function trafficFaults(spec: TrafficFinal, result: TrafficResult): readonly string[] {
  const wrong: string[] = [];
  const { longestOutageAtMost: longest, lostAtMost, answeredAtLeast, answeredBy } = spec;
  if (longest !== undefined && result.answered === 0) wrong.push('it was never answered');
  else if (longest !== undefined && result.longestOutage > longest) {
    const outage = result.outages.find((candidate) => candidate.length === result.longestOutage);
    const when = outage === undefined ? '' : ` from ${momentWords(outage.from)} on`;
    const open = outage?.open === true ? ' until the end' : '';
    wrong.push(`an outage of ${durationWords(result.longestOutage)}${when}${open}`);
  }
  if (lostAtMost !== undefined && result.lost > lostAtMost) wrong.push(`${result.lost} lost`);
  const { lostAtLeast } = spec;
  if (lostAtLeast !== undefined && result.lost < lostAtLeast) wrong.push(`${result.lost} lost`);
  if (answeredAtLeast !== undefined && result.answered < answeredAtLeast) {
    wrong.push(`${result.answered} answered`);
  }
  if (answeredBy !== undefined) {
    const names = result.answeredBy.map((entry) => entry.host);
    const same = names.length === answeredBy.length && answeredBy.every((n) => names.includes(n));
    if (!same) wrong.push(`answered by ${names.join(', ') || 'nobody'}`);
  }
  for (const [who, least] of Object.entries(spec.shareAtLeast ?? {})) {
    const own = result.answeredBy.find((entry) => entry.host === who)?.answers ?? 0;
    // Of no answers at all nobody has a share.
    const enough = own * least.denominator >= result.answered * least.numerator;
    if (enough && (result.answered > 0 || least.numerator === 0)) continue;
    wrong.push(`${own} of ${result.answered} answers by ${who}`);
  }
  for (const [who, most] of Object.entries(spec.shareAtMost ?? {})) {
    const own = result.answeredBy.find((entry) => entry.host === who)?.answers ?? 0;
    if (own * most.denominator <= result.answered * most.numerator) continue;
    wrong.push(`${own} of ${result.answered} answers by ${who}`);
  }
  wrong.push(...failureFaults(spec, result), ...latencyFaults(spec, result));
  if (wrong.length > 0 && result.failures.length > 0) {
    wrong.push(result.failures.map(({ why, count }) => `${count} ${why}`).join(', '));
  }
  return wrong;
}

/** The first outage that reaches beyond its time after the last step. */
function lateFaults(
  spec: TrafficFinal,
  result: TrafficResult,
  lastStepAt: TimeUs,
): readonly string[] {
  if (spec.backWithin === undefined) return [];
  if (result.answered === 0) return ['it was never answered'];
  const limit = later(lastStepAt, spec.backWithin);
  const late = result.outages.find((outage) => outage.to > limit || outage.open);
  if (late === undefined) return [];
  const until = late.open ? 'until the end' : `until ${momentWords(late.to)}`;
  return [`no answer from ${momentWords(late.from)} ${until}`];
}

function failureFaults(spec: TrafficFinal, result: TrafficResult): readonly string[] {
  const countOf = (why: string) => result.failures.find((one) => one.why === why)?.count ?? 0;
  const tooMany = Object.entries(spec.failuresAtMost ?? {}).filter(
    ([why, most]) => countOf(why) > most,
  );
  const tooFew = Object.entries(spec.failuresAtLeast ?? {}).filter(
    ([why, least]) => countOf(why) < least,
  );
  return [...tooMany, ...tooFew].map(([why]) => `${countOf(why)} requests ${why}`);
}

/** Without any answer there is no latency, and a bound on it does not hold. */
function latencyFaults(spec: TrafficFinal, result: TrafficResult): readonly string[] {
  return Object.entries(spec.latencyAtMost ?? {}).flatMap(([share, most]) => {
    const found = result.latency.find((one) => one.share === share);
    if (found === undefined) return ['it was never answered'];
    return found.within > most ? [`${share} within ${durationWords(found.within)}`] : [];
  });
}

function trafficClaim(spec: TrafficFinal): string {
  const parts: string[] = [];
  if (spec.longestOutageAtMost !== undefined) {
    parts.push(`longest outage at most ${durationWords(spec.longestOutageAtMost)}`);
  }
  if (spec.backWithin !== undefined) {
    parts.push(`back within ${durationWords(spec.backWithin)} of the last step`);
  }
  if (spec.lostAtMost !== undefined) parts.push(`at most ${spec.lostAtMost} lost`);
  if (spec.lostAtLeast !== undefined) parts.push(`at least ${spec.lostAtLeast} lost`);
  if (spec.answeredAtLeast !== undefined) parts.push(`at least ${spec.answeredAtLeast} answered`);
  if (spec.answeredBy !== undefined) parts.push(`answered by ${spec.answeredBy.join(', ')}`);
  for (const [who, least] of Object.entries(spec.shareAtLeast ?? {})) {
    const percent = Math.round((least.numerator * 10_000) / least.denominator) / 100;
    parts.push(`at least ${percent}% of the answers by ${who}`);
  }
  for (const [who, most] of Object.entries(spec.shareAtMost ?? {})) {
    const percent = Math.round((most.numerator * 10_000) / most.denominator) / 100;
    parts.push(`at most ${percent}% of the answers by ${who}`);
  }
  for (const [why, most] of Object.entries(spec.failuresAtMost ?? {})) {
    parts.push(`at most ${most} ${why}`);
  }
  for (const [why, least] of Object.entries(spec.failuresAtLeast ?? {})) {
    parts.push(`at least ${least} ${why}`);
  }
  for (const [share, most] of Object.entries(spec.latencyAtMost ?? {})) {
    parts.push(`${share} of the answers within ${durationWords(most)}`);
  }
  return `at the end: ${spec.traffic}: ${parts.join(', ')}`;
}
