/** Verdicts and traffic of the run that is seen, as they stand at this moment. */

import { formatIp } from '../../daemon/wire/ip-address.ts';
import type { OpenScenario } from './live-session.ts';
import type { TrafficView, VerdictView } from './protocol-views.ts';
import type { Timeline } from './timeline.ts';

/**
 * Every expectation of the scenario. What this run has decided counts; at the scenario's end, with nothing done by hand,
 * the rest is what `lantwin run` says; before, it is pending.
 */
export function verdictViews(open: OpenScenario): readonly VerdictView[] {
  const { timeline, reference } = open;
  const decided = new Map(timeline.run.decided().map((one) => [one.id, one] as const));
  const isOver = timeline.position.at >= Math.min(timeline.scenario.until, timeline.limit);
  return reference.map((one): VerdictView => {
    const own = decided.get(one.id);
    if (own !== undefined) {
      const { verdict, at, got } = own;
      const base = { id: one.id, claim: own.claim, verdict, at, line: one.line };
      return got === undefined ? base : { ...base, got };
    }
    if (isOver && timeline.isUntouched) return one;
    return { id: one.id, claim: one.claim, verdict: 'pending', at: one.at, line: one.line };
  });
}

/** Every traffic of the scenario. */
export function trafficViews(timeline: Timeline): readonly TrafficView[] {
  const { run, recorder } = timeline;
  const lanes = new Map(recorder.lanes.outages());
  return [...run.traffic.values()].map((pinger): TrafficView => {
    const by = pinger.answers.at(-1)?.by;
    const outages = lanes.get(pinger.spec.name) ?? [];
    const now = run.engine.now;
    const lengths = outages.map((one) => (one.to ?? now) - one.from);
    return {
      name: pinger.spec.name,
      from: pinger.spec.from,
      to: formatIp(pinger.spec.to),
      sent: pinger.sentAt.length,
      answered: pinger.answers.length,
      lost: pinger.lost,
      ...(by === undefined ? {} : { by }),
      outNow: !pinger.alive,
      longestOutageUs: Math.max(0, ...lengths),
    };
  });
}
