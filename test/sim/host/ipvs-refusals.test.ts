/**
 * What keepalived logs when the kernel refuses its commands, as 2.2.7 did in a guest with Linux 6.1: the same configuration, and
 * the same hand at the table (`ipvsadm -C` behind keepalived's back, a table that was there before, sync daemons that somebody ended).
 */

import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { Lab } from './lab.ts';

const SERVER = (address: string, more = ''): string =>
  ` real_server ${address} {\n  weight 1\n ${more}\n }\n`;

const SERVICE = (key: string, servers: string, more = 'protocol TCP'): string =>
  `virtual_server ${key} {\n delay_loop 2\n lb_algo rr\n lb_kind NAT\n ${more}\n${servers}}\n`;

const INSTANCE = `vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 150
  virtual_ipaddress {
    10.0.0.100/24
  }
}
`;

const SYNC = (settings: string): string => `global_defs {\n lvs_sync_daemon eth0 ${settings}\n}\n`;

function director(text: string): Lab {
  const files = { '/etc/keepalived/keepalived.conf': text };
  const lab = new Lab([{ name: 'd', addresses: ['10.0.0.1/24'], files }]);
  lab.run(1.5);
  return lab;
}

/** Another configuration, and the reload. */
function reload(lab: Lab, text: string): void {
  lab.host('d').writeFile('/etc/keepalived/keepalived.conf', encodeUtf8(text));
  lab.exec('d', 'systemctl reload keepalived');
  lab.run(1);
}

/** Lines of the journal that tell of refusals, without `IPVS cmd IP_VS_SO_SET_`. */
function refused(lab: Lab): string[] {
  const journal = lab.out('d', 'journalctl -u keepalived');
  return [...journal.matchAll(/IPVS cmd IP_VS_SO_SET_(.*)/g)].map(([, text = '']) => text);
}

describe('refusals of the kernel', () => {
  test('at the start: out of range, twice the same service', () => {
    const group = 'virtual_server_group G {\n 10.88.0.1 80\n}\n';
    const first = SERVER('10.0.0.50 80', 'uthreshold 5\n lthreshold 9') + SERVER('10.0.0.51 80');
    const lab = director(
      group +
        SERVICE('10.88.0.1 80', first) +
        SERVICE('group G', SERVER('10.0.0.50 80') + SERVER('10.0.0.52 80')),
    );
    expect(refused(lab)).toEqual([
      'ADDDEST(1159) error: Numerical result out of range(34) (10.88.0.1:tcp:80 -> 10.0.0.50:80)',
      'ADD(1154) error: Service already exists(17) (10.88.0.1:tcp:80)',
    ]);
    expect(lab.out('d', 'ipvsadm -Sn')).toBe(
      `-A -t 10.88.0.1:80 -s rr
-a -t 10.88.0.1:80 -r 10.0.0.50:80 -m -w 1
-a -t 10.88.0.1:80 -r 10.0.0.51:80 -m -w 1
-a -t 10.88.0.1:80 -r 10.0.0.52:80 -m -w 1
`,
    );
  });

  test('a table emptied by hand: a reload that changes things, and the end', () => {
    const text = (sched: string, weight: number): string =>
      SERVICE('fwmark 7', SERVER('10.0.0.50 81'), '').replace('rr', sched) +
      SERVICE('10.88.0.5 80', SERVER('10.0.0.51 81').replace('weight 1', `weight ${weight}`)) +
      SERVICE('fd77::5 53', SERVER('fd77::6 53'), 'protocol UDP');
    const lab = director(text('rr', 4));
    expect(refused(lab)).toEqual([]);
    lab.exec('d', 'ipvsadm -C');
    reload(lab, text('wrr', 5));
    expect(refused(lab)).toEqual([
      'EDIT(1155) error: Scheduler or persistence engine not found(2) (Fwm 7)',
      'ADDDEST(1159) error: No such file or directory(2) (10.88.0.5:tcp:80 -> 10.0.0.51:81)',
    ]);
    lab.exec('d', 'systemctl stop keepalived');
    lab.run(2);
    expect(refused(lab).slice(2)).toEqual([
      'DELDEST(1160) error: No such destination(2) (Fwm 7 -> 10.0.0.50:81)',
      'DEL(1156) error: No such file or directory(2) (Fwm 7)',
      'DELDEST(1160) error: No such destination(2) (10.88.0.5:tcp:80 -> 10.0.0.51:81)',
      'DEL(1156) error: No such file or directory(2) (10.88.0.5:tcp:80)',
      'DELDEST(1160) error: No such destination(2) (fd77::5:udp:53 -> fd77::6:53)',
      'DEL(1156) error: No such file or directory(2) (fd77::5:udp:53)',
    ]);
  });
});

test('lvs_timeouts: what the kernel had comes back at a reload without them, and at the end', () => {
  const service = SERVICE('10.88.0.5 80', SERVER('10.0.0.51 81'));
  const text = `global_defs {\n lvs_timeouts tcp 600 tcpfin 30 udp 10\n}\n${service}`;
  const lab = director(service);
  const now = (): string => lab.out('d', 'ipvsadm -L --timeout').trim();
  lab.exec('d', 'ipvsadm --set 800 0 0');
  reload(lab, text);
  expect(now()).toBe('Timeout (tcp tcpfin udp): 600 30 10');
  reload(lab, service);
  expect(now()).toBe('Timeout (tcp tcpfin udp): 800 120 300');
  reload(lab, text);
  expect(now()).toBe('Timeout (tcp tcpfin udp): 600 30 10');
  reload(lab, text);
  lab.exec('d', 'systemctl stop keepalived');
  lab.run(2);
  expect(now()).toBe('Timeout (tcp tcpfin udp): 800 120 300');
});

describe('lvs_sync_daemon', () => {
  const daemons = (lab: Lab): string[] =>
    [...lab.out('d', 'ipvsadm -L --daemon').matchAll(/^(\w+) sync daemon .*syncid=(\d+)/gm)].map(
      ([, role, id]) => `${role} ${id}`,
    );

  test('with an instance: follows it, starts again at a reload, tells what somebody ended', () => {
    const lab = director(SYNC('VI_1 id 1') + INSTANCE);
    lab.host('d').signal('keepalived', 'KILL');
    lab.exec('d', 'ipvsadm --start-daemon=master --mcast-interface=eth0 --syncid 9');
    lab.run(2);
    expect(daemons(lab)).toEqual(['master 9', 'backup 1']);
    lab.exec('d', 'systemctl start keepalived');
    lab.run(1.5);
    expect(daemons(lab)).toEqual(['backup 1']);
    lab.exec('d', 'systemctl reload keepalived');
    lab.run(0.5);
    expect(daemons(lab)).toEqual(['backup 1']);
    lab.exec('d', 'ipvsadm --stop-daemon=backup');
    lab.run(5);
    expect(daemons(lab)).toEqual(['master 1']);
    lab.exec('d', 'ipvsadm --stop-daemon=master');
    lab.exec('d', 'systemctl stop keepalived');
    lab.run(2);
    expect(refused(lab)).toEqual([
      'STARTDAEMON(1163) error: Daemon has already run(17)',
      'STOPDAEMON(1164) error: No such file or directory(2)',
      'STOPDAEMON(1164) error: No such file or directory(2)',
    ]);
  });

  test('another id: stopped and started, as master where the instance is', () => {
    const lab = director(SYNC('VI_1 id 1') + INSTANCE);
    lab.run(5);
    reload(lab, SYNC('VI_1 id 2') + INSTANCE);
    expect(daemons(lab)).toEqual(['master 2']);
    expect(refused(lab)).toEqual([]);
  });

  test('without an instance: both, of the checkers, and none without a virtual server', () => {
    const lab = director(SYNC('id 1') + SERVICE('10.88.0.5 80', SERVER('10.0.0.51 81')));
    expect(daemons(lab)).toEqual(['master 1', 'backup 1']);
    lab.exec('d', 'systemctl reload keepalived');
    lab.run(1);
    lab.exec('d', 'ipvsadm --stop-daemon=backup');
    lab.exec('d', 'systemctl stop keepalived');
    lab.run(2);
    expect(daemons(lab)).toEqual([]);
    expect(refused(lab)).toEqual(
      new Array(2).fill('STARTDAEMON(1163) error: Daemon has already run(17)'),
    );
    const none = director(SYNC('id 1') + INSTANCE);
    expect(daemons(none)).toEqual([]);
    expect(none.out('d', 'journalctl -u keepalived')).not.toContain('nitializing ipvs');
  });
});
