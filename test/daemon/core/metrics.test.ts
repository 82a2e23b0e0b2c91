/** The numbers for Prometheus: names, labels and values that dashboards of keepalived-exporter expect. */

import { describe, expect, it } from 'vitest';
import { metricsText } from '../../../daemon/core/metrics.ts';
import { FakeLan, s } from './fake-system.ts';
import { conf, start } from './keywords/keyword-lab.ts';

/** `name{labels}` -> value. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('numbers for Prometheus', () => {
  it('a master tells its state for each address, and what it sent', () => {
    const lan = new FakeLan();
    const n1 = start(lan, conf({ vips: '192.168.100.250/24\n192.168.100.251' }));
    lan.run(s(5));
    const found = samples(n1.daemon?.metricsText() ?? '');
    const labels = 'iname="VI_1",intf="eth0",vrid="51"';
    expect(found.get('keepalived_up')).toBe(1);
    const state = (vip: string) =>
      found.get(`keepalived_vrrp_state{${labels},ip_address="${vip}"}`);
    expect(state('192.168.100.250/24')).toBe(2);
    expect(state('192.168.100.251')).toBe(2);
    expect(found.get(`keepalived_become_master_total{${labels}}`)).toBe(1);
    expect(found.get(`keepalived_release_master_total{${labels}}`)).toBe(0);
    expect(found.get(`keepalived_advertisements_sent_total{${labels}}`)).toBeGreaterThan(0);
    expect(found.get(`keepalived_gratuitous_arp_delay_total{${labels}}`)).toBe(5);
  });

  it('every metric has its help, its type and no name twice', () => {
    const lan = new FakeLan();
    const n1 = start(lan, conf({}));
    const text = n1.daemon?.metricsText() ?? '';
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((match) => match[1]);
    expect(new Set(names).size).toBe(names.length);
    for (const [key, value] of samples(text)) {
      const name = key.replace(/\{.*/, '');
      expect(names).toContain(name);
      expect(text).toContain(`# HELP ${name} `);
      expect(value).not.toBeNaN();
      expect(name.endsWith('_total')).toBe(text.includes(`# TYPE ${name} counter`));
    }
  });

  it('without a configuration in effect it is not up, and says nothing else', () => {
    expect(samples(metricsText(undefined, []))).toEqual(new Map([['keepalived_up', 0]]));
  });

  it('virtual services and their servers follow; quotes in names are escaped', () => {
    const servers = [{ name: '[10.0.0.1]:tcp:80', alive: true, inPool: true, weight: 3 }];
    const service = { name: 'a"b\\c', quorumUp: true, sorryActive: false, servers };
    const found = samples(metricsText(undefined, [service]));
    const label = 'service="a\\"b\\\\c"';
    expect(found.get(`lantwin_virtual_service_quorum_up{${label}}`)).toBe(1);
    expect(found.get(`lantwin_real_server_weight{${label},server="[10.0.0.1]:tcp:80"}`)).toBe(3);
  });
});
