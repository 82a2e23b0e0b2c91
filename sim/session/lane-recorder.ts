/** Draws the lanes of the time axis while a run goes on: VRRP states, who holds which address, outages of traffic. */

import { type IpAddress, parsePrefix } from '../../daemon/wire/ip-address.ts';
import type { AdvertSight } from '../../daemon/wire/vrrp-sight.ts';
import type { RunEvent } from '../engine/run-log.ts';
import type { HostRunEvent } from '../host/host-events.ts';
import { holdersOf } from '../scenario/expectations/world.ts';
import type { ScenarioRun } from '../scenario/run.ts';
import type { ScenarioRunEvent } from '../scenario/run-events.ts';
import { isBootAddress, virtualAddressText } from './boot-addresses.ts';
import type { LaneMark, LanesView, Span, VrrpStateName } from './protocol-views.ts';
import { type RealRouter, RealRouters, realName } from './real-routers.ts';

/** Spans that one lane keeps; a flapping lane forgets its oldest. */
const SPANS_MAX = 5000;
const MARKS_MAX = 5000;
/** Addresses of real routers that get a lane of their own; a network may be full of them. */
const REAL_VIPS_MAX = 32;

interface OpenSpan<T> {
  readonly from: number;
  to?: number;
  readonly value: T;
}

interface VrrpLane {
  readonly host: string;
  readonly instance: string;
  readonly vrid: number;
  readonly spans: OpenSpan<VrrpStateName>[];
}

/** The lanes of one run. */
export class LaneRecorder {
  /** Grows with every change, so that nobody need compare. */
  version = 0;
  readonly #run: ScenarioRun;
  readonly #vrrp = new Map<string, VrrpLane>();
  readonly #vips = new Map<
    IpAddress,
    { readonly text: string; readonly spans: OpenSpan<readonly string[]>[] }
  >();
  readonly #traffic = new Map<string, OpenSpan<'out'>[]>();
  readonly #marks: LaneMark[] = [];
  readonly #real = new RealRouters();

  constructor(run: ScenarioRun) {
    this.#run = run;
    for (const name of run.traffic.keys()) this.#traffic.set(name, []);
  }

  /** All lanes as they are now. */
  view(): LanesView {
    return {
      vrrp: [...this.#vrrp.values()].map((lane) => ({ ...lane, spans: copied(lane.spans) })),
      vips: [...this.#vips.values()].map(({ text, spans }) => ({
        address: text,
        spans: copied(spans),
      })),
      traffic: [...this.#traffic].map(([name, outages]) => ({ name, outages: copied(outages) })),
      marks: [...this.#marks],
    };
  }

  /** Outages by name of the traffic. */
  outages(): Iterable<readonly [string, readonly Span<'out'>[]]> {
    return this.#traffic;
  }

  /** The virtual addresses that were seen so far. */
  get virtualAddresses(): readonly IpAddress[] {
    return [...this.#vips.keys()];
  }

  /** Real routers that speak for a VRID now. */
  get realMasters(): readonly RealRouter[] {
    return this.#real.masters;
  }

  /** An advert came in from the outside, `node`. */
  onOutsideAdvert(at: number, node: string, advert: AdvertSight): void {
    // Of a LAN that is joined to one network twice our own adverts come back.
    if (holdersOf(this.#run.lan, advert.source).length > 0) return;
    if (!this.#real.hear(at, node, advert)) return;
    for (const address of advert.addresses) {
      const text = virtualAddressText(address);
      if (text === undefined || this.#vips.has(address) || this.#vips.size >= REAL_VIPS_MAX)
        continue;
      this.#vips.set(address, { text, spans: [] });
    }
    this.#lookAtHolders(at);
  }

  /** An advert of ours went out to the outside, `node`. */
  onAdvertOut(at: number, node: string, advert: AdvertSight): void {
    if (this.#real.answer(node, advert)) this.#lookAtHolders(at);
  }

  /** Time has passed: real routers may have fallen silent. */
  passTo(now: number): void {
    for (;;) {
      const at = this.#real.expire(now);
      if (at === undefined) return;
      this.#lookAtHolders(at);
    }
  }

  /** An event was recorded. */
  onEvent(event: RunEvent, _index: number): void {
    this.passTo(event.at);
    const known = event as HostRunEvent | ScenarioRunEvent;
    switch (known.kind) {
      case 'daemon':
        if (known.report.kind === 'vrrp-state') this.#onState(known.at, known.node, known.report);
        else if (known.report.kind === 'daemon-phase' && known.report.phase === 'stopped') {
          this.#endStates(known.at, known.node, 'STOP');
        }
        break;
      case 'power':
        if (known.state === 'off') this.#endStates(known.at, known.node, 'GONE');
        this.#lookAtHolders(known.at);
        break;
      case 'program':
        if (known.name === 'keepalived' && known.change !== 'started') {
          this.#endStates(known.at, known.node, known.change === 'stopped' ? 'STOP' : 'GONE');
        }
        break;
      case 'address':
        this.#onAddress(known);
        break;
      case 'link':
        this.#lookAtHolders(known.at);
        break;
      case 'traffic':
        this.#onTraffic(known);
        break;
      case 'step':
        if (known.words !== '')
          this.#mark({ at: known.at, kind: this.#stepKind(known.index), text: known.words });
        break;
      default:
    }
  }

  #stepKind(index: number): 'step' | 'hand' {
    const scripted = this.#run.scenario.steps.filter((step) => step.place.line > 0).length;
    return index < scripted ? 'step' : 'hand';
  }

  #onState(
    at: number,
    host: string,
    report: { readonly instance: string; readonly vrid: number; readonly to: string },
  ): void {
    const { instance, vrid, to } = report;
    const key = `${host} ${instance}`;
    const lane = this.#vrrp.get(key) ?? { host, instance, vrid, spans: [] };
    this.#vrrp.set(key, lane);
    const state: VrrpStateName = to === 'DELETED' ? 'GONE' : (to as VrrpStateName);
    this.#switchTo(lane.spans, at, state);
    if (to === 'MASTER') {
      this.#mark({ at, kind: 'failover', text: `${host} becomes MASTER of ${instance}` });
    }
  }

  #endStates(at: number, host: string, value: VrrpStateName): void {
    for (const lane of this.#vrrp.values()) {
      if (lane.host === host && lane.spans.at(-1)?.value !== 'GONE') {
        this.#switchTo(lane.spans, at, value);
      }
    }
  }

  #onAddress(event: HostRunEvent & { readonly kind: 'address' }): void {
    const parsed = parsePrefix(event.prefix);
    if (parsed === undefined || event.link === 'lo') return;
    const isNew = !this.#vips.has(parsed.address);
    if (isNew && isBootAddress(this.#run.scenario.lan, event.node, parsed.address)) return;
    const text = virtualAddressText(parsed.address);
    if (text === undefined) return;
    if (isNew) this.#vips.set(parsed.address, { text, spans: [] });
    this.#lookAtHolders(event.at);
  }

  /** Who holds what, after something that may have changed it. */
  #lookAtHolders(at: number): void {
    for (const [address, lane] of this.#vips) {
      const holders = [...holdersOf(this.#run.lan, address), ...this.#realHolders(address)];
      const last = lane.spans.at(-1)?.value;
      if (last !== undefined && last.join(' ') === holders.join(' ')) continue;
      this.#switchTo(lane.spans, at, holders);
    }
  }

  #realHolders(address: IpAddress): readonly string[] {
    return this.#real.masters
      .filter(({ addresses }) => addresses.includes(address))
      .map(({ source }) => realName(source));
  }

  #onTraffic(event: ScenarioRunEvent & { readonly kind: 'traffic' }): void {
    const spans = this.#traffic.get(event.traffic);
    if (spans === undefined) return;
    if (event.change === 'lost') {
      const from = this.#run.traffic.get(event.traffic)?.answers.at(-1)?.at ?? event.at;
      this.#push(spans, { from, value: 'out' });
    } else if (event.change === 'answered-again') {
      const open = spans.at(-1);
      if (open !== undefined && open.to === undefined) open.to = event.at;
      this.version++;
    }
  }

  #switchTo<T>(spans: OpenSpan<T>[], at: number, value: T): void {
    const last = spans.at(-1);
    if (last !== undefined && last.to === undefined) last.to = at;
    this.#push(spans, { from: at, value });
  }

  #push<T>(spans: OpenSpan<T>[], span: OpenSpan<T>): void {
    spans.push(span);
    if (spans.length > SPANS_MAX) spans.shift();
    this.version++;
  }

  #mark(mark: LaneMark): void {
    this.#marks.push(mark);
    if (this.#marks.length > MARKS_MAX) this.#marks.shift();
    this.version++;
  }
}

function copied<T>(spans: readonly OpenSpan<T>[]): readonly Span<T>[] {
  return spans.map((span) => ({ ...span }));
}
