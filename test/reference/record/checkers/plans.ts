/** What is recorded of keepalived's checkers: configurations, events and their moments, as plain data. */

import type { Behaviour } from './servers.ts';

/** What an event does; its text stands in the timeline, and the twin reads it from there. */
export interface CheckerEvent {
  readonly at: number;
  readonly text: string;
  readonly serve?: readonly (readonly [server: string, port: number, behaviour: Behaviour])[];
  readonly cable?: readonly [machine: string, isIn: boolean];
  readonly file?: readonly [path: string, text: string];
}

/** A recording to be made. */
export interface CheckerPlan {
  readonly id: string;
  readonly title: string;
  /** One configuration a director; a single director runs without VRRP. */
  readonly configs: readonly string[];
  readonly second?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** How the servers are before the start, beyond a page at port 80 of each. */
  readonly before?: readonly Omit<CheckerEvent, 'at' | 'text'>[];
  readonly events: readonly CheckerEvent[];
  readonly end: number;
}

/** A configuration: keywords of the service, and the servers with their checkers. */
function conf(service: string, servers: readonly (readonly [number, string])[], more = ''): string {
  const lines = servers.map(
    ([octet, text]) => `  real_server 10.10.0.${octet} 80 {\n    weight 1\n    ${text}\n  }\n`,
  );
  return `global_defs {
  router_id TWIN
  script_user root
}
${more}virtual_server 10.10.0.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  ${service}
${lines.join('')}}
`;
}

const TCP = 'TCP_CHECK {\n connect_timeout 2\n retry 2\n delay_before_retry 1\n }';
const http = (url: string, more = 'connect_timeout 2\n retry 2\n delay_before_retry 1') =>
  `HTTP_GET {\n url {\n ${url}\n }\n ${more}\n }`;
const both = (text: string) => [11, 12].map((octet) => [octet, text] as const);
const three = (text: string) => [11, 12, 13].map((octet) => [octet, text] as const);

const closed = (at: number, server: string): CheckerEvent => ({
  at,
  text: `${server}: port closed`,
  serve: [[server, 80, { kind: 'closed' }]],
});
const open = (at: number, server: string): CheckerEvent => ({
  at,
  text: `${server}: port open`,
  serve: [[server, 80, { kind: 'http', status: 200 }]],
});
const answers = (at: number, server: string, status: number): CheckerEvent => ({
  at,
  text: `${server} answers ${status}`,
  serve: [[server, 80, { kind: 'http', status }]],
});
const page = (at: number, server: string, body: string): CheckerEvent => ({
  at,
  text: `${server} answers 200 with ${body}`,
  serve: [[server, 80, { kind: 'http', status: 200, body }]],
});
const cable = (at: number, server: string, isIn: boolean): CheckerEvent => ({
  at,
  text: `${server}: ${isIn ? '' : 'un'}plugged`,
  cable: [server, isIn],
});
const script = (at: number, path: string, code: number): CheckerEvent => ({
  at,
  text: `exit code ${code}`,
  file: [path, `#!/bin/sh\nexit ${code}\n`],
});
const port = (
  at: number,
  text: string,
  ...serve: readonly (readonly [string, number, Behaviour])[]
): CheckerEvent => ({ at, text, serve });

const hello = '5d41402abc4b2a76b9719d911017c592';

/** All of them. */
export const PLANS: readonly CheckerPlan[] = [
  {
    id: 'k31-tcp-defaults',
    title: 'TCP_CHECK with nothing inside, delay_loop 4',
    configs: [conf('delay_loop 4', both('TCP_CHECK {\n }'))],
    events: [closed(12, 'rs1'), open(24, 'rs1'), cable(34, 'rs2', false), cable(60, 'rs2', true)],
    end: 80,
  },
  {
    id: 'k32-tcp-retry-long',
    title: 'TCP_CHECK retry 3, delay_before_retry 3 (more than delay_loop 2), connect_timeout 1',
    configs: [
      conf(
        'delay_loop 2',
        both('TCP_CHECK {\n connect_timeout 1\n retry 3\n delay_before_retry 3\n }'),
      ),
    ],
    events: [closed(10, 'rs1'), open(30, 'rs1'), cable(40, 'rs2', false), cable(66, 'rs2', true)],
    end: 80,
  },
  {
    id: 'k33-tcp-retry-0-inhibit',
    title: 'TCP_CHECK retry 0, inhibit_on_failure on rs1, weights',
    configs: [
      conf('delay_loop 3', [
        [11, 'inhibit_on_failure\n TCP_CHECK {\n connect_timeout 2\n retry 0\n }'],
        [12, 'TCP_CHECK {\n connect_timeout 2\n retry 0\n }'],
      ]),
    ],
    events: [closed(10, 'rs1'), closed(18, 'rs2'), open(28, 'rs1'), open(36, 'rs2')],
    end: 48,
  },
  {
    id: 'k34-hysteresis',
    title: 'quorum 2, hysteresis 1, three servers, sorry_server with inhibit',
    configs: [
      conf(
        'delay_loop 2\n quorum 2\n hysteresis 1\n sorry_server 10.10.0.14 80\n sorry_server_inhibit',
        three(TCP),
      ),
    ],
    events: [
      closed(8, 'rs1'),
      closed(16, 'rs2'),
      closed(24, 'rs3'),
      open(34, 'rs3'),
      open(40, 'rs2'),
      open(46, 'rs1'),
    ],
    end: 56,
  },
  {
    id: 'k35-alpha-quorum',
    title: 'alpha, quorum 2, omega, sorry_server, quorum scripts; rs1 port closed at the start',
    configs: [
      conf(
        `delay_loop 2\n alpha\n omega\n quorum 2\n sorry_server 10.10.0.14 80
  quorum_up "/bin/true up"\n quorum_down "/bin/true down"`,
        three(TCP),
      ),
    ],
    before: [{ serve: [['rs1', 80, { kind: 'closed' }]] }],
    events: [closed(12, 'rs2'), open(20, 'rs1'), closed(28, 'rs3'), open(36, 'rs2')],
    end: 46,
  },
  {
    id: 'k36-http-digest',
    title: 'HTTP_GET digest of the page',
    configs: [conf('delay_loop 3', both(http(`path /\n digest ${hello}`)))],
    events: [
      page(10, 'rs1', 'goodbye'),
      page(24, 'rs1', 'hello'),
      answers(36, 'rs2', 404),
      closed(46, 'rs1'),
      open(56, 'rs1'),
    ],
    end: 70,
  },
  {
    id: 'k37-http-no-retry',
    title: 'HTTP_GET retry 0, two urls with status_code, inhibit_on_failure',
    configs: [
      conf('delay_loop 3', [
        [
          11,
          `inhibit_on_failure\n HTTP_GET {\n url {\n path /a\n status_code 200\n }\n url {\n path /b\n status_code 200\n }
 connect_timeout 2\n retry 0\n }`,
        ],
        [12, http('path /\n status_code 200', 'connect_timeout 2\n retry 0')],
      ]),
    ],
    events: [
      answers(10, 'rs1', 503),
      answers(22, 'rs1', 200),
      closed(34, 'rs2'),
      open(44, 'rs2'),
      cable(56, 'rs1', false),
      cable(72, 'rs1', true),
    ],
    end: 90,
  },
  {
    id: 'k38-http-regex',
    title: 'HTTP_GET regex and regex_no_match, http_protocol 1.1, virtualhost',
    configs: [
      conf('delay_loop 3\n virtualhost www.example.test', [
        [11, http('path /x\n regex "hel+o"')],
        [12, http('path /x\n regex "error"\n regex_no_match', 'http_protocol 1.1\n retry 1')],
      ]),
    ],
    events: [
      page(10, 'rs1', 'goodbye'),
      page(22, 'rs1', 'hello'),
      page(34, 'rs2', 'an-error'),
      page(46, 'rs2', 'hello'),
    ],
    end: 62,
  },
  {
    id: 'k39-http-status-range',
    title: 'HTTP_GET status_code 200-299 301, no status_code, delay_before_retry 3',
    configs: [
      conf('delay_loop 2', [
        [11, http('path /\n status_code 200-299 301', 'retry 1\n delay_before_retry 3')],
        [12, http('path /', 'retry 1\n delay_before_retry 3')],
      ]),
    ],
    events: [
      answers(8, 'rs1', 301),
      answers(16, 'rs1', 302),
      answers(28, 'rs1', 204),
      answers(38, 'rs2', 404),
      answers(50, 'rs2', 299),
    ],
    end: 64,
  },
  {
    id: 'k40-http-hang',
    title: 'HTTP_GET connect_timeout 3, retry 1: accepts but never answers',
    configs: [
      conf(
        'delay_loop 4',
        both(
          http('path /\n status_code 200', 'connect_timeout 3\n retry 1\n delay_before_retry 2'),
        ),
      ),
    ],
    events: [
      port(12, 'rs1 accepts but never answers', [
        'rs1',
        80,
        { kind: 'http', status: 200, hang: true },
      ]),
      port(40, 'rs1 answers again', ['rs1', 80, { kind: 'http', status: 200 }]),
      cable(54, 'rs2', false),
      cable(78, 'rs2', true),
    ],
    end: 96,
  },
  {
    id: 'k41-misc',
    title: 'MISC_CHECK without misc_dynamic, retry 1; exit codes',
    configs: [
      conf('delay_loop 3', [
        [11, 'MISC_CHECK {\n misc_path /run/k41.sh\n retry 1\n delay_before_retry 1\n }'],
        [12, TCP],
      ]),
    ],
    files: { '/run/k41.sh': '#!/bin/sh\nexit 0\n' },
    events: [
      script(10, '/run/k41.sh', 1),
      script(22, '/run/k41.sh', 0),
      script(32, '/run/k41.sh', 5),
      script(42, '/run/k41.sh', 0),
    ],
    end: 52,
  },
  {
    id: 'k42-misc-dynamic-inhibit',
    title: 'MISC_CHECK misc_dynamic with inhibit_on_failure, warmup 1',
    configs: [
      conf('delay_loop 3', [
        [
          11,
          'inhibit_on_failure\n MISC_CHECK {\n misc_path /run/k42.sh\n misc_dynamic\n warmup 1\n }',
        ],
        [12, TCP],
      ]),
    ],
    files: { '/run/k42.sh': '#!/bin/sh\nexit 0\n' },
    events: [
      script(8, '/run/k42.sh', 12),
      script(16, '/run/k42.sh', 1),
      script(26, '/run/k42.sh', 22),
      script(36, '/run/k42.sh', 0),
    ],
    end: 46,
  },
  {
    id: 'k43-udp-reply',
    title: 'UDP_CHECK with payload and require_reply; UDP echo of pong on rs1 and rs2 port 5353',
    configs: [
      conf('delay_loop 3', [
        [
          11,
          'UDP_CHECK {\n connect_port 5353\n connect_timeout 2\n payload 70696e67\n require_reply 706f6e67\n retry 1\n delay_before_retry 1\n }',
        ],
        [
          12,
          'UDP_CHECK {\n connect_port 5353\n connect_timeout 2\n payload 70696e67\n retry 1\n delay_before_retry 1\n }',
        ],
      ]),
    ],
    before: [
      {
        serve: [
          ['rs1', 5353, { kind: 'udp', reply: 'pong' }],
          ['rs2', 5353, { kind: 'udp', reply: 'pong' }],
        ],
      },
    ],
    events: [
      port(10, 'rs1: udp 5353 answers gong', ['rs1', 5353, { kind: 'udp', reply: 'gong' }]),
      port(22, 'rs1: udp 5353 answers pong', ['rs1', 5353, { kind: 'udp', reply: 'pong' }]),
      port(32, 'rs2: udp 5353 is mute', ['rs2', 5353, { kind: 'udp', reply: undefined }]),
      port(42, 'rs2: udp 5353 closed', ['rs2', 5353, { kind: 'closed' }]),
      port(54, 'rs1: udp 5353 is mute', ['rs1', 5353, { kind: 'udp', reply: undefined }]),
    ],
    end: 70,
  },
  {
    id: 'k44-smtp',
    title: 'SMTP_CHECK; mail server on rs1 and rs2 port 25',
    configs: [
      conf(
        'delay_loop 3',
        both(
          'SMTP_CHECK {\n connect_timeout 3\n connect_port 25\n retry 1\n delay_before_retry 1\n helo_name twin.example.test\n }',
        ),
      ),
    ],
    before: [
      {
        serve: [
          ['rs1', 25, { kind: 'smtp', banner: '220 hello' }],
          ['rs2', 25, { kind: 'smtp', banner: '220 hello' }],
        ],
      },
    ],
    events: [
      port(12, 'rs1: smtp 25 says 554 no', ['rs1', 25, { kind: 'smtp', banner: '554 no' }]),
      port(24, 'rs1: smtp 25 says 220 hello', ['rs1', 25, { kind: 'smtp', banner: '220 hello' }]),
      port(36, 'rs2: smtp 25 closed', ['rs2', 25, { kind: 'closed' }]),
      port(48, 'rs2: smtp 25 says 220 hello', ['rs2', 25, { kind: 'smtp', banner: '220 hello' }]),
    ],
    end: 60,
  },
  {
    id: 'k45-dns',
    title: 'DNS_CHECK; name server on rs1 and rs2 port 53',
    configs: [
      conf(
        'delay_loop 3',
        both(
          'DNS_CHECK {\n type A\n name www.example.test\n connect_port 53\n connect_timeout 2\n retry 1\n delay_before_retry 1\n }',
        ),
      ),
    ],
    before: [
      {
        serve: [
          ['rs1', 53, { kind: 'dns', rcode: 0, answers: 1 }],
          ['rs2', 53, { kind: 'dns', rcode: 0, answers: 1 }],
        ],
      },
    ],
    events: [
      port(10, 'rs1: dns 53 rcode 3 answers 0', ['rs1', 53, { kind: 'dns', rcode: 3, answers: 0 }]),
      port(22, 'rs1: dns 53 rcode 0 answers 2', ['rs1', 53, { kind: 'dns', rcode: 0, answers: 2 }]),
      port(34, 'rs2: dns 53 rcode 0 answers 0', ['rs2', 53, { kind: 'dns', rcode: 0, answers: 0 }]),
      port(46, 'rs2: dns 53 is mute', [
        'rs2',
        53,
        { kind: 'dns', rcode: 0, answers: 0, mute: true },
      ]),
      port(66, 'rs2: dns 53 rcode 0 answers 1', ['rs2', 53, { kind: 'dns', rcode: 0, answers: 1 }]),
    ],
    end: 78,
  },
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
    id: 'v31-ha-suspend',
    title: 'two directors, ha_suspend: the backup does not check; director 1 unplugged and plugged',
    configs: [150, 100].map((priority) =>
      conf(
        'delay_loop 2\n ha_suspend\n',
        both(TCP),
        `vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int 1
  virtual_ipaddress {
    10.10.0.100/32
  }
}
`,
      ),
    ),
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
