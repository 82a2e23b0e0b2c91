/**
 * The pool of raw sockets: one per interface, family, protocol and way of addressing, shared by
 * instances.
 *
 * Opening one joins the group (IGMP, MLD); closing leaves it.
 */

import { formatIp } from '../wire/ip-address.ts';
import { receiveInterface } from './receive.ts';
import type { AddressView } from './vrrp-actions.ts';
import {
  type Instance,
  isUnicast,
  logDetail,
  takeId,
  type VrrpMachine,
  type VrrpSocket,
} from './vrrp-machine.ts';

type WantedSocket = Omit<VrrpSocket, 'id' | 'waiting' | 'bound'>;

/** keepalived has used this many descriptors before it opens the first socket. */
const DESCRIPTORS_USED = 13;

/** Opens what is missing for the instances, and closes what none needs any more. */
export function openSockets(machine: VrrpMachine): void {
  const before = machine.sockets;
  machine.sockets = [];
  for (const instance of machine.instances) {
    const wanted = wantedSocket(machine, instance);
    const existing =
      machine.sockets.find((s) => isSame(s, wanted)) ?? before.find((s) => isSame(s, wanted));
    const socket = existing ?? { ...wanted, id: takeId(machine), waiting: false, bound: false };
    if (!machine.sockets.includes(socket)) {
      machine.sockets.push(socket);
      bind(machine, socket);
    }
    instance.socketId = socket.id;
  }
  for (const socket of before) {
    if (!machine.sockets.includes(socket)) close(machine, socket);
  }
  numberSockets(machine);
}

/** In the order of the pool, as keepalived opens them all. */
function numberSockets(machine: VrrpMachine): void {
  let next = 0;
  for (const socket of machine.sockets) {
    if (socket.bound && !socket.waiting) socket.order = next++;
    else delete socket.order;
  }
}

/** A socket that was bound and can be stays; keepalived opens all anew, which nobody sees. */
function bind(machine: VrrpMachine, socket: VrrpSocket): void {
  const wasBound = socket.bound;
  socket.bound = canBind(machine, socket);
  if (socket.bound && !wasBound) open(machine, socket);
  if (wasBound && !socket.bound) machine.actions.push({ kind: 'vrrp-close', id: socket.id });
}

/** A unicast socket is bound to its source, which some interface must have, be it down. */
function canBind(machine: VrrpMachine, { unicast, family }: VrrpSocket): boolean {
  if (unicast === undefined) return true;
  const tree = family === 'inet' ? 'ipv4' : 'ipv6';
  if (machine.host.sysctl(`net.${tree}.ip_nonlocal_bind`) === '1') return true;
  const isIt = (one: AddressView) => one.address === unicast && one.tentative !== true;
  return machine.host.interfaces().some((link) => link.addresses.some(isIt));
}

function close(machine: VrrpMachine, socket: VrrpSocket): void {
  if (socket.bound) machine.actions.push({ kind: 'vrrp-close', id: socket.id });
}

/** Opens the sockets of an interface that has come into being only now; one that was merely down has them still. */
export function openWaitingSockets(machine: VrrpMachine, interfaceName: string): void {
  if (machine.host.interfaceNamed(interfaceName) === undefined) return;
  for (const socket of machine.sockets) {
    if (socket.interface === interfaceName && socket.waiting && socket.bound) {
      open(machine, socket);
      socket.order ??= machine.sockets.filter((one) => one.order !== undefined).length;
    }
  }
}

/** An interface is gone, and its sockets hear nothing any more, not even of a new one of its name. */
export function loseSockets(machine: VrrpMachine, interfaceName: string): void {
  for (const socket of machine.sockets) {
    if (socket.interface !== interfaceName || socket.waiting) continue;
    socket.waiting = true;
    close(machine, socket);
  }
}

/** Closes all of them, as at the end. */
export function closeSockets(machine: VrrpMachine): void {
  for (const socket of machine.sockets) close(machine, socket);
  machine.sockets = [];
}

/** The lines that tell of the pool with `-D`. */
export function logSockets(machine: VrrpMachine): void {
  for (const socket of machine.sockets) logDetail(machine, socketText(machine, socket));
}

/** The descriptors of a socket for receiving and for sending; -1 where it could not be bound or has no interface yet. */
export function descriptorsOf(machine: VrrpMachine, socket: VrrpSocket): readonly [number, number] {
  if (socket.order === undefined) return [-1, -1];
  const first = firstDescriptor(machine) + 2 * socket.order;
  return [first, first + 1];
}

/**
 * The number of the first socket's descriptor: nftables, a second kind of announcement beside
 * gratuitous ARP or neighbour advertisements, watched files and FIFOs took one each before. Source: dumps and logs of 2.2.7 (test/reference/dumps).
 */
function firstDescriptor(machine: VrrpMachine): number {
  const { instances, files, config } = machine;
  const vips = instances.flatMap(({ config: one }) => [...one.addresses, ...one.excludedAddresses]);
  const usesBoth =
    vips.some((vip) => typeof vip.address === 'bigint') &&
    vips.some((vip) => typeof vip.address === 'number');
  const { notifyFifo, vrrpNotifyFifo } = config.globals;
  const others = [
    instances.some(({ config: { vmac } }) => vmac !== undefined && isMade(machine, vmac.name)),
    usesBoth,
    files.some((file) => file.followers.length > 0),
    notifyFifo !== undefined,
    vrrpNotifyFifo !== undefined,
  ];
  return DESCRIPTORS_USED + others.filter(Boolean).length;
}

function isMade(machine: VrrpMachine, name: string): boolean {
  return machine.madeLinks.has(name) || machine.host.interfaceNamed(name) !== undefined;
}

function socketText(machine: VrrpMachine, socket: VrrpSocket): string {
  const index = String(machine.host.interfaceNamed(socket.interface)?.index ?? 0).padStart(3);
  const family = socket.family === 'inet' ? 'IPv4' : 'IPv6';
  const head = `VRRP sockpool: [ifindex(${index}), family(${family}), proto(${socket.protocol}), fd(${descriptorsOf(machine, socket).join(',')})`;
  if (socket.unicast !== undefined)
    return `${head} , unicast, address(${formatIp(socket.unicast)})]`;
  const group = socket.group === undefined ? '' : formatIp(socket.group);
  return `${head} multicast, address(${group})]`;
}

function wantedSocket(machine: VrrpMachine, instance: Instance): WantedSocket {
  const { config } = instance;
  const name = receiveInterface(machine, instance);
  return {
    interface: name === '*' ? '' : name,
    family: config.family,
    protocol: config.authentication?.type === 'AH' ? 51 : 112,
    unicast: isUnicast(config) ? instance.source : undefined,
    group: isUnicast(config) ? undefined : config.multicastGroup,
  };
}

function isSame(a: WantedSocket, b: WantedSocket): boolean {
  return (
    a.interface === b.interface &&
    a.family === b.family &&
    a.protocol === b.protocol &&
    a.unicast === b.unicast &&
    a.group === b.group
  );
}

function open(machine: VrrpMachine, socket: VrrpSocket): void {
  const { interface: name } = socket;
  socket.waiting = name !== '' && !isMade(machine, name);
  if (socket.waiting) return;
  machine.actions.push({
    kind: 'vrrp-open',
    id: socket.id,
    interface: socket.interface,
    family: socket.family,
    protocol: socket.protocol,
    ...(socket.group === undefined ? {} : { group: socket.group }),
    ...(socket.unicast === undefined ? {} : { unicastTo: socket.unicast }),
  });
}
