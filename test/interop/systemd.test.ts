/**
 * The unit of `packaging/` under a real systemd, in a guest of user-mode-linux: it starts without root and says when it is ready, it
 * reloads, its hardening holds, a killed or hanging daemon is started again and tidies up, and a stop leaves nothing behind.
 */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Guest, whyNoGuest } from './guest.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { instanceConfiguration, VIP } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'systemd-analyze') ?? whyNoGuest();
const INTEROP = join(REPOSITORY, 'test', 'interop', 'probes');
const UNIT = join(REPOSITORY, 'packaging', 'lantwin.service');
/** Guests share the machine: systemd alone takes seconds to start. */
const LONG_MS = 180_000;
const EXPLAIN = 'dmesg | tail -40; cat /run/daemon.log';
const START = inside('systemctl start lantwin');

/** A line of shell among the processes and mounts of systemd. */
function inside(line: string): string {
  const plain = 'SYSTEMD_PAGER= SYSTEMD_COLORS=0';
  return `${plain} nsenter -t $(pgrep -o -x systemd) -m -p -C sh -c '${line}'`;
}

/** A property of the unit as systemd knows it. */
function shown(name: string): string {
  return inside(`systemctl show -P ${name} lantwin`);
}

async function startSystemd(guest: Guest): Promise<void> {
  const words = [UNIT, join(INTEROP, 'daemon-entry.mjs'), process.execPath];
  await guest.run(`sh ${join(INTEROP, 'guest-systemd.sh')} ${words.join(' ')}`);
  await guest.runUntil(inside('systemctl is-system-running'), (text) => text.includes('running'), {
    withinMs: LONG_MS,
    explain: EXPLAIN,
  });
}

/** The unit's own words, and a log that the test can read: there is no journal here. */
const DROP_IN = `[Unit]
DefaultDependencies=no
[Service]
StandardOutput=append:/run/daemon.log
StandardError=append:/run/daemon.log
Environment="DAEMON_ARGS=-l -D"
WatchdogSec=60s
`;

async function writeFile(guest: Guest, path: string, text: string): Promise<void> {
  const hex = Buffer.from(text).toString('hex');
  await guest.run(`echo ${hex} | sed "s/../\\\\\\\\x&/g" | xargs -0 printf >${path}`);
}

describe('the unit under systemd', () => {
  test('starts, reloads, is hardened, comes back, and stops', {
    timeout: 1_200_000,
  }, async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      const guest = await Guest.boot(lab, 'router', ['10.77.0.1/24']);
      const run = (line: string): Promise<string> => guest.run(line, { withinMs: LONG_MS });
      const copy = '/run/lantwin/status';
      const script = `    notify_master "/bin/cp /proc/self/status ${copy}"`;
      const text = instanceConfiguration({ priority: 100, extra: script });
      await run('mkdir -p /run/etc/keepalived /run/systemd/system/lantwin.service.d');
      await writeFile(guest, '/run/etc/keepalived/keepalived.conf', text);
      await writeFile(guest, '/run/systemd/system/lantwin.service.d/test.conf', DROP_IN);
      await startSystemd(guest);

      // Type=notify: the command returns once the daemon has said that it is ready.
      const started = await run(`${START} || { ${EXPLAIN}; }`);
      expect(started, 'the filter of system calls hit nothing').not.toContain('type=1326');
      expect(await run(shown('ActiveState'))).toContain('active\n');
      const holds = 'ip -br address show dev eth0';
      const wait = { withinMs: LONG_MS, explain: EXPLAIN };
      await guest.runUntil(holds, (output) => output.includes(`${VIP}/24`), wait);

      const status = await run(inside('cat /proc/$(systemctl show -P MainPID lantwin)/status'));
      expect(status, 'not root').not.toMatch(/^Uid:\s+0\s/m);
      expect(status, 'CAP_NET_ADMIN and CAP_NET_RAW').toMatch(/^CapBnd:\s+0000000000003000$/m);
      expect(status).toMatch(/^CapEff:\s+0000000000003000$/m);
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      expect(status, 'a filter of system calls').toMatch(/^Seccomp:\s+2$/m);
      const isCopied = (output: string): boolean => output.includes('CapAmb');
      const ofScript = await guest.runUntil(`cat ${copy}`, isCopied, wait);
      expect(ofScript, 'scripts have no capability').toMatch(/^CapEff:\s+0{16}$/m);
      expect(ofScript).toMatch(/^CapAmb:\s+0{16}$/m);

      const pid = (await run(shown('MainPID'))).trim();
      await run(inside('systemctl reload lantwin'));
      await guest.runUntil('cat /run/daemon.log', (log) => log.includes('Reload complete'), wait);
      expect((await run(shown('MainPID'))).trim(), 'the same process').toBe(pid);
      expect(await run(holds)).toContain(VIP);

      // Killed: the address stays until the next start, which removes it and begins anew.
      await run(inside('systemctl kill -s KILL lantwin'));
      await guest.runUntil(shown('NRestarts'), (count) => count.trim() === '1', wait);
      await guest.runUntil(shown('ActiveState'), (state) => state.trim() === 'active', wait);
      const twice = (log: string): boolean => log.split('Startup complete').length === 3;
      await guest.runUntil('cat /run/daemon.log', twice, wait);
      await guest.runUntil(holds, (output) => output.includes(VIP), wait);

      // Hanging: the watchdog ends it, and it is started again.
      await run(inside('systemctl kill -s STOP lantwin'));
      await guest.runUntil(shown('NRestarts'), (count) => count.trim() === '2', wait);
      await guest.runUntil(shown('ActiveState'), (state) => state.trim() === 'active', wait);
      await guest.runUntil(holds, (output) => output.includes(VIP), wait);

      await run(inside('systemctl stop lantwin'));
      expect((await run(shown('Result'))).trim()).toBe('success');
      expect(await run(holds)).not.toContain(VIP);
      expect(await run('ls /run/lantwin 2>&1 || true')).toContain('No such file');
    });
  });
});
