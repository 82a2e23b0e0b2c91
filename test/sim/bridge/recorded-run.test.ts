/** A bridged run in the browser view afterwards: the same run, back and forth, and another branch of it. */

import { describe, expect, it } from 'vitest';
import type { TimeUs } from '../../../daemon/base/time.ts';
import { InputPlayer, type OutsideInput } from '../../../sim/bridge/outside-input.ts';
import { startRun } from '../../../sim/scenario/run.ts';
import { presentOf, type TestViewer } from '../session/session-kit.ts';
import { inputsOf, realAdverts, recordedSession, SECOND, twinScenario } from './recorded-kit.ts';

const END_S = 40;
const SCENARIO = twinScenario(`steps:
  - { at: 20s, expect: [{ within: 10s, vip: 192.168.0.200, owner: srv-1 }] }
`);
/** Pulled at 10 s and plugged in again at 22 s, by hand; the real router speaks between 14 and 25 s. */
const INPUTS = inputsOf(
  realAdverts(60).filter(({ at }) => at > 14 * SECOND && at < 25 * SECOND),
  [
    { at: 10 * SECOND, name: 'unplug', args: 'srv-1:eth1' },
    { at: 22 * SECOND, name: 'replug', args: 'srv-1:eth1' },
  ],
);

function hashOf(page: TestViewer): string {
  return page.session.open?.timeline.run.engine.log.hash() ?? '';
}

/** As `lantwin replay` does it. */
function replayed(inputs: readonly OutsideInput[], until: number): string {
  const run = startRun(SCENARIO);
  const player = new InputPlayer(run, [{ node: 'tap0' }]);
  for (const input of inputs) if (input.at <= until) player.apply(input);
  run.engine.runUntil(until as TimeUs);
  return run.engine.log.hash();
}

describe('a recorded run in the browser view', () => {
  it('goes the way that a replay goes, and back, and forward again', () => {
    const page = recordedSession(SCENARIO, INPUTS, END_S);
    page.say({ type: 'seek', at: END_S * SECOND });
    expect(hashOf(page)).toBe(replayed(INPUTS, END_S * SECOND));
    const whole = presentOf(page.session);
    page.say({ type: 'seek', at: 18 * SECOND });
    expect(hashOf(page)).toBe(replayed(INPUTS, 18 * SECOND));
    expect(page.last('nodes').outside?.[0]?.masters[0]?.address).toBe('192.168.0.104');
    page.say({ type: 'step', unit: 'event', direction: 'back' });
    page.say({ type: 'step', unit: 'event', direction: 'forward' });
    page.say({ type: 'seek', at: END_S * SECOND });
    expect(presentOf(page.session)).toBe(whole);
  });

  it('ends where the recording ends, with the verdict of the run', () => {
    const page = recordedSession(SCENARIO, INPUTS, END_S);
    page.say({ type: 'seek', at: 90 * SECOND });
    expect(page.last('state')).toMatchObject({
      at: END_S * SECOND,
      stopped: 'the recording ends here',
    });
    expect(page.last('verdicts').verdicts).toMatchObject([{ verdict: 'pass' }]);
    const [refusal] = page.say({ type: 'act', action: 'unplug', args: 'srv-1:eth1', id: 1 });
    expect(refusal).toMatchObject({ type: 'problem', code: 'refused' });
    page.say({ type: 'seek', at: 39.9 * SECOND });
    page.say({ type: 'play' });
    for (let turn = 0; turn < 3; turn++) page.session.advance(100_000);
    expect(page.last('state')).toMatchObject({ at: END_S * SECOND, playing: false });
  });

  it('takes another way after a deed in the past, on which the real network does what it did', () => {
    const page = recordedSession(SCENARIO, INPUTS, END_S);
    page.say({ type: 'seek', at: 12 * SECOND });
    const heard = page.say({ type: 'act', action: 'replug', args: 'srv-1:eth1' });
    expect(heard.find((message) => message.type === 'branch')?.text).toMatch(/real network does/);
    page.say({ type: 'seek', at: 30 * SECOND });
    expect(page.last('state').branch).toBe(1);
    const other = INPUTS.filter((one) => one.kind !== 'deed' || one.at < 12 * SECOND);
    const deed = { at: 12 * SECOND + 1, name: 'replug', args: 'srv-1:eth1' };
    const added = inputsOf([], [deed]).map((one) => ({ ...one, index: 2 }) as OutsideInput);
    const expected = [...other, ...added].sort((a, b) => a.at - b.at);
    expect(hashOf(page)).toBe(replayed(expected, 30 * SECOND));
  });
});
