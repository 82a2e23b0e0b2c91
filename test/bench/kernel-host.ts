/** A host of the UDP workloads on the real kernel model: ARP, routes, UDP sockets, checksums. IPv4 only, as in ns-3. */

import { timeUs } from '../../daemon/base/time.ts';
import { type Ipv4Address, ipv4FromNumber } from '../../daemon/wire/ipv4-address.ts';
import { createKernel, type Kernel } from '../../sim/kernel/kernel.ts';
import type { UdpOptions, UdpSocket } from '../../sim/kernel/socket-api.ts';
import type { HostMaker } from './bench-host.ts';

/** 10.0.0.1 and up, in 10.0.0.0/16. */
function addressOf(index: number): Ipv4Address {
  return ipv4FromNumber(0x0a000001 + index);
}

/** Makes a host with one interface and its address. */
export const makeKernelHost: HostMaker = (lan, index, port) => {
  const kernel = createKernel({ engine: lan.engine, node: `h${index}` });
  kernel.setSysctl('net.ipv6.conf.all.disable_ipv6', '1');
  kernel.setSysctl('net.ipv6.conf.default.disable_ipv6', '1');
  kernel.addEthernet({ name: 'eth0', mac: port.mac, mtu: port.mtu, port });
  kernel.setLinkUp('eth0', true);
  const added = kernel.addAddress('eth0', { address: addressOf(index), length: 16 });
  if (added !== 'ok') throw new Error(`address of host ${index}: ${added}`);
  return {
    listen(number, onDatagram) {
      const socket: UdpSocket = openUdp(kernel, {
        family: 'inet',
        port: number,
        onDatagram: ({ payload, source, sourcePort }) =>
          onDatagram(() => void socket.send(payload, source, sourcePort)),
      });
    },
    sender(to, number, payload, onReply) {
      const socket = openUdp(kernel, { family: 'inet', onDatagram: onReply });
      return () => {
        const error = socket.send(payload, addressOf(to), number);
        if (error !== undefined) throw new Error(`${error} at ${timeUs(lan.engine.now)}`);
      };
    },
  };
};

function openUdp(kernel: Kernel, options: UdpOptions): UdpSocket {
  const socket = kernel.openUdp(options);
  if (typeof socket === 'string') throw new Error(`UDP socket: ${socket}`);
  return socket;
}
