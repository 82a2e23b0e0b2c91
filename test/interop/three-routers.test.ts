/**
 * More than a pair: three routers that share two virtual routers in a sync group, ours between two real keepalived; a
 * client that fetches pages from the VIP through all of it; and keepalived losing its cable as master.
 */

import { describe, expect, test } from 'vitest';
import { Lab, type Running, says, until } from './lab.ts';
import { whyNot } from './requirements.ts';
import { instanceConfiguration, VIP, VrrpPair } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived', 'curl', 'ping');
const START_MS = 20_000;
const TAKEOVER_MS = 9000;
const SECOND_VIP = '10.77.0.101';

type Router = 'first' | 'ours' | 'third';
const ROUTERS: readonly Router[] = ['first', 'ours', 'third'];
const PRIORITIES = { first: 150, ours: 120, third: 100 } as const;

function groupConfiguration(priority: number): string {
  const instance = (name: string, vrid: number, vip: string): string => `
vrrp_instance ${name} {
    state BACKUP
    interface eth0
    virtual_router_id ${vrid}
    priority ${priority}
    advert_int 1
    virtual_ipaddress {
        ${vip}/24
    }
}
`;
  const group = 'vrrp_sync_group G1 {\n    group {\n        VI_1\n        VI_2\n    }\n}\n';
  return `${group}${instance('VI_1', 51, VIP)}${instance('VI_2', 52, SECOND_VIP)}`;
}

function start(lab: Lab, router: Router): Running {
  const configuration = groupConfiguration(PRIORITIES[router]);
  return router === 'ours'
    ? lab.startLantwin(router, configuration)
    : lab.startKeepalived(router, configuration);
}

/** Waits until one router alone holds both addresses, none of them somebody else. */
async function untilAlone(
  lab: Lab,
  owner: Router,
  live: readonly Router[],
  logs: readonly Running[],
): Promise<void> {
  const holdsBoth = (router: Router): boolean =>
    lab.holds(router, VIP) && lab.holds(router, SECOND_VIP);
  const holdsNone = (router: Router): boolean =>
    !lab.holds(router, VIP) && !lab.holds(router, SECOND_VIP);
  const alone = (): boolean =>
    holdsBoth(owner) && live.every((router) => router === owner || holdsNone(router));
  await until(`${owner} alone holds both`, alone, {
    withinMs: START_MS,
    explain: () => logs.map((one) => one.output()).join('---\n'),
  });
}

/** A web server on every address of a host that says the host's name. */
function serveName(lab: Lab, host: string): void {
  const program = `require('http').createServer((q, s) => s.end('${host}')).listen(80)`;
  lab.start(host, [process.execPath, '-e', program]);
}

async function untilFetched(lab: Lab, address: string, wanted: string): Promise<void> {
  const fetched = (): string => {
    try {
      return lab.exec('client', ['curl', '-s', '--max-time', '1', `http://${address}/`]);
    } catch {
      return 'nothing';
    }
  };
  await until(`the client is answered by ${wanted}`, () => fetched() === wanted, {
    withinMs: START_MS,
  });
}

describe.concurrent('more than a pair', () => {
  test('three routers, two addresses in a sync group: they move together, from one to the next', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const lab = new Lab();
    try {
      for (const [index, router] of ROUTERS.entries()) {
        lab.addHost(router, `10.77.0.${index + 1}/24`);
        serveName(lab, router);
      }
      lab.addHost('client', '10.77.0.50/24');
      const running = {
        first: start(lab, 'first'),
        ours: start(lab, 'ours'),
        third: start(lab, 'third'),
      };
      const logs = Object.values(running);
      await untilAlone(lab, 'first', ROUTERS, logs);
      for (const vip of [VIP, SECOND_VIP]) await untilFetched(lab, vip, 'first');

      running.first.signal('SIGTERM');
      await untilAlone(lab, 'ours', ROUTERS, logs);
      for (const vip of [VIP, SECOND_VIP]) await untilFetched(lab, vip, 'ours');
      await running.first.ended;

      running.ours.signal('SIGTERM');
      await untilAlone(lab, 'third', ROUTERS, logs);
      for (const vip of [VIP, SECOND_VIP]) await untilFetched(lab, vip, 'third');
      expect(await running.ours.ended, running.ours.output()).toBe(0);

      // Ours preempts the third, and yields to the first as a whole.
      const again = start(lab, 'ours');
      await untilAlone(lab, 'ours', ROUTERS, [again, running.third]);
      const first = start(lab, 'first');
      await untilAlone(lab, 'first', ROUTERS, [again, first]);
      for (const vip of [VIP, SECOND_VIP]) await untilFetched(lab, vip, 'first');
      expect(again.output()).toContain('VRRP_Group(G1) Syncing instances to BACKUP state');
    } finally {
      await lab.close();
    }
  });

  test('keepalived loses its cable as master: ours takes over, and yields when it is back', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const pair = new VrrpPair();
    try {
      const { lab } = pair;
      for (const host of ['ours', 'theirs']) serveName(lab, host);
      const ours = lab.startLantwin('ours', instanceConfiguration({ priority: 100 }));
      const theirs = lab.startKeepalived('theirs', instanceConfiguration({ priority: 150 }));
      const logs = [ours, theirs];
      await pair.untilOwner('theirs', { withinMs: START_MS, logs });
      await untilFetched(lab, VIP, 'theirs');
      lab.exec('sw', ['ip', 'link', 'set', 'to-theirs', 'down']);
      await pair.untilOwner('ours', { withinMs: TAKEOVER_MS, logs });
      await pair.untilClientSees('ours', logs);
      await untilFetched(lab, VIP, 'ours');
      lab.exec('sw', ['ip', 'link', 'set', 'to-theirs', 'up']);
      await pair.untilOwner('theirs', { withinMs: START_MS, logs });
      await pair.untilClientSees('theirs', logs);
      await untilFetched(lab, VIP, 'theirs');
    } finally {
      await pair.close();
    }
  });

  test('nopreempt on the side that returns: the lower one stays master', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const pair = new VrrpPair();
    try {
      const { lab } = pair;
      const higher = instanceConfiguration({ priority: 150, extra: '    nopreempt' });
      const ours = lab.startLantwin('ours', higher);
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours] });
      const theirs = lab.startKeepalived('theirs', instanceConfiguration({ priority: 100 }));
      await says(theirs, 'Entering BACKUP STATE (init)');
      ours.signal('SIGTERM');
      await pair.untilOwner('theirs', { withinMs: TAKEOVER_MS, logs: [ours, theirs] });
      await ours.ended;
      const again = lab.startLantwin('ours', higher);
      // Longer than its down time: only nopreempt holds it back.
      await new Promise((resolve) => setTimeout(resolve, 6000));
      expect(pair.holds('theirs') && !pair.holds('ours'), pair.explain([again, theirs])).toBe(true);
      theirs.signal('SIGTERM');
      await pair.untilOwner('ours', { withinMs: TAKEOVER_MS, logs: [again, theirs] });
    } finally {
      await pair.close();
    }
  });
});
