/** What a browser is told of real routers behind a cable to the outside. */

import { describe, expect, it } from 'vitest';
import {
  type Arrival,
  inputsOf,
  realAdverts,
  recordedSession,
  SECOND,
  twinScenario,
} from '../bridge/recorded-kit.ts';
import type { TestViewer } from './session-kit.ts';

const VIP = '192.168.0.200';
const REAL = 'real 192.168.0.104';
const UNPLUG = { at: 10 * SECOND, name: 'unplug', args: 'srv-1:eth1' };
const REPLUG = { at: 22 * SECOND, name: 'replug', args: 'srv-1:eth1' };

const ADVERTS = realAdverts(60);
const between = (from: number, to: number): readonly Arrival[] =>
  ADVERTS.filter(({ at }) => at > from * SECOND && at < to * SECOND);

function at(page: TestViewer, seconds: number) {
  page.say({ type: 'seek', at: seconds * SECOND });
  page.say({ type: 'subscribe', views: { lanes: true } });
  const { insights, outside } = page.last('nodes');
  const lane = page.last('lanes').lanes.vips.find((one) => one.address === VIP);
  return { insights, masters: outside?.[0]?.masters ?? [], spans: lane?.spans ?? [] };
}

describe('a real router', () => {
  it('holds the address while it speaks for it: nobody is without a master', () => {
    const inputs = inputsOf(between(14, 25), [UNPLUG, REPLUG]);
    const page = recordedSession(twinScenario(), inputs, 60);
    const before = at(page, 13);
    expect(before.insights).toMatchObject([{ kind: 'no-master' }]);
    expect(before.masters).toEqual([]);
    const while_ = at(page, 21);
    expect(while_.insights).toEqual([]);
    expect(while_.masters).toMatchObject([
      { address: '192.168.0.104', vrid: 88, version: 2, priority: 100, addresses: [VIP] },
    ]);
    expect(while_.spans.map((one) => one.value)).toEqual([['srv-1'], [], [REAL]]);
    // A better advert takes the address from it at once: it hears that one, as far as anybody can know.
    const after = at(page, 27);
    expect(after.insights).toEqual([]);
    expect(after.masters).toEqual([]);
    expect(after.spans.at(-1)?.value).toEqual(['srv-1']);
  });

  it('that falls silent is gone after its own down time', () => {
    const heard = between(14, 18);
    const page = recordedSession(twinScenario(), inputsOf(heard, [UNPLUG]), 60);
    // Nothing at all happens meanwhile: srv-1 has no cable, and the laptop says nothing.
    const { spans, masters, insights } = at(page, 40);
    const silent = 3 * SECOND + Math.floor((156 * SECOND) / 256);
    expect(spans.at(-1)).toEqual({ from: (heard.at(-1)?.at ?? 0) + silent, value: [] });
    expect(masters).toEqual([]);
    expect(insights).toMatchObject([{ kind: 'no-master' }]);
  });

  it('that goes on against a better advert is a second master', () => {
    const page = recordedSession(twinScenario(), inputsOf(between(5, 50)), 60);
    const { spans, insights } = at(page, 30);
    expect(insights).toMatchObject([
      {
        kind: 'two-masters',
        text: `VRID 88 has 2 masters: srv-1 and ${REAL}`,
        nodes: ['srv-1', 'tap0'],
      },
    ]);
    expect(spans.at(-1)?.value).toEqual(['srv-1', REAL]);
  });

  it('that says goodbye is gone at once', () => {
    const goodbye = ADVERTS.at(-1);
    const arrivals = [
      ...between(14, 18),
      { at: 18.5 * SECOND, frame: goodbye?.frame ?? new Uint8Array() },
    ];
    const page = recordedSession(twinScenario(), inputsOf(arrivals, [UNPLUG]), 60);
    expect(at(page, 19).spans.at(-1)).toEqual({ from: 18.5 * SECOND, value: [] });
  });

  it('is no owner that a saved scenario could name', () => {
    const page = recordedSession(twinScenario(), inputsOf(between(14, 25), [UNPLUG]), 60);
    page.say({ type: 'seek', at: 24 * SECOND });
    page.say({ type: 'save', name: 'kept', expectations: true, id: 1 });
    const { text, remarks } = page.last('saved');
    expect(text).not.toContain('real ');
    expect(text).not.toContain('owner: nobody');
    expect(remarks.join(' ')).toContain('What came from the real network is not in the file');
  });
});
