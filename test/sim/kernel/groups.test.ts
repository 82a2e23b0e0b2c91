/**
 * IGMP of a host: unasked reports, leaves, queries of all versions, and what the recordings show of
 * them.
 */

import { describe, expect, test } from 'vitest';
import { decodeIgmp, encodeIgmp, type IgmpMessage, igmpLength } from '../../../daemon/wire/igmp.ts';
import {
  encodeIpv4Header,
  ipv4HeaderLength,
  ROUTER_ALERT_OPTION,
  readIpv4Destination,
  readIpv4Source,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../../daemon/wire/ipv4.ts';
import { formatIpv4, type Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';
import { ip4, mac, makeSmallLan, prefix, type SmallLan } from './small-lan.ts';

const VRRP_GROUP = ip4('224.0.0.18');

interface Heard {
  readonly at: number;
  readonly text: string;
}

/** Everything IGMP that a bystander sees. */
function watch(lan: SmallLan): Heard[] {
  const heard: Heard[] = [];
  const bystander = lan.addHost('bystander', { address: '192.168.100.99/24' });
  bystander.openPacket({
    promiscuous: true,
    onFrame(frame, _link, direction) {
      if (direction === 'out' || frame[12] !== 8 || frame[13] !== 0 || frame[23] !== 2) return;
      const end = 14 + readIpv4TotalLength(frame, 14);
      const message = decodeIgmp(frame, 14 + ipv4HeaderLength(frame, 14), end);
      if (typeof message === 'string') throw new Error(message);
      const source = formatIpv4(readIpv4Source(frame, 14));
      const destination = formatIpv4(readIpv4Destination(frame, 14));
      const ttl = readIpv4Ttl(frame, 14);
      heard.push({
        at: lan.engine.now / 1e6,
        text: `${source}>${destination} ttl ${ttl} tos ${frame[15]} ${say(message)}`,
      });
    },
  });
  return heard;
}

function say(message: IgmpMessage): string {
  if (message.kind === 'report-v3') {
    return message.records.map((each) => `${each.type}:${formatIpv4(each.group)}`).join(' ');
  }
  return 'group' in message ? `${message.kind} ${formatIpv4(message.group)}` : message.kind;
}

function query(kernel: Kernel, message: IgmpMessage, to: Ipv4Address): void {
  const packet = new Uint8Array(24 + igmpLength(message));
  const at = encodeIpv4Header(
    {
      tos: 0xc0,
      totalLength: packet.length,
      identification: 1,
      flags: 0,
      fragmentOffset: 0,
      ttl: 1,
      protocol: 2,
      source: ip4('192.168.100.1'),
      destination: to,
      options: ROUTER_ALERT_OPTION,
    },
    packet,
    0,
  );
  encodeIgmp(message, packet, at);
  kernel.sendIp(packet, 'eth0');
}

const REPORT = '192.168.100.11>224.0.0.22 ttl 1 tos 192';

function member() {
  const lan = makeSmallLan();
  const heard = watch(lan);
  const host = lan.addHost('n1', { address: '192.168.100.11/24' });
  const querier = lan.addHost('querier', { address: '192.168.100.1/24' });
  lan.runTo(1);
  return { lan, heard, host, querier };
}

describe('joining and leaving', () => {
  test('a join is reported within 12 ms and again within a second and a bit, then never', () => {
    const { lan, heard, host } = member();
    host.joinGroup('eth0', VRRP_GROUP);
    lan.runTo(30);
    expect(heard.map((each) => each.text)).toEqual([
      `${REPORT} 4:224.0.0.18`,
      `${REPORT} 4:224.0.0.18`,
    ]);
    // Two ticks and the begun one, then up to 250 + 2 ticks rounded up by the wheel.
    expect((heard[0]?.at ?? 0) - 1).toBeLessThan(0.0125);
    expect((heard[1]?.at ?? 0) - 1).toBeLessThan(1.06);
  });

  test('only the last of several leaves is reported, twice', () => {
    const { lan, heard, host } = member();
    host.joinGroup('eth0', VRRP_GROUP);
    host.joinGroup('eth0', VRRP_GROUP);
    lan.runTo(5);
    host.leaveGroup('eth0', VRRP_GROUP);
    lan.runTo(10);
    expect(heard.length).toBe(2);
    host.leaveGroup('eth0', VRRP_GROUP);
    lan.runTo(15);
    expect(heard.slice(2).map((each) => each.text)).toEqual([
      `${REPORT} 3:224.0.0.18`,
      `${REPORT} 3:224.0.0.18`,
    ]);
  });

  test('a link without an address reports from 0.0.0.0, as a VMAC was recorded to do', () => {
    const { lan, heard, host } = member();
    const own = mac('00:00:5e:00:01:33');
    host.addVirtualLink({
      kind: 'macvlan',
      name: 'vrrp.51',
      base: 'eth0',
      mac: own,
      mode: 'private',
    });
    host.setLinkUp('vrrp.51', true);
    host.joinGroup('vrrp.51', VRRP_GROUP);
    lan.runTo(5);
    expect(heard[0]?.text).toBe('0.0.0.0>224.0.0.22 ttl 1 tos 192 4:224.0.0.18');
  });

  test('a link that goes down and up again reports its groups again', () => {
    const { lan, heard, host } = member();
    host.joinGroup('eth0', VRRP_GROUP);
    lan.runTo(5);
    host.setLinkUp('eth0', false);
    lan.runTo(6);
    host.setLinkUp('eth0', true);
    lan.runTo(10);
    expect(heard.length).toBe(4);
  });
});

describe('queries', () => {
  const v3 = {
    kind: 'query-v3',
    group: ip4('0.0.0.0'),
    maxResponseCode: 100,
    suppress: false,
    robustness: 2,
    intervalCode: 125,
    sources: [],
  } as const;

  test('a general query of version 3 is answered once for all groups within its time', () => {
    const { lan, heard, host, querier } = member();
    host.joinGroup('eth0', VRRP_GROUP);
    host.joinGroup('eth0', ip4('239.1.2.3'));
    lan.runTo(5);
    heard.length = 0;
    query(querier, v3, ip4('224.0.0.1'));
    lan.runTo(20);
    const answers = heard.filter((each) => each.text.startsWith('192.168.100.11'));
    expect(answers.map((each) => each.text)).toEqual([`${REPORT} 2:239.1.2.3 2:224.0.0.18`]);
    expect((answers[0]?.at ?? 99) - 5).toBeLessThan(10.3);
  });

  test('after a query of version 2 reports and leaves are of version 2', () => {
    const { lan, heard, host, querier } = member();
    host.joinGroup('eth0', VRRP_GROUP);
    lan.runTo(5);
    heard.length = 0;
    const asked = {
      kind: 'query',
      version: 2,
      group: ip4('0.0.0.0'),
      maxResponseCode: 20,
    } as const;
    query(querier, asked, ip4('224.0.0.1'));
    lan.runTo(10);
    host.leaveGroup('eth0', VRRP_GROUP);
    lan.runTo(15);
    const said = heard.filter((each) => each.text.startsWith('192.168.100.11'));
    expect(said.map((each) => each.text)).toEqual([
      '192.168.100.11>224.0.0.18 ttl 1 tos 192 report-v2 224.0.0.18',
      '192.168.100.11>224.0.0.2 ttl 1 tos 192 leave 224.0.0.18',
    ]);
  });

  test('another member that reports in version 2 silences ours', () => {
    const { lan, heard, host, querier } = member();
    const other = lan.addHost('n2', { address: '192.168.100.12/24' });
    for (const each of [host, other]) {
      each.setSysctl('net.ipv4.conf.all.force_igmp_version', '2');
      each.joinGroup('eth0', VRRP_GROUP);
    }
    lan.runTo(30);
    heard.length = 0;
    const asked = {
      kind: 'query',
      version: 2,
      group: ip4('0.0.0.0'),
      maxResponseCode: 100,
    } as const;
    query(querier, asked, ip4('224.0.0.1'));
    lan.runTo(60);
    expect(heard.filter((each) => each.text.includes('report-v2')).length).toBe(1);
  });
});

describe('what is heard', () => {
  test('multicast is for this host only while the group is joined on that link', () => {
    const { lan, host, querier } = member();
    const got: number[] = [];
    host.openRaw({ family: 'inet', protocol: 112, link: 'eth0', onPacket: () => got.push(1) });
    const send = () => {
      const packet = new Uint8Array(20);
      encodeIpv4Header(
        {
          tos: 0xc0,
          totalLength: 20,
          identification: 1,
          flags: 0,
          fragmentOffset: 0,
          ttl: 255,
          protocol: 112,
          source: ip4('192.168.100.1'),
          destination: VRRP_GROUP,
          options: new Uint8Array(0),
        },
        packet,
        0,
      );
      expect(querier.sendIp(packet, 'eth0')).toBeUndefined();
    };
    send();
    lan.runTo(2);
    expect(got.length).toBe(0);
    host.joinGroup('eth0', VRRP_GROUP);
    send();
    lan.runTo(3);
    expect(got.length).toBe(1);
    host.leaveGroup('eth0', VRRP_GROUP);
    send();
    lan.runTo(4);
    expect(got.length).toBe(1);
    expect(host.deleteAddress('eth0', prefix('192.168.100.11/24'))).toBe(true);
  });
});

describe('IGMP of a VMAC', () => {
  test('a redirect rule makes it leave by the base link and MAC, as recorded (S14)', () => {
    const { lan, heard, host } = member();
    const own = mac('00:00:5e:00:01:33');
    const macvlan = {
      kind: 'macvlan',
      name: 'v',
      base: 'eth0',
      mac: own,
      mode: 'private',
    } as const;
    host.addVirtualLink(macvlan);
    host.setLinkUp('v', true);
    const rule = { hook: 'output', verdict: 'redirect', protocol: 2, link: 'v' } as const;
    host.addFirewallRule({ ...rule, redirectTo: 'eth0' });
    host.joinGroup('v', VRRP_GROUP);
    lan.runTo(5);
    expect(heard[0]?.text).toBe('0.0.0.0>224.0.0.22 ttl 1 tos 192 4:224.0.0.18');
    const report = lan.frames.find((frame) => frame.text.includes('224.0.0.22'));
    expect(report?.text).toBe('02:00:00:00:00:02>01:00:5e:00:00:16 ip 0.0.0.0>224.0.0.22 proto 2');
  });
});
