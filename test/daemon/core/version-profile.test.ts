/** What a newer keepalived does differently, from its list of changes; no recording verifies it. */

import { describe, expect, it } from 'vitest';
import { loadWithReader } from '../../../daemon/core/config-loader.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { vrrp } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { conf, garpTimes } from './keywords/keyword-lab.ts';

function startVersion(lan: FakeLan, version: string, text: string): FakeHost {
  const number = lan.hosts.length + 11;
  const host = lan.host(`n${lan.hosts.length + 1}`, number);
  host.files.set(`${host.name}.conf`, encodeUtf8(text));
  host.start(vrrp(), { load: loadWithReader, version });
  return host;
}

describe('version profile', () => {
  it('garp_master_refresh: rounded up to the next advert in 2.2.7, a timer of its own in 2.3.2', () => {
    const times = (version: string) => {
      const lan = new FakeLan();
      const instance = 'garp_master_delay 2\n garp_master_refresh 3';
      startVersion(lan, version, conf({ instance }));
      lan.run(s(13));
      return garpTimes(lan).map((at) => (at - 3_609_375) / 1_000_000);
    };
    expect(times('2.2.7')).toEqual([0, 2, 3, 6, 9]);
    // From delay plus refresh on, then every three seconds.
    expect(times('2.3.2')).toEqual([0, 2, 5, 8]);
  });

  it('refusals: one line a packet in 2.2.7, one a kind and sender with its address in 2.3.3', () => {
    const lines = (version: string) => {
      const lan = new FakeLan();
      const auth = (word: string) => `authentication {\n auth_type PASS\n auth_pass ${word}\n }`;
      // n1 does not hear n2, else the two would silence each other in turn.
      lan.loses = (from) => from.name === 'n2';
      startVersion(lan, version, conf({ priority: 200, instance: auth('one') }));
      const n2 = startVersion(lan, version, conf({ instance: auth('two') }));
      lan.run(s(20));
      return n2.log.filter((line) => line.includes('invalid passwd'));
    };
    expect(lines('2.2.7').length).toBeGreaterThan(5);
    // Once as BACKUP, once as MASTER.
    expect(lines('2.3.3')).toEqual(
      Array.from({ length: 2 }, () => '(VI_1) received an invalid passwd! (from 192.168.100.11)'),
    );
  });

  it('another VIP list: refused in 2.2.7, told and accepted in 2.3.3', () => {
    const state = (version: string) => {
      const lan = new FakeLan();
      startVersion(lan, version, conf({ priority: 200, vips: '192.168.100.101/24' }));
      const n2 = startVersion(lan, version, conf());
      lan.run(s(10));
      return n2.states();
    };
    expect(state('2.2.7')).toBe('VI_1=MASTER');
    expect(state('2.3.3')).toBe('VI_1=BACKUP');
  });
});
