import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../sim/engine/run-log.ts';
import { runScenario } from '../../../sim/scenario/run.ts';
import { openSession, readScenario, type TestViewer, THREE_SERVERS } from './session-kit.ts';

const SECOND = 1_000_000;

/** Saves, reads the text beside the original and runs it as `lantwin run` does. */
function saveAndRun(page: TestViewer, expectations: boolean) {
  page.say({ type: 'save', name: 'What I did', expectations });
  const { text, fileName } = page.last('saved');
  const file = THREE_SERVERS.replace(/[^/]*$/, fileName);
  const { scenario, problems } = readScenario(file, text);
  expect(problems.filter((one) => one.severity === 'error')).toEqual([]);
  if (scenario === undefined) throw new Error(text);
  return { text, fileName, result: runScenario(scenario) };
}

describe('saving as a scenario', () => {
  it('writes what was done and what came of it; the run passes', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6_123_456 });
    page.say({ type: 'act', action: 'unplug', args: 'srv-1:eth1' });
    page.say({ type: 'seek', at: 12 * SECOND });
    page.say({ type: 'seek', at: 16 * SECOND });
    page.say({ type: 'act', action: 'loss', args: { cable: 'laptop:eth0', rate: '10%' } });
    page.say({ type: 'seek', at: 25 * SECOND });
    const { text, fileName, result } = saveAndRun(page, true);
    expect(fileName).toBe('what-i-did.twin.yml');
    expect(text).toContain('at: 6.123457s');
    expect(text).toContain('unplug: srv-1:eth1');
    expect(text).toMatch(/vip: 192\.168\.0\.200,? *\n? *owner: srv-2/);
    expect(result.expectations.filter((one) => one.verdict !== 'pass')).toEqual([]);
    expect(result.verdict).toBe('pass');
    expect(result.expectations.length).toBeGreaterThan(5);
  });

  it('gives the very same run, event by event', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 7 * SECOND });
    page.say({ type: 'act', action: 'freeze', args: 'srv-1' });
    page.say({ type: 'ping', from: 'laptop', to: 'srv-3' });
    page.say({ type: 'seek', at: 9_500_000 });
    const live = page.session.open?.timeline.run.engine.log.events ?? [];
    const { result } = saveAndRun(page, false);
    const story = (events: readonly RunEvent[]) =>
      events
        .filter((event) => event.kind !== 'step' && event.at <= 9_500_000)
        .map((event) => `${event.at} ${event.node} ${event.kind}`);
    expect(story(result.log)).toEqual(story(live));
    expect(result.verdict).toBe('unknown');
  });

  it('writes an edited configuration, a script, terminals and Ctrl+C', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6 * SECOND });
    page.say({ type: 'config', host: 'srv-3' });
    const { text: before } = page.last('config');
    const edited = `# it's mine\n${before.replace(/priority \d+/, 'priority 230')}`;
    page.say({ type: 'reload-config', host: 'srv-3', text: edited });
    page.say({
      type: 'exec',
      terminal: 't',
      host: 'laptop',
      line: 'ping 192.168.0.200 | grep ttl',
    });
    page.say({ type: 'exec', terminal: 'u', host: 'laptop', line: 'ping 192.168.0.101' });
    page.say({ type: 'seek', at: 8 * SECOND });
    page.say({ type: 'cancel', terminal: 'u' });
    page.say({ type: 'act', action: 'kill', args: 'srv-2' });
    page.say({ type: 'seek', at: 20 * SECOND });
    const { text, result } = saveAndRun(page, true);
    expect(text).toContain('timeout -s INT 1.999998 ping 192.168.0.101');
    expect(text).toContain("it'");
    const configured = result.log.filter((event) => event.kind === 'exec');
    expect(configured.length).toBeGreaterThan(0);
    expect(result.expectations.filter((one) => one.verdict !== 'pass')).toEqual([]);
    expect(result.verdict).toBe('pass');
  });

  it('leaves out what had not happened, and what a branch took back', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 5 * SECOND });
    page.say({ type: 'act', action: 'mute', args: 'srv-3:eth1' });
    page.say({ type: 'seek', at: 4 * SECOND });
    page.say({ type: 'act', action: 'power-off', args: 'srv-2' });
    page.say({ type: 'seek', at: 6 * SECOND });
    const { text, result } = saveAndRun(page, true);
    expect(text).not.toContain('mute');
    expect(text).not.toContain('power-off: srv-1');
    expect(text).toContain('power-off: srv-2');
    expect(result.verdict).toBe('pass');
  });
});
