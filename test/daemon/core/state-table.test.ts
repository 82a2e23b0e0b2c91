/**
 * One case for each line of the table at the head of `daemon/vrrp/vrrp-machine.ts`: the state
 * before, the one event, the state after, what left the host, and that nothing else happened. The
 * test reads the table itself, so a new line without a case fails.
 */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ip } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { boot, conf } from './keywords/keyword-lab.ts';

const MACHINE = join(
  dirname(fileURLToPath(import.meta.url)),
  '../../../daemon/vrrp/vrrp-machine.ts',
);

/** `BACKUP | master-down timer | MASTER` for each line of the table. */
function tableLines(): string[] {
  return readFileSync(MACHINE, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const cells = line
        .replace(/^ \* /, '')
        .split('|')
        .map((cell) => cell.trim());
      const isRow = cells.length >= 6 && !['from', ''].includes(cells[1] ?? '');
      return isRow && !cells[1]?.startsWith('-') ? [cells.slice(1, 4).join(' | ')] : [];
    });
}

/** What an event left behind. */
interface Outcome {
  readonly states: string;
  /** Priorities of the adverts that were sent. */
  readonly adverts: readonly number[];
  readonly garps: number;
  readonly vip: boolean;
  readonly changes: readonly string[];
}

const NOTHING = { adverts: [], garps: 0, vip: false, changes: [] } as const;

interface Row {
  readonly line: string;
  /** Brings the host to the state before; the observation begins afterwards. */
  readonly before: (lan: FakeLan, host: FakeHost) => void;
  readonly event: (lan: FakeLan, host: FakeHost) => void;
  readonly after: Outcome;
}

const TWO = ['192.168.100.11/24', '10.0.0.1/24'];

const GROUP = `vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n }`;
const MEMBER = `vrrp_instance VI_2 {
  interface eth1
  virtual_router_id 52
  priority 1
  virtual_ipaddress {\n 10.0.0.100/24\n }
}`;

function plain(_lan: FakeLan, host: FakeHost): void {
  boot(host, conf());
}

function master(lan: FakeLan, host: FakeHost): void {
  boot(host, conf());
  lan.run(s(3.7));
}

/** An advert of another router for VRID 51. */
function advert(priority: number): (lan: FakeLan, host: FakeHost) => void {
  return (lan, host) => {
    const other = new FakeLan();
    const peer = other.host('peer', 99);
    boot(peer, conf({ priority: priority === 0 ? 100 : priority }));
    other.run(s(4));
    if (priority === 0) peer.stop();
    const packet = other.sent.filter((p) => p.kind === 'ip').at(priority === 0 ? -1 : 0)?.bytes;
    if (packet === undefined) throw new Error('no advert');
    host.event({ kind: 'vrrp-packet', interface: 'eth0', packet, at: 0 });
    lan.run(lan.now);
  };
}

const run = (until: number) => (lan: FakeLan) => lan.run(s(until));
const carrier = (link: string, up: boolean) => (_lan: FakeLan, host: FakeHost) =>
  host.carrier(link, up);

const SCRIPT = 'vrrp_script chk {\n script /chk\n }';
const TRACK = 'track_script {\n chk\n }';

const ROWS: readonly Row[] = [
  {
    line: 'INIT | start, no cause of fault | BACKUP',
    before: () => {},
    event: plain,
    after: { ...NOTHING, states: 'VI_1=BACKUP', changes: ['INIT>BACKUP'] },
  },
  {
    line: 'INIT | start, any cause of fault | FAULT',
    before: carrier('eth0', false),
    event: plain,
    after: { ...NOTHING, states: 'VI_1=FAULT', changes: ['INIT>FAULT'] },
  },
  {
    line: 'INIT | last unweighted script has answered | BACKUP',
    before: (_lan, host) => boot(host, conf({ blocks: SCRIPT, instance: TRACK })),
    event: run(0.1),
    after: { ...NOTHING, states: 'VI_1=BACKUP', changes: ['INIT>BACKUP'] },
  },
  {
    line: 'BACKUP | master-down timer | MASTER',
    before: plain,
    event: run(3.7),
    after: {
      states: 'VI_1=MASTER',
      adverts: [100],
      garps: 5,
      vip: true,
      changes: ['BACKUP>MASTER'],
    },
  },
  {
    line: 'BACKUP | master-down timer, group members not willing | BACKUP',
    before: (_lan, host) => boot(host, conf({ blocks: GROUP, after: MEMBER })),
    // VI_1 times out after 3.61 s, VI_2 only after 3.996 s.
    event: run(3.9),
    after: { ...NOTHING, states: 'VI_1=BACKUP VI_2=BACKUP' },
  },
  {
    line: 'BACKUP | advert, equal or higher, or accepted | BACKUP',
    before: plain,
    event: (lan, host) => {
      lan.run(s(3));
      advert(100)(lan, host);
      lan.run(s(6.5));
    },
    after: { ...NOTHING, states: 'VI_1=BACKUP' },
  },
  {
    line: 'MASTER | advert timer | MASTER',
    before: master,
    event: run(5.7),
    after: { ...NOTHING, states: 'VI_1=MASTER', adverts: [100, 100], vip: true },
  },
  {
    line: 'MASTER | advert, lower | MASTER',
    before: master,
    event: advert(50),
    after: { ...NOTHING, states: 'VI_1=MASTER', adverts: [100], garps: 5, vip: true },
  },
  {
    line: 'MASTER | advert, higher | BACKUP',
    before: master,
    event: advert(150),
    after: { ...NOTHING, states: 'VI_1=BACKUP', changes: ['MASTER>BACKUP'] },
  },
  {
    line: 'MASTER | own VIP deleted by somebody | BACKUP',
    before: master,
    event: (lan, host) => {
      host.deleteAddress('eth0', ip('192.168.100.100'));
      lan.run(lan.now);
    },
    after: { ...NOTHING, states: 'VI_1=BACKUP', adverts: [0], changes: ['MASTER>BACKUP'] },
  },
  {
    line: 'any | first cause of fault | FAULT',
    before: master,
    event: carrier('eth0', false),
    // Its priority 0 does not reach the wire without a carrier.
    after: { ...NOTHING, states: 'VI_1=FAULT', changes: ['MASTER>FAULT'] },
  },
  {
    line: 'FAULT | last cause of fault gone | BACKUP',
    before: (lan, host) => {
      master(lan, host);
      host.carrier('eth0', false);
    },
    event: carrier('eth0', true),
    after: { ...NOTHING, states: 'VI_1=BACKUP', changes: ['FAULT>BACKUP'] },
  },
  {
    line: 'any | another member of the group | its',
    before: (lan, host) => {
      boot(host, conf({ blocks: GROUP, after: MEMBER }));
      lan.run(s(4.5));
    },
    event: carrier('eth1', false),
    after: {
      ...NOTHING,
      states: 'VI_1=FAULT VI_2=FAULT',
      adverts: [0],
      changes: ['MASTER>FAULT', 'MASTER>FAULT'],
    },
  },
];

function observe(row: Row): Outcome {
  const lan = new FakeLan();
  const host = lan.host('n1', 11, TWO);
  row.before(lan, host);
  lan.sent.length = 0;
  host.reports.length = 0;
  row.event(lan, host);
  return {
    states: host.states(),
    adverts: lan.sent.filter((p) => p.kind === 'ip').map((p) => p.bytes[22] as number),
    garps: lan.sent.filter((p) => p.kind === 'frame').length,
    vip: host.owns(ip('192.168.100.100')),
    changes: host.reports.flatMap((r) => (r.kind === 'vrrp-state' ? [`${r.from}>${r.to}`] : [])),
  };
}

describe('the state machine, line by line', () => {
  it('every line of the table has a case', () => {
    expect(new Set(ROWS.map((row) => row.line))).toEqual(new Set(tableLines()));
  });

  for (const row of ROWS) {
    it(row.line, () => expect(observe(row)).toEqual(row.after));
  }

  const STATES = [
    { from: 'BACKUP', before: plain, adverts: [] as number[] },
    { from: 'MASTER', before: master, adverts: [] as number[] },
  ];
  for (const { from, before, adverts } of STATES) {
    it(`first cause of fault from ${from}: FAULT, and no packet leaves without a carrier`, () => {
      const row = { line: '', before, event: carrier('eth0', false) };
      const seen = observe({ ...row, after: { ...NOTHING, states: '' } });
      expect(seen).toEqual({
        ...NOTHING,
        adverts,
        states: 'VI_1=FAULT',
        changes: [`${from}>FAULT`],
      });
    });
  }
});
