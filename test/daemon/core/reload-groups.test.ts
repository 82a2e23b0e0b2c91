/**
 * Sync groups that a reload makes, enlarges or takes away. Source: recordings reload-into-group, reload-new-member,
 * reload-group-grows and reload-backup-into-group; the notifications were seen beside 2.2.7.
 */

import { describe, expect, it } from 'vitest';
import { FakeLan, s } from './fake-system.ts';
import { boot, notified, reloadText } from './keywords/keyword-lab.ts';

const NOTIFY = 'notify /usr/bin/told';

function block(names: readonly string[]): string {
  return `vrrp_sync_group VG {\n group {\n${names.join('\n')}\n }\n ${NOTIFY}\n}\n`;
}

function text(names: readonly string[], group: boolean): string {
  const instances = names.map(
    (name, index) => `vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${51 + index}
  priority 150
  ${NOTIFY}
  virtual_ipaddress {\n 192.168.100.${101 + index}/24\n }
}
`,
  );
  return `global_defs {\n script_user root\n}\n${group ? block(names) : ''}${instances.join('')}`;
}

/** n1 alone, MASTER of everything, then reloaded at 8 s; what happens from then on. */
function reloaded(before: string, after: string) {
  const lan = new FakeLan();
  const host = lan.host('n1', 11);
  boot(host, before);
  lan.run(s(8));
  const told = notified(host).length;
  lan.sent.length = 0;
  reloadText(host, after);
  const words = (one: string) => one.replace('/usr/bin/told ', '');
  return { lan, host, told: () => notified(host).slice(told).map(words) };
}

const TWO = ['VI_A', 'VI_B'];
const THREE = [...TWO, 'VI_C'];

describe('a reload and sync groups', () => {
  it('a group that grows gives up: BACKUP at once without priority 0, MASTER with the new member', () => {
    const { lan, host, told } = reloaded(text(TWO, true), text(THREE, true));
    expect(host.states()).toBe('VI_A=BACKUP VI_B=BACKUP VI_C=BACKUP');
    expect(host.lines(s(8)).filter((line) => line.startsWith('(VI_A)'))).toEqual([
      '(VI_A) setting VIPs.',
      '(VI_A) removing VIPs.',
      '(VI_A) Entering BACKUP STATE (init)',
    ]);
    // One last advert before the file is read, none of priority 0.
    expect(lan.sent.map((one) => one.bytes[22])).toEqual([150, 150]);
    // One interval and the skew time of priority 255, then a whole interval more while the new member is not willing.
    const due = host.daemon?.status().instances.map((one) => (one.timerDueAt ?? 0) - s(8));
    expect(due).toEqual([1_003_906, 1_003_906, 3_414_062]);
    expect(told()).toEqual([
      'GROUP VG BACKUP 0',
      'INSTANCE VI_A BACKUP 150',
      'INSTANCE VI_B BACKUP 150',
      'INSTANCE VI_C BACKUP 150',
    ]);
    lan.run(s(11.3));
    expect(host.states()).toBe('VI_A=BACKUP VI_B=BACKUP VI_C=BACKUP');
    lan.run(s(11.5));
    expect(host.states()).toBe('VI_A=MASTER VI_B=MASTER VI_C=MASTER');
  });

  it('masters that come together in a new group, or leave one, stay what they are', () => {
    for (const [before, after] of [
      [false, true],
      [true, false],
    ] as const) {
      const { lan, host, told } = reloaded(text(TWO, before), text(TWO, after));
      expect(host.states()).toBe('VI_A=MASTER VI_B=MASTER');
      lan.run(s(12));
      expect(host.states()).toBe('VI_A=MASTER VI_B=MASTER');
      expect(told()).toEqual([]);
    }
  });
});
