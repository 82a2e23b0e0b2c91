/** iptables on a virtual host: what rules do to packets, how they are listed, and what is refused. */

import { describe, expect, test } from 'vitest';
import { Lab } from '../../host/lab.ts';

function two(): Lab {
  return new Lab([
    {
      name: 'web',
      addresses: ['10.0.0.1/24'],
      more: { programs: [{ kind: 'http', name: 'nginx', options: { body: 'page' } }] },
    },
    { name: 'client', addresses: ['10.0.0.9/24'] },
  ]);
}

describe('DROP', () => {
  test('a rule of INPUT hides what it names, until it is deleted', () => {
    const lab = two();
    const page = () => lab.exec('client', 'curl -s -m 1 http://10.0.0.1/').stdout;
    expect(page()).toBe('page');
    lab.exec('web', 'iptables -A INPUT -s 10.0.0.9 -p tcp --dport 81 -j DROP');
    expect(lab.out('web', 'iptables -S')).toBe(
      '-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n' +
        '-A INPUT -s 10.0.0.9/32 -p tcp --dport 81 -j DROP\n',
    );
    lab.exec('web', 'iptables -A INPUT -p tcp -s 10.0.0.9 -j DROP');
    expect(page()).toBe('');
    lab.exec('web', 'iptables -D INPUT -p tcp -s 10.0.0.9 -j DROP');
    expect(page()).toBe('page');
  });

  test('OUTPUT and a protocol by name; -F takes all rules away', () => {
    const lab = two();
    const ping = () => lab.exec('client', 'ping -c 1 -W 1 10.0.0.1').exitCode;
    lab.exec('web', 'iptables -I OUTPUT -p icmp -j DROP');
    expect(ping()).toBe(1);
    expect(lab.out('web', 'iptables -L OUTPUT -n')).toBe(
      'Chain OUTPUT (policy ACCEPT)\n' +
        'target     prot opt source               destination         \n' +
        'DROP       icmp --  0.0.0.0/0            0.0.0.0/0           \n',
    );
    lab.exec('web', 'iptables -F');
    expect(ping()).toBe(0);
  });
});

test('-I puts a rule in front', () => {
  const lab = two();
  const mark = (verb: string, value: number) =>
    lab.exec('web', `iptables -t mangle ${verb} PREROUTING -p udp -j MARK --set-mark ${value}`);
  mark('-A', 1);
  mark('-I', 2);
  expect(lab.out('web', 'iptables -t mangle -S PREROUTING').split('\n').slice(1, 3)).toEqual([
    '-A PREROUTING -p udp -j MARK --set-xmark 0x2/0xffffffff',
    '-A PREROUTING -p udp -j MARK --set-xmark 0x1/0xffffffff',
  ]);
});

test.each([
  ['iptables -A INPUT -j ACCEPT', 2, 'only -j DROP is simulated in INPUT'],
  ['iptables -A NOWHERE -j DROP', 1, 'No chain/target/match by that name.'],
  ['iptables -t nat -L', 3, "can't initialize iptables table `nat'"],
  ['iptables -A INPUT -p what -j DROP', 2, 'unknown protocol "what" specified'],
  ['iptables -D INPUT -p tcp -j DROP', 1, 'Bad rule'],
  ['iptables -A INPUT -s nowhere -j DROP', 2, "host/network `nowhere' not found"],
  ['iptables', 2, 'no command specified'],
])('%s is refused with %i', (line, code, message) => {
  const result = two().exec('web', line);
  expect(result.exitCode).toBe(code);
  expect(result.stderr).toContain(message);
});
