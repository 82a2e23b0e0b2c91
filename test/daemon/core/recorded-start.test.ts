/**
 * What the daemon says and tells around its start, against keepalived 2.2.7's own words. The
 * recordings are made by test/golden/keepalived/record.sh; `Startup complete` comes from another
 * process there and moves by a line or two, so it is compared by itself.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { boot, notified } from './keywords/keyword-lab.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../golden/keepalived/start');

/** How long each recording ran before SIGTERM, what was done before and at that moment. */
interface Case {
  readonly seconds: number;
  readonly before?: (host: FakeHost) => void;
  readonly atEnd?: (host: FakeHost) => void;
}

const carrier = (link: string, up: boolean) => (host: FakeHost) => host.carrier(link, up);

const CASES = new Map<string, Case>([
  ['plain', { seconds: 4 }],
  ['unicast-fault-no-peer', { seconds: 1.5 }],
  ['carrier-down', { seconds: 1.5, before: carrier('eth0', false), atEnd: carrier('eth0', true) }],
  [
    'no-address',
    {
      seconds: 1.5,
      before: (host) => host.deleteAddress('eth0', 0xc0a8640b as never),
      atEnd: (host) =>
        host.carryOut([
          {
            kind: 'address-add',
            id: 9999,
            address: {
              interface: 'eth0',
              address: 0xc0a8640b as never,
              length: 24,
              scope: 'global',
            },
          },
        ]),
    },
  ],
  ['script-fails', { seconds: 1.5, before: answers(1) }],
  ['script-init-fail-well', { seconds: 1.5, before: answers(0) }],
  ['script-init-fail-ill', { seconds: 1.5, before: answers(1) }],
  ['script-init-fail-rise-two', { seconds: 2.5, before: answers(0) }],
  ['routes-and-rules', { seconds: 4.2 }],
  ['strict', { seconds: 4.2 }],
  ['use-vmac-addr', { seconds: 4.2 }],
  [
    'group-link-down',
    { seconds: 1.5, before: carrier('eth1', false), atEnd: carrier('eth1', true) },
  ],
  [
    'track-interface-down',
    { seconds: 1.5, before: carrier('eth1', false), atEnd: carrier('eth1', true) },
  ],
  ['startup-delay', { seconds: 5.2 }],
  ['excluded-and-label', { seconds: 4.2 }],
  ['owner', { seconds: 1 }],
]);

function answers(exit: number): (host: FakeHost) => void {
  return (host) => host.scripts.set('chk', { exit, after: 2000 });
}

/** Lines that keepalived's VRRP process says, without those of single packets. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && line !== 'Startup complete')
    .map((line) =>
      line.replace(/ifindex\( *\d+\)/, 'ifindex(n)').replace(/fd\(\d+,\d+\)/, 'fd(n)'),
    );
}

const SAID_ELSEWHERE =
  /^(Starting|Running|Command|Opening|Configuration|NOTICE|Sending |CPU|Stopped|Registering Kernel)/;

function run(name: string, what: Case): FakeHost {
  const lan = new FakeLan();
  const host = lan.host('n1', 11, ['192.168.100.11/24', '10.0.0.1/24']);
  what.before?.(host);
  boot(host, readFileSync(join(FOLDER, `${name}.conf`), 'utf8'));
  lan.run(s(what.seconds));
  what.atEnd?.(host);
  lan.run(s(what.seconds + 0.5));
  host.stop();
  lan.run(s(what.seconds + 2));
  return host;
}

describe('the start as recorded', () => {
  it('every recording has its case', () => {
    const recorded = readdirSync(FOLDER).flatMap((f) =>
      f.endsWith('.log') ? [f.slice(0, -4)] : [],
    );
    expect([...CASES.keys()].toSorted()).toEqual(recorded.toSorted());
  });

  for (const [name, what] of CASES) {
    it(`${name}: the same lines in the same order`, () => {
      const { log } = run(name, what);
      const ours = linesOf(log.filter((line) => !SAID_ELSEWHERE.test(line)).join('\n'));
      expect(ours).toEqual(linesOf(readFileSync(join(FOLDER, `${name}.log`), 'utf8')));
    });

    it(`${name}: the same notifications`, () => {
      const told = notified(run(name, what)).map((line) => line.replace(/^\S+ /, ''));
      // Scripts of one moment run side by side there: their order is not compared.
      const recorded = readFileSync(join(FOLDER, `${name}.told`), 'utf8');
      expect(told.toSorted()).toEqual(
        recorded
          .split('\n')
          .filter((l) => l !== '')
          .toSorted(),
      );
    });
  }
});
