/** `lantwin daemon` as a command: flags, exit codes, pid files, signals, and what an exit leaves behind. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Lab, type Running, says, until } from './lab.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { instanceConfiguration, VIP } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon');
const PROBES = join(REPOSITORY, 'test', 'interop', 'probes');
/** Alone on its LAN: three intervals, a skew, and a good deal of waiting for a busy processor. */
const MASTER_MS = 15_000;

async function run(
  lab: Lab,
  ...words: readonly string[]
): Promise<{ readonly code: number | string; readonly text: string }> {
  const entry = join(PROBES, 'daemon-entry.mjs');
  const running = lab.start('a', [process.execPath, entry, ...words]);
  return { code: await running.ended, text: running.output() };
}

async function untilMaster(lab: Lab, running: Running): Promise<void> {
  await until('it holds the VIP', () => lab.holds('a', VIP), {
    withinMs: MASTER_MS,
    explain: () => running.output(),
  });
}

describe.concurrent('the daemon as a command', () => {
  test('what does not run ends at once, with the exit code of keepalived', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const pid = ['-p', join(lab.folder, 'a.pid')];
      expect(await run(lab, '--version')).toMatchObject({ code: 0 });
      expect((await run(lab, '--version')).text).toMatch(/^lantwin \d+\.\d+\.\d+ .*v2\.2\.7/);
      expect(await run(lab, '--help')).toMatchObject({ code: 0 });
      expect(await run(lab, '--signum=STOP')).toEqual({ code: 0, text: '15\n' });
      expect(await run(lab, '--signum=FOO')).toMatchObject({ code: 1 });
      expect(await run(lab, '--bogus')).toMatchObject({ code: 1 });
      expect(await run(lab, '-t', '-f', '/nonexistent.conf')).toMatchObject({ code: 0 });
      const missing = await run(lab, '-n', '-l', '-G', '-f', '/nonexistent.conf', ...pid);
      expect(missing.code, missing.text).toBe(6);
      const wrong = lab.file(
        'wrong.conf',
        instanceConfiguration({ priority: 100 }).replace('eth0', 'eth9'),
      );
      const refused = await run(lab, '-n', '-l', '-G', '-f', wrong, ...pid);
      expect(refused.code, refused.text).toBe(2);
      expect(existsSync(join(lab.folder, 'a.pid'))).toBe(false);
    });
  });

  test('a second daemon with the same pid file leaves the first alone', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const first = lab.startLantwin('a', instanceConfiguration({ priority: 100 }));
      await untilMaster(lab, first);
      const second = lab.startLantwin('a', instanceConfiguration({ priority: 100 }));
      expect(await second.ended).toBe(0);
      await says(second, 'daemon is already running');
      expect(lab.holds('a', VIP)).toBe(true);
      expect(readFileSync(join(lab.folder, 'a.pid'), 'utf8')).toBe(`${first.pid}\n`);
      first.signal('SIGTERM');
      expect(await first.ended).toBe(0);
      expect(lab.holds('a', VIP)).toBe(false);
    });
  });

  test('--dont-release-vrrp leaves the address, the next start removes it', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const configuration = instanceConfiguration({ priority: 100 });
      const first = lab.startLantwin('a', configuration, '--dont-release-vrrp');
      await untilMaster(lab, first);
      first.signal('SIGTERM');
      expect(await first.ended).toBe(0);
      expect(lab.holds('a', VIP)).toBe(true);
      const second = lab.startLantwin('a', configuration);
      await until('removed at start', () => !lab.holds('a', VIP), {
        withinMs: 3000,
        explain: () => second.output(),
      });
    });
  });

  test('a bug withdraws the address before it ends the process', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const path = lab.file('a.conf', instanceConfiguration({ priority: 100 }));
      const words = ['-n', '-l', '-D', '-G', '-P', '-f', path, '-p', join(lab.folder, 'a.pid')];
      const faulty = join(PROBES, 'faulty-entry.mjs');
      const running = lab.start('a', [process.execPath, faulty, ...words]);
      await untilMaster(lab, running);
      running.signal('SIGHUP');
      expect(await running.ended).not.toBe('SIGHUP');
      await says(running, 'a bug, planted by the test');
      await says(running, '(VI_1) sent 0 priority');
      expect(lab.holds('a', VIP), running.output()).toBe(false);
      expect(existsSync(join(lab.folder, 'a.pid'))).toBe(false);
    });
  });

  test('signals that keepalived knows and exporters send do not end it', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const running = lab.startLantwin('a', instanceConfiguration({ priority: 100 }));
      await untilMaster(lab, running);
      for (const signal of ['USR1', 'USR2', 'URG', 'IO', '36', '63', 'PIPE']) {
        lab.exec('a', ['kill', `-${signal}`, String(running.pid)]);
      }
      await sleep(500);
      await says(running, 'Printing VRRP data');
      await says(running, 'Printing VRRP stats');
      await says(running, 'Printing VRRP as json');
      expect(running.output(), 'the debugger of node stays away').not.toContain('Debugger');
      expect(lab.holds('a', VIP)).toBe(true);
      running.signal('SIGTERM');
      expect(await running.ended).toBe(0);
    });
  });

  test('a tracked file and a tracked script decide about the priority', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const flag = lab.file('flag', '0\n');
      const tracking = [
        `track_file flag {\n    file ${flag}\n    weight 1\n}`,
        `vrrp_script chk {\n    script "/usr/bin/test -e ${flag}"\n    interval 1\n    weight 20\n}`,
      ].join('\n');
      const instance = instanceConfiguration({
        priority: 100,
        extra:
          '    track_file {\n        flag weight 1\n    }\n    track_script {\n        chk\n    }',
      });
      const running = lab.startLantwin('a', `${tracking}\n${instance}`);
      await untilMaster(lab, running);
      await says(running, 'Changing effective priority from 100 to 120');
      writeFileSync(flag, '5\n');
      await says(running, 'Changing effective priority from 120 to 125');
    });
  });

  test('-a tells of every address, and each part has its pid file', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const pid = (part: string): string => join(lab.folder, `${part}.pid`);
      const files = ['-r', pid('vrrp'), '-c', pid('checkers')];
      const running = lab.startLantwin(
        'a',
        instanceConfiguration({ priority: 100 }),
        '-a',
        ...files,
      );
      await says(running, 'Netlink reflector reports IP 10.77.0.1 added to eth0');
      await says(running, '(VI_1) Entering BACKUP STATE (init)');
      lab.exec('a', ['ip', 'address', 'add', '10.77.0.7/24', 'dev', 'eth0']);
      await says(running, 'Netlink reflector reports IP 10.77.0.7 added to eth0');
      lab.exec('a', ['ip', 'address', 'del', '10.77.0.7/24', 'dev', 'eth0']);
      await says(running, 'Netlink reflector reports IP 10.77.0.7 removed from eth0');
      expect(readFileSync(pid('vrrp'), 'utf8')).toBe(`${running.pid}\n`);
      // -P: there are no checkers, so nobody's pid is written.
      expect(existsSync(pid('checkers'))).toBe(false);
      running.signal('SIGTERM');
      expect(await running.ended).toBe(0);
      expect(existsSync(pid('vrrp'))).toBe(false);
    });
  });

  test('no signal that can be caught leaves an address behind', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    for (const signal of ['SIGQUIT', 'SIGABRT', 'SIGPWR', 'SIGALRM'] as const) {
      await inLab(async (lab) => {
        lab.addHost('a', '10.77.0.1/24');
        const configuration = instanceConfiguration({ priority: 255 }).replace('BACKUP', 'MASTER');
        const running = lab.startLantwin('a', configuration);
        await untilMaster(lab, running);
        running.signal(signal);
        expect(await running.ended, running.output()).toBe(0);
        expect(lab.holds('a', VIP), signal).toBe(false);
      });
    }
  });

  test('--metrics serves the numbers that dashboards know', async (context) => {
    const missing = MISSING ?? whyNot('curl');
    context.skip(missing !== undefined, missing);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const configuration = instanceConfiguration({ priority: 100 });
      const running = lab.startLantwin('a', configuration, '--metrics=127.0.0.1:9165');
      await untilMaster(lab, running);
      const url = 'http://127.0.0.1:9165/metrics';
      const text = lab.exec('a', ['curl', '-sS', '-i', url]);
      expect(text).toContain('Content-Type: text/plain; version=0.0.4');
      expect(text).toContain('keepalived_up 1');
      const labels = 'iname="VI_1",intf="eth0",vrid="51"';
      expect(text).toContain(`keepalived_vrrp_state{${labels},ip_address="${VIP}/24"} 2`);
      expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
      const status = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}'];
      expect(lab.exec('a', [...status, 'http://127.0.0.1:9165/'])).toBe('404');
      expect(lab.exec('a', [...status, '-X', 'POST', url])).toBe('405');
      running.signal('SIGTERM');
      expect(await running.ended).toBe(0);
    });
  });

  test('idle it takes little memory and hardly any processor', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const running = lab.startLantwin('a', instanceConfiguration({ priority: 100 }));
      await untilMaster(lab, running);
      const ticks = (): number => {
        const fields = readFileSync(`/proc/${running.pid}/stat`, 'utf8').split(') ')[1]?.split(' ');
        return Number(fields?.[11]) + Number(fields?.[12]);
      };
      await sleep(6000);
      const before = ticks();
      await sleep(5000);
      const share = (ticks() - before) / 100 / 5;
      const status = readFileSync(`/proc/${running.pid}/status`, 'utf8');
      const rssMiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
      process.stdout.write(`idle: ${rssMiB.toFixed(0)} MiB, ${(share * 100).toFixed(1)} %\n`);
      expect(rssMiB).toBeLessThan(80);
      // The aim is 1 %; a tick is 0.2 % here and a busy machine inflates it.
      expect(share).toBeLessThan(0.03);
    });
  });
});
