/** TCP, HTTP, SMTP and DNS checks: configurations, events and their moments, as plain data. */

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
  port,
  script,
  TCP,
  three,
} from './plan.ts';

export const PROBE_PLANS: readonly CheckerPlan[] = [
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
        { kind: 'http', status: 200, fault: 'hang' },
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
];
