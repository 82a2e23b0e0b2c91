/**
 * What the daemon can read of its virtual machine: the getters of `System` over kernel, files and
 * processes. Views are live objects over the kernel's, so that reading costs nothing.
 */

import { expandPattern } from '../../daemon/base/file-pattern.ts';
import type { TimeUs } from '../../daemon/base/time.ts';
import type {
  InterfaceAddress,
  InterfaceFacts,
  ProcessFacts,
  System,
} from '../../daemon/core/system.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import { decodeUtf8 } from '../../daemon/wire/text.ts';
import type { Link } from '../kernel/kernel-api.ts';
import { cleanPath } from './disk.ts';
import type { Machine } from './machine.ts';

/** Folders that hold only what is installed; elsewhere a scenario's scripts are taken to exist. */
export const SYSTEM_FOLDERS = [
  '/bin',
  '/sbin',
  '/usr/bin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
];
const INSTALLED_FOLDERS = ['/bin', '/sbin', '/usr/bin', '/usr/sbin'];
/** The PATH of a unit. Source: systemd.exec(5), as Debian compiles it. */
const SYSTEMD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Users of a fresh Debian; `keepalived_script` is not among them, as on most machines. */
const USERS = ['root', 'daemon', 'bin', 'sys', 'nobody', 'www-data'];
/** Groups of a fresh Debian; a user that a scenario adds has one of its own. */
const GROUPS = ['root', 'daemon', 'bin', 'sys', 'nogroup', 'www-data', 'adm', 'sudo', 'users'];

/** The read side of the daemon's machine. */
export class DaemonFacts implements System {
  readonly #machine: Machine;
  readonly #knowsCommand: (name: string) => boolean;
  readonly #interfaces = new Map<Link, InterfaceFacts>();
  readonly #byName = new Map<string, InterfaceFacts>();

  constructor(machine: Machine, knowsCommand: (name: string) => boolean) {
    this.#machine = machine;
    this.#knowsCommand = knowsCommand;
  }

  hostname(): string {
    return this.#machine.name;
  }

  ipvsTimeouts(): readonly [number, number, number] {
    const { tcp, tcpFin, udp } = this.#machine.kernel.ipvs.timeouts();
    return [tcp, tcpFin, udp];
  }

  interfaces(): readonly InterfaceFacts[] {
    return this.#machine.kernel.links().map((link) => this.#factsOf(link));
  }

  interfaceNamed(name: string): InterfaceFacts | undefined {
    const link = this.#machine.kernel.link(name);
    return link === undefined ? undefined : this.#factsOf(link);
  }

  readFile(path: string): Uint8Array | undefined {
    return this.#machine.readFile(path);
  }

  expandPattern(pattern: string): readonly string[] {
    return expandPattern(this.#machine.disk.paths(), pattern);
  }

  isExecutable(path: string): boolean {
    const clean = cleanPath(path, '/');
    const folder = clean.slice(0, clean.lastIndexOf('/'));
    const name = clean.slice(clean.lastIndexOf('/') + 1);
    if (this.#machine.scriptAnswers.has(path) || this.#machine.scriptAnswers.has(name)) return true;
    if (this.#machine.disk.isDirectory(clean)) return false;
    if (this.#machine.disk.read(clean) !== undefined) return true;
    if (!SYSTEM_FOLDERS.includes(folder)) return name !== '';
    return INSTALLED_FOLDERS.includes(folder) && this.#knowsCommand(name);
  }

  hasUser(name: string): boolean {
    return USERS.includes(name) || this.#isListed('/etc/passwd', name);
  }

  hasGroup(name: string): boolean {
    const lists = ['/etc/group', '/etc/passwd'];
    return GROUPS.includes(name) || lists.some((list) => this.#isListed(list, name));
  }

  /** Whether one of the two lists of names that a scenario may give has it. */
  #isListed(path: string, name: string): boolean {
    const bytes = this.#machine.readFile(path);
    const lines = bytes === undefined ? [] : decodeUtf8(bytes).split('\n');
    return lines.some((line) => line.startsWith(`${name}:`));
  }

  processes(): readonly ProcessFacts[] {
    return this.#machine.processes.rows();
  }

  sysctl(name: string): string | undefined {
    return this.#machine.kernel.sysctl(name);
  }

  /** What systemd sets, and what the unit's EnvironmentFile gives; nothing else is set on a virtual host. */
  environment(name: string): string | undefined {
    const file = this.#machine.readFile('/etc/default/keepalived');
    const lines = file === undefined ? [] : decodeUtf8(file).split('\n');
    const line = lines.findLast((one) => one.startsWith(`${name}=`));
    const given = line?.slice(name.length + 1).replace(/^(["'])(.*)\1$/, '$2');
    return given ?? (name === 'PATH' ? SYSTEMD_PATH : undefined);
  }

  uptimeUs(now: TimeUs): number {
    return this.#machine.uptimeUs() + (now - this.#machine.now());
  }

  /** `now` is machine time, as everywhere in the daemon. */
  wallClockUs(now: TimeUs): number {
    return this.#machine.wallClockUs() + (now - this.#machine.now());
  }

  #factsOf(link: Link): InterfaceFacts {
    const known = this.#byName.get(link.name);
    if (known !== undefined && this.#interfaces.get(link) === known) return known;
    const facts = new LinkFacts(link);
    this.#interfaces.set(link, facts);
    this.#byName.set(link.name, facts);
    return facts;
  }
}

/** One link in netlink's words, live. */
class LinkFacts implements InterfaceFacts {
  readonly #link: Link;
  readonly name: string;
  readonly index: number;
  readonly loopback: boolean;
  readonly multicast: boolean;
  readonly kind: InterfaceFacts['kind'];
  readonly base?: string;

  constructor(link: Link) {
    this.#link = link;
    this.name = link.name;
    this.index = link.index;
    this.loopback = link.kind === 'loopback';
    this.multicast = !['loopback', 'tunnel', 'dummy'].includes(link.kind);
    this.kind =
      link.kind === 'tunnel' || link.kind === 'dummy' || link.kind === 'ethernet'
        ? 'physical'
        : link.kind;
    if (link.base !== undefined) this.base = link.base;
  }

  get mac(): MacAddress {
    return this.#link.mac;
  }

  get mtu(): number {
    return this.#link.mtu;
  }

  get up(): boolean {
    return this.#link.up;
  }

  get running(): boolean {
    return this.#link.up && this.#link.carrier;
  }

  get addresses(): readonly InterfaceAddress[] {
    return this.#link.addresses;
  }
}
