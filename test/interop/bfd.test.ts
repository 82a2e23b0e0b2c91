/**
 * BFD sessions between our daemon and real keepalived 2.2.7. Order and generous bounds only; exact times
 * are the business of `test/daemon/bfd`. A session comes up within two idle intervals, 2 s, and a poll.
 */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Lab, type Running, says, until } from './lab.ts';
import { REPOSITORY, whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived');

const UP_MS = 15_000;

type Family = 'inet' | 'inet6';

const ADDRESSES = {
  inet: { ours: '10.77.0.1', theirs: '10.77.0.2' },
  inet6: { ours: 'fd77::1', theirs: 'fd77::2' },
} as const;

/** One session with 50 ms, five packets; FAULT without it. */
function configuration(host: 'ours' | 'theirs', family: Family, lines = ''): string {
  const { [host]: own, [host === 'ours' ? 'theirs' : 'ours']: peer } = ADDRESSES[family];
  return `bfd_instance peer {
    neighbor_ip ${peer}
    source_ip ${own}
    min_rx 50
    min_tx 50
    ${lines}
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${host === 'ours' ? 150 : 100}
    virtual_ipaddress {
        10.77.0.100/24
    }
    track_bfd {
        peer
    }
}
`;
}

/** Both daemons, each with all of its parts: `-P` of the other labs would leave BFD out. */
async function inLab(
  family: Family,
  lines: string,
  body: (lab: Lab, ours: Running, theirs: Running) => Promise<void>,
): Promise<void> {
  const lab = new Lab();
  try {
    lab.addHost('ours', '10.77.0.1/24', 'fd77::1/64');
    lab.addHost('theirs', '10.77.0.2/24', 'fd77::2/64');
    const words = (host: 'ours' | 'theirs', more = ''): string[] => {
      const path = lab.file(`${host}.conf`, configuration(host, family, more));
      const pid = join(lab.folder, `${host}.pid`);
      const pids = ['-p', pid, '-r', `${pid}.vrrp`, '-b', `${pid}.bfd`];
      return ['-n', '-l', '-D', '-G', '-f', path, ...pids];
    };
    const entry = join(REPOSITORY, 'test', 'interop', 'probes', 'daemon-entry.mjs');
    const ours = lab.start('ours', [process.execPath, entry, ...words('ours')]);
    const theirs = lab.start('theirs', ['keepalived', ...words('theirs', lines)]);
    await body(lab, ours, theirs);
  } finally {
    await lab.close();
  }
}

const times = (running: Running, what: string): number => running.output().split(what).length - 1;

async function bothUp(count: number, ours: Running, theirs: Running): Promise<void> {
  const up = (one: Running): boolean => times(one, '(peer) Entering Up state') === count;
  await until(`both sessions are up ${count} times`, () => up(ours) && up(theirs), {
    withinMs: UP_MS,
    explain: () => `${ours.output()}\n--\n${theirs.output()}`,
  });
}

describe.concurrent('BFD beside real keepalived', () => {
  for (const family of ['inet', 'inet6'] as const) {
    test(`${family}: up, silently dead, up again, and gone with the daemon`, async (context) => {
      context.skip(MISSING !== undefined, MISSING);
      await inLab(family, '', async (lab, ours, theirs) => {
        await bothUp(1, ours, theirs);
        await until('ours is master', () => lab.holds('ours', '10.77.0.100'), { withinMs: UP_MS });

        // The port leaves the bridge: nothing gets through, and both carriers stay.
        lab.exec('sw', ['ip', 'link', 'set', 'to-ours', 'nomaster']);
        await says(ours, /\(peer\) Expired after \d+ ms/);
        await says(theirs, /\(peer\) Expired after \d+ ms/);
        await says(ours, 'Tracked BFD instance peer is DOWN');
        await until('ours gives up', () => !lab.holds('ours', '10.77.0.100'), { withinMs: 5000 });

        lab.exec('sw', ['ip', 'link', 'set', 'to-ours', 'master', 'br0']);
        await bothUp(2, ours, theirs);
        ours.signal('SIGTERM');
        await until('theirs is down twice', () => times(theirs, 'Entering Down state') === 2, {
          withinMs: 5000,
        });
      });
    });

    test(`${family}: packets that came from afar do not count`, async (context) => {
      context.skip(MISSING !== undefined, MISSING);
      await inLab(family, family === 'inet' ? 'ttl 64' : 'hoplimit 60', async (_lab, ours) => {
        const least = family === 'inet' ? 'Packet ttl(64) < 255' : 'Packet hop_limit(60) < 64';
        await says(ours, `${least} - discarding`);
        expect(times(ours, 'Entering Up state')).toBe(0);
      });
    });
  }

  test('a port that is taken ends the whole daemon, as it ends keepalived', async (context) => {
    const missing = MISSING ?? whyNot('socat');
    context.skip(missing !== undefined, missing);
    const lab = new Lab();
    try {
      const ends = (['ours', 'theirs'] as const).map(async (host) => {
        lab.addHost(host, `${ADDRESSES.inet[host]}/24`);
        lab.start(host, ['socat', '-u', 'UDP-RECV:3784', '-']);
        const isTaken = (): boolean => lab.exec(host, ['ss', '-Hlun']).includes(':3784');
        await until('the port is taken', isTaken, { withinMs: UP_MS });
        const path = lab.file(`${host}.conf`, configuration(host, 'inet'));
        const pid = join(lab.folder, `${host}.pid`);
        const flags = ['-n', '-l', '-G', '-f', path, '-p', pid, '-r', `${pid}.r`, '-b', `${pid}.b`];
        const entry = join(REPOSITORY, 'test', 'interop', 'probes', 'daemon-entry.mjs');
        const program = host === 'ours' ? [process.execPath, entry] : ['keepalived'];
        const running = lab.start(host, [...program, ...flags]);
        const code = await running.ended;
        expect(running.output()).toContain('Unable to open listening socket');
        expect(running.output()).toMatch(/pid \d+ exited with permanent error FATAL\. Terminating/);
        return code;
      });
      expect(await Promise.all(ends)).toEqual([1, 1]);
    } finally {
      await lab.close();
    }
  });
});
