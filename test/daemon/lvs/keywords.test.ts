/** Keywords of virtual_server and real_server: what changes in the kernel's table when they are there. */

import { describe, expect, it } from 'vitest';
import { Director, s } from '../check/director.ts';

const TCP = 'TCP_CHECK { connect_timeout 2\n retry 2\n delay_before_retry 1\n }';

interface Parts {
  readonly global?: string;
  readonly service?: string;
  readonly first?: string;
  readonly second?: string;
  readonly key?: string;
}

/** Two real servers .11 and .12 behind 10.10.0.100:80, checked every 3 s. */
function conf(parts: Parts = {}): string {
  const server = (last: number, more: string | undefined) =>
    `real_server 10.10.0.${last} 80 {\n ${more ?? `weight 1\n ${TCP}`}\n }\n`;
  return `global_defs {
  router_id TWIN
  script_user root
  enable_script_security
  notification_email {
   a@b
  }
  ${parts.global ?? ''}
}
virtual_server ${parts.key ?? '10.10.0.100 80'} {
  lb_algo rr
  lb_kind DR
  protocol TCP
  delay_loop 3
  ${parts.service ?? ''}
  ${server(11, parts.first)}${server(12, parts.second)}
}
`;
}

function run(parts: Parts, until: number, prepare?: (director: Director) => void): Director {
  const director = new Director();
  prepare?.(director);
  director.start(conf(parts));
  director.run(s(until));
  return director;
}

function close(director: Director, ...last: number[]): void {
  for (const one of last) director.servers.set(`10.10.0.${one}`, { port: 'closed' });
}

function open(director: Director, ...last: number[]): void {
  for (const one of last) director.servers.set(`10.10.0.${one}`, { port: 'open' });
}

const first = (director: Director) => director.ipvs()[0];

describe('virtual_server', () => {
  // proves: keyword:virtual_server keyword:virtual_server/real_server keyword:virtual_server/lb_algo keyword:virtual_server/lb_kind keyword:virtual_server/protocol
  it('a service and its servers enter the kernel before any check', () => {
    expect(run({}, 0.1).ipvs()).toEqual([
      '-A -t 10.10.0.100:80 -s rr',
      '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -g -w 1',
      '-a -t 10.10.0.100:80 -r 10.10.0.12:80 -g -w 1',
    ]);
  });

  // proves: keyword:virtual_server/lvs_sched keyword:virtual_server/lvs_method
  it('lvs_sched and lvs_method are the new names', () => {
    const words = run({ service: 'lvs_sched wlc\n lvs_method NAT' }, 0.1).ipvs();
    expect(words[0]).toBe('-A -t 10.10.0.100:80 -s wlc');
    expect(words[1]).toBe('-a -t 10.10.0.100:80 -r 10.10.0.11:80 -m -w 1');
  });

  // proves: keyword:virtual_server/delay_loop
  it('delay_loop is the pace of the checks', () => {
    const times = run({ service: 'delay_loop 5' }, 30)
      .opened.filter((one) => one.to === '10.10.0.11:80')
      .map((one) => one.at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(gaps.every((gap) => Math.abs(gap - s(5)) < 1000)).toBe(true);
    expect(times.length).toBe(6);
  });

  // proves: keyword:virtual_server/persistence_timeout keyword:virtual_server/persistence_granularity keyword:virtual_server/persistence_engine
  it('persistence goes to the kernel', () => {
    expect(first(run({ service: 'persistence_timeout' }, 0.1))).toBe(
      '-A -t 10.10.0.100:80 -s rr -p 360',
    );
    const service = 'persistence_timeout 50\n persistence_granularity 255.255.255.0';
    expect(first(run({ service }, 0.1))).toContain('-p 50 -M 255.255.255.0');
    const sip = 'persistence_timeout 50\n persistence_engine sip\n ops\n protocol UDP';
    expect(first(run({ service: sip }, 0.1))).toBe('-A -u 10.10.0.100:80 -s rr -p 50 --pe sip -o');
  });

  // proves: keyword:virtual_server/sh-port keyword:virtual_server/sh-fallback keyword:virtual_server/ops
  it('flags of a scheduler go to the kernel', () => {
    const service = 'lb_algo sh\n sh-port\n sh-fallback';
    expect(first(run({ service }, 0.1))).toContain('-b sh-fallback,sh-port');
    expect(first(run({ service: 'protocol UDP\n ops' }, 0.1))).toContain('-o');
  });

  // proves: keyword:virtual_server/retry keyword:virtual_server/delay_before_retry
  it('retry and delay_before_retry decide when a failure counts', () => {
    const plain = { first: 'TCP_CHECK {\n }', second: 'TCP_CHECK {\n }' };
    const downAt = (service: string) => {
      const director = new Director();
      director.start(conf({ ...plain, service }));
      director.schedule(s(5), () => close(director, 11));
      director.run(s(40));
      return director.tables.find((one) => one.at > s(5))?.at ?? 0;
    };
    // 7 s, and one retry a second later.
    const quick = downAt('retry 1');
    expect(Math.round(quick / s(1))).toBe(8);
    expect(downAt('retry 4\n delay_before_retry 2') - quick).toBeGreaterThan(s(6.9));
    expect(downAt('retry 4\n delay_before_retry 2') - quick).toBeLessThan(s(7.1));
  });

  // proves: keyword:virtual_server/connect_timeout
  it('connect_timeout is the patience with a silent server', () => {
    const plain = { first: 'TCP_CHECK {\n }', second: 'TCP_CHECK {\n }', service: 'retry 0' };
    const downAt = (timeout: number) =>
      run({ ...plain, service: `warmup 0\n connect_timeout ${timeout}` }, 20, (director) =>
        director.servers.set('10.10.0.11', { port: 'gone' }),
      ).tables[1]?.at;
    expect(downAt(2)).toBe(s(3));
    expect(downAt(4)).toBe(s(5));
  });

  // proves: keyword:virtual_server/warmup
  it('warmup 0 lets the first check come after one second', () => {
    expect(run({ service: 'warmup 0' }, 10).opened[0]?.at).toBe(s(1));
    const draws = (director: Director) => director.draws.push(2_147_483_648, 0);
    expect(run({ service: 'warmup 8' }, 10, draws).opened.map((one) => one.at)).toContain(s(5));
  });

  // proves: keyword:virtual_server/sorry_server keyword:virtual_server/sorry_server_inhibit keyword:virtual_server/sorry_server_lvs_method
  it('sorry_server takes the place of the dead', () => {
    const dead = (director: Director) => close(director, 11, 12);
    const plain = run({ service: 'sorry_server 10.10.0.14 80' }, 20, dead);
    expect(plain.tables.at(-1)?.text).toBe('TCP 10.10.0.100:80 rr: 10.10.0.14:80 Route w1');
    const service = 'sorry_server 10.10.0.14 80\n sorry_server_inhibit';
    expect(run({ service }, 0.5).tables.at(-1)?.text).toContain('10.10.0.14:80 Route w0');
    expect(run({ service }, 20, dead).tables.at(-1)?.text).toContain('10.10.0.14:80 Route w1');
    const nat = 'sorry_server 10.10.0.14 80\n sorry_server_lvs_method NAT';
    expect(run({ service: nat }, 20, dead).tables.at(-1)?.text).toContain('14:80 Masq w1');
  });

  // proves: keyword:virtual_server/quorum keyword:virtual_server/hysteresis keyword:virtual_server/quorum_up keyword:virtual_server/quorum_down
  it('quorum and hysteresis say when enough servers live, scripts are told', () => {
    const service = 'quorum 2\n hysteresis 1\n quorum_up "/bin/up"\n quorum_down "/bin/down"';
    const heavy = `weight 2\n ${TCP}`;
    const director = new Director();
    director.start(conf({ service, first: heavy, second: heavy }));
    expect(director.lines()).toContain('Gained quorum 2+1=3 <= 4 for VS [10.10.0.100]:tcp:80');
    director.schedule(s(5), () => close(director, 11));
    director.schedule(s(20), () => close(director, 12));
    director.run(s(30));
    expect(director.lines()).toContain('Lost quorum 2-1=1 > 0 for VS [10.10.0.100]:tcp:80');
    director.schedule(s(30), () => open(director, 11));
    director.run(s(40));
    expect(director.notified()).toEqual(['/bin/up', '/bin/down']);
    director.schedule(s(40), () => open(director, 12));
    director.run(s(50));
    expect(director.notified()).toEqual(['/bin/up', '/bin/down', '/bin/up']);
  });

  // proves: keyword:virtual_server/alpha
  it('alpha keeps servers out until they were checked', () => {
    const director = run({ service: 'alpha' }, 20, (one) => close(one, 12));
    expect(director.tables[0]?.text).toBe('TCP 10.10.0.100:80 rr: (no real server)');
    expect(director.tables.at(-1)?.text).toBe('TCP 10.10.0.100:80 rr: 10.10.0.11:80 Route w1');
  });

  // proves: keyword:virtual_server/omega
  it('omega: the end tells the scripts, too', () => {
    const more = `notify_down "/bin/down"\n ${TCP}`;
    const atEnd = (service: string) => {
      const director = run({ service: `quorum_down "/bin/lost"\n ${service}`, first: more }, 10);
      director.stop();
      return director.notified();
    };
    expect(atEnd('')).toEqual([]);
    expect(atEnd('omega')).toEqual(['/bin/down', '/bin/lost']);
  });

  // proves: keyword:virtual_server/inhibit_on_failure keyword:virtual_server/real_server/inhibit_on_failure
  it('inhibit_on_failure leaves a dead server with weight 0', () => {
    const dead = (director: Director) => close(director, 11);
    const table = 'TCP 10.10.0.100:80 rr: 10.10.0.11:80 Route w0, 10.10.0.12:80 Route w1';
    const service = run({ service: 'inhibit_on_failure' }, 20, dead);
    expect(service.tables.at(-1)?.text).toBe(table);
    expect(service.lines().at(-1)).toMatch(/^(Disabling service \[10.10.0.11\].* of VS|TCP conn)/);
    const server = run({ first: `inhibit_on_failure\n ${TCP}` }, 20, dead);
    expect(server.tables.at(-1)?.text).toBe(table);
    service.schedule(s(20), () => open(service, 11));
    service.run(s(30));
    expect(service.tables.at(-1)?.text).toContain('10.10.0.11:80 Route w1');
  });

  // proves: keyword:virtual_server/ha_suspend
  it('ha_suspend: nothing is checked while the address is elsewhere', () => {
    const director = run({ service: 'ha_suspend' }, 20);
    expect(director.opened).toEqual([]);
    expect(director.lines().join()).toContain('Deactivating healthchecker');
    director.setAddress('10.10.0.100/32', true);
    director.run(s(30));
    expect(director.opened.length).toBeGreaterThan(2);
    const { length } = director.opened;
    director.setAddress('10.10.0.100/32', false);
    director.run(s(60));
    expect(director.opened.length).toBe(length);
    expect(director.lines().at(-1)).toContain('Suspending healthchecker for service');
  });

  // proves: keyword:virtual_server/smtp_alert keyword:virtual_server/real_server/smtp_alert
  it('smtp_alert writes mails about services and servers', () => {
    const dead = (director: Director) => close(director, 11, 12);
    const subjects = (parts: Parts) =>
      run(parts, 20, dead).reports.flatMap((one) => (one.kind === 'mail' ? [one.subject] : []));
    const rs =
      '[TWIN] Realserver [10.10.0.11]:tcp:80 of virtual server [10.10.0.100]:tcp:80 - DOWN';
    expect(subjects({})).toContain(rs);
    expect(subjects({}).join()).not.toContain('Virtualserver');
    expect(subjects({ service: 'smtp_alert' })).toContain(
      '[TWIN] Virtualserver [10.10.0.100]:tcp:80 - DOWN',
    );
    expect(subjects({ first: `smtp_alert off\n ${TCP}` })).not.toContain(rs);
  });

  // proves: keyword:virtual_server/weight keyword:virtual_server/real_server/weight
  it('weight of the service is the default of its servers', () => {
    const plain = run({ service: 'weight 5', first: TCP, second: `weight 7\n ${TCP}` }, 0.1);
    expect(plain.tables[0]?.text).toContain('10.10.0.11:80 Route w5, 10.10.0.12:80 Route w7');
  });

  it('a forward mark is a service without address', () => {
    expect(run({ key: 'fwmark 5' }, 0.1).ipvs()).toContain('-a -f 5 -r 10.10.0.11:0 -g -w 1');
    // ipvsadm refuses -6 in front of -f.
    const director = new Director();
    director.start(
      'virtual_server fwmark 5 inet6 {\n lb_algo rr\n lb_kind NAT\n' +
        ` real_server 2001:db8::1 80 {\n ${TCP}\n }\n}\n`,
    );
    // With NAT a server keeps its port (seen with 2.2.7), with DR it has none.
    expect(director.ipvs().slice(0, 2)).toEqual([
      '-A -f 5 -6 -s rr',
      '-a -f 5 -6 -r [2001:db8::1]:80 -m -w 1',
    ]);
  });
});

describe('virtual_server_group', () => {
  // proves: keyword:virtual_server_group
  it('makes a service of every member', () => {
    const director = new Director();
    const group = 'virtual_server_group G {\n 10.10.0.100-101 80\n fwmark 9\n}\n';
    director.start(group + conf({ key: 'group G' }));
    const made = director.ipvs().filter((words) => words.startsWith('-A'));
    expect(made).toEqual([
      '-A -t 10.10.0.100:80 -s rr',
      '-A -t 10.10.0.101:80 -s rr',
      '-A -f 9 -s rr',
    ]);
    // 2.2.7 leaves the granularity of a group out (seen), and has it for a service of its own.
    const persistent = 'persistence_timeout 60\n persistence_granularity 255.255.0.0';
    const grouped = new Director();
    grouped.start(group + conf({ key: 'group G', service: persistent }));
    expect(grouped.ipvs().filter((words) => words.includes('-M'))).toEqual([]);
    expect(run({ service: persistent }, 0.1).ipvs()[0]).toMatch(/ -p 60 -M 255\.255\.0\.0$/);
  });
});

describe('real_server', () => {
  // proves: keyword:virtual_server/real_server/lvs_method keyword:virtual_server/real_server/uthreshold keyword:virtual_server/real_server/lthreshold
  it('method and thresholds are its own', () => {
    const more = `lvs_method TUN type gue port 6080\n uthreshold 100\n lthreshold 50\n ${TCP}`;
    expect(run({ first: more }, 0.1).ipvs()).toContain(
      '-a -t 10.10.0.100:80 -r 10.10.0.11:80 -i --tun-type gue --tun-port 6080 --tun-nocsum -w 1 -x 100 -y 50',
    );
  });

  // proves: keyword:virtual_server/real_server/notify_up keyword:virtual_server/real_server/notify_down
  it('notify_up and notify_down are run when it changes', () => {
    const director = run(
      { first: `notify_up "/bin/up rs1"\n notify_down "/bin/down rs1"\n ${TCP}` },
      20,
      (one) => close(one, 11),
    );
    expect(director.notified()).toEqual(['/bin/down rs1']);
    director.schedule(s(20), () => open(director, 11));
    director.run(s(30));
    expect(director.notified()).toEqual(['/bin/down rs1', '/bin/up rs1']);
  });

  // proves: keyword:virtual_server/real_server/alpha keyword:virtual_server/real_server/warmup
  it('alpha and warmup can be its own', () => {
    const director = run({ first: `alpha\n warmup 0\n ${TCP}` }, 20);
    expect(director.tables[0]?.text).not.toContain('10.10.0.11');
    expect(director.tables[1]?.text).toContain('10.10.0.11:80 Route w1');
    expect(director.tables[1]?.at).toBeLessThan(s(1.01));
  });
});

describe('global_defs', () => {
  // proves: keyword:global_defs/lvs_timeouts keyword:global_defs/lvs_flush
  it('lvs_timeouts and lvs_flush come first', () => {
    const words = run({ global: 'lvs_flush\n lvs_timeouts tcp 600 udp 10' }, 0.1).ipvs();
    expect(words.slice(0, 2)).toEqual(['--set 600 0 10', '-C']);
  });

  // proves: keyword:global_defs/lvs_flush_on_stop
  it('lvs_flush_on_stop ends services in one go', () => {
    const end = (global: string) => {
      const director = run({ global }, 5);
      director.stop();
      return director.ipvs(s(5));
    };
    expect(end('lvs_flush_on_stop')).toEqual(['-C']);
    expect(end('lvs_flush_on_stop VS')).toEqual(['-D -t 10.10.0.100:80']);
    expect(end('').length).toBe(3);
  });

  // proves: keyword:global_defs/lvs_notify_fifo
  it('lvs_notify_fifo hears of servers and services', () => {
    const director = run({ global: 'lvs_notify_fifo /run/fifo' }, 20, (one) => close(one, 11, 12));
    const lines = director.commands.flatMap(({ command }) =>
      command.kind === 'fifo-write' && command.path === '/run/fifo' ? [command.line] : [],
    );
    expect(lines).toContain('RS [10.10.0.11]:tcp:80 [10.10.0.100]:tcp:80 DOWN');
    expect(lines.at(-1)).toBe('VS [10.10.0.100]:tcp:80 DOWN');
  });
});

describe('what a killed daemon left', () => {
  it('stays as it is, and the log says that it is there (recorded)', () => {
    const director = new Director();
    director.table.apply('-A -t 10.10.0.100:80 -s wlc'.split(' '));
    director.table.apply('-a -t 10.10.0.100:80 -r 10.10.0.11:80 -m -w 9'.split(' '));
    director.start(conf());
    director.run(s(0.5));
    expect(director.tables.at(-1)?.text).toBe(
      'TCP 10.10.0.100:80 wlc: 10.10.0.11:80 Masq w9, 10.10.0.12:80 Route w1',
    );
    expect(director.lines().filter((line) => line.startsWith('IPVS'))).toEqual([
      'IPVS cmd IP_VS_SO_SET_ADD(1154) error: Service already exists(17) (10.10.0.100:tcp:80)',
      'IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: Destination already exists(17) (10.10.0.100:tcp:80 -> 10.10.0.11:80)',
    ]);
  });
});
