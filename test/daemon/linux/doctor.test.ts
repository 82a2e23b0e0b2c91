import { describe, expect, test } from 'vitest';
import { examine, type Finding, type Machine, works } from '../../../daemon/linux/doctor.ts';

/** A machine that lacks nothing. */
const WELL: Machine = {
  nodeVersion: '20.19.1',
  packageFailure: () => undefined,
  run: (_program, words) => ({ code: 0, text: words.join(' ') }),
  readFile(path) {
    if (path === '/proc/self/status') return 'Name:\tnode\nCapEff:\t000001ffffffffff\n';
    if (path === '/proc/net/ip_vs') return 'IP Virtual Server version 1.2.1\n';
    return undefined;
  },
  access: () => 'open',
  rawSocketFailure: () => undefined,
  userExists: () => true,
};

function find(machine: Machine, area: string, what: string): Finding | undefined {
  return examine(machine).find((one) => one.area === area && one.what.includes(what));
}

describe('doctor', () => {
  test('finds nothing on a machine that lacks nothing', () => {
    for (const finding of examine(WELL)) expect(finding.state, finding.what).toBe('ok');
  });

  test('raw-socket that is not built is no obstacle, and the way to it is told', () => {
    const machine: Machine = {
      ...WELL,
      packageFailure: (name) =>
        name === 'raw-socket' ? "Cannot find module 'raw.node'" : undefined,
    };
    const finding = find(machine, 'daemon', 'raw-socket');
    expect(finding?.state).toBe('worse');
    expect(finding?.detail).toContain('koffi');
    expect(finding?.mend).toContain('npm rebuild raw-socket');
    expect(works(examine(machine), 'daemon')).toBe(true);
  });

  test.each([
    {
      name: 'koffi',
      lacks: {
        packageFailure: (name: string) => (name === 'koffi' ? 'no such package' : undefined),
      },
      area: 'daemon',
      what: 'koffi',
      mend: 'npm install koffi',
    },
    {
      name: 'privilege',
      lacks: { readFile: () => 'CapEff:\t0000000000000000\n' },
      area: 'daemon',
      what: 'CAP_NET_RAW',
      mend: 'AmbientCapabilities',
    },
    {
      name: 'iproute2',
      lacks: { run: (program: string) => (program === 'ip' ? undefined : { code: 0, text: '' }) },
      area: 'daemon',
      what: 'ip',
      mend: 'apt install iproute2',
    },
    {
      name: 'a raw socket that a profile forbids',
      lacks: { rawSocketFailure: () => 'socket: Operation not permitted' },
      area: 'daemon',
      what: 'protocol 112',
      mend: 'seccomp',
    },
    {
      name: 'IPVS',
      lacks: { readFile: () => undefined },
      area: 'lvs',
      what: 'IPVS',
      mend: 'user-mode-linux',
    },
    {
      name: 'a tun device that is not open to the user',
      lacks: { access: () => 'closed' as const },
      area: 'bridge',
      what: '/dev/net/tun',
      mend: 'chmod 0666 /dev/net/tun',
    },
    {
      name: 'a new enough node',
      lacks: { nodeVersion: '18.20.0' },
      area: 'run',
      what: 'Node',
      mend: '20.19',
    },
  ])('without $name the area does not work, and the mend is named', ({ lacks, ...expected }) => {
    const machine: Machine = { ...WELL, ...lacks };
    const finding = find(machine, expected.area, expected.what);
    expect(finding).toMatchObject({ state: 'missing' });
    expect(finding?.mend).toContain(expected.mend);
    expect(works(examine(machine), finding?.area ?? 'run')).toBe(false);
  });

  test('a module that is there but not loaded is named with modprobe', () => {
    const machine: Machine = {
      ...WELL,
      readFile(path) {
        if (path === '/proc/sys/kernel/osrelease') return '6.1.0\n';
        if (path === '/lib/modules/6.1.0/modules.dep')
          return 'kernel/net/netfilter/ipvs/ip_vs.ko: \n';
        return path === '/proc/net/ip_vs' ? undefined : WELL.readFile(path);
      },
    };
    expect(find(machine, 'lvs', 'IPVS')).toMatchObject({ state: 'worse', mend: 'modprobe ip_vs' });
  });

  test('a keepalived that runs here is told', () => {
    const machine: Machine = {
      ...WELL,
      readFile(path) {
        if (path === '/run/keepalived.pid') return '77\n';
        return path === '/proc/77/comm' ? 'keepalived\n' : WELL.readFile(path);
      },
    };
    expect(find(machine, 'daemon', 'keepalived itself')?.detail).toContain('process 77');
  });
});
