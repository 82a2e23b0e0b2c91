/** What a link that is set down does to the far end; what a virtual MAC's host sends, and two of them at once. */

import { expect, test } from 'vitest';
import { durationUs, later, type TimeUs } from '../../../daemon/base/time.ts';
import { readIpv4Protocol } from '../../../daemon/wire/ipv4.ts';
import { formatMac, readMac } from '../../../daemon/wire/mac-address.ts';
import { Lab } from './lab.ts';

const CONF = `vrrp_instance VI_1 {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 150
  use_vmac vrrp.51
  virtual_ipaddress {
    192.168.0.200/24
  }
}
`;
const IGMP = 2;

function makeLab(): Lab {
  const files = { '/etc/keepalived/keepalived.conf': CONF };
  const more = { enabledUnits: ['keepalived'] };
  return new Lab([
    { name: 'a', nic: 'eth0', addresses: ['192.168.0.1/24'], files, more },
    { name: 'b', nic: 'eth0', addresses: ['192.168.0.2/24'] },
  ]);
}

function carrierAtSwitch(lab: Lab, port: string): boolean | undefined {
  const [sw] = [...lab.lan.switches.values()];
  return sw?.ports.find((facts) => facts.name === port)?.carrier;
}

test('ip link set down takes the carrier from the far end, and up gives it back', () => {
  const lab = makeLab();
  lab.run(1);
  const [sw] = [...lab.lan.switches.values()];
  const port = sw?.ports[1]?.name ?? '';
  expect(carrierAtSwitch(lab, port)).toBe(true);
  lab.exec('b', 'ip link set dev eth0 down');
  lab.run(0.1);
  expect(carrierAtSwitch(lab, port)).toBe(false);
  lab.exec('b', 'ip link set dev eth0 up');
  lab.run(0.1);
  expect(carrierAtSwitch(lab, port)).toBe(true);
  expect(lab.out('b', 'ping -c 1 192.168.0.1')).toContain('1 received');
});

test("reports of a VMAC's groups leave by the interface below it, with that one's MAC", () => {
  const lab = makeLab();
  const senders = new Set<string>();
  lab.lan.cableAt('a', 'eth0')?.tap(({ frame }) => {
    const isIpv4 = frame[12] === 0x08 && frame[13] === 0;
    if (isIpv4 && readIpv4Protocol(frame, 14) === IGMP) senders.add(formatMac(readMac(frame, 6)));
  });
  lab.run(10);
  const base = lab
    .host('a')
    .kernel?.links()
    .find((link) => link.name === 'eth0')?.mac;
  const virtual = lab
    .host('a')
    .kernel?.links()
    .find((link) => link.name === 'vrrp.51');
  expect(virtual?.addresses.length).toBeGreaterThan(0);
  expect([...senders]).toEqual([base === undefined ? '' : formatMac(base)]);
});

test('a killed keepalived goes on with the virtual MAC interface that it left, and hears', () => {
  const conf = (priority: number) =>
    CONF.replace('150', String(priority)).replace('MASTER', 'BACKUP').replace(' vrrp.51', '');
  const host = (name: string, last: number, priority: number) => ({
    name,
    nic: 'eth0',
    addresses: [`192.168.0.${last}/24`],
    files: { '/etc/keepalived/keepalived.conf': conf(priority) },
    more: { enabledUnits: ['keepalived'] },
  });
  const lab = new Lab([host('a', 1, 150), host('b', 2, 100)]);
  const states = () =>
    ['a', 'b'].map((name) => lab.host(name).keepalived()?.instances[0]?.state ?? 'none');
  const links = (name: string) =>
    lab
      .host(name)
      .kernel?.links()
      .map((link) => link.name);
  lab.run(10);
  lab.host('b').signal('keepalived', 'KILL');
  lab.run(1);
  expect(links('b')).toEqual(['lo', 'eth0', 'vrrp.51']);
  lab.host('b').unit('restart', 'keepalived');
  lab.run(10);
  expect(states()).toEqual(['MASTER', 'BACKUP']);
  expect(links('b')).toEqual(['lo', 'eth0', 'vrrp.51']);
  const said = lab.out('b', 'journalctl -u keepalived');
  expect(said).toContain('(VI_1) Found matching interface vrrp.51');
  lab.host('a').signal('keepalived', 'KILL');
  lab.run(6);
  lab.host('a').unit('restart', 'keepalived');
  lab.run(0.1);
  expect(lab.out('a', 'ip addr show dev vrrp.51')).not.toContain('192.168.0.200');
  lab.run(10);
  expect(states()).toEqual(['MASTER', 'BACKUP']);
});

test('vrrp_garp_interval: two virtual MACs on one interface share the pace', () => {
  const second = CONF.replace('VI_1', 'VI_2').replaceAll('51', '52').replace('0.200', '0.201');
  const globals = 'global_defs {\n vrrp_garp_interval 0.2\n vrrp_garp_master_repeat 2\n}\n';
  const files = { '/etc/keepalived/keepalived.conf': globals + CONF + second };
  const more = { enabledUnits: ['keepalived'] };
  const lab = new Lab([{ name: 'a', nic: 'eth0', addresses: ['192.168.0.1/24'], files, more }]);
  const sent: string[] = [];
  lab.lan.cableAt('a', 'eth0')?.tap(({ at, frame }) => {
    const isGratuitous = frame[12] === 8 && frame[13] === 6 && frame[31] === frame[41];
    if (isGratuitous) sent.push(`${frame[31]} at ${Math.round(at / 100_000) / 10}`);
  });
  lab.run(5);
  // The second round of one waits, and behind it the one packet that both rounds of the other become.
  expect(sent).toEqual(['200 at 3.4', '200 at 3.6', '201 at 3.8']);
});

const VIRTUAL = 'virtual_ipaddress {\n    192.168.0.200\n';

/**
 * Two masters with one virtual MAC meet: a, the higher one, was cut off and is heard by b first. How long the client waits for
 * an answer, in milliseconds.
 */
function silenceAfterMeeting(more: string): number {
  const host = (name: string, last: number, priority: number) => ({
    name,
    nic: 'eth0',
    addresses: [`192.168.0.${last}/24`],
    files: {
      '/etc/keepalived/keepalived.conf': CONF.replace('150', String(priority))
        .replace('MASTER', 'BACKUP')
        .replace('use_vmac', `${more}\n  use_vmac`)
        .replace(/virtual_ipaddress \{\n.*\n/, VIRTUAL),
    },
    more: { enabledUnits: ['keepalived'] },
  });
  const client = { name: 'c', nic: 'eth0', addresses: ['192.168.0.3/24'] };
  const lab = new Lab([host('a', 1, 150), host('b', 2, 100), client]);
  const [sw] = [...lab.lan.switches.values()];
  lab.run(8);
  sw?.setPortForwarding('1', false);
  lab.run(8);
  const answers: number[] = [];
  lab.lan.cableAt('c', 'eth0')?.tap(({ at, frame }) => {
    if (frame[12] === 8 && frame[13] === 0 && frame[23] === 1 && frame[34] === 0) answers.push(at);
  });
  lab.host('c').exec('ping -i 0.01 192.168.0.200', () => undefined);
  lab.run(2);
  // b's next advert comes before a's, so that a is the one that is challenged.
  lab.engine.runUntil(later(nextAdvertOf(lab, 'b'), durationUs(-100_000)));
  expect(nextAdvertOf(lab, 'a') - lab.engine.now).toBeGreaterThan(100_000);
  sw?.setPortForwarding('1', true);
  lab.run(3);
  const states = ['a', 'b'].map((name) => lab.host(name).keepalived()?.instances[0]?.state);
  expect(states).toEqual(['MASTER', 'BACKUP']);
  const gaps = answers.slice(1).map((at, index) => at - (answers[index] ?? 0));
  return Math.round(Math.max(...gaps) / 1000);
}

function nextAdvertOf(lab: Lab, name: string): TimeUs {
  const due = lab.host(name).keepalived()?.instances[0]?.timerDueAt;
  if (due === undefined) throw new Error(`${name} has no timer`);
  return due;
}

test('two masters with one virtual MAC: the loser has the last word, and the switch is wrong for an interval', () => {
  // One advert interval and one of the ping's.
  expect(silenceAfterMeeting('garp_lower_prio_repeat 1')).toBe(1010);
});

test('two masters with one virtual MAC: the winner has it after a burst that outlasts the loser', () => {
  expect(silenceAfterMeeting('garp_lower_prio_repeat 60')).toBeLessThanOrEqual(20);
});
