/** Topologies of containerlab become scenarios that run. */

import { describe, expect, test } from 'vitest';
import { importContainerlab } from '../../../sim/scenario/derive/containerlab.ts';
import { documentText } from '../../../sim/scenario/derive/document-text.ts';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';

const LAB = `name: vrrp
topology:
  kinds:
    linux: { image: "alpine:3", exec: ["sysctl -w net.ipv4.ip_forward=1"] }
  nodes:
    a:
      kind: linux
      binds: ["hosts:/etc/hosts"]
      exec: ["ip link set eth1 up", "ip addr add 10.0.0.1/24 dev eth1", "apk add keepalived"]
    b:
      kind: ceos
      exec: ["ip address add 10.0.0.2/24 dev eth1", "ip route add default via 10.0.0.1"]
    br0: { kind: bridge }
    idle:
  links:
    - endpoints: ["a:eth1", "br0:eth1"]
    - endpoints: [{ node: b, interface: eth1 }, { node: br0, interface: eth2 }]
    - endpoints: ["b:eth2", "host:veth0"]
`;

describe('a containerlab topology', () => {
  test('becomes hosts, switches, cables and boot configuration, and runs', () => {
    const imported = importContainerlab(LAB);
    if ('refused' in imported) throw new Error(imported.refused);
    const steps = [
      { at: '1s', expect: [{ within: '1s', vip: '10.0.0.2', owner: 'b', still: true }] },
    ];
    const traffic = { pings: { ping: '10.0.0.2', from: 'a', every: '100ms' } };
    const text = documentText({ ...imported.document, steps, traffic });
    const { scenario, problems } = loadText(text);
    if (scenario === undefined) throw new Error(JSON.stringify(problems));
    const result = runScenario(scenario);
    expect(result.verdict).toBe('pass');
    expect(result.traffic[0]?.lost).toBe(0);
    expect(scenario.lan.cables).toHaveLength(2);
    expect(text).toContain('net.ipv4.ip_forward');
  });
  test('what has no counterpart is told', () => {
    const imported = importContainerlab(LAB);
    expect(imported).toMatchObject({
      remarks: [
        'a: the bound file hosts is left out',
        "a: 'apk add keepalived' is left out",
        'b: a ceos becomes a Linux host',
        'the link b:eth2, host:veth0 is left out: it leads out of the lab',
      ],
    });
  });
  test.each([
    ['lan: {}', /topology/],
    ['a: [', /./],
    ['topology: { nodes: 3 }', /topology\.nodes/],
  ])('%s is refused with a reason', (text, reason) => {
    expect(importContainerlab(text)).toMatchObject({ refused: expect.stringMatching(reason) });
  });
});
