/**
 * Our daemon beside real keepalived 2.2.7 on one LAN, in both roles. Order and generous bounds only: the machine
 * may be busy, exact times are the business of the recordings. Bounds: a takeover after SIGTERM is due one
 * skew time later (0.61 s at priority 100), after SIGKILL three intervals and one skew (3.61 s).
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Running } from './lab.ts';
import { says, until } from './lab.ts';
import { whyNot } from './requirements.ts';
import { type InstanceOptions, instanceConfiguration, VIP, VrrpPair } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived', 'ping');

/** Start, election and a good deal of waiting for a busy processor. */
const START_MS = 15_000;
/** Skew 0.61 s; four seconds of reserve. */
const AFTER_STOP_MS = 4600;
/** Down time 3.61 s; five seconds of reserve. */
const AFTER_KILL_MS = 8600;

async function inPair(
  body: (pair: VrrpPair) => Promise<void>,
  family: 'inet' | 'inet6' = 'inet',
): Promise<void> {
  const pair = new VrrpPair(family);
  try {
    await body(pair);
  } finally {
    await pair.close();
  }
}

/** Both routers, the named one with priority 150 and master already. */
async function startBoth(
  pair: VrrpPair,
  master: 'ours' | 'theirs',
  options: Omit<InstanceOptions, 'priority' | 'unicast'> & { readonly unicast?: boolean } = {},
): Promise<{ ours: Running; theirs: Running }> {
  const { unicast, ...common } = options;
  const [own, peer] = options.ipv6 ? ['fd77::1', 'fd77::2'] : ['10.77.0.1', '10.77.0.2'];
  const configuration = (host: 'ours' | 'theirs'): string =>
    instanceConfiguration({
      ...common,
      priority: host === master ? 150 : 100,
      ...(unicast === true
        ? { unicast: host === 'ours' ? { own, peer } : { own: peer, peer: own } }
        : {}),
    });
  const ours = pair.lab.startLantwin('ours', configuration('ours'));
  const theirs = pair.lab.startKeepalived('theirs', configuration('theirs'));
  await pair.untilOwner(master, { withinMs: START_MS, logs: [ours, theirs] });
  return { ours, theirs };
}

describe.concurrent('beside real keepalived: keepalived is master', () => {
  test('ours takes over when it is stopped, and yields when it returns', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const configuration = instanceConfiguration({ priority: 150, password: 'secret12' });
      const { ours, theirs } = await startBoth(pair, 'theirs', { password: 'secret12' });
      const ping = pair.startPing();
      await sleep(1000);

      theirs.signal('SIGTERM');
      await pair.untilOwner('ours', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
      await pair.untilClientSees('ours', [ours]);
      await says(ours, '(VI_1) Backup received priority 0 advertisement');
      await says(ours, '(VI_1) Entering MASTER STATE');
      await theirs.ended;

      const again = pair.lab.startKeepalived('theirs', configuration);
      await pair.untilOwner('theirs', { withinMs: START_MS, logs: [ours, again] });
      await pair.untilClientSees('theirs', [ours, again]);
      await says(ours, /Master received advert from 10\.77\.0\.2 with higher priority/);
      await says(ours, '(VI_1) Entering BACKUP STATE');

      await sleep(500);
      const { longestGapMs, answers } = await ping.stop();
      expect(answers).toBeGreaterThan(10);
      expect(longestGapMs).toBeLessThan(AFTER_STOP_MS);
    });
  });

  test('ours takes over when it is killed; both then hold the address', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const { ours, theirs } = await startBoth(pair, 'theirs', { password: 'secret12' });
      const begin = performance.now();
      await pair.lab.killKeepalived(theirs);
      await until('ours holds the VIP', () => pair.holds('ours'), {
        withinMs: AFTER_KILL_MS,
        explain: () => pair.explain([ours, theirs]),
      });
      // Not before the down time counted from an advert that may be one interval old.
      expect(performance.now() - begin).toBeGreaterThan(2400);
      expect(pair.holds('theirs'), 'a killed keepalived leaves its VIP').toBe(true);
      await says(ours, '(VI_1) Receive advertisement timeout');
    });
  });
});

describe.concurrent('beside real keepalived: ours is master', () => {
  test('keepalived takes over when ours is stopped, and yields when it returns', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const { ours, theirs } = await startBoth(pair, 'ours', { password: 'secret12' });
      const pidFile = `${pair.lab.folder}/ours.pid`;
      expect(readFileSync(pidFile, 'utf8')).toBe(`${ours.pid}\n`);
      const ping = pair.startPing();
      await sleep(1000);

      ours.signal('SIGTERM');
      await pair.untilOwner('theirs', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
      await pair.untilClientSees('theirs', [ours, theirs]);
      expect(await ours.ended, ours.output()).toBe(0);
      expect(() => readFileSync(pidFile)).toThrow();
      await says(ours, '(VI_1) sent 0 priority');
      await says(theirs, '(VI_1) Backup received priority 0 advertisement');

      const configuration = instanceConfiguration({ priority: 150, password: 'secret12' });
      const again = pair.lab.startLantwin('ours', configuration);
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [again, theirs] });
      await pair.untilClientSees('ours', [again, theirs]);
      await says(theirs, /Master received advert from 10\.77\.0\.1 with higher priority/);
      await sleep(500);
      expect((await ping.stop()).longestGapMs).toBeLessThan(AFTER_STOP_MS);
    });
  });

  test('ours is killed: its VIP stays, keepalived takes over, a restart removes it', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const { ours, theirs } = await startBoth(pair, 'ours', { password: 'secret12' });
      ours.signal('SIGKILL');
      await ours.ended;
      expect(pair.holds('ours'), 'nobody is there to remove it').toBe(true);
      await until('keepalived holds the VIP', () => pair.holds('theirs'), {
        withinMs: AFTER_KILL_MS,
        explain: () => pair.explain([ours, theirs]),
      });
      const lower = instanceConfiguration({ priority: 50, password: 'secret12' });
      const again = pair.lab.startLantwin('ours', lower);
      await pair.untilOwner('theirs', { withinMs: START_MS, logs: [again, theirs] });
      await says(again, '(VI_1) removing VIPs.');
    });
  });

  test('carrier loss: ours releases at once, and takes the address back later', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const { ours, theirs } = await startBoth(pair, 'ours');
      const ping = pair.startPing();
      await sleep(500);
      pair.lab.exec('sw', ['ip', 'link', 'set', 'to-ours', 'down']);
      await pair.untilOwner('theirs', { withinMs: AFTER_KILL_MS, logs: [ours, theirs] });
      await pair.untilClientSees('theirs', [ours, theirs]);
      await says(ours, '(VI_1) Entering FAULT STATE');
      pair.lab.exec('sw', ['ip', 'link', 'set', 'to-ours', 'up']);
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours, theirs] });
      await pair.untilClientSees('ours', [ours, theirs]);
      await sleep(300);
      expect((await ping.stop()).longestGapMs).toBeLessThan(AFTER_KILL_MS);
    });
  });

  test('a reload changes the priority without a change of master', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const { ours, theirs } = await startBoth(pair, 'ours');
      pair.lab.file('ours.conf', instanceConfiguration({ priority: 120 }));
      await says(ours, 'Entering MASTER STATE');
      ours.signal('SIGHUP');
      await says(ours, 'Reload complete');
      await sleep(4000);
      expect(pair.holds('ours') && !pair.holds('theirs'), pair.explain([ours, theirs])).toBe(true);
      expect(ours.output().match(/Entering MASTER STATE/g)).toHaveLength(1);
      pair.lab.file('ours.conf', instanceConfiguration({ priority: 50 }));
      ours.signal('SIGHUP');
      await pair.untilOwner('theirs', { withinMs: AFTER_KILL_MS, logs: [ours, theirs] });
    });
  });

  test('frozen for eight seconds: keepalived takes over, ours takes back when it goes on', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const { ours, theirs } = await startBoth(pair, 'ours');
      ours.signal('SIGSTOP');
      await until('keepalived holds the VIP', () => pair.holds('theirs'), {
        withinMs: AFTER_KILL_MS,
        explain: () => pair.explain([ours, theirs]),
      });
      await sleep(4000);
      ours.signal('SIGCONT');
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours, theirs] });
    });
  });

  test('an interrupt at the terminal withdraws as a stop does', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const { ours, theirs } = await startBoth(pair, 'ours');
      ours.signal('SIGINT');
      await pair.untilOwner('theirs', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
      expect(await ours.ended, ours.output()).toBe(0);
    });
  });
});

describe.concurrent('beside real keepalived: kinds of instances', () => {
  const kinds: readonly {
    readonly name: string;
    readonly options: Parameters<typeof startBoth>[2];
  }[] = [
    { name: 'version 2 without authentication', options: {} },
    { name: 'version 2 with AH', options: { password: 'secret12', authType: 'AH' } },
    { name: 'version 3 every 100 ms', options: { version: 3, advertInterval: '0.1' } },
    { name: 'unicast', options: { unicast: true } },
    { name: 'IPv6', options: { version: 3, ipv6: true } },
  ];
  for (const { name, options } of kinds) {
    test(`${name}: each hands over to the other and takes back`, async (context) => {
      context.skip(MISSING !== undefined, MISSING);
      await inPair(
        async (pair) => {
          const { ours, theirs } = await startBoth(pair, 'theirs', options);
          theirs.signal('SIGTERM');
          await pair.untilOwner('ours', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
          await theirs.ended;
          const again = pair.lab.startKeepalived(
            'theirs',
            readFileSync(`${pair.lab.folder}/theirs.conf`, 'utf8').replace('150', '90'),
          );
          await sleep(4500);
          expect(pair.holds('ours'), pair.explain([ours, again])).toBe(true);
          expect(pair.holds('theirs'), pair.explain([ours, again])).toBe(false);
          ours.signal('SIGTERM');
          await pair.untilOwner('theirs', { withinMs: AFTER_STOP_MS, logs: [ours, again] });
        },
        options?.ipv6 === true ? 'inet6' : 'inet',
      );
    });
  }

  test('different passwords: both refuse the other and both are master', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair) => {
      const ours = pair.lab.startLantwin(
        'ours',
        instanceConfiguration({ priority: 150, password: 'secret12' }),
      );
      const theirs = pair.lab.startKeepalived(
        'theirs',
        instanceConfiguration({ priority: 100, password: 'other123' }),
      );
      await until('both hold the VIP', () => pair.holds('ours') && pair.holds('theirs'), {
        withinMs: START_MS,
        explain: () => pair.explain([ours, theirs]),
      });
      for (const running of [ours, theirs]) {
        await says(running, 'received an invalid passwd!');
      }
    });
  });
});

describe.concurrent('beside real keepalived: on the wire', () => {
  test('tshark finds nothing malformed and no bad checksum in a whole failover', async (context) => {
    const missing = MISSING ?? whyNot('tcpdump', 'tshark');
    context.skip(missing !== undefined, missing);
    await inPair(async (pair) => {
      await pair.startCapture();
      const { ours, theirs } = await startBoth(pair, 'theirs', { password: 'secret12' });
      theirs.signal('SIGTERM');
      await pair.untilOwner('ours', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
      await sleep(2500);
      ours.signal('SIGTERM');
      await ours.ended;
      await pair.stopCapture();

      const own = 'ip.src == 10.77.0.1';
      expect(pair.tshark('_ws.malformed || _ws.expert.severity == error')).toEqual([]);
      expect(pair.tshark('ip.checksum.status == 0 || vrrp.checksum.status == 0')).toEqual([]);
      expect(pair.tshark(`vrrp && ${own} && !(ip.ttl == 255 && ip.dst == 224.0.0.18)`)).toEqual([]);
      const fields = ['vrrp.prio', 'ip.dsfield', 'eth.dst', 'ip.len'];
      const mine = pair.tshark(`vrrp && ${own}`, ...fields);
      const his = pair.tshark('vrrp && ip.src == 10.77.0.2', ...fields);
      expect(mine.length).toBeGreaterThanOrEqual(3);
      expect(mine.at(-1), 'the last one says goodbye').toMatch(/^0\t/);
      // Byte for byte of the same shape as keepalived's own, priorities apart.
      const shape = (line: string | undefined): string | undefined => line?.replace(/^\d+/, '');
      expect(new Set(mine.map(shape))).toEqual(new Set(his.map(shape)));
      const arp = `arp.isgratuitous && arp.src.proto_ipv4 == ${VIP}`;
      const mac = pair.lab.macOf('ours');
      const announced = pair.tshark(`${arp} && eth.src == ${mac}`, 'arp.opcode', 'eth.dst');
      expect(announced.length).toBeGreaterThanOrEqual(5);
      expect(new Set(announced)).toEqual(new Set(['1\tff:ff:ff:ff:ff:ff']));
    });
  });
});
