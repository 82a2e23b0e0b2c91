import { describe, expect, test } from 'vitest';
import { BugError } from '../../../daemon/base/assert.ts';
import type { DurationUs } from '../../../daemon/base/time.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import { buildLan } from '../../../sim/topology/build-lan.ts';
import { Lab, labSpec } from '../host/lab.ts';

const HOSTS = [
  { name: 'a', addresses: ['192.168.0.1/24'] },
  { name: 'b', addresses: ['192.168.0.2/24'] },
];

describe('building a LAN', () => {
  test('gives hosts, switches and cables by name, cables in the order of the spec', () => {
    const { lan } = new Lab(HOSTS);
    expect([...lan.hosts.keys()]).toEqual(['a', 'b']);
    expect([...lan.switches.keys()]).toEqual(['sw1']);
    expect(lan.cables.map((cable) => cable.name)).toEqual(['a:eth0-sw1:1', 'b:eth0-sw1:2']);
    expect(lan.cableAt('sw1', '2')).toBe(lan.cables[1]);
    expect(lan.cableAt('b', 'eth0')).toBe(lan.cables[1]);
    expect(lan.cableAt('b', 'eth1')).toBeUndefined();
  });

  test('frames pass from host to host through the switch', () => {
    const lab = new Lab(HOSTS);
    lab.run(1);
    expect(lab.exec('a', 'ping -c 1 192.168.0.2').exitCode).toBe(0);
    const table = lab.lan.switches.get('sw1')?.table() ?? [];
    expect(table.map((entry) => entry.port).toSorted()).toEqual(['1', '2']);
  });

  test('a host that starts off has no light until it is switched on', () => {
    const lab = new Lab([{ ...HOSTS[0], name: 'a', addresses: [], more: { startsOff: true } }]);
    lab.run(1);
    expect([lab.host('a').power, lab.lan.cables[0]?.b.carrier]).toEqual(['off', false]);
    lab.host('a').powerOn();
    lab.run(1);
    expect([lab.host('a').power, lab.lan.cables[0]?.b.carrier]).toEqual(['on', true]);
  });

  test('a card without a cable is up and has no carrier', () => {
    const spec = labSpec([{ name: 'a', addresses: ['192.168.0.1/24'] }], 'none');
    const lan = buildLan({ ...spec, cables: [] }, new Engine({ seed: 1 }));
    const link = lan.hosts.get('a')?.kernel?.link('eth0');
    expect([link?.up, link?.carrier]).toEqual([true, false]);
  });

  test('two hosts may be joined without a switch', () => {
    const spec = labSpec(HOSTS, 'none');
    const engine = new Engine({ seed: 1 });
    const cable = {
      a: { node: 'a', port: 'eth0' },
      b: { node: 'b', port: 'eth0' },
      delay: 10 as DurationUs,
      queueFrames: 10,
    };
    const lan = buildLan({ ...spec, switches: [], cables: [cable] }, engine);
    let code = -1;
    lan.hosts.get('a')?.exec('ping -c 1 192.168.0.2', (result) => {
      code = result.exitCode;
    });
    engine.runUntil(2_000_000 as never);
    expect(code).toBe(0);
  });

  test('two cables in one port are a bug of the reader, not a silent choice', () => {
    const spec = labSpec(HOSTS, 'none');
    const twice = { ...spec, cables: [...spec.cables, ...spec.cables] };
    expect(() => buildLan(twice, new Engine({ seed: 1 }))).toThrow(BugError);
  });

  test('same seed, same hash; another host leaves the streams of the first ones alone', () => {
    const hash = (seed: number) => {
      const lab = new Lab(HOSTS, { seed });
      lab.exec('a', 'ping -c 3 192.168.0.2');
      return lab.engine.log.hash();
    };
    expect(hash(7)).toBe(hash(7));
    const more = new Lab([...HOSTS, { name: 'c', addresses: ['192.168.0.3/24'] }], { seed: 7 });
    const few = new Lab(HOSTS, { seed: 7 });
    const draw = (lab: Lab) => lab.engine.streams.named('a/kernel').save();
    more.run(2);
    few.run(2);
    expect(draw(more)).toEqual(draw(few));
  });
});
