/** startup_script and shutdown_script: the start and the exit wait for them. Measured on 2.2.7. */

import { describe, expect, it } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { boot, commandsOf, conf } from './keywords/keyword-lab.ts';

const STARTUP = 'startup_script "/etc/keepalived/up.sh now"';
const SHUTDOWN = 'shutdown_script /etc/keepalived/down.sh';

/** A host whose two scripts answer so; booted at 0, told to stop at `stopAt`. */
function life(
  global: string,
  scripts: { startup?: [number | undefined, number]; shutdown?: [number | undefined, number] },
): { lan: FakeLan; n1: FakeHost } {
  const lan = new FakeLan();
  const n1 = lan.host('n1', 11);
  for (const when of ['startup', 'shutdown'] as const) {
    const [exit, after] = scripts[when] ?? [0, 1000];
    n1.scripts.set(`${when}_script`, { exit, after });
  }
  boot(n1, conf({ global }));
  return { lan, n1 };
}

function timeOf(host: FakeHost, text: string): number | undefined {
  return host.timed.find((line) => line.text.includes(text))?.at;
}

describe('startup_script', () => {
  // proves: keyword:global_defs/startup_script
  it('blocks the start until it ends, whatever it answers', () => {
    for (const [code, line] of [
      [0, 'startup script script succeeded'],
      [3, 'startup script script failed, status 3'],
    ] as const) {
      const { lan, n1 } = life(STARTUP, { startup: [code, s(4)] });
      expect(n1.daemon?.status().phase).toBe('starting');
      lan.run(s(9));
      expect(timeOf(n1, 'Running startup script /etc/keepalived/up.sh')).toBe(0);
      expect(timeOf(n1, line)).toBe(s(4));
      expect(timeOf(n1, 'Starting VRRP child process')).toBe(s(4));
      expect(timeOf(n1, 'Entering MASTER STATE')).toBe(s(4) + 3_609_375);
      expect(commandsOf(n1, 'script-run')[0]?.arguments).toEqual(['/etc/keepalived/up.sh', 'now']);
    }
  });

  // proves: keyword:global_defs/startup_script_timeout
  it('gets TERM after its timeout, 10 s by default, and the start goes on', () => {
    for (const [more, limit] of [
      ['', 10],
      ['startup_script_timeout 2', 2],
    ] as const) {
      const { lan, n1 } = life(`${STARTUP}\n${more}`, { startup: [undefined, 0] });
      lan.run(s(limit + 5));
      expect(timeOf(n1, 'startup script timed out')).toBe(s(limit));
      expect(timeOf(n1, 'Entering MASTER STATE')).toBe(s(limit) + 3_609_375);
      expect(commandsOf(n1, 'script-signal').map((c) => c.signal)).toEqual(['TERM']);
      expect(n1.log.filter((line) => line.includes('script script'))).toEqual([]);
    }
  });

  it('SIGTERM ends it; no child was there, shutdown_script runs all the same', () => {
    const { lan, n1 } = life(`${STARTUP}\n${SHUTDOWN}`, { startup: [0, s(4)] });
    lan.run(s(1));
    n1.stop();
    lan.run(s(9));
    expect(n1.lines(s(1)).map((line) => line.replace(/user:.*/, ''))).toEqual([
      'Stopping',
      'Running shutdown script /etc/keepalived/down.sh',
      'shutdown script script succeeded',
      'CPU usage (self/children) ',
      'Stopped Keepalived v2.2.7 (01/16,2022)',
    ]);
    expect(n1.exitCode).toBe(0);
    expect(commandsOf(n1, 'script-signal').map((c) => c.signal)).toEqual(['KILL']);
  });

  it('SIGHUP ends it and starts at once', () => {
    const { lan, n1 } = life(STARTUP, { startup: [0, s(4)] });
    lan.run(s(1));
    n1.carryOut(n1.daemon?.reload(timeUs(s(1))) ?? []);
    lan.run(s(9));
    expect(timeOf(n1, 'Starting VRRP child process')).toBe(s(1));
    expect(timeOf(n1, 'Entering MASTER STATE')).toBe(s(1) + 3_609_375);
    expect(n1.log.filter((line) => line.includes('script script'))).toEqual([]);
  });
});

describe('shutdown_script', () => {
  // proves: keyword:global_defs/shutdown_script
  it('runs after the children are gone; the exit waits for it', () => {
    const { lan, n1 } = life(SHUTDOWN, { shutdown: [4, s(2)] });
    lan.run(s(5));
    n1.stop();
    lan.run(s(7.5));
    expect(n1.exitCode).toBeUndefined();
    lan.run(s(10));
    expect(timeOf(n1, 'Stopped - used')).toBe(s(6));
    expect(timeOf(n1, 'Running shutdown script /etc/keepalived/down.sh')).toBe(s(6));
    expect(timeOf(n1, 'shutdown script script failed, status 4')).toBe(s(8));
    expect(timeOf(n1, 'Stopped Keepalived')).toBe(s(8));
    expect(n1.exitCode).toBe(0);
  });

  // proves: keyword:global_defs/shutdown_script_timeout
  it('holds the exit for its timeout at most', () => {
    const { lan, n1 } = life(`${SHUTDOWN}\nshutdown_script_timeout 3`, {
      shutdown: [undefined, 0],
    });
    lan.run(s(5));
    n1.stop();
    lan.run(s(12));
    expect(timeOf(n1, 'shutdown script timed out')).toBe(s(9));
    expect(timeOf(n1, 'Stopped Keepalived')).toBe(s(9));
  });

  it('is the one of the configuration read last', () => {
    const { lan, n1 } = life(SHUTDOWN, {});
    lan.run(s(5));
    n1.files.set('n1.conf', new TextEncoder().encode(conf()));
    n1.carryOut(n1.daemon?.reload(timeUs(s(5))) ?? []);
    n1.stop();
    lan.run(s(9));
    expect(n1.log.some((line) => line.includes('shutdown script'))).toBe(false);
    expect(n1.exitCode).toBe(0);
  });
});
