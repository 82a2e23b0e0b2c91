/** Reloads that change one thing of every checker while all of them have failed: who begins anew is put back at once. */

import { type CheckerPlan, cable, conf, reload, script } from './plan.ts';

/** Every kind with a connection; nothing answers any of them. */
function pools(timeout: number, more: string): string {
  const words = `connect_timeout ${timeout}\n ${more}`;
  const check = (kind: string, own = '') => `${kind} {\n ${own}\n ${words}\n }`;
  const second = conf('delay_loop 3', [
    [13, check('HTTP_GET', 'connect_port 8080\n url {\n path /\n }')],
    [14, check('UDP_CHECK', 'connect_port 5353')],
  ]);
  return `${conf('delay_loop 3', [
    [11, check('PING_CHECK')],
    [12, check('TCP_CHECK', 'connect_port 8080')],
    [13, check('SMTP_CHECK', 'connect_port 25')],
    [14, check('DNS_CHECK', 'connect_port 53')],
  ]).replace(
    '  script_user root\n',
    '  script_user root\n  smtp_helo_name mail.example.test\n',
  )}${second.slice(second.indexOf('virtual_server')).replace('10.10.0.100 80', '10.10.0.100 81')}`;
}

const SCRIPT = 'MISC_CHECK {\n misc_path /run/k245.sh';

export const RELOAD_PLANS: readonly CheckerPlan[] = [
  {
    id: 'k243-reload-timeouts',
    title:
      'SIGHUP while everything is down: nothing changed, then connect_timeout of all; the servers are silent or closed',
    configs: [pools(2, 'retry 1\n delay_before_retry 1')],
    second: pools(3, 'retry 1\n delay_before_retry 1'),
    events: [cable(6, 'rs1', false), reload(20, undefined), reload(32, 'second')],
    end: 46,
  },
  {
    id: 'k244-reload-paces',
    title:
      'SIGHUP while everything is down: retry and delay_before_retry of all, then delay_loop; the servers are silent or closed',
    configs: [pools(2, 'retry 1\n delay_before_retry 1')],
    second: pools(2, 'retry 2\n delay_before_retry 2'),
    third: pools(2, 'retry 2\n delay_before_retry 2').replaceAll('delay_loop 3', 'delay_loop 2'),
    events: [cable(6, 'rs1', false), reload(20, 'second'), reload(32, 'third')],
    end: 46,
  },
  {
    id: 'k245-reload-misc-weights',
    title:
      'SIGHUP with nothing changed after each exit code of a script that two servers of misc_dynamic and one without have in common',
    configs: [
      conf('delay_loop 2', [
        [11, `${SCRIPT}\n misc_dynamic\n }`],
        [12, `${SCRIPT}\n misc_dynamic\n }`],
        [13, `${SCRIPT}\n }`],
      ]).replace('weight 1\n', 'weight 3\n'),
    ],
    files: { '/run/k245.sh': '#!/bin/sh\nexit 0\n' },
    events: [0, 12, 0, 1, 0, 2, 0].flatMap((code, index) => [
      script(6 + 14 * index, '/run/k245.sh', code),
      reload(14 + 14 * index, undefined),
    ]),
    end: 108,
  },
];
