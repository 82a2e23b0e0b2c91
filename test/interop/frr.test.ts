/** Our daemon beside FRR's vrrpd, an independent implementation of VRRPv3, in both roles. */

import { describe, expect, test } from 'vitest';
import { FrrRouter, frrConfiguration } from './frr.ts';
import { says, until } from './lab.ts';
import { whyNot } from './requirements.ts';
import { instanceConfiguration, VIP, VrrpPair } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'frr', 'ping', 'tcpdump', 'tshark');
const VRID = 51;
const START_MS = 20_000;
const TAKEOVER_MS = 9000;

const VIRTUAL_MAC = '00:00:5e:00:01:33';

async function inPair(body: (pair: VrrpPair, frr: FrrRouter) => Promise<void>): Promise<void> {
  const pair = new VrrpPair();
  try {
    await body(pair, new FrrRouter(pair.lab, 'theirs', { vrid: VRID, vip: VIP }));
  } finally {
    await pair.close();
  }
}

/** FRR keeps the address on its macvlan and switches that on and off; its own word is what counts. */
async function untilFrrIs(frr: FrrRouter, state: string, withinMs: number): Promise<void> {
  await until(`FRR is ${state}`, () => frr.state() === state, {
    withinMs,
    explain: () => frr.output(),
  });
}

function configuration(priority: number): string {
  return instanceConfiguration({ priority, version: 3 });
}

describe.concurrent("beside FRR's vrrpd", () => {
  test('ours is master: FRR stays backup, takes over at a stop, yields when ours returns', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair, frr) => {
      await pair.startCapture();
      const ours = pair.lab.startLantwin('ours', configuration(150));
      await until('ours holds the VIP', () => pair.holds('ours'), {
        withinMs: START_MS,
        explain: () => ours.output(),
      });
      await frr.start(frrConfiguration({ vrid: VRID, vip: VIP, priority: 100 }));
      await untilFrrIs(frr, 'Backup', START_MS);
      const ping = pair.startPing();
      await until(
        'the client sees ours',
        () => pair.neighbourOfClient() === pair.lab.macOf('ours'),
        {
          withinMs: TAKEOVER_MS,
        },
      );

      ours.signal('SIGTERM');
      await untilFrrIs(frr, 'Master', TAKEOVER_MS);
      expect(await ours.ended).toBe(0);
      await until('the client sees FRR', () => pair.neighbourOfClient() === VIRTUAL_MAC, {
        withinMs: TAKEOVER_MS,
        explain: () => frr.output(),
      });

      const again = pair.lab.startLantwin('ours', configuration(150));
      await untilFrrIs(frr, 'Backup', START_MS);
      await until('ours holds the VIP', () => pair.holds('ours'), { withinMs: TAKEOVER_MS });
      await says(again, '(VI_1) Entering MASTER STATE');
      expect((await ping.stop()).answers).toBeGreaterThan(10);
      await pair.stopCapture();
      expect(pair.tshark('_ws.malformed || _ws.expert.severity == error')).toEqual([]);
      expect(pair.tshark('vrrp && vrrp.version != 3')).toEqual([]);
    });
  });

  test('FRR is master: ours stays backup, and takes over when FRR is killed', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inPair(async (pair, frr) => {
      await frr.start(frrConfiguration({ vrid: VRID, vip: VIP, priority: 200 }));
      await untilFrrIs(frr, 'Master', START_MS);
      const ours = pair.lab.startLantwin('ours', configuration(100));
      await says(ours, 'Entering BACKUP STATE (init)');
      // More than the down time of priority 100: FRR's adverts are what keeps it quiet.
      await new Promise((resolve) => setTimeout(resolve, 5000));
      expect(pair.holds('ours'), ours.output()).toBe(false);
      expect(ours.output()).not.toContain('Entering MASTER');
      await frr.kill();
      // Its macvlan would go on answering; the machine is gone.
      pair.lab.exec('sw', ['ip', 'link', 'set', 'to-theirs', 'down']);
      await until('ours holds the VIP', () => pair.holds('ours'), {
        withinMs: TAKEOVER_MS,
        explain: () => ours.output(),
      });
      const ping = pair.startPing();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect((await ping.stop()).answers).toBeGreaterThan(3);
    });
  });
});
