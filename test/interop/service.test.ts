/** The daemon as a service of systemd, without systemd: what it tells, and what it can do without root. */

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { says, until } from './lab.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { instanceConfiguration, VIP } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'setpriv');
const ENTRY = join(REPOSITORY, 'test', 'interop', 'probes', 'daemon-entry.mjs');
const UNIT = join(REPOSITORY, 'packaging', 'lantwin.service');
const NOBODY = 65_534;

/** What `AmbientCapabilities=` and `CapabilityBoundingSet=` of the unit do, with setpriv(1). */
function unprivileged(): readonly string[] {
  const names =
    /^AmbientCapabilities=(.*)$/m.exec(readFileSync(UNIT, 'utf8'))?.[1]?.split(' ') ?? [];
  const set = names.map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`).join(',');
  return [
    'setpriv',
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    '--no-new-privs',
    `--bounding-set=-all,${set}`,
    `--inh-caps=-all,${set}`,
    `--ambient-caps=-all,${set}`,
  ];
}

describe.concurrent('as a service', () => {
  test('with the two capabilities of the unit and no root it is a whole router', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      lab.addHost('client', '10.77.0.50/24');
      chmodSync(lab.folder, 0o755);
      const run = join(lab.folder, 'run');
      mkdirSync(run);
      chownSync(run, NOBODY, NOBODY);
      const copy = join(run, 'status');
      const master = `    notify_master "/bin/cp /proc/self/status ${copy}"`;
      const vmac = `    use_vmac\n    version 3\n${master}`;
      const text = instanceConfiguration({ priority: 100, extra: vmac });
      // In the subnet of the base interface Linux would ask for clients with the base's MAC.
      const path = lab.file('a.conf', text.replace(`${VIP}/24`, VIP));
      const words = ['-n', '-l', '-D', '-G', '-f', path, '-p', join(run, 'pid')];
      const daemon = lab.start('a', [...unprivileged(), process.execPath, ENTRY, ...words]);
      await until('it holds the VIP', () => lab.holds('a', VIP), {
        withinMs: 15_000,
        explain: () => daemon.output(),
      });
      const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
      expect(status).toMatch(new RegExp(`^Uid:\\s+${NOBODY}\\s+${NOBODY}`, 'm'));
      await until('the script has run', () => existsSync(copy), { withinMs: 5000 });
      const capabilities = readFileSync(copy, 'utf8').match(/^Cap(Prm|Eff|Amb):.*$/gm);
      expect(capabilities, 'a script has none').toEqual(
        ['Prm', 'Eff', 'Amb'].map((set) => `Cap${set}:\t${'0'.repeat(16)}`),
      );
      const ping = lab.exec('client', ['ping', '-c', '2', '-i', '0.2', '-W', '3', VIP]);
      expect(ping).toContain(' 0% packet loss');
      const links = lab.exec('a', ['ip', '-br', 'link', 'show', 'vrrp.51']);
      expect(links, 'the virtual MAC of VRID 51').toContain('00:00:5e:00:01:33');
      daemon.signal('SIGTERM');
      expect(await daemon.ended, daemon.output()).toBe(0);
      expect(lab.exec('a', ['ip', '-br', 'link'])).not.toContain('vrrp.51');
      expect(existsSync(join(run, 'pid'))).toBe(false);
    });
  });

  test('without any privilege it says what is missing, and ends with 4 as keepalived does', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      chmodSync(lab.folder, 0o755);
      const path = lab.file('a.conf', instanceConfiguration({ priority: 100 }));
      const nobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
      const words = ['-n', '-l', '-D', '-G', '-f', path, '-p', join(lab.folder, 'pid')];
      const daemon = lab.start('a', [...nobody, process.execPath, ENTRY, ...words]);
      expect(await daemon.ended, daemon.output()).toBe(4);
      expect(daemon.output()).toContain('missing permission: CAP_NET_ADMIN and CAP_NET_RAW');
      expect(daemon.output()).toContain('lantwin doctor daemon');
    });
  });

  test('systemd is told of readiness, reload, life and stop', async (context) => {
    const missing = MISSING ?? whyNot('socat');
    context.skip(missing !== undefined, missing);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const socket = join(lab.folder, 'notify');
      const heard = lab.start('a', ['socat', '-u', `UNIX-RECV:${socket}`, '-']);
      await until('socat listens', () => existsSync(socket), { withinMs: 10_000 });
      const path = lab.file('a.conf', instanceConfiguration({ priority: 100 }));
      const environment = ['env', `NOTIFY_SOCKET=${socket}`, 'WATCHDOG_USEC=400000'];
      const words = ['-n', '-l', '-D', '-G', '-f', path, '-p', join(lab.folder, 'pid')];
      const daemon = lab.start('a', [...environment, process.execPath, ENTRY, ...words]);
      await says(heard, 'READY=1');
      await says(heard, 'WATCHDOG=1');
      daemon.signal('SIGHUP');
      await says(heard, /RELOADING=1\nMONOTONIC_USEC=\d+/);
      daemon.signal('SIGTERM');
      expect(await daemon.ended).toBe(0);
      await says(heard, 'STOPPING=1');
      expect(heard.output().match(/READY=1/g)).toHaveLength(2);

      const refused = lab.file('b.conf', 'vrrp_instance VI_1 {\n    interface eth9\n}\n');
      const again = words.map((word) => (word === path ? refused : word));
      const other = lab.start('a', [...environment, process.execPath, ENTRY, ...again]);
      expect(await other.ended, other.output()).not.toBe(0);
      expect(heard.output().match(/READY=1/g), 'a refused start is no start').toHaveLength(2);
    });
  });

  test('the unit is one that systemd takes', (context) => {
    const missing = whyNot('systemd-analyze');
    context.skip(missing !== undefined, missing);
    const verify = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' });
    expect(verify.stderr + verify.stdout).toBe('');
    expect(verify.status).toBe(0);
    const words = ['security', '--offline=yes', '--threshold=40', UNIT];
    const security = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
    expect(security.status, security.stdout).toBe(0);
  });
});
