/** Firewall rules by port, family and direction, and marks: of what comes in and of what a host itself sends, for policy rules and IPVS. */

import { describe, expect, test } from 'vitest';
import { Lab } from '../../host/lab.ts';
import { ip } from '../../kernel/small-lan.ts';

const page = (body: string) => ({
  programs: [{ kind: 'http', name: 'nginx', options: { body } } as const],
});

function two(): Lab {
  const lab = new Lab([
    { name: 'web', addresses: ['10.0.0.1/24', '2001:db8::1/64'], more: page('page') },
    { name: 'client', addresses: ['10.0.0.9/24', '2001:db8::9/64'] },
  ]);
  lab.run(3);
  return lab;
}

const V4 = 'http://10.0.0.1/';
const V6 = 'http://[2001:db8::1]/';

describe('a rule with a port', () => {
  test.each([
    ['web', 'iptables -A INPUT -p tcp --dport 80 -j DROP', '', 'page'],
    ['web', 'iptables -A INPUT -p tcp --dport 81 -j DROP', 'page', 'page'],
    ['web', 'iptables -A INPUT -p udp --dport 80 -j DROP', 'page', 'page'],
    ['web', 'ip6tables -A INPUT -p tcp --dport 80 -j DROP', 'page', ''],
    ['client', 'iptables -A OUTPUT -p tcp --dport 80 -j DROP', '', 'page'],
    ['client', 'ip6tables -A OUTPUT -p tcp --dport 80 -j DROP', 'page', ''],
    ['client', 'iptables -A OUTPUT -p tcp -m multiport --dports 79,80:90 -j DROP', '', 'page'],
    ['client', 'iptables -A OUTPUT -o eth1 -j DROP', 'page', 'page'],
  ])('%s: %s', (host, rule, v4, v6) => {
    const lab = two();
    expect(lab.exec(host, rule).exitCode).toBe(0);
    expect(lab.exec('client', `curl -s -m 1 ${V4}`).stdout).toBe(v4);
    expect(lab.exec('client', `curl -s -g -m 1 ${V6}`).stdout).toBe(v6);
  });

  test('-i has no place in OUTPUT, -o none in INPUT', () => {
    const lab = two();
    const out = lab.exec('web', 'iptables -A OUTPUT -i eth0 -j DROP');
    expect([out.exitCode, out.stderr]).toEqual([2, expect.stringContaining("Can't use -i with")]);
    expect(lab.exec('web', 'iptables -A INPUT -o eth0 -j DROP').exitCode).toBe(2);
  });
});

/** Two routers to one network behind them: which one a packet takes is seen in their TTL-exceeded answers. */
function gateways(): Lab {
  const router = (number: number) => ({
    name: `gw${number}`,
    addresses: [`10.0.0.${number}/24`, `2001:db8::${number}/64`],
    more: {
      sysctl: [
        ['net.ipv4.ip_forward', '1'],
        ['net.ipv6.conf.all.forwarding', '1'],
      ] as const,
    },
  });
  const lab = new Lab([
    router(1),
    router(2),
    { name: 'h', addresses: ['10.0.0.9/24', '2001:db8::9/64'] },
  ]);
  lab.run(3);
  for (const line of [
    'ip route add 10.9.0.0/24 via 10.0.0.1',
    'ip route add 10.9.0.0/24 via 10.0.0.2 table 7',
    'ip -6 route add 2001:db8:9::/64 via 2001:db8::1',
    'ip -6 route add 2001:db8:9::/64 via 2001:db8::2 table 7',
  ]) {
    expect(lab.exec('h', line)).toMatchObject({ exitCode: 0 });
  }
  return lab;
}

const wayOf = (lab: Lab, to: string) => {
  const { stdout } = lab.exec('h', `ping -c 1 -W 1 -t 1 ${to}`);
  return /From (\S+?)[ :]? /.exec(stdout)?.[1];
};

describe('the mark of a packet of the host itself', () => {
  test.each([
    ['iptables', 'ip', '10.9.0.5', '10.0.0.1', '10.0.0.2'],
    ['ip6tables', 'ip -6', '2001:db8:9::5', '2001:db8::1', '2001:db8::2'],
  ])('%s -t mangle -A OUTPUT leads it to another table', (iptables, ip, to, usual, other) => {
    const lab = gateways();
    const protocol = iptables === 'iptables' ? 'icmp' : 'icmpv6';
    expect(wayOf(lab, to)).toBe(usual);
    lab.exec('h', `${ip} rule add fwmark 7 lookup 7`);
    expect(wayOf(lab, to)).toBe(usual);
    const rule = `OUTPUT -p ${protocol} -j MARK --set-mark`;
    expect(lab.exec('h', `${iptables} -t mangle -A ${rule} 8`).exitCode).toBe(0);
    expect(wayOf(lab, to)).toBe(usual);
    lab.exec('h', `${iptables} -t mangle -A ${rule} 7`);
    expect(wayOf(lab, to)).toBe(other);
    expect(lab.out('h', `${iptables} -t mangle -S OUTPUT`)).toContain(
      `-A OUTPUT -p ${protocol} -j MARK --set-xmark 0x7/0xffffffff`,
    );
    // Another table's chain of that name is another chain.
    expect(lab.out('h', `${iptables} -S OUTPUT`)).toBe('-P OUTPUT ACCEPT\n');
    lab.exec('h', `${iptables} -t mangle -F OUTPUT`);
    expect(wayOf(lab, to)).toBe(usual);
  });

  test('chooses the virtual service of the director itself', () => {
    const lab = new Lab([
      { name: 'd', addresses: ['10.0.0.1/24'] },
      { name: 's', addresses: ['10.0.0.3/24'], more: page('S') },
    ]);
    for (const line of [
      'ipvsadm -A -f 5 -s rr',
      'ipvsadm -a -f 5 -r 10.0.0.3 -g',
      'ip addr add 10.0.0.100/32 dev lo',
    ])
      lab.exec('d', line);
    for (const line of ['ip addr add 10.0.0.100/32 dev lo']) lab.exec('s', line);
    const connections = () => {
      lab.exec('d', 'curl -s -m 1 http://10.0.0.100/');
      // Counters are summed up every two seconds.
      lab.run(3);
      return /FWM {2}5 +(\d+)/.exec(lab.out('d', 'ipvsadm -Ln --stats'))?.[1];
    };
    expect(connections()).toBe('0');
    const rule = 'OUTPUT -p tcp -d 10.0.0.100 --dport 80 -j MARK --set-mark';
    lab.exec('d', `iptables -t mangle -A ${rule} 6`);
    expect(connections()).toBe('0');
    lab.exec('d', `iptables -t mangle -A ${rule} 5`);
    expect(connections()).toBe('1');
  });
});

describe('the mark of a forwarded packet', () => {
  test.each([
    ['iptables', 'ip', '10.9.0.5', '10.0.0.2'],
    ['ip6tables', 'ip -6', '2001:db8:9::5', '2001:db8::2'],
  ])('%s -t mangle -A PREROUTING leads it to another table', (iptables, ip, to, other) => {
    const lab = gateways();
    lab.exec('gw1', `${ip} rule add fwmark 0x7 lookup 7`);
    lab.exec('gw1', `${ip} route add ${to} via ${other} table 7`);
    const answer = () => lab.exec('h', `ping -c 1 -W 1 -t 2 ${to}`).stdout;
    expect(answer()).not.toContain(`From ${other}`);
    lab.exec('gw1', `${iptables} -t mangle -A PREROUTING -i eth0 -j MARK --set-mark 7`);
    expect(answer()).toContain(`From ${other}`);
    expect(lab.out('gw1', `${ip} rule`)).toContain('fwmark 0x7 lookup 7');
  });

  test('rules of FORWARD ask for the link in and the link out', () => {
    const lab = gateways();
    lab.exec('gw1', 'ip route add 10.9.0.5 via 10.0.0.2');
    const answer = () => lab.exec('h', 'ping -c 1 -W 1 -t 2 10.9.0.5').stdout;
    for (const [words, isDropped] of [
      ['-i eth0', true],
      ['-i eth1', false],
      ['-o eth0', true],
      ['-i eth0 -o eth1', false],
    ] as const) {
      lab.exec('gw1', `iptables -A FORWARD ${words} -j DROP`);
      expect(answer().includes('From 10.0.0.2'), words).toBe(!isDropped);
      lab.exec('gw1', 'iptables -F FORWARD');
    }
  });
});

test('a socket with SO_MARK goes by the rules of its mark', () => {
  const lab = gateways();
  const { kernel } = lab.host('h');
  if (kernel === undefined) throw new Error('h is off');
  lab.exec('h', 'ip rule add fwmark 7 lookup 7');
  const noRoute = () =>
    ['gw1', 'gw2'].map((name) => lab.host(name).kernel?.dropCounters().get('ipv4:no-route') ?? 0);
  expect(noRoute()).toEqual([0, 0]);
  const socket = kernel.openUdp({ family: 'inet', mark: 7, onDatagram: () => undefined });
  if (typeof socket === 'string') throw new Error(socket);
  socket.send(new Uint8Array(1), ip('10.9.0.5'), 9);
  kernel.connectTcp({ address: ip('10.9.0.5'), port: 9, mark: 7, handlers: {} });
  lab.run(0.5);
  expect(noRoute()).toEqual([0, 2]);
});
