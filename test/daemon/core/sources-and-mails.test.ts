/** The source address of unicast adverts that is not on the host, and mails that are sent once. */

import { describe, expect, it } from 'vitest';
import { ip } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { adverts, alone, boot, conf, notified, reloadText } from './keywords/keyword-lab.ts';

const SOURCE = { address: ip('192.168.100.21'), length: 24, scope: 'global' as const };

function giveSource(host: FakeHost): void {
  host.carryOut([{ kind: 'address-add', id: 1, address: { ...SOURCE, interface: 'eth0' } }]);
}

const unicast = (lines = '') =>
  `unicast_src_ip 192.168.100.21\n unicast_peer {\n 192.168.100.12\n }\n ${lines}`;
const TOLD = 'notify /usr/bin/told';

/** Log lines that the sockets and states of unicast instances give. */
function stateLines(host: FakeHost, from = 0): string[] {
  return host.lines(from).filter((line) => /bind|FAULT|Entering|sockpool|removing/.test(line));
}

describe('unicast_src_ip that no interface has', () => {
  const FAILED = [
    'bind unicast_src 192.168.100.21 failed 99 - Cannot assign requested address',
    '(VI_1): entering FAULT state (src address not configured)',
    '(VI_1) Entering FAULT STATE',
    'VRRP sockpool: [ifindex(  2), family(IPv4), proto(112), fd(-1,-1) , unicast, address(192.168.100.21)]',
  ];

  it.each(['', 'track_src_ip'])(
    'at the start: bind fails, and FAULT lasts until a reload, with %j too',
    (line) => {
      const lan = new FakeLan();
      const n1 = lan.host('n1', 11);
      const text = conf({ instance: unicast(`${line}\n ${TOLD}`) });
      boot(n1, text);
      expect(stateLines(n1)).toEqual(['(VI_1) removing VIPs.', ...FAILED]);
      expect(notified(n1)).toEqual(Array(2).fill('/usr/bin/told INSTANCE VI_1 FAULT 100'));
      giveSource(n1);
      lan.run(s(5));
      n1.carrier('eth0', false);
      n1.carrier('eth0', true);
      lan.run(s(6));
      expect(stateLines(n1).slice(5)).toEqual([]);
      expect(n1.states()).toBe('VI_1=FAULT');
      reloadText(n1, text);
      expect(stateLines(n1, s(6))).toEqual([
        '(VI_1) Entering BACKUP STATE (init)',
        expect.stringContaining('fd(13,14) , unicast'),
      ]);
      lan.run(s(10));
      expect(n1.states()).toBe('VI_1=MASTER');
      expect(adverts(lan)).not.toEqual([]);
    },
  );

  it('at a reload: told anew, and a MASTER gives its address up without priority 0', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    giveSource(n1);
    boot(n1, conf({ instance: unicast(TOLD) }));
    lan.run(s(5));
    expect(n1.owns(ip('192.168.100.100'))).toBe(true);
    n1.deleteAddress('eth0', SOURCE.address);
    lan.run(s(5.5));
    expect(n1.states()).toBe('VI_1=MASTER');
    const [sent, told] = [adverts(lan).length, notified(n1).length];
    reloadText(n1, conf({ instance: unicast(TOLD) }));
    expect(stateLines(n1, s(5.5))).toEqual(['(VI_1) removing VIPs.', ...FAILED]);
    expect(n1.owns(ip('192.168.100.100'))).toBe(false);
    // The advert before the reload.
    expect(adverts(lan).length - sent).toBe(1);
    reloadText(n1, conf({ instance: unicast(TOLD) }));
    expect(stateLines(n1, s(5.5)).slice(5)).toEqual(FAILED);
    expect(notified(n1).slice(told)).toEqual(
      Array(4).fill('/usr/bin/told INSTANCE VI_1 FAULT 100'),
    );
  });

  it('takes its sync group along, and a reload that ends it brings all back', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    const group = 'vrrp_sync_group VG {\n group {\n VI_1\n VI_2\n }\n }';
    const second = `vrrp_instance VI_2 {\n interface eth0\n virtual_router_id 52\n ${unicast()}
      virtual_ipaddress {\n 192.168.100.101/24\n }\n }`;
    boot(n1, conf({ blocks: group, after: second }));
    expect(stateLines(n1).slice(2, 5)).toEqual([
      FAILED[0],
      '(VI_2): entering FAULT state (src address not configured)',
      '(VI_2) Entering FAULT STATE',
    ]);
    expect(n1.log).toContain('VRRP_Group(VG) Syncing instances to FAULT state');
    expect(n1.states()).toBe('VI_1=FAULT VI_2=FAULT');
    giveSource(n1);
    reloadText(n1, conf({ blocks: group, after: second }));
    expect(n1.states()).toBe('VI_1=BACKUP VI_2=BACKUP');
    lan.run(s(5));
    expect(n1.states()).toBe('VI_1=MASTER VI_2=MASTER');
  });

  it('is no fault where net.ipv4.ip_nonlocal_bind is set, nor where it is the source of multicast', () => {
    for (const [lines, nonlocal] of [
      [unicast(), '1'],
      ['mcast_src_ip 192.168.100.21\n track_src_ip', '0'],
    ] as const) {
      const lan = new FakeLan();
      const n1 = lan.host('n1', 11);
      n1.sysctl = (name?: string) => (name === 'net.ipv4.ip_nonlocal_bind' ? nonlocal : undefined);
      boot(n1, conf({ instance: lines }));
      lan.run(s(5));
      expect(n1.states()).toBe('VI_1=MASTER');
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
