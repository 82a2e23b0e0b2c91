/** Pings, scripts, reloads, quorums and pairs of directors, as plain data. */

import {
  answers,
  both,
  type CheckerPlan,
  cable,
  closed,
  conf,
  hello,
  http,
  open,
  page,
  pair,
  port,
  script,
  TCP,
} from './plan.ts';

const MISC = (name: string) => `MISC_CHECK {\n misc_path /run/${name}.sh\n misc_dynamic\n }`;
const FILE = 'FILE_CHECK {\n track_file f1\n weight 2\n }';

export const POOL_PLANS: readonly CheckerPlan[] = [
  {
    id: 'k46-ping',
    title: 'PING_CHECK connect_timeout 2, retry 2, delay_before_retry 1; unplugged and plugged',
    configs: [
      conf(
        'delay_loop 3',
        both('PING_CHECK {\n connect_timeout 2\n retry 2\n delay_before_retry 1\n }'),
      ),
    ],
    events: [cable(10, 'rs1', false), cable(36, 'rs1', true)],
    end: 50,
  },
  {
    id: 'k47-reload-failed',
    title:
      'SIGHUP while rs1 is down: weight of rs1 and quorum changed, rs2 gets another checker, a second service appears',
    configs: [conf('delay_loop 2', both(TCP))],
    second: `${conf('delay_loop 2\n quorum 2', [
      [11, TCP],
      [12, http('path /\n status_code 200')],
    ]).replace('weight 1', 'weight 5')}virtual_server 10.10.0.100 81 {
  lb_algo wrr
  lb_kind NAT
  protocol TCP
  delay_loop 2
  real_server 10.10.0.13 80 {
    weight 3
    ${TCP}
  }
}
`,
    events: [
      closed(8, 'rs1'),
      { at: 18, text: 'SIGHUP, second file' },
      open(28, 'rs1'),
      answers(36, 'rs2', 500),
      answers(46, 'rs2', 200),
    ],
    end: 58,
  },
  {
    id: 'k48-reload-alpha',
    title: 'alpha; SIGHUP adds rs3 and takes rs1 away; later with the same file',
    configs: [conf('delay_loop 2\n alpha', both(TCP))],
    second: conf('delay_loop 2\n alpha', [
      [12, TCP],
      [13, TCP],
    ]),
    events: [
      { at: 12, text: 'SIGHUP, second file' },
      closed(20, 'rs3'),
      { at: 28, text: 'SIGHUP, nothing changed' },
      open(34, 'rs3'),
    ],
    end: 44,
  },
  {
    id: 'k49-weights-quorum',
    title: 'weights 3 2 1, quorum 3, hysteresis 0; lb_kind NAT, wrr',
    configs: [
      conf('delay_loop 2\n quorum 3', [
        [11, TCP],
        [12, TCP],
        [13, TCP],
      ])
        .replace('weight 1', 'weight 3')
        .replace('weight 1', 'weight 2')
        .replace('lb_kind DR', 'lb_kind NAT')
        .replace('lb_algo rr', 'lb_algo wrr'),
    ],
    events: [
      closed(8, 'rs1'),
      closed(16, 'rs2'),
      open(24, 'rs1'),
      closed(32, 'rs3'),
      open(40, 'rs2'),
    ],
    end: 50,
  },
  {
    id: 'k50-two-checkers',
    title:
      'two checkers for one server: TCP_CHECK and HTTP_GET; three services, one UDP with fwmark',
    configs: [
      `${conf('delay_loop 2', both(`${TCP}\n ${http('path /\n status_code 200')}`))}virtual_server fwmark 7 {
  lb_algo wlc
  lb_kind DR
  protocol TCP
  delay_loop 3
  persistence_timeout 60
  real_server 10.10.0.13 80 {
    weight 1
    ${TCP}
  }
}
`,
    ],
    events: [answers(10, 'rs1', 500), closed(20, 'rs1'), open(30, 'rs1'), closed(40, 'rs3')],
    end: 54,
  },
  {
    id: 'k51-file-check',
    title: 'FILE_CHECK over a track_file; weights change with the file',
    configs: [
      conf(
        'delay_loop 2',
        [
          [11, 'FILE_CHECK {\n track_file f1\n weight 2\n }'],
          [12, 'FILE_CHECK {\n track_file f1\n weight 0\n }'],
        ],
        'track_file f1 {\n file /run/k51.txt\n init_file 0\n}\n',
      ),
    ],
    files: { '/run/k51.txt': '0\n' },
    events: [
      { at: 8, text: 'file /run/k51.txt 5', file: ['/run/k51.txt', '5\n'] },
      { at: 16, text: 'file /run/k51.txt 0', file: ['/run/k51.txt', '0\n'] },
      { at: 24, text: 'file /run/k51.txt 254', file: ['/run/k51.txt', '254\n'] },
      { at: 32, text: 'file /run/k51.txt -3', file: ['/run/k51.txt', '-3\n'] },
    ],
    end: 40,
  },
  {
    id: 'k52-warmup',
    title: 'warmup 6 for rs1, warmup 0 for rs2, delay_before_retry and retry of the service',
    configs: [
      conf('delay_loop 3\n retry 2\n delay_before_retry 2\n connect_timeout 2', [
        [11, 'TCP_CHECK {\n warmup 6\n }'],
        [12, 'TCP_CHECK {\n warmup 0\n }'],
      ]),
    ],
    before: [{ serve: [['rs2', 80, { kind: 'closed' }]] }],
    events: [open(10, 'rs2'), closed(18, 'rs1'), open(30, 'rs1')],
    end: 42,
  },
  {
    id: 'k53-misc-all-failures',
    title: 'MISC_CHECK log_all_failures: retry 2, no retry',
    configs: [
      conf('delay_loop 3', [
        [
          11,
          'MISC_CHECK {\n misc_path /run/k53.sh\n retry 2\n delay_before_retry 1\n log_all_failures\n }',
        ],
        [12, 'MISC_CHECK {\n misc_path /run/k53.sh\n log_all_failures\n }'],
      ]),
    ],
    files: { '/run/k53.sh': '#!/bin/sh\nexit 0\n' },
    events: [script(10, '/run/k53.sh', 3), script(26, '/run/k53.sh', 0)],
    end: 36,
  },
  {
    id: 'k54-http-all-failures',
    title:
      'HTTP_GET log_all_failures; digest (rs1) and regex (rs2) with status 404, status_code (rs3)',
    configs: [
      conf('delay_loop 3', [
        [11, http(`path /\n digest ${hello}`, 'retry 2\n delay_before_retry 1\n log_all_failures')],
        [12, http('path /\n regex "hello"', 'retry 2\n delay_before_retry 1\n log_all_failures')],
        [13, http('path /\n status_code 200', 'retry 1\n delay_before_retry 1\n log_all_failures')],
      ]),
    ],
    events: [
      answers(10, 'rs1', 404),
      answers(10.2, 'rs2', 404),
      answers(10.4, 'rs3', 500),
      answers(24, 'rs1', 302),
      answers(24.2, 'rs2', 302),
      answers(34, 'rs1', 201),
      answers(34.2, 'rs2', 201),
      closed(34.4, 'rs3'),
      page(44, 'rs1', 'other'),
      page(44.2, 'rs2', 'other'),
    ],
    end: 56,
  },
  {
    id: 'k55-all-failures',
    title: 'log_all_failures of TCP_CHECK, PING_CHECK, SMTP_CHECK and DNS_CHECK, retry 1',
    configs: [
      conf('delay_loop 3\n retry 1\n delay_before_retry 1\n connect_timeout 2', [
        [11, 'TCP_CHECK {\n log_all_failures\n }'],
        [12, 'PING_CHECK {\n log_all_failures\n }'],
        [13, 'SMTP_CHECK {\n log_all_failures\n helo_name a.test\n }'],
        [14, 'DNS_CHECK {\n type A\n name a.test\n connect_port 53\n log_all_failures\n }'],
      ]),
    ],
    before: [
      {
        serve: [
          ['rs3', 25, { kind: 'smtp', banner: '220 hello' }],
          ['rs3', 80, { kind: 'closed' }],
          ['rs4', 53, { kind: 'dns', rcode: 0, answers: 1 }],
        ],
      },
    ],
    events: [
      closed(10, 'rs1'),
      cable(11, 'rs2', false),
      port(12, 'rs3: smtp 80 closed', ['rs3', 80, { kind: 'closed' }]),
      port(13, 'rs4: dns 53 rcode 2 answers 0', ['rs4', 53, { kind: 'dns', rcode: 2, answers: 0 }]),
      open(24, 'rs1'),
      cable(28, 'rs2', true),
      port(30, 'rs4: dns 53 rcode 0 answers 1', ['rs4', 53, { kind: 'dns', rcode: 0, answers: 1 }]),
    ],
    end: 42,
  },
  {
    id: 'k56-port-of-server',
    title: 'DR: the real servers have port 8080, the service 80',
    configs: [
      conf('delay_loop 3', [
        [11, TCP],
        [12, http('path /')],
      ]).replaceAll(/(10.10.0.1[12]) 80/g, '$1 8080'),
    ],
    before: [{ serve: [['rs1', 8080, { kind: 'http', status: 200 }]] }],
    events: [
      port(10, 'rs2: http 8080 open', ['rs2', 8080, { kind: 'http', status: 200 }]),
      port(18, 'rs1: http 8080 closed', ['rs1', 8080, { kind: 'closed' }]),
    ],
    end: 30,
  },
  {
    id: 'k57-reload-weights',
    title:
      'SIGHUP after misc_dynamic gave weights: checker kept or gone, configured weight changed or not',
    configs: [
      conf('delay_loop 2', [
        [11, `${MISC('k57')}`],
        [12, `${MISC('k57')}`],
        [13, `${MISC('k57')}`],
        [14, `${MISC('k57')}`],
      ]).replaceAll('weight 1\n', 'weight 2\n'),
    ],
    second: conf('delay_loop 2', [
      [11, MISC('k57')],
      [12, TCP],
      [13, TCP],
      [14, MISC('k57')],
    ]).replace(/(\.13 80 \{\n {4}weight) 1/, '$1 2'),
    files: { '/run/k57.sh': '#!/bin/sh\nexit 0\n' },
    events: [
      script(7, '/run/k57.sh', 5),
      { at: 14, text: 'SIGHUP, second file' },
      script(20, '/run/k57.sh', 0),
    ],
    end: 28,
  },
  {
    id: 'k58-reload-file-weights',
    title:
      'SIGHUP after FILE_CHECK gave weights: checker kept or gone, configured weight changed or not',
    configs: [
      conf(
        'delay_loop 2',
        [11, 12, 13].map((octet) => [octet, FILE] as const),
        'track_file f1 {\n file /run/k58.txt\n init_file 0\n}\n',
      ).replaceAll('weight 1\n', 'weight 3\n'),
    ],
    second: conf(
      'delay_loop 2',
      [
        [11, FILE],
        [12, TCP],
        [13, TCP],
      ],
      'track_file f1 {\n file /run/k58.txt\n init_file 0\n}\n',
    ).replace(/(\.13 80 \{\n {4}weight) 1/, '$1 3'),
    files: { '/run/k58.txt': '0\n' },
    events: [
      { at: 7, text: 'file /run/k58.txt 4', file: ['/run/k58.txt', '4\n'] },
      { at: 14, text: 'SIGHUP, second file' },
      { at: 20, text: 'file /run/k58.txt 1', file: ['/run/k58.txt', '1\n'] },
    ],
    end: 28,
  },
  {
    id: 'k59-reload-inhibit',
    title:
      'SIGHUP while all are down: rs1 is inhibited no longer, rs2 is from now on, rs3 stays so; rs4 works',
    configs: [
      conf('delay_loop 2', [
        [11, `inhibit_on_failure\n ${TCP}`],
        [12, TCP],
        [13, `inhibit_on_failure\n ${TCP}`],
        [14, TCP],
      ]),
    ],
    second: conf('delay_loop 2', [
      [11, TCP],
      [12, `inhibit_on_failure\n ${TCP}`],
      [13, `inhibit_on_failure\n ${TCP}`],
      [14, TCP],
    ]),
    events: [
      closed(7, 'rs1'),
      closed(7.1, 'rs2'),
      closed(7.2, 'rs3'),
      { at: 16, text: 'SIGHUP, second file' },
      open(22, 'rs1'),
      open(22.1, 'rs2'),
      open(22.2, 'rs3'),
      closed(28, 'rs1'),
      closed(28.1, 'rs2'),
    ],
    end: 36,
  },
  {
    id: 'k60-reload-sorry-gone',
    title: 'quorum 2 lost, SIGHUP: no sorry_server any more',
    configs: [conf('delay_loop 2\n quorum 2\n sorry_server 10.10.0.14 80', both(TCP))],
    second: conf('delay_loop 2\n quorum 2', both(TCP)),
    events: [closed(7, 'rs1'), { at: 16, text: 'SIGHUP, second file' }, open(24, 'rs1')],
    end: 30,
  },
  {
    id: 'k61-reload-sorry-other',
    title: 'quorum 2 lost, SIGHUP: another sorry_server',
    configs: [conf('delay_loop 2\n quorum 2\n sorry_server 10.10.0.14 80', both(TCP))],
    second: conf('delay_loop 2\n quorum 2\n sorry_server 10.10.0.13 80', both(TCP)),
    events: [closed(7, 'rs1'), { at: 16, text: 'SIGHUP, second file' }, open(24, 'rs1')],
    end: 30,
  },
  {
    id: 'k62-reload-method',
    title: 'rs1 down, SIGHUP: lb_kind NAT',
    configs: [conf('delay_loop 2', both(TCP))],
    second: conf('delay_loop 2', both(TCP)).replace('lb_kind DR', 'lb_kind NAT'),
    events: [closed(7, 'rs1'), { at: 16, text: 'SIGHUP, second file' }, open(24, 'rs1')],
    end: 30,
  },
  {
    id: 'v31-ha-suspend',
    title: 'two directors, ha_suspend: the backup does not check; director 1 unplugged and plugged',
    configs: pair('delay_loop 2\n ha_suspend\n', TCP, { length: 32 }),
    events: [
      closed(12, 'rs1'),
      { at: 20, text: 'director 1 unplugged', cable: ['d1', false] },
      open(30, 'rs1'),
      { at: 38, text: 'director 1 plugged', cable: ['d1', true] },
      closed(48, 'rs2'),
    ],
    end: 58,
  },
];
