/**
 * The same file for the real keepalived 2.2.7 and for ours, each alone on a LAN of its own: what both make of the host (addresses,
 * routes, rules, virtual MACs), whom they tell (scripts, FIFO) and what they log, as master, after a reload with other
 * lists, and after the stop, must be the same.
 */

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Lab, type Running, until } from './lab.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived', 'nft');
const ENTRY = join(REPOSITORY, 'test', 'interop', 'probes', 'daemon-entry.mjs');
const LONG_MS = 60_000;

type Kind = 'ours' | 'theirs';

/** Everything at once; `fresh` is what a reload brings instead of `old`. */
function configuration(folder: string, moment: 'old' | 'fresh'): string {
  const tell = (name: string): string => `"${join(folder, 'tell')} ${name}"`;
  const fresh = moment === 'fresh';
  return `global_defs {
    enable_script_security
    script_user root
    vrrp_notify_fifo ${join(folder, 'fifo')}
}
static_ipaddress {
    10.90.0.1/24 dev eth0
    ${fresh ? '' : '10.89.0.1/24 dev eth0'}
}
static_routes {
    10.91.0.0/24 via 10.77.0.2 dev eth0
    ${fresh ? '' : '10.88.0.0/24 via 10.77.0.2 dev eth0'}
}
static_rules {
    from 10.91.0.0/24 table 97
    ${fresh ? '' : 'from 10.88.0.0/24 to 10.87.0.0/24 table 96'}
}
vrrp_sync_group G {
    group {
        VI_1
        VI_2
    }
    notify ${tell('group')}
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${fresh ? 110 : 100}
    advert_int 1
    nopreempt
    notify ${tell('all')}
    notify_master ${tell('master')}
    notify_backup ${tell('backup')}
    notify_stop ${tell('stop')}
    virtual_ipaddress {
        10.77.0.100/24 label eth0:1
        ${fresh ? '10.77.0.102/32 dev eth0' : '10.77.0.101/32 dev eth0 scope link'}
    }
    virtual_ipaddress_excluded {
        10.78.0.1/24
        fd77::${fresh ? 2 : 1}/64
    }
    virtual_routes {
        ${fresh ? '10.96.0.0/24' : '10.92.0.0/24'} via 10.77.0.2 dev eth0 metric 7
        10.93.0.0/24 via 10.77.0.2 dev eth0 table 99
        blackhole 10.94.0.0/24
    }
    virtual_rules {
        from 10.92.0.0/24 table 99 priority 1000
        to ${fresh ? '10.97.0.0/24' : '10.95.0.0/24'} table 98 priority 1001
    }
}
vrrp_instance VI_2 {
    state BACKUP
    interface eth0
    virtual_router_id 52
    priority 100
    advert_int 1
    virtual_ipaddress {
        fe80::52/64
        fd78::52/64
    }
}
vrrp_instance VI_3 {
    state BACKUP
    interface eth0
    virtual_router_id 53
    priority 100
    advert_int 1
    version 3
    use_vmac
    notify ${tell('vmac')}
    virtual_ipaddress {
        10.79.0.53/24
    }
}
`;
}

/** What a host looks like, without what differs from host to host. */
function hostState(lab: Lab): string {
  const ip = (...words: readonly string[]): string => lab.exec('r', ['ip', ...words]);
  const text = [
    ip('-o', 'address', 'show'),
    ip('route', 'show', 'table', 'all'),
    ip('-6', 'route', 'show', 'table', 'main'),
    ip('rule'),
    ip('-o', '-br', 'link', 'show', 'type', 'macvlan'),
  ].join('');
  const lines = text
    .replace(/valid_lft.*/g, '')
    .replace(/\\\s*/g, '')
    .replace(/^\d+: /gm, (match) => (Number.parseInt(match, 10) < 1000 ? '' : match))
    .split('\n')
    // The kernel draws the link-local address of eth0, and puts it and the multicast routes where it likes.
    .filter(
      (line) => !/fe80::\/64|fe80::[0-9a-f:]*(ff:fe|\/128)|ff00::|^local fe80|anycast/.test(line),
    );
  return lines
    .map((line) => line.trimEnd())
    .sort()
    .join('\n');
}

/** Lines that tell of the process rather than of what it does; our one process begins and ends otherwise. */
const OF_THE_PROCESS =
  /Running on|Command line|^ +'|Starting \w+ child|Stopped - used|CPU usage|sockpool|doesn't have i\/f index|fe80::|^Startup complete|^Opening file|^Configuration file/;

function logLines(running: Running): readonly string[] {
  return running
    .output()
    .split('\n')
    .map((line) => line.replace(/^\w+ \w+ [ \d]\d [\d:]+ \d+: /, ''))
    .filter((line) => line !== '' && !OF_THE_PROCESS.test(line))
    .sort();
}

interface Life {
  readonly states: readonly string[];
  readonly told: readonly string[];
  readonly fifo: readonly string[];
  readonly log: readonly string[];
  readonly code: number | string;
}

/** One whole life: master of everything, reload, stop. */
async function live(lab: Lab, kind: Kind): Promise<Life> {
  lab.addHost('r', '10.77.0.1/24');
  // Both start with a link-local address that has passed duplicate address detection.
  const settled = ['ip', '-6', 'address', 'show', 'dev', 'eth0', 'scope', 'link', '-tentative'];
  const isSettled = () => lab.exec('r', settled).includes('fe80');
  await until('eth0 has an IPv6 address', isSettled, { withinMs: 20_000 });
  const told = join(lab.folder, 'told');
  const fifo = join(lab.folder, 'fifo');
  lab.file('tell', `#!/bin/sh\necho "$# $*" >>${told}\n`);
  chmodSync(join(lab.folder, 'tell'), 0o755);
  const path = lab.file('r.conf', configuration(lab.folder, 'old'));
  const pid = join(lab.folder, 'pid');
  const flags = ['-n', '-l', '-D', '-G', '-f', path, '-p', pid, '-r', `${pid}.v`, '-c', `${pid}.c`];
  const program = kind === 'ours' ? [process.execPath, ENTRY] : ['keepalived'];
  const running = lab.start('r', [...program, ...flags]);
  const explain = (): string => `${kind}\n${running.output()}`;
  const wait = { withinMs: LONG_MS, explain };
  await until('the FIFO is there', () => existsSync(fifo), wait);
  // keepalived closes it for a reload, and makes it anew; whoever opens the old one just then waits for a writer for ever.
  const reading = `until [ -e ${fifo}.end ]; do timeout 1 cat ${fifo}; done`;
  const reader = lab.start('r', ['sh', '-c', reading]);

  const countOf = (what: string): number => running.output().split(what).length - 1;
  const isMaster = (): boolean =>
    ['VI_1', 'VI_2', 'VI_3'].every((name) =>
      running.output().includes(`(${name}) Entering MASTER`),
    );
  await until('it is master of all', isMaster, wait);
  // The second burst ends what a new master does.
  const lastBurst = 'Sending/queueing gratuitous ARPs on vrrp.53 for 10.79.0.53';
  await until('the second burst', () => countOf(lastBurst) === 2, wait);
  const isTold = (line: string) => (): boolean =>
    existsSync(told) && readFileSync(told, 'utf8').includes(line);
  await until('the script has run', isTold('5 vmac INSTANCE VI_3 MASTER 100'), wait);
  const states = [hostState(lab)];

  writeFileSync(path, configuration(lab.folder, 'fresh'));
  running.signal('SIGHUP');
  await until('the new list is there', () => lab.holds('r', '10.77.0.102'), wait);
  await until('the old one is gone', () => !lab.holds('r', '10.77.0.101'), wait);
  const has = (...words: readonly string[]) => lab.exec('r', ['ip', ...words]);
  await until(
    'routes and rules have followed',
    () => {
      const routes = has('route');
      const rules = has('rule');
      return routes.includes('10.96.0.0/24') && rules.includes('10.97.0.0/24');
    },
    wait,
  );
  states.push(hostState(lab));

  running.signal('SIGTERM');
  const code = await running.ended;
  states.push(hostState(lab));
  await until('the stop is told', isTold('5 all INSTANCE VI_1 STOP'), wait);
  lab.file('fifo.end', '');
  await reader.ended;
  return {
    states,
    // Scripts run at the same time: which of them writes first is chance.
    told: readFileSync(told, 'utf8').trim().split('\n').sort(),
    fifo: reader.output().match(/^(INSTANCE|GROUP) .*$/gm) ?? [],
    log: logLines(running).map((line) => line.replaceAll(lab.folder, 'FOLDER')),
    code,
  };
}

async function lifeOf(kind: Kind): Promise<Life> {
  let life: Life | undefined;
  await inLab(async (lab) => {
    life = await live(lab, kind);
  });
  if (life === undefined) throw new Error(`no life of ${kind}`);
  return life;
}

describe('side by side with keepalived', () => {
  test('one file, two daemons, the same host', { timeout: 300_000 }, async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const [ours, theirs] = await Promise.all([lifeOf('ours'), lifeOf('theirs')]);
    const moments = ['as master', 'after the reload', 'after the stop'];
    for (const [index, moment] of moments.entries()) {
      expect(ours.states[index], moment).toBe(theirs.states[index]);
    }
    expect(theirs.states[0], 'the comparison sees something').toContain('proto keepalived');
    expect(ours.told.join('\n'), 'scripts').toBe(theirs.told.join('\n'));
    expect(ours.fifo.join('\n'), 'FIFO').toBe(theirs.fifo.join('\n'));
    expect(ours.code).toBe(theirs.code);
    expect(ours.log.join('\n'), 'log').toBe(theirs.log.join('\n'));
  });
});
