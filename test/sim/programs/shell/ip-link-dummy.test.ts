/** `ip link add NAME type dummy` on a virtual host: a card of its own for an address, as real servers in DR mode have it. */

import { expect, test } from 'vitest';
import { Lab } from '../../host/lab.ts';

test('a dummy card is added, bears an address that answers, and is deleted with it', () => {
  const lab = new Lab([
    { name: 'h', addresses: ['10.0.0.1/24'] },
    { name: 'other', addresses: ['10.0.0.2/24'] },
  ]);
  const run = (line: string, name = 'h') => {
    const { exitCode, stdout, stderr } = lab.exec(name, line);
    return [exitCode, stdout + stderr];
  };
  expect(run('ip link add dummy0 type dummy')).toEqual([0, '']);
  expect(run('ip link add dummy0 type dummy')).toEqual([2, expect.stringContaining('File exists')]);
  expect(run('ip link show dummy0')[1]).toMatch(
    /dummy0: <BROADCAST,NOARP> mtu 1500 .* state DOWN /,
  );
  expect(run('ip link set dummy0 up')).toEqual([0, '']);
  const shown = run('ip link show dummy0')[1];
  expect(shown).toMatch(/dummy0: <BROADCAST,NOARP,UP,LOWER_UP> mtu 1500 .* state UNKNOWN /);
  expect(shown).toMatch(/link\/ether 02:/);
  expect(run('ip address add 10.0.0.9/32 dev dummy0')).toEqual([0, '']);
  expect(run('ping -c 1 -W 1 10.0.0.9', 'other')[0]).toBe(0);
  expect(run('ip link del dummy0')).toEqual([0, '']);
  expect(run('ip address show')[1]).not.toContain('10.0.0.9');
  expect(run('ip link del eth0')).toEqual([2, expect.stringContaining('not supported')]);
});

test('other types are not simulated, and say so', () => {
  const lab = new Lab([{ name: 'h', addresses: ['10.0.0.1/24'] }]);
  const { exitCode, stderr } = lab.exec('h', 'ip link add br0 type bridge');
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('NAME type dummy')]);
});
