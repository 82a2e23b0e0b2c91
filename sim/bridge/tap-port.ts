/**
 * A TAP interface of this host as a port: created, or attached to when somebody made it for us. It lives as long as
 * its descriptor, so after any death of the process the kernel takes it away, with all its addresses.
 * Read Documentation/networking/tuntap.rst of Linux.
 */

import { LINUX, SystemCallError } from '../../daemon/linux/native/libc.ts';
import { formatMac, type MacAddress, readMac, writeMac } from '../../daemon/wire/mac-address.ts';
import { portId } from '../lan/port.ts';
import { BridgeError, reasonOf } from './bridge-error.ts';
import { DescriptorPort } from './descriptor-port.ts';
import {
  closeCloneDevice,
  ERRNO,
  interfaceNameProblem,
  interfaceRequest,
  LINK,
  type LinkCalls,
  openCloneDevice,
  readInterface,
  requestValue,
} from './link-calls.ts';

/** Where TAPs come from. */
const CLONE_DEVICE = '/dev/net/tun';

/** What a TAP is to be. */
export interface TapOptions {
  /** `tap0`; created when it is not there. */
  readonly name: string;
  /** Of the host's end; the kernel draws one otherwise. */
  readonly mac?: MacAddress;
  readonly mtu?: number;
}

/** Opens a TAP and sets it up. Fails: `BridgeError` for a missing privilege, a busy or unfit interface. */
export function openTap(calls: LinkCalls, options: TapOptions): DescriptorPort {
  const { name } = options;
  const problem = interfaceNameProblem(name);
  if (problem !== undefined) throw new BridgeError(problem);
  const descriptor = openDevice(name);
  const socket = calls.libc.socket(LINUX.AF_INET, LINUX.SOCK_DGRAM, 0);
  try {
    join(calls, descriptor, name);
    configure(calls, socket, options);
    const facts = readInterface(calls, socket, name);
    return new DescriptorPort({
      calls,
      kind: 'tap',
      id: portId(name, name),
      label: name,
      mac: readMac(facts.mac, 0),
      mtu: facts.mtu,
      carrier: facts.up,
      descriptor,
      outDescriptor: descriptor,
      isPacketSocket: false,
      isAlive: () => isTapAlive(calls, descriptor),
      onEnabled: (enabled) => setTapCarrier(calls, descriptor, enabled),
    });
  } catch (error) {
    closeCloneDevice(descriptor);
    throw error;
  } finally {
    calls.close(socket);
  }
}

function openDevice(name: string): number {
  try {
    return openCloneDevice(CLONE_DEVICE);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const hints = new Map([
      ['ENOENT', 'load the module: modprobe tun'],
      ['ENODEV', 'load the module: modprobe tun'],
      ['EACCES', `give your user access to ${CLONE_DEVICE}, or run as root`],
      ['EPERM', 'in a container, hand the device in: --device /dev/net/tun'],
    ]);
    const hint = hints.get(code) ?? reasonOf(cause);
    throw new BridgeError(
      `cannot open ${CLONE_DEVICE} for ${name}: ${hint} (or join with --vxlan, which needs no TAP)`,
      { cause },
    );
  }
}

function join(calls: LinkCalls, descriptor: number, name: string): void {
  const request = interfaceRequest(name);
  requestValue(request).setUint16(0, LINK.IFF_TAP | LINK.IFF_NO_PI, true);
  try {
    calls.interfaceRequest(descriptor, LINK.TUNSETIFF, request);
  } catch (cause) {
    throw new BridgeError(joinProblem(name, cause), { cause });
  }
}

function joinProblem(name: string, cause: unknown): string {
  switch (cause instanceof SystemCallError ? cause.errno : 0) {
    case ERRNO.EPERM:
      return (
        `no privilege to create ${name}: run as root or with CAP_NET_ADMIN, or let root make it once for you: ` +
        `ip tuntap add ${name} mode tap user "$USER" (--vxlan needs no privilege at all)`
      );
    case ERRNO.EBUSY:
      return `${name} is in use: another program holds this TAP; choose another name, or end that program`;
    case ERRNO.EINVAL:
      return `${name} exists and is no TAP; choose another name, or join it with --packet`;
    default:
      return `cannot create ${name}: ${reasonOf(cause)}`;
  }
}

/** MAC, MTU, up; without the privilege an interface that is as wanted already will do. */
function configure(calls: LinkCalls, socket: number, options: TapOptions): void {
  const { name, mac, mtu } = options;
  const before = readInterface(calls, socket, name);
  const isWanted =
    (mac === undefined || readMac(before.mac, 0) === mac) &&
    (mtu === undefined || before.mtu === mtu);
  try {
    if (mac !== undefined) setMac(calls, socket, name, mac);
    if (mtu !== undefined) {
      const request = interfaceRequest(name);
      requestValue(request).setInt32(0, mtu, true);
      calls.interfaceRequest(socket, LINK.SIOCSIFMTU, request);
    }
    setUp(calls, socket, name);
  } catch (cause) {
    const errno = cause instanceof SystemCallError ? cause.errno : 0;
    if (errno === ERRNO.EPERM && before.up && isWanted) return;
    if (errno === ERRNO.EPERM) {
      throw new BridgeError(
        `no privilege to set up ${name}: ip link set ${name} up as root first`,
        {
          cause,
        },
      );
    }
    const what = `${mac === undefined ? '' : ` MAC ${formatMac(mac)}`}${mtu === undefined ? '' : ` MTU ${mtu}`}`;
    throw new BridgeError(`cannot set up ${name}${what}: ${reasonOf(cause)}`, { cause });
  }
}

function setMac(calls: LinkCalls, socket: number, name: string, mac: MacAddress): void {
  const request = interfaceRequest(name);
  requestValue(request).setUint16(0, LINK.ARPHRD_ETHER, true);
  writeMac(mac, request, 18);
  calls.interfaceRequest(socket, LINK.SIOCSIFHWADDR, request);
}

function setUp(calls: LinkCalls, socket: number, name: string): void {
  const request = interfaceRequest(name);
  calls.interfaceRequest(socket, LINK.SIOCGIFFLAGS, request);
  const flags = requestValue(request).getUint16(0, true);
  requestValue(request).setUint16(0, flags | LINK.IFF_UP, true);
  calls.interfaceRequest(socket, LINK.SIOCSIFFLAGS, request);
}

/** A TAP whose interface was deleted has a descriptor that answers nothing any more. */
function isTapAlive(calls: LinkCalls, descriptor: number): boolean {
  try {
    calls.interfaceRequest(descriptor, LINK.TUNGETIFF, interfaceRequest(''));
    return true;
  } catch {
    return false;
  }
}

/** The host sees NO-CARRIER when the twin's cable is pulled. Kernels before 5.0 cannot; then it stays. */
function setTapCarrier(calls: LinkCalls, descriptor: number, up: boolean): void {
  try {
    calls.intRequest(descriptor, LINK.TUNSETCARRIER, up ? 1 : 0);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
  }
}
