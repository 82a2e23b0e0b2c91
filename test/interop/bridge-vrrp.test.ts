/**
 * A virtual router behind a TAP beside real keepalived 2.2.7 on one LAN, in both roles. Order and generous bounds only, as
 * in `keepalived.test.ts`; what the virtual router does exactly is judged in virtual time elsewhere.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Running } from './lab.ts';
import { says, until } from './lab.ts';
import { whyNot } from './requirements.ts';
import { R1_MAC, replay, Twin, untilState } from './twin.ts';
import { type InstanceOptions, instanceConfiguration, VIP, VrrpPair } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build', 'keepalived', 'ping');

const START_MS = 20_000;
/** Skew 0.61 s; four seconds of reserve. */
const AFTER_STOP_MS = 4600;
/** Down time 3.61 s; five seconds of reserve. */
const AFTER_KILL_MS = 8600;

interface Place {
  readonly pair: VrrpPair;
  readonly twin: Twin;
}

async function inPlace(
  body: (place: Place) => Promise<void>,
  family: 'inet' | 'inet6' = 'inet',
): Promise<void> {
  const twin = new Twin();
  const pair = new VrrpPair(family, twin);
  try {
    await body({ pair, twin });
  } finally {
    await pair.close();
  }
}

type Kind = Omit<InstanceOptions, 'priority' | 'unicast'> & { readonly unicast?: boolean };

/** Both routers, the named one with priority 150 and master already. */
async function startBoth(
  { pair, twin }: Place,
  master: 'ours' | 'theirs',
  kind: Kind = {},
): Promise<{ ours: Running; theirs: Running }> {
  const { unicast, ...common } = kind;
  const [own, peer] = kind.ipv6 ? ['fd77::1', 'fd77::2'] : ['10.77.0.1', '10.77.0.2'];
  const configuration = (host: 'ours' | 'theirs'): string =>
    instanceConfiguration({
      ...common,
      priority: host === master ? 150 : 100,
      ...(unicast === true
        ? { unicast: host === 'ours' ? { own, peer } : { own: peer, peer: own } }
        : {}),
    });
  const ours = await twin.start(pair.lab, { routers: { r1: configuration('ours') } });
  const theirs = pair.lab.startKeepalived('theirs', configuration('theirs'));
  await pair.untilOwner(master, { withinMs: START_MS, logs: [ours, theirs] });
  // Gratuitous ARP changes an entry that is there and makes none: somebody must talk to the VIP.
  pair.startPing();
  return { ours, theirs };
}

describe.concurrent('a virtual router beside real keepalived: keepalived is master', () => {
  test('ours takes over when it is stopped, and yields when it returns', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async (place) => {
      const { pair } = place;
      const { ours, theirs } = await startBoth(place, 'theirs', { password: 'secret12' });
      await says(ours, 'real router 10.77.0.2 on twin0: VRID 51');
      const ping = pair.startPing();
      await sleep(500);
      theirs.signal('SIGTERM');
      await pair.untilOwner('ours', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
      await pair.untilClientSees('ours', [ours]);
      await theirs.ended;
      const page = pair.lab.exec('client', ['curl', '-s', '-m', '5', `http://${VIP}/`]);
      expect(page).toBe('r1');
      const again = pair.lab.startKeepalived(
        'theirs',
        instanceConfiguration({ priority: 150, password: 'secret12' }),
      );
      await pair.untilOwner('theirs', { withinMs: START_MS, logs: [ours, again] });
      await pair.untilClientSees('theirs', [ours, again]);
      await sleep(500);
      const { longestGapMs, answers } = await ping.stop();
      expect(answers).toBeGreaterThan(10);
      expect(longestGapMs).toBeLessThan(AFTER_STOP_MS);
    });
  });

  test('ours takes over when it is killed, not before the down time', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async (place) => {
      const { ours, theirs } = await startBoth(place, 'theirs');
      const begin = performance.now();
      await place.pair.lab.killKeepalived(theirs);
      await untilState(place.twin, 'r1', 'MASTER', {
        withinMs: AFTER_KILL_MS,
        explain: () => ours.output(),
      });
      expect(performance.now() - begin).toBeGreaterThan(2400);
    });
  });

  test('without --join-vrid nothing of ours reaches the wire, whatever happens', async (context) => {
    const missing = MISSING ?? whyNot('tcpdump', 'tshark');
    context.skip(missing !== undefined, missing);
    await inPlace(async ({ pair, twin }) => {
      await pair.startCapture();
      const theirs = pair.lab.startKeepalived('theirs', instanceConfiguration({ priority: 100 }));
      await until('keepalived holds the VIP', () => pair.holds('theirs'), { withinMs: START_MS });
      const conf = instanceConfiguration({ priority: 200 });
      const ours = await twin.start(pair.lab, { routers: { r1: conf }, flags: [] });
      await untilState(twin, 'r1', 'MASTER', { withinMs: START_MS, explain: ours.output });
      await says(
        ours,
        /held back: VRID 51 is spoken for by the real router 10\.77\.0\.2.*--join-vrid 51/,
      );
      await sleep(1500);
      expect(pair.holds('theirs'), 'keepalived stays master').toBe(true);
      ours.signal('SIGTERM');
      expect(await ours.ended, ours.output()).toBe(2);
      await pair.stopCapture();
      expect(pair.tshark('vrrp && ip.src == 10.77.0.1')).toEqual([]);
      expect(pair.tshark(`arp.src.proto_ipv4 == ${VIP} && eth.src == ${R1_MAC}`)).toEqual([]);
      expect(ours.output()).toMatch(/\d+ frames held back for the sake of real routers/);
      theirs.signal('SIGTERM');
    });
  });
});

describe.concurrent('a virtual router beside real keepalived: ours is master', () => {
  test('it stops, starts, crashes, loses its cable: keepalived follows each time', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async (place) => {
      const { pair, twin } = place;
      const { ours, theirs } = await startBoth(place, 'ours', { password: 'secret12' });
      const logs = [ours, theirs];
      twin.order('stop r1');
      await pair.untilOwner('theirs', { withinMs: AFTER_STOP_MS, logs });
      await pair.untilClientSees('theirs', logs);
      await says(theirs, '(VI_1) Backup received priority 0 advertisement');
      twin.order('start r1');
      await pair.untilOwner('ours', { withinMs: START_MS, logs });
      await says(theirs, /Master received advert from 10\.77\.0\.1 with higher priority/);
      twin.order('unplug r1:eth0');
      await pair.untilOwner('theirs', { withinMs: AFTER_KILL_MS, logs });
      expect(twin.stateOf('r1')).toBe('FAULT');
      twin.order('replug r1:eth0');
      await pair.untilOwner('ours', { withinMs: START_MS, logs });
      twin.order('power-off r1');
      await until('keepalived holds the VIP', () => pair.holds('theirs'), {
        withinMs: AFTER_KILL_MS,
        explain: () => pair.explain(logs),
      });
      ours.signal('SIGTERM');
      expect(await ours.ended, ours.output()).toBe(2);
      // What a day on a real wire has done is done again without one.
      const { code, text } = replay(pair.lab);
      expect([code, text.includes('another way')], text).toEqual([2, false]);
      expect(text).toMatch(/▸ power-off r1/);
    });
  });

  test('the bridge ends by a signal: priority 0, no TAP; keepalived takes over at once', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async (place) => {
      const { pair, twin } = place;
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        const conf = instanceConfiguration({ priority: 150 });
        const theirs = pair.lab.startKeepalived('theirs', instanceConfiguration({ priority: 100 }));
        const ours = await twin.start(pair.lab, { routers: { r1: conf } });
        await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours, theirs] });
        ours.signal(signal);
        await until('keepalived holds the VIP', () => pair.holds('theirs'), {
          withinMs: AFTER_STOP_MS,
          explain: () => pair.explain([ours, theirs]),
        });
        await says(theirs, '(VI_1) Backup received priority 0 advertisement');
        expect(await ours.ended, ours.output()).toBe(2);
        expect(ours.output()).toContain('withdrawn: r1');
        expect(twin.hasTap(pair.lab)).toBe(false);
        theirs.signal('SIGTERM');
        await theirs.ended;
      }
    });
  });

  test('the bridge is killed: the TAP goes with it, keepalived takes over after its down time', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async (place) => {
      const { pair, twin } = place;
      const { ours, theirs } = await startBoth(place, 'ours');
      // The recording goes to the operating system twice a second.
      await sleep(1500);
      const begin = performance.now();
      ours.signal('SIGKILL');
      await ours.ended;
      expect(twin.hasTap(pair.lab)).toBe(false);
      await until('keepalived holds the VIP', () => pair.holds('theirs'), {
        withinMs: AFTER_KILL_MS,
        explain: () => pair.explain([theirs]),
      });
      expect(performance.now() - begin).toBeGreaterThan(2400);
      // What was recorded until then can be looked at.
      const { code, text } = replay(pair.lab);
      expect(code, text).toBe(2);
      expect(text).toContain('cut off');
      expect(text).toMatch(/r1 +VI_1 BACKUP -> MASTER/);
    });
  });

  test('the real end of its cable goes down, and comes back', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async (place) => {
      const { pair } = place;
      const { ours, theirs } = await startBoth(place, 'ours');
      pair.lab.exec('sw', ['ip', 'link', 'set', 'twin0', 'down']);
      await says(ours, 'interface twin0 is down');
      await until('keepalived holds the VIP', () => pair.holds('theirs'), {
        withinMs: AFTER_KILL_MS,
        explain: () => pair.explain([ours, theirs]),
      });
      pair.lab.exec('sw', ['ip', 'link', 'set', 'twin0', 'up']);
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours, theirs] });
      await pair.untilClientSees('ours', [ours, theirs]);
    });
  });

  test('the whole process stands still for ten seconds: as keepalived after SIGCONT', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async (place) => {
      const { pair } = place;
      const { ours, theirs } = await startBoth(place, 'ours');
      ours.signal('SIGSTOP');
      await sleep(10_000);
      expect(pair.holds('theirs'), pair.explain([ours, theirs])).toBe(true);
      ours.signal('SIGCONT');
      await says(ours, /this process stood still for (9|10|11)\.\d s/);
      await pair.untilOwner('ours', { withinMs: START_MS, logs: [ours, theirs] });
      ours.signal('SIGTERM');
      await ours.ended;
      const { code, text } = replay(pair.lab);
      expect([code, text.includes('another way')], text).toEqual([2, false]);
    });
  });
});

describe.concurrent('a virtual router beside real keepalived: kinds of instances', () => {
  const kinds: readonly (readonly [name: string, kind: Kind])[] = [
    ['version 2 with AH', { password: 'secret12', authType: 'AH' }],
    ['version 3 every 100 ms', { version: 3, advertInterval: '0.1' }],
    ['unicast', { unicast: true }],
    ['IPv6', { version: 3, ipv6: true }],
  ];
  test.each(kinds)('%s: each hands over to the other and takes back', async (_name, kind) => {
    if (MISSING !== undefined) return;
    await inPlace(
      async (place) => {
        const { pair, twin } = place;
        const { ours, theirs } = await startBoth(place, 'theirs', kind);
        theirs.signal('SIGTERM');
        await pair.untilOwner('ours', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
        await pair.untilClientSees('ours', [ours]);
        await theirs.ended;
        const lower = readFileSync(`${pair.lab.folder}/theirs.conf`, 'utf8').replace('150', '90');
        const again = pair.lab.startKeepalived('theirs', lower);
        await sleep(4500);
        expect([pair.holds('ours'), pair.holds('theirs')], pair.explain([ours, again])).toEqual([
          true,
          false,
        ]);
        twin.order('stop r1');
        await pair.untilOwner('theirs', { withinMs: AFTER_STOP_MS, logs: [ours, again] });
      },
      kind.ipv6 === true ? 'inet6' : 'inet',
    );
  });

  test('different passwords: both refuse the other and both are master', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async ({ pair, twin }) => {
      const conf = (priority: number, password: string) =>
        instanceConfiguration({ priority, password });
      const ours = await twin.start(pair.lab, { routers: { r1: conf(150, 'secret12') } });
      const theirs = pair.lab.startKeepalived('theirs', conf(100, 'other123'));
      await until('both are master', () => pair.holds('ours') && pair.holds('theirs'), {
        withinMs: START_MS,
        explain: () => pair.explain([ours, theirs]),
      });
      await says(theirs, 'received an invalid passwd!');
      await says(ours, /refused an advert of 10\.77\.0\.2/);
    });
  });

  test('three in a group, two of them virtual: the order of priorities decides', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPlace(async ({ pair, twin }) => {
      const conf = (priority: number) => instanceConfiguration({ priority });
      const routers = { r1: conf(150), r2: conf(100) };
      const ours = await twin.start(pair.lab, { routers });
      const theirs = pair.lab.startKeepalived('theirs', conf(120));
      const logs = [ours, theirs];
      await pair.untilOwner('ours', { withinMs: START_MS, logs });
      expect(twin.stateOf('r2')).toBe('BACKUP');
      twin.order('power-off r1');
      await until('keepalived holds the VIP', () => pair.holds('theirs'), {
        withinMs: AFTER_KILL_MS,
        explain: () => pair.explain(logs),
      });
      await sleep(1500);
      expect(twin.stateOf('r2'), ours.output()).toBe('BACKUP');
      theirs.signal('SIGTERM');
      await untilState(twin, 'r2', 'MASTER', { withinMs: AFTER_STOP_MS, explain: ours.output });
      twin.order('power-on r1');
      await untilState(twin, 'r1', 'MASTER', { withinMs: START_MS, explain: ours.output });
      await untilState(twin, 'r2', 'BACKUP', { withinMs: AFTER_STOP_MS, explain: ours.output });
    });
  });
});

describe.concurrent('a virtual router beside real keepalived: on the wire', () => {
  test('tshark finds nothing malformed in a failover with web traffic', async (context) => {
    const missing = MISSING ?? whyNot('tcpdump', 'tshark');
    context.skip(missing !== undefined, missing);
    await inPlace(async (place) => {
      const { pair, twin } = place;
      await pair.startCapture();
      const { ours, theirs } = await startBoth(place, 'theirs', { password: 'secret12' });
      theirs.signal('SIGTERM');
      await pair.untilOwner('ours', { withinMs: AFTER_STOP_MS, logs: [ours, theirs] });
      await pair.untilClientSees('ours', [ours]);
      const fetch = ['curl', '-s', '-m', '5', `http://${VIP}/`];
      for (let round = 0; round < 3; round++) expect(pair.lab.exec('client', fetch)).toBe('r1');
      expect(pair.neighbourOfClient()).toBe(R1_MAC);
      twin.order('stop r1');
      await sleep(1500);
      await pair.stopCapture();
      const mine = `eth.src == ${R1_MAC}`;
      expect(pair.tshark('_ws.malformed')).toEqual([]);
      // The client's own frames still lack the checksums that it left to hardware.
      expect(pair.tshark(`${mine} && _ws.expert.severity == error`)).toEqual([]);
      const bad = ['ip', 'tcp', 'udp', 'vrrp', 'icmp'].map(
        (name) => `${name}.checksum.status == 0`,
      );
      expect(pair.tshark(`${mine} && (${bad.join(' || ')})`)).toEqual([]);
      const fields = ['vrrp.prio', 'ip.dsfield', 'eth.dst', 'ip.len', 'ip.ttl'];
      const adverts = pair.tshark(`vrrp && ${mine}`, ...fields);
      const his = pair.tshark('vrrp && ip.src == 10.77.0.2', ...fields);
      expect(adverts.at(-1), 'the last one says goodbye').toMatch(/^0\t/);
      const shape = (line: string | undefined): string | undefined => line?.replace(/^\d+/, '');
      expect(new Set(adverts.map(shape))).toEqual(new Set(his.map(shape)));
    });
  });
});
