/**
 * Policy routing: which tables are asked, in which order. Source: ip-rule(8), net/core/fib_rules.c.
 */

import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import type { PolicyRule } from './kernel-api.ts';
import type { KernelState } from './kernel-state.ts';
import { announce } from './netlink.ts';
import { flushRouteCache, isInPrefix, routingOf } from './route-table.ts';

/** What rules look at. `source` is absent while none is chosen. */
export interface RuleQuestion {
  readonly destination: IpAddress;
  readonly source?: IpAddress | undefined;
  readonly inputLink?: string | undefined;
  readonly outputLink?: string | undefined;
  /** Set by the firewall in front of routing; 0 without. */
  readonly mark?: number;
}

/** Adds a rule behind those of the same priority. */
export function insertRule(kernel: KernelState, rule: PolicyRule): 'ok' | 'exists' {
  const routing = routingOf(kernel, rule.family);
  if (routing.rules.some((other) => isSameRule(other, rule))) return 'exists';
  const behind = routing.rules.findIndex((other) => other.priority > rule.priority);
  routing.rules.splice(behind < 0 ? routing.rules.length : behind, 0, rule);
  refresh(kernel, rule.family);
  return 'ok';
}

/** Removes a rule; `false` when there is none like it. */
export function removeRule(kernel: KernelState, rule: PolicyRule): boolean {
  const { rules } = routingOf(kernel, rule.family);
  const at = rules.findIndex((other) => isSameRule(other, rule));
  if (at < 0) return false;
  rules.splice(at, 1);
  refresh(kernel, rule.family);
  announce(kernel, { kind: 'rule-removed', rule });
  return true;
}

/** Whether a rule speaks about that packet. A rule with mark 0 speaks about every mark, as in Linux. */
export function ruleMatches(rule: PolicyRule, question: RuleQuestion): boolean {
  const { from, to } = rule;
  if ((rule.mark ?? 0) !== 0 && rule.mark !== question.mark) return false;
  if (rule.inputLink !== undefined && rule.inputLink !== question.inputLink) return false;
  if (rule.outputLink !== undefined && rule.outputLink !== question.outputLink) return false;
  if (to !== undefined && !isInPrefix(question.destination, to.address, to.length)) return false;
  if (from === undefined || from.length === 0) return true;
  return question.source !== undefined && isInPrefix(question.source, from.address, from.length);
}

function refresh(kernel: KernelState, family: IpFamily): void {
  const routing = routingOf(kernel, family);
  routing.hasSelectiveRules = routing.rules.some(
    (rule) =>
      rule.from !== undefined || rule.inputLink !== undefined || rule.outputLink !== undefined,
  );
  routing.hasMarkRules = routing.rules.some((rule) => (rule.mark ?? 0) !== 0);
  if (routing.hasMarkRules) routing.hasSelectiveRules = true;
  flushRouteCache(kernel);
}

function isSameRule(a: PolicyRule, b: PolicyRule): boolean {
  const samePrefix = (x: PolicyRule['from'], y: PolicyRule['from']) =>
    x === y || (x?.address === y?.address && x?.length === y?.length);
  return (
    a.priority === b.priority &&
    a.table === b.table &&
    a.inputLink === b.inputLink &&
    a.outputLink === b.outputLink &&
    a.mark === b.mark &&
    samePrefix(a.from, b.from) &&
    samePrefix(a.to, b.to)
  );
}
