/**
 * What this machine lacks for each thing that lantwin does on it, and how to mend it. Every finding names the other
 * way, where there is one. Looking changes nothing: no module is loaded, no interface made, no port opened for long.
 *
 * The questions are put to a `Machine`, so that tests can ask about machines that lack things.
 */

import { type Capability, grants } from './capabilities.ts';

/** What is asked of the machine. */
export interface Machine {
  /** `20.19.1`. */
  readonly nodeVersion: string;
  /** Loads a package; the first line of the failure, if any. */
  packageFailure(name: string): string | undefined;
  /** Runs a program; `undefined` when there is none. */
  run(program: string, words: readonly string[]): { code: number; text: string } | undefined;
  readFile(path: string): string | undefined;
  /** Whether the file is there, and open to reading and writing for this process. */
  access(path: string): 'open' | 'closed' | 'missing';
  /** Opens a raw socket for VRRP for a moment; the failure, if any. Only asked when koffi loads. */
  rawSocketFailure(): string | undefined;
  userExists(name: string): boolean;
}

/** One answer. */
export interface Finding {
  readonly area: Area;
  readonly what: string;
  /** `missing`: the area does not work; `worse`: it works another way, or with less. */
  readonly state: 'ok' | 'worse' | 'missing';
  readonly detail: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** What lantwin does, from what needs least. */
export const AREAS = {
  run: 'scenarios, checks and the browser view',
  daemon: 'daemon: in the place of keepalived',
  lvs: 'daemon: virtual servers',
  bridge: 'bridge: virtual ports on a real network',
  test: 'tests on a real network (npm test)',
} as const;

/** Key of an area. */
export type Area = keyof typeof AREAS;

type Answer = Omit<Finding, 'area'>;

const NODE_LEAST = [20, 19] as const;

/** Examines everything. */
export function examine(machine: Machine): readonly Finding[] {
  const areas: Readonly<Record<Area, readonly Answer[]>> = {
    run: [node(machine)],
    daemon: [
      koffi(machine),
      rawSocket(machine),
      capability(machine, 'CAP_NET_RAW', 'adverts and gratuitous ARP'),
      capability(machine, 'CAP_NET_ADMIN', 'addresses, routes, virtual MACs'),
      ...openedSocket(machine),
      program(machine, 'ip', ['-V'], 'iproute2', 'missing'),
      program(machine, 'nft', ['--version'], 'nftables', 'worse', 'no_accept and vrrp_strict'),
      program(
        machine,
        'logger',
        ['--version'],
        'bsdutils',
        'worse',
        'the system log (-g FILE logs)',
      ),
      scriptUser(machine),
      otherKeepalived(machine),
    ],
    lvs: [ipvsadm(machine), ipvs(machine)],
    bridge: [koffi(machine), tun(machine)],
    test: [
      namespaces(machine),
      ...(['keepalived', 'tcpdump', 'tshark', 'ping', 'curl', 'nginx', 'openssl'] as const).map(
        (name) => present(machine, name),
      ),
      guest(machine),
    ],
  };
  return Object.entries(areas).flatMap(([area, answers]) =>
    answers.map((answer) => ({ area: area as Area, ...answer })),
  );
}

/** Whether an area works, be it with less. */
export function works(findings: readonly Finding[], area: Area): boolean {
  return findings.every((one) => one.area !== area || one.state !== 'missing');
}

function node({ nodeVersion }: Machine): Answer {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const good = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1]);
  if (good) return { what: 'Node', state: 'ok', detail: nodeVersion };
  return {
    what: 'Node',
    state: 'missing',
    detail: `${nodeVersion} is too old`,
    mend: `install Node ${NODE_LEAST.join('.')} or a later one`,
  };
}

function koffi(machine: Machine): Answer {
  const failure = machine.packageFailure('koffi');
  if (failure === undefined) return { what: 'package koffi', state: 'ok', detail: 'loads' };
  return {
    what: 'package koffi',
    state: 'missing',
    detail: failure,
    mend: 'npm install koffi: it comes built for glibc and musl and needs no compiler',
  };
}

function rawSocket(machine: Machine): Answer {
  const failure = machine.packageFailure('raw-socket');
  if (failure === undefined) return { what: 'package raw-socket', state: 'ok', detail: 'loads' };
  return {
    what: 'package raw-socket',
    state: 'worse',
    detail: `${failure}; IPv4 adverts go through koffi instead`,
    mend: 'apt install python3 make g++ && npm rebuild raw-socket (npm may ask to allow its script)',
  };
}

function capability(machine: Machine, name: Capability, purpose: string): Answer {
  const status = machine.readFile('/proc/self/status') ?? '';
  if (grants(status, name)) return { what: name, state: 'ok', detail: `for ${purpose}` };
  return {
    what: name,
    state: 'missing',
    detail: `this process has not got it; it is for ${purpose}`,
    mend:
      'run the daemon as root, or from a unit with AmbientCapabilities (packaging/lantwin.service); ' +
      'do not give it to the node binary with setcap, every script would have it',
  };
}

/** What capabilities promise can still be forbidden: seccomp, containers, a kernel without raw sockets. */
function openedSocket(machine: Machine): readonly Answer[] {
  if (machine.packageFailure('koffi') !== undefined) return [];
  const failure = machine.rawSocketFailure();
  const what = 'a raw socket of protocol 112';
  if (failure === undefined) return [{ what, state: 'ok', detail: 'opens' }];
  return [
    {
      what,
      state: 'missing',
      detail: failure,
      mend: 'with CAP_NET_RAW at hand, look for a seccomp profile of the container or the unit',
    },
  ];
}

function program(
  machine: Machine,
  name: string,
  words: readonly string[],
  debian: string,
  without: 'worse' | 'missing',
  purpose?: string,
): Answer {
  const ran = machine.run(name, words);
  const firstLine = ran?.text.trim().split('\n')[0];
  if (ran?.code === 0) return { what: name, state: 'ok', detail: firstLine ?? '' };
  const detail = ran === undefined ? 'not installed' : `does not run: ${firstLine ?? ''}`;
  return {
    what: name,
    state: without,
    detail: purpose === undefined ? detail : `${detail}; without it: no ${purpose}`,
    mend: `apt install ${debian}`,
  };
}

function present(machine: Machine, name: string): Answer {
  const found = machine.run('sh', ['-c', `command -v ${name}`]);
  if (found?.code === 0) return { what: name, state: 'ok', detail: found.text.trim() };
  const debian = { nginx: 'nginx-light', ping: 'iputils-ping' }[name] ?? name;
  return {
    what: name,
    state: 'worse',
    detail: 'not installed; tests that need it are skipped by name',
    mend: `apt install ${debian}`,
  };
}

function scriptUser(machine: Machine): Answer {
  const what = 'user keepalived_script';
  if (machine.userExists('keepalived_script')) {
    return { what, state: 'ok', detail: 'scripts without script_user run as it' };
  }
  return {
    what,
    state: 'worse',
    detail: "there is none: scripts without script_user run as the daemon's own user",
    mend: 'useradd --system --no-create-home --shell /usr/sbin/nologin keepalived_script',
  };
}

function otherKeepalived(machine: Machine): Answer {
  const what = 'keepalived itself';
  const pid = machine.readFile('/run/keepalived.pid')?.trim();
  const name = pid === undefined ? undefined : machine.readFile(`/proc/${pid}/comm`)?.trim();
  if (name !== 'keepalived') return { what, state: 'ok', detail: 'does not run here' };
  return {
    what,
    state: 'worse',
    detail: `runs as process ${pid}; two daemons with one file fight over the same addresses`,
    mend: 'systemctl disable --now keepalived before the daemon takes its place',
  };
}

function ipvsadm(machine: Machine): Answer {
  // It answers nothing at all on a kernel without IPVS, so its version is no question.
  const found = present(machine, 'ipvsadm');
  if (found.state === 'ok') return found;
  return { ...found, state: 'missing', detail: 'not installed: virtual servers cannot be set' };
}

function ipvs(machine: Machine): Answer {
  const what = 'IPVS of the kernel';
  if (machine.readFile('/proc/net/ip_vs') !== undefined) {
    return { what, state: 'ok', detail: 'loaded' };
  }
  const release = machine.readFile('/proc/sys/kernel/osrelease')?.trim() ?? '';
  const list = machine.readFile(`/lib/modules/${release}/modules.dep`);
  if (list?.includes('/ip_vs.ko') === true) {
    return { what, state: 'worse', detail: 'a module, not loaded', mend: 'modprobe ip_vs' };
  }
  return {
    what,
    state: 'missing',
    detail: `kernel ${release} has no ip_vs module`,
    mend: 'run virtual servers on a host whose kernel has IPVS; the tests use user-mode-linux',
  };
}

function tun(machine: Machine): Answer {
  const what = '/dev/net/tun';
  const access = machine.access(what);
  if (access === 'open') return { what, state: 'ok', detail: 'readable and writable' };
  if (access === 'missing') {
    const mend = 'modprobe tun; or join over --vxlan, which needs no device and no privilege';
    return { what, state: 'missing', detail: 'there is none', mend };
  }
  return {
    what,
    state: 'missing',
    detail: 'not open to this user, although a TAP may be',
    mend:
      'chmod 0666 /dev/net/tun (what udev does on desktops; the device itself grants nothing), make the TAP with ' +
      '"ip tuntap add dev tap0 mode tap user NAME"; or join over --vxlan',
  };
}

function namespaces(machine: Machine): Answer {
  const what = 'network namespaces';
  const made = machine.run('unshare', ['--net', 'true']);
  if (made?.code === 0) return { what, state: 'ok', detail: 'can be made' };
  return {
    what,
    state: 'worse',
    detail: made?.text.trim().split('\n')[0] ?? 'unshare is not installed',
    mend: 'run the tests as root, in a container with --privileged; else they are skipped by name',
  };
}

function guest(machine: Machine): Answer {
  const found = present(machine, 'linux.uml');
  if (found.state === 'ok') return { ...found, what: 'user-mode-linux' };
  return { ...found, what: 'user-mode-linux', mend: 'apt install user-mode-linux' };
}
