/** What follows from an advert in situations that are rarer than those of the tables in `receive.test.ts`. */

import { describe, expect, it } from 'vitest';
import { durationUs, seconds } from '../../../daemon/base/time.ts';
import { readAhSequence } from '../../../daemon/wire/ah.ts';
import { addressSum } from '../../../daemon/wire/checksum.ts';
import { verifyVrrpV3Checksum } from '../../../daemon/wire/vrrp-v3.ts';
import { type FakeHost, FakeLan, s } from '../core/fake-system.ts';
import { group, instance, ip, vip, vrrp } from './config-fixture.ts';
import { advert, host, receive, texts, timer } from './receive-lab.ts';

const AH = { authentication: { type: 'AH' as const, key: new TextEncoder().encode('secret12') } };

function garpsAfter(one: FakeHost, at: number, link = 'eth0'): number {
  return one.lan.sent.filter(
    (sent) => sent.kind === 'frame' && sent.at > at && sent.interface === link,
  ).length;
}

describe('checks', () => {
  it("AH around somebody else's protocol: refused without a line", () => {
    const one = host('BACKUP', AH);
    const edit = (packet: Uint8Array) => packet.fill(50, 20, 21);
    const commands = receive(one, advert({ config: AH, sequence: 9, edit }));
    expect(commands.map((command) => command.kind)).toEqual(['report']);
  });

  it('skip_check_adv_addr: not even the number of addresses is compared', () => {
    const one = host('BACKUP', { skipCheckAdvertAddresses: true });
    receive(one, advert());
    const two = { addresses: [vip('192.168.100.100/24'), vip('192.168.100.101/24')] };
    expect(texts(receive(one, advert({ config: two })))).toEqual([]);
  });

  it('skip_check_adv_addr: a master whose advert was discarded is known, too', () => {
    const one = host('BACKUP', { skipCheckAdvertAddresses: true });
    receive(one, advert({ priority: 50 }));
    const other = { addresses: [vip('192.168.100.99/24')] };
    expect(texts(receive(one, advert({ config: other })))).toEqual([]);
  });

  it('v3 unicast: a peer with the old checksum is understood, and answered in its way', () => {
    const unicast = {
      version: 3 as const,
      sourceAddress: ip('192.168.100.11'),
      unicastPeers: [{ address: ip('192.168.100.12') }],
    };
    const sums = (packet: Uint8Array) => ({
      plain: verify(packet, addressSum(ip('192.168.100.11'), ip('192.168.100.12'))),
      old: verify(packet, addressSum(ip('192.168.100.11'), ip('224.0.0.18'))),
    });
    const verify = (packet: Uint8Array, sum: number) =>
      verifyVrrpV3Checksum(packet, 20, packet.length, sum);
    const sent = (withPeer: boolean) => {
      const one = host('BACKUP', unicast);
      // As the group's own checksum is: computed for 224.0.0.18, sent to the host.
      const packet = advert({ config: { version: 3 } });
      packet.set([192, 168, 100, 11], 16);
      if (withPeer) expect(texts(receive(one, packet))).toEqual([]);
      one.lan.run(s(6));
      return sums(one.lan.sent.find((frame) => frame.kind === 'ip')?.bytes as Uint8Array);
    };
    expect(sent(false)).toEqual({ plain: true, old: false });
    expect(sent(true)).toEqual({ plain: false, old: true });
  });
});

describe('a MASTER', () => {
  it('AH: goes on counting from a rival that is ahead', () => {
    const one = host('MASTER', AH);
    const commands = receive(one, advert({ config: AH, priority: 50, sequence: 700 }));
    expect(texts(commands)).toContain('(VI_1) IPSEC-AH : Syncing seq_num - Increment seq');
    const own = commands.find((command) => command.kind === 'ip-send');
    expect(readAhSequence(own?.kind === 'ip-send' ? own.packet : new Uint8Array(44), 20)).toBe(702);
  });

  it('AH: at the end of its numbers it stays there, and counts from one when it is MASTER anew', () => {
    const one = host('MASTER', AH);
    receive(one, advert({ config: AH, priority: 50, sequence: 0xffff_fffa }));
    one.lan.sent.length = 0;
    one.lan.run(s(8.5));
    one.carrier('eth0', false);
    one.carrier('eth0', true);
    one.lan.run(s(13));
    const numbers = one.lan.sent
      .filter(({ kind, bytes }) => kind === 'ip' && bytes[46] !== 0)
      .map(({ bytes }) => readAhSequence(bytes, 20));
    expect(numbers).toEqual([0xffff_fffd, 0xffff_fffe, 0xffff_fffe, 1]);
  });

  it('of a sync group: a lower advert for one member makes all of them announce their addresses', () => {
    const lan = new FakeLan();
    const one = lan.host('n1', 11, ['192.168.100.11/24', '10.0.0.11/24']);
    const second = {
      name: 'VI_2',
      interface: 'eth1',
      vrid: 52,
      addresses: [{ ...vip('10.0.0.100/24'), interface: 'eth1' }],
    };
    const instances = [instance(), instance(second)];
    one.start(vrrp({ instances, syncGroups: [group({ instances: ['VI_1', 'VI_2'] })] }));
    lan.run(s(12));
    expect(one.states()).toBe('VI_1=MASTER VI_2=MASTER');
    receive(one, advert({ priority: 50 }));
    expect([garpsAfter(one, s(11.9)), garpsAfter(one, s(11.9), 'eth1')]).toEqual([5, 5]);
  });

  it('v3: one that yields waits for the interval of the other', () => {
    const one = host('MASTER', { version: 3, advertInterval: seconds(1) });
    const packet = advert({
      config: { version: 3, advertInterval: durationUs(500_000) },
      priority: 150,
    });
    expect(texts(receive(one, packet))).toContain(
      '(VI_1) advertisement interval updated from 1000ms to 500ms by master',
    );
    expect((timer(one) ?? 0) - s(5)).toBe(1_500_000 + 304_687);
  });

  it('garp_interval: what still waits is not sent by one that yields', () => {
    const garp = { ...instance().garp, interval: durationUs(200_000), repeat: 5 };
    const lan = new FakeLan();
    const one = lan.host('n1', 11);
    one.start(vrrp({ instances: [instance({ garp })] }));
    lan.run(s(3.7));
    expect(garpsAfter(one, 0)).toBe(1);
    receive(one, advert({ priority: 150 }));
    lan.run(s(5));
    expect(garpsAfter(one, s(3.7))).toBe(0);
  });
});

describe('preempt_delay', () => {
  const delay = { preemptDelay: seconds(2) };
  const START = '(VI_1) start preempt delay (2.000000)';

  it('a higher advert stops it, and the next lower one begins anew', () => {
    const one = host('BACKUP', delay);
    expect(texts(receive(one, advert({ priority: 50 })))).toEqual([START]);
    expect(texts(receive(one, advert({ priority: 150 })))).toEqual(['(VI_1) stop preempt delay']);
    expect(texts(receive(one, advert({ priority: 150 })))).toEqual([]);
    expect(texts(receive(one, advert({ priority: 50 })))).toEqual([START]);
  });

  it('is over after its time: then lower adverts are discarded', () => {
    const one = host('BACKUP', delay);
    receive(one, advert({ priority: 50 }));
    one.lan.run(s(3.1));
    expect(texts(receive(one, advert({ priority: 50 })))[0]).toMatch(/discarding$/);
  });

  it('begins anew after MASTER and after FAULT', () => {
    const one = host('BACKUP', delay);
    receive(one, advert({ priority: 50 }));
    one.lan.run(s(6));
    expect(one.states()).toBe('VI_1=MASTER');
    receive(one, advert({ priority: 150 }));
    expect(texts(receive(one, advert({ priority: 50 })))).toEqual([START]);
    one.lan.run(s(8.5));
    one.carrier('eth0', false);
    one.carrier('eth0', true);
    expect(texts(receive(one, advert({ priority: 50 })))).toEqual([START]);
  });
});

describe('numbers of adverts', () => {
  it('identifications count up to 65535 and go on with 1', () => {
    const lan = new FakeLan();
    const one = lan.host('n1', 11);
    one.start(vrrp({ instances: [instance({ version: 3, advertInterval: durationUs(10_000) })] }));
    lan.run(s(656));
    const ids = lan.sent
      .filter((frame) => frame.kind === 'ip')
      .map(({ bytes }) => ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0));
    expect(ids.slice(0, 2)).toEqual([1, 2]);
    expect(ids.slice(65_533, 65_537)).toEqual([65_534, 65_535, 1, 2]);
  });
});
