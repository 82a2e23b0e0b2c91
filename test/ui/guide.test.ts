import { describe, expect, it } from 'vitest';
import type { CableView, HostView, InstanceView } from '../../sim/session/protocol-views.ts';
import { boundedScale, scrollAfterZoom, sightOn } from '../../ui/src/geometry/zoom.ts';
import { currentStep, type GuideFacts, newlyDone } from '../../ui/src/guide/guide.ts';
import { GUIDES, guideOf } from '../../ui/src/guide/guides.ts';
import { codeParts } from '../../ui/src/words/code-parts.ts';
import { groupTitle } from '../../ui/src/words/group-title.ts';

const NOTHING: GuideFacts = {
  at: 0,
  end: 0,
  playing: false,
  hosts: new Map(),
  cables: new Map(),
  lanes: { vrrp: [], vips: [], traffic: [], marks: [] },
  events: [],
  journals: new Map(),
  filter: '',
  filterWrong: false,
  selected: undefined,
  packet: undefined,
  followed: false,
  saved: false,
};
const CABLE = 'srv-1:eth1-sw1:1';

describe('guides', () => {
  it('belong to one scenario each, wherever its folder lies', () => {
    expect(guideOf('tour.twin.yml')?.kind).toBe('tour');
    expect(guideOf('seeds/three-servers/tour.twin.yml')?.kind).toBe('tour');
    expect(guideOf('seeds/five-directors/laboratory.twin.yml')?.kind).toBe('sheet');
    expect(guideOf('seeds/three-servers/detour.twin.yml')).toBeUndefined();
    expect(guideOf(undefined)).toBeUndefined();
  });

  it.each(GUIDES.map((guide) => [guide.id, guide] as const))(
    '%s has steps of their own names, and nothing is done before anything happened',
    (_id, guide) => {
      const ids = guide.steps.map((step) => step.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(guide.steps.filter((step) => step.done?.(NOTHING) === true)).toEqual([]);
    },
  );

  it('a tour asks only for its next step, a sheet for all', () => {
    const [tour, sheet] = GUIDES;
    if (tour === undefined || sheet === undefined) throw new Error('a guide is missing');
    const facts = {
      ...NOTHING,
      hosts: new Map([['srv-1', host('srv-1', 'MASTER')]]),
      selected: 'laptop',
      followed: true,
      filterWrong: true,
    };
    expect(newlyDone(tour, new Set(), facts)).toEqual([]);
    expect(newlyDone(tour, new Set(['look']), facts)).toEqual(['play']);
    expect(newlyDone(tour, new Set(['look', 'play']), facts)).toEqual(['address']);
    expect(currentStep(tour, new Set(['look', 'play']))?.id).toBe('address');
    expect(newlyDone(sheet, new Set(['follow']), facts)).toEqual(['wrong']);
  });

  it('the tour goes back only after the cable was pulled', () => {
    const step = GUIDES[0]?.steps.find((one) => one.id === 'back');
    const plugged = new Map([[CABLE, cable(true)]]);
    const before = { ...NOTHING, at: 3, end: 9, cables: plugged };
    expect(step?.done?.(before)).toBe(false);
    const marks = [{ at: 5, kind: 'hand', text: 'unplug srv-1:eth1' } as const];
    expect(step?.done?.({ ...before, lanes: { ...NOTHING.lanes, marks } })).toBe(true);
    expect(step?.done?.({ ...before, at: 9, lanes: { ...NOTHING.lanes, marks } })).toBe(false);
  });

  it('a task counts a command that was run, not one that was printed', () => {
    const step = GUIDES[1]?.steps.find((one) => one.id === 'neigh');
    const ran = (text: string) =>
      step?.done?.({
        ...NOTHING,
        events: [
          { id: 1, at: 1, node: 'client', kind: 'exec', text, tone: 'hand', origin: 'model' },
        ],
      });
    expect(ran('$ ip neigh (exit 0)\n    192.168.100.223 dev enp0s25')).toBe(true);
    expect(ran('$ ip n show 192.168.100.223 (exit 0)')).toBe(true);
    expect(ran('$ ip neigh flush all (exit 0)')).toBe(false);
    expect(ran('$ echo (exit 0)\n    $ ip neigh (exit 0)')).toBe(false);
  });
});

describe('zooming', () => {
  it('keeps what is under the hand', () => {
    const { left, top } = scrollAfterZoom(
      { left: 100, top: 50 },
      { x: 20, y: 10 },
      { from: 1, to: 2 },
    );
    expect([(left + 20) / 2, (top + 10) / 2]).toEqual([120, 60]);
  });

  it('has bounds, and the small map shows what is in sight', () => {
    expect([boundedScale(0.01), boundedScale(1), boundedScale(99)]).toEqual([0.3, 1, 2.5]);
    const sheet = { width: 1000, height: 600 };
    const sight = sightOn({ left: 1000, top: 0, width: 500, height: 300 }, 2, sheet);
    expect(sight).toEqual({ x: 500, y: 0, width: 250, height: 150 });
    expect(sightOn({ left: 1900, top: 0, width: 500, height: 300 }, 2, sheet).width).toBe(50);
  });
});

describe('words', () => {
  it('between backquotes are code', () => {
    expect(codeParts('press `u` now')).toEqual([
      { code: false, text: 'press ' },
      { code: true, text: 'u' },
      { code: false, text: ' now' },
    ]);
  });

  it('of a folder make a heading', () => {
    expect(groupTitle('seeds/master-backup-lvs')).toBe('Master backup LVS');
    expect(groupTitle('')).toBe('Scenarios');
  });
});

function host(name: string, state: InstanceView['state']): HostView {
  const instance: InstanceView = {
    name: 'VI_1',
    vrid: 88,
    interface: 'eth1',
    state,
    basePriority: 100,
    effectivePriority: 100,
    addresses: [],
    lastTransitionAt: 0,
  };
  return { name, power: 'on', instances: [instance], nics: [], units: [], vips: [], changedAt: 0 };
}

function cable(plugged: boolean): CableView {
  const base = { id: CABLE, carrierA: plugged, carrierB: plugged, aToB: {}, bToA: {} };
  return { ...base, plugged, light: plugged ? 'ok' : 'unplugged', changedAt: 0 };
}
