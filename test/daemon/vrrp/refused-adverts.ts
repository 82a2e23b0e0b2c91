/** Adverts that a receiver of VRRP must refuse, with the line and the counter of each. */

import { seconds } from '../../../daemon/base/time.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { signAh } from '../../../daemon/wire/ah.ts';
import { ip, vip } from './config-fixture.ts';
import { type advert, flip, put, set } from './receive-lab.ts';

/** Configurations of the receiver: a password, AH, one peer, two addresses. */
export const PASS = {
  authentication: { type: 'PASS' as const, key: new TextEncoder().encode('secret12') },
};
export const AH = {
  authentication: { type: 'AH' as const, key: new TextEncoder().encode('secret12') },
};
export const UNICAST = {
  sourceAddress: ip('192.168.100.11'),
  unicastPeers: [{ address: ip('192.168.100.12') }],
};
export const TWO = { addresses: [vip('192.168.100.100/24'), vip('192.168.100.101/24')] };

/** Changes an octet of an AH packet and signs it anew. */
function resign(packet: Uint8Array, at: number, value: number): void {
  packet[at] = value;
  signAh(packet, 0, { key: AH.authentication.key, unicast: false });
}

/** One row per check of `receive-checks.ts`. */
export const REFUSALS: readonly {
  readonly check: string;
  readonly own?: Partial<VrrpInstanceConfig>;
  readonly packet: Parameters<typeof advert>[0];
  readonly text: string;
  readonly counter?: string;
}[] = [
  {
    check: 'length: claims two addresses, carries one',
    packet: { edit: set(23, 2) },
    text: '(VI_1) vrrp packet too short, length 40 and expect 44',
    counter: 'packetLengthErrors',
  },
  {
    check: 'TTL',
    packet: { edit: put(8, 254) },
    text: '(VI_1) invalid TTL/HL. Received 254 and expect 255',
    counter: 'ttlErrors',
  },
  {
    check: 'version',
    packet: { config: { version: 3 } },
    text: '(VI_1) wrong version. Received 3 and expect 2',
  },
  {
    check: 'auth type nobody knows',
    packet: { edit: set(24, 7) },
    text: '(VI_1) Invalid auth type: 7',
    counter: 'invalidAuthType',
  },
  {
    check: 'auth type of the other',
    packet: { config: PASS },
    text: '(VI_1) received a 1 auth, expecting 0!',
    counter: 'authTypeMismatch',
  },
  {
    check: 'password',
    own: PASS,
    packet: {
      config: { authentication: { type: 'PASS', key: new TextEncoder().encode('secret13') } },
    },
    text: '(VI_1) received an invalid passwd!',
    counter: 'authFailures',
  },
  {
    check: 'AH digest',
    own: AH,
    packet: { config: AH, edit: flip(46) },
    text: '(VI_1) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !',
    counter: 'authFailures',
  },
  {
    check: 'AH SPI that is not the sender',
    own: AH,
    packet: { config: AH, sequence: 9, edit: (packet) => resign(packet, 24, 1) },
    text: `IPSEC AH : invalid IPSEC SPI value. ${0x01a8640c} and expect ${0xc0a8640c}`,
    counter: 'authFailures',
  },
  {
    check: 'AH replay: sequence number 0',
    own: AH,
    packet: { config: AH },
    text: '(VI_1) IPSEC-AH : sequence number 0 already processed. Packet dropped. Local(0)',
    counter: 'authFailures',
  },
  {
    check: 'interval',
    own: { advertInterval: seconds(2) },
    packet: {},
    text: "(VI_1) advertisement interval mismatch mine=2 sec rcv'd=1 sec",
    counter: 'advertIntervalErrors',
  },
  {
    check: 'packet type',
    packet: { edit: set(20, 0x22) },
    text: '(VI_1) Invalid packet type. 2 and expect 1',
    counter: 'invalidTypeReceived',
  },
  {
    check: 'number of addresses',
    own: TWO,
    packet: {},
    text: '(VI_1) received an unexpected ip number count 1, expected 2!',
    counter: 'addressListErrors',
  },
  {
    check: 'IP length that has not arrived',
    packet: { edit: put(3, 44) },
    text: '(VI_1) ip_tot_len mismatch against received length. 44 and received 40',
    counter: 'packetLengthErrors',
  },
  {
    check: 'checksum',
    packet: { edit: flip(27) },
    text: '(VI_1) Invalid VRRPv2 checksum',
  },
  {
    check: 'unicast where multicast is due',
    packet: { to: '192.168.100.11' },
    text: '(VI_1) Expected multicast packet but received unicast packet',
    counter: 'addressListErrors',
  },
  {
    check: 'multicast where unicast is due',
    own: UNICAST,
    packet: {},
    text: '(VI_1) Expected unicast packet but received multicast packet',
    counter: 'addressListErrors',
  },
  {
    check: 'other address',
    packet: { config: { addresses: [vip('192.168.100.99/24')] } },
    text: '(VI_1) ip address associated with VRID 51 not present in MASTER advert : 192.168.100.100',
    counter: 'addressListErrors',
  },
];
