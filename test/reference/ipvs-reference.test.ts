import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listIpvsRecordings, type SchedulerRecording } from './ipvs-recording.ts';
import { ipvsDifferences } from './ipvs-reference.ts';

const FOLDER = fileURLToPath(new URL('./ipvs', import.meta.url));
const RECORDINGS = listIpvsRecordings(FOLDER);

describe('the twin schedules as the real kernel did', () => {
  for (const recording of RECORDINGS) {
    it(recording.file, () => expect(ipvsDifferences(recording)).toEqual([]));
  }

  it('has recordings of every scheduler and of the states', () => {
    const schedulers = RECORDINGS.map((each) =>
      each.kind === 'scheduler' ? each.content.scheduler : 'states',
    );
    const kinds = new Set(schedulers);
    const expected = 'rr wrr lc wlc sed nq dh sh mh fo ovf lblc lblcr states'.split(' ');
    for (const name of expected) expect(kinds, name).toContain(name);
  });
});

describe('the replay notices', () => {
  const content = RECORDINGS.find((each) => each.file.startsWith('wlc-04'))?.content;
  const recording = content as SchedulerRecording;
  const steps = [...recording.steps];
  const place = steps.findIndex((step, index) => index > 40 && step.op === 'connect');
  const step = steps[place];

  it('a pick that the kernel did not make', () => {
    const other = recording.servers.find((each) => !step?.chosen?.startsWith(each.addr));
    const changed = steps.with(place, { ...step, chosen: `${other?.addr}:8080` } as never);
    expect(replay(changed)[0]).toMatch(/chose .* recorded /);
  });

  it('a counter that is one too high', () => {
    const after = (step?.after ?? []).map(([name, weight, active, inactive], index) =>
      index === 0 ? [name, weight, active, inactive + 1] : [name, weight, active, inactive],
    );
    const changed = steps.with(place, { ...step, after } as never);
    expect(replay(changed)[0]).toMatch(/after: .* recorded /);
  });

  it('an operation that it does not know', () => {
    const changed = steps.with(place, { ...step, op: 'paint' } as never);
    expect(replay(changed)[0]).toMatch(/unknown operation paint/);
  });

  function replay(changed: readonly (typeof steps)[number][]): string[] {
    const names = { file: 'changed.json', path: 'changed.json' };
    return ipvsDifferences({
      kind: 'scheduler',
      ...names,
      content: { ...recording, steps: changed },
    });
  }
});
