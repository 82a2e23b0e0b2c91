import { describe, expect, test } from 'vitest';
import { Lab } from './lab.ts';

/** The three configurations of the first article, as printed there. */
function conf(priority: number, state: string): string {
  return `vrrp_instance VI_1 {
    state ${state}
    interface eth1
    virtual_router_id 88
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass pass1234
    }
    virtual_ipaddress {
        192.168.0.200
    }
}
`;
}

const VIP = '192.168.0.200';

function threeServers(options: { seed?: number; jitter?: 'seeded' | 'none' } = {}): Lab {
  const server = (n: number, priority: number, state: string) => ({
    name: `srv-${n}`,
    nic: 'eth1',
    addresses: [`192.168.0.10${n}/24`],
    files: { '/etc/keepalived/keepalived.conf': conf(priority, state) },
  });
  return new Lab(
    [
      server(1, 200, 'MASTER'),
      server(2, 100, 'BACKUP'),
      server(3, 90, 'BACKUP'),
      { name: 'laptop', addresses: ['192.168.0.50/24'] },
    ],
    options,
  );
}

describe('three servers behind one address', () => {
  test('the highest priority gets the address after its master-down interval, not before', () => {
    const lab = threeServers();
    lab.run(3.2187);
    expect(lab.holders(VIP)).toEqual([]);
    lab.run(0.001);
    expect(lab.holders(VIP)).toEqual(['srv-1']);
    expect(lab.exec('laptop', `ping -c 1 ${VIP}`).exitCode).toBe(0);
  });

  test('power-off: the second takes over, power-on: the first gets it back', () => {
    const lab = threeServers();
    lab.run(10);
    lab.exec('laptop', `ping -c 1 ${VIP}`);
    lab.host('srv-1').powerOff();
    lab.run(3.7);
    expect(lab.holders(VIP)).toEqual(['srv-2']);
    expect(lab.out('laptop', `ip neigh show ${VIP}`)).toContain('02:00:00:00:00:12');
    lab.host('srv-1').powerOn();
    lab.run(3.3);
    expect(lab.holders(VIP)).toEqual(['srv-1']);
    expect(lab.exec('laptop', `ping -c 1 ${VIP}`).exitCode).toBe(0);
  });

  test('a master that is heard again just after another took over has the last word', () => {
    const lab = threeServers();
    lab.run(10);
    lab.exec('laptop', `ping -c 1 ${VIP}`);
    const [sw] = [...lab.lan.switches.values()];
    const next = lab.host('srv-1').keepalived()?.instances[0]?.timerDueAt ?? 0;
    lab.run((next - lab.engine.now) / 1_000_000 + 0.01);
    sw?.setPortForwarding('1', false);
    // srv-2 takes over 3.609 s after the last advert, half a second before the next one of srv-1.
    lab.run(3.2);
    sw?.setPortForwarding('1', true);
    lab.run(0.7);
    expect(lab.holders(VIP)).toEqual(['srv-1']);
    expect(lab.out('srv-2', 'journalctl -u keepalived')).toContain('Entering MASTER STATE');
    expect(lab.out('laptop', `ip neigh show ${VIP}`)).toContain('02:00:00:00:00:11');
  });

  test('kill -9 of both processes leaves the address; the restart cleans up', () => {
    const lab = threeServers();
    lab.run(10);
    expect(lab.exec('srv-1', 'killall -9 keepalived').exitCode).toBe(0);
    lab.run(4);
    expect(lab.holders(VIP)).toEqual(['srv-1', 'srv-2']);
    lab.exec('srv-1', 'systemctl start keepalived');
    lab.run(0.01);
    expect(lab.holders(VIP)).toEqual(['srv-2']);
    lab.run(3.3);
    expect(lab.holders(VIP)).toEqual(['srv-1']);
  });

  test('systemctl stop takes the second of the leave, and hands over within a skew', () => {
    const lab = threeServers();
    lab.run(10);
    const begun = lab.seconds;
    expect(lab.exec('srv-1', 'systemctl stop keepalived').exitCode).toBe(0);
    expect(lab.seconds - begun).toBeGreaterThan(0.99);
    expect(lab.seconds - begun).toBeLessThan(1.1);
    expect(lab.holders(VIP)).toEqual(['srv-2']);
    expect(lab.out('srv-1', 'systemctl is-active keepalived')).toBe('inactive\n');
    expect(lab.exec('srv-1', 'pidof keepalived').exitCode).toBe(1);
  });

  test('a frozen master is replaced, and yields or wins back after it goes on', () => {
    const lab = threeServers();
    lab.run(10);
    lab.host('srv-1').freeze();
    lab.run(4);
    expect(lab.host('srv-2').keepalived()?.instances[0]?.state).toBe('MASTER');
    lab.host('srv-1').resume();
    lab.run(3);
    expect(lab.holders(VIP)).toEqual(['srv-1']);
  });

  test('a stopped daemon hears the adverts of the usurper when it goes on', () => {
    const lab = threeServers();
    lab.run(10);
    lab.host('srv-1').signal('keepalived', 'STOP');
    lab.run(8);
    expect(lab.holders(VIP)).toEqual(['srv-1', 'srv-2']);
    lab.host('srv-1').signal('keepalived', 'CONT');
    lab.run(2);
    expect(lab.holders(VIP)).toEqual(['srv-1']);
    const text =
      'Received advert from 192.168.0.102 with lower priority 100, ours 200, forcing new election';
    const lines = lab
      .host('srv-1')
      .journal()
      .filter((line) => line.text.includes(text));
    expect(lines.length).toBeGreaterThan(2);
  });

  test('all loses power, all comes back, and the first is master again', () => {
    const lab = threeServers();
    lab.run(10);
    for (const n of [1, 2, 3]) lab.host(`srv-${n}`).powerOff();
    lab.run(5);
    expect(lab.holders(VIP)).toEqual([]);
    for (const n of [1, 2, 3]) lab.host(`srv-${n}`).powerOn();
    lab.run(3.3);
    expect(lab.holders(VIP)).toEqual(['srv-1']);
  });

  test('disabled, keepalived does not come back with the machine', () => {
    const lab = threeServers();
    lab.run(5);
    lab.exec('srv-1', 'systemctl disable keepalived');
    lab.host('srv-1').reboot();
    lab.run(10);
    expect(lab.out('srv-1', 'systemctl is-enabled keepalived')).toBe('disabled\n');
    expect(lab.holders(VIP)).toEqual(['srv-2']);
  });

  test('the journal has keepalived’s lines under its identifiers', () => {
    const lab = threeServers();
    lab.run(5);
    const lines = lab.out('srv-1', 'journalctl -u keepalived --no-pager');
    expect(lines).toMatch(
      /^Jan 01 00:00:00 srv-1 Keepalived\[\d+\]: Starting Keepalived v2\.2\.7/m,
    );
    expect(lines).toMatch(
      /^Jan 01 00:00:03 srv-1 Keepalived_vrrp\[\d+\]: \(VI_1\) Entering MASTER STATE$/m,
    );
  });

  test('a seeded start differs from host to host and is the same for the same seed', () => {
    const starts = (seed: number) => {
      const lab = threeServers({ seed, jitter: 'seeded' });
      lab.run(2);
      return lab.engine.log.events
        .filter((event) => event.kind === 'program')
        .map((event) => [event.node, event.at]);
    };
    const first = starts(5);
    expect(first).toHaveLength(3);
    expect(new Set(first.map(([, at]) => at)).size).toBe(3);
    expect(first.every(([, at]) => (at as number) < 1_000_000)).toBe(true);
    expect(starts(5)).toEqual(first);
    expect(starts(6)).not.toEqual(first);
  });
});

describe('a pair whose check asks for nginx', () => {
  const pair = (options: Record<string, unknown>) => {
    const node = (name: string, last: number, priority: number) => ({
      name,
      addresses: [`10.0.0.${last}/24`],
      files: {
        '/etc/keepalived/keepalived.conf': `vrrp_script chk_nginx {
  script "pidof nginx"
  interval 2
}
vrrp_instance VI_1 {
  interface eth0
  state BACKUP
  virtual_router_id 51
  priority ${priority}
  virtual_ipaddress {
    10.0.0.101
  }
  track_script {
    chk_nginx
  }
}
`,
      },
      more: { programs: [{ kind: 'http', name: 'nginx', options }] },
    });
    return new Lab([node('A', 11, 100), node('B', 12, 90)]);
  };

  test('nginx dies and comes back, and the address follows', () => {
    const lab = pair({ port: 80 });
    lab.run(8);
    expect(lab.holders('10.0.0.101')).toEqual(['A']);
    lab.host('A').signal('nginx', 'KILL');
    lab.run(3.5);
    expect(lab.host('A').keepalived()?.instances[0]?.state).toBe('FAULT');
    expect(lab.holders('10.0.0.101')).toEqual(['B']);
    lab.exec('A', 'systemctl start nginx');
    lab.run(7);
    expect(lab.holders('10.0.0.101')).toEqual(['A']);
    lab.exec('A', 'killall -9 nginx');
    lab.exec('B', 'killall -9 nginx');
    lab.run(7);
    expect(lab.holders('10.0.0.101')).toEqual([]);
  });

  test('bound to the floating address it needs ip_nonlocal_bind, else the check is FAULT', () => {
    const lab = pair({ port: 80, address: '10.0.0.101' });
    lab.run(8);
    expect(lab.host('B').unitState('nginx')?.active).toBe('failed');
    expect(lab.host('B').keepalived()?.instances[0]?.state).toBe('FAULT');
    for (const name of ['A', 'B']) {
      lab.exec(name, 'echo net.ipv4.ip_nonlocal_bind=1 >> /etc/sysctl.conf; sysctl -p');
      lab.exec(name, 'systemctl start nginx');
    }
    lab.run(8);
    expect(lab.host('B').unitState('nginx')?.active).toBe('active');
    expect(lab.host('B').keepalived()?.instances[0]?.state).toBe('BACKUP');
    expect(lab.holders('10.0.0.101')).toEqual(['A']);
  });
});
