/** `run a.conf b.conf` with set-ups that are not one address on one LAN. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBareConfigs } from '../../../sim/cli/bare-configs.ts';
import { initCommand } from '../../../sim/cli/command-init.ts';
import { matrixCommand } from '../../../sim/cli/command-matrix.ts';
import { runCommand } from '../../../sim/cli/command-run.ts';
import { matrixNotes, matrixText } from '../../../sim/report/matrix-report.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { runMatrix } from '../../../sim/scenario/matrix/matrix.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-unusual-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Router {
  readonly vrid: number;
  readonly vips: readonly string[];
  readonly nic?: string;
  readonly more?: string;
  /** Who is first; both files have it, `a` by default. */
  readonly first?: 'a' | 'b';
}

function instance(one: Router, node: 'a' | 'b'): string {
  const { vrid, vips, nic = 'eth0', more = '', first = 'a' } = one;
  return `vrrp_instance VI_${vrid} {
  interface ${nic}
  virtual_router_id ${vrid}
  priority ${node === first ? 150 : 100}
  ${more.replaceAll('OWN', node === 'a' ? '11' : '12').replaceAll('PEER', node === 'a' ? '12' : '11')}
  virtual_ipaddress {
    ${vips.join('\n    ')}
  }
}
`;
}

let number = 0;
function filesOf(routers: readonly Router[], extra = ''): readonly string[] {
  number++;
  return (['a', 'b'] as const).map((node) => {
    const path = join(folder, `${node}-${number}.conf`);
    writeFileSync(path, extra + routers.map((one) => instance(one, node)).join(''));
    return path;
  });
}

function matrixOf(paths: readonly string[], faults: readonly string[]) {
  const bare = readBareConfigs(paths);
  const { scenario, problems } = bare.loaded;
  if (scenario === undefined) throw new Error(JSON.stringify([problems, bare.errors]));
  const matrix = runMatrix(scenario, bare.configs, { faults });
  const row = (fault: string, address: string) =>
    matrix.rows.find((one) => one.fault === fault && one.address === address);
  return { matrix, row };
}

/** Adverts every second: 3 s and a part of one, plus the phase of the last advert and of the ping. */
const TAKEOVER_US = { least: 2_500_000, most: 4_100_000 };

function expectTakeover(without: number | undefined): void {
  expect(without).toBeGreaterThan(TAKEOVER_US.least);
  expect(without).toBeLessThan(TAKEOVER_US.most);
}

describe('the matrix over unusual configurations', () => {
  test('several virtual routers with their masters on different nodes', () => {
    const { row } = matrixOf(
      filesOf([
        { vrid: 51, vips: ['10.0.0.100/24'] },
        { vrid: 52, vips: ['10.0.0.101/24'], first: 'b' },
      ]),
      ['power'],
    );
    expectTakeover(row('power', '10.0.0.100')?.without);
    expect(row('power', '10.0.0.101')?.without).toBe(0);
  });
  test('unicast without any other word of the addresses of the nodes', () => {
    const more = 'unicast_peer {\n    192.0.2.PEER\n  }';
    const { row } = matrixOf(filesOf([{ vrid: 51, vips: ['192.0.2.100'], more }]), ['power']);
    expectTakeover(row('power', '192.0.2.100')?.without);
    expect(row('power', '192.0.2.100')).toMatchObject({ astray: false, dead: false });
  });
  test('IPv6', () => {
    const vips = ['fe80::100/64', '2001:db8::100/64'];
    const { matrix, row } = matrixOf(filesOf([{ vrid: 51, vips }]), ['power']);
    expectTakeover(row('power', '2001:db8::100')?.without);
    expect(matrixText(matrix, PLAIN_STYLE)).toContain('2001:db8::100');
  });
  test('a sync group over two LANs moves as one', () => {
    const group = 'vrrp_sync_group G {\n  group {\n    VI_51\n    VI_52\n  }\n}\n';
    const { row } = matrixOf(
      filesOf(
        [
          { vrid: 51, vips: ['203.0.113.10/24'] },
          { vrid: 52, vips: ['10.0.0.1/24'], nic: 'eth1' },
        ],
        group,
      ),
      ['cable-unplugged', 'silently-dead'],
    );
    expectTakeover(row('cable-unplugged', '203.0.113.10')?.without);
    expectTakeover(row('cable-unplugged', '10.0.0.1')?.without);
    // The other LAN still hears the master, so the group of the backup never moves.
    expect(row('silently-dead', '203.0.113.10')?.without).toBeGreaterThan(10_000_000);
    expect(row('silently-dead', '10.0.0.1')?.without).toBe(0);
  });
  test('switches are numbered without a gap, tracked interfaces or not', () => {
    const files = filesOf([
      { vrid: 1, vips: ['203.0.113.1/24'], more: 'track_interface {\n    eth1\n  }' },
      { vrid: 2, vips: ['10.10.0.1/24'], nic: 'eth1' },
      { vrid: 3, vips: ['172.16.5.1/24'], nic: 'eth2' },
    ]);
    const { scenario } = readBareConfigs(files).loaded;
    expect(scenario?.lan.switches.map((one) => one.name)).toEqual(['sw1', 'sw2', 'sw3']);
  });
  test('a virtual MAC survives a reload', () => {
    const { row } = matrixOf(filesOf([{ vrid: 51, vips: ['10.0.0.100/32'], more: 'use_vmac' }]), [
      'reload',
      'power',
    ]);
    expect(row('reload', '10.0.0.100')).toMatchObject({ without: 0, doubled: 0 });
    expectTakeover(row('power', '10.0.0.100')?.without);
  });
  test('priority 255 with the virtual address beside its own', () => {
    const more = 'state MASTER\n  priority 255';
    const paths = filesOf([{ vrid: 51, vips: ['10.0.0.1/24'] }]);
    writeFileSync(paths[0] ?? '', instance({ vrid: 51, vips: ['10.0.0.1/24'], more }, 'a'));
    const { matrix } = matrixOf(paths, ['reload']);
    expect(matrix.victims?.master).toMatch(/^a-/);
  });
  test('a virtual server: what it serves is asked for too', () => {
    const service = `virtual_server 10.0.0.100 80 {
  delay_loop 2
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 10.0.0.21 80 {
    TCP_CHECK {
      connect_timeout 1
    }
  }
}
`;
    const { row } = matrixOf(filesOf([{ vrid: 51, vips: ['10.0.0.100/24'] }], service), ['power']);
    expectTakeover(row('power', '10.0.0.100:80')?.without);
    expect(row('power', '10.0.0.100:80')?.dead).toBe(false);
  });
  test('NAT to a LAN of its own, through the virtual address there', () => {
    const service = `virtual_server 10.0.0.100 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 192.168.7.21 80 {
  }
}
`;
    const bare = readBareConfigs(
      filesOf(
        [
          { vrid: 51, vips: ['10.0.0.100/24'] },
          { vrid: 52, vips: ['192.168.7.1/24'], nic: 'eth1' },
        ],
        service,
      ),
    );
    expect(bare.loaded.problems.filter((one) => one.severity === 'error')).toEqual([]);
    expect(bare.text).toContain('via: 192.168.7.1');
  });
  test('two masters from the start are no success', () => {
    const paths = filesOf([{ vrid: 51, vips: ['10.0.0.100/24'] }]);
    writeFileSync(paths[1] ?? '', instance({ vrid: 52, vips: ['10.0.0.100/24'] }, 'b'));
    const { matrix, row } = matrixOf(paths, ['reload']);
    expect(row('reload', '10.0.0.100')?.astray).toBe(true);
    expect(matrixNotes(matrix, PLAIN_STYLE)).toContain('Not held by exactly one at the end');
  });
  test('without a vrrp_instance there is nothing to strike: 2', () => {
    const path = join(folder, 'lvs-only.conf');
    const service = 'lb_algo rr\n  lb_kind NAT\n  protocol TCP\n  real_server 10.0.0.21 80 {\n  }';
    writeFileSync(path, `virtual_server 10.0.0.100 80 {\n  ${service}\n}\n`);
    let text = '';
    const out = (one: string) => {
      text += one;
    };
    expect(matrixCommand([path], {}, { out, err: () => {}, style: PLAIN_STYLE })).toBe(2);
    expect(text).toContain('nobody became MASTER');
  });
});

describe('init over unusual configurations', () => {
  const output = { out: () => {}, err: () => {}, style: PLAIN_STYLE };
  test.each([
    ['IPv6', [{ vrid: 51, vips: ['fe80::100/64', '2001:db8::100/64'] }]],
    [
      'two LANs',
      [
        { vrid: 51, vips: ['203.0.113.10/24'] },
        { vrid: 52, vips: ['10.0.0.1/24'], nic: 'eth1' },
      ],
    ],
  ] as const)('%s: what it writes runs and passes', (_, routers) => {
    const paths = filesOf(routers);
    const file = join(folder, `${number}.twin.yml`);
    expect(initCommand(paths, { output: file }, output)).toBe(0);
    expect(runCommand([file], {}, { output, version: '1' })).toBe(0);
  });
});
