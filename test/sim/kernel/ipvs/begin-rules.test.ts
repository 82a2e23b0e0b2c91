/** Which SYNs begin a connection, and which begin one anew. Source: ip_vs_core.c, ip_vs_schedule and is_new_conn_expected. */

import { expect, it } from 'vitest';
import { formatIp } from '../../../../daemon/wire/ip-address.ts';
import { ip, makeSmallLan, prefix } from '../small-lan.ts';

const VIP = ip('10.10.0.100');
const SERVICE = { kind: 'address', protocol: 6, address: VIP, port: 80 } as const;

/** A director with two servers that never answer, and a client that sends SYNs as it likes. */
function lab(sysctl: Record<string, string> = {}) {
  const lan = makeSmallLan();
  const client = lan.addHost('client', { address: '10.10.0.1/24' });
  const director = lan.addHost('director', { address: '10.10.0.250/24', sysctl });
  director.addAddress('eth0', prefix('10.10.0.100/32'));
  director.ipvs.addService(SERVICE, { scheduler: 'rr', schedulerFlags: 0, onePacket: false });
  const places = ['10.10.0.11', '10.10.0.12'].map((text) => ({ address: ip(text), port: 80 }));
  for (const place of places) director.ipvs.addServer(SERVICE, place, { method: 'dr', weight: 1 });
  let at = 0;
  return {
    director,
    places,
    syn(sourcePort: number) {
      const packet = new Uint8Array(40);
      packet.set([0x45, 0, 0, 40, 0, 7, 0x40, 0, 64, 6, 0, 0, 10, 10, 0, 1, 10, 10, 0, 100]);
      packet.set([sourcePort >> 8, sourcePort & 0xff, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2], 20);
      expect(client.sendIp(packet)).toBeUndefined();
      at += 0.2;
      lan.runTo(at);
      return director.ipvs.connections().map(({ serverAddress }) => formatIp(serverAddress));
    },
  };
}

it('a SYN from port 20, the data of FTP, is left to the host itself', () => {
  const { syn } = lab();
  expect(syn(20)).toEqual([]);
  expect(syn(21)).toHaveLength(1);
});

it.each([
  ['0', 'stays there'],
  ['1', 'goes to another'],
])('expire_nodest_conn %s: a SYN on a known port whose server has weight 0 %s', (value, _) => {
  const { syn, director, places } = lab({ 'net.ipv4.vs.expire_nodest_conn': value });
  const [before] = syn(4000);
  const drained = places.find(({ address }) => formatIp(address) === before);
  if (drained === undefined) throw new Error('no server');
  director.ipvs.editServer(SERVICE, drained, { method: 'dr', weight: 0 });
  const after = syn(4000);
  if (value === '0') expect(after).toEqual([before]);
  else expect(after.some((address) => address !== before)).toBe(true);
});
