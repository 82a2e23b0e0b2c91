/** Checkers over IPv6, and BFD_CHECK beside them. */

import {
  addressed,
  type CheckerEvent,
  type CheckerPlan,
  cable,
  closed,
  conf,
  http,
  open,
  port,
} from './plan.ts';

const PACE = 'connect_timeout 2\n retry 1\n delay_before_retry 1';

/** A configuration whose addresses are those of the same machines in IPv6. */
const overIpv6 = (text: string) => text.replaceAll('10.10.0.', 'fd00::');

/** keepalived runs on a server as well, with BFD alone. */
const peer = (at: number, text: string, line: string): CheckerEvent => ({
  at,
  text,
  run: [['rs1', line]],
});

const startPeer = (id: string) =>
  `keepalived -f /run/${id}.conf -p /run/${id}.pid -b /run/${id}-bfd.pid -r /run/${id}-v.pid -c /run/${id}-c.pid`;
const bfd = (neighbour: string, source: string) => `bfd_instance b1 {
  neighbor_ip ${neighbour}
  source_ip ${source}
  min_rx 200
  min_tx 200
  multiplier 3
}
`;

function bfdPlan(id: string, more: string, change: (text: string) => string): CheckerPlan {
  const text = conf(
    `delay_loop 3${more}`,
    [
      [11, 'BFD_CHECK {\n name b1\n }'],
      [12, `TCP_CHECK {\n ${PACE}\n }`],
    ],
    bfd('10.10.0.11', '10.10.0.251'),
  );
  return {
    id,
    title: `BFD_CHECK of rs1 (keepalived with BFD alone runs there) and TCP_CHECK of rs2${more.replaceAll(/\s+/g, ' ')}`,
    hasIpv6: true,
    slack: 1.5,
    configs: [change(text)],
    second: change(text).replace('weight 1', 'weight 5'),
    peer: change(bfd('10.10.0.251', '10.10.0.11')),
    events: [
      peer(6, 'rs1: BFD started', startPeer(id)),
      peer(16, 'rs1: BFD killed', `pkill -KILL -F /run/${id}.pid`),
      peer(22, 'rs1: BFD started', startPeer(id)),
      cable(30, 'rs1', false),
      cable(38, 'rs1', true),
      { at: 46, text: 'SIGHUP, second file' },
      peer(54, 'rs1: BFD ended', `pkill -TERM -F /run/${id}.pid`),
      peer(62, 'rs1: BFD started', startPeer(id)),
    ],
    end: 72,
  };
}

export const IPV6_PLANS: readonly CheckerPlan[] = [
  {
    id: 'k250-ipv6-streams',
    title: 'IPv6: TCP_CHECK, HTTP_GET, PING_CHECK, SMTP_CHECK',
    hasIpv6: true,
    configs: [
      overIpv6(
        conf('delay_loop 3', [
          [11, `TCP_CHECK {\n ${PACE}\n }`],
          [12, http('path /\n status_code 200', PACE)],
          [13, `PING_CHECK {\n ${PACE}\n }`],
          [14, `SMTP_CHECK {\n connect_port 25\n ${PACE}\n }`],
        ]),
      ),
    ],
    before: [{ serve: [['rs4', 25, { kind: 'smtp', banner: '220 hello' }]] }],
    events: [
      closed(10, 'rs1'),
      cable(12, 'rs3', false),
      open(20, 'rs1'),
      port(22, 'rs2 answers 503', ['rs2', 80, { kind: 'http', status: 503 }]),
      cable(28, 'rs3', true),
      port(34, 'rs2 answers 200', ['rs2', 80, { kind: 'http', status: 200 }]),
      cable(40, 'rs1', false),
      port(42, 'rs4: smtp 25 closed', ['rs4', 25, { kind: 'closed' }]),
      cable(52, 'rs1', true),
      port(54, 'rs4: smtp 25 says 220 hello', ['rs4', 25, { kind: 'smtp', banner: '220 hello' }]),
      addressed(60, 'rs3', false),
    ],
    end: 72,
  },
  {
    id: 'k251-ipv6-datagrams',
    title: 'IPv6: UDP_CHECK, DNS_CHECK, HTTP_GET by HTTP/1.1, PING_CHECK',
    hasIpv6: true,
    configs: [
      overIpv6(
        conf('delay_loop 3\n alpha', [
          [
            11,
            `UDP_CHECK {\n connect_port 5353\n payload 70696e67\n require_reply 706f6e67\n ${PACE}\n }`,
          ],
          [12, `DNS_CHECK {\n type AAAA\n name www.example.test\n connect_port 53\n ${PACE}\n }`],
          [13, `HTTP_GET {\n http_protocol 1.1\n url {\n path /\n }\n ${PACE}\n }`],
          [14, `PING_CHECK {\n ${PACE}\n }`],
        ]),
      ),
    ],
    before: [
      {
        serve: [
          ['rs1', 5353, { kind: 'udp', reply: 'pong' }],
          ['rs2', 53, { kind: 'dns', rcode: 0, answers: 1 }],
        ],
      },
    ],
    events: [
      port(10, 'rs1: udp 5353 closed', ['rs1', 5353, { kind: 'closed' }]),
      port(18, 'rs1: udp 5353 answers pong', ['rs1', 5353, { kind: 'udp', reply: 'pong' }]),
      port(24, 'rs2: dns 53 closed', ['rs2', 53, { kind: 'closed' }]),
      port(32, 'rs2: dns 53 rcode 0 answers 1', ['rs2', 53, { kind: 'dns', rcode: 0, answers: 1 }]),
      closed(36, 'rs3'),
      open(44, 'rs3'),
      cable(48, 'rs1', false),
      cable(58, 'rs1', true),
    ],
    end: 68,
  },
  bfdPlan('k252-bfd', '', (text) => text),
  bfdPlan('k253-bfd-ipv6-alpha', '\n alpha\n inhibit_on_failure', overIpv6),
];
