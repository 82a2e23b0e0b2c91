/** The source address of unicast adverts that is not on the host, and mails that are sent once. */

import { describe, expect, it } from 'vitest';
import { ip } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { alone, boot, conf } from './keywords/keyword-lab.ts';

const SOURCE = { address: ip('192.168.100.21'), length: 24, scope: 'global' as const };

function giveSource(host: FakeHost): void {
  host.carryOut([{ kind: 'address-add', id: 1, address: { ...SOURCE, interface: 'eth0' } }]);
}

describe('unicast_src_ip', () => {
  const unicast = (line = '') =>
    conf({
      instance: `unicast_src_ip 192.168.100.21\n unicast_peer {\n 192.168.100.12\n }\n ${line}`,
    });

  it('that is not on the host at the start is a fault until it comes', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    boot(n1, unicast());
    lan.run(s(5));
    expect(n1.states()).toBe('VI_1=FAULT');
    giveSource(n1);
    lan.run(s(5.1));
    expect(n1.states()).toBe('VI_1=BACKUP');
  });

  // proves: keyword:vrrp_instance/track_src_ip
  it('that goes later is a fault with track_src_ip only', () => {
    for (const [line, state] of [
      ['', 'MASTER'],
      ['track_src_ip', 'FAULT'],
    ] as const) {
      const lan = new FakeLan();
      const n1 = lan.host('n1', 11);
      giveSource(n1);
      boot(n1, unicast(line));
      lan.run(s(5));
      n1.deleteAddress('eth0', SOURCE.address);
      lan.run(s(5.5));
      expect(`${line} ${n1.states()}`).toBe(`${line} VI_1=${state}`);
    }
  });
});

describe('smtp_alert', () => {
  const GLOBAL = `router_id A
    notification_email {\n one@example.org\n }
    smtp_server 192.168.100.50`;

  it('a state that was told is told again only after another one was', () => {
    const told = (global: string) => {
      const { lan, n1 } = alone({ global: `${GLOBAL}\n ${global}`, instance: 'smtp_alert' }, 1);
      n1.carrier('eth0', false);
      lan.run(s(2));
      n1.carrier('eth0', true);
      lan.run(s(3));
      return n1.reports.flatMap((one) => (one.kind === 'mail' ? [one.subject] : []));
    };
    const about = '[A] VRRP Instance VI_1 - Entering';
    const backup = `${about} BACKUP state`;
    expect(told('')).toEqual([backup, `${about} FAULT state`, backup]);
    expect(told('no_email_faults')).toEqual([backup]);
  });
});
