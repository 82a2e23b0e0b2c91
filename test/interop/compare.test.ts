/** A real network's capture beside the scenario that says what was done in it: `lantwin compare` on the live wire. */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compareCommand } from '../../sim/cli/command-compare.ts';
import { PLAIN_STYLE } from '../../sim/report/style.ts';
import { whyNot } from './requirements.ts';
import { instanceConfiguration, VIP, VrrpPair } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'keepalived', 'ping', 'tcpdump');

test('two real keepalived and their twin agree; a twin that was told something else does not', async (context) => {
  context.skip(MISSING !== undefined, MISSING);
  const pair = new VrrpPair();
  try {
    await pair.startCapture();
    const begin = performance.now();
    const passed = (): number => Math.round(performance.now() - begin);
    const confs = {
      ours: instanceConfiguration({ priority: 150 }),
      theirs: instanceConfiguration({ priority: 100 }),
    };
    const ours = pair.lab.startKeepalived('ours', confs.ours);
    const theirs = pair.lab.startKeepalived('theirs', confs.theirs);
    await pair.untilOwner('ours', { withinMs: 20_000, logs: [ours, theirs] });
    pair.startPing();
    await sleep(2500);
    const stoppedAt = passed();
    ours.signal('SIGTERM');
    await pair.untilOwner('theirs', { withinMs: 8000, logs: [ours, theirs] });
    await sleep(3000);
    await pair.stopCapture();
    const scenario = (stop: number) => `
name: what was done on the wire
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    ours: { nics: { eth0: 10.77.0.1/24 }, keepalived: ours.conf }
    theirs: { nics: { eth0: 10.77.0.2/24 }, keepalived: theirs.conf }
    client: { nics: { eth0: 10.77.0.50/24 } }
  cables: [[ours:eth0, sw1:1], [theirs:eth0, sw1:2], [client:eth0, sw1:3]]
traffic: { pings: { ping: ${VIP}, from: client, every: 100ms } }
steps: [{ at: ${stop}ms, do: { stop: ours } }]
until: ${passed()}ms
`;
    const compare = (name: string, stop: number) => {
      let text = '';
      const output = {
        out: (more: string) => {
          text += more;
        },
        err: (more: string) => {
          text += more;
        },
        style: PLAIN_STYLE,
      };
      const file = pair.lab.file(name, scenario(stop));
      const capture = join(pair.lab.folder, 'copy.pcap');
      copyFileSync(join(pair.lab.folder, 'lan.pcap'), capture);
      // The start of the real daemons took what it took: an advert more or less before the stop.
      const options = { tolerance: '450ms', missing: '2' };
      return { code: compareCommand({ file, capture }, options, output), text };
    };
    const same = compare('same.twin.yml', stoppedAt);
    expect(same.code, same.text).toBe(0);
    const other = compare('other.twin.yml', stoppedAt + 60_000);
    expect(other.code, other.text).toBe(1);
    expect(other.text).toContain('in reality only: advert of VRID 51 from 10.77.0.2');
  } finally {
    await pair.close();
  }
});
