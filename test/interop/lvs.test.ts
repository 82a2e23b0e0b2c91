/**
 * LVS on a real kernel: `lantwin daemon` as the director in a guest of user-mode-linux, in front of real nginx in
 * namespaces, with a real client; and every kind of checker, judged by what real keepalived makes of the same servers.
 */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Guest, whyNoGuest } from './guest.ts';
import { type Lab, until } from './lab.ts';
import { inLab } from './probe.ts';
import { RealServer } from './real-server.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { instanceConfiguration, VIP } from './vrrp-pair.ts';

const MISSING =
  whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived') ??
  whyNoGuest() ??
  whyNot('nginx', 'curl', 'ipvsadm', 'openssl');

const ENTRY = join(REPOSITORY, 'test', 'interop', 'probes', 'daemon-entry.mjs');
const TABLE = 'ipvsadm -Sn';
/** A guest shares the machine: it may be slow. */
const LONG_MS = 40_000;

/** Starts a director's daemon in the guest; its log goes to /run/log. */
async function startDaemon(guest: Guest, which: 'ours' | 'theirs', path: string): Promise<void> {
  const program = which === 'ours' ? `${process.execPath} ${ENTRY}` : 'keepalived';
  await guest.run(`${program} -n -l -D -G -f ${path} -p /run/ka.pid >/run/log 2>&1 &`);
}

async function stopDaemon(guest: Guest): Promise<void> {
  await guest.run('kill $(cat /run/ka.pid)');
  await guest.runUntil('ls /run/ka.pid', (text) => text.includes('No such file'), {
    withinMs: LONG_MS,
    explain: 'cat /run/log',
  });
}

function directorConfiguration(): string {
  const service = (port: number, check: string): string => `
virtual_server ${VIP} ${port} {
    delay_loop 1
    lb_algo rr
    lb_kind DR
    protocol TCP
    ${[11, 12]
      .map(
        (host) => `real_server 10.77.0.${host} ${port} {
        weight 1
        ${check} {
            url {
                path /
                status_code 200
            }
            connect_timeout 2
            retry 1
            delay_before_retry 1
        }
    }`,
      )
      .join('\n    ')}
}`;
  return `global_defs {
    router_id director
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1
    virtual_ipaddress {
        ${VIP}/24
    }
}
${service(80, 'HTTP_GET')}
${service(443, 'SSL_GET')}
`;
}

interface CheckedServer {
  readonly port: number;
  readonly check: string;
  readonly host?: string;
  readonly protocol?: 'UDP';
}

const HTTP = (more: string): string => `HTTP_GET {\n url {\n path /\n ${more}\n }\n`;

/** Every kind of checker, with servers that please it and servers that do not. */
const CHECKED: readonly CheckedServer[] = [
  { port: 8080, check: 'TCP_CHECK {' },
  { port: 8079, check: 'TCP_CHECK {' },
  { port: 8081, check: HTTP('status_code 200') },
  { port: 8082, check: HTTP('status_code 200') },
  { port: 8082, check: HTTP('status_code 500') },
  { port: 8081, check: HTTP('digest b1946ac92492d2347c6235b4d2611184') },
  { port: 8081, check: HTTP('digest 00000000000000000000000000000000') },
  { port: 8081, check: HTTP('regex "hel+o"') },
  { port: 8081, check: HTTP('regex "^hello"') },
  { port: 8081, check: HTTP('regex "hello$"') },
  { port: 8081, check: HTTP('regex "^HTTP"') },
  { port: 8081, check: HTTP('regex "goodbye"') },
  { port: 443, host: '10.77.0.11', check: `SSL_GET {\n url {\n path /\n status_code 200\n }\n` },
  { port: 80, host: '10.77.0.11', check: `SSL_GET {\n url {\n path /\n status_code 200\n }\n` },
  { port: 25, check: 'SMTP_CHECK {\n helo_name director.example.test\n' },
  { port: 26, check: 'SMTP_CHECK {\n helo_name director.example.test\n' },
  { port: 53, check: 'DNS_CHECK {\n type A\n name example.test\n', protocol: 'UDP' },
  { port: 54, check: 'DNS_CHECK {\n type A\n name example.test\n', protocol: 'UDP' },
  {
    port: 5000,
    check: 'UDP_CHECK {\n payload 68656c6c6f\n require_reply 68656c6c6f\n',
    protocol: 'UDP',
  },
  {
    port: 5001,
    check: 'UDP_CHECK {\n payload 68656c6c6f\n require_reply 68656c6c6f\n',
    protocol: 'UDP',
  },
  { port: 9000, check: 'PING_CHECK {' },
  { port: 9001, host: '10.77.0.99', check: 'PING_CHECK {' },
  { port: 9002, check: 'MISC_CHECK {\n misc_path "/bin/true"\n' },
  { port: 9003, check: 'MISC_CHECK {\n misc_path "/bin/false"\n' },
  { port: 9004, check: 'MISC_CHECK {\n misc_path "/bin/sh -c \'exit 9\'"\n misc_dynamic\n' },
];

/** One virtual service a checker, so that no answer hides another. */
function checkedConfiguration(): string {
  const services = CHECKED.map(({ port, check, host, protocol }, index) => {
    const timing = check.startsWith('MISC') ? '' : ' connect_timeout 5\n';
    return `virtual_server 10.88.0.1 ${1000 + index} {
 delay_loop 2
 warmup 0
 lb_algo rr
 lb_kind NAT
 protocol ${protocol ?? 'TCP'}
 real_server ${host ?? '10.77.0.20'} ${port} {
 weight 1
 ${check}${timing} retry 0
 delay_before_retry 1
 }
 }
}
`;
  });
  return `global_defs {\n script_user root\n enable_script_security\n}\n${services.join('')}`;
}

/** Who answers: six requests of the client to the VIP, sorted names without repetition. */
function answers(lab: Lab, url: string): readonly string[] {
  const names = Array.from({ length: 6 }, () => {
    try {
      return lab.exec('client', ['curl', '-sk', '--max-time', '2', url]).trim();
    } catch {
      return 'nobody';
    }
  });
  return [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
}

async function untilAnswers(
  lab: Lab,
  url: string,
  wanted: readonly string[],
  guest: Guest,
): Promise<void> {
  const log = { text: '' };
  await until(`${url} is answered by ${wanted}`, () => `${answers(lab, url)}` === `${wanted}`, {
    withinMs: LONG_MS,
    explain: () => log.text,
  }).catch(async (error) => {
    throw new Error(`${error}\n${await guest.run(`${TABLE}; cat /run/log`)}`);
  });
}

describe.concurrent('LVS on a real kernel', () => {
  test('a dead nginx leaves the pool, comes back, and a stop clears the table', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('client', '10.77.0.50/24');
      const web1 = new RealServer(lab, 'web1', { address: '10.77.0.11', vip: VIP });
      const web2 = new RealServer(lab, 'web2', { address: '10.77.0.12', vip: VIP });
      await Promise.all([web1.start(), web2.start()]);
      const guest = await Guest.boot(lab, 'director', ['10.77.0.2/24']);
      const path = lab.file('director.conf', directorConfiguration());
      await startDaemon(guest, 'ours', path);
      for (const url of [`http://${VIP}/`, `https://${VIP}/`]) {
        await untilAnswers(lab, url, ['web1', 'web2'], guest);
      }
      const both = await guest.run(TABLE);

      await web1.kill();
      for (const url of [`http://${VIP}/`, `https://${VIP}/`]) {
        await untilAnswers(lab, url, ['web2'], guest);
      }
      const one = await guest.runUntil(TABLE, (text) => !text.includes('10.77.0.11'), {
        withinMs: LONG_MS,
        explain: 'cat /run/log',
      });
      expect(one.match(/10\.77\.0\.12:/g)).toHaveLength(2);
      await web1.start();
      await untilAnswers(lab, `http://${VIP}/`, ['web1', 'web2'], guest);
      await guest.runUntil(TABLE, (text) => text === both, {
        withinMs: LONG_MS,
        explain: 'cat /run/log',
      });

      await stopDaemon(guest);
      expect(await guest.run(TABLE), 'nothing of ours is left').toBe('');
      expect(await guest.run('ip -o -4 address show dev eth0')).not.toContain(VIP);
      const log = await guest.run('cat /run/log');
      expect(log).toMatch(/Removing service \[10\.77\.0\.11\]:tcp:80 (to|from) VS/);
      expect(log).toMatch(/Adding service \[10\.77\.0\.11\]:tcp:80 to VS/);

      // The same file in the hands of the real one: the same table, word for word.
      await startDaemon(guest, 'theirs', path);
      await untilAnswers(lab, `http://${VIP}/`, ['web1', 'web2'], guest);
      expect(both).toBe(await guest.run(TABLE));
      await stopDaemon(guest);
    });
  });

  test('every kind of checker decides as the real one does', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      const web = new RealServer(lab, 'web1', { address: '10.77.0.11', vip: VIP });
      lab.addHost('svc', '10.77.0.20/24');
      const probe = join(REPOSITORY, 'test', 'interop', 'probes', 'checked-services.mjs');
      const services = lab.start('svc', [process.execPath, probe]);
      await web.start();
      await until('the services listen', () => services.output().includes('all listen'), {
        withinMs: LONG_MS,
        explain: () => services.output(),
      });
      const guest = await Guest.boot(lab, 'director', ['10.77.0.2/24']);
      const path = lab.file('checked.conf', checkedConfiguration());
      const wait = { withinMs: 90_000, explain: `${TABLE}; cat /run/log` };
      await startDaemon(guest, 'theirs', path);
      // Everything is up at first; then the bad ones go, one after the other: silence last, after five seconds.
      const settled = `a=$(${TABLE}); sleep 6; test -n "$a" && test "$a" = "$(${TABLE})"; echo $?`;
      await guest.runUntil(settled, (text) => text.trim() === '0', wait);
      const theirs = await guest.run(TABLE);
      await stopDaemon(guest);
      await startDaemon(guest, 'ours', path);
      const ours = await guest.runUntil(TABLE, (text) => text === theirs, wait);
      expect(ours.match(/^-a /gm)?.length, 'good ones are in').toBe(13);
      expect(ours).toMatch(/10\.77\.0\.20:9004 -m -w 7/);
    });
  });

  test('the clock steps an hour ahead and back: the master stays what it is', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      // A guest has a clock of its own, which nobody else will miss.
      const guest = await Guest.boot(lab, 'director', ['10.77.0.2/24']);
      lab.addHost('peer', '10.77.0.1/24');
      const path = lab.file('clock.conf', instanceConfiguration({ priority: 150 }));
      await startDaemon(guest, 'ours', path);
      const isMaster = (text: string): boolean => text.includes(VIP);
      const wait = { withinMs: LONG_MS, explain: 'cat /run/log' };
      await guest.runUntil('ip -o address show dev eth0', isMaster, wait);
      const peer = lab.startKeepalived('peer', instanceConfiguration({ priority: 100 }));
      await until('the peer listens', () => peer.output().includes('BACKUP STATE (init)'), {
        withinMs: LONG_MS,
        explain: () => peer.output(),
      });
      for (const step of ['+1 hour', '-1 hour', '-1 day', '+1 day']) {
        await guest.run(`date -s "$(date -d '${step}')" >/dev/null; sleep 1.5`);
      }
      await guest.run('sleep 3');
      const told = `${peer.output()}---\n${await guest.run('cat /run/log; cat /proc/uptime')}`;
      expect(peer.output(), told).not.toContain('Entering MASTER STATE');
      const log = await guest.run('cat /run/log');
      expect(log.match(/Entering \w+ STATE/g)).toEqual([
        'Entering BACKUP STATE',
        'Entering MASTER STATE',
      ]);
      expect(log).not.toContain('thread timer expired');
    });
  });
});
