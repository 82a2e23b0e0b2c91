/**
 * A network card of this host as a port, over AF_PACKET: every frame that the card hears comes in, what is sent leaves
 * by the card with whatever source MAC it has. The host's own stack goes on hearing the same frames; give the card
 * no address. VLAN tags that the card takes off by itself are put back (`vlan-reader.ts`). Read packet(7).
 */

import { LINUX, SystemCallError } from '../../daemon/linux/native/libc.ts';
import { packetAddress } from '../../daemon/linux/native/socket-address.ts';
import { readMac } from '../../daemon/wire/mac-address.ts';
import { portId } from '../lan/port.ts';
import { BridgeError, reasonOf } from './bridge-error.ts';
import { DescriptorPort } from './descriptor-port.ts';
import {
  ERRNO,
  type InterfaceFacts,
  interfaceNameProblem,
  LINK,
  type LinkCalls,
  readInterface,
} from './link-calls.ts';
import { PACKET_AUXDATA } from './vlan-reader.ts';

/** Room for bursts; the kernel doubles it and cuts it to its own limit. */
const RECEIVE_QUEUE_BYTES = 4_194_304;

/** Joins an existing interface. Fails: `BridgeError` for a missing interface or privilege. */
export function openPacketPort(calls: LinkCalls, name: string): DescriptorPort {
  const problem = interfaceNameProblem(name);
  if (problem !== undefined) throw new BridgeError(problem);
  const facts = factsOf(calls, name);
  const input = openSocket(calls, name);
  let output: number | undefined;
  try {
    const { libc } = calls;
    libc.setOption(input, LINUX.SOL_PACKET, LINUX.PACKET_IGNORE_OUTGOING, int(1));
    libc.setOption(input, LINUX.SOL_PACKET, LINK.PACKET_VNET_HDR, int(1));
    libc.setOption(input, LINUX.SOL_PACKET, PACKET_AUXDATA, int(1));
    libc.setOption(input, LINUX.SOL_SOCKET, LINUX.SO_RCVBUF, int(RECEIVE_QUEUE_BYTES));
    libc.setOption(input, LINUX.SOL_PACKET, LINK.PACKET_ADD_MEMBERSHIP, promiscuous(facts.index));
    // Protocol 0 until here: nothing was heard before all of this was in place.
    libc.bind(input, packetAddress({ interfaceIndex: facts.index, etherType: LINK.ETH_P_ALL }));
    output = openSocket(calls, name);
    libc.bind(output, packetAddress({ interfaceIndex: facts.index, etherType: 0 }));
  } catch (cause) {
    calls.close(input);
    if (output !== undefined) calls.close(output);
    if (cause instanceof BridgeError) throw cause;
    throw new BridgeError(`cannot join ${name}: ${reasonOf(cause)}`, { cause });
  }
  return new DescriptorPort({
    calls,
    kind: 'packet',
    id: portId(name, name),
    label: name,
    mac: readMac(facts.mac, 0),
    mtu: facts.mtu,
    carrier: facts.running,
    descriptor: input,
    outDescriptor: output,
    isPacketSocket: true,
  });
}

function factsOf(calls: LinkCalls, name: string): InterfaceFacts {
  const socket = calls.libc.socket(LINUX.AF_INET, LINUX.SOCK_DGRAM, 0);
  try {
    const facts = readInterface(calls, socket, name);
    if (facts.hardware !== LINK.ARPHRD_ETHER) {
      throw new BridgeError(`${name} is no Ethernet interface and cannot be joined`);
    }
    return facts;
  } catch (cause) {
    if (cause instanceof SystemCallError && cause.errno === ERRNO.ENODEV) {
      throw new BridgeError(
        `there is no interface ${name} here: see ip link, or let --tap create one`,
        { cause },
      );
    }
    throw cause;
  } finally {
    calls.close(socket);
  }
}

function openSocket(calls: LinkCalls, name: string): number {
  try {
    return calls.libc.socket(LINUX.AF_PACKET, LINUX.SOCK_RAW, 0);
  } catch (cause) {
    const isForbidden = cause instanceof SystemCallError && cause.errno === ERRNO.EPERM;
    const why = isForbidden
      ? 'run as root or with CAP_NET_RAW (--vxlan needs no privilege)'
      : reasonOf(cause);
    throw new BridgeError(`no packet socket on ${name}: ${why}`, { cause });
  }
}

/** `struct packet_mreq`. */
function promiscuous(interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, interfaceIndex, true);
  view.setUint16(4, LINK.PACKET_MR_PROMISC, true);
  return bytes;
}

function int(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}
