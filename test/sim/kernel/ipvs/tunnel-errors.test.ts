/** What a client hears of a router's complaint about its tunnel. Source: ip_vs_core.c, ip_vs_in_icmp. */

import { expect, it } from 'vitest';
import { decodeIcmp, type IcmpMessage } from '../../../../daemon/wire/icmp.ts';
import { icmpPacket, ip, ip4, makeSmallLan, prefix } from '../small-lan.ts';

const VIP = ip('10.10.0.100');
const SERVICE = { kind: 'address', protocol: 6, address: VIP, port: 80 } as const;
const IPIP = 4;
const ICMP = 1;
const PROTOCOL_AT = 23;

/** The MTUs that the client is told when a router tells some about the tunnel, each behind another SYN. */
function toldOf(mtus: readonly number[], mayBeCut: boolean): number[] {
  const lan = makeSmallLan();
  const client = lan.addHost('client', { address: '10.10.0.1/24' });
  const director = lan.addHost('director', { address: '10.10.0.250/24' });
  const server = lan.addHost('server', { address: '10.10.0.99/24' });
  // What answers is this test, by hand.
  server.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: IPIP });
  director.addAddress('eth0', prefix('10.10.0.100/32'));
  director.ipvs.addService(SERVICE, { scheduler: 'rr', schedulerFlags: 0, onePacket: false });
  const place = { address: ip('10.10.0.99'), port: 80 };
  director.ipvs.addServer(SERVICE, place, { method: 'tun', weight: 1 });
  const syn = new Uint8Array(40);
  syn.set([
    0x45,
    0,
    0,
    40,
    0,
    7,
    mayBeCut ? 0 : 0x40,
    0,
    64,
    6,
    0,
    0,
    10,
    10,
    0,
    1,
    10,
    10,
    0,
    100,
  ]);
  syn.set([0x20, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2], 20);
  for (const [index, nextHopMtu] of mtus.entries()) {
    client.sendIp(syn);
    lan.runTo(2 * index + 1);
    const sent = lan.frames.find(
      ({ from, frame }) => from === 'director' && frame[PROTOCOL_AT] === IPIP,
    );
    if (sent === undefined) throw new Error('nothing was wrapped');
    const quoted = sent.frame.slice(14);
    const message: IcmpMessage = { kind: 'destination-unreachable', code: 4, nextHopMtu, quoted };
    server.sendIp(icmpPacket({ to: ip4('10.10.0.250'), from: ip4('10.10.0.99'), message }));
    lan.runTo(2 * index + 2);
  }
  return lan.frames.flatMap(({ from, frame }) => {
    if (from !== 'director' || frame[PROTOCOL_AT] !== ICMP) return [];
    const told = decodeIcmp(frame, 34, frame.length);
    return typeof told !== 'string' && 'nextHopMtu' in told ? [told.nextHopMtu] : [];
  });
}

it('is told what fitted inside the outer header before the router spoke', () => {
  expect(toldOf([1400], false)).toEqual([1480]);
});

it('is told of the learned MTU when a packet has gone that way since', () => {
  expect(toldOf([1400, 1300], false)).toEqual([1480, 1280]);
});

it('hears nothing when its packets may be cut', () => {
  expect(toldOf([1400], true)).toEqual([]);
});
