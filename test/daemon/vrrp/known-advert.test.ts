/** What is kept of adverts, heard or sent, changes nothing: only what was checked before passes, and what is sent is as built anew. */

import { describe, expect, it } from 'vitest';
import { seconds } from '../../../daemon/base/time.ts';
import { buildAdvert } from '../../../daemon/vrrp/advert.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { newInstance } from '../../../daemon/vrrp/vrrp-machine.ts';
import { internetChecksum } from '../../../daemon/wire/checksum.ts';
import { instance, ip, vip, vrrp } from './config-fixture.ts';
import { advert, host, receive, texts, timer } from './receive-lab.ts';
import { AH, PASS, REFUSALS, TWO } from './refused-adverts.ts';

function good(own: Partial<VrrpInstanceConfig> | undefined, sequence = 0): Uint8Array {
  const to = own?.unicastPeers === undefined ? undefined : '192.168.100.11';
  const config = own === undefined ? {} : { config: own };
  return advert({ ...config, sequence, ...(to === undefined ? {} : { to }) });
}

describe('heard', () => {
  it.each(REFUSALS)('$check: refused behind good ones, too', ({ own, packet, text, check }) => {
    if (check.startsWith('AH replay')) return;
    const one = host('BACKUP', own);
    for (const sequence of [1, 2]) expect(texts(receive(one, good(own, sequence)))).toEqual([]);
    expect(texts(receive(one, advert(packet)))).toEqual([text]);
    expect(texts(receive(one, good(own, 3)))).toEqual([]);
    expect(one.daemon?.status().instances[0]?.statistics.advertsReceived).toBeGreaterThan(2);
  });

  it('an octet anywhere in the VRRP packet makes it another advert', () => {
    const one = host('BACKUP', PASS);
    receive(one, good(PASS));
    for (let at = 20; at < good(PASS).length; at++) {
      if (at === 21) continue;
      const packet = good(PASS);
      packet[at] = (packet[at] as number) ^ 0x10;
      expect(texts(receive(one, packet)), `octet ${at}`).toHaveLength(1);
      expect(texts(receive(one, good(PASS)))).toEqual([]);
    }
  });

  it('is counted, moves the timer, and tells priority 0 each time', () => {
    const one = host('BACKUP');
    for (let i = 1; i <= 3; i++) {
      one.lan.now += 1000;
      receive(one, advert());
      expect(timer(one)).toBe(one.lan.now + 3_609_375);
      expect(texts(receive(one, advert({ priority: 0 })))).toHaveLength(1);
      const statistics = one.daemon?.status().instances[0]?.statistics;
      expect(statistics?.advertsReceived).toBe(2 * i);
      expect(statistics?.priorityZeroReceived).toBe(i);
    }
  });

  it('after a reload with another password it is refused', () => {
    const one = host('BACKUP', PASS);
    receive(one, good(PASS));
    const key = new TextEncoder().encode('another1');
    one.reload(vrrp({ instances: [instance({ authentication: { type: 'PASS', key } })] }));
    expect(texts(receive(one, good(PASS)))).toEqual(['(VI_1) received an invalid passwd!']);
  });

  it('AH: the same packet again is a replay', () => {
    const one = host('BACKUP', AH);
    expect(texts(receive(one, good(AH, 5)))).toEqual([]);
    expect(texts(receive(one, good(AH, 5)))).toHaveLength(1);
  });
});

describe('sent', () => {
  it('is what would have been built anew, whatever changed in between', () => {
    const configs: Partial<VrrpInstanceConfig>[] = [
      {},
      TWO,
      PASS,
      AH,
      { version: 3 },
      { version: 3, advertInterval: seconds(2) },
      { vrid: 7, addresses: [vip('192.168.100.100/24')] },
    ];
    const kept = newInstance(instance(), 0 as never);
    for (let step = 0; step < 400; step++) {
      if (step % 5 === 0) kept.config = instance(configs[(step / 5) % configs.length]);
      kept.packetId = (step * 7919) & 0xffff;
      kept.ahSequence = step;
      kept.oldUnicastChecksum = step % 11 > 8;
      const options = {
        priority: step % 3 === 2 ? 0 : 150,
        source: ip(step % 7 === 6 ? '192.168.100.13' : '192.168.100.12'),
        destination: ip(step % 4 === 3 ? '192.168.100.11' : '224.0.0.18'),
      };
      const fresh = newInstance(kept.config, 0 as never);
      const { packetId, ahSequence, oldUnicastChecksum } = kept;
      Object.assign(fresh, { packetId, ahSequence, oldUnicastChecksum });
      const packet = buildAdvert(kept, options);
      expect(packet, `step ${step}`).toEqual(buildAdvert(fresh, options));
      expect(internetChecksum(packet, 0, 20)).toBe(0);
      packet.fill(0xff);
    }
  });
});
