/** Every P1 and P2 keyword of the other VRRP blocks, of tracking and of notifications. */

import { describe, expect, it } from 'vitest';
import { FakeLan, s } from '../fake-system.ts';
import { alone, boot, commandsOf, conf, notified, reloadText, start } from './keyword-lab.ts';

const TWO = ['192.168.100.11/24', '10.0.0.1/24'];

function second(lines = ''): string {
  return `vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    ${lines}
    virtual_ipaddress {\n 10.0.0.100/24\n }
  }`;
}

function group(lines = ''): string {
  return `vrrp_sync_group G {
    group {\n VI_1\n VI_2\n }
    ${lines}
  }`;
}

/** One script: what it says, what the instance does with it. */
function scripted(script: string, track = 'chk', answers: readonly number[] = [0]) {
  const lan = new FakeLan();
  const n1 = lan.host('n1', 11);
  n1.scripts.set('chk', { exit: answers[0] as number, after: 1000 });
  const blocks = `vrrp_script chk {\n script "/usr/bin/chk -x"\n ${script}\n }`;
  boot(n1, conf({ blocks, instance: `track_script {\n ${track}\n }` }));
  for (const [second, exit] of answers.entries()) {
    lan.run(s(second - 0.5));
    n1.scripts.set('chk', { exit, after: 1000 });
  }
  lan.run(s(answers.length - 0.5));
  const status = n1.daemon?.status().instances[0];
  return { lan, n1, state: status?.state, priority: status?.effectivePriority };
}

describe('vrrp_script', () => {
  // proves: keyword:vrrp_script keyword:vrrp_script/script keyword:vrrp_instance/track_script
  it('script is run with its words when an instance tracks it, and its failure means FAULT', () => {
    const { n1, state } = scripted('', 'chk', [1]);
    expect(commandsOf(n1, 'script-run')[0]?.arguments).toEqual(['/usr/bin/chk', '-x']);
    expect(state).toBe('FAULT');
    expect(scripted('', 'chk', [0]).state).toBe('BACKUP');
  });

  // proves: keyword:vrrp_script/interval
  it('interval 3: one run every three seconds', () => {
    const runs = (script: string) => {
      const { n1 } = scripted(script, 'chk', [0, 0, 0, 0, 0, 0, 0]);
      return commandsOf(n1, 'script-run').length;
    };
    expect([runs('interval 1'), runs('interval 3')]).toEqual([7, 3]);
  });

  // proves: keyword:vrrp_script/timeout
  it('timeout 2: a script that hangs is ended after two seconds', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.scripts.set('chk', { exit: undefined, after: 0 });
    const blocks = 'vrrp_script chk {\n script /usr/bin/chk\n interval 5\n timeout 2\n }';
    boot(n1, conf({ blocks, instance: 'track_script {\n chk\n }' }));
    lan.run(s(1.9));
    expect(commandsOf(n1, 'script-signal').length).toBe(0);
    lan.run(s(2.1));
    expect(commandsOf(n1, 'script-signal').map((c) => c.signal)).toEqual(['TERM']);
  });

  // proves: keyword:vrrp_script/weight
  it('weight -30, and a weight of its own in track_script', () => {
    expect(scripted('weight -30', 'chk', [1, 1]).priority).toBe(70);
    expect(scripted('weight 30', 'chk', [0, 0]).priority).toBe(130);
    expect(scripted('weight -30', 'chk weight -40', [1, 1]).priority).toBe(60);
  });

  // proves: keyword:vrrp_script/rise
  it('rise 2: two successes in a row', () => {
    expect(scripted('rise 2', 'chk', [1, 0, 0]).state).toBe('BACKUP');
    expect(scripted('rise 2', 'chk', [1, 0]).state).toBe('FAULT');
    expect(scripted('', 'chk', [1, 0]).state).toBe('BACKUP');
  });

  // proves: keyword:vrrp_script/fall
  it('fall 3: three failures in a row', () => {
    expect(scripted('fall 3', 'chk', [0, 1, 1]).state).toBe('BACKUP');
    expect(scripted('fall 3', 'chk', [0, 1, 1, 1]).state).toBe('FAULT');
    expect(scripted('', 'chk', [0, 1]).state).toBe('FAULT');
  });

  // proves: keyword:vrrp_script/user
  it('user: whom the script runs as', () => {
    expect(commandsOf(scripted('user joe').n1, 'script-run')[0]?.user).toBe('joe');
    expect(commandsOf(scripted('').n1, 'script-run')[0]?.user).toBe('root');
  });

  // proves: keyword:vrrp_script/init_fail
  it('init_fail: read, and without effect in 2.2.7: no weight before the first answer, which decides alone', () => {
    const unanswered = (line: string) => {
      const lan = new FakeLan();
      const n1 = lan.host('n1', 11);
      n1.scripts.set('chk', { exit: 0, after: 900_000 });
      const blocks = `vrrp_script chk {\n script "/usr/bin/chk"\n weight -20\n ${line}\n }`;
      boot(n1, conf({ blocks, instance: 'track_script {\n chk\n }' }));
      lan.run(s(0.5));
      return n1.daemon?.status().instances[0]?.effectivePriority;
    };
    expect([unanswered(''), unanswered('init_fail')]).toEqual([100, 100]);
    expect(scripted('init_fail\n rise 3', 'chk', [0]).state).toBe('BACKUP');
    expect(scripted('init_fail\n rise 3', 'chk', [1]).state).toBe('FAULT');
  });
});

describe('tracking', () => {
  // proves: keyword:vrrp_instance/track_interface
  it('track_interface: FAULT without weight, lower priority with one', () => {
    const tracked = (line: string) => {
      const lan = new FakeLan();
      const n1 = start(lan, conf({ instance: `track_interface {\n ${line}\n }` }), TWO);
      lan.run(s(1));
      n1.carrier('eth1', false);
      const status = n1.daemon?.status().instances[0];
      return `${status?.state} ${status?.effectivePriority}`;
    };
    expect(tracked('eth1')).toBe('FAULT 100');
    expect(tracked('eth1 weight -20')).toBe('BACKUP 80');
  });

  function filed(block: string, track: string, value: string, keyword = 'track_file') {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.writeFile('/f', value);
    const blocks = `${keyword} f {\n file /f\n ${block}\n }`;
    boot(n1, conf({ blocks, instance: `track_file {\n ${track}\n }` }));
    lan.run(s(1));
    const status = n1.daemon?.status().instances[0];
    return { n1, text: `${status?.state} ${status?.effectivePriority}` };
  }

  // proves: keyword:track_file keyword:track_file/file keyword:track_file/weight
  // proves: keyword:vrrp_instance/track_file
  it('track_file: value times weight is added; without weight a value means FAULT', () => {
    expect(filed('weight 2', 'f', '10').text).toBe('BACKUP 120');
    expect(filed('weight 0', 'f', '10').text).toBe('FAULT 100');
    expect(filed('weight 2', 'f weight 3', '10').text).toBe('BACKUP 130');
    expect(filed('weight 2', 'f', '0').text).toBe('BACKUP 100');
  });

  // proves: keyword:vrrp_track_file keyword:vrrp_track_file/file keyword:vrrp_track_file/weight
  it('vrrp_track_file, the old name', () => {
    expect(filed('weight 2', 'f', '10', 'vrrp_track_file').text).toBe('BACKUP 120');
  });

  // proves: keyword:track_file/init_file keyword:vrrp_track_file/init_file
  it('init_file 5 overwrite: the file is written at start', () => {
    for (const keyword of ['track_file', 'vrrp_track_file']) {
      const { n1 } = filed('weight 1\n init_file 5 overwrite', 'f', '10', keyword);
      const written = commandsOf(n1, 'file-write').filter((c) => c.path === '/f');
      expect(written.map((c) => new TextDecoder().decode(c.bytes).trim())).toEqual(['5']);
    }
  });

  function processed(block: string, running: readonly string[], track = 'p') {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11);
    n1.running = running.map((line, index) => {
      const words = line.split(' ');
      return { pid: 10 + index, name: words[0] as string, arguments: words };
    });
    const blocks = `vrrp_track_process p {\n ${block}\n }`;
    boot(n1, conf({ blocks, instance: `track_process {\n ${track}\n }` }));
    lan.run(s(1));
    const status = n1.daemon?.status().instances[0];
    return { lan, n1, text: `${status?.state} ${status?.effectivePriority}` };
  }

  // proves: keyword:vrrp_track_process keyword:vrrp_track_process/process
  // proves: keyword:vrrp_instance/track_process keyword:vrrp_track_process/weight
  it('vrrp_track_process: FAULT while it does not run, or its weight', () => {
    expect(processed('process nginx', []).text).toBe('FAULT 100');
    expect(processed('process nginx', ['nginx']).text).toBe('BACKUP 100');
    expect(processed('process nginx\n weight 20', ['nginx']).text).toBe('BACKUP 120');
  });

  // proves: keyword:vrrp_track_process/quorum keyword:vrrp_track_process/quorum_max
  it('quorum 2 and quorum_max 2: not fewer, not more', () => {
    const block = 'process nginx\n quorum 2\n quorum_max 2';
    const many = (count: number) => Array.from({ length: count }, () => 'nginx');
    expect([1, 2, 3].map((n) => processed(block, many(n)).text)).toEqual([
      'FAULT 100',
      'BACKUP 100',
      'FAULT 100',
    ]);
  });

  // proves: keyword:vrrp_track_process/param_match keyword:vrrp_track_process/full_command
  it('param_match initial: the first parameters must be these; full_command: the whole line', () => {
    const initial = 'process nginx -g one\n param_match initial';
    expect(processed(initial, ['nginx -g one two']).text).toBe('BACKUP 100');
    expect(processed(initial, ['nginx -x -g one']).text).toBe('FAULT 100');
    const full = 'process /usr/sbin/nginx\n full_command';
    expect(processed(full, ['nginx']).text).toBe('FAULT 100');
    expect(processed(full, ['/usr/sbin/nginx']).text).toBe('BACKUP 100');
  });

  // proves: keyword:vrrp_track_process/delay keyword:vrrp_track_process/terminate_delay
  // proves: keyword:vrrp_track_process/fork_delay
  it('terminate_delay and fork_delay, or delay for both, put the judgement off', () => {
    for (const lines of ['terminate_delay 2\n fork_delay 3', 'delay 2']) {
      const { lan, n1 } = processed(`process nginx\n ${lines}`, ['nginx']);
      const nginx = { pid: 10, name: 'nginx', arguments: ['nginx'] };
      n1.event({ kind: 'process-ended', ...nginx });
      lan.run(s(2.9));
      expect(n1.states()).toBe('VI_1=BACKUP');
      lan.run(s(3.1));
      expect(n1.states()).toBe('VI_1=FAULT');
      n1.event({ kind: 'process-started', ...nginx, pid: 11 });
      lan.run(s(4.9));
      expect(n1.states()).toBe('VI_1=FAULT');
      lan.run(s(6.2));
      expect(n1.states()).toBe('VI_1=BACKUP');
    }
  });

  // proves: keyword:vrrp_instance/track_bfd
  it('track_bfd: FAULT while the session is down', () => {
    const lan = new FakeLan();
    const blocks =
      'bfd_instance peer {\n neighbor_ip 192.168.100.99\n source_ip 192.168.100.11\n }';
    const n1 = start(lan, conf({ blocks, instance: 'track_bfd {\n peer\n }' }));
    lan.run(s(5));
    expect(n1.states()).toBe('VI_1=FAULT');
    n1.carryOut(n1.daemon?.bfdChanged(lan.now as never, 'peer', true) ?? []);
    expect(n1.states()).toBe('VI_1=BACKUP');
  });

  // proves: keyword:interface_up_down_delays
  it('interface_up_down_delays: a short loss of carrier is not noticed', () => {
    const state = (blocks: string) => {
      const { n1, lan } = alone({ blocks }, 5);
      n1.carrier('eth0', false);
      lan.run(s(6));
      return n1.states();
    };
    expect(state('')).toBe('VI_1=FAULT');
    expect(state('interface_up_down_delays {\n eth0 2\n }')).toBe('VI_1=MASTER');
  });
});

describe('vrrp_sync_group', () => {
  function grouped(lines: string, more = '', instance = '') {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11, TWO);
    n1.running = [];
    n1.writeFile('/f', '1');
    n1.scripts.set('chk', { exit: 1, after: 1000 });
    boot(n1, conf({ blocks: `${more}\n ${group(lines)}`, instance, after: second() }));
    return { lan, n1 };
  }
  const DOWN = 'VI_1=FAULT VI_2=FAULT';

  // proves: keyword:vrrp_sync_group keyword:vrrp_sync_group/group
  it('group: the fault of one member is the fault of all', () => {
    const { lan, n1 } = grouped('');
    lan.run(s(5));
    expect(n1.states()).toBe('VI_1=MASTER VI_2=MASTER');
    n1.carrier('eth1', false);
    expect(n1.states()).toBe(DOWN);
  });

  // proves: keyword:vrrp_sync_group/track_interface keyword:vrrp_sync_group/track_script
  // proves: keyword:vrrp_sync_group/track_file keyword:vrrp_sync_group/track_process
  // proves: keyword:vrrp_sync_group/track_bfd
  it('track_interface, track_script, track_file, track_process, track_bfd of a group', () => {
    const rows: readonly (readonly [string, string])[] = [
      ['track_script {\n chk\n }', 'vrrp_script chk {\n script /chk\n }'],
      ['track_file {\n f\n }', 'track_file f {\n file /f\n weight 0\n }'],
      ['track_process {\n p\n }', 'vrrp_track_process p {\n process nginx\n }'],
      ['track_bfd {\n b\n }', 'bfd_instance b {\n neighbor_ip 10.0.0.9\n source_ip 10.0.0.1\n }'],
    ];
    for (const [lines, more] of rows) {
      const { lan, n1 } = grouped(lines, more);
      lan.run(s(2));
      expect(n1.states(), lines).toBe(DOWN);
      const without = grouped('', more);
      without.lan.run(s(2));
      expect(without.n1.states()).toBe('VI_1=BACKUP VI_2=BACKUP');
    }
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11, [...TWO, '10.1.0.1/24']);
    boot(n1, conf({ blocks: group('track_interface {\n eth2\n }'), after: second() }));
    lan.run(s(5));
    n1.carrier('eth2', false);
    expect(n1.states()).toBe(DOWN);
  });

  // proves: keyword:vrrp_sync_group/notify_backup keyword:vrrp_sync_group/notify_master
  // proves: keyword:vrrp_sync_group/notify_fault keyword:vrrp_sync_group/notify_stop
  // proves: keyword:vrrp_sync_group/notify
  it('notifications of a group', () => {
    const { lan, n1 } = grouped(
      'notify_backup /b\n notify_master /m\n notify_fault /f\n notify_stop /s\n notify /n',
    );
    lan.run(s(5));
    n1.carrier('eth0', false);
    n1.stop();
    expect(notified(n1)).toEqual([
      ...['/b', '/n GROUP G BACKUP 0', '/m', '/n GROUP G MASTER 0'],
      ...['/f', '/n GROUP G FAULT 0', '/s', '/n GROUP G STOP 0'],
    ]);
  });

  // proves: keyword:vrrp_sync_group/smtp_alert
  it('smtp_alert of a group', () => {
    const lan = new FakeLan();
    const n1 = lan.host('n1', 11, TWO);
    const global = 'notification_email {\n a@example.org\n }';
    boot(n1, conf({ global, blocks: group('smtp_alert'), after: second() }));
    lan.run(s(5));
    const subjects = n1.reports.flatMap((r) => (r.kind === 'mail' ? [r.subject] : []));
    expect(subjects).toEqual([
      '[n1] VRRP Group G - Entering BACKUP state',
      '[n1] VRRP Group G - Entering MASTER state',
    ]);
  });

  // proves: keyword:vrrp_sync_group/sync_group_tracking_weight
  it('sync_group_tracking_weight: weights of members count only with it', () => {
    const priority = (lines: string) => {
      const { lan, n1 } = grouped(
        lines,
        'vrrp_script chk {\n script /chk\n weight -20\n }',
        'track_script {\n chk\n }',
      );
      lan.run(s(2));
      return n1.daemon?.status().instances[0]?.effectivePriority;
    };
    expect(priority('')).toBe(100);
    expect(priority('sync_group_tracking_weight')).toBe(80);
  });
});

describe('notifications of an instance', () => {
  // proves: keyword:vrrp_instance/notify_master keyword:vrrp_instance/notify_backup
  // proves: keyword:vrrp_instance/notify_fault keyword:vrrp_instance/notify_stop
  // proves: keyword:vrrp_instance/notify
  it('notify_*, then notify with INSTANCE, name, state, priority', () => {
    const { n1 } = alone(
      {
        instance: `notify_backup "/b one"\n notify_master /m\n notify_fault /f\n notify_stop /s
          notify /n`,
      },
      5,
    );
    n1.carrier('eth0', false);
    n1.stop();
    expect(notified(n1)).toEqual([
      ...['/b one', '/n INSTANCE VI_1 BACKUP 100', '/m', '/n INSTANCE VI_1 MASTER 100'],
      ...['/f', '/n INSTANCE VI_1 FAULT 100', '/s', '/n INSTANCE VI_1 STOP 100'],
    ]);
  });

  // proves: keyword:vrrp_instance/notify_master_rx_lower_pri
  it('notify_master_rx_lower_pri: a MASTER heard a lower advert', () => {
    const lan = new FakeLan();
    const n1 = start(lan, conf({ priority: 200, instance: 'notify_master_rx_lower_pri /low' }));
    start(lan, conf());
    lan.loses = () => true;
    lan.run(s(10));
    expect(notified(n1)).toEqual([]);
    lan.loses = (from) => from.name === 'n1';
    lan.run(s(11));
    expect(notified(n1)).toEqual(['/low']);
  });

  // proves: keyword:vrrp_instance/notify_deleted
  it('notify_deleted: DELETED when the instance goes at a reload', () => {
    const last = (instance: string) => {
      const lan = new FakeLan();
      const n1 = start(lan, conf({ instance: `notify /n\n ${instance}`, after: second() }), TWO);
      lan.run(s(5));
      reloadText(n1, `global_defs {\n script_user root\n enable_script_security\n }\n ${second()}`);
      return notified(n1).at(-1);
    };
    expect(last('notify_deleted /gone')).toBe('/n INSTANCE VI_1 DELETED 100');
  });

  // proves: keyword:vrrp_instance/smtp_alert
  it('smtp_alert', () => {
    const mails = (instance: string) =>
      alone({ global: 'notification_email {\n a@example.org\n }', instance }, 5).n1.reports.filter(
        (r) => r.kind === 'mail',
      ).length;
    expect([mails(''), mails('smtp_alert')]).toEqual([0, 2]);
  });
});

describe('static objects', () => {
  // proves: keyword:static_routes keyword:static_rules
  it('static_routes and static_rules stay for the life of the daemon', () => {
    const blocks = `static_routes {\n 10.8.0.0/16 via 192.168.100.1\n }
      static_rules {\n from 10.8.0.1 table 101\n }`;
    const { n1 } = alone({ blocks }, 1);
    expect(commandsOf(n1, 'route-add')[0]?.words.join(' ')).toContain('10.8.0.0/16');
    expect(commandsOf(n1, 'rule-add')[0]?.words.join(' ')).toContain('from 10.8.0.1');
    n1.stop();
    expect(commandsOf(n1, 'route-delete').length).toBe(1);
    expect(commandsOf(n1, 'rule-delete').length).toBe(1);
  });

  // proves: keyword:vrrp_instance/garp_extra_if
  it('garp_extra_if 2: the VMAC interface repeats its gratuitous ARP', () => {
    const extra = (instance: string) => {
      const lan = new FakeLan();
      const n1 = lan.host('n1', 11);
      const eth0 = n1.links.get('eth0');
      if (eth0 === undefined) throw new Error('no eth0');
      const facts = { ...eth0.facts, name: 'vrrp.51', kind: 'macvlan', addresses: [] } as const;
      boot(n1, conf({ instance: `use_vmac\n vmac_xmit_base\n garp_master_delay 0\n ${instance}` }));
      n1.links.set('vrrp.51', { segment: 'a', facts: { ...facts, base: 'eth0' } });
      lan.run(s(10));
      return commandsOf(n1, 'frame-send').filter((c) => c.interface === 'vrrp.51').length;
    };
    expect(extra('garp_extra_if 2')).toBeGreaterThan(extra(''));
  });
});
