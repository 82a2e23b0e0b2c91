/**
 * Load balancing across the border: a virtual director in front of real nginx, and a real director (the kernel of a
 * user-mode-linux guest) in front of virtual web servers, both by direct routing, with a real client.
 */

import { describe, expect, test } from 'vitest';
import { Guest, whyNoGuest } from './guest.ts';
import { type Lab, type Running, until } from './lab.ts';
import { inLab } from './probe.ts';
import { RealServer } from './real-server.ts';
import { whyNot } from './requirements.ts';
import { Twin } from './twin.ts';
import { instanceConfiguration, VIP } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build', 'curl');
const LONG_MS = 40_000;

/** Which servers answer a client, one letter a request. */
function pages(lab: Lab, count: number): readonly string[] {
  const url = `http://${VIP}/`;
  return Array.from({ length: count }, () => {
    try {
      return lab.exec('client', ['curl', '-s', '-m', '3', url]).trim();
    } catch {
      return 'nothing';
    }
  });
}

async function untilPages(
  lab: Lab,
  wanted: readonly string[],
  logs: readonly Running[],
): Promise<void> {
  let last: readonly string[] = [];
  await until(
    `${wanted.join(' and ')} answer`,
    () => {
      last = pages(lab, 4);
      return [...new Set(last)].sort().join() === [...wanted].sort().join();
    },
    {
      withinMs: LONG_MS,
      explain: () => [last.join(' '), ...logs.map((one) => one.output())].join('\n'),
    },
  );
}

const DIRECTOR = `${instanceConfiguration({ priority: 150 })}
virtual_server ${VIP} 80 {
    delay_loop 1
    lb_algo rr
    lb_kind DR
    protocol TCP
    ${[11, 12]
      .map(
        (host) => `real_server 10.77.0.${host} 80 {
        weight 1
        HTTP_GET {
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
}
`;

describe.concurrent('load balancing between the twin and a real network', () => {
  test('a virtual director forwards to real nginx, and drops the one that dies', async (context) => {
    const missing = MISSING ?? whyNot('nginx');
    context.skip(missing !== undefined, missing);
    await inLab(async (lab) => {
      lab.addHost('client', '10.77.0.50/24');
      const servers = [11, 12].map(
        (host) => new RealServer(lab, `rs${host}`, { address: `10.77.0.${host}`, vip: VIP }),
      );
      for (const server of servers) await server.start();
      const twin = new Twin();
      const ours = await twin.start(lab, { routers: { r1: DIRECTOR } });
      await untilPages(lab, ['rs11', 'rs12'], [ours]);
      await servers[0]?.kill();
      await untilPages(lab, ['rs12'], [ours]);
      twin.order('exec { host: r1, command: ipvsadm -ln }');
      await until('the director lists one server', () => ours.output().includes('10.77.0.12:80'), {
        withinMs: 5000,
        explain: ours.output,
      });
      expect(ours.output()).not.toContain('10.77.0.11:80');
    });
  });

  test('a real director forwards to virtual web servers', async (context) => {
    const missing = MISSING ?? whyNoGuest() ?? whyNot('ipvsadm');
    context.skip(missing !== undefined, missing);
    await inLab(async (lab) => {
      lab.addHost('client', '10.77.0.50/24');
      const server = (name: string, number: number) =>
        `${name}: { nics: { eth0: { mac: '02:00:00:00:02:${number}', address: 10.77.0.${number}/24 } }, ` +
        `addresses: { lo: [ ${VIP}/32 ] }, sysctl: { net.ipv4.conf.all.arp_ignore: 1, ` +
        `net.ipv4.conf.all.arp_announce: 2 }, programs: [ { http: { port: 80, body: ${name} } } ] }`;
      const twin = new Twin();
      const ours = await twin.start(lab, {
        routers: {},
        hosts: [server('web1', 21), server('web2', 22)],
        flags: [],
      });
      const guest = await Guest.boot(lab, 'director', ['10.77.0.3/24']);
      await guest.run(`ip address add ${VIP}/24 dev eth0`);
      await guest.run(`ipvsadm -A -t ${VIP}:80 -s rr`);
      for (const host of [21, 22]) {
        await guest.run(`ipvsadm -a -t ${VIP}:80 -r 10.77.0.${host}:80 -g`);
      }
      await untilPages(lab, ['web1', 'web2'], [ours]);
      twin.order('power-off web1');
      await guest.run(`ipvsadm -d -t ${VIP}:80 -r 10.77.0.21:80`);
      await untilPages(lab, ['web2'], [ours]);
    });
  });
});
