/** keepalived.data and keepalived.json, in the form that was recorded from 2.2.7 and that exporters take apart. */

import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import { FakeLan, s } from './fake-system.ts';
import { conf, start } from './keywords/keyword-lab.ts';

const PASS = 'authentication {\n auth_type PASS\n auth_pass secret12\n }';

/** What a signal lets a master write after five seconds. */
function dump(signal: 'USR1' | 'JSON', instance: string, vips?: string): string {
  const lan = new FakeLan();
  const n1 = start(lan, conf({ instance, ...(vips === undefined ? {} : { vips }) }));
  lan.run(s(5));
  n1.event({ kind: 'signal', signal });
  const written = n1.commands.findLast((c) => c.kind === 'file-write');
  return written?.kind === 'file-write' ? decodeUtf8(written.bytes) : '';
}

describe('dumps', () => {
  it('data: moments on the wall clock, the password, addresses with their interface', () => {
    const text = dump('USR1', PASS, '192.168.100.100/24\n192.168.100.101 label eth0:1');
    expect(text).toMatch(
      / {3}Last transition = \d+\.\d{6} \(\w{3} \w{3} [ \d]\d [\d:.]+ \d{4}\)\n/,
    );
    expect(text).toMatch(/ {3}Read timeout = \d+\.\d{6} \(/);
    expect(text).toContain('   Master down timer = 3609375 usecs\n');
    expect(text).toContain('   Authentication type = SIMPLE_PASSWORD\n   Password = secret12\n');
    expect(text).toContain(
      '   Virtual IP (2):\n     192.168.100.100/24 dev eth0 scope global set\n' +
        '     192.168.100.101 dev eth0 scope global label eth0:1 set\n',
    );
  });

  it('data: unicast says source, TTL and peers', () => {
    const unicast =
      'unicast_src_ip 192.168.100.11\n unicast_peer {\n 192.168.100.12\n }\n version 3';
    const text = dump('USR1', unicast);
    expect(text).toContain('   Using src_ip = 192.168.100.11 (from configuration)\n');
    expect(text).toContain(
      '   Unicast TTL = 255\n   Check unicast src : no\n   Unicast Peer :\n' +
        '     192.168.100.12 min_ttl 0 max_ttl 255\n   Unicast checksum compatibility = no\n',
    );
    expect(text).not.toContain('Authentication type');
  });

  it('JSON has the fields that exporters read', () => {
    expect(JSON.parse(dump('JSON', PASS))).toMatchObject([
      {
        data: {
          iname: 'VI_1',
          ifp_ifname: 'eth0',
          garp_delay: 5,
          garp_refresh: 0,
          vrid: 51,
          state: 2,
          wantstate: 2,
          adver_int: 1,
          vips: ['192.168.100.100/24 dev eth0 scope global set'],
          auth_type: 1,
          auth_data: 'secret12',
        },
        stats: { become_master: 1, pri_zero_sent: 0 },
      },
    ]);
  });
});
