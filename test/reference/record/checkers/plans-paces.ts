/** Retries, timeouts, pages and ways to fail at a person's pace: configurations, events and their moments, as plain data. */

import {
  addressed,
  answers,
  both,
  type CheckerEvent,
  type CheckerPlan,
  cable,
  closed,
  conf,
  filtered,
  hello,
  http,
  open,
  page,
  port,
  script,
  TCP,
  three,
  web,
} from './plan.ts';

const tcp = (retry: number, delay: number) =>
  `TCP_CHECK {\n connect_timeout 2\n retry ${retry}\n delay_before_retry ${delay}\n }`;
const get = (retry: number, delay: number) =>
  http(
    'path /\n status_code 200',
    `connect_timeout 2\n retry ${retry}\n delay_before_retry ${delay}`,
  );
const GET = get(2, 1);
const all = (make: (at: number, server: string) => CheckerEvent, at: number) =>
  ['rs1', 'rs2', 'rs3', 'rs4'].map((server, index) => make(at + index / 10, server));
const PACES = [
  [0, 1],
  [1, 3],
  [3, 1],
  [2, 2],
] as const;
const urls = (...paths: readonly string[]) =>
  paths.map((path) => `url {\n path ${path}\n status_code 200\n }`).join('\n ');

export const PACE_PLANS: readonly CheckerPlan[] = [
  {
    id: 'k201-tcp-retries',
    title:
      'TCP_CHECK: retry 0, retry 1 every 3 s, retry 3 every 1 s, retry 2 every 2 s; delay_loop 4',
    configs: [
      conf(
        'delay_loop 4',
        PACES.map(([r, d], i) => [11 + i, tcp(r, d)] as const),
      ),
    ],
    events: [...all(closed, 12), ...all(open, 40)],
    end: 52,
  },
  {
    id: 'k202-http-retries',
    title:
      'HTTP_GET: retry 0, retry 1 every 3 s, retry 3 every 1 s, retry 2 every 2 s; delay_loop 4',
    configs: [
      conf(
        'delay_loop 4',
        PACES.map(([r, d], i) => [11 + i, get(r, d)] as const),
      ),
    ],
    events: [
      ...all((at, server) => answers(at, server, 500), 12),
      ...all((at, server) => answers(at, server, 200), 36),
      ...all(closed, 56),
      ...all(open, 72),
    ],
    end: 92,
  },
  {
    id: 'k203-tcp-filtered',
    title: 'TCP_CHECK: rs1 drops port 80, then rs2 loses its address; retry 1, connect_timeout 3',
    configs: [
      conf(
        'delay_loop 3',
        both('TCP_CHECK {\n connect_timeout 3\n retry 1\n delay_before_retry 2\n }'),
      ),
    ],
    events: [
      filtered(10, 'rs1', true),
      filtered(30, 'rs1', false),
      addressed(40, 'rs2', false),
      addressed(62, 'rs2', true),
    ],
    end: 76,
  },
  {
    id: 'k204-inhibit-on-failure',
    title: 'inhibit_on_failure: a failed server stays in the table with weight 0; weights 3 and 2',
    configs: [
      conf('delay_loop 3', both(`inhibit_on_failure\n ${TCP}`))
        .replace('weight 1', 'weight 3')
        .replace('weight 1', 'weight 2'),
    ],
    events: [closed(10, 'rs1'), closed(20, 'rs2'), open(30, 'rs1'), open(38, 'rs2')],
    end: 48,
  },
  {
    id: 'k205-http-digest',
    title: 'HTTP_GET digest (rs1); digest of one url and status_code of another (rs2)',
    configs: [
      conf('delay_loop 3', [
        [11, http(`path /\n digest ${hello}`)],
        [
          12,
          `HTTP_GET {\n url {\n path /\n digest ${hello}\n }\n url {\n path /b\n status_code 200\n }\n connect_timeout 2\n retry 2\n delay_before_retry 1\n }`,
        ],
      ]),
    ],
    events: [
      page(12, 'rs1', 'changed'),
      page(26, 'rs1', 'hello'),
      web(40, 'rs2 answers 500 for /b', 'rs2', { paths: { '/b': 500 } }),
      web(60, 'rs2 answers 200 with hello', 'rs2', {}),
    ],
    end: 80,
  },
  {
    id: 'k206-http-virtualhost',
    title:
      'HTTP_GET: virtualhost of the service, of the server, of the url; http_protocol 1.0C and 1.1',
    configs: [
      conf('delay_loop 3\n virtualhost service.example', [
        [11, http('path /a')],
        [12, `virtualhost server.example\n    ${http('path /b')}`],
        [13, http('path /c\n virtualhost url.example', 'http_protocol 1.0C\n retry 1')],
        [14, http('path /d?x=1&y=2', 'http_protocol 1.1\n retry 1\n connect_port 80')],
      ]),
    ],
    events: [answers(12, 'rs2', 404), answers(22, 'rs2', 200)],
    end: 40,
  },
  {
    id: 'k207-http-three-urls',
    title: 'HTTP_GET with three urls, the middle one fails; rs2 the same with fast_recovery',
    configs: [
      conf('delay_loop 3', [
        [
          11,
          `HTTP_GET {\n ${urls('/a', '/b', '/c')}\n connect_timeout 2\n retry 2\n delay_before_retry 1\n }`,
        ],
        [
          12,
          `HTTP_GET {\n ${urls('/a', '/b', '/c')}\n connect_timeout 2\n retry 2\n delay_before_retry 1\n fast_recovery\n }`,
        ],
      ]),
    ],
    events: [
      web(16, 'rs1 answers 500 for /b', 'rs1', { paths: { '/b': 500 } }),
      web(16.1, 'rs2 answers 500 for /b', 'rs2', { paths: { '/b': 500 } }),
      web(44, 'rs1 answers 200', 'rs1', {}),
      web(44.1, 'rs2 answers 200', 'rs2', {}),
    ],
    end: 66,
  },
  {
    id: 'k208-http-slow',
    title: 'HTTP_GET connect_timeout 2: rs1 answers after 1.5 s, after 3 s, at once',
    configs: [conf('delay_loop 3', both(http('path /\n status_code 200')))],
    events: [
      web(12, 'rs1 answers after 1.5 s', 'rs1', { delayMs: 1500 }),
      web(24, 'rs1 answers after 3 s', 'rs1', { delayMs: 3000 }),
      web(48, 'rs1 answers at once', 'rs1', {}),
    ],
    end: 66,
  },
  {
    id: 'k209-http-broken',
    title:
      'HTTP_GET: rs1 resets after the request, stops in the middle of the page and closes, stops and stays',
    configs: [
      conf('delay_loop 3', [
        [11, http('path /\n status_code 200')],
        [12, http(`path /\n digest ${hello}`)],
      ]),
    ],
    events: [
      web(12, 'rs1 resets the connection', 'rs1', { fault: 'reset' }),
      web(24, 'rs1 answers half a page and closes', 'rs1', { fault: 'half-closed' }),
      web(36, 'rs1 answers half a page and hangs', 'rs1', { fault: 'half-open' }),
      web(56, 'rs1 answers 200', 'rs1', {}),
      web(66, 'rs2 resets the connection', 'rs2', { fault: 'reset' }),
      web(78, 'rs2 answers half a page and closes', 'rs2', { fault: 'half-closed' }),
      web(90, 'rs2 answers half a page and hangs', 'rs2', { fault: 'half-open' }),
      web(110, 'rs2 answers 200', 'rs2', {}),
    ],
    end: 124,
  },
  {
    id: 'k237-http-length',
    title: 'HTTP_GET: pages that end before their Content-Length; virtualhost of the url, two urls',
    configs: [
      conf('delay_loop 2', [
        [11, http('path /a\n virtualhost www.example\n status_code 200')],
        [
          12,
          `HTTP_GET {\n ${urls('/a', '/b')}\n connect_timeout 2\n retry 1\n delay_before_retry 1\n }`,
        ],
      ]),
    ],
    events: [
      web(8, 'rs1 answers half a page and closes', 'rs1', { fault: 'half-closed' }),
      web(8.1, 'rs2 answers half a page and closes', 'rs2', { fault: 'half-closed' }),
      web(16, 'rs1 answers 200', 'rs1', {}),
      web(22, 'rs1 answers half a page and closes again', 'rs1', { fault: 'half-closed' }),
      web(28, 'rs1 answers half a longer page', 'rs1', {
        fault: 'half-closed',
        body: 'hello, world',
      }),
      web(34, 'rs1 answers 500 with half a page', 'rs1', { status: 500, fault: 'half-closed' }),
    ],
    end: 44,
  },
  {
    id: 'k240-ssl-get',
    title: 'SSL_GET with status_code 200; rs1 answers 500, port closed, speaks plain HTTP',
    configs: [conf('delay_loop 4', [[11, GET.replace('HTTP_GET', 'SSL_GET')]])],
    before: [{ serve: [['rs1', 80, { kind: 'https', status: 200 }]] }],
    events: [
      port(9, 'rs1 answers 500', ['rs1', 80, { kind: 'https', status: 500 }]),
      port(17, 'rs1 answers 200', ['rs1', 80, { kind: 'https', status: 200 }]),
      port(28, 'rs1: accepts but speaks no TLS', ['rs1', 80, { kind: 'http', status: 200 }]),
    ],
    end: 38,
  },
  {
    id: 'k241-silent-close',
    title: 'HTTP_GET: rs1 hangs and is unplugged then; TCP_CHECK rs2, PING_CHECK rs3',
    configs: [
      conf('delay_loop 3', [
        [
          11,
          http('path /\n status_code 200', 'connect_timeout 4\n retry 1\n delay_before_retry 1'),
        ],
        [12, `delay_loop 2\n ${TCP}`],
        [13, 'PING_CHECK {\n retry 1\n }'],
      ]),
    ],
    events: [
      web(8, 'rs1 accepts but never answers', 'rs1', { fault: 'hang' }),
      cable(12, 'rs1', false),
      cable(30, 'rs1', true),
      web(38, 'rs1 answers again', 'rs1', {}),
    ],
    end: 50,
  },
  {
    id: 'k211-misc-timeout',
    title: 'MISC_CHECK without misc_dynamic, misc_timeout 2; the script sleeps longer than that',
    configs: [
      conf('delay_loop 4', [
        [
          11,
          'MISC_CHECK {\n misc_path "/run/k211.sh"\n misc_timeout 2\n retry 1\n delay_before_retry 1\n }',
        ],
        [12, TCP],
      ]),
    ],
    files: { '/run/k211.sh': '#!/bin/sh\nexit 0\n' },
    events: [
      { at: 10, text: 'script sleeps 10 s', file: ['/run/k211.sh', '#!/bin/sh\nexec sleep 10\n'] },
      script(30, '/run/k211.sh', 0),
      script(40, '/run/k211.sh', 1),
      script(52, '/run/k211.sh', 0),
    ],
    end: 62,
  },
  {
    id: 'k212-probes-answered',
    title:
      'PING_CHECK rs1, UDP_CHECK rs2 port 5353 with require_reply, SMTP_CHECK rs3, DNS_CHECK rs4; all answer',
    configs: [
      conf('delay_loop 4', [
        [11, 'PING_CHECK {\n retry 1\n delay_before_retry 1\n }'],
        [
          12,
          'UDP_CHECK {\n connect_port 5353\n require_reply\n retry 1\n delay_before_retry 1\n }',
        ],
        [
          13,
          'SMTP_CHECK {\n connect_timeout 3\n retry 1\n delay_before_retry 1\n helo_name twin\n connect_port 25\n }',
        ],
        [
          14,
          'DNS_CHECK {\n type A\n name www.example\n retry 2\n connect_timeout 1\n connect_port 53\n }',
        ],
      ]),
    ],
    before: [
      {
        serve: [
          ['rs2', 5353, { kind: 'udp', reply: 'pong' }],
          ['rs3', 25, { kind: 'smtp', banner: '220 hello' }],
          ['rs4', 53, { kind: 'dns', rcode: 0, answers: 1 }],
        ],
      },
    ],
    events: [
      cable(12, 'rs1', false),
      port(13, 'rs2: udp 5353 closed', ['rs2', 5353, { kind: 'closed' }]),
      port(14, 'rs3: smtp 25 closed', ['rs3', 25, { kind: 'closed' }]),
      port(15, 'rs4: dns 53 closed', ['rs4', 53, { kind: 'closed' }]),
      cable(40, 'rs1', true),
      port(41, 'rs2: udp 5353 open', ['rs2', 5353, { kind: 'udp', reply: 'pong' }]),
      port(42, 'rs3: smtp 25 open', ['rs3', 25, { kind: 'smtp', banner: '220 hello' }]),
      port(43, 'rs4: dns 53 open', ['rs4', 53, { kind: 'dns', rcode: 0, answers: 1 }]),
      cable(54, 'rs3', false),
      cable(55, 'rs4', false),
      cable(56, 'rs2', false),
      cable(84, 'rs3', true),
      cable(84.1, 'rs4', true),
      cable(84.2, 'rs2', true),
    ],
    end: 100,
  },
  {
    id: 'k213-connect-elsewhere',
    title:
      'TCP_CHECK with connect_ip and connect_port 8080 of rs4 (rs1), bindto and bind_port (rs2)',
    configs: [
      conf('delay_loop 3', [
        [11, 'TCP_CHECK {\n connect_ip 10.10.0.14\n connect_port 8080\n retry 1\n }'],
        [
          12,
          'TCP_CHECK {\n bindto 10.10.0.251\n bind_port 4321\n retry 1\n delay_before_retry 1\n }',
        ],
      ]),
    ],
    before: [{ serve: [['rs4', 8080, { kind: 'http', status: 200 }]] }],
    events: [
      port(12, 'rs4: http 8080 closed', ['rs4', 8080, { kind: 'closed' }]),
      closed(20, 'rs2'),
      port(28, 'rs4: http 8080 open', ['rs4', 8080, { kind: 'http', status: 200 }]),
      open(34, 'rs2'),
    ],
    end: 44,
  },
  {
    id: 'k214-warmup',
    title: 'warmup 10, 2, 0 and none; rs4 port closed at the start',
    configs: [
      conf('delay_loop 5', [
        [11, `TCP_CHECK {\n warmup 10\n }`],
        [12, `TCP_CHECK {\n warmup 2\n }`],
        [13, `TCP_CHECK {\n warmup 0\n }`],
        [14, TCP],
      ]),
    ],
    before: [{ serve: [['rs4', 80, { kind: 'closed' }]] }],
    events: [open(20, 'rs4')],
    end: 34,
  },
  {
    id: 'k215-delay-loops',
    title: 'delay_loop 6 of the service, 2 of rs1, 1.5 of a checker of rs2; delay_before_retry 0.5',
    configs: [
      conf('delay_loop 6', [
        [11, `delay_loop 2\n ${TCP}`],
        [
          12,
          'TCP_CHECK {\n delay_loop 1.5\n retry 2\n delay_before_retry 0.5\n connect_timeout 1\n }',
        ],
        [13, TCP],
      ]),
    ],
    events: [
      closed(14, 'rs1'),
      closed(14.1, 'rs2'),
      closed(14.2, 'rs3'),
      ...['rs1', 'rs2', 'rs3'].map((one) => open(34, one)),
    ],
    end: 48,
  },
  {
    id: 'k216-two-checkers',
    title: 'TCP_CHECK of port 8080 and HTTP_GET of port 80 for each server',
    configs: [
      conf(
        'delay_loop 3',
        both(
          `${TCP.replace('retry 2', 'retry 2\n connect_port 8080')}\n ${http('path /\n status_code 200')}`,
        ),
      ),
    ],
    before: [
      {
        serve: [
          ['rs1', 8080, { kind: 'http', status: 200 }],
          ['rs2', 8080, { kind: 'http', status: 200 }],
        ],
      },
    ],
    events: [
      answers(12, 'rs1', 500),
      port(20, 'rs1: http 8080 closed', ['rs1', 8080, { kind: 'closed' }]),
      answers(28, 'rs1', 200),
      port(38, 'rs1: http 8080 open', ['rs1', 8080, { kind: 'http', status: 200 }]),
      cable(48, 'rs2', false),
      cable(66, 'rs2', true),
    ],
    end: 82,
  },
  {
    id: 'k217-all-down-at-start',
    title: 'TCP_CHECK: all ports closed at the start, no alpha, sorry_server',
    configs: [conf('delay_loop 3\n sorry_server 10.10.0.14 80', three(TCP))],
    before: [{ serve: ['rs1', 'rs2', 'rs3'].map((one) => [one, 80, { kind: 'closed' }] as const) }],
    events: [open(16, 'rs2'), open(24, 'rs1'), open(32, 'rs3')],
    end: 42,
  },
  {
    id: 'k218-flapping',
    title:
      'TCP_CHECK retry 2 every 1 s: rs1 is away for 1.5 s, 2.5 s, 4 s; rs2 HTTP_GET answers 500 as long',
    configs: [
      conf('delay_loop 3', [
        [11, TCP],
        [12, http('path /\n status_code 200')],
      ]),
    ],
    events: [
      [12, 1.5],
      [20, 2.5],
      [28, 4],
      [40, 6],
    ].flatMap(([at = 0, long = 0]) => [
      closed(at, 'rs1'),
      answers(at + 0.1, 'rs2', 500),
      open(at + long, 'rs1'),
      answers(at + long + 0.1, 'rs2', 200),
    ]),
    end: 64,
  },
  {
    id: 'k219-checker-defaults',
    title:
      'TCP_CHECK, HTTP_GET, MISC_CHECK and PING_CHECK with nothing beyond what they need; delay_loop 5',
    configs: [
      conf('delay_loop 5', [
        [11, 'TCP_CHECK {\n }'],
        [12, 'HTTP_GET {\n url {\n path /\n }\n }'],
        [13, 'MISC_CHECK {\n misc_path "/run/k219.sh"\n }'],
        [14, 'PING_CHECK {\n }'],
      ]),
    ],
    files: { '/run/k219.sh': '#!/bin/sh\nexit 0\n' },
    events: [
      closed(15, 'rs1'),
      closed(15.1, 'rs2'),
      script(15.2, '/run/k219.sh', 1),
      cable(15.3, 'rs4', false),
      open(40, 'rs1'),
      open(40.1, 'rs2'),
      script(40.2, '/run/k219.sh', 0),
      cable(40.3, 'rs4', true),
      cable(60, 'rs1', false),
      cable(60.1, 'rs2', false),
      cable(90, 'rs1', true),
      cable(90.1, 'rs2', true),
    ],
    end: 112,
  },
];
