/** Two routers of one VRID, and what they did. */

import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { instance, vrrp } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan } from './fake-system.ts';

/** n1 with priority 200 and n2 with 100, started at 0. */
export function pair(
  first: Partial<VrrpInstanceConfig> = {},
  second: Partial<VrrpInstanceConfig> = {},
): { lan: FakeLan; n1: FakeHost; n2: FakeHost } {
  const lan = new FakeLan();
  const n1 = lan.host('n1', 11);
  const n2 = lan.host('n2', 12);
  n1.start(vrrp({ instances: [instance({ priority: 200, ...first })] }));
  n2.start(vrrp({ instances: [instance({ priority: 100, ...second })] }));
  return { lan, n1, n2 };
}

/** When a host sent adverts, in µs, and with which priority. */
export function adverts(lan: FakeLan, host: string): { at: number; priority: number }[] {
  return lan.sent
    .filter((p) => p.host === host && p.kind === 'ip')
    .map((p) => ({ at: p.at, priority: p.bytes[22] as number }));
}

/** When a host sent frames of its own making: gratuitous ARP. */
export function garps(lan: FakeLan, host: string): number[] {
  return lan.sent.filter((p) => p.host === host && p.kind === 'frame').map((p) => p.at);
}

/** When it said that it is MASTER. */
export function becameMasterAt(host: FakeHost, from = 0): number | undefined {
  return host.timed.find((l) => l.at >= from && l.text.endsWith('Entering MASTER STATE'))?.at;
}
