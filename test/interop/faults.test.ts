/** What a real host does to a daemon: interfaces that go, programs that fail, packages that are not there. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Lab, type Running, says, until } from './lab.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { instanceConfiguration, VIP, VrrpPair } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived');
const PROBES = join(REPOSITORY, 'test', 'interop', 'probes');
const START_MS = 15_000;

async function untilHolds(lab: Lab, running: Running, wanted = true): Promise<void> {
  await until(
    wanted ? 'it holds the VIP' : 'it holds no VIP',
    () => lab.holds('a', VIP) === wanted,
    {
      withinMs: START_MS,
      explain: () => running.output(),
    },
  );
}

function dynamicConfiguration(): string {
  return instanceConfiguration({ priority: 100 }).replace(
    'global_defs {',
    'global_defs {\n    dynamic_interfaces',
  );
}

/** Starts the daemon with something in front: environment, preloaded modules. */
function startWith(
  lab: Lab,
  environment: readonly string[],
  nodeFlags: readonly string[] = [],
): Running {
  const path = lab.file('a.conf', instanceConfiguration({ priority: 100 }));
  const words = ['-n', '-l', '-D', '-G', '-P', '-f', path, '-p', join(lab.folder, 'a.pid')];
  const entry = join(PROBES, 'daemon-entry.mjs');
  return lab.start('a', ['env', ...environment, process.execPath, ...nodeFlags, entry, ...words]);
}

function without(lab: Lab, name: string): Running {
  const hook = join(PROBES, 'without-package.mjs');
  return startWith(lab, [`WITHOUT_PACKAGE=${name}`], ['--import', hook]);
}

describe.concurrent('interfaces', () => {
  test('one that comes after the start is used, where dynamic_interfaces allows it', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      lab.exec('a', ['ip', 'link', 'set', 'eth0', 'down']);
      lab.exec('a', ['ip', 'link', 'set', 'eth0', 'name', 'later']);
      const running = lab.startLantwin('a', dynamicConfiguration());
      await says(running, '(VI_1) entering FAULT state');
      lab.exec('a', ['ip', 'link', 'set', 'later', 'name', 'eth0']);
      lab.exec('a', ['ip', 'link', 'set', 'eth0', 'up']);
      await untilHolds(lab, running);
    });
  });

  test('one that vanishes is a fault, made anew it serves again', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const running = lab.startLantwin('a', dynamicConfiguration());
      await untilHolds(lab, running);
      lab.exec('a', ['ip', 'link', 'del', 'eth0']);
      await says(running, 'Entering FAULT STATE');
      await sleep(1500);
      const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', lab.namespaceOf('a')];
      lab.exec('sw', ['ip', 'link', 'add', 'to-a', ...peer]);
      lab.exec('sw', ['ip', 'link', 'set', 'to-a', 'master', 'br0', 'up']);
      lab.exec('a', ['ip', 'address', 'add', '10.77.0.1/24', 'dev', 'eth0']);
      lab.exec('a', ['ip', 'link', 'set', 'eth0', 'up']);
      await untilHolds(lab, running);
      running.signal('SIGTERM');
      expect(await running.ended, running.output()).toBe(0);
      expect(lab.holds('a', VIP)).toBe(false);
    });
  });

  test('one that is renamed is a fault, with its old name it serves again', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const running = lab.startLantwin('a', dynamicConfiguration());
      await untilHolds(lab, running);
      const rename = (from: string, to: string): void => {
        lab.exec('a', ['ip', 'link', 'set', from, 'down']);
        lab.exec('a', ['ip', 'link', 'set', from, 'name', to]);
        lab.exec('a', ['ip', 'link', 'set', to, 'up']);
      };
      rename('eth0', 'other0');
      await says(running, 'Entering FAULT STATE');
      await sleep(1000);
      rename('other0', 'eth0');
      await untilHolds(lab, running);
    });
  });

  test('an address that is there already is removed at start and set again by the master', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      lab.exec('a', ['ip', 'address', 'add', `${VIP}/24`, 'dev', 'eth0']);
      const running = lab.startLantwin('a', instanceConfiguration({ priority: 100 }));
      await says(running, '(VI_1) removing VIPs.');
      await until('it is gone', () => !lab.holds('a', VIP), { withinMs: 3000 });
      await says(running, '(VI_1) Entering BACKUP STATE (init)');
      await untilHolds(lab, running);
    });
  });
});

describe.concurrent('the machine lacks something', () => {
  test('raw-socket is not built: the other way is told and taken', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      lab.addHost('b', '10.77.0.2/24');
      const running = without(lab, 'raw-socket');
      await untilHolds(lab, running);
      expect(running.output()).toMatch(
        /raw-socket does not load here.*koffi.*npm rebuild raw-socket/,
      );
      const peer = lab.startKeepalived('b', instanceConfiguration({ priority: 50 }));
      await says(peer, 'Entering BACKUP STATE (init)');
      await sleep(5000);
      expect(peer.output(), 'it hears our adverts').not.toContain('Entering MASTER');
    });
  });

  test('koffi is not there: what to install is told, and nothing is begun', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const running = without(lab, 'koffi');
      expect(await running.ended).toBe(1);
      expect(running.output()).toContain('npm install koffi');
      expect(running.output()).not.toContain('    at ');
    });
  });

  test('ip fails: that is told, the daemon goes on and stops in order', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const folder = join(lab.folder, 'bin');
      mkdirSync(folder);
      writeFileSync(join(folder, 'ip'), '#!/bin/sh\necho "no way" >&2\nexit 1\n');
      chmodSync(join(folder, 'ip'), 0o755);
      const running = startWith(lab, [`PATH=${folder}:/usr/sbin:/usr/bin:/sbin:/bin`]);
      await until('it is master', () => running.output().includes('Entering MASTER STATE'), {
        withinMs: START_MS,
        explain: () => running.output(),
      });
      await says(running, /ip address add 10\.77\.0\.100\/24.*: no way/);
      running.signal('SIGTERM');
      expect(await running.ended, running.output()).toBe(0);
    });
  });
});

describe.concurrent('peers and clocks', () => {
  test('a peer with our own address is warned of, and changes nothing', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const pair = new VrrpPair();
    try {
      const { lab } = pair;
      // Linux drops what comes in with an own address as its source, unless told otherwise.
      lab.exec('ours', ['sysctl', '-qw', 'net.ipv4.conf.all.accept_local=1']);
      // Both become master before they see each other.
      lab.exec('sw', ['ip', 'link', 'set', 'to-theirs', 'nomaster']);
      const forged = '    mcast_src_ip 10.77.0.1';
      const theirs = lab.startKeepalived(
        'theirs',
        instanceConfiguration({ priority: 150, extra: forged }),
      );
      const ours = lab.startLantwin('ours', instanceConfiguration({ priority: 150 }));
      const both = (): boolean => pair.holds('ours') && pair.holds('theirs');
      await until('both are master', both, {
        withinMs: START_MS,
        explain: () => pair.explain([ours, theirs]),
      });
      // An advert that is refused restarts the hearer's own timer: whoever speaks first may silence the other for long.
      // A master that is stopped for a moment is the one that hears.
      ours.signal('SIGSTOP');
      lab.exec('sw', ['ip', 'link', 'set', 'to-theirs', 'master', 'br0']);
      await sleep(1500);
      ours.signal('SIGCONT');
      await says(ours, 'equal priority advert received from remote host with our IP address');
      await sleep(2000);
      expect(both(), pair.explain([ours, theirs])).toBe(true);
    } finally {
      await pair.close();
    }
  });

  test('stopped for ten seconds: the lost time is told, and the address taken back', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const pair = new VrrpPair();
    try {
      const ours = pair.lab.startLantwin('ours', instanceConfiguration({ priority: 150 }));
      const theirs = pair.lab.startKeepalived('theirs', instanceConfiguration({ priority: 100 }));
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours, theirs] });
      ours.signal('SIGSTOP');
      await sleep(10_000);
      expect(pair.holds('theirs'), pair.explain([ours, theirs])).toBe(true);
      ours.signal('SIGCONT');
      await says(ours, /A thread timer expired (9|10)\.\d+ seconds ago/);
      await says(ours, 'forcing new election');
      await says(theirs, /Master received advert from 10\.77\.0\.1 with higher priority/);
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours, theirs] });
    } finally {
      await pair.close();
    }
  });

  for (const driver of ['raw-socket', 'koffi'] as const) {
    test(`stopped for ten seconds as backup (${driver}): reads what came before its timer, and stays backup`, async (context) => {
      context.skip(MISSING !== undefined, MISSING);
      await inLab(async (lab) => {
        lab.addHost('a', '10.77.0.1/24');
        lab.addHost('b', '10.77.0.2/24');
        const theirs = lab.startKeepalived('b', instanceConfiguration({ priority: 150 }));
        await until('it holds the VIP', () => lab.holds('b', VIP), {
          withinMs: START_MS,
          explain: theirs.output,
        });
        const ours = driver === 'koffi' ? without(lab, 'raw-socket') : startWith(lab, []);
        await says(ours, 'Startup complete');
        await sleep(2000);
        ours.signal('SIGSTOP');
        await sleep(10_000);
        ours.signal('SIGCONT');
        // This line is the whole of what the real one says then, recorded side by side.
        await says(ours, /A thread timer expired \d+\.\d+ seconds ago/);
        await sleep(5000);
        expect(ours.output()).not.toContain('Entering MASTER STATE');
        expect(ours.output().match(/A thread timer expired/g)).toHaveLength(1);
        expect(theirs.output()).not.toContain('received advert');
      });
    });
  }

  test('a pid file that a crash left is replaced, with the line of keepalived', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      // The largest number of a process is 4194304: nobody has this one.
      const pidFile = lab.file('a.pid', '4194303\n');
      const running = lab.startLantwin('a', instanceConfiguration({ priority: 100 }));
      await says(running, `Remove a zombie pid file ${pidFile}`);
      await until('our own is there', () => readFileSync(pidFile, 'utf8') === `${running.pid}\n`, {
        withinMs: 5000,
        explain: () => running.output(),
      });
    });
  });
});
