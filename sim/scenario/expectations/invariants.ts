/**
 * The items of `always`, judged while the run goes on. `except-for` bounds each single
 * uninterrupted violation, not their sum; a violation that is still going on at the end is as long
 * as it was then.
 */

import { assert, unreachable } from '../../../daemon/base/assert.ts';
import { type DurationUs, elapsed, later, type TimeUs } from '../../../daemon/base/time.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import type { RunEvent } from '../../engine/run-log.ts';
import type { HostApi } from '../../host/host-api.ts';
import type { HostRunEvent } from '../../host/host-events.ts';
import type { Located } from '../scenario.ts';
import type { AnswerWatch } from './answer-watch.ts';
import { blackHoles } from './black-hole.ts';
import type { InvariantSpec } from './condition-spec.ts';
import type { LossWatch } from './loss-watch.ts';
import { mastersBySegment } from './masters.ts';
import { containsPattern } from './patterns.ts';
import { durationWords, type ExpectationResult, momentWords } from './verdict.ts';
import { holdersOf, isLive, type World } from './world.ts';
import { wrongNeighbours } from './wrong-neighbour.ts';

/** One violation, from its first moment to its last. */
interface Violation {
  readonly from: TimeUs;
  readonly got: string;
  readonly nodes: readonly string[];
  /** Of moments alone: graver ones are told before others, whatever came first. */
  readonly isGrave?: boolean;
}

/** What is seen on the wire alone, where an invariant asks for it. */
export interface WireWatches {
  readonly answers: AnswerWatch | undefined;
  readonly losses: LossWatch | undefined;
}

/** What breaks an invariant at this moment, one entry per thing that is counted by itself. */
type Broken = ReadonlyMap<string, { readonly got: string; readonly nodes: readonly string[] }>;

/** One invariant while the run goes on. */
export class InvariantWatch {
  readonly #invariant: Located<InvariantSpec>;
  readonly #index: number;
  readonly #running = new Map<string, Violation>();
  #worst: { readonly violation: Violation; readonly length: DurationUs } | undefined;
  #count = 0;
  readonly #answers: AnswerWatch | undefined;
  readonly #losses: LossWatch | undefined;
  #lossesSeen = 0;

  constructor(invariant: Located<InvariantSpec>, index: number, watches: WireWatches) {
    this.#invariant = invariant;
    this.#index = index;
    this.#answers = watches.answers;
    this.#losses = watches.losses;
  }

  /** An event was recorded; `true` when the invariant must be looked at again. */
  onEvent(event: RunEvent): boolean {
    const { spec } = this.#invariant;
    if (spec.kind === 'never') return this.#onJournal(event, spec);
    if (spec.kind === 'wrong-neighbour' && event.kind === 'neighbour') return true;
    return TOUCHING.has(event.kind) || (spec.kind === 'black-hole' && event.kind === 'traffic');
  }

  /** All events of this instant have happened. */
  settle(now: TimeUs, world: World): void {
    this.#countLosses();
    const broken = this.#broken(world);
    for (const [key, violation] of this.#running) {
      if (broken.has(key)) continue;
      this.#running.delete(key);
      this.#ended(violation, now);
    }
    for (const [key, what] of broken) {
      if (!this.#running.has(key)) this.#running.set(key, { from: now, ...what });
    }
  }

  /** The verdict, once the run has ended. */
  finish(end: TimeUs): ExpectationResult {
    this.#countLosses();
    for (const violation of this.#running.values()) this.#ended(violation, end);
    return this.#verdict(end);
  }

  /** The worst violation that is over, before the run's end; for a panel that shows it live. */
  get violation(): ExpectationResult | undefined {
    return this.#worst === undefined ? undefined : this.#verdict(this.#worst.violation.from);
  }

  #verdict(end: TimeUs): ExpectationResult {
    const { spec, place } = this.#invariant;
    const base = { id: `always[${this.#index}]`, place, claim: invariantWords(spec) };
    const worst = this.#worst;
    const limit = spec.kind === 'lost-connections' ? spec.limit : 0;
    if (worst === undefined || this.#count <= limit)
      return { ...base, verdict: 'pass', at: end, nodes: [] };
    const { violation, length } = worst;
    const more = this.#count > 1 ? ` (the worst of ${this.#count})` : '';
    const lasted = isOfMoments(spec) ? '' : ` for ${durationWords(length)}`;
    const got = `${violation.got} from ${momentWords(violation.from)} on${lasted}${more}`;
    const at = isOfMoments(spec) ? violation.from : later(violation.from, spec.exceptFor);
    const span = { from: violation.from, to: later(violation.from, length) };
    return { ...base, verdict: 'fail', at, got, nodes: violation.nodes, span };
  }

  #ended(violation: Violation, at: TimeUs): void {
    const { spec } = this.#invariant;
    const start = spec.kind === 'never' ? 0 : (spec.from ?? 0);
    const from = Math.max(violation.from, Math.min(start, at)) as TimeUs;
    const length = elapsed(from, at);
    if (!isOfMoments(spec) && length <= spec.exceptFor) return;
    this.#count++;
    const worst = this.#worst;
    const isGraver = violation.isGrave === true && worst?.violation.isGrave !== true;
    if (worst === undefined || isGraver || length > worst.length) {
      this.#worst = { violation: { ...violation, from }, length };
    }
  }

  #broken(world: World): Broken {
    const { spec } = this.#invariant;
    const broken = new Map<string, { got: string; nodes: readonly string[] }>();
    switch (spec.kind) {
      case 'masters-at-most':
        for (const { vrid, hosts, segment } of mastersBySegment(world.lan)) {
          if ((spec.vrid ?? vrid) !== vrid || hosts.length <= spec.limit) continue;
          const got = `VRID ${vrid} had ${hosts.length} masters, ${hosts.join(' and ')},`;
          broken.set(`${vrid} ${segment}`, { got, nodes: hosts });
        }
        return broken;
      case 'owners-at-most': {
        const hosts = holdersOf(world.lan, spec.address);
        if (hosts.length > spec.limit) {
          const got = `${formatIp(spec.address)} was held by ${hosts.join(' and ')}`;
          broken.set('', { got, nodes: hosts });
        }
        return broken;
      }
      case 'answers-at-most': {
        assert(this.#answers !== undefined, 'answers are not watched');
        const hosts = this.#answers.answerers(spec.address);
        if (hosts.length > spec.limit) {
          const what = `ARP requests for ${formatIp(spec.address)}`;
          const got = `${what} were answered by ${hosts.join(' and ')}`;
          broken.set('', { got, nodes: hosts });
        }
        return broken;
      }
      case 'black-hole': {
        for (const { host, holds } of blackHoles(world, spec.traffic)) {
          const why = holds ? `${host} held the address` : `${host} could have taken the address`;
          const got = `${spec.traffic} had no answer, though ${why}`;
          broken.set(`${host} ${holds}`, { got, nodes: [host] });
        }
        return broken;
      }
      case 'wrong-neighbour':
        for (const { host, leadsTo } of wrongNeighbours(world, spec.address)) {
          const got = `the neighbour entry of ${host} for ${formatIp(spec.address)} led to ${leadsTo}`;
          broken.set(`${host} ${leadsTo}`, { got, nodes: [host] });
        }
        return broken;
      case 'together':
        for (const host of world.lan.hosts.values()) {
          const apart = isLive(host) ? apartOn(host, spec.instances) : undefined;
          if (apart !== undefined) broken.set(host.name, { got: apart, nodes: [host.name] });
        }
        return broken;
      case 'lost-connections':
      case 'never':
        return broken;
      default:
        return unreachable(spec);
    }
  }

  #countLosses(): void {
    const { spec } = this.#invariant;
    if (spec.kind !== 'lost-connections') return;
    const losses = this.#losses?.losses ?? [];
    for (const loss of losses.slice(this.#lossesSeen)) {
      if (loss.at < (spec.from ?? 0)) continue;
      const { at, director, toldAt } = loss;
      const told =
        toldAt === undefined
          ? UNTOLD
          : `though it had been told of it ${durationWords(elapsed(toldAt, at))} before,`;
      const got = `${director} reset ${loss.client} of ${loss.service}, ${told}`;
      this.#ended({ from: at, got, nodes: [director], isGrave: toldAt !== undefined }, at);
    }
    this.#lossesSeen = losses.length;
  }

  #onJournal(event: RunEvent, spec: InvariantSpec & { readonly kind: 'never' }): boolean {
    if (event.kind !== 'journal' || (spec.host ?? event.node) !== event.node) return false;
    const { line } = event as HostRunEvent & { readonly kind: 'journal' };
    if (!containsPattern(line.text, spec.pattern)) return false;
    const got = `${event.node} logged '${line.text}'`;
    this.#ended({ from: event.at, got, nodes: [event.node] }, event.at);
    return false;
  }
}

/** Words about a lost connection that no sync daemon had spoken of: what was never promised. */
export const UNTOLD = 'of which it had never been told,';

/** Violations of these have no length. */
function isOfMoments(
  spec: InvariantSpec,
): spec is InvariantSpec & { readonly kind: 'never' | 'lost-connections' } {
  return spec.kind === 'never' || spec.kind === 'lost-connections';
}

/** What is wrong when some instances of a host are MASTER and others are not. */
function apartOn(host: HostApi, names: readonly string[]): string | undefined {
  const instances = (host.keepalived()?.instances ?? []).filter((one) => names.includes(one.name));
  const masters = instances.filter((one) => one.state === 'MASTER');
  if (masters.length === 0 || masters.length === instances.length) return undefined;
  const words = instances.map((one) => `${one.name} ${one.state}`);
  return `on ${host.name} ${words.join(' and ')}`;
}

/** Kinds of events after which masters and owners may be others. */
const TOUCHING = new Set([
  'daemon',
  'address',
  'power',
  'link',
  'cable',
  'carrier',
  'switch',
  'program',
]);

/** The invariant in words. */
function invariantWords(spec: InvariantSpec): string {
  if (spec.kind === 'never') return `never logged: '${spec.pattern}'`;
  if (spec.kind === 'lost-connections') {
    const start = spec.from === undefined ? '' : ` from ${durationWords(spec.from)} on`;
    const what = spec.limit === 1 ? 'connection' : 'connections';
    return `directors lose at most ${spec.limit} ${what}${start}`;
  }
  const except = spec.exceptFor === 0 ? '' : `, except for ${durationWords(spec.exceptFor)}`;
  const bound = `${spec.from === undefined ? '' : ` from ${durationWords(spec.from)} on`}${except}`;
  if (spec.kind === 'together') {
    const start = spec.from === undefined ? '' : ` from ${durationWords(spec.from)} on`;
    const except = spec.exceptFor === 0 ? '' : `, except for ${durationWords(spec.exceptFor)}`;
    return `always MASTER together: ${spec.instances.join(' and ')}${start}${except}`;
  }
  if (spec.kind === 'wrong-neighbour') {
    const start = spec.from === undefined ? '' : ` from ${durationWords(spec.from)} on`;
    const longest = durationWords(spec.exceptFor);
    const what = `neighbour entries for ${formatIp(spec.address)} lead to its holder`;
    return `always ${what}${start}, except for ${longest}`;
  }
  if (spec.kind === 'black-hole') {
    const start = spec.from === undefined ? '' : ` from ${durationWords(spec.from)} on`;
    const longest = durationWords(spec.exceptFor);
    return `always answered when somebody could: ${spec.traffic}${start}, except for ${longest}`;
  }
  if (spec.kind === 'masters-at-most') {
    const which = spec.vrid === undefined ? 'per VRID' : `of VRID ${spec.vrid}`;
    const masters = spec.limit === 1 ? 'master' : 'masters';
    return `always at most ${spec.limit} ${masters} ${which}${bound}`;
  }
  const what = spec.kind === 'owners-at-most' ? 'owner' : 'answer to ARP requests';
  return `always at most ${spec.limit} ${what} of ${formatIp(spec.address)}${bound}`;
}
