/** Pools at a person's pace: quorums, starts with alpha, reloads one behind the other, daemons that end and begin; pairs. */

import {
  answers,
  both,
  type CheckerPlan,
  closed,
  conf,
  daemon,
  http,
  open,
  pair,
  reload,
  script,
  TCP,
  three,
} from './plan.ts';

const NOTES = 'quorum_up "/bin/true up"\n  quorum_down "/bin/true down"';
const GET = http('path /\n status_code 200');

const RETRY = 'retry 2\n delay_before_retry 1';
const NO = `MISC_CHECK {\n misc_path /run/k238.sh\n ${RETRY}\n }`;

/** A service of another port, one server for each checker. */
function pool(port: number, service: string, checkers: readonly string[]): string {
  const list = checkers.map((text, index) => [11 + index, text] as const);
  const text = conf(service, list).replace(/^[\s\S]*?\n}\n/, '');
  return text.replaceAll(/(10\.10\.0\.\d+) 80/g, `$1 ${port}`);
}

export const LIFE_PLANS: readonly CheckerPlan[] = [
  {
    id: 'k220-sorry-server-inhibit',
    title: 'sorry_server with sorry_server_inhibit and inhibit_on_failure; both servers fail',
    configs: [
      conf(
        'delay_loop 3\n  sorry_server 10.10.0.14 80\n  sorry_server_inhibit',
        both(`inhibit_on_failure\n    ${TCP}`),
      ),
    ],
    events: [closed(10, 'rs1'), closed(18, 'rs2'), open(28, 'rs2'), open(36, 'rs1')],
    end: 46,
  },
  {
    id: 'k221-quorum-hysteresis',
    title: 'weights 3 2 1, quorum 3, hysteresis 1, quorum scripts, sorry_server',
    configs: [
      conf(
        `delay_loop 3\n  quorum 3\n  hysteresis 1\n  ${NOTES}\n  sorry_server 10.10.0.14 80`,
        three(TCP),
      )
        .replace('weight 1', 'weight 3')
        .replace('weight 1', 'weight 2'),
    ],
    events: [
      closed(10, 'rs1'),
      closed(20, 'rs3'),
      closed(28, 'rs2'),
      open(36, 'rs2'),
      open(44, 'rs1'),
      open(52, 'rs3'),
    ],
    end: 62,
  },
  {
    id: 'k222-alpha-quorum',
    title: 'alpha, quorum 2, quorum scripts, sorry_server; rs1 and rs2 closed at the start',
    configs: [
      conf(
        `delay_loop 3\n  alpha\n  quorum 2\n  ${NOTES}\n  sorry_server 10.10.0.14 80`,
        three(TCP),
      ),
    ],
    before: [{ serve: ['rs1', 'rs2'].map((one) => [one, 80, { kind: 'closed' }] as const) }],
    events: [open(14, 'rs1'), open(22, 'rs2'), closed(30, 'rs1'), closed(38, 'rs2')],
    end: 50,
  },
  {
    id: 'k223-alpha-one',
    title: 'alpha in the checker of rs1, in rs2; rs3 without; two checkers for rs4, one with alpha',
    configs: [
      conf('delay_loop 3', [
        [11, TCP.replace('retry 2', 'alpha\n retry 2')],
        [12, `alpha\n    ${GET}`],
        [13, TCP],
        [14, `${TCP}\n    PING_CHECK {\n alpha\n retry 1\n }`],
      ]),
    ],
    before: [{ serve: [['rs1', 80, { kind: 'closed' }]] }],
    events: [open(14, 'rs1'), answers(20, 'rs2', 500), answers(32, 'rs2', 200)],
    end: 48,
  },
  {
    id: 'k224-omega-without-alpha',
    title: 'omega without alpha, notify_up, notify_down, quorum scripts; rs2 is down at SIGTERM',
    configs: [
      conf(
        `delay_loop 3\n  omega\n  ${NOTES}`,
        both(`notify_up "/bin/true rs-up"\n    notify_down "/bin/true rs-down"\n    ${TCP}`),
      ),
    ],
    events: [closed(10, 'rs1'), open(20, 'rs1'), closed(26, 'rs2')],
    end: 36,
  },
  {
    id: 'k225-notify-http',
    title:
      'notify_up, notify_down and quorum scripts without alpha and omega; HTTP_GET; all down, all up',
    configs: [
      conf(
        `delay_loop 3\n  ${NOTES}`,
        both(`notify_up "/bin/true rs-up"\n    notify_down "/bin/true rs-down"\n    ${GET}`),
      ),
    ],
    events: [
      answers(10, 'rs1', 500),
      answers(18, 'rs2', 404),
      answers(28, 'rs1', 200),
      answers(38, 'rs2', 200),
    ],
    end: 52,
  },
  {
    id: 'k226-misc-and-tcp',
    title: 'MISC_CHECK misc_dynamic and TCP_CHECK for rs1, weight 5; rs2 MISC_CHECK plain',
    configs: [
      conf('delay_loop 3', [
        [
          11,
          `MISC_CHECK {\n misc_path "/run/k226.sh"\n misc_timeout 2\n misc_dynamic\n retry 1\n delay_before_retry 1\n }\n    ${TCP}`,
        ],
        [
          12,
          'MISC_CHECK {\n misc_path "/run/k226.sh"\n misc_timeout 2\n retry 1\n delay_before_retry 1\n }',
        ],
      ]).replaceAll('weight 1', 'weight 5'),
    ],
    files: { '/run/k226.sh': '#!/bin/sh\nexit 0\n' },
    events: [
      script(10, '/run/k226.sh', 22),
      closed(18, 'rs1'),
      script(26, '/run/k226.sh', 1),
      open(34, 'rs1'),
      script(42, '/run/k226.sh', 0),
    ],
    end: 54,
  },
  {
    id: 'k227-reload-checkers',
    title:
      'SIGHUP: rs1 TCP_CHECK becomes HTTP_GET, rs2 gets retry 0 while it is down, delay_loop 3 becomes 5',
    configs: [conf('delay_loop 3', three(TCP))],
    second: conf('delay_loop 5', [
      [11, GET],
      [12, 'TCP_CHECK {\n connect_timeout 2\n retry 0\n }'],
      [13, TCP],
    ]),
    events: [
      closed(10, 'rs2'),
      reload(20, 'second'),
      open(32, 'rs2'),
      closed(42, 'rs2'),
      answers(50, 'rs1', 500),
    ],
    end: 66,
  },
  {
    id: 'k228-reload-back',
    title:
      'SIGHUP takes the failed rs2 away, SIGHUP brings it back (still closed), third file has weight 0 and 4',
    configs: [conf('delay_loop 3', three(TCP))],
    second: conf('delay_loop 3', [
      [11, TCP],
      [13, TCP],
    ]),
    third: conf('delay_loop 3', three(TCP))
      .replace('weight 1', 'weight 0')
      .replace('weight 1', 'weight 4'),
    events: [
      closed(10, 'rs2'),
      reload(20, 'second'),
      reload(28, 'first'),
      open(38, 'rs2'),
      reload(46, 'third'),
      closed(54, 'rs1'),
      open(64, 'rs1'),
    ],
    end: 74,
  },
  {
    id: 'k229-reload-services',
    title:
      'SIGHUP adds a second virtual server of port 443 and a UDP one; SIGHUP back to the first file',
    configs: [conf('delay_loop 3', both(TCP))],
    second: `${conf('delay_loop 3', both(TCP))}virtual_server 10.10.0.100 443 {
  lb_algo wlc
  lb_kind NAT
  persistence_timeout 50
  protocol TCP
  delay_loop 3
  real_server 10.10.0.13 80 {
    weight 2
    ${TCP}
  }
}
virtual_server 10.10.0.100 53 {
  lb_algo wrr
  lb_kind DR
  protocol UDP
  delay_loop 3
  real_server 10.10.0.14 53 {
    weight 1
    PING_CHECK {
      retry 1
    }
  }
}
`,
    events: [
      reload(12, 'second'),
      closed(20, 'rs3'),
      closed(30, 'rs1'),
      reload(40, 'first'),
      open(48, 'rs1'),
    ],
    end: 58,
  },
  {
    id: 'k230-reload-quorum',
    title:
      'SIGHUP: quorum 1 becomes 2 with a sorry_server while rs1 is down; back to the first file',
    configs: [conf(`delay_loop 3\n  ${NOTES}`, both(TCP))],
    second: conf(`delay_loop 3\n  quorum 2\n  ${NOTES}\n  sorry_server 10.10.0.14 80`, both(TCP)),
    events: [closed(10, 'rs1'), reload(20, 'second'), reload(30, 'first'), open(38, 'rs1')],
    end: 48,
  },
  {
    id: 'k231-reload-alpha',
    title: 'SIGHUP brings alpha and the new rs3, whose port is closed; HTTP_GET',
    configs: [conf('delay_loop 3', both(GET))],
    second: conf('delay_loop 3\n  alpha', three(GET)),
    before: [{ serve: [['rs3', 80, { kind: 'closed' }]] }],
    events: [
      answers(10, 'rs2', 500),
      reload(20, 'second'),
      open(32, 'rs3'),
      answers(40, 'rs2', 200),
    ],
    end: 56,
  },
  {
    id: 'k232-stop-and-start',
    title:
      'SIGTERM while rs1 is down, keepalived started again; SIGKILL of all processes, started again',
    configs: [conf('delay_loop 3', both(TCP))],
    events: [
      closed(10, 'rs1'),
      daemon(20, 1, 'SIGTERM'),
      daemon(26, 1, 'start'),
      open(38, 'rs1'),
      daemon(46, 1, 'SIGKILL'),
      daemon(52, 1, 'start'),
    ],
    end: 64,
  },
  {
    id: 'k233-group',
    title: 'virtual_server_group with two addresses, lb_kind NAT, wrr, real port 8080',
    configs: [
      conf('delay_loop 3', both(TCP))
        .replace('virtual_server 10.10.0.100 80', 'virtual_server group G')
        .replace('lb_kind DR', 'lb_kind NAT')
        .replace('lb_algo rr', 'lb_algo wrr')
        .replace(
          'virtual_server group',
          'virtual_server_group G {\n  10.10.0.100 80\n  10.10.0.101 80\n}\nvirtual_server group',
        ),
    ],
    events: [closed(10, 'rs1'), open(20, 'rs1')],
    end: 30,
  },
  {
    id: 'k234-persistence-fwmark',
    title: 'fwmark service with persistence, lb_kind TUN, HTTP_GET of port 80',
    configs: [
      conf('delay_loop 3\n  persistence_timeout 120', both(GET))
        .replace('virtual_server 10.10.0.100 80', 'virtual_server fwmark 5')
        .replace('lb_kind DR', 'lb_kind TUN'),
    ],
    events: [answers(10, 'rs1', 500), closed(18, 'rs2'), answers(26, 'rs1', 200), open(34, 'rs2')],
    end: 48,
  },
  {
    id: 'k235-killed-leftovers',
    title:
      'SIGKILL leaves rs1 inhibited, a fwmark service and a group of UDP in the table; started again with another scheduler and weight',
    configs: [
      `${conf(
        'delay_loop 3\n  sorry_server 10.10.0.14 80\n  sorry_server_inhibit',
        both(`inhibit_on_failure\n    ${TCP}`),
      )
        .replace('weight 1', 'weight 3')
        .replace('weight 1', 'weight 2')}virtual_server fwmark 7 {
  lb_algo wlc
  lb_kind NAT
  protocol TCP
  delay_loop 3
  real_server 10.10.0.13 8080 {
    weight 1
    PING_CHECK {
    }
  }
}
virtual_server_group G {
  10.10.0.100-101 53
}
virtual_server group G {
  lb_algo rr
  lb_kind DR
  protocol UDP
  delay_loop 3
  real_server 10.10.0.14 53 {
    weight 1
    PING_CHECK {
    }
  }
}
`,
    ],
    events: [closed(8, 'rs1'), daemon(20, 1, 'SIGKILL'), daemon(26, 1, 'start'), open(36, 'rs1')],
    end: 48,
  },
  {
    id: 'k238-reload-new-checkers',
    title:
      'SIGHUP brings servers and services whose first check fails, checkers of all kinds, with alpha and without; ports closed, the script exits 1 at the start',
    configs: [conf('delay_loop 4', both(TCP))],
    second: [
      conf('delay_loop 4', [
        [11, GET],
        [12, TCP.replace('retry 2', 'retry 3')],
        [13, TCP],
        [14, GET],
      ]),
      pool(81, 'delay_loop 4', [
        TCP,
        `UDP_CHECK {\n connect_port 5353\n ${RETRY}\n }`,
        `DNS_CHECK {\n connect_port 53\n ${RETRY}\n }`,
        `SMTP_CHECK {\n connect_port 25\n ${RETRY}\n }`,
      ]),
      pool(82, 'delay_loop 4\n  alpha', [TCP, NO, GET]),
      pool(83, 'delay_loop 4', [NO, GET]),
    ].join(''),
    files: { '/run/k238.sh': '#!/bin/sh\nexit 1\n' },
    before: [{ serve: ['rs3', 'rs4'].map((one) => [one, 80, { kind: 'closed' }] as const) }],
    events: [
      closed(11.8, 'rs1'),
      closed(11.9, 'rs2'),
      reload(12, 'second'),
      open(30, 'rs1'),
      open(30.1, 'rs4'),
      reload(40, undefined),
    ],
    end: 48,
  },
  {
    id: 'k239-reload-before-first-check',
    title: 'SIGHUP before the first checks; all ports closed; delay_loop 6',
    configs: [
      conf('delay_loop 6', [
        [11, TCP],
        [12, GET],
        [13, TCP.replace('retry 2', 'retry 0')],
        [14, `UDP_CHECK {\n connect_port 5353\n ${RETRY}\n }`],
      ]),
    ],
    before: [{ serve: ['rs1', 'rs2', 'rs3'].map((one) => [one, 80, { kind: 'closed' }] as const) }],
    events: [reload(1, undefined), open(18, 'rs1'), open(18.1, 'rs2')],
    end: 32,
  },
  {
    id: 'k236-bind-failed',
    title:
      'bindto an address that the director does not have: TCP, HTTP, SMTP and DNS, UDP and PING',
    configs: [
      `${conf('delay_loop 3\n  bindto 10.10.0.99', [
        [11, TCP.replace('retry 2', 'bindto 10.10.0.99\n retry 2')],
        [12, http('path /', 'bindto 10.10.0.99\n retry 1')],
        [13, 'SMTP_CHECK {\n bindto 10.10.0.99\n retry 1\n }'],
        [14, 'DNS_CHECK {\n bindto 10.10.0.99\n retry 1\n }'],
      ]).replace('\n  bindto 10.10.0.99', '')}virtual_server 10.10.0.100 81 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  delay_loop 3
  real_server 10.10.0.11 81 {
    UDP_CHECK {
      bindto 10.10.0.99
      connect_port 5353
      retry 1
    }
  }
  real_server 10.10.0.12 81 {
    PING_CHECK {
      bindto 10.10.0.99
      retry 1
    }
  }
}
`,
    ],
    events: [
      {
        at: 14,
        text: 'director has 10.10.0.99',
        run: [['d1', 'ip address add 10.10.0.99/32 dev eth0']],
      },
    ],
    end: 24,
  },
  {
    id: 'v201-stopped-director',
    title:
      'two directors, lvs_sync_daemon; director 1 gets SIGTERM at 25 s and starts again at 40 s',
    configs: pair('delay_loop 3', TCP, { global: '  lvs_sync_daemon eth0 VI_1\n' }),
    events: [closed(12, 'rs1'), daemon(25, 1, 'SIGTERM'), open(32, 'rs1'), daemon(40, 1, 'start')],
    end: 56,
  },
  {
    id: 'v202-killed-director',
    title:
      'two directors; director 1 gets SIGKILL at 20 s and starts again at 40 s; rs2 closed meanwhile',
    configs: pair('delay_loop 3', TCP),
    events: [daemon(20, 1, 'SIGKILL'), closed(28, 'rs2'), daemon(40, 1, 'start'), open(52, 'rs2')],
    end: 64,
  },
  {
    id: 'v203-http-sorry',
    title:
      'two directors, HTTP_GET, sorry_server, quorum scripts; director 1 is unplugged at 25 s and plugged at 45 s',
    configs: pair(`delay_loop 3\n  ${NOTES}\n  sorry_server 10.10.0.14 80`, GET),
    events: [
      answers(12, 'rs1', 500),
      { at: 25, text: 'director 1 unplugged', cable: ['d1', false] },
      answers(34, 'rs2', 500),
      { at: 45, text: 'director 1 plugged', cable: ['d1', true] },
      answers(56, 'rs1', 200),
    ],
    end: 70,
  },
  {
    id: 'v204-ha-suspend-stop',
    title:
      'two directors, ha_suspend; rs1 closed at the start; director 1 gets SIGTERM at 22 s, starts again at 36 s',
    configs: pair('delay_loop 3\n  ha_suspend', TCP),
    before: [{ serve: [['rs1', 80, { kind: 'closed' }]] }],
    events: [daemon(22, 1, 'SIGTERM'), open(30, 'rs1'), daemon(36, 1, 'start'), closed(48, 'rs2')],
    end: 60,
  },
];
